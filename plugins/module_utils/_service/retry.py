# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What may be sent again, and when: by fate, not by status. Pure."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .._errors import BudgetExhausted, ConnectError, FateUnknown, RateLimited, UnreadableReply
from .http import Call

FAULT_REPEATS = 5  # a lost reply, a refused connection, a 5xx
LIMIT_REPEATS = 3  # 429s in a row for one call: more of them risks the ban
FULL_MINUTE = 61.0
LONGEST_RETRY_AFTER = 600.0


def pause_before_repeat(failure: ConnectError, call: Call, failures: int, jitter: float) -> float | None:
    """Seconds to wait before C(call) may go again after its C(failures)-th failure in a row, None when it may not.

    By fate, not by status: what certainly was not acted on may always go again; what may have been acted on only
    when repeating it leaves the same state. A service that says when to come back is asked again for as long as the
    budget lasts. C(jitter) is in [0, 1). See docs/connect-api.md 2.0 and 5 (17).
    """
    if failure.fatal or not failure.transient or isinstance(failure, BudgetExhausted):
        return None
    if isinstance(failure, (FateUnknown, UnreadableReply)) and not call.repeatable:
        return None
    if isinstance(failure, RateLimited) or failure.http_status == 429:
        if failures > LIMIT_REPEATS:
            return None
        return (failure.retry_after if failure.retry_after is not None else FULL_MINUTE) + 5.0 * jitter
    if failures > FAULT_REPEATS and failure.retry_after is None:
        return None
    return max(failure.retry_after or 0.0, min(30.0, 2.0 ** (failures - 1)) * (1.0 + jitter))


def read_retry_after(header: str | None, sent_at: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (seconds or HTTP date), clamped; None when absent or unreadable.

    A date is compared with C(sent_at), the Date header of the same reply: the two clocks need not agree.
    """
    if not header:
        return None
    if header.strip().isdecimal():
        seconds = float(header.strip())
    else:
        when = _http_date(header)
        if when is None:
            return None
        seconds = (when - (_http_date(sent_at) or now)).total_seconds()
    return min(max(seconds, 1.0), LONGEST_RETRY_AFTER)


def _http_date(header: str | None) -> datetime | None:
    try:
        when = parsedate_to_datetime(header or "")
        return when.replace(tzinfo=when.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # it raises all of these
        return None
