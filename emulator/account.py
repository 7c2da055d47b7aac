# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both generations of the API do alike: names that have to exist, and a deployment (connect-api.md U14, U19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .fleet import Fleet
from .model import Device
from .switches import Switches
from .wire import ApiError, Body, mapping, required_text, text

#: Who holds the account: the user of the user token of v1 and of the first access token of API v2.
OWNER = "owner"


class Account:
    """One account: its fleet, and the flows that it knows, by id, with their names."""

    def __init__(self, fleet: Fleet, switches: Switches, flows: Mapping[str, str]) -> None:
        self.fleet = fleet
        self.flows = dict(flows)
        self._switches = switches

    def check_project(self, project: str) -> None:
        """Refuse an unknown project."""
        if not self.fleet.has_project(project):
            raise ApiError(f"Project {project!r} does not exist")

    def check_group(self, project: str, group: str, *, strict: bool = False) -> None:
        """Refuse an unknown group: by switch where devices are selected, always where one is moved (``strict``)."""
        if (strict or self._switches.unknown_group == "rejected") and not self.fleet.has_group(project, group):
            raise ApiError(f"Group {group!r} does not exist in project {project!r}")

    def check_tag(self, tag: str) -> None:
        """Refuse an unknown tag."""
        if self._switches.unknown_tag == "rejected" and tag not in self.fleet.tags:
            raise ApiError(f"Tag {tag!r} does not exist")

    def check_app(self, app: str) -> None:
        """Refuse an unknown app."""
        if self._switches.unknown_app == "rejected" and app not in self.fleet.apps:
            raise ApiError(f"App {app!r} does not exist")

    def check_deployment(self, deployment_id: str) -> None:
        """Refuse an unknown deployment."""
        if deployment_id not in self.fleet.deployments:
            raise ApiError(f"Deployment {deployment_id!r} does not exist")

    def flow(self, body: Body, key: str) -> str:
        """The flow that a deployment names."""
        flow_id = required_text(body, key)
        if flow_id not in self.flows and self._switches.unknown_flow == "rejected":
            raise ApiError(f"Flow {flow_id!r} does not exist")
        return flow_id

    def comment_and_app(self, body: Body) -> tuple[str, str | None, str | None]:
        """Comment, app and version of a deployment."""
        comment = text(body, "comment") or ""
        if body.get("app") is None:
            return comment, None, None
        app = mapping(body, "app")
        name, version = required_text(app, "name"), required_text(app, "version")
        self.know_app(name)
        return comment, name, version

    def know_app(self, name: str) -> None:
        """Record an app by its name, or refuse it."""
        self.check_app(name)
        self.fleet.apps.add(name)

    def check_target(self, devices: Sequence[Device], key: str) -> None:
        """Refuse a deployment whose filter, under ``key``, selects no device."""
        if not devices and self._switches.empty_target == 400:
            raise ApiError(f"No device matches {key}")
