# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The rollback: the flow that undoes the update, after a wave has failed."""

from __future__ import annotations

from .._deploy.request import DeployRequest
from .._errors import ConnectError
from .._result import devices_word
from .._service.client import Interrupted
from .._service.deadline import Deadline
from .effects import Effects
from .plan import Plan
from .request import wave_request
from .wave import GONE, UNKNOWN, Rollback, start_rollback

ROLLBACK = "rollback"


async def roll_back(effects: Effects, plan: Plan, rollback: DeployRequest) -> None:
    """Send C(rollback), a deployment of its own, to exactly the devices that this run touched, and hold them."""
    request, state = effects.request, effects.state
    there = [uuid for uuid, fate in state.touched.items() if fate != GONE]
    started = start_rollback(request, plan, there, request.zones, effects.client.now())
    about = {"flow_id": rollback.flow_id, "app": request.options["rollback_app"], "reason": state.msg}
    effects.record("rollback_started", device_uuids=list(started.acting), **about)
    effects.record("gate", wave=ROLLBACK, phase=ROLLBACK, **started.gate.as_result())
    if started.gate.closed:
        state.msg += " %s not rolled back: %s Set connect_rollback_outside_window to roll back anyway." % (
            devices_word(len(started.gate.closed)),
            started.gate.sentence,
        )
    if not started.acting:
        return
    effects.say("rolling back %s" % devices_word(len(started.acting)))
    state.rolled_back.update(dict.fromkeys(started.acting, UNKNOWN))
    try:
        await _send(effects, started, rollback)
    except ConnectError as failure:
        state.msg += " The rollback went wrong: %s" % failure.msg
        if effects.client.interrupted:
            raise Interrupted(effects.client.interrupted) from None
    finally:
        await effects.hold(dict.fromkeys(started.acting, UNKNOWN), phase=ROLLBACK)  # whatever request.after says


async def _send(effects: Effects, started: Rollback, rollback: DeployRequest) -> None:
    state, passed = effects.state, started.gate
    stuck, devices, read_at = await effects.release(list(started.release), passed.not_after, (), phase=ROLLBACK)
    acting = [uuid for uuid in started.acting if uuid not in stuck]
    asked = wave_request(
        rollback,
        {"device_uuids": acting},
        deadline=Deadline(passed.not_after),
        wait_until=passed.status.closes_at if passed.status else None,
    )
    sent = await effects.deploy(asked, (devices, read_at), phase=ROLLBACK) if acting else []
    state.rolled_back.update({row["device_uuid"]: row["status"] or UNKNOWN for row in sent})
    undone = [uuid for uuid in started.acting if state.rolled_back[uuid] == "success"]
    state.msg += " Rolled back %d of %s. To try again, set another connect_deployment_key." % (
        len(undone),
        devices_word(len(started.acting)),
    )
