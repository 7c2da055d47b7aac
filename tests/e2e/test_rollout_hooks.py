# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in and around hooks: no device stays released, and nothing that went wrong is hidden."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import AFTER, Boundary, descendants, relaying
from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import DEPLOY

FAILS = "- ansible.builtin.fail: {msg: %s}\n"
TELLS = '- ansible.builtin.debug: {msg: "told: {{ connect_hook_text }}"}\n'
ASKS = "- ansible.builtin.ping:\n  delegate_to: shop\n  vars: {ansible_connection: nobody}\n"
NOBODY = """
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = "name: nobody\\nshort_description: Reaches no host\\ndescription: [It does not.]\\noptions: {}\\n"


class Connection(ConnectionBase):
    transport = "nobody"

    def _connect(self):
        raise AnsibleConnectionFailure("no route to the shop")

    exec_command = put_file = fetch_file = lambda self, *_given, **_more: self._connect()

    def close(self):
        pass
"""


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def modules_below(pid: int) -> list[int]:
    found = []
    for one in descendants(pid):
        with suppress(OSError):
            if "AnsiballZ_connect_rollout" in Path("/proc/%d/cmdline" % one).read_text(encoding="utf-8"):
                found.append(one)
    return found


def test_after_a_step_that_left_no_result_the_last_hook_runs_and_all_is_held(rollout, tmp_path):
    hook = written(tmp_path, "tells.yml", TELLS)
    night = rollout({"devices": 2, "held_percent": 100}, connect_hooks={"after_window": hook})
    pid: Future[int] = Future()
    killed: list[int] = []

    def strike(boundary: Boundary) -> None:
        if boundary.path.endswith(DEPLOY) and boundary.side == AFTER and not killed:
            killed.extend(modules_below(pid.result()))
            for one in killed:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)

    with relaying(night.emulator.url, strike) as relay:
        process = night.run.start("maintenance_window", **{**night.given, "connect_api_url": relay.url})
        pid.set_result(process.pid)
        output = process.communicate(timeout=300)[0]
    assert killed, output
    assert process.returncode == 2, output
    assert "told: Kiosks:" in " ".join(output.split())
    assert all(night.held.values()), output
    (report,) = (json.loads(one.read_text(encoding="utf-8"))["run"] for one in night.folder.glob("*.json"))
    assert (report["outcome"], report["left_open"]) == ("failed", []), output


def test_a_hook_whose_host_is_unreachable_ends_the_play_after_its_wave_has_held_the_devices(rollout, tmp_path):
    hook = written(tmp_path, "asks.yml", ASKS)
    given = {"connect_waves": ["50%", "100%"], "connect_hooks": {"after_wave": hook}}
    night = rollout({"devices": 4, "held_percent": 100}, **given)
    (tmp_path / "connection_plugins").mkdir()
    written(tmp_path / "connection_plugins", "nobody.py", NOBODY)
    night.run.environment["ANSIBLE_CONNECTION_PLUGINS"] = str(tmp_path / "connection_plugins")
    ended = night.run("maintenance_window", **night.given)
    assert ended.code == 4, ended.output
    assert "no route to the shop" in ended.text
    assert sorted(map(len, night.updates.values())) == [0, 0, 1, 1]
    assert all(night.held.values())


def test_a_second_failure_does_not_hide_the_first(rollout, tmp_path):
    first, second = (written(tmp_path, "%s.yml" % name, FAILS % name) for name in ("no-ticket", "no-chat"))
    night = rollout({"devices": 4}, connect_waves=["50%", "100%"])
    both = night(connect_hooks={"after_wave": first, "after_window": second})
    assert both.came_to == (2, "failed", "hook_failed")
    said = both.report["run"]["msg"]
    assert said.index("failed: no-ticket") < said.index("failed: no-chat"), said

    night.configure(*night.names.values(), fail=True)
    stopped = night(connect_hooks={"after_window": second})
    assert stopped.came_to == (2, "stopped", "rollout_failed")
    said = stopped.report["run"]["msg"]
    assert said.index("devices failed (limit 0)") < said.index("failed: no-chat"), said


WITHOUT_WINDOWS = """
- hosts: localhost
  connection: local
  gather_facts: false
  ignore_errors: true
  tasks:
    - ansible.builtin.include_role: {name: edgeops.jfrog_connect.maintenance_window}
"""


def test_without_windows_nothing_is_done_although_errors_are_ignored(rollout, tmp_path):
    night = rollout({"devices": 2})
    given = {name: value for name, value in night.given.items() if name != "connect_windows"}
    before = len(night.emulator.log())
    ended = night.run(written(tmp_path, "night.yml", WITHOUT_WINDOWS), **given)
    assert "No windows are given" in ended.text
    assert (ended.writes, len(night.emulator.log()), night.folder.exists()) == (0, before, False)
