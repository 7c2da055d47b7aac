# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence of a program: no run without it, and no verdict that depends on it. And where its files may lie."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence import file as evidence_file
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import Chain
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.recorder import Evidence
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._secrets import Hider

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "evidence" / "run-1.jsonl"


@pytest.fixture
def evidence(path):
    return Evidence(path, Hider(["s3cret"]), lambda: NOW)


def chain(path):
    return Chain.read(evidence_file.read(path))


def test_records_are_chained_and_hold_no_secret(evidence, path):
    evidence.record("run_started", {"timezone": "Europe/Paris", "flow": "a s3cret one"})
    evidence.record("s3cret", {("a", 1): {1.5}})
    found = chain(path)
    assert found.faults == ()
    assert found.head == evidence.head
    assert [record["event"] for record in found.records] == ["run_started", "***"]
    assert "s3cret" not in path.read_text()
    assert evidence.warnings == []


def test_a_run_without_a_first_record_does_not_start(evidence, path):
    path.parent.write_text("")
    with pytest.raises(ConnectError) as failure:
        evidence.record("run_started", {})
    assert failure.value.code == "evidence_unusable"


@pytest.mark.parametrize(
    "failure",
    [OSError(28, "No space left on device"), ConnectError("Gone."), RecursionError("deep"), ValueError("odd")],
    ids=lambda one: type(one).__name__,
)
def test_after_the_first_record_nothing_is_raised_and_the_first_trouble_is_said(evidence, path, monkeypatch, failure):
    evidence.record("run_started", {})
    head = evidence.head

    def broken(*_given):
        raise failure  # and it is kept, as a caller may: the lock of the file must be gone all the same

    monkeypatch.setattr(evidence_file, "_write_whole", broken)
    evidence.record("released", {})
    evidence.record("held", {})
    (said,) = evidence.warnings
    assert "from released on" in said
    assert str(getattr(failure, "strerror", None) or failure) in said
    assert evidence.head == head
    monkeypatch.undo()
    evidence.record("run_ended", {})  # what can be written again is written, and the warning stays
    assert [record["event"] for record in chain(path).records] == ["run_started", "run_ended"]
    assert len(evidence.warnings) == 1


def test_a_later_step_of_the_run_raises_nothing_at_all(evidence, path):
    path.parent.write_text("")
    evidence.record("held", {})
    assert "from held on" in evidence.trouble
    assert evidence.head is None


def test_an_interruption_is_not_swallowed(evidence, monkeypatch):
    evidence.record("run_started", {})

    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence_file.os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evidence.record("released", {})


@pytest.mark.parametrize("text", ["kiosk\ud800", "\udcff", "\u202e\x00\x1b[2J"])
def test_texts_that_no_encoding_knows_are_recorded(evidence, path, text):
    evidence.record("planned", {"name": text, text: 1})
    (record,) = chain(path).records
    assert record["data"] == {"name": text, text: 1}
    assert path.read_bytes().isascii()


# Where the files lie


def test_a_symbolic_link_is_not_followed(evidence, path, tmp_path):
    target = tmp_path / "target"
    target.write_text("kept")
    path.parent.mkdir()
    path.symlink_to(target)
    with pytest.raises(ConnectError, match="symbolic link"):
        evidence.record("run_started", {})
    report = path.with_suffix(".html")
    report.symlink_to(target)
    for dry in (True, False):
        with pytest.raises(ConnectError, match="symbolic link"):
            evidence_file.replace(report, "text", dry)
    report.unlink()
    report.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConnectError, match="symbolic link"):
        evidence_file.replace(report, "text")
    assert target.read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_file_and_what_is_no_path_are_refused_in_words(path):
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(ConnectError, match="no regular file"):
        evidence_file.append(path, "noted", {}, NOW)
    with pytest.raises(ConnectError, match="null"):
        evidence_file.append(Path("a\0b/c.jsonl"), "noted", {}, NOW)


@pytest.mark.parametrize(("mode", "warns"), [(0o700, False), (0o775, False), (0o777, True), (0o1777, True)])
def test_a_folder_that_every_user_can_write_to_is_warned_about(evidence, path, mode, warns):
    path.parent.mkdir()
    path.parent.chmod(mode)
    evidence.record("run_started", {})
    assert len(evidence.warnings) == warns
    if warns:
        assert str(path.parent) in evidence.warnings[0]
        assert "chmod o-w" in evidence.warnings[0]


@pytest.mark.parametrize("pwd", [None, "/nowhere", "/"])
def test_the_default_folder_is_in_the_real_working_directory(monkeypatch, tmp_path, pwd):
    monkeypatch.chdir(tmp_path)
    if pwd is None:
        monkeypatch.delenv("PWD", raising=False)
    else:
        monkeypatch.setenv("PWD", pwd)
    default = Path(os.path.realpath(tmp_path)) / "connect-evidence"
    assert evidence_file.default_folder() == default
    for blank in (None, "", "  "):
        assert evidence_file.folder_of(blank) == default
    assert evidence_file.folder_of(" night ") == default.parent / "night"
    assert evidence_file.folder_of("~/e") == Path("~/e").expanduser()


def test_a_working_directory_that_is_gone_is_said(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConnectError, match="connect_evidence_dir"):
        evidence_file.folder_of("")


def test_a_record_is_one_line_of_json(evidence, path):
    evidence.record("noted", {"text": "a\nb"})
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["data"] == {"text": "a\nb"}
