# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Options as modules, roles and playbooks get them (YAML, JSON, the texts of a survey), read against their spec.

A spec is that of an Ansible module: type, elements, options, required, default, choices, no_log, fallback. What Ansible
would do with the values is not asked: it turns numbers into texts, cuts lists, and echoes what it refuses.
"""

from __future__ import annotations

import difflib
import os
import re
import typing as t
from collections.abc import Mapping, Sequence

from ansible.module_utils.common.validation import check_type_dict

from .._errors import InvalidInput
from .booleans import read_boolean
from .json_text import decoded
from .names import is_blank, read_names, read_secret, read_text, several, shown
from .numbers import read_whole

Spec = Mapping[str, Mapping[str, t.Any]]
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def read_options(
    given: Mapping[str, t.Any], spec: Spec, prefix: str = "", environ: Mapping[str, str] | None = None
) -> dict[str, t.Any]:
    """Each option of C(spec) with its value of the type it has there; not given are null, an empty text, and blanks.

    Raises InvalidInput naming the option, with C(prefix) (such as C(connect_)) before it, and what is accepted. It
    repeats no value of an option that is C(no_log), or that is not known.
    """
    return _read_mapping(given, spec, "", prefix, os.environ if environ is None else environ)


def _read_mapping(
    given: Mapping[str, t.Any], spec: Spec, place: str, prefix: str, environ: Mapping[str, str]
) -> dict[str, t.Any]:
    unknown = [str(name) for name in given if name not in spec]
    if unknown:
        name = prefix + place + shown(unknown[0])[1:-1]
        raise InvalidInput("%s is not known%s; accepted: %s." % (name, nearest(unknown[0], spec), ", ".join(spec)))
    missing = [name for name, option in spec.items() if option.get("required") and is_blank(given.get(name))]
    if missing:
        raise InvalidInput(
            "%s %s missing or empty, and must be given."
            % (" and ".join(prefix + place + name for name in missing), "are" if missing[1:] else "is")
        )
    read = {}
    for name, option in spec.items():
        value, where = given.get(name), prefix + place + name
        for variable in option["fallback"][1] if "fallback" in option and is_blank(value) else ():
            value, where = environ.get(variable), "%s (in the environment)" % variable
        read[name] = option.get("default") if is_blank(value) else _read_value(value, option, where, environ)
    return read


def nearest(name: str, known: t.Iterable[str]) -> str:
    """A question for the end of a sentence, when one of C(known) looks alike."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return " (did you mean %s?)" % close[0] if close else ""


def strangers(names: t.Iterable[str], known: t.Collection[str], among: str) -> str:
    """Those of C(names) that are not C(known), as the middle of a sentence; empty when there are none."""
    lost = sorted(set(names).difference(known))
    if not lost:
        return ""
    named = several([shown(name) for name in lost])
    return "%s, which %s not among %s%s" % (named, "are" if lost[1:] else "is", among, nearest(lost[0], known))


def _read_value(given: t.Any, option: Mapping[str, t.Any], where: str, environ: Mapping[str, str]) -> t.Any:
    kind = option["type"]
    if isinstance(given, str) and _HALF_A_PAIR.search(given):  # nothing could log or print it
        raise InvalidInput("%s has a character that is half of a surrogate pair; accepted: Unicode text." % where)
    if kind not in ("str", "path", "raw") and isinstance(given, str) and given.lstrip().startswith("{{"):
        # A linter knows by these words that nothing is wrong with a template that has not been evaluated yet.
        raise InvalidInput("option '%s' is of type text, a template that was not evaluated." % where)
    if kind == "list":
        return _read_list(given, option, where, environ)
    if kind == "dict":
        return _read_dict(given, option, where, environ)
    if kind == "bool":
        return read_boolean(given, where)
    if kind == "int":
        return read_whole(given, where)
    if kind == "raw":
        return given
    text = read_text(given, where, secret=option.get("no_log", False))
    if kind == "path":
        return os.path.expanduser(os.path.expandvars(text))
    if "choices" in option and text not in option["choices"]:
        said = "" if option.get("no_log") else shown(text)
        raise InvalidInput("%s is %s; accepted: %s." % (where, said, ", ".join(option["choices"])))
    return text


def _read_list(given: t.Any, option: Mapping[str, t.Any], where: str, environ: Mapping[str, str]) -> list[t.Any] | None:
    elements = option.get("elements", "raw")
    if elements == "str":
        return read_names(given, where)
    if elements == "raw" and isinstance(given, str) and not given.lstrip("\ufeff \t\r\n").startswith(("[", "{", '"')):
        return read_names(given, where)
    if isinstance(given, str) and not given.lstrip("\ufeff \t\r\n").startswith("["):
        raise InvalidInput("%s is not a list; accepted: %s, or its JSON text." % (where, _accepted(option)))
    entries = decoded(given, where, "list")
    if elements == "raw" and isinstance(entries, (int, float)) and not isinstance(entries, bool):
        return [entries]
    if not isinstance(entries, Sequence):
        raise InvalidInput("%s is not a list, but %s; accepted: %s." % (where, shown(entries), _accepted(option)))
    if elements == "raw":
        return list(entries)
    return [_read_dict(entry, option, "%s[%d]" % (where, at), environ) for at, entry in enumerate(entries)]


def _read_dict(given: t.Any, option: Mapping[str, t.Any], where: str, environ: Mapping[str, str]) -> t.Any:
    if isinstance(given, str) and given.lstrip("\ufeff \t\r\n").startswith("{"):
        given = decoded(given, where, "object")
    elif isinstance(given, str) and option["type"] == "dict" and not option.get("no_log"):
        given = _short_form(given, option)
    if not isinstance(given, Mapping):
        raise InvalidInput("%s is not a mapping; accepted: %s." % (where, _accepted({**option, "type": "dict"})))
    if "options" in option:
        return _read_mapping(given, option["options"], where + ".", "", environ)
    found = dict(decoded(given, where, "object"))
    if option.get("no_log"):
        return {str(name): read_secret(value, "%s.%s" % (where, name)) for name, value in found.items()}
    return found


def _short_form(given: str, option: Mapping[str, t.Any]) -> t.Any:
    """Ansible's name=ui version=3.10; a token with = in it is none, and its pieces are not to be shown as keys."""
    try:
        found = check_type_dict(given) if "=" in given else given
    except (TypeError, ValueError):
        return given
    return found if "options" not in option or set(found) <= set(option["options"]) else given


def _accepted(option: Mapping[str, t.Any]) -> str:
    keys = " with %s" % ", ".join(option["options"]) if "options" in option else ""
    return ("a list of mappings%s" if option["type"] == "list" else "a mapping%s") % keys
