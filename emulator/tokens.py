# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access tokens of API v2: who holds one, what it may do, where, and until when (connect-api.md 1)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from .account import OWNER

READ, MODIFY, DEPLOY = "read", "modify_devices", "deploy_updates"
PERMISSIONS = (READ, MODIFY, DEPLOY)


@dataclass(frozen=True)
class AccessToken:
    """One token. ``project`` or ``device_uuid`` limit it to a fleet or to a device; ``expires`` is emulated seconds."""

    name: str
    token: str
    user: str = OWNER
    permissions: tuple[str, ...] = PERMISSIONS
    project: str | None = None
    device_uuid: str | None = None
    expires: float | None = None


class AccessTokens:
    """All tokens of the account. The first may do everything."""

    def __init__(self, seed: int, first: str | None) -> None:
        self._rng = Random(f"{seed}/access")
        made = self._new()
        self.first = AccessToken("token-1", first or made)
        self._tokens = [self.first]

    def _new(self) -> str:
        return f"a-EMULATOR-{self._rng.getrandbits(96):024x}"

    def __iter__(self) -> Iterator[AccessToken]:
        return iter(self._tokens)

    def add(
        self,
        user: str = OWNER,
        permissions: Sequence[str] = PERMISSIONS,
        project: str | None = None,
        device_uuid: str | None = None,
        expires: float | None = None,
    ) -> AccessToken:
        """Make one more token."""
        name = f"token-{len(self._tokens) + 1}"
        token = AccessToken(name, self._new(), user, tuple(permissions), project, device_uuid, expires)
        self._tokens.append(token)
        return token

    def find(self, authorization: str | None, at: float) -> AccessToken | None:
        """The token of a header ``Authorization: Bearer <token>``, if it is valid at the emulated instant ``at``."""
        scheme, _space, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        for known in self._tokens:
            if hmac.compare_digest(known.token.encode(), given.strip().encode(errors="replace")):
                return known if known.expires is None or at < known.expires else None
        return None
