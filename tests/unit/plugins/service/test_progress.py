# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a task at work: one clean line at a time, and counts every ten seconds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.progress import VARIABLE, Progress
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.apply import apply_trigger
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.service.test_faults import World
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.trigger.test_intentions import request
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import Clock, run_on

START = datetime(2026, 11, 23, 1, 30, tzinfo=timezone.utc)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "lines"
    path.touch()
    return path


def progress(file, clock):
    began = clock()
    return Progress(str(file), lambda: START + timedelta(seconds=clock() - began), clock)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kiosk\x1b[2J\x1b[31m PLAY RECAP", "kiosk [2J [31m PLAY RECAP"),
        ("one\rtwo\r\nok: [localhost]", "one two ok: [localhost]"),
        ("zero\x00width\u202eesrever", "zero width esrever"),
        ("Gerät 東京", "Gerät 東京"),
    ],
)
def test_a_line_is_one_line_and_commands_no_terminal(file, text, shown):
    progress(file, Clock()).say(text)
    assert file.read_text(encoding="utf-8") == "01:30:00Z %s\n" % shown


def test_text_that_cannot_be_written_costs_nothing_but_the_line(file):
    progress(file, Clock()).say("\ud800 lone")
    assert file.read_text(encoding="utf-8") == "01:30:00Z lone\n"


def test_without_a_reader_nothing_is_composed(monkeypatch, clock):
    monkeypatch.delenv(VARIABLE, raising=False)
    silent = Progress.shown()
    silent.say("a")
    clock.now += 100
    silent.say_counts(lambda: pytest.fail("asked"))


def test_a_reader_that_went_away_is_not_created_again(file, clock):
    gone = progress(file, clock)
    file.unlink()
    gone.say("a")
    assert not file.exists()


def test_counts_come_every_ten_seconds_and_not_right_after_another_line(file, clock):
    lines = progress(file, clock)
    for _second in range(25):
        clock.now += 1
        lines.say_counts(lambda: "counts")
        if clock.now == 1015:
            lines.say("other")
    assert file.read_text(encoding="utf-8").splitlines() == ["01:30:10Z counts", "01:30:15Z other", "01:30:25Z counts"]


def test_counts_say_until_when_others_wait(file, clock):
    lines = progress(file, clock)
    lines.say_wait(61, "the limit")
    for seconds in (10, 60):
        clock.now += seconds
        lines.say_counts(lambda: "counts")
    assert file.read_text(encoding="utf-8").splitlines() == [
        "01:30:00Z waiting 61 s, until 01:31:01Z: the limit",
        "01:30:10Z counts; waiting until 01:31:01Z",
        "01:31:10Z counts",
    ]


def test_a_long_hold_says_how_far_it_is(file):
    """Ten at a time, an eighth of a second each: 15 seconds for 1,200."""
    world = World(size=1200)
    wanted = request(world, True, range(1200), force=True)
    unknown = [replace(entry, token="t-unknown-%d" % at) for at, entry in enumerate(wanted.entries[500:503])]
    wanted = replace(wanted, entries=(*wanted.entries[:500], *unknown, *wanted.entries[503:]))
    client = world.client(300)
    client.waits.progress = progress(file, world.clock)
    run_on(world.clock, apply_trigger(wanted, client, dry=False))
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [re.fullmatch(r"01:30:1\dZ held 7\d\d of 1200, 3 failed", line) is not None for line in lines] == [True]


def test_a_long_reading_says_how_far_it_is(file):
    world = World(size=900)
    client = world.client(300)
    client.waits.progress = progress(file, world.clock)
    run_on(world.clock, apply_trigger(request(world, False, range(900), project=None), client, dry=False))
    assert "read 7" in file.read_text(encoding="utf-8")
