# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module as command lines, surveys and playbooks send them: each is accepted or refused with its name,
never with a traceback; and what is said as text means the same as what is said as a value.

Run it from the root of the repository: python -m tests.fuzz.options --minutes 5
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

from tests.fuzz.command import command
from tests.fuzz.driving import BASES, Service, drive

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.documentation import documented
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import accepted, page, wire_device

# Half of a surrogate pair stands in JSON text alone: as a value, newer releases of Ansible refuse it themselves.
JUNK: tuple[Any, ...] = (
    *(None, "", " ", "null", "none", "~", "yes", "no", "true", "True", "on", "0", "1", "-1", "1.0", "1e3", "1e400"),
    *(True, False, 0, 1, -1, 3, 1.5, 10**30, float(10**300), "NaN", "Infinity", "٣", "0x10", "1_000", "9" * 5000),
    *(
        [],
        {},
        [None],
        [[]],
        {"": ""},
        "[]",
        "{}",
        "[",
        "{",
        '[{"a": 1}]',
        '{"a": 1}',
        "[" * 5000,
        "a,b",
        "a=1",
        "{{ x }}",
    ),
    *(
        "45m",
        "2h",
        "PT1H",
        "-1h",
        "2027-01-10",
        "2027-01-10T01:00:00Z",
        "\x00",
        '["\\ud800"]',
        "a\nb",
        "x" * 20_000,
        "{{ x }}",
    ),
)
# Values that mean the same: as YAML has them, and as texts of AWX and the command line.
SAME: dict[str, tuple[tuple[Any, ...], ...]] = {
    "bool": ((True, "true", "yes", "True", "on"), (False, "false", "no", "False", "off")),
    "int": ((1, "1"), (20, "20", " 20 ")),
    "float": ((1, "1"), (20.5, "20.5")),
}


OF_ITS_TIME = ("msg", "path", "json_path", "html_path", "state", "text")  # differs between two runs of the same


@cache
def options(name: str) -> dict[str, str]:
    """Their types, by name."""
    said = documented(name)["options"]
    return {option: spec.get("type", "str") for option, spec in said.items() if option != "user_token"}


def _answer(call: Call) -> Reply:
    return accepted() if call.method != "GET" else page([wire_device(1)])


def _ask(name: str, given: dict[str, Any]) -> dict[str, Any]:
    return drive(name, Service(_answer), given, check=True)


def play(seed: int) -> str:
    pick = random.Random(seed)
    name = pick.choice(list(BASES))
    known = options(name)
    if pick.random() < 0.4:
        return _same(pick, name)
    chosen = pick.sample(sorted(known), pick.choice((1, 1, 1, 2, 3)))
    given = {**BASES[name], **{option: pick.choice(JUNK) for option in chosen}}
    result = _ask(name, given)
    if result["failed"] and result.get("code") == "invalid_option":
        assert any(option in result["msg"] for option in known), "no option is named: %s\n%r" % (result["msg"], given)
        assert len(result["msg"]) < 2500, "long: %d %r" % (len(result["msg"]), chosen)
    return "refused" if result["failed"] else "done"


def _same(pick: random.Random, name: str) -> str:
    """Another spelling of the same options is the same task."""
    known, base = options(name), BASES[name]
    option = pick.choice(sorted(known))
    if known[option] in SAME:
        value, *texts = pick.choice(SAME[known[option]])
        one, other = {**base, option: value}, {**base, option: pick.choice(texts)}
    else:
        option = pick.choice([one for one in base if isinstance(base[one], (list, dict))] or [option])
        if option not in base:
            return "done"
        one, other = base, {**base, option: json.dumps(base[option], indent=pick.choice((None, 2)))}
    found = [_ask(name, given) for given in (one, other)]
    first, second = (json.dumps({**each, **dict.fromkeys(OF_ITS_TIME)}, sort_keys=True) for each in found)
    assert found[0]["failed"] == found[1]["failed"], "%s: %s %s" % (option, found[0]["msg"], found[1]["msg"])
    assert found[0]["failed"] or first == second, "%s: %r means something else than %r" % (
        option,
        other[option],
        one.get(option),
    )
    return "refused" if found[0]["failed"] else "done"


if __name__ == "__main__":
    command(__doc__ or "", play)
