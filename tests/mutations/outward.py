# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must turn a test red when it is taken away: what people see, pay, and get refused."""

from __future__ import annotations

from tests.mutations.mutation import (
    API,
    CONNECTION,
    DEPLOY,
    DEPLOYMENT,
    E2E,
    EVIDENCE_ROWS,
    EVIDENCE_SECRETS,
    INTEGRATION,
    LINES,
    LIVE,
    MODELS,
    MODULE,
    MODULES,
    NAMES,
    NUMBERS,
    REPORT,
    REQUEST,
    ROLLOUT,
    SENDER,
    TRIGGER,
    TRIGGER_PLAN,
    one,
    unit,
)

CHECK_MODE = (
    one(
        "check-mode-holds",
        "connect_update_trigger writes nothing in check mode",
        *(TRIGGER, "    if dry:\n        _predict(request", "    if False:\n        _predict(request"),
        *(unit("module_trigger"),),
    ),
    one(
        "check-mode-sends",
        "connect_deploy writes nothing in check mode",
        *(DEPLOY, "    if dry:\n        _predict(run", "    if False:\n        _predict(run"),
        *(unit("module_deploy"),),
    ),
    one(
        "check-mode-hides-held-devices",
        "Check mode names devices that are held",
        *(DEPLOY, "    if held:\n", "    if held and not dry:\n"),
        *(unit("module_deploy"),),
    ),
    one(
        "held-devices-are-waited-for-in-silence",
        "Held devices are named before they are waited for",
        *(DEPLOY, "client.waits.progress.say(warning)", "pass"),
        *(INTEGRATION % "progress",),
    ),
    one(
        "wrong-token-not-undone",
        "A device that was held or released under another's UUID is put back",
        *(TRIGGER, "elif before is None or before.held is None:", "else:\n            done = ''\n        if False:"),
        *(unit("module_trigger"),),
    ),
    one(
        "check-mode-rolls-out",
        "A rollout ends with its plan in check mode",
        *(ROLLOUT % "step", "began = not dry and await", "began = await"),
        *(unit("connect_rollout"),),
    ),
    one(
        "check-mode-holds-at-the-end",
        "The end of a rollout in check mode holds nothing",
        *(ROLLOUT % "run", "if state.plan is not None and not dry:", "if state.plan is not None:"),
        *(unit("connect_rollout"),),
    ),
    one(
        "check-mode-does-not-look-at-the-clock",
        "Check mode predicts that it is too late, too",
        *(TRIGGER, "            row.went_wrong(late)\n", "            pass\n"),
        *(unit("deadline"),),
    ),
)

SECOND_RUN = (
    one(
        "what-is-held-is-held-again",
        "A device that is as wanted is not written",
        *(TRIGGER_PLAN, '"unchanged" if row.before is hold else "changed"', '"changed"'),
        *(unit("module_trigger"),),
    ),
    one(
        "what-is-current-is-sent-to",
        "A device that has the wanted version is not sent to",
        *(DEPLOYMENT, "return CURRENT if has_it and not request.include_current else NEEDED", "return NEEDED"),
        *(unit("module_deploy"),),
    ),
)

SECRETS = (
    one(
        "echoes-are-passed-on",
        "A token that the service echoes is taken out",
        *(API, "masked = one_line(Hider([*tokens, *secrets]).text(text[:LONG]))", "masked = one_line(text[:LONG])"),
        *(unit("api_v1_refusals"),),
    ),
    one(
        "echoes-in-another-spelling",
        "A token that the service echoes in another spelling is taken out",
        *(EVIDENCE_SECRETS, "return {secret, *quoted, *lower,", "return {secret,} or {*lower,"),
        *(unit("secrets"),),
    ),
    one(
        "the-token-of-a-device-is-logged",
        "Ansible does not log or return device_token",
        *(
            MODULE % "update_trigger",
            '"device_token": {"type": "str", "no_log": True}',
            '"device_token": {"type": "str"}',
        ),
        *(unit("secrets"),),
    ),
    one(
        "options-with-a-mistake-are-echoed",
        "Options that could not be read are not shown",
        *(MODULES, "given, self.params = self.params, {}", "given = self.params"),
        *(unit("secrets"),),
    ),
    one(
        "tokens-of-a-large-fleet-are-shown",
        "Thousands of tokens are taken out of a result too",
        *(MODULES, "**hider.data(result), ", "**result, "),
        *(unit("many_devices"),),
    ),
    one(
        "secret-parameters-that-are-echoed",
        "A secret parameter that the service echoes is taken out",
        *(API, "redact(text, call.body, call.secrets)", "redact(text, call.body)"),
        *(unit("secret_parameters"),),
    ),
    one(
        "the-end-of-a-long-echo",
        "No part of a secret parameter is left where a long text is cut",
        *(API, "if secrets and len(text) > LONG:", "if False:"),
        *(unit("secret_parameters"),),
    ),
    one(
        "secret-parameters-are-no-secrets",
        "Values of secret parameters are taken out of results and logs",
        *(MODULES, "within = value.values() if isinstance(value, Mapping) else ()", "within = ()"),
        *(unit("secret_parameters"),),
    ),
    one(
        "secret-parameters-among-the-inputs",
        "The evidence names secret parameters",
        *(
            ROLLOUT % "request",
            'options["secret_parameters"] = list(deployment.secret_parameters)',
            'options["secret_parameters"] = dict(options["secret_parameters"])',
        ),
        *(unit("rollout_request"),),
    ),
    one(
        "arguments-in-the-banner-of-a-task",
        "Ansible prints no secret among the arguments of a task that has ended",
        *(LIVE, "if name not in SECRET}", "if True}"),
        E2E % "secrets",
    ),
    one(
        "secrets-that-can-be-guessed-from-the-mark",
        "Who has no user_token cannot test guesses with the mark",
        *(REQUEST, 'hmac.new(user_token.encode("utf-8", "surrogatepass"), ', 'hmac.new(b"", '),
        *(unit("secret_parameters"),),
    ),
    one(
        "another-secret-is-the-same-deployment",
        "Another secret parameter is another deployment",
        *(REQUEST, "[self.secret_parameters, self.secret_print]", "[self.secret_parameters]"),
        *(unit("secret_parameters"),),
    ),
    one(
        "secrets-that-are-too-short",
        "A secret that cannot be hidden is refused",
        *(NAMES, "if len(read_text(given, where, secret=True)) < HIDEABLE:", "if not read_text(given, where):"),
        *(unit("secret_parameters"),),
    ),
    one(
        "secrets-in-the-evidence",
        "The evidence holds none of its secrets",
        *(EVIDENCE_SECRETS, "return _each_text(value, self.text) if self._spellings else value", "return value"),
        *(unit("evidence_secrets"),),
    ),
)

ROWS = (
    one(
        "two-rows",
        "Each device has one row, also in the report",
        *(
            EVIDENCE_ROWS,
            "            if key not in self.planned:\n",
            "            key += '+' * (key in self.planned)\n            if True:\n",
        ),
        *(unit("evidence_report"),),
    ),
    one(
        "a-device-in-two-waves",
        "A device is in one wave",
        *(ROLLOUT % "waves", "left = [device for device in left if device.key not in inside]", "left = list(left)"),
        *(unit("rollout_waves"),),
    ),
    one(
        "failed-devices-have-no-row",
        "A device that could not be held has its row",
        *(
            TRIGGER,
            "[row.as_result() for row in rows]",
            '[row.as_result() for row in rows if row.outcome != "failed"]',
        ),
        *(unit("module_trigger"),),
    ),
    one(
        "devices-that-were-not-sent-to-have-no-row",
        "A device to which nothing was sent has its row",
        *(
            REPORT,
            "[dict(vars(row)) for row in rows]",
            '[dict(vars(row)) for row in rows if row.outcome != "unchanged"]',
        ),
        *(unit("module_deploy"),),
    ),
)

INPUT = (
    one(
        "a-device-twice",
        "A device that is listed twice is refused",
        *(TRIGGER_PLAN, "    _refuse_repeats(entries)\n", ""),
        *(unit("modules_options"),),
    ),
    one(
        "all-devices-unasked",
        "A deployment to a whole project needs all_devices",
        *(REQUEST, 'if not groups and not filters and not params["all_devices"]:', "if False:"),
        *(unit("modules_options"),),
    ),
    one(
        "any-operand",
        "A filter that the service does not know is refused with what is accepted",
        *(MODELS, "    if value in accepted:\n", "    if True:\n"),
        *(unit("models_filters"),),
    ),
    one(
        "any-number",
        "A number that is out of range is refused with its range",
        *(NUMBERS, "if not least <= number <= most:", "if False:"),
        *(unit("modules_alike"),),
    ),
    one(
        "plain-http",
        "No token goes to another machine unencrypted",
        *(CONNECTION, 'if parts.scheme == "http" and not (host in LOOPBACK or allow_http):', "if False:"),
        *(unit("modules_alike"),),
    ),
    one(
        "a-rollout-for-each-host",
        "A play of several hosts does not roll out several times",
        *(ROLLOUT % "step", 'if params["play_hosts"] > 1:', "if False:"),
        *(unit("connect_rollout"),),
    ),
    one(
        "a-broken-state-is-taken",
        "What is no state of an earlier step is refused",
        *(
            ROLLOUT % "state",
            "except (KeyError, TypeError, ValueError, zlib.error, binascii.Error):",
            "except KeyError:",
        ),
        *(unit("rollout_state"),),
    ),
    one(
        "columns-touch",
        "Columns of the plan keep apart, whatever the names",
        *(ROLLOUT % "table", 'east_asian_width(char) in "WF"', "False"),
        *(unit("rollout_table"),),
    ),
    one(
        "names-command-the-terminal",
        "A line of progress holds no character that a terminal obeys",
        *(LINES, 'c if c.isprintable() else " " for c in text', "c for c in text"),
        *("tests/unit/plugins/service/test_progress.py",),
    ),
    one(
        "progress-in-a-document",
        "No line of progress comes before the document of a JSON callback",
        *(LIVE, ' and constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] not in FOR_PROGRAMS', ""),
        *(INTEGRATION % "progress",),
    ),
    one(
        "a-long-hold-in-silence",
        "A hold of many devices says how far it is",
        *(TRIGGER, "        client.waits.progress.say_counts(lambda: counts(done))\n", ""),
        *("tests/unit/plugins/service/test_progress.py",),
    ),
)

COST = (
    one(
        "one-read-per-device",
        "The state of a fleet is read in pages",
        *(TRIGGER, "if request.project and wanted:", "if False:"),
        *(unit("many_devices"),),
    ),
    one(
        "short-pages",
        "A page holds 50 devices",
        *(API, "PAGE = 50\n", "PAGE = 10\n"),
        *(unit("api_v1_reading"), unit("many_devices")),
    ),
    one(
        "one-after-the-other",
        "Calls that need not wait for each other are in flight together",
        *(SENDER, "asyncio.Semaphore(concurrency)", "asyncio.Semaphore(1)"),
        *(unit("many_devices"),),
    ),
)
