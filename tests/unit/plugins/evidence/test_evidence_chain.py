# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A chain of records: what was changed, removed, inserted, moved or cut off is found; what two processes add is not."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.filter.evidence_faults import evidence_faults
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence import file as evidence_file
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import (
    START,
    Chain,
    canonical,
    hash_of,
    jsonable,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.evidence_samples import canary_failed

ROOT = Path(__file__).resolve().parents[4]
NOW = datetime(2026, 11, 23, 0, 30, 5, 999999, tzinfo=timezone.utc)
LINES = canary_failed().text.splitlines()


@pytest.fixture(scope="module")
def snippet(tmp_path_factory):
    """The checker of docs/evidence.md, saved as its reader would save it."""
    text = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    path = tmp_path_factory.mktemp("snippet") / "check.py"
    path.write_text(found, encoding="utf-8")
    return path


@pytest.fixture
def by_snippet(snippet, tmp_path):
    def check(content: bytes):
        file = tmp_path / "evidence.jsonl"
        file.write_bytes(content)
        command = [sys.executable, "-I", str(snippet), str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return check


def joined(lines):
    return "".join(line + "\n" for line in lines)


def changed(line, key, value):
    return canonical({**json.loads(line), key: value})


def resealed(line, **changes):
    """A record with another content and the hash that goes with it, as somebody who knows how would forge it."""
    record = {**json.loads(line), **changes}
    return canonical({**record, "hash": hash_of(record)})


# Tampering


def test_an_intact_chain_has_no_faults():
    assert evidence_faults(joined(LINES)) == []
    assert evidence_faults(joined(LINES).rstrip("\n")) == []


@pytest.mark.parametrize("place", range(len(LINES)))
@pytest.mark.parametrize("key", ["at", "at_local", "data", "event", "hash", "previous", "seq"])
def test_a_changed_field_is_found_in_its_line(place, key):
    value = {"data": {"forged": True}, "seq": 99, "hash": "0" * 64, "previous": "f" * 64}.get(key, "forged")
    lines = [*LINES[:place], changed(LINES[place], key, value), *LINES[place + 1 :]]
    faults = evidence_faults(joined(lines))
    assert faults
    assert faults[0].startswith("line %d: record" % (place + 1))


def leaves(value, path=()):
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in pairs:
            yield from leaves(child, (*path, key))
    else:
        yield path, value


@given(st.data())
def test_any_value_deep_inside_of_a_record_is_guarded(data):
    place = data.draw(st.integers(0, len(LINES) - 1))
    record = json.loads(LINES[place])
    path, before = data.draw(st.sampled_from(list(leaves(record))))
    after = data.draw(
        st.one_of(st.text(max_size=5), st.integers(), st.booleans(), st.none()).filter(
            lambda value: json.dumps(value) != json.dumps(before)
        )
    )
    target = record
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = after
    assert evidence_faults(joined([*LINES[:place], canonical(record), *LINES[place + 1 :]]))


@given(st.data())
def test_any_other_byte_is_found(data):
    content = joined(LINES)
    place = data.draw(st.integers(0, len(content) - 1).filter(lambda at: content[at] != "\n"))
    other = data.draw(st.characters(max_codepoint=255).filter(lambda one: one not in (content[place], "\n")))
    assert evidence_faults(content[:place] + other + content[place + 1 :])


@pytest.mark.parametrize("place", range(len(LINES) - 1))
def test_a_removed_line_is_found(place):
    faults = evidence_faults(joined([*LINES[:place], *LINES[place + 1 :]]))
    assert len(faults) == 1
    assert faults[0].startswith("line %d: " % (place + 1))
    assert "removed, inserted, changed or moved" in faults[0]


@pytest.mark.parametrize("place", range(len(LINES) - 1))
def test_two_lines_in_another_order_are_found(place):
    lines = [*LINES[:place], LINES[place + 1], LINES[place], *LINES[place + 2 :]]
    assert evidence_faults(joined(lines))[0].startswith("line %d: " % (place + 1))


@pytest.mark.parametrize("place", range(1, len(LINES)))
def test_an_inserted_record_is_found_although_it_is_well_made(place):
    before = json.loads(LINES[place - 1])
    forged = resealed(LINES[place], event="forged", seq=before["seq"] + 1, previous=before["hash"])
    faults = evidence_faults(joined([*LINES[:place], forged, *LINES[place:]]))
    assert [fault.split(":")[0] for fault in faults] == ["line %d" % (place + 2)]


@pytest.mark.parametrize("place", range(len(LINES) - 1))
def test_a_changed_record_with_a_new_hash_is_found_in_the_next(place):
    faults = evidence_faults(joined([*LINES[:place], resealed(LINES[place], data={}), *LINES[place + 1 :]]))
    assert [fault.split(":")[0] for fault in faults] == ["line %d" % (place + 2)]


def test_a_line_twice_and_a_key_twice_are_found():
    assert evidence_faults(joined([*LINES[:3], *LINES[2:]]))[0].startswith("line 4: ")
    twice = LINES[0].replace("{", '{"seq":7,', 1)
    assert evidence_faults(joined([twice, *LINES[1:]]))[0].startswith("line 1: ")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_no_intact_chain(text):
    assert evidence_faults(text) == ["line 1: there is no record in it."]


@pytest.mark.parametrize(
    "line", ["{}", "[]", "null", "nonsense", "[" * 100_000, '{"at":', "\ud800", '{"seq":1e999}', "\x00" * 10]
)
def test_what_is_no_record_is_named_and_the_rest_is_checked_all_the_same(line):
    faults = evidence_faults(joined([*LINES[:2], line, *LINES[2:]]))
    assert len(faults) == 1
    assert faults[0].startswith("line 3: this is no whole record")


def test_the_end_that_is_missing_cannot_be_seen_but_the_head_differs():
    whole, shorter = Chain.read(joined(LINES)), Chain.read(joined(LINES[:-1]))
    assert shorter.faults == ()
    assert whole.head != shorter.head
    assert whole.head == json.loads(LINES[-1])["hash"]


# The snippet of the documentation comes to the same verdict


def test_the_documented_snippet_accepts_what_is_intact(by_snippet):
    run = by_snippet(joined(LINES).encode("ascii"))
    assert run.returncode == 0, run.stderr
    assert json.loads(LINES[-1])["hash"] in run.stdout


@pytest.mark.parametrize(
    ("name", "lines", "number"),
    [
        ("changed", [changed(LINES[0], "event", "forged"), *LINES[1:]], 1),
        ("removed", [*LINES[:2], *LINES[3:]], 3),
        ("swapped", [LINES[1], LINES[0], *LINES[2:]], 1),
        ("resealed", [LINES[0], resealed(LINES[1], data={}), *LINES[2:]], 3),
        ("reformatted", [json.dumps(json.loads(LINES[0])), *LINES[1:]], 1),
        ("torn", [*LINES[:2], LINES[2][:50], *LINES[2:]], 3),
        ("not JSON", ["nonsense", *LINES], 1),
        ("not a record", ["[]", *LINES], 1),
        ("empty", [], 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_documented_snippet_finds_what_the_filter_finds(by_snippet, name, lines, number):
    run = by_snippet(joined(lines).encode("ascii"))
    assert run.returncode == 1, name
    assert "line %d" % number in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert evidence_faults(joined(lines))[0].startswith("line %d:" % number)


# Files


@pytest.fixture
def path(tmp_path):
    return tmp_path / "evidence" / "run-1.jsonl"


def add(path, event="noted", **data):
    return evidence_file.append(path, event, data, NOW)


def test_records_follow_each_other(path):
    first, second = add(path, "run_started", timezone="Asia/Kathmandu"), add(path, note="\u2713 done")
    assert (first["seq"], first["previous"], first["at"]) == (1, START, "2026-11-23T00:30:05Z")
    assert (second["seq"], second["previous"]) == (2, first["hash"])
    assert second["at_local"] == "2026-11-23T06:15:05+05:45"
    assert path.read_bytes().isascii()
    assert Chain.read(evidence_file.read(path)) == Chain((first, second), ())


def test_folder_and_file_are_for_their_owner_only(path):
    before = os.umask(0)
    try:
        add(path)
    finally:
        os.umask(before)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", [1, 8, 100, -1])
def test_a_line_that_was_cut_off_is_left_and_the_next_record_starts_anew(path, kept):
    add(path)
    add(path)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:kept])
    third = add(path)
    faults = evidence_faults(evidence_file.read(path))
    if kept == -1:  # nothing but the end of the line is missing
        assert third["seq"] == 3
        assert faults == []
    else:
        assert third["seq"] == 2
        assert [fault.split(" was")[0] for fault in faults] == ["line 2: this is no whole record: it"]


def test_a_file_of_nothing_but_a_cut_line_starts_a_chain(path):
    add(path)
    path.write_bytes(path.read_bytes()[:30])
    assert add(path)["seq"] == 1
    assert len(evidence_faults(evidence_file.read(path))) == 1


ADDER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
sys.path[:0] = [{collections!r}]
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence import file as evidence_file
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    data = {{"by": sys.argv[2], "number": number, "filling": "x" * (number * 300)}}
    evidence_file.append(Path(sys.argv[1]), "noted", data, datetime.now(timezone.utc))
"""


def start_adder(path, name):
    script = ADDER.format(collections=str(ROOT / ".cache" / "collections"))
    command = [sys.executable, "-c", script, str(path), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_that_add_at_the_same_time_make_one_chain(path):
    adders = [start_adder(path, name) for name in "ab"]
    for adder in adders:
        adder.stdin.write("go\n")
        adder.stdin.flush()
    for adder in adders:
        adder.communicate(timeout=60)
        assert adder.returncode == 0
    chain = Chain.read(evidence_file.read(path))
    assert chain.faults == ()
    by = [record["data"]["by"] for record in chain.records]
    assert (by.count("a"), by.count("b")) == (60, 60)
    for name in "ab":
        own = [record["data"]["number"] for record in chain.records if record["data"]["by"] == name]
        assert own == list(range(60))


def test_a_disk_that_takes_only_half_leaves_the_chain_as_it_was(path, monkeypatch):
    add(path)
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(evidence_file.os, "write", lambda file, content: write(file, content[:20]))
    with pytest.raises(ConnectError, match="No space left") as failure:
        add(path)
    assert failure.value.code == "evidence_unusable"
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectError, match=r"file/x\.jsonl cannot be written .*Name a file in path"):
        add(tmp_path / "file" / "x.jsonl")
    with pytest.raises(ConnectError, match="cannot be read"):
        evidence_file.read(tmp_path / "missing.jsonl")


def test_a_report_is_replaced_as_a_whole_and_only_when_it_differs(tmp_path):
    file = tmp_path / "run.json"
    assert evidence_file.replace(file, "one", dry=True)
    assert not file.exists()
    assert evidence_file.replace(file, "one")
    number = file.stat().st_ino
    assert not evidence_file.replace(file, "one")
    assert file.stat().st_ino == number
    assert evidence_file.replace(file, "two \ud800")
    assert file.stat().st_ino != number
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]


# Data of any kind


class Text(str):
    __slots__ = ()

    def __str__(self):
        raise AssertionError("its own idea of a text")


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner)),
        max_leaves=10,
    )
)
def test_any_data_become_json_that_reads_back_the_same(value):
    plain = jsonable(value)
    again = json.loads(canonical({"data": plain}))["data"]
    assert again == plain
    assert hash_of({"data": again}) == hash_of({"data": plain})


def test_subclasses_and_sets_become_plain():
    class Number(int):
        pass

    found = jsonable({Text("a"): [Text("b"), Number(3), (1.5, float("nan")), {True}]})
    assert found == {"a": ["b", 3, [1.5, "nan"], [True]]}
    assert {type(key) for key in found} == {str}
    assert [type(one) for one in found["a"][:2]] == [str, int]
    assert copy.deepcopy(found) == found
