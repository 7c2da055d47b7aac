# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What AnsibleModule is for this collection: options read strictly, and nothing printed that is secret."""

from __future__ import annotations

import functools
import os
import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._errors import ConnectError, InvalidInput
from ._reading.names import HIDEABLE, one_line
from ._reading.options import Spec, read_options
from ._result import Report
from ._secrets import Hider
from ._service.connection import connection_spec
from ._service.http import REQUESTS_MISSING


class TolerantModule(AnsibleModule):
    """Its options are read by the collection's own reader, before Ansible converts, cuts or echoes any of them."""

    params: dict[str, t.Any]
    argument_spec: Spec
    _spec: Spec = {}

    def _load_params(self) -> None:
        super()._load_params()
        given, self.params = self.params, {}  # a refusal would echo them, and nothing is known of them yet
        options = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
        self._spec = self.argument_spec
        try:
            read = read_options(options, self._spec)
        except InvalidInput as err:
            super().fail_json(msg=Hider(_secrets(options, self._spec)).text(err.msg), code=err.code)
        # Ansible need not read them again. It would also search each text for each token: seconds for 10,000 devices.
        self.argument_spec = {
            name: {key: said for key, said in option.items() if key != "options"} for name, option in self._spec.items()
        }
        self.params = {**{name: given[name] for name in given if name not in options}, **read}

    @functools.cached_property
    def hider(self) -> Hider:
        return Hider(_secrets(self.params, self._spec))

    def fail_json(self, msg: str, **result: t.Any) -> None:
        msg, result = self.hider.text(msg), self.hider.data(result)
        self.params = self._echoed()  # it would be shown as the invocation
        super().fail_json(msg, **result)

    def _log_invocation(self) -> None:
        given, self.params = self.params, self._echoed()
        super()._log_invocation()
        self.params = given

    def _echoed(self) -> dict[str, t.Any]:
        """The options as they may be shown, with the number of devices in place of them."""
        bulky = {"devices": "%d devices" % len(self.params.get("devices") or ()), "state": "..."}
        return self.hider.data({**self.params, **{name: bulky[name] for name in bulky if self.params.get(name)}})


class ConnectModule(TolerantModule):
    """With the connection options too."""

    def __init__(self, spec: dict[str, dict[str, t.Any]]) -> None:
        super().__init__(argument_spec={**connection_spec(), **spec}, supports_check_mode=True)
        if REQUESTS_MISSING:
            self.fail_json(msg=missing_required_lib("requests"), code="missing_library")

    def refuse(self, failure: ConnectError) -> t.NoReturn:
        """The end of a task that has no rows."""
        self._leave(AnsibleModule.fail_json, failure.as_result(), [])

    def finish(self, report: Report) -> t.NoReturn:
        leave = AnsibleModule.fail_json if report.code else AnsibleModule.exit_json
        self._leave(leave, report.as_result(with_diff=self._diff), report.warnings)

    def _leave(self, leave: t.Callable[..., None], result: dict[str, t.Any], warnings: list[str]) -> t.NoReturn:
        """Ends the process, with all that it prints masked here: Ansible knows only the plain spelling, and leaves
        warnings out.
        """
        hider = self.hider
        result = {**hider.data(result), "msg": one_line(hider.text(result["msg"]))}
        for warning in warnings:
            self.warn(one_line(hider.text(warning)))
        self.params = self._echoed()
        leave(self, **result)
        raise AssertionError("unreachable")


def _secrets(given: Mapping[str, t.Any], spec: Spec) -> t.Iterator[str]:
    """The texts of options that are no_log, at any depth; also where the options could not be read."""
    for name, option in spec.items():
        value = given.get(name)
        if option.get("no_log"):
            variables = option["fallback"][1] if "fallback" in option else ()
            yield from (one for one in (value, *map(os.environ.get, variables)) if isinstance(one, str))
            within = value.values() if isinstance(value, Mapping) else ()
            yield from (one for one in within if isinstance(one, str) and len(one.strip()) >= HIDEABLE)
        elif name == "api_url" and isinstance(value, str) and "@" in value:
            yield value  # such an address is refused: it holds a password
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            if "options" in option and isinstance(entry, Mapping):
                yield from _secrets(entry, option["options"])
