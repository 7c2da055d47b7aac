# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the machine remembers of its calls: in a private file, and each task in memory; the user is told what fails."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import journal as _journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import (
    ASK_AGAIN,
    FORGET_AFTER,
    NOBODY,
    SETTLE,
    Journal,
    service_of,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    TRIGGER,
    deploy_request,
    lost,
    not_sent,
    page,
    refusal,
    token,
    wire_device,
    wire_update,
)

SHARED = vars(Journal)["shared"]  # before the fixture drive replaces it
HOLD = "connect_update_trigger"
SEND = "connect_deploy"
MARK = deploy_request().mark


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def remembering(base, drive, monkeypatch):
    """As drive, but each run finds what the one before has left on this machine."""
    monkeypatch.setattr(Journal, "shared", SHARED)
    return drive


def take(journal, who="somebody"):
    return journal.take_slot(who, 1, 0.0, 60.0)[0] != NOBODY


def folder_in(base: Path) -> Path:
    return base / ("edgeops-jfrog-connect-%d" % os.getuid())


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_the_user_can_read_the_folder(base, umask):
    before = os.umask(umask)
    try:
        journal = Journal.shared("scope")
    finally:
        os.umask(before)
    journal.close()
    assert journal.warnings == []
    assert stat.S_IMODE(folder_in(base).stat().st_mode) == 0o700
    assert (folder_in(base) / "journal.sqlite").is_file()


def test_two_tasks_share_it_and_two_services_do_not(base):
    one, other, elsewhere = Journal.shared("a"), Journal.shared("a"), Journal.shared("b")
    assert [take(one), take(other), take(elsewhere)] == [True, False, True]
    one.note({"x": "held"}, 5.0)
    assert (other.noted("x", 7.0), elsewhere.noted("x", 7.0)) == (("held", 2.0), None)
    for journal in (one, other, elsewhere):
        journal.close()


def test_what_was_remembered_before_a_reboot_does_not_count(base, monkeypatch):
    before = Journal.shared("a")
    assert take(before)
    monkeypatch.setattr(_journal, "_boot_id", lambda: "another boot")
    after = Journal.shared("a")
    assert take(after)
    before.close()
    after.close()


def test_the_temporary_folder_is_used_unless_another_one_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("CONNECT_STATE_DIR", raising=False)
    monkeypatch.setattr(_journal.tempfile, "gettempdir", lambda: str(tmp_path))
    Journal.shared("a").close()
    assert folder_in(tmp_path).is_dir()


def readable_by_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


def a_link(folder: Path) -> None:
    target = folder.parent / "elsewhere"
    target.mkdir(mode=0o700)
    folder.symlink_to(target)


def a_file(folder: Path) -> None:
    folder.write_text("")


@pytest.mark.parametrize("prepare", [readable_by_others, a_link, a_file])
def test_a_folder_that_is_not_what_it_should_be_is_not_used(base, prepare):
    prepare(folder_in(base))
    journal = Journal.shared("a")
    assert "CONNECT_STATE_DIR" in journal.warnings[0]
    assert take(journal)
    journal.close()


def test_a_folder_of_another_user_is_not_used(base, monkeypatch):
    somebody = os.getuid() + 1
    monkeypatch.setattr(_journal.os, "getuid", lambda: somebody)
    journal = Journal.shared("a")
    assert "private folder" in journal.warnings[0]
    journal.close()


def test_a_folder_that_is_not_there_is_not_made(base, monkeypatch):
    monkeypatch.setenv("CONNECT_STATE_DIR", str(base / "gone"))
    journal = Journal.shared("a")
    assert "CONNECT_STATE_DIR" in journal.warnings[0]
    assert not (base / "gone").exists()
    journal.close()


def test_notes_are_replaced_forgotten_and_not_kept_for_ever():
    journal = Journal()
    journal.note({"a": "one", "b": "one"}, 0.0)
    journal.note({"a": "two"}, 10.0)
    assert (journal.noted("a", 12.0), journal.noted("b", 12.0)) == (("two", 2.0), ("one", 12.0))
    journal.forget(["a"])
    assert journal.noted("a", 12.0) is None
    journal.note({"c": "three"}, FORGET_AFTER + 1)
    assert journal.noted("b", FORGET_AFTER + 1) is None


def test_names_and_tokens_are_not_in_the_file(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = Journal(str(path), "https://SECRET.example")
    journal.take_slot("device " + token(1), 1, 0.0, 60.0)
    journal.note({"trigger " + token(1): "held"}, 0.0)
    journal.close()
    assert b"SECRET" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


# A file that fails


class Time:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def time_of_file():
    return Time()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(_journal, "BUSY", 0.01)


@contextlib.contextmanager
def held_by_another(file):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


def three_slots(journal, now=0.0):
    return [journal.take_slot("kiosk", 3, now, now + 60.0)[0] for _each in range(3)]


def test_what_a_task_did_goes_on_counting_while_another_one_holds_the_file(file, impatient, time_of_file):
    journal = Journal(str(file), clock=time_of_file)
    three_slots(journal)
    journal.note({"kiosk": "held"}, 0.0)
    with held_by_another(file):
        assert journal.take_slot("kiosk", 3, 1.0, 61.0) == (NOBODY, 59.0)
        assert journal.noted("kiosk", 1.0) == ("held", 1.0)
        assert journal.take_slot("other", 3, 1.0, 61.0)[0] != NOBODY
        journal.note({"other": "released"}, 1.0)
        journal.forget(["kiosk"])
    assert "expect 429s" in journal.warnings[0]
    assert len(journal.warnings) == 1
    journal.close()


def test_what_a_task_did_without_the_file_is_in_it_later(file, impatient, time_of_file):
    journal = Journal(str(file), clock=time_of_file)
    slot = three_slots(journal)[0]
    journal.note({"kiosk": "held", "gone": "held"}, 0.0)
    with held_by_another(file):
        late = journal.take_slot("other", 1, 1.0, 61.0)[0]
        journal.note({"other": "released"}, 1.0)
        journal.forget(["gone"])
        journal.keep_slot_until(slot, 90.0)
    time_of_file.now = ASK_AGAIN
    journal.keep_slot_until(late, 70.0)
    second = Journal(str(file), clock=time_of_file)
    assert second.take_slot("other", 1, 2.0, 62.0) == (NOBODY, 68.0)
    assert second.take_slot("kiosk", 1, 2.0, 62.0) == (NOBODY, 88.0)
    assert [second.noted(what, 2.0) for what in ("kiosk", "other", "gone")] == [
        ("held", 2.0),
        ("released", 1.0),
        None,
    ]
    for one in (journal, second):
        one.close()


def test_a_busy_file_is_asked_for_again_only_after_a_while(file, impatient, time_of_file, monkeypatch):
    journal = Journal(str(file), clock=time_of_file)
    three_slots(journal)
    opened = []
    real = _journal._open
    monkeypatch.setattr(_journal, "_open", lambda path: opened.append(path) or real(path))
    with held_by_another(file):
        for _each in range(50):
            journal.noted("kiosk", 1.0)
        assert len(opened) == 0
        time_of_file.now = ASK_AGAIN
        journal.noted("kiosk", 1.0)
        assert len(opened) == 1
    journal.close()


def test_a_file_that_is_busy_at_the_start_is_used_later(file, impatient, time_of_file):
    Journal(str(file)).note({"x": "held"}, 0.0)
    with held_by_another(file):
        journal = Journal(str(file), clock=time_of_file)
        three_slots(journal)
        assert journal.noted("x", 1.0) is None
    time_of_file.now = ASK_AGAIN
    assert journal.noted("x", 1.0) == ("held", 1.0)
    assert Journal(str(file)).take_slot("kiosk", 3, 1.0, 61.0)[0] == NOBODY


def no_database(file):
    file.write_bytes(b"no database, but long enough to look like the header of one\n" * 40)


def other_columns(file):
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE slots (number INTEGER PRIMARY KEY, whose TEXT)")
    database.close()


def other_values(file):
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE slots (id INTEGER PRIMARY KEY, who TEXT, frees_at REAL)")
    values = [(Journal()._key("kiosk"), None)] * 3
    database.executemany("INSERT INTO slots (who, frees_at) VALUES (?, ?)", values)
    database.commit()
    database.close()


def broken_pages(file):
    journal = Journal(str(file))
    for number in range(200):
        journal.note({str(number): "held"}, 0.0)
    journal.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)


@pytest.mark.parametrize("broken", [no_database, other_columns, other_values, broken_pages])
def test_a_broken_file_is_moved_aside_and_made_anew_once_with_a_loud_warning(file, broken):
    broken(file)
    journal = Journal(str(file))
    three_slots(journal)
    assert journal.take_slot("kiosk", 3, 1.0, 61.0)[0] == NOBODY
    assert len(journal.warnings) == 1
    assert str(file) in journal.warnings[0]
    assert "made anew" in journal.warnings[0]
    assert file.with_name(file.name + ".broken").exists()
    second = Journal(str(file))
    assert second.take_slot("kiosk", 3, 1.0, 61.0)[0] == NOBODY
    assert second.warnings == []
    for one in (journal, second):
        one.close()


def test_a_file_that_breaks_while_a_task_uses_it_gets_what_the_task_did(file):
    journal = Journal(str(file))
    three_slots(journal)
    journal.note({"kiosk": "held"}, 0.0)
    journal._file.close()
    journal._file = None
    no_database(file)
    assert journal.take_slot("kiosk", 3, 1.0, 61.0)[0] == NOBODY
    second = Journal(str(file))
    assert (second.noted("kiosk", 1.0), second.take_slot("kiosk", 3, 1.0, 61.0)[0]) == (("held", 1.0), NOBODY)


def test_two_tasks_that_find_it_broken_renew_it_once(file):
    no_database(file)
    one, other = Journal(str(file)), Journal(str(file))
    other._inode = file.stat().st_ino  # it has opened the broken one
    three_slots(one)
    other._renew(str(file), sqlite3.DatabaseError("broken"))
    assert other.take_slot("kiosk", 3, 1.0, 61.0)[0] == NOBODY
    assert len(one.warnings) == len(other.warnings) == 1


def test_a_second_break_is_not_mended_again(file, monkeypatch):
    def broken(_path):
        raise sqlite3.DatabaseError("database disk image is malformed")

    journal = Journal(str(file))
    memory = journal._own
    monkeypatch.setattr(_journal, "_open", broken)
    assert len(set(three_slots(journal))) == 3
    assert journal._own is memory
    assert len(journal.warnings) == 2
    assert "expect 429s" in journal.warnings[1]


@pytest.mark.parametrize("limit", [3, 0])
def test_a_file_that_fails_half_way_costs_a_warning_and_no_row(wire, drive, monkeypatch, tmp_path, limit):
    class FullDisk(Journal):
        changes = 3

        def _in_file(self, work):
            self.changes -= 1
            if self.changes < 0:
                self._tell_alone(sqlite3.OperationalError("database or disk is full"))
                return None
            return super()._in_file(work)

    file = str(tmp_path / "journal.sqlite")
    monkeypatch.setattr(Journal, "shared", classmethod(lambda _class, scope: FullDisk(file, scope)))
    with wire.any_order():
        for number in (1, 2, 3):
            wire.expect("POST", TRIGGER, {"device_token": token(number)})
    devices = [{"device_token": token(number)} for number in (1, 2, 3)]
    result = drive(HOLD, devices=devices, trigger_set=True, force=True, device_calls_per_minute=limit)
    assert [row["outcome"] for row in result["devices"]] == ["changed"] * 3
    assert any("disk is full" in text and "CONNECT_STATE_DIR" in text for text in result.warnings)


def test_a_journal_may_be_used_from_several_threads_and_not_after_its_end(file):
    journal = Journal(str(file))
    taken = []

    def take_one():
        taken.append(journal.take_slot("kiosk", 40, 0.0, 60.0)[0])

    work = [threading.Thread(target=take_one) for _each in range(50)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert (len({slot for slot in taken if slot != NOBODY}), taken.count(NOBODY)) == (40, 10)
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.note({"x": "held"}, 1.0)


# Whose calls are counted together


SAME = {
    "connect": [
        "https://connect.example",
        "https://CONNECT.example",
        "https://connect.example.",
        "https://connect.example:443",
        "https://Connect.Example.:443",
    ],
    "this machine": [
        "http://localhost:8080",
        "http://LOCALHOST:8080",
        "http://localhost.:8080",
        "http://127.0.0.1:8080",
        "http://127.1:8080",
        "http://0x7f000001:8080",
        "http://[::1]:8080",
        "http://[0:0:0:0:0:0:0:1]:8080",
        "http://[::ffff:127.0.0.1]:8080",
    ],
    "plain": ["http://connect.example", "http://connect.example:80"],
    "another port": ["https://connect.example:8443"],
    "an address": ["https://192.0.2.1", "https://192.0.2.1:443"],
    "a name with letters of its own": [
        "https://b\u00fccher.example",
        "https://B\u00dcCHER.example",
        "https://xn--bcher-kva.example",
    ],
}


def test_each_service_has_one_name_however_it_is_spelled():
    named = {what: {service_of(url) for url in urls} for what, urls in SAME.items()}
    assert all(len(names) == 1 for names in named.values()), named
    assert len(set.union(*named.values())) == len(SAME)


@pytest.mark.parametrize("urls", SAME.values(), ids=SAME)
def test_one_service_has_one_budget_however_it_is_spelled(base, urls):
    journals = [Journal.shared(url) for url in urls]
    assert [take(journal) for journal in journals] == [True] + [False] * (len(urls) - 1)
    for journal in journals:
        journal.close()


def test_a_temporary_folder_that_differs_splits_the_budget_and_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("CONNECT_STATE_DIR", raising=False)
    usual, own = tmp_path / "usual", tmp_path / "own"
    usual.mkdir()
    own.mkdir()
    monkeypatch.setattr(_journal, "USUAL", usual)
    monkeypatch.setattr(_journal.tempfile, "gettempdir", lambda: str(own))
    assert Journal.shared("a").warnings == []  # no other task has used the usual folder
    monkeypatch.setattr(_journal.tempfile, "gettempdir", lambda: str(usual))
    assert Journal.shared("a").warnings == []
    monkeypatch.setattr(_journal.tempfile, "gettempdir", lambda: str(own))
    (warning,) = Journal.shared("a").warnings
    assert str(usual) in warning
    assert "CONNECT_STATE_DIR" in warning
    os.utime(folder_in(usual) / "journal.sqlite", (0, 0))
    assert Journal.shared("a").warnings == []  # not lately


# From one task to the next


def test_tasks_after_one_another_share_the_calls_of_a_device(wire, remembering, clock):
    wire.expect("POST", TRIGGER, times=4)
    for _each in range(4):
        assert remembering(HOLD, device_token=token(1), trigger_set=True, force=True)["changed"]
    assert wire.sent[2].at == 1000
    assert 1060 < wire.sent[3].at <= 1061


def test_an_outage_leaves_no_trace(wire, remembering, clock):
    wire.expect("POST", TRIGGER, reply=not_sent(), times=6)
    assert remembering(HOLD, device_token=token(1), trigger_set=True, force=True)["failed"]
    wire.expect("POST", TRIGGER, times=3)
    for _each in range(3):
        assert remembering(HOLD, device_token=token(1), trigger_set=True, force=True)["changed"]
    assert clock.now < 1060


@pytest.mark.parametrize(("later", "writes"), [(0, 1), (SETTLE - 1, 1), (SETTLE + 1, 0)])
def test_a_list_that_contradicts_a_write_of_a_moment_ago_is_not_believed(wire, remembering, clock, later, writes):
    wire.expect("POST", TRIGGER, {"trigger_set": True})
    remembering(HOLD, device_token=token(1), trigger_set=True, force=True)
    clock.now += later
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=False)]))
    wire.expect("POST", TRIGGER, {"trigger_set": False}, times=writes)
    result = remembering(HOLD, device_token=token(1), trigger_set=False)
    assert result["changed"] is bool(writes)
    assert bool(result.warnings) is bool(writes)


def test_a_list_that_confirms_a_write_of_a_moment_ago_is_believed(wire, remembering):
    wire.expect("POST", TRIGGER, {"trigger_set": True})
    remembering(HOLD, device_token=token(1), trigger_set=True, force=True)
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    assert not remembering(HOLD, device_token=token(1), trigger_set=True)["changed"]


def look(wire, status=None, times=1):
    updates = [wire_update(MARK, status)] if status else []
    wire.expect("GET", DETAILS, reply=page([wire_device(1, updates=updates)]), times=times)


def send_unseen(wire, run, reply=None):
    """A first run whose deployment does not show within its patience of a minute."""
    look(wire)
    wire.expect("POST", DEPLOY, reply=reply)
    look(wire, times=6)
    return run(SEND, **SMALLEST[SEND])


@pytest.mark.parametrize("reply", [None, lost()], ids=["accepted", "lost"])
@pytest.mark.parametrize("check", [False, True])
def test_the_second_run_waits_for_a_list_that_is_late_instead_of_sending_again(wire, remembering, reply, check):
    assert send_unseen(wire, remembering, reply)["changed"]
    look(wire, times=2)
    look(wire, "pending")
    result = remembering(SEND, check=check, **SMALLEST[SEND])
    assert (result["failed"], result["changed"], result["plan"]["in_flight"]) == (False, False, ["d-0001"])


def test_a_second_run_that_may_not_wait_says_that_it_does_not_know(wire, remembering):
    send_unseen(wire, remembering)
    look(wire)
    result = remembering(SEND, **SMALLEST[SEND], retry_budget=0)
    assert (result["failed"], result["code"]) == (True, "outcome_unknown")
    assert "sent again" in result["msg"]
    assert len(wire.writes) == 1


def test_what_never_showed_is_sent_again_only_after_two_minutes(wire, remembering, clock):
    send_unseen(wire, remembering)
    look(wire, times=6)
    wire.expect("POST", DEPLOY)
    look(wire, "pending")
    assert remembering(SEND, **SMALLEST[SEND])["changed"]
    first, second = (one.at for one in wire.writes)
    assert second - first >= SETTLE


def test_a_refused_sending_leaves_no_trace(wire, remembering, clock):
    look(wire)
    wire.expect("POST", DEPLOY, reply=refusal("Flow is locked"))
    assert remembering(SEND, **SMALLEST[SEND])["failed"]
    look(wire)
    wire.expect("POST", DEPLOY)
    look(wire, "pending")
    assert remembering(SEND, **SMALLEST[SEND])["changed"]
    assert clock.now == 1000


def test_a_process_that_is_killed_while_sending_leaves_a_trace(wire, remembering):
    look(wire)
    wire.expect("POST", DEPLOY, reply=OSError("killed"))
    with pytest.raises(OSError, match="killed"):
        remembering(SEND, **SMALLEST[SEND])
    look(wire, times=2)
    look(wire, "pending")
    assert not remembering(SEND, **SMALLEST[SEND])["changed"]


def test_another_deployment_is_not_held_up_by_it(wire, remembering, clock):
    send_unseen(wire, remembering)
    before = clock.now
    look(wire)
    wire.expect("POST", DEPLOY)
    mark = deploy_request(deployment_key="other").mark
    wire.expect("GET", DETAILS, reply=page([wire_device(1, updates=[wire_update(mark)])]))
    assert remembering(SEND, **SMALLEST[SEND], deployment_key="other")["changed"]
    assert clock.now == before


def test_a_release_that_may_land_late_is_held_again_although_the_list_says_held(wire, remembering):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    wire.expect("POST", TRIGGER, {"trigger_set": False}, reply=lost(), times=6)
    released = remembering(HOLD, device_token=token(1), trigger_set=False, device_calls_per_minute=0)
    assert released["devices"][0]["outcome"] == "unknown"
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    wire.expect("POST", TRIGGER, {"trigger_set": True})
    held = remembering(HOLD, device_token=token(1), trigger_set=True, device_calls_per_minute=0)
    assert (held["changed"], held["devices"][0]["before"]) == (True, None)


def test_what_another_task_noted_meanwhile_cannot_be_claimed():
    journal = Journal()
    journal.note({"a": "one"}, 10.0)
    assert not journal.claim({"a": "two", "b": "two"}, since=9.0, now=11.0)
    assert journal.noted("b", 11.0) is None  # all or nothing
    assert journal.claim({"a": "two", "b": "two"}, since=10.0, now=11.0)
    assert journal.noted("a", 11.0) == ("two", 0.0)
