# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds an emulator from a configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from .account import Account
from .clock import DEFAULT_EPOCH, Clock
from .exchange import Exchange
from .fleet import Fleet
from .life import LifeRules
from .limits import Limits
from .population import Population, default_user_token
from .service import Service
from .service_v2 import ServiceV2
from .switches import Switches
from .tokens import AccessTokens


@dataclass(frozen=True)
class Config:
    """Everything that decides what the emulator does, apart from where it listens."""

    population: Population = field(default_factory=Population)
    rules: LifeRules = field(default_factory=LifeRules)
    switches: Switches = field(default_factory=Switches)
    user_token: str | None = None
    access_token: str | None = None
    flows: tuple[tuple[str, str], ...] = (("f-77aa-01bc", "kiosk-ui"),)
    time_factor: float = 1.0
    epoch: float = DEFAULT_EPOCH
    wall_epoch: float | None = None
    log_size: int = 100_000


def build(config: Config) -> Exchange:
    """A fresh emulator at the real instant 0."""
    clock = Clock(config.time_factor, config.epoch, config.wall_epoch)
    fleet = Fleet(config.population, config.rules, config.switches)
    limits = Limits(config.switches, clock)
    token = config.user_token or default_user_token(config.rules.seed)
    account = Account(fleet, config.switches, dict(config.flows))
    service = Service(account, config.switches, limits, clock, token)
    tokens = AccessTokens(config.rules.seed, config.access_token)
    service_v2 = ServiceV2(account, config.switches, limits, clock, tokens)
    return Exchange(service, service_v2, config.log_size)
