# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""One exception family: every expected failure knows its code and what to do next.

Messages are composed here and by the callers from an allow-list (method, path, status, a shortened
and redacted server text, option names). Headers, bodies and full URLs never enter a message.
"""

from __future__ import annotations

import typing as t


class ConnectError(Exception):
    """An expected failure. C(code) is stable and documented; C(msg) is for the person reading it."""

    code = "error"
    transient = False  # may go away by itself: worth another call, no proof of a wrong request
    fatal = False  # holds for every further call of this task too

    def __init__(
        self, msg: str, *, code: str | None = None, http_status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(msg)
        self.msg = msg
        self.code = code or self.code
        self.http_status = http_status
        self.retry_after = retry_after  # seconds, if the service said when to come back

    def as_result(self) -> dict[str, t.Any]:
        return {"msg": self.msg, "code": self.code, "http_status": self.http_status}


class InvalidInput(ConnectError):
    """Refused before the first request: names the option and the accepted values."""

    code = "invalid_option"


class Rejected(ConnectError):
    """The service answered and said no (400). Certainly not acted on; asking again would not help."""

    code = "request_rejected"


class Unauthorized(Rejected):
    """The account token itself is not accepted: no call of this task can succeed."""

    code = "unauthorized"
    fatal = True


class RateLimited(ConnectError):
    """429: certainly not acted on, may be asked again later."""

    code = "rate_limited"
    transient = True


class NoTimeLeft(RateLimited):
    """The rate limit does not let another call go before the time is over that the caller has."""


class Banned(RateLimited):
    """429 for everything, minute after minute: going on would only prolong it."""

    code = "banned"
    fatal = True


class NotSent(ConnectError):
    """The request never reached the service (refused, no route, no such name): certainly not acted on."""

    code = "unreachable"
    transient = True


class Misconfigured(NotSent):
    """Nothing can be sent with these settings (TLS, proxy, address), and waiting does not help."""

    transient = False
    fatal = True


class FateUnknown(ConnectError):
    """The request went out and no usable verdict came back: the service may or may not have acted."""

    code = "outcome_unknown"
    transient = True


class UnreadableReply(ConnectError):
    """A read was answered with something that is not the documented JSON."""

    code = "unreadable_reply"
    transient = True


class BudgetExhausted(ConnectError):
    """O(retry_budget) does not allow the next wait. Known by the failure that made the wait necessary."""

    transient = True

    def __init__(self, cause: ConnectError, seconds: float, budget: float) -> None:
        super().__init__(
            "%s Waiting %.0f s more would exceed retry_budget (%g s)." % (cause.msg, seconds, budget),
            code=cause.code,
            http_status=cause.http_status,
        )
        self.cause = cause
