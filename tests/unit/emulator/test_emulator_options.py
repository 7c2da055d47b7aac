# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: what it makes, and that bad options are refused in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.options import OptionError, parse
from emulator.testing import InProcess

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "emulator", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--devices", "-1"], "--devices"),
        (["--devices", "many"], "--devices"),
        (["--devices", "3000000"], "--devices"),
        (["--port", "70000"], "--port"),
        (["--time-factor", "0"], "--time-factor"),
        (["--time-factor", "nan"], "--time-factor"),
        (["--heartbeat", "0"], "--heartbeat"),
        (["--fail-percent", "101"], "--fail-percent"),
        (["--offline-percent", "-1"], "--offline-percent"),
        (["--update-seconds", "-1"], "--update-seconds"),
        (["--rate-limit", "-3"], "rate_limit"),
        (["--rate-limit", "x"], "rate_limit"),
        (["--switch", "U4"], "--switch"),
        (["--switch", "U4=perhaps"], "held_devices"),
        (["--switch", "colour=red"], "colour"),
        (["--project", "A=1", "--project", "A=2"], "--project"),
        (["--project", "A=x"], "--project"),
        (["--project", "A=5", "--devices", "3"], "--devices"),
        (["--groups", "0"], "--groups"),
        (["--groups", "A,,B"], "--groups"),
        (["--groups", "A", "--groups", "A"], "--groups"),
        (["--tags", "canary=120"], "--tags"),
        (["--tags", "=5"], "--tags"),
        (["--app", "=1"], "--app"),
        (["--user-token", " "], "--user-token"),
        (["--start-time", "tomorrow"], "--start-time"),
        (["--unheard-of"], "--unheard-of"),
        (["--dev", "3"], "--dev"),
        (["stray"], "stray"),
    ],
)
def test_bad_options_are_named(arguments, named):
    with pytest.raises(OptionError, match=re.escape(named)) as refusal:
        parse(arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--devices", "x"],
        ["--port-file", "/no/such/folder/port", "--port", "0"],
        ["--host", "203.0.113.1", "--port", "0"],
        ["--host", "no such host", "--port", "0"],
    ],
)
def test_a_refused_start_says_one_line_and_ends_with_2(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("emulator: ")
    assert done.stderr.count("\n") == 1


def test_help_is_help():
    done = run("--help")
    assert done.returncode == 0
    for option in ("--devices", "--time-factor", "--switch", "--control-token"):
        assert option in done.stdout


def test_the_guide_lists_every_option():
    guide = ROOT.joinpath("docs", "emulator.md").read_text(encoding="utf-8")
    for option in set(re.findall(r"--[a-z][a-z-]+", run("--help").stdout)) - {"--help"}:
        assert f"`{option}" in guide


def test_projects_share_the_devices():
    emulator = InProcess(devices=10, project=["A", "B=3", "C"], groups=["x,y", "z"])
    assert [len(emulator.devices(project=name)) for name in "ABC"] == [3, 3, 4]
    assert emulator.info()["projects"] == {name: ["x", "y", "z"] for name in "ABC"}


def test_the_default_fleet():
    emulator = InProcess(devices=100)
    devices = emulator.devices()
    assert [device["device_name"] for device in devices[:2]] == ["kiosk-0001", "kiosk-0002"]
    assert {device["group"] for device in devices} == {"Floor-1", "Floor-2", "Floor-3", "Floor-4"}
    for group in ("Floor-1", "Floor-4"):
        assert len(emulator.devices(group=group)) == 25
        assert len(emulator.devices(group=group, tags=["canary"])) == 2
    ids = [device["device_id"] for device in devices]
    assert ids == sorted(set(ids))
    assert ids[-1] - ids[0] > 100
    for device in devices:
        assert re.fullmatch(r"d-[0-9a-f]{4}-[0-9a-f]{4}", device["device_uuid"])
        assert re.fullmatch(r"t-[0-9a-f]{32}", device["device_token"])
    assert emulator.user_token.startswith("u-EMULATOR-")
    assert InProcess(devices=100).devices() == devices
    assert InProcess(devices=100, seed=2).devices() != devices


def test_what_the_account_knows_can_be_chosen():
    emulator = InProcess(
        flow=["f-1", "f-2"], app={"a": "1", "b": ""}, tags="", user_token="u-mine", agent_version="7.0"
    )
    assert emulator.info()["flows"] == ["f-1", "f-2"]
    assert emulator.info()["apps"] == ["a", "b"]
    device = emulator.devices()[0]
    assert (device["apps"], device["tags"], device["agent_version"]) == ([{"app_name": "a", "version": "1"}], [], "7.0")
    assert emulator.user_token == "u-mine"


def test_the_devices_file_is_private_and_complete(tmp_path):
    devices_file, port_file = tmp_path / "devices.json", tmp_path / "port"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "emulator",
            "--port",
            "0",
            "--devices",
            "3",
            "--devices-file",
            str(devices_file),
            "--port-file",
            str(port_file),
            "--watch-stdin",
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        greeting = process.stdout.readline()
        process.stdin.close()
        assert process.wait(20) == 0
    assert f":{port_file.read_text().strip()} with 3 devices" in greeting
    assert devices_file.stat().st_mode & 0o077 == 0
    written = json.loads(devices_file.read_text())
    assert [item["device_token"] for item in written] == [
        device["device_token"] for device in InProcess(devices=3).devices()
    ]
