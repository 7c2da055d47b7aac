# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Texts as people mean them: names, ids, versions, tokens. What YAML has turned into something else is refused."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import date

from .._errors import InvalidInput
from .json_text import decoded

SHOWN = 60  # characters of a value that a message repeats
NAMED = 10  # hosts or devices that a message names
HIDEABLE = 6  # characters of a secret (bytes, of an encoded one) from which on other texts do not hold it by chance


def is_blank(given: t.Any) -> bool:
    """Null, an empty text and blanks all mean that the option is not given."""
    return given is None or (isinstance(given, str) and not given.strip())


def one_line(text: str) -> str:
    """For people to read: without line ends, escape sequences and marks that turn the direction of writing."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shown(given: t.Any) -> str:
    """A value of any type in a message, quoted when it is a text."""
    if isinstance(given, str):
        text = one_line(given)
        return "'%s'" % (text if len(text) <= SHOWN else text[: SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}")
    if given is None:
        return "null"
    if isinstance(given, bool):
        return "the boolean %s" % str(given).lower()
    if isinstance(given, (int, float)):
        return "the number %.40s" % digits(given)
    if isinstance(given, date):
        return "the date %s" % given
    return "a mapping" if isinstance(given, Mapping) else "a list"


def several(names: Sequence[str]) -> str:
    """The first ten, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (" and %d more" % more if more > 0 else "")


def digits(number: float) -> str:
    try:
        return str(number)
    except ValueError:
        return "with thousands of digits"


def read_text(given: t.Any, where: str, *, secret: bool = False) -> str:
    """A text without blanks around it. Raises InvalidInput; a secret is not repeated in it."""
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, (Mapping, list, tuple)):
        raise InvalidInput("%s is %s; accepted: one text." % (where, shown(given)))
    said = shown(given)  # such as: the number 3.1
    raise InvalidInput(
        "%s is %s, not a text: put it in quotes, so that it stays as it was written (YAML reads 3.10 as 3.1, 0755 as "
        "493, and on as true)." % (where, "a " + said.split()[1] if secret and given is not None else said)
    )


def read_secret(given: t.Any, where: str) -> str:
    """A text with the blanks around it. Raises InvalidInput, without the text, also when it is too short to hide."""
    if len(read_text(given, where, secret=True)) < HIDEABLE:
        raise InvalidInput(
            "%s has fewer than %d characters, so it cannot be hidden without hiding other texts too. Use a longer "
            "value, or parameters if it need not be secret." % (where, HIDEABLE)
        )
    return str(given)


def read_uuid(given: t.Any, where: str) -> str:
    """As the service writes it: without blanks, and in small letters where it has the usual form (d-1a2b-3c4d)."""
    text = "" if given is None else "".join(read_text(given, where).split())
    return text.lower() if re.fullmatch(r"d(-[0-9a-f]+)+", text, re.ASCII | re.IGNORECASE) else text


def read_names(given: t.Any, where: str) -> list[str]:
    """A list; or a text with commas, with one name a line, or of a JSON list. Raises InvalidInput."""
    if isinstance(given, str) and not given.lstrip("\ufeff \t\r\n").startswith("["):
        return [name for name in map(str.strip, re.split(r"[,\r\n]", given)) if name]
    given = decoded(given, where, "list")
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise InvalidInput("%s is %s; accepted: a list of texts." % (where, shown(given)))
    names = [read_text(name, "%s[%d]" % (where, at)) for at, name in enumerate(given)]
    if "" in names:
        raise InvalidInput("%s[%d] is an empty name: say it, or leave it out." % (where, names.index("")))
    return names
