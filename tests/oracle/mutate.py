# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks the window engine in many small ways, one at a time, and asks its unit tests whether they notice.

Run it from the root of the repository, after ./tests/run units has made the environment:
  .cache/uv/bin/uv run --no-project --with cosmic-ray python -m tests.oracle.mutate --help
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import WorkItem

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("plugins", "tests", "emulator", "docs", "meta", "roles", "playbooks", "galaxy.yml", "pyproject.toml")

ENGINE = ("_window/*.py", "_reading/durations.py")

# One likely slip for each place. Others of cosmic-ray say the same again, or break a string format or an annotation.
OPERATORS = re.compile(
    r"core/(ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_FloorDiv|FloorDiv_Mul)"
    r"|ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_Gt|LtE_GtE|Gt_Lt|GtE_LtE"
    r"|Is_IsNot|IsNot_Is)|ReplaceUnaryOperator_(USub_UAdd|Delete_Not)|AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue"
    r"|ReplaceAndWithOr|ReplaceOrWithAnd|ReplaceBreakWithContinue|ReplaceContinueWithBreak|NumberReplacer"
    r"|ExceptionReplacer|ZeroIterationForLoop)"
)


def work_items(modules: list[Path], folder: Path) -> list[WorkItem]:
    with use_db(str(folder / "session.sqlite")) as database:
        init(modules, database, {})
        found = list(database.pending_work_items)
    kept = [item for item in found if OPERATORS.fullmatch(item.mutations[0].operator_name)]
    return sorted(kept, key=_order)


def _order(item: WorkItem) -> tuple[str, tuple[int, int], str, int]:
    """The same each time, for the sake of the seed."""
    mutation = item.mutations[0]
    return str(mutation.module_path), mutation.start_pos, mutation.operator_name, mutation.occurrence


def enter_a_copy(folder: str) -> None:
    """Each worker breaks a tree of its own."""
    copy = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "output"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    os.chdir(copy)


def refuse_if_red(command: str, folder: str) -> None:
    """Tests that fail anyway would notice everything."""
    enter_a_copy(folder)
    unbroken = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
    os.chdir(ROOT)
    if unbroken.returncode:
        raise SystemExit("The tests fail without a mutant:\n" + unbroken.stdout[-2000:] + unbroken.stderr[-2000:])


def judge(item: WorkItem, command: str, timeout: float) -> tuple[str, str, str]:
    """The verdict on a mutant, where it is, and what was changed."""
    mutation = item.mutations[0]
    result = mutate_and_test(item.mutations, command, timeout)
    verdict = "timeout" if result.output == "timeout" else str(getattr(result.test_outcome, "value", "not run"))
    place = "%s:%d %s" % (mutation.module_path.name, mutation.start_pos[0], mutation.operator_name.split("/")[1])
    return verdict, place, changed_lines(result.diff or "")


def changed_lines(diff: str) -> str:
    return "\n".join(line for line in diff.splitlines() if re.match(r"[-+](?![-+])", line))


def test_command(python: str) -> str:
    """The quick tests first: most mutants end there."""
    files = sorted((ROOT / "tests/unit/plugins").glob("test_window*.py"), key=lambda file: "oracle" in file.name)
    names = [str(file.relative_to(ROOT)) for file in files]
    return shlex.join([python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *names])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.mutate", description=__doc__)
    parser.add_argument("--count", type=int, help="a sample of so many mutants; otherwise all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--only", nargs="+", default=ENGINE, help="the files of plugins/module_utils to break")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--timeout", type=float, default=120, help="seconds; a mutant that takes longer is noticed")
    parser.add_argument("--python", default=str(ROOT / ".cache/dev/bin/python"), help="which runs the tests")
    options = parser.parse_args()
    os.chdir(ROOT)
    began = time.monotonic()
    verdicts: Counter[str] = Counter()
    survivors: Counter[str] = Counter()
    modules = sorted({file for name in options.only for file in Path("plugins/module_utils").glob(name)})
    command = test_command(options.python)
    with tempfile.TemporaryDirectory() as folder:
        items = work_items(modules, Path(folder))
        refuse_if_red(command, folder)
        chosen = random.Random(options.seed).sample(items, min(options.count or len(items), len(items)))
        print("%d of %d mutants of %s" % (len(chosen), len(items), ", ".join(one.name for one in modules)), flush=True)
        with multiprocessing.Pool(options.jobs, enter_a_copy, (folder,)) as pool:
            waiting = [pool.apply_async(judge, (item, command, options.timeout)) for item in chosen]
            for one in waiting:
                verdict, place, lines = one.get()
                verdicts[verdict] += 1
                survivors[place.split(":")[0]] += verdict == "survived"
                if verdict != "killed":
                    print("%s: %s\n%s" % (verdict, place, lines), flush=True)
    sizes = Counter(item.mutations[0].module_path.name for item in chosen)
    for name, size in sorted(sizes.items()):
        print("%s: %d of %d survive" % (name, survivors[name], size))
    noticed = verdicts["killed"] + verdicts["timeout"]
    print(
        "%d of %d mutants noticed, %.1f %%; %s; seed %d, %.0f s"
        % (
            noticed,
            len(chosen),
            100 * noticed / max(len(chosen), 1),
            dict(verdicts),
            options.seed,
            time.monotonic() - began,
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
