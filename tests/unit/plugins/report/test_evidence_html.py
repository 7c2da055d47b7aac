# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML of a report: whole, self-contained, escaped, accessible. How it looks was looked at in a browser."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import markupsafe
import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import Chain
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.outcome import OUTCOMES
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils import _report as report_package
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.page import SIGNS, render
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.report import as_json, build_report
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.timeline import timeline
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.values import duration
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.evidence_samples import (
    SAMPLES,
    START,
    Script,
    all_well,
    begin,
    canary_failed,
    device,
    died,
    end,
    gate,
    wave,
    window_closed,
)

STYLE = (Path(report_package.__file__).parent / "page.css").read_text(encoding="utf-8").partition("*/")[2]
LIGHT, DARK = (dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in STYLE.split("@media screen")[:2])
FILLS = re.findall(r"^\.?(\w+)\{--c:var\(--\1\)\}", STYLE.replace(" .", "\n."), re.MULTILINE)
VOID = {"meta", "br", "link", "img", "input", "hr"}
EVIL = "<script>alert('kiosk')</script>"


class Page(HTMLParser):
    """Checks that what is opened is closed, in order, and keeps the elements and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _value in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs), list(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), list(self.open)))

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())

    def all(self, tag):
        return [attributes for name, attributes, _inside in self.elements if name == tag]


def page_of(script):
    return Page(render(build_report(Chain.read(script.text))))


PAGES = {name: page_of(make()) for name, make in SAMPLES.items()}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@each_page
def test_nothing_is_loaded_and_nothing_runs(page):
    tags = {tag for tag, _attributes, _inside in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use", "audio"}
    for tag, attributes, _inside in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "href", "srcset", "action", "data", "xlink:href"), (tag, name)
            assert "://" not in (value or ""), (tag, name)
    assert not re.search(r"url\(|@import|expression|://", STYLE)
    (policy,) = [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@each_page
def test_tables_pictures_and_language_are_accessible(page):
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("th")
    assert all(one.get("scope") in ("col", "row") for one in page.all("th"))
    ids = [attributes["id"] for _tag, attributes, _inside in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes, inside in page.elements:
        for name in attributes.get("aria-labelledby", "").split():
            assert name in ids
        if tag == "svg" and "svg" not in inside:
            assert attributes["role"] == "img"
            assert attributes.get("aria-label") or attributes.get("aria-labelledby")
    titles = [inside[-1] for tag, _attributes, inside in page.elements if tag == "title"]
    assert titles.count("svg") >= len([1 for tag, _a, inside in page.elements if tag == "svg" and "svg" not in inside])
    assert [inside[-1] for tag, _attributes, inside in page.elements if tag == "desc"] == ["svg"]


@each_page
def test_headings_begin_with_one_title_and_skip_no_level(page):
    levels = [int(tag[1]) for tag, _attributes, _inside in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_what_a_manager_reads_first():
    well, stopped, closed = (PAGES[name].words for name in ("all-well", "canary-failed", "window-closed"))
    assert "All 200 devices have kiosk_ui 3.2.0; 196 of them since this run." in well
    assert "2 of 60 devices were updated to kiosk_ui 3.2.0: 1 failed, 57 left for later." in stopped
    assert (
        "65 of 141 devices were updated to kiosk_ui 3.2.0: 1 aborted, 1 unknown, 1 timed out, 2 skipped, 71 left"
        in closed
    )
    assert "2026-11-23 01:30 to 03:05, Europe/Paris" in well
    assert well.index("Succeeded") < well.index("Timeline") < well.index("Needs attention") < well.index("Every device")


def test_the_sections_say_what_the_records_say():
    words = PAGES["window-closed"].words
    for said in (
        "Override. By A. Novak, until 2026-11-23 02:50: CHG0031337, urgent payment fix",
        "window closes 02:50",
        "open by override",
        "gate closed",
        "The reply was lost, and the device does not show the deployment.",
        "Another update is pending (winter screens)",
        "failed 0 (limit 0)",
        "tasks/smoke_test.yml",
        "The shop answered with 502 once.",
        "power report",
        "kilowatts",
        "The least possible for this plan was",
        "edgeops.jfrog_connect 0.2.0, ansible-core 2.19.14, zone data 2026b",
    ):
        assert said in words, said
    assert "1 device could not be held again: kiosk-0002." in PAGES["canary-failed"].words


@each_page
def test_every_device_is_in_the_table_once(page):
    inside = [attributes for tag, attributes, path in page.elements if tag == "tr" and path[-2:] == ["table", "tbody"]]
    assert inside
    text = page.words.split("Every device")[1]
    for number in (1, 2, 60):
        assert text.count("kiosk-%04d" % number) == 1


def test_the_head_of_the_chain_is_shown():
    script = canary_failed()
    assert script.records[-1]["hash"] in page_of(script).words


# Escaping


def evil(value):
    """The same data with markup for each text."""
    if isinstance(value, dict):
        return {key: evil(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [evil(entry) for entry in value]
    return EVIL + value if isinstance(value, str) and not re.match(r"\d{4}-|Europe/|[a-z_]+$", value) else value


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_markup_from_outside_stays_text_wherever_it_comes_from(make):
    script = Script()
    for record in make().records:
        script.say(record["event"], 7, **{**evil(record["data"]), EVIL: [EVIL], "note": EVIL})
        script.say(EVIL, 1, msg=EVIL)
    text = render(build_report(Chain.read(script.text)))
    page = Page(text)
    assert "script" not in {tag for tag, _attributes, _inside in page.elements}
    assert EVIL in page.words
    assert text.count(str(markupsafe.escape(EVIL))) > 100


def test_nothing_is_taken_for_a_template():
    script = Script()
    begin(script, [device(1, "{{ 7 * 191 }}", name="{% if %}")], "{{ 7 * 191 }}")
    words = page_of(script).words
    assert "1337" not in words
    assert "{{ 7 * 191 }}" in words
    assert "{% if %}" in words


# Runs of all kinds


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_a_run_that_died_has_a_whole_page_that_says_so(make):
    chains = list(died(make()))
    for chain in chains[:-1:3]:
        assert "The end of this run is not recorded." in Page(render(build_report(chain))).words
    assert "is not recorded" not in Page(render(build_report(chains[-1]))).words


def test_check_mode_and_an_empty_fleet():
    script = Script()
    script.say("run_started", run_id="x", check_mode=True)
    assert "Nothing was changed" in page_of(script).words
    script = Script()
    begin(script, [], "x")
    end(script, "nothing_to_do", "No device is due.", 0)
    words = page_of(script).words
    assert "Nothing was planned, and no device was touched." in words
    assert "= Nothing to do" in words
    assert "No device is due." in words


@pytest.mark.parametrize(
    ("outcome", "code", "word"),
    [
        ("succeeded", None, "Succeeded"),
        ("incomplete", "left_for_later", "Incomplete"),
        ("incomplete", "window_closed", "Window closed"),
        ("stopped", "rollout_failed", "Stopped"),
        ("refused", "conflicts", "Refused"),
        ("something_new", None, "Something new"),
    ],
)
def test_each_outcome_has_its_word(outcome, code, word):
    script = Script()
    begin(script, [device(1, "one")], "x")
    end(script, outcome, "It ended.", 1, code=code)
    assert page_of(script).words.startswith("kiosk_ui 3.2.0 on Kiosks: %s" % word)


def test_more_trouble_than_fits_is_counted():
    script = Script()
    plan = begin(script, [device(number, "one") for number in range(250)], "x")
    fates = {one["name"]: {"status": "failed", "outcome": "failed"} for one in plan["devices"]}
    wave(script, plan, "one", START + timedelta(hours=3), fates, verdict="stop")
    words = page_of(script).words
    assert "250 devices kiosk-0000, kiosk-0001," in words
    assert "240 more" in words
    assert "and 50 more, in the table of every device" in words
    assert words.count("Check its update log") == 1  # what they share is said once


@pytest.mark.parametrize(
    ("zone", "name", "time"),
    [
        ("Asia/Kathmandu", "Asia/Kathmandu", "06:15:00"),
        ("Nowhere/Land", "UTC", "00:30:00"),
        (None, "UTC", "00:30:00"),
    ],
)
def test_times_are_those_of_the_run(monkeypatch, zone, name, time):
    monkeypatch.setenv("TZ", "UTC")
    script = Script()
    script.say("run_started", timezone=zone)
    script.say("planned", 60)
    words = page_of(script).words
    assert "Times are those of %s." % name in words
    assert "2026-11-23 %s" % time in words


# The timeline


def picture_of(script):
    return timeline(build_report(Chain.read(script.text)), None)


def test_bars_lie_where_the_records_say():
    picture = picture_of(all_well())
    assert [row["label"] for row in picture["rows"]] == [
        "The run",
        "canary",
        "early",
        "first floor",
        "second floor",
        "all",
    ]
    ends = []
    for row in picture["rows"][1:]:
        assert [piece["title"].split(":")[0] for piece in row["bars"]] == ["release", "deploy", "hold", "soak"]
        places = [
            (piece["x"], piece["x"] + float(piece["width"].rstrip("%")))
            for piece in row["bars"]
            if "%" in piece["width"]
        ]
        assert all(0 <= start < stop <= 100 for start, stop in places)
        assert all(before[1] <= after[0] + 0.01 for before, after in itertools.pairwise(places))
        ends.append((row["bars"][0]["x"], row["bars"][-1]["x"]))
    assert ends == sorted(ends)


def test_a_wave_is_as_wide_as_it_took():
    script = Script()
    begin(script, [device(1, "one")], "x")
    gate(script, "one", "release", None)
    started = script.now
    script.say("deployed", 600, wave="one", rows=[], started_at=started.isoformat())
    script.say("observed", 300, wave="one", phase="after_soak", devices=[])
    deploy, soak = picture_of(script)["rows"][1]["bars"]
    assert float(deploy["width"][:-1]) == pytest.approx(2 * float(soak["width"][:-1]), abs=0.01)
    assert deploy["x"] + float(deploy["width"][:-1]) == pytest.approx(soak["x"], abs=0.01)
    assert "(10 min)" in deploy["title"]


@pytest.mark.parametrize(("hours", "beyond"), [(1.4, False), (30, True)])
def test_the_close_of_the_window_is_drawn_or_pointed_at(hours, beyond):
    script = Script()
    plan = begin(script, [device(number, "one") for number in range(150)], "x")
    closes = START + timedelta(hours=hours)
    wave(script, plan, "one", closes, {}, soak=2400)
    (closing,) = picture_of(script)["closings"]
    assert closing["lines"] == ([] if beyond else [closing["x"]])
    assert closing["label"].endswith("\N{RIGHTWARDS ARROW}") is beyond


def test_closing_times_do_not_overprint_each_other():
    script = Script()
    begin(script, [device(1, "one")], "x")
    for minutes in (70, 10, 12, 40, 65, 600):  # of zones with windows of their own
        gate(script, "one", "release", START + timedelta(minutes=minutes))
    script.say("wave_ended", 3600, wave="one")
    closings = picture_of(script)["closings"]
    assert len({one["y"] for one in closings}) == len(closings) <= 4
    assert closings[0]["label"] == "windows close 00:40 to 00:42"
    assert closings[-1]["label"].endswith("\N{RIGHTWARDS ARROW}")
    assert sum(len(one["lines"]) for one in closings) == 5
    assert picture_of(script)["top"] > closings[-1]["y"]


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J", "\u202e", "\u2066", "\u200b", "\x85", "\ud800", "\r"])
def test_characters_that_act_on_a_screen_are_shown_as_signs(text):
    script = Script()
    begin(script, [device(1, "one" + text, name="kiosk%sevil" % text)], "x" + text)
    page = render(build_report(Chain.read(script.text)))
    assert text[0] not in page
    assert "kiosk" in page
    assert text[0] not in as_json(build_report(Chain.read(script.text)))


def test_who_and_why_stand_at_the_top():
    script = Script()
    script.say("run_started", timezone="UTC", user="m.dubois", inputs={"deployment_key": "CHG0031337", "soak": None})
    script.say("approved", by="A. Novak", change="CHG-other")
    words = page_of(script).words
    top = words.split("updated in this run", maxsplit=1)[0]
    assert "Change CHG0031337 Started by m.dubois Approved by A. Novak" in top
    assert '{"connect_deployment_key": "CHG0031337"}' in words  # by the names that the user sets


def test_utc_is_said_once_where_the_zone_is_utc():
    for zone, said in (("UTC", False), ("Europe/Paris", True)):
        script = Script()
        script.say("run_started", timezone=zone)
        assert ("00:30:00Z" in page_of(script).words) is said


def test_the_plan_is_said_in_words():
    script = Script()
    script.say(
        "planned",
        plan={
            "counts": {"total": 24, "due": 20, "needed": 20, "skipped": 0, "current": 4},
            "api_calls": {"writes": 41, "reads": 9, "releases": 20, "deployments": 1, "holds": 20, "least": 42},
        },
    )
    words = page_of(script).words
    assert "24 devices: 20 to be updated, 4 already current" in words
    assert "41 writes (20 releases, 1 deployments, 20 holds), about 9 reads" in words
    assert "needed 20" not in words


def test_offline_devices_need_attention_and_what_was_left_is_split_by_reason():
    script = Script()
    offline = [device(number, "one", skip="offline", skip_word="left", online=False) for number in range(14)]
    begin(script, [*offline, device(20, "one"), device(21, "one"), device(22, None, skip="not_in_a_wave")], "x")
    attention = page_of(script).words.split("Needs attention")[1].split("Plan")[0]
    assert "No device does." not in attention
    assert "14 devices kiosk-0000" in attention
    assert "It was offline. Bring it online, then rerun." in attention
    assert "2 devices kiosk-0020, kiosk-0021" in attention
    assert "Its turn did not come in this run." in attention
    assert "No wave selects it." in attention


@pytest.mark.parametrize("seconds", [2, 45, 400, 3600, 40_000, 200_000, 3_000_000, 90_000_000])
def test_there_are_some_ticks_and_not_too_many(seconds):
    script = Script()
    script.say("run_started")
    script.say("power_report", seconds)
    picture = picture_of(script)
    assert 1 <= len(picture["ticks"]) <= 10
    assert [tick["x"] for tick in picture["ticks"]] == sorted({tick["x"] for tick in picture["ticks"]})


def test_one_instant_is_no_picture():
    script = Script()
    script.say("run_started")
    assert picture_of(script) is None
    assert "Timeline" not in page_of(script).words


def test_a_long_wait_for_the_window_is_shown():
    script = Script()
    begin(script, [device(1, "one")], "x")
    script.now += timedelta(minutes=10)
    gate(script, None, "window", None)
    script.say("wave_started", 1, wave="one")
    assert [piece["title"].split(":")[0] for piece in picture_of(script)["rows"][0]["bars"]] == ["plan", "wait"]


# Colours


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(theme):
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in ("page", "card", "tint")]
    pairs += [("closing", "card"), *(("on", fill) for fill in FILLS), *((fill, "card") for fill in FILLS)]
    for text, ground in pairs:
        assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)


def test_light_and_dark_have_the_same_colours_and_each_outcome_one_and_a_sign():
    assert list(LIGHT) == list(DARK)
    assert len(LIGHT) == len(FILLS) + 8
    assert set(OUTCOMES) <= set(FILLS)
    assert set(OUTCOMES) == set(SIGNS)
    assert len(set(SIGNS.values())) == len(OUTCOMES)
    assert set(re.findall(r"var\(--([a-z_]+)\)", STYLE)) <= {*LIGHT, "c"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (630, "10 min"),
        (3600, "1 h"),
        (5430, "1 h 30 min"),
    ],
)
def test_durations_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said


def test_a_page_is_the_same_each_time():
    text = window_closed().text
    assert render(build_report(Chain.read(text))) == render(build_report(Chain.read(text)))
