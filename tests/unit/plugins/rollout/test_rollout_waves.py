# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cutting a fleet into waves: who is in which, every time the same, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import read_options
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.waves import cut, read_waves, selected
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    kiosk,
    options,
    request,
    uuid,
    uuids,
)

CANARY = {"tag": "canary"}


def kiosks(count: int, **changes: Any) -> list[Any]:
    return [kiosk(number, **changes) for number in range(1, count + 1)]


def names(devices):
    return [device.uuid for device in devices]


def cut_into(waves, devices, seed="s"):
    """The members of each wave, and of none."""
    found, rest = cut(devices, read_waves(waves), seed)
    return [names(wave.devices) for wave in found], names(rest)


@pytest.mark.parametrize(
    ("total", "waves", "sizes", "rest"),
    [
        (100, [1, "5%", "20%", "100%"], [1, 4, 15, 80], 0),
        (100, [10, 30], [10, 20], 70),
        (20, ["1%", "100%"], [1, 19], 0),  # ceil: not a wave without devices
        (3, ["34%", "67%", "100%"], [2, 1, 0], 0),
        (3, ["33.333%", "100%"], [1, 2], 0),
        (7, ["50%"], [4], 3),
        (5, [10, "100%"], [5, 0], 0),
        (5, [4, "20%", "100%"], [4, 0, 1], 0),  # a part of the whole fleet, not of what is left
        (10, ["10%", 1, "100%"], [1, 0, 9], 0),
        (0, [1, "100%"], [0, 0], 0),
        (1, ["0.001%"], [1], 0),
        (200, ["0.5%", "100%"], [1, 199], 0),
        (100, ["7%"], [7], 93),  # in binary, 100 * 0.07 is a little more than 7
        (100, ["29%"], [29], 71),
    ],
)
def test_sizes_are_totals_of_the_whole_fleet(total, waves, sizes, rest):
    found, left = cut_into(waves, kiosks(total))
    assert ([len(members) for members in found], len(left)) == (sizes, rest)


def test_a_device_belongs_to_the_first_wave_that_has_it():
    devices = [kiosk(1, tags=("canary",)), kiosk(2, group="Floor-2", tags=("canary",)), kiosk(3, group="Floor-2")]
    waves = [CANARY, {"groups": ["Floor-2"]}, {"devices": ["kiosk-1", uuid(3)]}, "100%"]
    found, rest = cut_into(waves, [*devices, kiosk(4)])
    assert [sorted(members) for members in found] == [uuids(1, 2), uuids(3), [], uuids(4)]
    assert rest == []


def test_devices_of_other_waves_count_for_a_size_that_comes_after_them():
    devices = [kiosk(number, tags=("canary",) if number < 4 else ()) for number in range(1, 11)]
    found, _rest = cut_into([CANARY, "50%", "100%"], devices)
    assert [len(members) for members in found] == [3, 2, 5]


@pytest.mark.parametrize("by", ["kiosk-2", uuid(2)])
def test_a_list_takes_names_and_uuids(by):
    assert cut_into([{"devices": [by]}], kiosks(3))[0] == [uuids(2)]
    assert cut_into([{"devices": by}], kiosks(3))[0] == [uuids(2)]


def test_groups_may_be_one_text():
    assert cut_into([{"groups": "Floor-1"}], kiosks(1))[0] == [uuids(1)]


def test_without_a_match_a_wave_is_empty_and_says_so_nowhere_else():
    assert cut_into([{"tag": "none"}], kiosks(2)) == ([[]], sorted_by("s", 2))


def sorted_by(seed, total):
    return cut_into(["100%"], kiosks(total), seed)[0][0]


def test_the_order_of_rows_does_not_matter():
    devices = kiosks(50)
    assert cut_into([1, "20%", "100%"], devices) == cut_into([1, "20%", "100%"], devices[::-1])


def test_how_far_it_has_come_does_not_matter():
    done = [kiosk(number, "success", held=False, online=False) for number in range(1, 51)]
    assert cut_into([1, "20%", "100%"], kiosks(50)) == cut_into([1, "20%", "100%"], done)


def test_another_seed_puts_other_devices_first():
    first = {tuple(cut_into([3], kiosks(40), seed)[0][0]) for seed in map(str, range(10))}
    assert len(first) == 10


def test_without_a_seed_the_mark_is_it():
    asked = request(waves=[3, "100%"])
    assert asked.seed == asked.deployment.mark
    assert request(wave_seed="other").seed == "other"


@given(st.integers(2, 60), st.integers(1, 60), st.data())
def test_one_device_more_or_less_moves_others_only_at_the_edges(total, size, data):
    devices = kiosks(total)
    gone = data.draw(st.sampled_from(devices))
    before, _rest = cut_into([size, "100%"], devices)
    after, _rest = cut_into([size, "100%"], [device for device in devices if device is not gone])
    assert len(set(before[0]) - set(after[0]) - {gone.uuid}) == 0
    assert len(set(after[0]) - set(before[0])) <= 1


WAVES = st.lists(
    st.sampled_from([{"tag": "canary"}, {"groups": ["Floor-2"]}, {"devices": ["kiosk-3", "kiosk-4"]}]),
    max_size=3,
    unique_by=str,
)


@given(
    st.lists(st.tuples(st.sampled_from(["Floor-1", "Floor-2"]), st.sampled_from([(), ("canary",)])), max_size=30),
    WAVES,
    st.lists(st.integers(1, 100), min_size=1, max_size=3, unique=True),
    st.text(max_size=3),
)
def test_each_device_is_in_one_wave_and_none_gets_lost(made, first, percents, seed):
    devices = [kiosk(at, group=group, tags=tags) for at, (group, tags) in enumerate(made, 1)]
    found, rest = cut_into([*first, *("%d%%" % percent for percent in sorted(percents))], devices, seed)
    everybody = [member for members in [*found, rest] for member in members]
    assert sorted(everybody) == sorted(names(devices))
    if max(percents) == 100:
        assert rest == []


# What the service can be asked for


@pytest.mark.parametrize(
    ("waves", "selectors"),
    [
        (["50%", "100%"], [None, {}]),
        ([1, 2], [None, None]),
        ([{"devices": ["kiosk-1"]}], [None]),
        ([{"groups": ["A", "B"]}], [{"groups": ["A", "B"]}]),
        (
            [CANARY, "100%"],
            [
                {"filters": [{"type": "tag", "operand": "is", "value": "canary"}]},
                {"filters": [{"type": "tag", "operand": "is_not", "value": "canary"}]},
            ],
        ),
    ],
)
def test_the_selector_of_a_wave(waves, selectors):
    found, _rest = cut(kiosks(4), read_waves(waves), "s")
    assert [wave.selector for wave in found] == selectors


def test_whom_a_selector_reaches():
    devices = [kiosk(1, tags=("canary",)), kiosk(2, group="B", tags=("canary",)), kiosk(3, group="B")]
    tagged = {"filters": [{"type": "tag", "operand": "is", "value": "canary"}]}
    assert selected({}, devices) == set(uuids(1, 2, 3))
    assert selected(tagged, devices) == set(uuids(1, 2))
    assert selected({**tagged, "groups": ["B"]}, devices) == {uuid(2)}


# Reading


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (1, "wave 1 (1)"),
        ("5%", "wave 1 (5%)"),
        (" 5 % ", "wave 1 (5%)"),
        ("2.5%", "wave 1 (2.5%)"),
        ({"size": "20%"}, "wave 1 (20%)"),
        ({"size": 3, "name": " first "}, "first"),
        (CANARY, "wave 1 (canary)"),
        ({"devices": ["a", "b"]}, "wave 1 (2 devices)"),
        (1234567, "wave 1 (1234567)"),
    ],
)
def test_names(entry, name):
    assert read_waves([entry])[0].name == name


@pytest.mark.parametrize(("soak", "seconds"), [("10m", 600), (90, 90), ("0", 0), (0, 0)])
def test_the_soak_of_a_wave(soak, seconds):
    assert read_waves([{"size": 1, "soak": soak}])[0].soak == timedelta(seconds=seconds)


@pytest.mark.parametrize("blank", [None, ""])
def test_without_a_soak_of_its_own_a_wave_has_the_general_one(blank):
    assert read_waves([{"size": 1, "soak": blank}])[0].soak is None


@pytest.mark.parametrize(
    ("waves", "said"),
    [
        ([], "waves is empty"),
        ([0], "waves[0] is 0"),
        (["0%"], "waves[0] is 0%"),
        (["101%"], "waves[0] is 101%"),
        ([-1], "waves[0] is '-1'"),
        ([True], "waves[0] is 'True'"),
        ([1.5], "waves[0] is 1.5: a number of devices is a whole number"),
        (["half"], "waves[0] is 'half'"),
        ([None], "waves[0] is 'None'"),
        (["100%", ""], "waves[1] is ''"),
        ([["5%"]], "waves[0] is"),
        (["1e3"], "waves[0] is '1e3'"),
        ([20, 5], "5 after 20 adds no device"),
        ([5, 5], "5 after 5 adds no device"),
        (["20%", 1, "20%"], "20% after 20% adds no device"),
        ([{"size": 20}, CANARY, {"size": 5}], "5 after 20 adds no device"),
        ([{"size": 1, "name": "a"}, {"size": 2, "name": "a"}], "two of them are called 'a'"),
        ([{"percent": 5}], "waves[0] has 'percent', which is not known"),
        ([{"name": "a"}], "waves[0] has none of these"),
        ([{}], "waves[0] has none of these"),
        ([{"size": 1, "tag": "a"}], "waves[0] has size and tag"),
        ([{"groups": []}], "waves[0] has none of these"),
        ([{"groups": [""]}], "waves[0].groups is not a text"),
        ([{"devices": ["a", 5]}], "waves[0].devices is not a text"),
        ([{"tag": 5}], "waves[0].tag is not a text"),
        ([{"size": False}], "waves[0].size is 'False'"),
        ([{"size": 0}], "waves[0].size is 0"),
        ([{"size": 1, "soak": "soon"}], "waves[0].soak is 'soon'"),
    ],
)
def test_refusals_name_the_wave(waves, said):
    with pytest.raises(InvalidInput) as refused:
        read_waves(waves)
    assert said in refused.value.msg


@pytest.mark.parametrize(
    "given_as", ["1,5%,100%", '[1, "5%", "100%"]', [1, "5%", "100%"], ["1", "5 %", "100%"], "1, 5%, 100%"]
)
def test_every_spelling_of_a_list_is_the_same(given_as):
    assert request(waves=given_as).waves == read_waves([1, "5%", "100%"])


@pytest.mark.parametrize("given_as", [10, "10", "10%"])
def test_one_size_needs_no_list(given_as):
    assert request(waves=given_as).waves == read_waves([given_as])


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_waves_all_devices_are_in_one(blank):
    assert [str(spec.size) for spec in request(waves=blank).waves] == ["100%"]


def test_text_that_is_no_json_is_refused_with_its_place():
    with pytest.raises(InvalidInput, match="waves looks like a JSON list but cannot be read"):
        read_options(options(waves='[1, "5%"'))


def test_a_wave_by_groups_that_are_not_in_the_target_is_refused():
    with pytest.raises(InvalidInput, match=r"waves\[1\]\.groups names 'B', which is not among groups: A"):
        request(all_devices=None, groups=["A"], waves=[{"groups": ["A"]}, {"groups": ["A", "B"]}])
    request(waves=[{"groups": ["A", "B"]}])
