# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_update_trigger: writes what differs and nothing else, one row per device whatever happens."""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DETAILS,
    TRIGGER,
    limited,
    lost,
    message,
    page,
    refusal,
    token,
    wire_device,
)

NAME = "connect_update_trigger"


def entries(*numbers, **more):
    return [{"device_token": token(number), **more} for number in numbers]


def named(*numbers):
    return [{"device_token": token(n), "device_uuid": "d-%04d" % n, "name": "kiosk-%d" % n} for n in numbers]


def read_one(wire, number, **changes):
    wire.expect("GET", DETAILS, {"device_token": token(number)}, reply=page([wire_device(number, **changes)]))


def outcomes(result):
    return [row["outcome"] for row in result["devices"]]


@pytest.mark.parametrize(("hold", "word"), [(True, "Held"), (False, "Released")])
def test_a_device_that_differs_is_written_once(wire, drive, hold, word):
    read_one(wire, 1, is_update_trigger_set=not hold)
    wire.expect("POST", TRIGGER, {"device_token": token(1), "trigger_set": hold})
    result = drive(NAME, device_token=token(1), trigger_set=hold)
    assert result["changed"]
    assert result["devices"] == [
        {
            "device_uuid": "d-0001",
            "name": "kiosk-1",
            "before": not hold,
            "after": hold,
            "outcome": "changed",
            "code": None,
            "msg": None,
        }
    ]
    assert result["msg"].startswith(word + " 1 device")
    assert result["api_calls"] == {"reads": 1, "writes": 1, "retries": 0, "waited_seconds": 0.0}


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("check", [True, False])
def test_the_second_run_writes_nothing(wire, drive, hold, check):
    read_one(wire, 1, is_update_trigger_set=hold)
    result = drive(NAME, check=check, diff=True, device_token=token(1), trigger_set=hold)
    assert not result["changed"]
    assert outcomes(result) == ["unchanged"]
    assert result["diff"] == {"before": {}, "after": {}}


def test_check_mode_writes_nothing_and_predicts_the_real_run(wire, drive):
    def fleet():
        with wire.any_order():
            read_one(wire, 1, is_update_trigger_set=True)
            read_one(wire, 2)
            read_one(wire, 3)
            wire.expect("GET", DETAILS, {"device_token": token(4)}, reply=refusal("No such device"))

    options = {"devices": entries(1, 2, 3, 4), "trigger_set": True, "verify": False, "diff": True}
    fleet()
    predicted = drive(NAME, check=True, **options)
    assert wire.writes == []
    fleet()
    with wire.any_order():
        wire.expect("POST", TRIGGER, {"device_token": token(2), "trigger_set": True})
        wire.expect("POST", TRIGGER, {"device_token": token(3), "trigger_set": True})
    real = drive(NAME, **options)
    for key in ("changed", "failed", "devices", "summary", "diff", "code"):
        assert predicted[key] == real[key], key
    assert outcomes(real) == ["unchanged", "changed", "changed", "failed"]
    assert predicted["api_calls"]["writes"] == 0


def test_diff_shows_the_devices_that_change_in_words(wire, drive):
    with wire.any_order():
        read_one(wire, 1)
        read_one(wire, 2, is_update_trigger_set=True)
    result = drive(NAME, check=True, diff=True, devices=named(1, 2), trigger_set=True)
    assert result["diff"] == {"before": {"kiosk-1 d-0001": "released"}, "after": {"kiosk-1 d-0001": "held"}}
    assert "diff" not in _without_diff(wire, drive)


def _without_diff(wire, drive):
    read_one(wire, 1)
    return drive(NAME, check=True, device_token=token(1), trigger_set=True)


def test_an_unknown_device_fails_alone_and_the_others_go_on(wire, drive):
    with wire.any_order():
        wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=refusal("device_token is not valid"))
        read_one(wire, 2)
        read_one(wire, 3)
        wire.expect("POST", TRIGGER, {"device_token": token(2)})
        wire.expect("POST", TRIGGER, {"device_token": token(3)})
    result = drive(NAME, devices=entries(1, 2, 3), trigger_set=True)
    assert (result["failed"], result["code"], result["changed"]) == (True, "device_not_found", True)
    assert outcomes(result) == ["failed", "changed", "changed"]
    assert result["summary"] == {"total": 3, "changed": 2, "unchanged": 0, "failed": 1, "unknown": 0}
    assert "devices[0]" in result["msg"]


def test_failures_of_different_kinds_have_a_code_of_their_own(wire, drive):
    read_one(wire, 1)
    with wire.any_order():
        wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=refusal("No such device"))
        wire.expect("POST", TRIGGER, {"device_token": token(1)}, reply=refusal("Trigger is locked"))
    result = drive(NAME, devices=entries(1, 2), trigger_set=True)
    assert result["code"] == "devices_failed"
    assert [(row["code"], row["before"], row["after"]) for row in result["devices"]] == [
        ("request_rejected", False, False),
        ("device_not_found", None, None),
    ]


def test_the_state_of_a_project_is_read_in_pages(wire, drive):
    said = {"project_name": "Kiosks", "group_name": "Floor-1", "device_token": ABSENT, "limit": 50}
    pages = [[wire_device(n, is_update_trigger_set=n != 5) for n in numbers] for numbers in ((1, 2), (3, 4), (5, 6))]
    wire.expect("GET", DETAILS, said, reply=page(pages[0], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4002}, reply=page(pages[1], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4004}, reply=page(pages[2]))
    wire.expect("POST", TRIGGER, {"device_token": token(5)})
    result = drive(NAME, devices=named(1, 2, 3, 4, 5, 6), project="Kiosks", group="Floor-1", trigger_set=True)
    assert outcomes(result) == ["unchanged"] * 4 + ["changed", "unchanged"]


def test_pages_are_read_no_further_than_needed(wire, drive):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True), wire_device(2)], more=True))
    assert not drive(NAME, devices=named(1), project="Kiosks", trigger_set=True)["changed"]


def test_what_the_pages_do_not_show_is_read_one_by_one(wire, drive):
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page([wire_device(1, is_update_trigger_set=True)]))
    with wire.any_order():
        read_one(wire, 2, is_update_trigger_set=True)
        read_one(wire, 3, is_update_trigger_set=True)
    result = drive(NAME, devices=[*named(1, 2), *entries(3)], project="Kiosks", trigger_set=True)
    assert outcomes(result) == ["unchanged"] * 3


def test_without_a_uuid_a_device_is_read_by_its_token_and_no_page_is(wire, drive):
    read_one(wire, 2, is_update_trigger_set=True)
    result = drive(NAME, devices=entries(2, name="kiosk-1"), project="Kiosks", trigger_set=True)
    assert [(row["device_uuid"], row["name"]) for row in result["devices"]] == [("d-0002", "kiosk-1")]


def test_a_token_of_another_device_is_not_written(wire, drive):
    with wire.any_order():
        wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(7)]))
        read_one(wire, 2)
        wire.expect("POST", TRIGGER, {"device_token": token(2)})
    result = drive(NAME, devices=named(1, 2), trigger_set=True)
    assert (result["failed"], result["code"]) == (True, "device_mismatch")
    assert [(row["device_uuid"], row["outcome"]) for row in result["devices"]] == [
        ("d-0001", "failed"),
        ("d-0002", "changed"),
    ]
    assert "d-0007" in result["devices"][0]["msg"]


@pytest.mark.parametrize("flag", [None, "perhaps", 2])
def test_a_state_that_is_not_told_is_written_with_a_warning_and_reported_as_changed(wire, drive, flag):
    read_one(wire, 1, is_update_trigger_set=flag)
    wire.expect("POST", TRIGGER, {"trigger_set": True})
    result = drive(NAME, device_token=token(1), trigger_set=True)
    assert (result["changed"], result["devices"][0]["before"], result["devices"][0]["after"]) == (True, None, True)
    assert "not known for certain" in result.warnings[0]


def test_force_writes_without_reading_and_without_a_warning(wire, drive):
    with wire.any_order():
        wire.expect("POST", TRIGGER, {"device_token": token(1)})
        wire.expect("POST", TRIGGER, {"device_token": token(2)})
    result = drive(NAME, devices=named(1, 2), project="Kiosks", trigger_set=False, force=True)
    assert result["changed"]
    assert [(row["before"], row["after"]) for row in result["devices"]] == [(None, False)] * 2
    assert result.warnings == []


# Writing


def test_a_lost_reply_to_a_hold_is_repeated(wire, drive):
    read_one(wire, 1)
    wire.expect("POST", TRIGGER, {"device_token": token(1)}, reply=lost())
    wire.expect("POST", TRIGGER, {"device_token": token(1)})
    result = drive(NAME, device_token=token(1), trigger_set=True)
    assert outcomes(result) == ["changed"]
    assert result["api_calls"]["retries"] == 1


def test_a_hold_whose_replies_all_get_lost_is_not_known(wire, drive):
    read_one(wire, 1)
    wire.expect("POST", TRIGGER, reply=lost(), times=6)
    result = drive(NAME, device_token=token(1), trigger_set=True)
    assert (result["failed"], result["code"], result["changed"]) == (True, "outcome_unknown", True)
    assert (result["devices"][0]["outcome"], result["devices"][0]["after"]) == ("unknown", None)


def test_a_429_to_a_write_is_waited_out(wire, drive, clock):
    read_one(wire, 1)
    wire.expect("POST", TRIGGER, reply=limited())
    wire.expect("POST", TRIGGER)
    assert outcomes(drive(NAME, device_token=token(1), trigger_set=True)) == ["changed"]
    assert clock.now == 1061


def test_verify_reads_back_and_confirms(wire, drive):
    read_one(wire, 1)
    wire.expect("POST", TRIGGER)
    read_one(wire, 1, is_update_trigger_set=True)
    assert not drive(NAME, device_token=token(1), trigger_set=True, verify=True)["failed"]


def test_verify_fails_for_a_device_that_did_not_obey(wire, drive, clock):
    with wire.any_order():
        for number in (1, 2):
            read_one(wire, number)
            wire.expect("POST", TRIGGER, {"device_token": token(number)})
        read_one(wire, 1)
        read_one(wire, 2, is_update_trigger_set=True)
    for _each in range(6):
        read_one(wire, 1)
    result = drive(NAME, devices=named(1, 2), trigger_set=True, verify=True, device_calls_per_minute=0)
    assert (result["failed"], result["code"], result["changed"]) == (True, "verify_failed", True)
    assert [(row["outcome"], row["after"]) for row in result["devices"]] == [("failed", False), ("changed", True)]
    assert clock.now == 1097


def test_verify_is_patient_with_a_list_that_is_late(wire, drive):
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page([wire_device(1)]))
    wire.expect("POST", TRIGGER)
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page([wire_device(1)]))
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    result = drive(NAME, devices=named(1), project="Kiosks", trigger_set=True, verify=True)
    assert (result["failed"], outcomes(result), result["devices"][0]["after"]) == (False, ["changed"], True)


def wrong_token(wire, hold, *before, times=7):
    """The token of device 7 stands beside the UUID of device 1: the pages show that 1 does not obey."""
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(before))
    wire.expect("POST", TRIGGER, {"device_token": token(7), "trigger_set": hold})
    after = [wire_device(7, is_update_trigger_set=hold), wire_device(1, is_update_trigger_set=not hold)]
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(after), times=times)
    wire.expect("GET", DETAILS, {"device_token": token(7)}, reply=page(after[:1]))
    return {
        "devices": [{**named(1)[0], "device_token": token(7)}],
        **{"project": "Kiosks", "trigger_set": hold, "verify": True, "device_calls_per_minute": 0},
    }


@pytest.mark.parametrize("hold", [True, False])
def test_a_token_under_the_uuid_of_another_device_is_found_and_undone(wire, drive, hold):
    pair = [wire_device(7, is_update_trigger_set=not hold), wire_device(1, is_update_trigger_set=not hold)]
    given = wrong_token(wire, hold, *pair)
    wire.expect("POST", TRIGGER, {"device_token": token(7), "trigger_set": not hold})
    result = drive(NAME, **given)
    (row,) = result["devices"]
    assert (result["failed"], row["code"], row["after"]) == (True, "device_mismatch", not hold)
    was, again = ("held", "released") if hold else ("released", "held")
    assert "kiosk-7 (d-0007), which was %s by mistake, and is %s again" % (was, again) in row["msg"]
    assert "kiosk-1" in result["msg"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ([wire_device(7, is_update_trigger_set=True)], "which is held as before"),
        ([], "how it was before is not known, so check it"),
    ],
)
def test_another_device_that_did_not_change_or_was_not_seen_is_left_as_it_is(wire, drive, before, said):
    given = wrong_token(wire, True, *before, wire_device(1))
    (row,) = drive(NAME, **given)["devices"]
    assert row["code"] == "device_mismatch"
    assert said in row["msg"]


def test_another_device_that_cannot_be_put_back_is_named(wire, drive):
    given = wrong_token(wire, True, wire_device(7), wire_device(1))
    wire.expect("POST", TRIGGER, {"trigger_set": False}, reply=refusal("No."))
    (row,) = drive(NAME, **given)["devices"]
    assert row["code"] == "device_mismatch"
    assert "kiosk-7 (d-0007), which is held by mistake and could not be put back: " in row["msg"]


@pytest.mark.parametrize("answer", [page([wire_device(1, is_update_trigger_set=None)]), refusal("No such device")])
def test_verify_says_when_it_could_not_read(wire, drive, answer):
    read_one(wire, 1)
    wire.expect("POST", TRIGGER)
    wire.expect("GET", DETAILS, reply=answer, times=7)
    result = drive(NAME, device_token=token(1), trigger_set=True, verify=True, device_calls_per_minute=0)
    assert (result["code"], result["changed"]) == ("unobservable", True)
    assert (result["devices"][0]["outcome"], result["devices"][0]["after"]) == ("unknown", None)


def test_verify_in_check_mode_reads_once(wire, drive):
    read_one(wire, 1)
    assert drive(NAME, check=True, device_token=token(1), trigger_set=True, verify=True)["changed"]


def test_verify_reads_nothing_when_nothing_was_written(wire, drive):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    result = drive(NAME, devices=named(1), project="Kiosks", trigger_set=True, verify=True)
    assert result["api_calls"]["reads"] == 1


def test_every_device_has_exactly_one_row_in_the_order_given_whatever_happens_to_it(wire, drive):
    fates = [
        page([wire_device(1, is_update_trigger_set=True)]),
        page([wire_device(2)]),
        refusal("No such device"),
        page([wire_device(4, is_update_trigger_set=None)]),
        refusal("Nonsense"),
        page([wire_device(99)]),
        page([]),
        Reply(404, "<html>"),
        page([wire_device(9)]),
        page([wire_device(10)]),
    ]
    with wire.any_order():
        for number, fate in enumerate(fates, start=1):
            wire.expect("GET", DETAILS, {"device_token": token(number)}, reply=fate)
        wire.expect("POST", TRIGGER, {"device_token": token(2)})
        wire.expect("POST", TRIGGER, {"device_token": token(4)}, reply=message("Whatever"))
        wire.expect("POST", TRIGGER, {"device_token": token(9)}, reply=lost(), times=6)
        wire.expect("POST", TRIGGER, {"device_token": token(10)}, reply=limited("1"), times=4)
    # The whole list, shuffled: the order given is the order of the rows.
    numbers = [1, 10, 3, 9, 5, 2, 7, 8, 4, 6]
    result = drive(NAME, devices=named(*numbers), trigger_set=True, device_calls_per_minute=0)
    assert [row["device_uuid"] for row in result["devices"]] == ["d-%04d" % number for number in numbers]
    by_uuid = {row["device_uuid"]: row["outcome"] for row in result["devices"]}
    assert [by_uuid["d-%04d" % number] for number in range(1, 11)] == [
        "unchanged",
        "changed",
        "failed",
        "changed",
        "failed",
        "failed",
        "failed",
        "failed",
        "unknown",
        "failed",
    ]
    counted = Counter(outcomes(result))
    assert result["summary"] == {"total": 10, **{word: counted[word] for word in list(result["summary"])[1:]}}


def test_verify_reads_a_write_of_unknown_fate_too(wire, drive):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("POST", TRIGGER, reply=lost(), times=6)
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    result = drive(NAME, device_token=token(1), trigger_set=True, verify=True, device_calls_per_minute=0)
    assert (result["failed"], result["devices"][0]["outcome"]) == (False, "changed")
