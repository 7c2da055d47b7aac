# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must turn a test red when it is taken away. A promise that is added to the collection gets a row here."""

from __future__ import annotations

from tests.mutations.mutation import (
    API,
    CLIENT,
    DEPLOY,
    DEPLOYMENT,
    E2E,
    INTEGRATION,
    JOURNAL,
    LEASE,
    LIVE,
    OPENINGS,
    PACE,
    PROGRESS,
    REPORT,
    REQUEST,
    RETRY,
    ROLLOUT,
    SCHEDULES,
    SENDER,
    TRANSPORT,
    TRIGGER,
    TRIGGER_PLAN,
    WAITS,
    Mutation,
    Patch,
    one,
    unit,
)
from tests.mutations.outward import CHECK_MODE, COST, INPUT, ROWS, SECOND_RUN, SECRETS
from tests.mutations.rollouts import APPROVAL, GATED, LEFTOVERS, UNSEEN, WAVES, WINDOW

AT_MOST_ONCE = (
    one(
        "no-look-before-sending",
        "What a device shows decides whether it is sent to",
        *(DEPLOYMENT, "state = state_of(marked_updates(device, request.mark))\n    if", "state = None\n    if"),
        *(unit("module_deploy"), SCHEDULES),
    ),
    one(
        "no-look-after-a-lost-reply",
        "A create whose reply was lost is searched for",
        *(DEPLOY, "        await _search(run, doubtful, client)\n", "        pass\n"),
        *(unit("module_deploy_lost"),),
    ),
    Mutation(
        "no-adoption",
        "What is found after a lost reply was accepted",
        (
            Patch(
                DEPLOY, "        if run.visible(sending):\n            run.record(sending, YES)", "        if False:"
            ),
            Patch(PROGRESS, "if row.sent == IN_DOUBT and row.shows_a_new_one(self.mark):", "if False:"),
        ),
        (unit("module_deploy_lost"), SCHEDULES),
    ),
    one(
        "repeat-of-a-create",
        "A create of unknown fate is never sent again",
        *(RETRY, "and not call.repeatable:", "and False:"),
        *(unit("retry_decisions"), unit("module_deploy_lost"), SCHEDULES),
    ),
    one(
        "no-note-before-a-deployment",
        "A run that is killed while it sends leaves a trace",
        *(
            DEPLOY,
            "elif client.journal.claim(_notes_of(run, sending), run.planned_at, client.waits.clock()):",
            "elif True:",
        ),
        *(unit("journal"), SCHEDULES),
    ),
    one(
        "no-wait-for-a-late-list",
        "A list that may be late is not believed",
        *(DEPLOY, "    return noted is not None and row.plan in", "    return False and row.plan in"),
        *(unit("journal"), SCHEDULES),
    ),
    one(
        "no-second-look-before-a-late-call",
        "A call that had to wait reads again before it leaves",
        *(DEPLOY, "if not run.is_fresh(reads):", "if False:"),
        *(unit("module_deploy_lost"),),
    ),
    one(
        "looks-of-other-calls-ignored",
        "What any read has shown is not sent again",
        *(DEPLOY, "        if run.visible(sending):\n            return False\n", ""),
        *(unit("two_runs"),),
    ),
    one(
        "no-call-of-its-own",
        "Where some devices have it, the others get a call of their own",
        *(DEPLOYMENT, 'elif request.resend == "all" or all_due:', "elif True:"),
        *(unit("deployment_plan"), unit("module_deploy")),
    ),
    one(
        "filter-may-match-a-device-that-has-it",
        "The filter does not go out while a device that has it may match a moment later",
        *(DEPLOYMENT, "len(target) and not others_have_it", "len(target)"),
        *(unit("deployment_plan"), SCHEDULES),
    ),
    one(
        "sends-on-half-a-list",
        "Nothing is sent while not all devices could be seen",
        *(DEPLOY, "        if client.api.incomplete:\n", "        if False:\n"),
        *(unit("module_deploy"),),
    ),
    one(
        "duplicates-not-seen",
        "A duplicate is detected and named",
        *(DEPLOYMENT, "marked_updates(device, mark)) > 1", "marked_updates(device, mark)) > 2"),
        *(unit("deployment_plan"), unit("module_deploy"), E2E % "two_operators"),
    ),
    one(
        "duplicates-not-said",
        "A duplicate is reported in a warning",
        *(REPORT, '            "DUPLICATE: %s carry', '            "%s carry'),
        *(unit("module_deploy"), E2E % "two_operators"),
    ),
)

MARK = (
    one(
        "mark-depends-on-the-order-of-groups",
        "Order and repetition of groups do not count",
        *(REQUEST, "sorted(set(self.groups))", "list(self.groups)"),
        *(unit("deployment_mark"),),
    ),
    one(
        "mark-depends-on-the-order-of-filters",
        "Order and repetition of filters do not count",
        *(
            REQUEST,
            'sorted({(f.type, f.operand, f.value, f.app_version or "") for f in self.filters})',
            "[(f.type, f.operand, f.value) for f in self.filters]",
        ),
        *(unit("deployment_mark"),),
    ),
    one(
        "mark-depends-on-the-order-of-parameters",
        "The order of parameters does not count",
        *(REQUEST, '"parameters": sorted((n, v)', '"parameters": list((n, v)'),
        *(unit("deployment_mark"),),
    ),
    one(
        "mark-leaves-out-the-key",
        "Another deployment_key is another deployment",
        *(REQUEST, '            "key": self.deployment_key,\n', ""),
        *(unit("deployment_mark"),),
    ),
    one(
        "mark-stands-last",
        "A service that cuts comments does not cut the mark",
        *(REQUEST, "for part in (self.mark, self.comment) if part", "for part in (self.comment, self.mark) if part"),
        *(unit("deployment_mark"),),
    ),
)

CONVERGENCE = (
    one(
        "no-note-before-a-hold",
        "A hold or release that may land late is not overlooked",
        *(TRIGGER, "client.journal.note({_note(entry): IN_DOUBT for entry in earlier}, noted_at)\n", "pass\n"),
        *(unit("journal"), SCHEDULES),
    ),
    one(
        "doubt-is-forgotten",
        "A write whose fate was once unknown never ends as a certain failure",
        *(SENDER, "raise (doubt or failure) from None", "raise failure from None"),
        *(unit("retry_sender"), SCHEDULES),
    ),
    one(
        "no-verification",
        "verify reads whether the device obeyed",
        *(TRIGGER, "        if request.verify:\n", "        if False:\n"),
        *(unit("module_trigger"),),
    ),
)

LIMITS = (
    one(
        "no-pacing",
        "The documented rate limit is never exceeded",
        *(PACE, "        if limit == 0:\n", "        if True:\n"),
        *(unit("pace"), unit("retry_sender"), SCHEDULES),
    ),
    one(
        "pacing-from-the-start-of-a-call",
        "A call counts until a minute after its reply",
        *(PACE, "now + WINDOW + MARGIN if arrived else now", "now"),
        *(unit("pace"), SCHEDULES),
    ),
    one(
        "429-loses-the-device",
        "A 429 costs a wait, not a device",
        *(RETRY, "        if failures > LIMIT_REPEATS:\n", "        if True:\n"),
        *(unit("retry_decisions"), unit("modules_alike")),
    ),
    one(
        "no-retry-budget",
        "retry_budget bounds the whole",
        *(WAITS, "if self._charged.with_(now, now + seconds) > self.budget:", "if False:"),
        *(unit("retry_decisions"), SCHEDULES),
    ),
    one(
        "no-suspicion-of-a-ban",
        "429s in a row slow down the whole task",
        *(SENDER, "return self._limited_in_a_row >= BAN_SUSPECTED", "return False"),
        *(unit("retry_sender"),),
    ),
    one(
        "no-end-at-a-ban",
        "A ban ends the task",
        *(SENDER, "        if self._probes_refused >= BAN_PROBES:\n", "        if False:\n"),
        *(unit("retry_sender"),),
    ),
    one(
        "outage-without-end",
        "An outage that outlasts the budget ends the task",
        *(SENDER, "if self.waits.left <= 0 and self._lost_in_a_row >= OUTAGE:", "if False:"),
        *(unit("retry_sender"),),
    ),
)

FATES = (
    one(
        "broken-connection-counts-as-not-sent",
        "What broke before a reply may have been acted on",
        *(
            TRANSPORT,
            "        if attempt.departed:\n            return FateUnknown",
            "        if attempt.departed:\n            return NotSent",
        ),
        *(unit("transport"),),
    ),
    one(
        "5xx-is-a-refusal",
        "A 5xx leaves the fate unknown",
        *(API, "if reply.status >= 500 or reply.status in LATER:", "if reply.status in LATER:"),
        *(unit("api_v1_refusals"),),
    ),
    one(
        "web-page-is-an-answer",
        "Only the service's own documented reply proves that a write was accepted",
        *(API, ' and answer.get("message") is not None:', ":"),
        *(unit("api_v1_refusals"),),
    ),
    one(
        "first-call-waits-for-all",
        "A device that has to wait does not delay the others",
        *(SENDER, "    if turn is not None:\n        turn.release()", "    turn = None"),
        *(unit("api_v1_refusals"),),
    ),
    one(
        "any-400-is-a-refusal",
        "Only the service's own documented refusal proves that a create was not acted on",
        *(API, "if call.writes and not (said and", "if call.writes and not (True and"),
        *(unit("api_v1_refusals"),),
    ),
    one(
        "no-end-of-an-exchange",
        "An exchange is bounded as a whole",
        *(TRANSPORT, "sock.shutdown(socket.SHUT_RDWR)", "pass"),
        *(unit("transport"),),
    ),
    one(
        "memory-is-lost-with-the-file",
        "What a task did goes on counting while the journal cannot be used",
        *(JOURNAL, "            _transact(self._own, lambda database: _write(database, written))\n", ""),
        *(unit("journal"),),
    ),
    one(
        "deadlines-by-the-wall-clock",
        "A step of the wall clock changes nothing",
        *(
            WAITS,
            "clock: t.Callable[[], float] = time.monotonic,",
            "clock: t.Callable[[], float] = lambda: time.time(),",
        ),
        *(E2E % "clock",),
    ),
)

# A module that outlives its task or its run sends nothing more.
ENDED = (
    one(
        "sends-after-its-run",
        "Right before a write departs, its run is known to go on",
        *(CLIENT, "        if not self.interrupted:\n            self.lease.check()\n", ""),
        *(unit("lease"),),
    ),
    one(
        "waits-after-its-run",
        "A module whose run has ended does not wait on",
        *(CLIENT, "        self.waits.interrupt(reason)\n", ""),
        *(unit("lease"),),
    ),
    one(
        "cleans-up-after-its-run",
        "What is done because the run has ended sends nothing either",
        *(CLIENT, "        self.sender.end(reason)\n", ""),
        *(unit("lease"),),
    ),
    one(
        "a-signal-that-comes-late",
        "A signal that Ansible passes on after its own end still counts",
        *(CLIENT, "PASSED_ON = 10.0", "PASSED_ON = 0.0"),
        *(unit("lease"), unit("connect_rollout")),
    ),
    one(
        "an-end-that-a-signal-explains",
        "What a signal has brought to an end can still hold",
        *(SENDER, '"interrupted", RunEnded.code, ', '"interrupted", '),
        *(unit("connect_rollout"),),
    ),
    one(
        "a-hold-kept-back-is-given-up",
        "A hold that was kept back before the signal came is sent after it",
        *(ROLLOUT % "effects", "if ended and left and not signalled", "if False and not signalled"),
        *(unit("connect_rollout"),),
    ),
    one(
        "the-progress-takes-the-signal",
        "The thread that shows the progress leaves the signals to the main thread",
        *(LIVE, "        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})\n", ""),
        *(unit("live"),),
    ),
    one(
        "outlives-its-worker",
        "The lock of the worker counts",
        *(LEASE, " and not _is_released(self._path)", ""),
        *(unit("lease"), INTEGRATION % "lease"),
    ),
    one(
        "outlives-ansible-playbook",
        "The process of the run counts, and a zombie is none",
        *(LEASE, 'return state not in (b"Z", b"X")', "return True"),
        *(unit("lease"), INTEGRATION % "lease"),
    ),
    one(
        "lease-without-a-lock",
        "A task that has timed out drops its lease",
        *(LIVE, "lent[lease.VARIABLE] += file.name", "pass"),
        *(INTEGRATION % "lease",),
    ),
    one(
        "no-lease-in-the-background",
        "A task with async has a lease, too",
        *(LIVE, 'lent = {lease.VARIABLE: "%d:" % controller()}', 'lent = {lease.VARIABLE: ""}'),
        *(INTEGRATION % "lease",),
    ),
    one(
        "quiet-without-a-lease",
        "Switching progress off does not switch the lease off",
        *(LIVE, "if not self._task.async_val:", "if not self._task.async_val and wanted:"),
        *(INTEGRATION % "lease",),
    ),
    one(
        "undoes-a-later-task",
        "A write that waited is kept back when a later task wants the opposite",
        *(TRIGGER, "        _check_intention(entry, request.hold, client)\n", ""),
        *(unit("intentions"),),
    ),
    one(
        "forgets-for-a-later-task",
        "What a later task has written stays noted",
        *(TRIGGER, "row.code != Superseded.code and ", ""),
        *(unit("intentions"),),
    ),
)

BLACKOUTS = (
    one(
        "blackouts-ignored",
        "A blackout closes what a window opens",
        *(OPENINGS, "        closed = pieces(self.blackouts, low, high, device)\n", "        closed = []\n"),
        *(unit("window_status"), unit("window_oracle")),
    ),
)

BELIEF = (
    one(
        "a-late-list-is-believed",
        "A list that contradicts a write of a moment ago is not believed",
        *(TRIGGER_PLAN, "reading.held if written in (None, state_word(reading.held)) else None", "reading.held"),
        *(unit("journal"), SCHEDULES),
    ),
    one(
        "an-unread-state-is-as-wanted",
        "A state that cannot be read is written, and reported as changed",
        *(TRIGGER_PLAN, "if row.before is hold else", "if row.before in (hold, None) else"),
        *(unit("module_trigger"),),
    ),
)

# The promises of tests/PROOF.md by number, and what takes each of them away.
PROMISES: dict[int, tuple[Mutation, ...]] = {
    1: CHECK_MODE,
    2: (*SECOND_RUN, *CONVERGENCE),
    3: (*AT_MOST_ONCE, *MARK, *FATES),
    4: WINDOW,
    5: (*LEFTOVERS, *ENDED),
    6: LIMITS,
    7: SECRETS,
    8: ROWS,
    9: INPUT,
    10: COST,
    11: APPROVAL,
    12: (*BLACKOUTS, *GATED),
    13: (*BELIEF, *UNSEEN),
}
MUTATIONS = (*(mutation for promised in PROMISES.values() for mutation in promised), *WAVES)
