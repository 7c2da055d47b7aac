# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Takes texts that must not be written out of data, however they are spelled in it."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"
LOOKED_UP = 6  # so many characters are enough to suspect a spelling
ENOUGH = 6  # bytes of a secret from which on its base64 cannot be met by chance


def spellings(secret: str) -> set[str]:
    """The text itself, and how it looks in a URL, in JSON, in HTML, and in base64 (also of a longer text)."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in quoted}
    written = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    raw = secret.encode("utf-8", "surrogatepass")
    return {secret, *quoted, *lower, *written, *(_in_base64(raw) if len(raw) >= ENOUGH else ())}


def _in_base64(raw: bytes) -> Iterator[str]:
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode("ascii")
        yield from (whole, whole.rstrip("="))
        # In a longer text it begins at one of three places; its first and last characters hold bits of others, too.
        for before in range(3):
            first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
            yield encode(bytes(before) + raw).decode("ascii")[first:end]


class Hider:
    """Hides all of some secrets in one pass, thousands of them too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        every = sorted({spelling for secret in secrets if secret.strip() for spelling in spellings(secret)})
        self._size = min([LOOKED_UP, *map(len, every)])
        self._known: dict[str, list[str]] = {}
        for spelling in every:
            self._known.setdefault(spelling[: self._size], []).append(spelling)
        self._done: dict[str, str] = {}

    def data(self, value: t.Any) -> t.Any:
        """Plain data without the secrets: in texts, in keys, and in numbers too."""
        return _each_text(value, self.text) if self._known else value

    def text(self, text: str) -> str:
        # The rows of a fleet hold the same few texts again and again.
        if text not in self._done:
            self._done[text] = "".join(self._parts(text))
        return self._done[text]

    def _parts(self, text: str) -> Iterator[str]:
        start = end = 0  # of the secret text that was found last; secrets may overlap
        for place in range(len(text) - self._size + 1):
            for spelling in self._known.get(text[place : place + self._size], ()):
                if not text.startswith(spelling, place):
                    continue
                if place > end or not end:
                    if end:
                        yield MASK
                    yield text[end:place]
                    start = place
                end = max(end, place + len(spelling))
        if end > start:
            yield MASK
        yield text[end:]


def _each_text(value: t.Any, change: Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _each_text(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [_each_text(entry, change) for entry in value]
    if value is None or isinstance(value, bool):
        return value
    return value if change(str(value)) == str(value) else MASK
