# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What one step of a rollout hands to the next: one mapping without tokens."""

from __future__ import annotations

import base64
import binascii
import json
import typing as t
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._errors import InvalidInput
from .plan import Member, Plan, PlannedWave
from .thresholds import Counts


@dataclass
class State:
    """How far the run is. UUIDs are the keys of each mapping."""

    run_id: str
    evidence: str  # the path of its records
    plan: Plan | None = None
    fixed: dict[str, str] = field(default_factory=dict)  # as in RolloutRequest.fixed, when it was planned
    read_at: float = 0.0  # when the fleet was read for the plan, on a clock that all processes of the machine share
    done: list[str] = field(default_factory=list)  # waves that have ended
    touched: dict[str, str] = field(default_factory=dict)  # what became of the devices that this run touched
    untouched: dict[str, str] = field(default_factory=dict)  # "skipped" or "left"
    rows: dict[str, dict[str, t.Any]] = field(default_factory=dict)  # the last of the release or the deployment
    after: dict[str, dict[str, t.Any]] = field(default_factory=dict)  # how the device was read last
    open: dict[str, str] = field(default_factory=dict)  # why it could not be held after its wave
    rolled_back: dict[str, str] = field(default_factory=dict)  # the status of the flow that rolls back
    counts: Counts = field(default_factory=Counts)
    code: str | None = None  # the verdict that ends the rollout
    msg: str = ""

    @property
    def seconds(self) -> list[float]:
        """What the updates of this run took that succeeded."""
        return [row["seconds"] for row in self.rows.values() if row.get("seconds") and row.get("status") == "success"]

    def stop(self, code: str, msg: str) -> None:
        """A verdict that stands is not replaced by what went wrong after it."""
        self.code, self.msg = self.code or code, "%s %s" % (self.msg, msg) if self.msg else msg

    def as_result(self) -> dict[str, t.Any]:
        """Packed into one text: Ansible takes seconds to copy a mapping with a row for each of 10,000 devices."""
        plan = self.plan and {
            **vars(self.plan),
            "members": [list(vars(member).values()) for member in self.plan.members],
        }
        known = {**vars(self), "plan": plan}
        packed = zlib.compress(json.dumps(known, separators=(",", ":"), default=vars).encode("utf-8"), 1)
        return {"run_id": self.run_id, "code": self.code, "packed": base64.b64encode(packed).decode("ascii")}

    @classmethod
    def read(cls, given: Mapping[str, t.Any]) -> State:
        """Raises InvalidInput."""
        try:
            known = json.loads(zlib.decompress(base64.b64decode(given["packed"])))
            return cls(**{**known, "plan": _plan(known["plan"]), "counts": Counts(**known["counts"])})
        except (KeyError, TypeError, ValueError, zlib.error, binascii.Error):
            raise InvalidInput("state is not what an earlier step of connect_rollout returned as state.") from None


def _plan(given: Mapping[str, t.Any] | None) -> Plan | None:
    if given is None:
        return None
    waves = (PlannedWave(**{**one, "device_uuids": tuple(one["device_uuids"])}) for one in given["waves"])
    lists = {name: tuple(given[name]) for name in ("secret_parameters", "conflicts", "refused", "leftovers")}
    members = tuple(Member(*one) for one in given["members"])
    return Plan(**{**given, **lists, "waves": tuple(waves), "members": members})
