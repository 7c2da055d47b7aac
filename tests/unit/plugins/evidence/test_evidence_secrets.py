# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is written, however it is spelled."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._secrets import Hider, spellings

SECRET = 'u-SECRET/of+the=account "55" \u00fc&?>'
TOKENS = ["tok-%05d/a+b=" % number for number in range(50)]
WAYS = {
    "raw": lambda text: text,
    "quoted": lambda text: quote(text, safe=""),
    "quoted as a path": quote,
    "quoted as a form": quote_plus,
    "quoted in small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "JSON": json.dumps,
    "JSON with letters of all kinds": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON with its slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON for web pages": lambda text: re.sub("[<>&']", lambda found: "\\u%04x" % ord(found[0]), json.dumps(text)),
    "HTML": html.escape,
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("secret", ["u-EMULATOR/3f+9c=7d 55", TOKENS[0], "0123456789abcdef", SECRET])
def test_each_spelling_is_hidden_alone_and_in_a_text(way, secret):
    spelled = way(secret)
    hider = Hider([secret, *TOKENS])
    for text in (spelled, "before %s after" % spelled, "x" + spelled + "x", spelled + spelled):
        found = hider.text(text)
        assert spelled.strip('"') not in found
        assert "***" in found
    assert hider.text("before %s after" % spelled).startswith("before ")
    assert hider.text("before %s after" % spelled).endswith(" after")


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("after", ["", "z", "yz", "xyz"])
@pytest.mark.parametrize("encode", [base64.standard_b64encode, base64.urlsafe_b64encode])
def test_it_is_hidden_inside_of_a_longer_text_in_base64(before, after, encode):
    secret = "u-EMULATOR/3f+9c=7d 55"
    encoded = encode((before + secret + after).encode()).decode()
    found = Hider([secret]).text("Basic " + encoded)
    assert "***" in found
    left = found.replace("Basic ", "").rstrip("=").split("***")
    assert len(left[0]) <= -(-len(before) * 4 // 3)
    assert len(left[-1]) <= -(-(len(after) + 1) * 4 // 3)  # the last character of the secret may share bits


def test_keys_numbers_and_everything_nested_are_hidden():
    data = {
        "list": [{"a " + SECRET: "b"}, ["c" + SECRET]],
        "pin": 12345678,
        "other": 123456789,
        "flag": True,
        "no": None,
    }
    found = Hider([SECRET, "12345678"]).data(data)
    assert found == {"list": [{"a ***": "b"}, ["c***"]], "pin": "***", "other": "***", "flag": True, "no": None}


@pytest.mark.parametrize("around", ["\n", "\r\n", "  ", "\t"])
def test_a_secret_with_blanks_around_it_is_hidden_without_them_too(around):
    assert Hider([around + SECRET + around]).text("<%s>" % SECRET) == "<***>"


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_no_secrets_hide_nothing(secrets):
    data = {"text": "kept  as it is", "numbers": [1, 2.5]}
    assert Hider(secrets).data(data) == data


def test_secrets_that_overlap_leave_nothing_of_either():
    assert Hider(["abc-123456", "123456-secret"]).text("<abc-123456-secret>") == "<***>"
    assert Hider(["aaaa"]).text("aaaaaaa") == "***"
    assert Hider(["inner", "has inner inside"]).text("it has inner inside, and inner") == "it ***, and ***"


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=4),
    st.data(),
)
def test_whatever_the_secrets_none_is_left(secrets, data):
    parts = data.draw(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(secrets)), max_size=6))
    text = "".join(parts)
    hidden = Hider(secrets).text(text)
    for part in hidden.split("***"):
        assert not any(secret in part for secret in secrets)
    if not any(spelled in text for secret in secrets for spelled in spellings(secret)):
        assert hidden == text


def cost_of(count):
    """What looking for this many secrets that begin alike costs: how many pieces of the text are compared."""

    class Counting(str):
        __slots__ = ()
        pieces = 0

        def __getitem__(self, place):
            Counting.pieces += 1
            return super().__getitem__(place)

    hider = Hider(["device-token-%06x" % (number * 7919) for number in range(count)])
    hider.text(Counting("kiosk-17 has device-token-none and got f-77aa-01bc at 2026-11-23T01:30:00Z " * 100))
    return Counting.pieces


def test_more_secrets_do_not_make_looking_dearer():
    assert cost_of(5000) <= 1.2 * cost_of(50)
