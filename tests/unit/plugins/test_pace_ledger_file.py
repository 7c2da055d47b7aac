# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger's file: private, and when it cannot be, replaced by one that the user is told about."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _client, _pace
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._pace import Ledger, open_ledger, shared_ledger_path
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.harness import (
    DETAILS,
    TRIGGER,
    not_sent,
    page,
    token,
    wire_device,
)


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_the_user_can_read_the_folder_of_the_ledger(base, umask):
    before = os.umask(umask)
    try:
        ledger, reason = open_ledger()
    finally:
        os.umask(before)
    ledger.close()
    path = Path(shared_ledger_path())
    assert reason is None
    assert path.is_file()
    assert path.parent.parent == base
    assert mode(path.parent) == 0o700


def test_two_tasks_open_the_same_ledger(base):
    one, other = open_ledger()[0], open_ledger()[0]
    assert one.reserve("who", 1, 0.0, 30.0)[0]
    assert other.reserve("who", 1, 0.0, 30.0)[0] == 0
    one.close()
    other.close()


def test_without_a_runtime_folder_the_temporary_one_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(_pace.tempfile, "gettempdir", lambda: str(tmp_path))
    assert Path(shared_ledger_path()).parent.parent == tmp_path


def readable_by_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


def a_link(folder: Path) -> None:
    target = folder.parent / "elsewhere"
    target.mkdir(mode=0o700)
    folder.symlink_to(target)


def a_file(folder: Path) -> None:
    folder.write_text("")


def a_broken_ledger(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "calls.sqlite").write_bytes(b"no database, but long enough to look like the header of one\n" * 40)


@pytest.mark.parametrize("prepare", [readable_by_others, a_link, a_file, a_broken_ledger])
def test_a_folder_or_file_that_is_not_what_it_should_be_is_not_used(base, prepare):
    prepare(Path(base / ("edgeops-jfrog-connect-%d" % os.getuid())))
    ledger, reason = open_ledger()
    assert reason
    assert ledger.reserve("who", 1, 0.0, 30.0)[0]
    ledger.close()


def test_a_folder_of_another_user_is_not_used(base, monkeypatch):
    somebody = os.getuid() + 1
    monkeypatch.setattr(_pace.os, "getuid", lambda: somebody)
    _ledger, reason = open_ledger()
    assert "private folder" in reason


def test_a_runtime_folder_that_is_not_there_is_not_made(base, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base / "gone"))
    assert open_ledger()[1]
    assert not (base / "gone").exists()


@pytest.mark.parametrize(("limit", "warned"), [(3, True), (0, False)])
def test_the_user_is_told_when_the_history_of_calls_is_not_shared(wire, drive, monkeypatch, limit, warned):
    monkeypatch.setattr(_client, "open_ledger", lambda: (Ledger(), "the folder is not private"))
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    result = drive("connect_update_trigger", device_token=token(1), trigger_set=True, device_calls_per_minute=limit)
    assert not result["failed"]
    assert any("the folder is not private" in text for text in result.warnings) is warned


class FullDisk(Ledger):
    """Works for two calls; then the disk is full, or another process holds the file for longer than we wait."""

    left = 2

    def reserve(self, *args):
        self.left -= 1
        if self.left < 0:
            raise sqlite3.OperationalError("database or disk is full")
        return super().reserve(*args)


@pytest.mark.xfail(strict=True, reason="a fault of the ledger escapes as an exception", raises=sqlite3.Error)
def test_a_ledger_that_fails_half_way_does_not_cost_the_rows_of_what_was_written(wire, drive, monkeypatch):
    monkeypatch.setattr(_client, "open_ledger", lambda: (FullDisk(), None))
    wire.expect("POST", TRIGGER, {"device_token": token(1)})
    wire.expect("POST", TRIGGER, {"device_token": token(2)})
    devices = [{"device_token": token(number)} for number in (1, 2, 3)]
    result = drive("connect_update_trigger", devices=devices, trigger_set=True, force=True)
    assert [row["outcome"] for row in result["devices"]][:2] == ["changed", "changed"]


def test_an_outage_leaves_no_trace_in_the_ledger(wire, drive, base, monkeypatch, clock):
    monkeypatch.setattr(_client, "open_ledger", open_ledger)
    wire.expect("POST", TRIGGER, reply=not_sent(), times=6)
    assert drive("connect_update_trigger", device_token=token(1), trigger_set=True, force=True)["failed"]
    wire.expect("POST", TRIGGER, times=3)
    for _each in range(3):
        assert drive("connect_update_trigger", device_token=token(1), trigger_set=True, force=True)["changed"]
    assert clock.now < 1000 + 60


def test_tasks_after_one_another_share_the_calls_of_a_device(wire, drive, base, monkeypatch, clock):
    monkeypatch.setattr(_client, "open_ledger", open_ledger)
    wire.expect("POST", TRIGGER, times=4)
    for _each in range(4):
        assert drive("connect_update_trigger", device_token=token(1), trigger_set=True, force=True)["changed"]
    assert wire.sent[2].at == 1000
    assert 1060 < wire.sent[3].at <= 1061
