# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of a rollout: what the playbook said, what reached the emulator, and what the evidence says of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

RELEASE, SEND, HOLD = "release", "send", "hold"
TRIGGER, DEPLOY = "/v1/set_update_trigger", "/deploy_update"


def instant(seconds: float) -> str:
    """So many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def once(name: str, start: float, end: float) -> dict[str, str]:
    """A window, or a blackout, from so many seconds from now until so many."""
    return {"name": name, "from": instant(start), "to": instant(end)}


def each(names: Iterable[str], *statuses: str) -> dict[str, list[str]]:
    """As Rollout.updates shows it."""
    return {name: list(statuses) for name in names}


def kiosks(*numbers: int) -> list[str]:
    return ["kiosk-%04d" % number for number in numbers]


def epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def _acted_on(entry: dict[str, Any]) -> bool:
    return 200 in (entry["status"], entry.get("landed")) or entry["fault"] in ("drop_after", "error_after")


@dataclass(frozen=True)
class Step:
    """A write that was acted on, for one device."""

    kind: str
    name: str
    at: float  # seconds since the epoch


@dataclass
class Night:
    """One run. Without evidence, as in check mode, C(report) is empty."""

    code: int
    output: str
    text: str
    writes: int
    changed: int
    steps: list[Step]
    requests: int
    report: dict[str, Any]

    def names(self, kind: str) -> list[str]:
        return sorted(step.name for step in self.steps if step.kind == kind)

    @property
    def came_to(self) -> tuple[int, str, str | None]:
        """The exit code, and the outcome with its code in the evidence."""
        assert self.report, self.output
        return self.code, self.report["run"]["outcome"], self.report["run"]["code"]

    @property
    def outcomes(self) -> dict[str, str]:
        return {row["name"]: row["outcome"] for row in self.report["devices"]}

    def of_wave(self, name: str) -> list[str]:
        return sorted(row["name"] for row in self.report["devices"] if row["wave"] == name)


class Rollout:
    """Runs the playbook maintenance_window again and again for one fleet."""

    def __init__(self, run: Any, given: dict[str, Any]) -> None:
        self.run, self.emulator, self.given = run, run.emulator, given
        self.folder = Path(given["connect_evidence_dir"])
        self.names = {one["device_uuid"]: one["device_name"] for one in self.emulator.devices()}
        self.began = time.time() - self.emulator.info()["real_seconds"]

    def __call__(self, *options: str, may_be_twice: bool = False, **changes: Any) -> Night:
        """C(may_be_twice): devices on which it failed were sent to again."""
        known, seen = set(self.folder.glob("*.json")), len(self.emulator.log())
        sent = len(self.emulator.deployments())
        played = self.run("maintenance_window", *options, **{**self.given, **changes})
        log = self.emulator.log()[seen:]
        found = set(self.folder.glob("*.json")) - known
        assert len(found) == (0 if "--check" in options or not log else 1), f"exit {played.code}: {played.output}"
        report = json.loads(found.pop().read_text(encoding="utf-8")) if found else {}
        steps = self._steps(log, sent)
        changed = played.changed if "changed=" in played.output else 0
        night = Night(played.code, played.output, played.text, played.writes, changed, steps, len(log), report)
        assert may_be_twice or self.emulator.stats()["duplicates"] == [], played.output
        if report:
            self._is_sound(night)
        return night

    def _is_sound(self, night: Night) -> None:
        """What holds for the evidence of any run, and for the fleet after it."""
        report = night.report
        assert report["chain"]["faults"] == []
        assert report["run"]["ended"] is True
        assert report["run"]["left_open"] == []
        assert report["run"]["outcome"].replace("_", " ") in night.text
        rows = [row["name"] for row in report["devices"]]
        assert len(rows) == len(set(rows))
        assert report["devices_outside_plan"] == []
        released = {step.name for step in night.steps if step.kind == RELEASE}
        if self.given.get("connect_after", "hold") == "hold":
            assert [name for name in released if not self.held[name]] == []

    def _steps(self, log: list[dict[str, Any]], earlier: int) -> list[Step]:
        """C(earlier): how many deployments there were before."""
        writes = [entry for entry in log if entry["method"] == "POST" and _acted_on(entry)]
        sendings = self.emulator.deployments()[earlier:]
        assert len(sendings) == sum(entry["path"].endswith(DEPLOY) for entry in writes)
        steps = []
        for entry in writes:
            if entry["path"] == TRIGGER:
                kind, names = (HOLD if entry["body"]["trigger_set"] else RELEASE), [self.names[entry["device_uuid"]]]
            else:
                kind, names = SEND, self._reached(sendings.pop(0)["deployment_id"])
            steps += [Step(kind, name, self.began + entry["at"]) for name in names]
        return steps

    def _reached(self, deployment_id: str) -> list[str]:
        return [
            one["device_name"]
            for one in self.emulator.devices()
            if deployment_id in [update["deployment_id"] for update in one["updates"]]
        ]

    @property
    def held(self) -> dict[str, bool]:
        return {one["device_name"]: one["held"] for one in self.emulator.devices()}

    @property
    def versions(self) -> dict[str, str]:
        return {one["device_name"]: one["apps"][0]["version"] for one in self.emulator.devices()}

    @property
    def updates(self) -> dict[str, list[str]]:
        return {
            one["device_name"]: [update["update_status"] for update in one["updates"]]
            for one in self.emulator.devices()
        }

    def breath(self) -> float:
        """Seconds in which a run gets as far as its second wave on this machine, as loaded as it is."""
        began = time.monotonic()
        self("--check")
        return max(15.0, 6 * (time.monotonic() - began))

    def configure(self, *names: str, **changes: Any) -> None:
        self.emulator.configure([uuid for uuid, name in self.names.items() if name in names], **changes)

    def tagged(self, tag: str) -> list[str]:
        return sorted(one["device_name"] for one in self.emulator.devices() if tag in one["tags"])
