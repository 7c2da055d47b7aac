# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must turn a test red when it is taken away: what a rollout decides, and the order in which it acts."""

from __future__ import annotations

from tests.mutations.mutation import ROLLOUT, one, unit

WINDOW = (
    one(
        "a-lost-step-succeeds",
        "A step that left no result is never taken for a success",
        *(ROLLOUT % "run", "            state.stop(LOST_STEP, LOST)\n", "            pass\n"),
        *(unit("connect_rollout"),),
    ),
    one(
        "another-flow-than-planned",
        "A wave sends what was planned and approved, and nothing else",
        *(ROLLOUT % "run", "        if changed:\n", "        if False:\n"),
        *(unit("connect_rollout"),),
    ),
    one(
        "other-rules-than-planned",
        "Rules that change after the plan end the rollout before the next wave",
        *(
            ROLLOUT % "run",
            "if value != self.state.fixed[one]]",
            'if value != self.state.fixed[one] and "flow" in one]',
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "a-rolled-back-device-stays-released",
        "A device that was rolled back is held, whatever connect_after says",
        *(ROLLOUT % "rollback", "dict.fromkeys(started.acting, UNKNOWN), phase", "state.rolled_back, phase"),
        *(unit("rollout_run"),),
    ),
    one(
        "one-read-proves-that-a-device-is-gone",
        "One read that does not show a device is no proof that it is gone",
        *("plugins/module_utils/_deploy/state.py", "MISSES = 2 ", "MISSES = 1 "),
        *(unit("module_deploy_wait"),),
    ),
    one(
        "all-gone-is-success",
        "A wave of which every device is gone has shown nothing",
        *(ROLLOUT % "wave", "silent = counts.sample + list(fates.values()).count(GONE)", "silent = counts.sample"),
        *(unit("connect_rollout"),),
    ),
    one(
        "left-open-although-gone",
        "A device that is gone, and whose token is refused, is not reported as left released",
        *(ROLLOUT % "effects", "gone = fates[uuid] == GONE and", "gone = False and"),
        *(unit("connect_rollout"),),
    ),
    one(
        "no-gate",
        "No update is started outside a window, nor when too little of it is left",
        *(ROLLOUT % "wave", "uuid for uuid, zone in zones.items() if of_zone[zone].open", "uuid for uuid in zones"),
        *(
            unit("rollout_wave"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "no-last-moment",
        "The window is asked at the moment of each effect, not only when the wave begins",
        *(
            ROLLOUT % "wave",
            "return self.status.closes_at - self.need if self.open and self.status and self.status.closes_at else None",
            "return None",
        ),
        *(
            unit("rollout_wave"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "releases-after-the-last-moment",
        "A release that had to wait until it was too late is not sent",
        *(
            ROLLOUT % "effects",
            "rows = await self._set_trigger(uuids, hold=False, not_after=not_after)",
            "rows = await self._set_trigger(uuids, hold=False)",
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "sends-after-the-last-moment",
        "A sending that had to wait until it was too late is not made",
        *(
            ROLLOUT % "run",
            '"device_uuids": started.uuids},\n            deadline=Deadline(passed.not_after),\n',
            '"device_uuids": started.uuids},\n',
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "waits-beyond-the-close",
        "A wave does not wait beyond the close of its window",
        *(
            ROLLOUT % "run",
            "            wait_until=passed.status.closes_at if passed.status else None,\n            max_failures",
            "            max_failures",
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "cut-off-is-timed-out",
        "What the close cuts off is left for another night",
        *(ROLLOUT % "wave", "uuid: LEFT if found == TIMED_OUT else found for", "uuid: found for"),
        *(
            unit("rollout_verdict"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "rolls-back-outside",
        "A rollback keeps to the window unless told otherwise",
        *(
            ROLLOUT % "wave",
            "replace(request, calendar=None) if request.rollback_outside_window else request",
            "replace(request, calendar=None)",
        ),
        *(unit("rollout_wave"),),
    ),
)

LEFTOVERS = (
    one(
        "unfinished-stays-released",
        "What was released and did not finish is held again",
        *(ROLLOUT % "end", 'if request.after == "hold" or fate not in FINISHED:', 'if request.after == "hold":'),
        *(unit("rollout_end"),),
    ),
    one(
        "leftovers-forgotten",
        "A later run repairs what a kill left behind",
        *(ROLLOUT % "end", "known = {**dict.fromkeys(plan.leftovers, UNKNOWN), **touched}", "known = dict(touched)"),
        *(
            unit("rollout_end"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "others-are-held",
        "Holds that are not ours are left alone",
        *(ROLLOUT % "end", "for member in plan.members if member.ours}", "for member in plan.members}"),
        *(unit("rollout_end"),),
    ),
    one(
        "holds-only-after-success",
        "A wave holds its devices whatever happened in it",
        *(
            ROLLOUT % "run",
            "        finally:\n            # On a signal too;",
            "        except ZeroDivisionError:\n            raise\n        else:\n            # On a signal too;",
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "a-signal-ends-the-hold",
        "A signal does not keep a wave from holding its devices",
        *(ROLLOUT % "effects", "with self.client.uninterrupted():", "if True:"),
        *(unit("connect_rollout"),),
    ),
    one(
        "a-lost-step-is-forgotten",
        "What a step without a result may have released is held at the end",
        *(ROLLOUT % "run", "self._plan, state.done) if lost else []", "self._plan, state.done) if False else []"),
        *(unit("connect_rollout"),),
    ),
    one(
        "left-open-is-not-noted",
        "A device that could not be held is held at the end, or named",
        *(ROLLOUT % "effects", 'self.state.open[uuid] = str(row["msg"])', "pass"),
        *(unit("connect_rollout"),),
    ),
    one(
        "evidence-before-the-verdict",
        "A disk that is full changes nothing about the end of a run",
        *(
            "plugins/module_utils/_evidence/recorder.py",
            "            if event == START_OF_RUN:\n",
            "            if True:\n",
        ),
        *(
            unit("evidence_recorder"),
            unit("connect_rollout"),
        ),
    ),
)

WAVES = (
    one(
        "waves-without-seed",
        "Waves are drawn by the seed",
        *(ROLLOUT % "waves", '("%s\\n%s" % (seed, device.key))', '("%s" % device.key)'),
        *(unit("rollout_waves"),),
    ),
    one(
        "filter-reaches-others",
        "A wave is sent with a filter only if that reaches no other device",
        *(
            ROLLOUT % "plan",
            "exact = is_exact(request, wave.selector, target, uuids)",
            "exact = wave.selector is not None",
        ),
        *(unit("rollout_plan"),),
    ),
    one(
        "filter-reaches-who-joined",
        "A filter is not used any more when a device has joined since the plan",
        *(
            ROLLOUT % "wave",
            "exact = is_exact(request, wave.selector, target.values(), wave.device_uuids)",
            "exact = wave.exact",
        ),
        *(unit("rollout_wave"),),
    ),
    one(
        "filter-reaches-who-is-left-out",
        "A filter is not used when a device of the wave does not take part",
        *(ROLLOUT % "wave", "wave.exact and len(acting) == len(wave.device_uuids)", "wave.exact"),
        *(unit("rollout_wave"),),
    ),
    one(
        "no-limit",
        "A rollout stops when too many go wrong",
        *(ROLLOUT % "thresholds", "if limit is None or count <= limit.of(counts.sample):", "if True:"),
        *(unit("rollout_thresholds"),),
    ),
    one(
        "a-share-of-too-few",
        "A share of too few devices says nothing",
        *(ROLLOUT % "thresholds", "if limit.is_percent and counts.sample < needed:", "if False:"),
        *(unit("rollout_thresholds"),),
    ),
    one(
        "inconclusive-goes-on",
        "What is inconclusive pauses, it never proceeds",
        *(ROLLOUT % "thresholds", "    if counts.sample < needed:\n        return", "    if False:\n        return"),
        *(unit("rollout_thresholds"),),
    ),
    one(
        "silence-is-success",
        "A wave of which no device has finished does not let the next one begin",
        *(ROLLOUT % "wave", "_nothing_shown(started, fates, counts) or ", ""),
        *(unit("rollout_verdict"),),
    ),
    one(
        "a-refused-sending-is-a-failure",
        "A sending that the service refused is no failure of devices",
        *(ROLLOUT % "wave", "_refusal(started, fates, rows) or judge(", "judge("),
        *(
            unit("rollout_verdict"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "skipped-for-good-is-needed",
        "A device that is left out for good is not counted as needed for a verdict",
        *(ROLLOUT % "wave", "sum(member.skip_word == LEFT for member in started.skipped)", "len(started.skipped)"),
        *(unit("rollout_verdict"),),
    ),
    one(
        "a-stop-names-nobody",
        "A stop names its devices",
        *(ROLLOUT % "wave", "stop_sentence(verdict, _troubled(started, fates, rows))", "stop_sentence(verdict)"),
        *(unit("rollout_verdict"),),
    ),
    one(
        "goes-on-after-a-stop",
        "After a verdict that ends the rollout no wave begins",
        *(
            ROLLOUT % "run",
            "if wave is None or self.state.code is not None or self._plan.refused:",
            "if wave is None or self._plan.refused:",
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "foreign-pending-not-seen",
        "A pending update of another person is not started",
        *(ROLLOUT % "plan", "if one.status not in FINISHED and one not in ours", "if False"),
        *(unit("rollout_plan"),),
    ),
)

APPROVAL = (
    one(
        "digest-without-waves",
        "Another cut into waves is another plan",
        *(ROLLOUT % "plan", "sorted(device.key for device in wave.devices), wave.spec.soak]", "wave.spec.soak]"),
        *(unit("rollout_plan"),),
    ),
    one(
        "digest-without-rules",
        "Other rules make another plan",
        *(ROLLOUT % "plan", '        "rules": request.rules(),\n', ""),
        *(
            unit("rollout_plan"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "approval-is-not-asked",
        "A plan that was not approved is refused",
        *(ROLLOUT % "plan", 'if approved not in ("", said):', "if False:"),
        *(
            unit("rollout_plan"),
            unit("connect_rollout"),
        ),
    ),
    one(
        "a-refused-plan-begins",
        "No wave of a refused plan begins",
        *(ROLLOUT % "run", " or self._plan.refused:\n            return False", ":\n            return False"),
        *(unit("connect_rollout"),),
    ),
)

# Of "a blackout never fails open".
GATED = (
    one(
        "blackouts-without-windows",
        "Blackouts that no window would ask are refused",
        *(ROLLOUT % "request", 'if calendar is None and (options["blackouts"] or options["override"]):', "if False:"),
        *(unit("rollout_request"),),
    ),
)

# Of "nothing is believed of the service that it did not show".
UNSEEN = (
    one(
        "an-unseen-release-is-sent-to",
        "Nothing is sent to a device whose release does not show",
        *(ROLLOUT % "effects", 'elif uuid in held and row["outcome"] == "changed":', "elif False:"),
        *(unit("connect_rollout"),),
    ),
    one(
        "an-old-read-is-the-present",
        "A plan that is older than a minute, or before a hook, is read again",
        *(
            ROLLOUT % "run",
            "return bool(self.request.hooks) or self.client.waits.clock() - self.state.read_at > STALE",
            "return False",
        ),
        *(unit("connect_rollout"),),
    ),
    one(
        "plans-on-half-a-list",
        "Nothing is planned while not all devices could be seen",
        *(ROLLOUT % "effects", "        if api.incomplete:\n", "        if False:\n"),
        *(unit("connect_rollout"),),
    ),
    one(
        "what-is-not-shown-has-failed",
        "What a later read does not show any more stays as it was known",
        *(
            ROLLOUT % "wave",
            "    if state not in FINISHED or (retried",
            "    if state is None and device is None or (retried",
        ),
        *(
            unit("rollout_verdict"),
            unit("rollout_end"),
        ),
    ),
)
