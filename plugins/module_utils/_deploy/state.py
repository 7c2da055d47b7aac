# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What is known of a running deployment, device by device, and what follows from it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from .._errors import ConnectError
from .._service.models import FINISHED, Device, Update
from .plan import (
    CURRENT,
    FAILURES,
    DeployPlan,
    Sending,
    failures_allowed,
    identities,
    marked_updates,
    plan_deployment,
    state_of,
)
from .request import DeployRequest

# Whether it was sent to a device in this run.
NO = "no"
YES = "yes"
REFUSED = "refused"  # tried, and certainly not acted on
IN_DOUBT = "in doubt"

GONE = "device_gone"  # the code of a row
MISSES = 2  # complete reads in a row without a device before it counts as gone: a list may be late

FRESH = 20.0  # seconds for which what was read passes for the present: nothing on the service can be locked

SENT_ELSEWHERE = ConnectError(
    "Not sent: another run is sending the same deployment now. Run the task again when that run is over.",
    code="not_sent",
)


@dataclass
class Row:
    """The facts about one targeted device. What is reported of it is derived from them."""

    device: Device  # as last seen
    plan: str
    known: frozenset[str]  # its marked updates before this run sent anything
    sent: str = NO
    trouble: ConnectError | None = None  # why it was refused, or why it is in doubt
    sent_at: float | None = None
    finished_at: float | None = None  # when it was seen to have finished
    misses: int = 0  # reads in a row that did not show the device

    def status(self, mark: str) -> str | None:
        """Of the deployment on the device; of what this run sent, if it sent something."""
        return state_of(self._relevant(mark))

    def shows_a_new_one(self, mark: str) -> bool:
        return bool(identities(marked_updates(self.device, mark)) - self.known)

    def _relevant(self, mark: str) -> list[Update]:
        marked = marked_updates(self.device, mark)
        if self.sent == NO:
            return marked
        return [update for update in marked if identities([update]) - self.known]

    @property
    def is_gone(self) -> bool:
        return self.misses >= MISSES

    @property
    def seconds(self) -> float | None:
        """From the sending in this run until it was seen to have finished."""
        if self.sent_at is None or self.finished_at is None:
            return None
        return round(self.finished_at - self.sent_at, 1)

    @property
    def label(self) -> str:
        return self.device.name or self.device.key


@dataclass
class ReportedRow:
    """One device in RV(devices)."""

    device_uuid: str
    name: str
    group: str
    held: bool | None
    plan: str
    status: str | None
    attempts: int
    seconds: float | None
    outcome: str
    code: str | None
    msg: str | None

    @property
    def label(self) -> str:
        return self.name or self.device_uuid


def reported(row: Row, mark: str) -> ReportedRow:
    """Pure: the outcome that follows from the facts."""
    status = row.status(mark)
    outcome, code, msg = ("changed" if row.sent == YES else "unchanged"), None, None
    if row.sent == IN_DOUBT:
        outcome = "unknown"
    elif row.sent == REFUSED or status in FAILURES:
        outcome = "failed"
    elif row.is_gone and status not in FINISHED and row.sent == YES:
        outcome, code = "failed", GONE
        msg = (
            "The service does not show it any more (%d complete reads in a row): it was deleted or registered anew "
            "after the update was sent. Correct its entry among your devices." % row.misses
        )
    if row.trouble is not None:
        code, msg = row.trouble.code, row.trouble.msg
    elif outcome == "failed" and code is None:
        code = "update_failed"
        msg = "Its update %s. Run the task again with retry_failed: true to send it again." % (
            "was aborted" if status == "aborted" else "failed"
        )
    device = row.device
    return ReportedRow(
        device_uuid=device.uuid,
        name=device.name,
        group=device.group,
        held=device.held,
        plan=row.plan,
        status=status,
        attempts=len(marked_updates(device, mark)),
        seconds=row.seconds,
        outcome=outcome,
        code=code,
        msg=msg,
    )


class Deployment:
    """One run of connect_deploy: the plan, and what is known of each device since."""

    def __init__(
        self,
        request: DeployRequest,
        scope: Sequence[Device],
        target: Sequence[Device],
        sent_lately: Collection[str],
        clock: Callable[[], float],
        read_at: float,
        is_exact: bool,
    ) -> None:
        self.request = request
        self._clock = clock
        self.planned_at = read_at
        self._read_at = read_at  # what a list shows may be as old as the request for its first page
        self._read_took = clock() - read_at
        self.mark = request.mark
        self.plan: DeployPlan = plan_deployment(request, scope, target, sent_lately, is_exact)
        self.calls = 0
        self.warnings: list[str] = []
        self.rows = {
            device.key: Row(device, self.plan.classes[device.key], identities(marked_updates(device, self.mark)))
            for device in target
        }

    def missing(self, devices: Iterable[Device]) -> bool:
        return not self.rows.keys() <= {device.key for device in devices}

    def seen(self, devices: Sequence[Device], read_at: float, whole: bool = False) -> None:
        """Store what a later read shows. Devices that came into the scope later are not ours.

        C(whole): the whole project was read, so a device that is not shown is missing.
        """
        now = self._clock()
        self._read_at, self._read_took = read_at, now - read_at
        for device in devices:
            row = self.rows.get(device.key)
            if row is None:
                continue
            row.device, row.misses = device, 0
            if row.sent == IN_DOUBT and row.shows_a_new_one(self.mark):
                # An earlier run's, if this one sent nothing.
                row.sent, row.trouble = (YES if self.calls else NO), None
            if row.finished_at is None and row.status(self.mark) in FINISHED:
                row.finished_at = now

        shown = {device.key for device in devices}
        for key, row in self.rows.items():
            row.misses += whole and key not in shown

    def is_fresh(self, reads: int) -> bool:
        """Whether the last read is recent, for a fleet of this size and for the C(reads) that one call has cost.


        Where calls are scarce each read delays the sending, so that it would never be recent enough.
        """
        return self._clock() - self._read_at <= max(FRESH * 2**reads, 2 * self._read_took)

    def leave_alone(self, rows: Iterable[Row], doubt: ConnectError) -> None:
        """Send nothing in this run, because of these rows an earlier sending may still show up."""
        not_sent = ConnectError(
            "Not sent: it is unknown whether other devices of the target have the deployment. Run the task again.",
            code="not_sent",
        )
        for sending in self.plan.sendings:
            self.record(sending, REFUSED, not_sent)
        self.plan = replace(self.plan, sendings=())
        for row in rows:
            row.sent, row.trouble = IN_DOUBT, doubt

    def record(self, sending: Sending, sent: str, trouble: ConnectError | None = None) -> None:
        for device in sending.devices:
            row = self.rows[device.key]
            row.sent, row.trouble = sent, trouble
            row.sent_at = self._clock() if sent == YES else None

    def mark_sent_elsewhere(self, sending: Sending) -> None:
        """Another run sent it meanwhile: devices that show it have it, the others are left for the next run."""
        for device in sending.devices:
            row = self.rows[device.key]
            if not row.shows_a_new_one(self.mark):
                row.sent, row.trouble = REFUSED, SENT_ELSEWHERE
        self.warnings.append(
            "Another run sent the deployment %s to %s meanwhile. It was not sent again. Let only one run at a time "
            "work on a device." % (self.mark, self.rows[sending.devices[0].key].label)
        )

    def visible(self, sending: Sending) -> bool:
        """Whether any of its devices shows an update with the mark that it did not show before."""
        return any(self.rows[device.key].shows_a_new_one(self.mark) for device in sending.devices)

    def shows(self) -> bool:
        """Whether what was sent has become visible on any device."""
        return any(row.shows_a_new_one(self.mark) for row in self.sent)

    @property
    def sent(self) -> list[Row]:
        return [row for row in self.rows.values() if row.sent == YES]

    @property
    def taking_part(self) -> list[Row]:
        """Rows of devices that have the deployment, as far as is known."""
        return [row for row in self.rows.values() if row.sent == YES or row.status(self.mark) is not None]

    @property
    def unfinished(self) -> list[Row]:
        return [row for row in self.taking_part if row.status(self.mark) not in FINISHED and not row.is_gone]

    @property
    def broken(self) -> list[Row]:
        return [row for row in self.taking_part if reported(row, self.mark).code == "update_failed"]

    @property
    def failures_allowed(self) -> int:
        return failures_allowed(self.request, sum(row.plan != CURRENT or row.sent != NO for row in self.rows.values()))

    @property
    def gone_wrong(self) -> bool:
        return len(self.broken) > self.failures_allowed

    def settled(self) -> bool:
        """Nothing left to wait for: all have finished, or too many have failed."""
        return self.gone_wrong or not self.unfinished
