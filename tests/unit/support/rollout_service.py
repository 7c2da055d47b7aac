# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service in a few lines, and the modules that a rollout calls: what is pure in them is theirs, not the rest."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import Sending
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DeployRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.result import report_of
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.state import (
    IN_DOUBT,
    REFUSED,
    YES,
    Deployment,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError, FateUnknown, Rejected
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import fleet as _fleet
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.deadline import Deadline, TooLate
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import FINISHED, Device, Update
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_device
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import APP, NEW, NIGHT, OLD


class Killed(BaseException):
    """The process ends here. Not an Exception, so that nothing can catch it."""


class TaskFailed(Exception):
    """A task fails as Ansible would see it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Sent:
    number: int
    comment: str
    status: str = "pending"
    started: datetime | None = None


@dataclass
class Kiosk:
    uuid: str
    zone: str = "UTC"
    group: str = "A"
    tags: tuple[str, ...] = ()
    held: bool | None = True
    online: bool = True
    version: str = OLD
    ends: str = "success"  # how an update ends on it
    takes: int = 60  # seconds that one needs
    tracked: bool = True  # its token is known
    is_its_own: bool = False  # its application holds and releases it
    updates: list[Sent] = field(default_factory=list)

    def model(self) -> Device:
        return model_device(
            int(self.uuid[2:]),
            held=self.held,
            online=self.online,
            group=self.group,
            tags=self.tags,
            apps={APP: self.version},
            updates=tuple(Update(one.number, one.status, "", one.comment, None) for one in self.updates),
        )


class Listener:
    """What a schedule hears of at the moment when it happens. C(at_work) is called before and after each call."""

    def at_work(self) -> None:
        pass

    def heard(self, what: str, uuid: str) -> None:
        pass

    def meanwhile(self) -> None:
        pass


class Service:
    def __init__(self, chance: random.Random, kiosks: Iterable[Kiosk]) -> None:
        self.chance = chance
        self.kiosks = {kiosk.uuid: kiosk for kiosk in kiosks}
        self.now = NIGHT
        self.faults = 0.0  # how likely a call goes wrong
        self.slow = 5  # seconds that a call may take
        self.listener = Listener()
        self._number = 0

    def clock(self) -> float:
        return (self.now - NIGHT).total_seconds()

    def pass_time(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=int(seconds))
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=20))
            self.listener.meanwhile()
            self._work()
        self._work()

    def _work(self) -> None:
        for kiosk in self.kiosks.values():
            for one in kiosk.updates:
                busy = any(other.status == "in_progress" for other in kiosk.updates)
                if one.status == "pending" and kiosk.online and kiosk.held is False and not busy:
                    one.status, one.started = "in_progress", self.now
                done = one.started and (self.now - one.started).total_seconds() >= kiosk.takes
                if one.status == "in_progress" and kiosk.online and done and kiosk.ends in FINISHED:
                    one.status = kiosk.ends
                    kiosk.version = NEW if kiosk.ends == "success" and one.comment.startswith("ans-") else kiosk.version

    def send(self, kiosk: Kiosk, comment: str) -> None:
        self._number += 1
        kiosk.updates.append(Sent(self._number, comment))

    def _goes_wrong(self) -> bool:
        return self.chance.random() < self.faults

    def _call(self, act: Callable[[], None], deadline: Deadline) -> ConnectError | None:
        """One write, which may be too late, be refused, or get lost before or after it was processed."""
        self.pass_time(self.chance.randint(0, self.slow))
        try:
            deadline.check(self.now)
        except TooLate as late:
            return late
        self.listener.at_work()
        fault = self.chance.choice(("refused", "lost", "processed")) if self._goes_wrong() else None
        if fault in (None, "processed"):
            act()
        self.listener.at_work()
        if fault is None:
            return None
        return Rejected("no") if fault == "refused" else FateUnknown("lost")

    # connect_device_info

    def look(self) -> list[Device]:
        self.listener.at_work()
        if self._goes_wrong():
            raise TaskFailed("no_reply")
        return [kiosk.model() for kiosk in self.kiosks.values()]

    def read(self) -> list[dict[str, Any]]:
        return [_fleet._as_result(device) for device in self.look()]

    # connect_update_trigger

    def trigger(self, uuids: Collection[str], hold: bool, not_after: str | None = None, verify: bool = False) -> Any:
        deadline = Deadline.read({"not_after": not_after})
        rows = []
        for uuid in uuids:
            kiosk, row = self.kiosks[uuid], {"device_uuid": uuid, "name": uuid, "outcome": "changed", "code": None}
            rows.append({**row, "msg": None})
            if verify and kiosk.held is hold:
                rows[-1]["outcome"] = "unchanged"
                continue

            def act(kiosk: Kiosk = kiosk) -> None:
                kiosk.held = hold
                self.listener.heard("hold" if hold else "release", kiosk.uuid)

            failure = self._call(act, deadline)
            if failure is not None:
                outcome = "unknown" if isinstance(failure, FateUnknown) else "failed"
                rows[-1].update(outcome=outcome, code=failure.code, msg=failure.msg)
            if verify and outcome_open(rows[-1]) and kiosk.held is hold:
                rows[-1].update(outcome="changed", code=None)
        troubled = [row for row in rows if outcome_open(row)]
        return {"devices": rows, **({"code": "devices_failed"} if troubled else {})}

    # connect_deploy

    def deploy(self, params: Mapping[str, Any]) -> dict[str, Any]:
        request = DeployRequest.read(params)
        devices = self.look()
        scope = [device for device in devices if not request.sent_groups or device.group in request.sent_groups]
        listed = request.wave.device_uuids
        reached = [device for device in scope if all(one.matches(device) for one in request.sent_filters)]
        target = [device for device in reached if listed is None or device.uuid in listed]
        if not target:
            raise TaskFailed("empty_target")
        run = Deployment(request, scope, target, (), self.clock, self.clock(), len(target) == len(reached))
        self._send(run)
        verdict = None if run.settled() else self._wait(run)
        return report_of(run, {}, verdict, False).as_result(False)

    def _send(self, run: Deployment) -> None:
        ended: ConnectError | None = None
        for sending in run.plan.sendings:
            failure = ended or self._call(lambda reached=sending: self._reach(run, reached), run.request.deadline)
            if failure is None or isinstance(failure, FateUnknown):
                run.calls += 1
            ended = failure if isinstance(failure, TooLate) else None
            if failure is None:
                run.put_down(sending, YES)
            else:
                run.put_down(sending, IN_DOUBT if isinstance(failure, FateUnknown) else REFUSED, failure)
        if run.calls:
            self._look(run)

    def _reach(self, run: Deployment, sending: Sending) -> None:
        self.listener.heard("call", "")
        for kiosk in self.kiosks.values():
            device = kiosk.model()
            fits = all(one.matches(device) for one in sending.filters)
            if fits and (not sending.groups or kiosk.group in sending.groups):
                self.send(kiosk, run.request.marked_comment)
                self.listener.heard("send", kiosk.uuid)

    def _look(self, run: Deployment) -> None:
        try:
            run.seen(self.look(), self.clock())
        except TaskFailed:
            pass

    def _wait(self, run: Deployment) -> ConnectError | None:
        longest = float(run.request.wait_timeout)
        if run.request.wait_until is not None:
            longest = min(longest, (run.request.wait_until - self.now).total_seconds())
        deadline = self.clock() + longest
        while True:
            self._look(run)
            if run.settled():
                return None
            left = deadline - self.clock()
            if left <= 0:
                return ConnectError("Not finished.", code="still_running")
            self.pass_time(min(run.request.wait_interval, left))


def outcome_open(row: Mapping[str, Any]) -> bool:
    return row["outcome"] in ("failed", "unknown")
