# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small part of tests/fuzz: options and replies made up at random. For more: python -m tests.fuzz.options --help"""

from __future__ import annotations

from collections import Counter

from tests.fuzz import options, replies


def test_options_at_random_are_taken_or_refused_by_name():
    ends = Counter(options.play(seed) for seed in range(300))
    assert ends["done"] > 50
    assert ends["refused"] > 50


def test_replies_at_random_end_with_a_result_or_a_message():
    ends = Counter(replies.play(seed) for seed in range(200))
    assert ends["done"] > 20
    assert ends["refused"] > 50
