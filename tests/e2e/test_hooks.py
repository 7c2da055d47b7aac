# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hooks that the role brings along: what reaches a chat, a change and a server, and what a run says of it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docs.pages import page

TASKS = ROOT / "roles" / "hooks" / "tasks"
SHIPPED = [*TASKS.glob("*.yml")]
SECRETS = ("chat-secret", "note-password", "upload-secret")


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Office:
    """A chat, ServiceNow with one change, and a folder for files, which all answer C(status) to a write."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[Request] = []
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = [{"sys_id": "0a1b"}] if "number%3DCHG-4711" in self.path else []
                self._answer(200, {"result": found})

            def do_POST(self) -> None:
                self._answer(office.status, {})

            do_PATCH = do_PUT = do_POST

            def _answer(self, status: int, reply: Any) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                office.requests.append(Request(self.command, self.path, dict(self.headers), body))
                said = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def variables(self) -> dict[str, Any]:
        return {
            "connect_deployment_key": "CHG-4711",
            "connect_chat_url": self.url + "/chat-secret",
            "connect_servicenow_url": self.url,
            "connect_servicenow_user": "ansible",
            "connect_servicenow_password": "note-password",
            "connect_upload_url": self.url + "/evidence",
            "connect_upload_headers": {"Authorization": "Bearer upload-secret"},
        }

    def sent(self, method: str) -> list[Request]:
        return [one for one in self.requests if one.method == method]

    @property
    def told(self) -> list[str]:
        return [one.json["text"] for one in self.sent("POST")]


@pytest.fixture
def office() -> Iterator[Office]:
    there = Office()
    yield there
    there.server.shutdown()
    there.server.server_close()


def silent(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_chat_and_a_change_are_told_how_a_rollout_goes(rollout, office):
    hooks = dict.fromkeys(("before_window", "before_wave", "after_wave"), "hooks/chat.yml")
    night = rollout({"devices": 2}, **office.variables, connect_hooks={**hooks, "after_window": "hooks/servicenow.yml"})
    done = night("-vvvv")
    assert done.came_to == (0, "succeeded", None)
    silent(done.output)
    begins, wave, end = office.told
    assert begins.startswith(
        "Kiosks (CHG-4711): The rollout begins. 2 of 2 devices to be updated with flow f-77aa-01bc"
    )
    assert wave == "Kiosks (CHG-4711): wave 1 (100%) begins."
    assert end.startswith("Kiosks (CHG-4711): wave 1 (100%)")
    (note,) = office.sent("PATCH")
    assert note.path == "/api/now/table/change_request/0a1b"
    assert note.headers["Authorization"] == "Basic " + b64encode(b"ansible:note-password").decode()
    assert note.json == {"work_notes": end}
    assert [one["result"] for one in done.report["hooks"]] == [{"delivered": True, "status": 200}] * 4
    assert "Not delivered" not in done.text
    assert "is not known" not in done.text


def test_a_message_that_is_not_delivered_is_said_and_stops_nothing(rollout, office):
    office.status = 503
    hooks = {"before_window": "hooks/chat.yml", "after_wave": "hooks/servicenow.yml"}
    night = rollout({"devices": 2}, **office.variables, connect_hooks=hooks)
    done = night()
    assert done.came_to == (0, "succeeded", None)
    assert [one["result"] for one in done.report["hooks"]] == [{"delivered": False, "status": 503}] * 2
    assert "Not delivered to the chat (HTTP status 503" in done.text
    assert "Not delivered to CHG-4711 in ServiceNow (HTTP status 503" in done.text
    silent(done.output)


def test_a_change_that_does_not_exist_and_a_chat_that_does_not_answer_are_said(rollout, office):
    hooks = {"before_window": "hooks/servicenow.yml", "after_wave": "hooks/chat.yml"}
    nobody = {"connect_servicenow_change": "CHG-1", "connect_chat_url": "http://127.0.0.1:1/chat-secret"}
    night = rollout({"devices": 2}, **{**office.variables, **nobody}, connect_hooks=hooks)
    done = night()
    assert done.came_to == (0, "succeeded", None)
    assert [one["result"]["delivered"] for one in done.report["hooks"]] == [False, False]
    assert "Not delivered to CHG-1 in ServiceNow, which was not found" in done.text
    assert "Not delivered to the chat (HTTP status -1" in done.text
    silent(done.output)


@pytest.mark.parametrize(
    ("hook", "missing"), [("chat", "connect_chat_url"), ("servicenow", "connect_servicenow_password")]
)
def test_a_variable_that_a_hook_needs_is_named_before_anything_is_sent(rollout, office, hook, missing):
    given = {**office.variables, missing: ""}
    night = rollout({"devices": 2}, **given, connect_hooks={"before_window": "hooks/%s.yml" % hook})
    failed = night()
    assert failed.came_to == (2, "failed", "hook_failed")
    assert (failed.writes, missing in failed.text) == (0, True)


(AFTER_THE_ROLE,) = re.findall(r"^```yaml\n(# night.yml\n.*?)^```$", page("hooks.md"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("fails", [False, True])
def test_after_the_role_the_outcome_is_told_and_the_evidence_uploaded(play, window, office, tmp_path, fails):
    run = play(devices=2, time_factor=600)
    run.emulator.configure(run.emulator.devices()[0]["device_uuid"], fail=fails)
    playbook = tmp_path / "night.yml"
    playbook.write_text(AFTER_THE_ROLE, encoding="utf-8")
    given = {**window(run.emulator), **office.variables}
    assert run(str(playbook), "--check", **given).ok()
    assert office.requests == []

    played = run(str(playbook), "-vvvv", **given)
    assert played.code == (2 if fails else 0), played.output
    silent(played.output)
    (told,) = office.told
    assert told.startswith("Kiosks (CHG-4711): %s. 2 devices:" % ("stopped" if fails else "succeeded"))
    files = {Path(given["connect_evidence_dir"]) / Path(one.path).name: one for one in office.sent("PUT")}
    assert {file.suffix for file in files} == {".jsonl", ".json", ".html"}
    for file, request in files.items():
        assert request.path.startswith("/evidence/")
        assert request.headers["Authorization"] == "Bearer upload-secret"
        assert request.body == file.read_bytes()


def test_evidence_that_does_not_arrive_fails_the_play(play, window, office, tmp_path):
    run = play(devices=1, time_factor=600)
    playbook = tmp_path / "night.yml"
    playbook.write_text(AFTER_THE_ROLE, encoding="utf-8")
    office.status = 403
    failed = run(str(playbook), **window(run.emulator), **office.variables)
    assert failed.code == 2
    assert "The evidence was not uploaded (HTTP status 403, 403, 403" in failed.text
    assert len(office.sent("PUT")) == 9
    silent(failed.output)


def test_each_file_that_is_shipped_is_one_that_ansible_reads(ansible_bin, ansible_env, tmp_path):
    tasks = [
        {
            "name": "Read it",
            "ansible.builtin.import_role": {
                "name": "edgeops.jfrog_connect.hooks",
                "tasks_from": str(file.relative_to(TASKS)),
            },
        }
        for file in SHIPPED
    ]
    assert len(tasks) == 4
    playbook = tmp_path / "shipped.yml"
    playbook.write_text(json.dumps([{"name": "Read them", "hosts": "localhost", "tasks": tasks}]), encoding="utf-8")
    command = [str(ansible_bin / "ansible-playbook"), "--syntax-check", str(playbook)]
    checked = subprocess.run(command, env=ansible_env, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
