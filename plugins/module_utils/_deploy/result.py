# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a run of connect_deploy says: its rows, its counts, its sentence and its failure code. No I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._errors import ConnectError, FateUnknown
from .._result import Report, count_outcomes, devices_word, diff_key, failure_code, name_troubled
from .._service.models import UPDATE_STATES
from .plan import sent_twice
from .state import Deployment, ReportedRow, reported


def report_of(run: Deployment, api_calls: dict[str, t.Any], verdict: ConnectError | None, dry: bool) -> Report:
    rows = [reported(row, run.mark) for row in run.rows.values()]
    twice = [row.label for row in run.rows.values() if sent_twice(row.device, run.mark)]
    if twice:
        run.warnings.append(
            "DUPLICATE: %s carry more than one unfailed update with the mark %s, for example %s. Unless that was done "
            "with resend: all, two runs sent this deployment at the same time; let only one run at a time work on a "
            "device." % (devices_word(len(twice)), run.mark, twice[0])
        )
    code, trouble = _verdict(run, rows, verdict)
    statuses = [row.status for row in rows]
    return Report(
        changed=bool(run.sent) or (run.calls > 0 and any(row.outcome == "unknown" for row in rows)),
        msg=" ".join(part for part in (_said(run, dry), trouble) if part),
        code=code,
        result={
            "deployment": {
                "mark": run.mark,
                "comment": run.request.marked_comment,
                "secret_parameters": list(run.request.secret_parameters),
                "calls": run.calls,
            },
            "plan": run.plan.uuids_by_class(),
            "devices": [dict(vars(row)) for row in rows],
            "summary": {
                **count_outcomes(rows),
                "sent": len(run.sent),
                "statuses": {status: statuses.count(status) for status in UPDATE_STATES},
                "duplicates": len(twice),
            },
            "api_calls": api_calls,
        },
        diff={
            "before": {diff_key(row.device.name, row.device.uuid) or row.device.key: row.plan for row in run.sent},
            "after": {diff_key(row.device.name, row.device.uuid) or row.device.key: "sent" for row in run.sent},
        },
        warnings=run.warnings,
    )


def _said(run: Deployment, dry: bool) -> str:
    what = "flow %s%s" % (run.request.flow_id, " (%s %s)" % run.request.app if run.request.app else "")
    rest = ", ".join("%d %s" % (len(uuids), name) for name, uuids in run.plan.uuids_by_class().items() if uuids)
    seen = statuses_of(run)
    if not run.plan.sendings:
        done = "Nothing to send of %s to %s (%s)" % (what, devices_word(len(run.rows)), rest)
    else:
        verb = "Would send" if dry else "Sent"
        done = "%s %s to %s of %d (%s)" % (verb, what, devices_word(len(run.sent)), len(run.rows), rest)
    return "%s, mark %s%s." % (done, run.mark, "; last seen: " + seen if seen else "")


def statuses_of(run: Deployment) -> str:
    statuses = [row.status(run.mark) for row in run.rows.values()]
    return ", ".join("%d %s" % (statuses.count(status), status) for status in UPDATE_STATES if status in statuses)


def _verdict(run: Deployment, rows: Sequence[ReportedRow], verdict: ConnectError | None) -> tuple[str | None, str]:
    """The failure code and what to say about it; the gravest first."""
    unknown = [row for row in rows if row.outcome == "unknown"]
    if unknown:
        return FateUnknown.code, name_troubled(unknown)
    refused = [row for row in rows if row.outcome == "failed" and row.code != "update_failed"]
    if refused:
        return failure_code(refused), name_troubled(refused)
    if run.gone_wrong:
        broken = [row for row in rows if row.code == "update_failed"]
        return "rollout_failed", "The update failed on %d of %s (limit %d): %s" % (
            len(broken),
            devices_word(len(run.taking_part)),
            run.failures_allowed,
            name_troubled(broken),
        )
    if verdict is None:
        return None, ""
    left = run.unfinished
    return verdict.code, "%s %s not finished (%s%s), %d of them held. Run the task again to go on waiting: %s." % (
        verdict.msg,
        devices_word(len(left)),
        ", ".join("%s: %s" % (row.label, row.status(run.mark) or "not shown yet") for row in left[:5]),
        ", ..." if len(left) > 5 else "",
        sum(row.device.held is True for row in left),
        "nothing that was sent will be sent again",
    )
