# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The masker: takes secrets out of texts and data, however they are spelled there."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from ._reading.names import HIDEABLE

MASK = "***"
LOOKED_UP = 6  # so many characters are enough to suspect a spelling
PLAIN = re.compile("[A-Za-z0-9_.~-]*")  # spelled the same in a URL, in JSON and in HTML

_ANY = "surrogatepass"  # also what no UTF-8 can say


def spellings(secret: str) -> set[str]:
    """The text itself, and how it looks in a URL, in JSON, in HTML, in hex, and in base64 (also of a longer text)."""
    raw = secret.encode("utf-8", _ANY)
    coded = {raw.hex(), raw.hex().upper(), *_in_base64(raw)} if len(raw) >= HIDEABLE else set()
    if PLAIN.fullmatch(secret):  # as tokens are; there may be thousands
        return {secret, *coded}
    quoted = {quote(secret, safe="", errors=_ANY), quote(secret, errors=_ANY), quote_plus(secret, errors=_ANY)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in quoted}
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_json |= {one.replace("/", "\\/") for one in in_json}
    in_json |= {re.sub("[<>&']", lambda found: "\\u%04x" % ord(found[0]), one) for one in in_json}
    return {secret, *quoted, *lower, *in_json, html.escape(secret), *coded}


def _in_base64(raw: bytes) -> Iterator[str]:
    # In a longer text it begins at one of three places; its first and last characters hold bits of others, too.
    for before in range(3):
        first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        whole = base64.b64encode(bytes(before) + raw).decode("ascii")
        for one in [whole[first:end], *([whole, whole.rstrip("=")] if not before else [])]:
            yield one
            yield one.replace("+", "-").replace("/", "_")


class Hider:
    """Hides all of some secrets in one pass, in time that grows with the text and not with the number of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        given = {one for secret in secrets for one in (secret, secret.strip()) if one.strip()}
        self._spellings = {spelling for secret in given for spelling in spellings(secret)}
        self._size = min([LOOKED_UP, *map(len, self._spellings)])
        self._lengths: dict[str, set[int]] = {}  # of the spellings that begin in this way
        for spelling in self._spellings:
            self._lengths.setdefault(spelling[: self._size], set()).add(len(spelling))
        self._done: dict[str, str] = {}

    def data(self, value: t.Any) -> t.Any:
        """Plain data without the secrets: in texts, in keys, and in numbers too."""
        return _each_text(value, self.text) if self._spellings else value

    def text(self, text: str) -> str:
        # The rows of a fleet hold the same few texts again and again.
        if not self._spellings:
            return text
        if text not in self._done:
            self._done[text] = "".join(self._parts(text))
        return self._done[text]

    def _parts(self, text: str) -> Iterator[str]:
        start = end = 0  # of the secret text that was found last; secrets may overlap
        for place in range(len(text) - self._size + 1):
            for length in self._lengths.get(text[place : place + self._size], ()):
                if text[place : place + length] not in self._spellings:
                    continue
                if place > end or not end:
                    if end:
                        yield MASK
                    yield text[end:place]
                    start = place
                end = max(end, place + length)
        if end > start:
            yield MASK
        yield text[end:]


def _each_text(value: t.Any, change: Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return change(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {change(str(key)): _each_text(entry, change) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(entry, change) for entry in value]
    return value if change(str(value)) == str(value) else MASK
