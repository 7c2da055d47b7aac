# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the role rollout without Ansible: its filters, in the order in which roles/rollout/tasks call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgeops.jfrog_connect.plugins.filter import rollout
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DEPLOY_SPEC
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_service import (
    Killed,
    Service,
    TaskFailed,
    outcome_open,
)

FILTERS = rollout.FilterModule().filters()
DEFAULTS = {name: option.get("default") for name, option in DEPLOY_SPEC.items()}
SENT = ("flow_id", "project", "groups", "filters", "all_devices", "app", "comment", "parameters", "deployment_key")


class Run:
    """Names are those of the variables of the role, without connect__."""

    def __init__(self, service: Service, options: Mapping[str, Any], dry: bool = False, hooks: bool = False) -> None:
        self.service = service
        self.dry = dry
        self.hooks = hooks
        kiosks = service.kiosks.values()
        self.entries = [{"device_uuid": one.uuid, "timezone": one.zone} for one in kiosks if one.tracked]
        self.inputs = options
        self.verdict: dict[str, Any] = {}
        self.fates: dict[str, str] = {}
        self.untouched: dict[str, str] = {}
        self.counts: dict[str, Any] = {}
        self.seconds: list[float] = []
        self.plan: dict[str, Any] = {}
        self.fleet: list[dict[str, Any]] | None = None
        self.stale = False
        self.acting: set[str] = set()  # now
        self.acted: set[str] = set()
        self.wave = -1
        self.judged_all = True  # every look of a judgement showed something
        self.result: dict[str, Any] | None = None
        self.killed = False
        self.after_judgement: Callable[[], None] = lambda: None

    def ask(self, name: str, *given: Any) -> Any:
        before = rollout._now
        rollout._now = lambda: self.service.now  # type: ignore[assignment]
        try:
            return FILTERS["rollout_" + name](*given)
        except AnsibleFilterError:
            raise TaskFailed("error") from None
        finally:
            rollout._now = before

    def go(self) -> Run:
        try:
            self._main()
        except Killed:
            self.killed = True
        return self

    def _main(self) -> None:
        self.options = self.ask("options", self.inputs)
        assert self.options["problem"] is None, self.options["problem"]
        try:
            self._plan()
            if not self.dry and not self.plan["refused"] and self.plan["counts"]["due"]:
                self._waves()
        except TaskFailed as failed:
            self.verdict = {"code": failed.code, "msg": "A task failed."}
        self._end()

    def _plan(self) -> None:
        self.fleet = self.service.read()
        self.plan = self.ask("plan", self.fleet, self.options, self.entries)
        self.stale = False

    def _waves(self) -> None:
        if self.options["windows"]:
            self._window()
        for at, wave in enumerate([] if self.plan["refused"] else self.plan["waves"]):
            if "code" not in self.verdict:
                self.wave = at
                self._wave(wave)

    def _window(self) -> None:
        window = self.plan["window"]
        if window["open"]:
            return
        until = window["seconds_until"]
        if until is None or until > int(self.options["window_wait"]):
            self.verdict = {"code": "window_closed", "msg": "Closed."}
            return
        self.service.pass_time(until)
        if until > 60:
            self._plan()

    def _hook(self) -> None:
        if self.hooks:
            self.stale = True
            self.service.pass_time(self.service.chance.choice((0, 30, 1200)))

    def _wave(self, wave: Mapping[str, Any]) -> None:
        self._hook()
        if self.stale:
            self.fleet = self.service.read()
        self.started = self.ask("start", wave, self.options, self.fleet, self.entries, self.seconds)
        self.deployed: dict[str, Any] | None = None
        judged = None
        if self.started["gate"]["closed_devices"] and not self.started["acting"]:
            self.verdict = {"code": "window_closed", "msg": "Not started."}
        if wave["standing"]:
            self.verdict = wave["standing"]
        if "code" not in self.verdict:
            try:
                if self.started["acting"]:
                    self._send()
                judged = self._judge(soaked=False)
            except TaskFailed:
                self._hold(wave)
                raise
            self._hold(wave)
        if "code" not in self.verdict and self.started["soak_seconds"] and self.started["acting"]:
            self.service.pass_time(self.started["soak_seconds"])
            judged = self._judge(soaked=True)
        self._hook()
        if judged:
            self.counts, self.seconds = judged["total"], self.seconds + judged["seconds"]

    def _send(self) -> None:
        started, service = self.started, self.service
        self.acting = set(started["acting"])
        self.acted |= self.acting
        self.fates.update(dict.fromkeys(started["acting"], "unknown"))
        self.stale = True
        not_after = started["gate"]["not_after"]
        if started["release"]:
            released = service.trigger(started["release"], False, not_after)
            self.started = started = self.ask("released", started, released)
        if started["acting"]:
            self.deployed = service.deploy(
                {
                    **DEFAULTS,
                    **{name: self.options[name] for name in (*SENT, "retry_failed", "wait_interval")},
                    "wave": self._selector(started["selector"]),
                    "not_after": not_after,
                    "max_failures": started["allowed_failures"],
                    "wait": True,
                    "wait_timeout": self.options["wait_timeout"],
                    "wait_until": started["gate"].get("closes_at"),
                }
            )

    def _selector(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {**dict.fromkeys(("groups", "filters", "device_uuids")), **said}

    def _judge(self, soaked: bool) -> dict[str, Any]:
        if self.stale or soaked:
            try:
                self.fleet, self.stale = self.service.read(), False
            except TaskFailed:
                self.fleet, self.stale, self.judged_all = [], True, False
        judged = self.ask("judge", self.started, self.options, self.fleet, self.deployed, self.counts)
        self.fates.update(judged["fates"])
        self.untouched.update(judged["untouched"])
        if judged["verdict"] != "proceed":
            self.verdict = {"code": judged["code"], "msg": judged["msg"]}
        self.after_judgement()
        return judged

    def _hold(self, wave: Mapping[str, Any]) -> None:
        if not self.started["acting"]:
            return
        here = {uuid: found for uuid, found in self.fates.items() if uuid in wave["device_uuids"]}
        whom = self.ask("hold", here, self.options, self.plan)
        if whom:
            self.service.trigger(whom, True)

    def _end(self) -> None:
        self.acting = set()
        ended: dict[str, Any] = {}
        if self.fates or self.plan.get("leftovers"):
            try:
                last = self.service.read()
            except TaskFailed:
                last = []
            ended = self.ask("end", self.fates, self.options, self.plan, last)
        left_open: list[str] = []
        if ended.get("hold"):
            held = {"devices": []} if self.dry else self.service.trigger(ended["hold"], True, verify=True)
            left_open = [row["name"] for row in held["devices"] if outcome_open(row)]
        known = {**self.fates, **self.untouched, **ended.get("fates", {})}
        self.known = known
        self.result = self.ask("result", known, self.options, self.plan or None, self.verdict, left_open, self.dry)
