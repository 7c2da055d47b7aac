# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command of each fuzz: cases by their seeds for some minutes, or one case alone."""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable


def command(
    description: str,
    play: Callable[[int], str],
    alone: Callable[[int], str] | None = None,
    tell: Callable[[], None] = lambda: None,
) -> None:
    """C(play) a case by its seed, again and again. It says how the case ended, and raises when that is a fault.

    C(alone): what is printed of one case, when not how it ended. C(tell) is called before the end.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None, help="run this case alone")
    options = parser.parse_args()
    if options.seed is not None:
        print((alone or play)(options.seed))
        return
    first = random.SystemRandom().randrange(10**9)
    ends, count, refused, faults = time.monotonic() + options.minutes * 60, 0, 0, 0
    while time.monotonic() < ends and faults < 10:
        try:
            refused += play(first + count) != "done"
        except Exception:
            faults += 1
            print("seed %d\n%s" % (first + count, traceback.format_exc()[-3000:]))
        count += 1
    tell()
    print("%d cases from seed %d on, %d refused, %d faults" % (count, first, refused, faults))
    sys.exit(bool(faults))
