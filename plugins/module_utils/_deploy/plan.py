# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a deployment would do: what each device shows of it, and the calls that follow. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .._service.models import FINISHED, Device, DeviceFilter, Update
from .request import DeployRequest

FAILURES = ("failed", "aborted")

# Plan classes: what a targeted device's own record says about this deployment.
NEEDED = "needed"  # never sent to it
RETRY = "retry"  # failed or aborted, and to be sent again (retry_failed)
CURRENT = "current"  # never sent to it, and it has the app version already
DONE = "done"
IN_FLIGHT = "in_flight"
FAILED = "failed"
ABORTED = "aborted"
CLASSES = (NEEDED, RETRY, CURRENT, DONE, IN_FLIGHT, FAILED, ABORTED)


def marked_updates(device: Device, mark: str) -> list[Update]:
    """The device's updates that carry C(mark) at the start of their comment, oldest first."""
    pattern = re.compile(re.escape(mark) + r"(?![0-9a-z])", re.IGNORECASE)
    return [update for update in device.updates if pattern.match(update.comment.lstrip())]


def state_of(updates: Sequence[Update]) -> str | None:
    """The state that follows from a device's updates with one mark: running beats succeeded, succeeded beats failed.

    The newest alone would not do: a duplicate that was aborted does not undo the one that succeeded.
    """
    states = [update.status for update in updates]
    moving = [state for state in states if state not in FINISHED]  # also one that we do not know
    if moving:
        return moving[-1]
    if "success" in states:
        return "success"
    return states[-1] if states else None


def identities(updates: Sequence[Update]) -> frozenset[str]:
    """What tells updates of one device apart, to recognise a new one."""
    return frozenset(str(update.update_id or (update.scheduled_at, update.comment)) for update in updates)


def classify(device: Device, request: DeployRequest) -> str:
    """The plan class of one targeted device."""
    state = state_of(marked_updates(device, request.mark))
    if state is None:
        has_it = request.app is not None and device.apps.get(request.app[0]) == request.app[1]
        return CURRENT if has_it and not request.include_current else NEEDED
    if state in FAILURES:
        return RETRY if request.retry_failed else state
    return DONE if state == "success" else IN_FLIGHT


def sent_twice(device: Device, mark: str) -> bool:
    """Two updates of one mark that did not fail."""
    return sum(update.status not in FAILURES for update in marked_updates(device, mark)) > 1


@dataclass(frozen=True)
class Sending:
    """One call to the service and the devices it is meant to reach."""

    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True)
class DeployPlan:
    """Every targeted device with its class, and the calls that follow from that."""

    classes: Mapping[str, str]  # by the key of the device
    sendings: tuple[Sending, ...]

    def uuids_by_class(self) -> dict[str, list[str]]:
        return {name: [key for key, found in self.classes.items() if found == name] for name in CLASSES}


def plan_deployment(
    request: DeployRequest,
    scope: Sequence[Device],
    target: Sequence[Device],
    sent_lately: Collection[str] = (),
    is_exact: bool = True,
) -> DeployPlan:
    """Nothing to send when no device needs it; the filter as it is when all do; else as O(resend) says.

    C(scope) are all devices of the groups, or of the project; C(target) those of the wave for which the filters hold;
    C(sent_lately) the keys of devices that this machine sent it to a moment ago; C(is_exact) whether groups and filters
    reach no other device than the target.
    """
    classes = {device.key: classify(device, request) for device in target}
    due = tuple(device for device in target if classes[device.key] in (NEEDED, RETRY))
    # The service applies the filter anew. A device that has the mark but does not match now may match by then; unless
    # it had it as part of another wave, which only a person could change.
    stable = [one for one in request.wave.filters if one.is_stable]
    others_have_it = any(
        device.key not in classes
        and all(one.matches(device) for one in stable)
        and (device.key in sent_lately or marked_updates(device, request.mark))
        for device in scope
    )
    all_due = is_exact and len(due) == len(target) and not others_have_it
    if not due or _too_many_failed(request, classes):
        sendings: tuple[Sending, ...] = ()
    elif request.resend == "all" or all_due:
        sendings = (Sending(request.sent_groups, request.sent_filters, tuple(target)),)
    else:
        # Filters are ANDed, so that one call can name one device at most (connect-api.md 2.7).
        sendings = tuple(Sending((), (DeviceFilter("specific_device", "is", d.uuid),), (d,)) for d in due)
    return DeployPlan(classes, sendings)


def failures_allowed(request: DeployRequest, taking_part: int) -> int:
    """The larger of what O(max_failures) and O(max_failure_percent) allow."""
    return max(request.max_failures, taking_part * request.max_failure_percent // 100)


def _too_many_failed(request: DeployRequest, classes: Mapping[str, str]) -> bool:
    """An earlier run has shown that this deployment goes wrong: the rest is not sent it."""
    found = list(classes.values())
    failed = found.count(FAILED) + found.count(ABORTED)
    return failed > failures_allowed(request, len(found) - found.count(CURRENT))
