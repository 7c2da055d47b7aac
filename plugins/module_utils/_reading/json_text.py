# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Lists and mappings as JSON text, which surveys and command lines send."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from .._errors import InvalidInput

DEEPEST = 50  # levels; no option needs ten
STARTS = {"list": "[", "object": "{"}


def decoded(given: t.Any, where: str, kind: str) -> t.Any:
    """Data as they are, text as the JSON C(kind) (list, object) that it holds, None for a blank one.

    Raises InvalidInput, which does not repeat the text: it may hold tokens.
    """
    if not isinstance(given, str):
        refuse_depth(given, where)
        return given
    text = given.strip("\ufeff \t\r\n")
    if not text:
        return None
    try:
        found = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as err:
        cause = "%s, at line %d column %d" % (err.msg, err.lineno, err.colno)
    except RecursionError:
        cause = "nested too deeply"
    except ValueError:
        cause = "a number in it is none or has thousands of digits"
    else:
        refuse_depth(found, where)
        return found
    if not text.startswith(STARTS[kind]):
        raise InvalidInput("%s is text that is no JSON %s (%s)." % (where, kind, cause))
    raise InvalidInput(
        "%s looks like a JSON %s but cannot be read (%s). On a command line put it in single quotes: "
        "-a '{\"%s\": ...}'." % (where, kind, cause, where)
    )


def refuse_depth(data: t.Any, where: str) -> None:
    """What is nested so deeply was made to hurt. Raises InvalidInput."""
    level = [data]
    for _depth in range(DEEPEST):
        level = [
            child
            for node in level
            if isinstance(node, (Mapping, list, tuple))
            for child in (node.values() if isinstance(node, Mapping) else node)
        ]
        if not level:
            return
    raise InvalidInput("%s is nested too deeply: %d levels are the most." % (where, DEEPEST))


def _no_number(_word: str) -> t.NoReturn:
    raise ValueError
