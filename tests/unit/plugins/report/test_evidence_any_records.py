# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of any records: one row for each device of the plan, no exception, and no more than linear work."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import Chain
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.outcome import OUTCOMES
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.page import render
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.report import as_json, build_report
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.values import mapping, mappings, text
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.evidence_samples import (
    START,
    Script,
    begin,
    canary_failed,
    device,
    iso,
    uuid,
    wave,
    window_closed,
)

CLOSES = START + timedelta(hours=3)
EVENTS = (
    *("run_started", "planned", "gate", "released", "held", "deployed", "observed", "judged", "soaked", "hook"),
    *("rollback_started", "wave_started", "wave_ended", "failed", "run_ended", "power_report"),
)
OTHERS = (
    *("api_calls", "counts", "limits", "total", "override", "inputs", "app", "result", "seconds", "need_seconds"),
    *("remaining_seconds", "msg", "notes", "reason", "verdict", "timezone", "outcome", "run_id", "project"),
    *("check_mode", "failed", "summary", "event"),
)

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
)
uuids = st.one_of(st.sampled_from([uuid(number) for number in range(1, 6)]), scalars)
names = st.sampled_from(["one", "two", "rollback", "", None, 7])
devices_ = st.fixed_dictionaries(
    {},
    optional={
        "device_uuid": uuids,
        "name": st.one_of(st.sampled_from(["kiosk-0001", "<b>", ""]), scalars),
        "wave": names,
        "class": st.one_of(st.sampled_from(["needed", "current", "done", "failed", "in_flight"]), scalars),
        "skip": st.sampled_from([None, "offline", "", 3]),
        "plan": st.sampled_from(["needed", "done", None]),
        "status": st.one_of(st.sampled_from(["success", "failed", "aborted", "in_progress", None]), anything),
        "outcome": st.one_of(st.sampled_from(["changed", "unchanged", "failed", "unknown"]), anything),
        "code": st.one_of(st.sampled_from(["window_closed", None]), scalars),
        "msg": anything,
        "before": anything,
        "after": st.one_of(st.booleans(), anything),
        "held": anything,
        "online": anything,
        "version": anything,
        "attempts": anything,
        "seconds": anything,
    },
)
lists = st.one_of(st.lists(devices_, max_size=6), anything)
edges = [iso(START), iso(CLOSES), "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
times = st.one_of(st.sampled_from(edges), anything)
waves = st.one_of(st.lists(devices_, max_size=3), anything)
plans = st.fixed_dictionaries({"devices": lists}, optional={"waves": waves, "conflicts": lists, "windows": anything})
datas = st.fixed_dictionaries(
    {},
    optional={
        "wave": st.one_of(names, anything),
        "phase": st.one_of(st.sampled_from(["release", "deploy", "rollback", "after_soak", "end"]), anything),
        "open": anything,
        "rows": lists,
        "devices": lists,
        "device_uuids": st.one_of(st.lists(uuids, max_size=3), anything),
        "closed_devices": st.one_of(st.lists(uuids, max_size=3), anything),
        "left_open": anything,
        "plan": st.one_of(plans, anything),
        **dict.fromkeys(("started_at", "ended_at", "closes_at", "opened_at", "next_opening"), times),
        **dict.fromkeys(OTHERS, anything),
    },
)


def planned_keys(records):
    """Each device of the plans once: by its UUID, or else by its name, or else by itself."""
    keys = {}
    for record in records:
        if record["event"] == "planned":
            for place, one in enumerate(mappings(mapping(record["data"].get("plan")).get("devices"))):
                keys[text(one.get("device_uuid")) or text(one.get("name")) or ("nameless", place)] = None
    return list(keys)


@given(st.lists(st.tuples(st.sampled_from(EVENTS), datas, st.integers(0, 4000)), max_size=12), st.integers(0, 12))
@settings(max_examples=100)
def test_any_records_give_one_row_for_each_device_of_the_plan(steps, cut):
    script = Script()
    for event, data, seconds in steps:
        script.say(event, seconds, **data)
    chain = Chain.read(script.text)
    assert chain.faults == (() if steps else ("line 1: there is no record in it.",))
    for records in (chain.records, chain.records[:cut]):
        report = build_report(Chain(records, ()))
        rows = report["devices"]
        assert len(rows) == len(planned_keys(records))
        assert {row["outcome"] for row in rows} <= set(OUTCOMES)
        assert all(row["reason"] for row in rows)
        assert report["totals"]["total"] == len(rows) == sum(report["totals"].values()) - len(rows)
        json.loads(as_json(report))
        assert render(report).endswith("</html>\n")


@given(st.data())
def test_a_real_run_with_records_taken_out_has_one_row_each(data):
    records = data.draw(st.sampled_from([canary_failed(), window_closed()])).records
    kept = [record for record in records if data.draw(st.integers(0, 9)) or record["event"] == "planned"]
    report = build_report(Chain(tuple(kept), ()))
    assert len(report["devices"]) == len({row["device_uuid"] for row in report["devices"]}) == len(planned_keys(kept))


# Cost


def lines_run(total):
    """How many lines of Python a report of so many devices takes: a measure that no other load on the machine moves."""
    script = Script()
    devices = [device(number, "wave-%d" % (number % 5)) for number in range(total)]
    plan = begin(script, devices, "large")
    for name in sorted({one["wave"] for one in devices}):
        wave(script, plan, name, CLOSES, {})
    chain = Chain(tuple(script.records), ())
    count = 0

    def trace(_frame, _event, _argument):
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        page = render(build_report(chain))
    finally:
        sys.settrace(None)
    return count, len(page)


def test_ten_times_the_devices_cost_ten_times_as_much_and_no_more():
    (small, small_page), (large, large_page) = lines_run(300), lines_run(3000)
    assert large < 11 * small
    assert large_page < 11 * small_page


def test_a_page_of_ten_thousand_devices_is_of_acceptable_size():
    devices = [device(number, "one") for number in range(10_000)]
    script = Script()
    plan = begin(script, devices, "large")
    wave(script, plan, "one", CLOSES, {})
    report = build_report(Chain.read(script.text))
    assert len(report["devices"]) == 10_000
    page = render(report)
    assert len(page.encode()) < 8_000_000
    assert all(one["name"] in page for one in devices[::500])
