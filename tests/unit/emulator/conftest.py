# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.testing import Emulator, InProcess

FLOW = "f-77aa-01bc"


@pytest.fixture
def make() -> Callable[..., InProcess]:
    """Makes an in-process emulator without a rate limit and with updates of exactly 60 s, unless told otherwise."""

    def build(**options: Any) -> InProcess:
        size = {} if "project" in options else {"devices": 8}
        return InProcess(**{**size, "rate_limit": 0, "update_seconds": 60, "update_spread": 0, **options})

    return build


@pytest.fixture
def emulator(make: Callable[..., InProcess]) -> InProcess:
    return make()


@pytest.fixture
def uuid(emulator: InProcess) -> str:
    """The first of its devices."""
    return str(emulator.devices()[0]["device_uuid"])


@pytest.fixture
def deploy() -> Callable[..., tuple[int, Any]]:
    """Sends a v1 deployment to one device, or to what groups and filters say."""

    def send(emulator: InProcess, device_uuid: str | None = None, **changes: Any) -> tuple[int, Any]:
        filters = changes.pop("filters", [])
        if device_uuid is not None:
            filters = [*filters, {"type": "specific_device", "operand": "is", "value": device_uuid}]
        target = {"project": {"name": "Kiosks"}, "groups": changes.pop("groups", []), "filters": filters}
        metadata = changes.pop("metadata", {"app": {"name": "kiosk_ui", "version": "3.2.0"}, "comment": "mark"})
        path = changes.pop("path", "/v1/deploy_update")
        body = {"flow_id": FLOW, "devices_filter": target, "metadata": metadata, **changes}
        return emulator.call("POST", path, **body)

    return send


@pytest.fixture
def deploy_v2() -> Callable[..., tuple[int, Any]]:
    """Sends a deployment of API v2 to one device of Kiosks, or to what groups and filters say."""

    def send(emulator: InProcess, device_uuid: str | None = None, **changes: Any) -> tuple[int, Any]:
        token, filters = changes.pop("token", None), changes.pop("filters", [])
        if device_uuid is not None:
            filters = [*filters, {"type": "specific_device", "operand": "is", "value": device_uuid}]
        app = {"name": "kiosk_ui", "version": "3.2.0"}
        body = {
            "device_filter": {"groups": changes.pop("groups", []), "filters": filters},
            "deployment_configuration": {"flow_uuid": FLOW, "comment": "mark", "app": app, **changes},
        }
        return emulator.call_v2("POST", "kiosks/deployments", body, token=token)

    return send


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """An emulator on a port, shared by the tests of a module; each test clears what it set."""
    with Emulator.start(devices=120, rate_limit=0) as emulator:
        yield emulator
