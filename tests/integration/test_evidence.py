# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence through real ansible-playbook: recorded, reported, verified, and tampered with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.evidence_samples import SAMPLES, Script, window_closed

SECRET = "u-EMULATOR/3f+9c=7d 55"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "evidence" / "run-1.jsonl"


@pytest.fixture
def verify(ansible):
    """The playbook as an operator starts it."""

    def run(**variables):
        command = [str(ansible.bin / "ansible-playbook"), "edgeops.jfrog_connect.verify_evidence"]
        command += ["-e", json.dumps(variables)]
        # A proxy that nobody is behind: whoever asks the network fails.
        env = {
            **ansible.env,
            "CONNECT_TEST_RECORD": str(ansible.folder / "verify"),
            "https_proxy": "http://127.0.0.1:9",
        }
        return subprocess.run(command, cwd=ansible.folder, env=env, capture_output=True, text=True, check=False)

    return run


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def said(run):
    """What a run printed, as one line of words."""
    return " ".join((run.stdout + run.stderr).replace("\\n", " ").split())


@pytest.mark.smoke
def test_records_and_a_report(ansible, task, path, assert_no_token):
    tasks = [
        task(
            "begin",
            "connect_evidence",
            path=str(path),
            event="run_started",
            data={
                "run_id": "{{ 17 }}",
                "timezone": "Asia/Kathmandu",
                "inputs": {"token": "{{ secret }}", "url": "https://x/?t={{ secret | urlencode }}", "n": "{{ many }}"},
                "raw {{ 1 }}": "{{ '{{ not a template }}' }}",
            },
            secrets=["{{ secret }}"],
        ),
        task("plan", "connect_evidence", path=str(path), event="planned", data="{{ planned }}"),
        task("end", "connect_evidence", path=str(path), event="run_ended", data={"outcome": "succeeded"}, report=True),
        task("again", "connect_evidence", path=str(path), report=True),
    ]
    many = [{"number": number, "even": number % 2 == 0, "half": number / 2} for number in range(3)]
    planned = {"project": "Kiosks", "plan": {"devices": [{"device_uuid": "d-1", "name": "<b>kiosk</b>"}]}}
    run = ansible.playbook(tasks, "-vvvv", secret=SECRET, many=many, planned=planned).succeeded()

    first, second, third = records(path)
    assert first["data"]["inputs"] == {"token": "***", "url": "https://x/?t=***", "n": many}
    assert first["data"]["run_id"] == 17 or first["data"]["run_id"] == "17"
    assert "{{ not a template }}" in first["data"].values()
    assert first["at_local"].endswith("+05:45")
    assert second["data"] == planned
    assert [one["seq"] for one in (first, second, third)] == [run[name]["seq"] for name in ("begin", "plan", "end")]
    assert run["end"]["hash"] == run["end"]["head"] == third["hash"]
    assert run["end"]["faults"] == []
    assert [run[name]["changed"] for name in ("begin", "plan", "end", "again")] == [True, True, True, False]
    assert run["again"]["seq"] is None

    report = json.loads(Path(run["end"]["json_path"]).read_text(encoding="utf-8"))
    assert [(row["device_uuid"], row["outcome"]) for row in report["devices"]] == [("d-1", "current")]
    page = Path(run["end"]["html_path"]).read_text(encoding="utf-8")
    assert "&lt;b&gt;kiosk&lt;/b&gt;" in page
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert [file.name for file in sorted(path.parent.iterdir())] == ["run-1.html", "run-1.json", "run-1.jsonl"]
    everything = path.read_text() + json.dumps(report) + page
    assert SECRET not in everything
    assert_no_token(run, [])


@pytest.mark.smoke
def test_check_mode_writes_nothing_and_predicts(ansible, task, path):
    tasks = [
        task("add", "connect_evidence", path=str(path), event="noted", report=True),
        task("report", "connect_evidence", path=str(path), report=True),
    ]
    predicted = ansible.playbook(tasks, "--check").succeeded()
    assert not path.parent.exists()
    assert predicted["add"]["changed"] is predicted["report"]["changed"] is True
    assert (predicted["add"]["seq"], predicted["add"]["hash"]) == (1, None)
    done = ansible.playbook(tasks).succeeded()
    assert set(done["add"]) == set(predicted["add"])
    content = {file: file.read_bytes() for file in path.parent.iterdir()}
    again = ansible.playbook(tasks, "--check").succeeded()
    assert again["add"]["seq"] == 2
    assert again["report"]["changed"] is False
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == content


def test_a_host_that_cannot_be_reached_does_not_matter(ansible, path):
    play = [
        {
            "name": "Test",
            "hosts": "nowhere",
            "gather_facts": False,
            "tasks": [{"name": "add", "edgeops.jfrog_connect.connect_evidence": {"path": str(path), "event": "noted"}}],
        }
    ]
    playbook = ansible.folder / "play.yml"
    playbook.write_text(json.dumps(play), encoding="utf-8")
    hosts = ["-i", "nowhere,", "-e", "ansible_host=192.0.2.1"]
    run = ansible._run(["ansible-playbook", *hosts, str(playbook)], {}).succeeded()
    assert run["add"]["seq"] == 1
    assert len(records(path)) == 1


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({}, ["event", "report: true"]),
        ({"report": True, "data": {"a": 1}}, ["data needs event"]),
        ({"report": True}, ["cannot be read", "path"]),
        ({"event": "noted", "path": "/dev/null/x.jsonl"}, ["cannot be written", "path"]),
        ({"event": "noted", "unknown": 1}, ["unknown is not known", "accepted: path, event, data"]),
        ({"event": "noted", "data": [SECRET]}, ["data is not a mapping"]),
    ],
)
def test_what_cannot_be_is_refused_in_words(ansible, task, path, options, parts, assert_no_token):
    given = {"path": str(path), **options}
    run = ansible.playbook([task("refused", "connect_evidence", **given)], "-vvv").failed()
    for part in parts:
        assert part in run["refused"]["msg"]
    assert "Traceback" not in run.output
    assert not path.exists()
    assert run["refused"]["code"] in ("invalid_option", "evidence_unusable")


def test_another_file_name_keeps_it(ansible, task, tmp_path):
    run = ansible.playbook([task("add", "connect_evidence", path=str(tmp_path / "log"), event="noted", report=True)])
    assert run.succeeded()["add"]["html_path"] == str(tmp_path / "log.html")


# Verification


@pytest.mark.smoke
def test_an_intact_file_passes_and_its_head_can_be_compared(verify, tmp_path):
    script = window_closed()
    file = tmp_path / "run.jsonl"
    file.write_text(script.text, encoding="ascii")
    head = script.records[-1]["hash"]
    run = verify(connect_evidence_file=str(file))
    assert run.returncode == 0, run.stdout
    assert "%d records, intact. Head of the chain: %s" % (len(script.records), head) in said(run)
    assert "Compare it with the one that was kept elsewhere" in said(run)
    assert verify(connect_evidence_file=str(file), connect_evidence_head=head).returncode == 0


@pytest.mark.smoke
def test_what_was_tampered_with_fails_and_is_named(verify, tmp_path):
    script = window_closed()
    lines = script.text.splitlines(keepends=True)
    head = script.records[-1]["hash"]
    cases = {
        "changed": ([*lines[:4], lines[4].replace("open", "shut"), *lines[5:]], "line 5: record 5 (gate) was changed"),
        "removed": ([*lines[:4], *lines[5:]], "line 5: record 6 (released) does not follow"),
        "byte": (["\u00e9" + lines[0], *lines[1:]], "line 1: this is no whole record"),
        "empty": ([], "line 1: there is no record in it."),
    }
    for name, (content, fault) in cases.items():
        file = tmp_path / (name + ".jsonl")
        file.write_bytes("".join(content).encode("latin-1"))
        run = verify(connect_evidence_file=str(file))
        assert run.returncode == 2, name
        assert fault in said(run), said(run)
        assert str(file) in said(run)

    file = tmp_path / "shorter.jsonl"
    file.write_text("".join(lines[:-1]), encoding="ascii")
    assert verify(connect_evidence_file=str(file)).returncode == 0
    run = verify(connect_evidence_file=str(file), connect_evidence_head=head)
    assert run.returncode == 2
    assert "Records were cut off at the end" in said(run)


def test_a_file_that_is_missing_or_not_named_is_said(verify):
    run = verify()
    assert run.returncode == 2
    assert "Set connect_evidence_file" in said(run)
    run = verify(connect_evidence_file="/nowhere/run.jsonl")
    assert run.returncode == 2
    assert "/nowhere/run.jsonl" in said(run)


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_a_report_of_a_whole_run(ansible, task, tmp_path, make):
    """Also of what is left when it was killed in the middle of writing a record."""
    script: Script = make()
    whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
    whole.write_text(script.text, encoding="ascii")
    torn.write_text(script.text[:-200], encoding="ascii")
    tasks = [
        task("whole", "connect_evidence", path=str(whole), report=True),
        task("torn", "connect_evidence", path=str(torn), report=True),
        task("goes on", "connect_evidence", path=str(torn), event="noted", report=True),
    ]
    run = ansible.playbook(tasks).succeeded()
    assert run["whole"]["faults"] == []
    assert run["whole"]["head"] == script.records[-1]["hash"]
    for name in ("torn", "goes on"):
        (fault,) = run[name]["faults"]
        assert fault.startswith("line %d: this is no whole record" % len(script.records))
    assert run["goes on"]["seq"] == len(script.records)
