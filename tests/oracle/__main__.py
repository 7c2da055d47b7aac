# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the window engine with the oracle, minute by minute, around the changes of clocks.

Run it from the root of the repository: python -m tests.oracle --help
"""

from __future__ import annotations

import argparse
import functools
import itertools
import multiprocessing
import time
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from tests.oracle.battery import Case, Change, battery
from tests.oracle.random_cases import random_cases
from tests.oracle.sweep import Tally, all_zones, sample_zones, sweep_zone


def zone_data() -> str:
    """Which zone data there is: that of the system comes before the package."""
    try:
        from importlib.metadata import version

        package = version("tzdata")
    except ImportError:
        package = "none"
    return "system %s, package tzdata %s" % (", ".join(zoneinfo.TZPATH) or "none", package)


def chosen(name: str | None, seed: int, count: int, change: Change) -> Iterator[Case]:
    cases = itertools.chain(battery(change), random_cases(change, seed, count))
    yield from (case for case in cases if name in (None, case.name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--zones", default="sample", help="all, sample, or names with commas")
    parser.add_argument("--years", type=float, default=2, help="how many years to search for changes")
    parser.add_argument("--from", dest="start", default="2026-11-25", help="the first day")
    parser.add_argument("--case", help="only this one of the battery")
    parser.add_argument("--probes", type=int, default=2, help="how often to ask for a status in each case, about")
    parser.add_argument("--random", type=int, default=20, help="how many random cases to add at each change")
    parser.add_argument("--seed", type=int, help="of the sample and the random cases; printed")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--show", type=int, default=20, help="how many findings to print")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    start = datetime.fromisoformat(options.start).replace(tzinfo=timezone.utc)
    end = start + timedelta(days=365.25 * options.years)
    seed = options.seed if options.seed is not None else time.time_ns() % 10**6
    if options.zones == "all":
        zones = all_zones()
    elif options.zones == "sample":
        zones = sample_zones(seed, start, end)
    else:
        zones = options.zones.split(",")
    print("seed %d: %s" % (seed, options.zones if options.zones == "all" else ", ".join(zones)), flush=True)
    began = time.monotonic()
    cases = functools.partial(chosen, options.case, seed, options.random)
    work = functools.partial(sweep_zone, read_windows, start=start, end=end, probes=options.probes, cases=cases)
    total = Tally()
    with multiprocessing.Pool(options.jobs) as pool:
        for tally in pool.imap_unordered(work, zones):
            for finding in tally.findings[: max(0, options.show - len(total.findings))]:
                print(finding, "--seed %d" % seed, end="\n\n", flush=True)
            total.add(tally)
    counts = total.counts
    print("zone data: %s; %d zones" % (zone_data(), len(zones)))
    print(
        "%d zones that change, %d changes, %d cases, %d minutes compared, %d statuses asked, %d cases differ; %.0f s"
        % (
            *(counts[name] for name in ("zones", "changes", "cases", "minutes", "probes")),
            len(total.findings),
            time.monotonic() - began,
        )
    )
    return 1 if total.findings or not counts["minutes"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
