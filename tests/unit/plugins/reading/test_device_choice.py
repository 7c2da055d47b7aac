# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which devices hold, release and reconcile act on, from lists, inventory groups, names and limits."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleError, AnsibleFilterError

from ansible_collections.edgeops.jfrog_connect.plugins.filter.device_choice import device_choice
from ansible_collections.edgeops.jfrog_connect.plugins.filter.inventory_devices import inventory_devices
from ansible_collections.edgeops.jfrog_connect.plugins.filter.strict_bool import strict_bool


class Encrypted(dict):
    """Variables of a host whose token was encrypted with another password."""

    def get(self, key, default=None):
        if key == "connect_device_token":
            raise AnsibleError("Decryption failed")
        return super().get(key, default)


def host(number, **more):
    return {"connect_device_token": "t-%d" % number, "connect_device_uuid": " D-000%d\r" % number, **more}


HOSTVARS = {
    "k1": host(1, connect_timezone="Asia/Tokyo"),
    "k2": host(2, connect_timezone=""),
    "k3": host(3, connect_device_token=None),
    "k4": Encrypted(connect_device_uuid="d-0004"),
}
GROUPS = {"kiosks": ["k1", "k2", "k3", "k4"], "paris": ["k2"], "all": [*HOSTVARS]}
LISTED = [{"device_token": "t-1", "device_uuid": "d-0001", "name": "one"}, {"device_token": "t-2", "name": "two"}]


def chosen(limit=None, **given):
    found = device_choice(given, GROUPS, HOSTVARS, limit)
    return [one["device_token"] for one in found["devices"]], found["without_token"]


def test_hosts_without_a_token_are_named_all_at_once_and_the_others_served():
    assert chosen(inventory_group="kiosks") == (["t-1", "t-2"], ["k3", "k4"])


def test_a_host_is_a_device():
    (device,) = device_choice({"inventory_group": "kiosks", "only": "k1"}, GROUPS, HOSTVARS)["devices"]
    assert device == {"device_token": "t-1", "device_uuid": "d-0001", "name": "k1", "timezone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    "only",
    ["k1, d-0002", "k1\r\nd-0002\n", '["k1", "d-0002"]', ["k1", "d-0002"], " D-0001 , k2", ["d-0001", "k1", "k2"]],
)
def test_only_names_devices_by_name_or_uuid(only):
    assert chosen(inventory_group="kiosks", only=only) == (["t-1", "t-2"], [])


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_blank_means_not_given(blank):
    assert chosen(inventory_group="kiosks", only=blank, devices=blank, limit=blank)[0] == ["t-1", "t-2"]
    with pytest.raises(AnsibleFilterError, match="No devices are given: set connect_devices"):
        chosen(inventory_group=blank, devices=blank)


def test_a_token_of_another_device_that_cannot_be_decrypted_does_not_matter():
    assert chosen(inventory_group="kiosks", only="k1") == (["t-1"], [])


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        ("localhost,k1", (["t-1"], [])),
        ("paris", (["t-2"], [])),
        ("kiosks:!k1:!k2:!k4", ([], ["k3"])),
        ("!k2", (["t-1"], ["k3", "k4"])),
        ("~k[12]", (["t-1", "t-2"], [])),
        ("", (["t-1", "t-2"], ["k3", "k4"])),
    ],
)
def test_hosts_outside_of_the_limit_are_not_devices_of_the_run(limit, found):
    assert chosen(limit, inventory_group="kiosks") == found


def test_a_limit_may_come_from_a_file(tmp_path):
    retry = tmp_path / "maintenance_window.retry"
    retry.write_text("k2\nk3\n")
    assert chosen("@%s" % retry, inventory_group="kiosks") == (["t-2"], ["k3"])
    assert device_choice({"inventory_group": "all"}, GROUPS, HOSTVARS, "@%s" % retry)["device_uuids"] == [
        "d-0002",
        "d-0003",
    ]


def test_several_groups_are_one_fleet():
    assert chosen(inventory_group="paris, kiosks") == (["t-2", "t-1"], ["k3", "k4"])


@pytest.mark.parametrize("spelled", [LISTED, json.dumps(LISTED), "\ufeff" + json.dumps(LISTED)])
def test_a_list_of_devices(spelled):
    assert chosen(devices=spelled) == (["t-1", "t-2"], [])
    assert chosen(devices=spelled, only="two") == (["t-2"], [])
    assert chosen(limit="localhost", devices=spelled)[0] == ["t-1", "t-2"]  # they are no hosts


def test_a_listed_device_without_a_token_does_not_keep_the_others():
    assert chosen(devices=[*LISTED, {"device_uuid": "d-9", "device_token": ""}]) == (["t-1", "t-2"], ["d-9"])


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"inventory_group": "kiosk"}, ["connect_inventory_group names 'kiosk'", "did you mean kiosks?"]),
        ({"inventory_group": "kiosks", "only": "k1, k99"}, ["connect_only names 'k99', which is not among"]),
        ({"inventory_group": "kiosks", "only": "k98,k99"}, ["'k98', 'k99', which are not among"]),
        ({"inventory_group": "kiosks", "only": []}, ["connect_only names no device"]),
        ({"inventory_group": "kiosks", "only": [1.5]}, ["connect_only[0] is the number 1.5", "put it in quotes"]),
        ({"inventory_group": "kiosks", "limit": "localhost"}, ["kiosks has no host that --limit leaves"]),
        ({"devices": "kiosk-0001"}, ["connect_devices is not a list; accepted: a list of mappings with device_token"]),
        ({"devices": [{"device_token": 12345}]}, ["connect_devices[0].device_token is", "put it in quotes"]),
        ({"devices": [{"tokn": "hush"}]}, ["connect_devices[0].tokn is not known", "device_token"]),
        ({"devices": "[" * 50_000}, ["connect_devices looks like a JSON list", "nested too deeply"]),
    ],
)
def test_what_names_nothing_is_refused(given, parts):
    with pytest.raises(AnsibleFilterError) as refused:
        chosen(**given)
    for part in parts:
        assert part in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "12345" not in str(refused.value)


def test_the_plain_filter_names_all_hosts_without_a_token():
    with pytest.raises(AnsibleFilterError, match=r"no connect_device_token that can be read: k3, k4\."):
        inventory_devices(GROUPS["kiosks"], HOSTVARS)
    assert [one["name"] for one in inventory_devices(["k1"], HOSTVARS)] == ["k1"]


@pytest.mark.parametrize("given", ["y", "true ", "Yes ", "t", "ON", 1, True])
def test_a_word_for_true(given):
    assert strict_bool(given, "connect_report_only") is True


def test_what_is_no_truth_value_is_refused():
    with pytest.raises(AnsibleFilterError, match="connect_report_only is 'yess'; accepted: true or false"):
        strict_bool("yess", "connect_report_only")
    assert [strict_bool(blank, "x", True) for blank in (None, "", " ")] == [True, True, True]
    assert strict_bool(False, "x", True) is False
