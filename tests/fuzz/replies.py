# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies that no honest service sends: a module ends with a result or with a message, never with a traceback, and
never without an end.

Run it from the root of the repository: python -m tests.fuzz.replies --minutes 5
"""

from __future__ import annotations

import copy
import json
import random
import tempfile
from typing import Any

from tests.fuzz.command import command
from tests.fuzz.driving import BASES, ONLINE, Service, drive

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import wire_device, wire_update

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**70, 1e308, "", " ", "0", "true", "\x00", "\ud800", "٣", "x" * 100_000),
    *([], {}, [None], [[]], {"": None}, "2026-05-02", "9999-99-99 99:99:99", "success", "pending"),
)
TEXTS = ("", "{", "null", "[]", "NaN", '{"message": NaN}', "<html>", "\ufeff{}", "[" * 100_000, '{"a":' * 2000, "\x00")
STATUSES = (200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 599, 100, 999)
AFTER = (None, None, "1", "0", "-1", "x", "", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "NaN")


def honest(pick: random.Random, call: Call, comments: list[str]) -> dict[str, Any]:
    """What may be true. C(comments): those of the deployments so far."""
    if call.method != "GET":
        comments += [call.body["metadata"]["comment"]] if "metadata" in call.body else []
        return {"message": "Success"}
    states = ("success", "success", "success", "pending", "failed")
    updates = [wire_update(one, pick.choice(states)) for one in ("x", *comments)][-pick.randrange(1, 3) :]
    held = {"is_update_trigger_set": pick.random() < 0.1, "updates": updates, "device_status": "online"}
    devices = [wire_device(number, **held) for number in range(1, pick.choice((2, 3, 3, 3, 4)))]
    return {"message": devices, "more": False}


def spoilt(pick: random.Random, given: Any) -> Any:
    """With some values replaced, taken out, doubled or wrapped."""
    if pick.random() < 0.08:
        return copy.deepcopy(pick.choice(JUNK))
    if isinstance(given, dict):
        kept = {name: spoilt(pick, value) for name, value in given.items() if pick.random() > 0.04}
        return {**kept, "extra": pick.choice(JUNK)} if pick.random() < 0.05 else kept
    if isinstance(given, list):
        found = [spoilt(pick, value) for value in given if pick.random() > 0.04]
        return found * 2 if pick.random() < 0.05 else found
    return given


def reply(pick: random.Random, call: Call, comments: list[str]) -> Reply:
    chance = pick.random()
    if chance < 0.05:
        raise FateUnknown("The request was sent, and no reply came within 30 s.")
    if chance < 0.1:
        raise NotSent("The request was not sent: the connection was refused.")
    if chance < 0.2:
        return Reply(pick.choice(STATUSES), pick.choice(TEXTS), pick.choice(AFTER))
    text = json.dumps(spoilt(pick, honest(pick, call, comments)))
    if pick.random() < 0.05:
        text = text[: pick.randrange(len(text) + 1)]
    return Reply(pick.choice(STATUSES) if pick.random() < 0.2 else 200, text, pick.choice(AFTER))


def play(seed: int) -> str:
    pick = random.Random(seed)
    name, check, spoils = pick.choice(ONLINE), pick.random() < 0.2, pick.choice((0.02, 0.2, 1.0))

    comments: list[str] = []

    def answer(call: Call) -> Reply:
        if pick.random() < spoils:
            return reply(pick, call, comments)
        return Reply(200, json.dumps(honest(pick, call, comments)))

    service = Service(answer)
    if name == "connect_rollout" and not check:
        return _rollout(service)
    return "refused" if drive(name, service, BASES[name], check=check)["failed"] else "done"


def _rollout(service: Service) -> str:
    """From the plan to the end, which is reached whatever happened before and has a row for each device."""
    with tempfile.TemporaryDirectory() as folder:
        given = {**BASES["connect_rollout"], "evidence_dir": folder, "wait_timeout": 300}
        done = drive("connect_rollout", service, given)
        if done["failed"]:
            return "refused"
        state, devices = done["state"], done["plan"]["counts"]["total"] if done["plan"]["waves"] else 0
        for wave in done["plan"]["waves"]:
            done = drive("connect_rollout", service, {**given, "step": "wave", "wave": wave["name"], "state": state})
            state = done.get("state", state)
        ended = drive("connect_rollout", service, {**given, "step": "end", "state": state, "lost": done["failed"]})
    assert not ended["failed"], ended["msg"]
    rows = {row["device_uuid"] for row in ended["devices"]}
    assert len(rows) == len(ended["devices"]) >= devices, ended["devices"]
    return "refused" if ended["rollout"]["failed"] else "done"


if __name__ == "__main__":
    command(__doc__ or "", play)
