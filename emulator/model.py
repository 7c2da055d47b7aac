# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator stores: devices, their updates, and the deployments of these updates."""

from __future__ import annotations

from dataclasses import dataclass, field

PENDING, IN_PROGRESS, SUCCESS, FAILED, ABORTED = "pending", "in_progress", "success", "failed", "aborted"
STATUSES = (PENDING, IN_PROGRESS, SUCCESS, FAILED, ABORTED)

#: Past values kept for the lagging list. More changes than this within the lag show a slightly newer past.
_HISTORY = 32


def deployment_id(number: int) -> str:
    """``dp-xxxx-xxxx`` for a number of 32 bits."""
    return f"dp-{number >> 16:04x}-{number & 0xFFFF:04x}"


@dataclass(slots=True)
class Deployment:
    """One accepted deploy call (connect-api.md 2.7, 2.8, 3.5). Its id is never sent to a v1 client.

    ``project``, ``user`` and ``token`` (the name of an access token; empty for v1) decide which lists of API v2 show
    it.
    """

    deployment_id: str
    api: str
    flow_id: str
    created: float
    comment: str
    app_name: str | None
    app_version: str | None
    parameters: object
    project: str = ""
    user: str = ""
    token: str = ""
    targets: int = 0

    @property
    def number(self) -> int:
        """The id as an integer, which JFrog's own test has (connect-api.md U10)."""
        return int(self.deployment_id.removeprefix("dp-").replace("-", ""), 16)


@dataclass(slots=True)
class Update:
    """One deployment on one device. Instants are emulated seconds; ``None`` means not yet."""

    update_id: int
    deployment: Deployment
    status: str = PENDING
    started: float | None = None
    due: float = 0.0
    finished: float | None = None
    abort: bool = False

    def status_at(self, instant: float) -> str | None:
        """The status as it was at ``instant``; ``None`` when the update did not exist yet."""
        if self.deployment.created > instant:
            return None
        if self.finished is not None and self.finished <= instant:
            return self.status
        if self.started is not None and self.started <= instant:
            return IN_PROGRESS
        return PENDING


@dataclass(slots=True)
class Device:
    """One device. ``apps`` and ``tags`` are replaced, never changed in place: thousands of devices share them."""

    device_id: int
    uuid: str
    token: str
    name: str
    project: str
    group: str
    phase: float
    tags: tuple[str, ...] = ()
    apps: dict[str, str] = field(default_factory=dict)
    agent_version: str = "6.2"
    online: bool = True
    held: bool = False
    fail: bool | None = None
    update_seconds: float | None = None
    description: str = ""
    address: str = ""
    lat: float | None = None
    lng: float | None = None
    last_beat: float = 0.0
    seen: float = 0.0
    running: Update | None = None
    pending: list[Update] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    history: list[tuple[float, bool, dict[str, str]]] | None = None

    @property
    def ip(self) -> str:
        """An address from the range for benchmarks."""
        return f"198.18.{self.device_id >> 8 & 255}.{self.device_id & 255}"

    def remember(self, at: float) -> None:
        """Store the present hold and app versions as the past, because they change at ``at``."""
        if self.history is None:
            self.history = []
        self.history.append((at, self.held, self.apps))
        del self.history[:-_HISTORY]

    def past(self, instant: float) -> tuple[bool, dict[str, str]]:
        """Hold and app versions as they were at ``instant``."""
        for changed_at, held, apps in self.history or ():
            if changed_at > instant:
                return held, apps
        return self.held, self.apps
