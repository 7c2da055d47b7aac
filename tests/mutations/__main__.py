# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes promises away one by one, in copies of this checkout, and expects that a test turns red each time.

Run it from the root of the repository: python -m tests.mutations --help
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Verdict:
    name: str
    red: tuple[str, ...]
    trouble: str = ""  # why nothing can be said, for example that the patch does not apply

    @property
    def good(self) -> bool:
        return bool(self.red) and not self.trouble


def patched(mutation: Mutation, root: Path) -> dict[str, str]:
    """The new text of each file. Raises ValueError when the code is no longer what the row says."""
    texts: dict[str, str] = {}
    for patch in mutation.patches:
        text = texts.get(patch.file) or (root / patch.file).read_text(encoding="utf-8")
        if text.count(patch.old) != 1:
            raise ValueError("%s holds %d times: %s" % (patch.file, text.count(patch.old), patch.old))
        texts[patch.file] = text.replace(patch.old, patch.new)
        if patch.file.endswith(".py"):
            compile(texts[patch.file], patch.file, "exec")
    return texts


def copy_checkout(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run_tests(folder: Path, tests: Sequence[str]) -> tuple[int, tuple[str, ...], str]:
    """The exit code of pytest, the tests that were red, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "--maxfail=3", "-rfE", *tests],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    red = re.findall(
        r"^(?:FAILED|ERROR) (tests/[^\[\s]+)", done.stdout, re.MULTILINE
    )  # without the values of parameters
    return done.returncode, tuple(dict.fromkeys(red)), done.stdout + done.stderr


def try_out(mutation: Mutation | None, tests: Sequence[str]) -> Verdict:
    """The tests with the mutation, or without any."""
    name = mutation.name if mutation else "nothing taken away"
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        root = Path(folder)
        copy_checkout(root)
        try:
            for file, text in patched(mutation, root).items() if mutation else ():
                (root / file).write_text(text, encoding="utf-8")
        except (ValueError, SyntaxError) as err:
            return Verdict(name, (), "the patch does not apply: %s" % err)
        code, red, output = run_tests(root, tests)
    if code not in (0, 1):  # 1: tests have failed
        return Verdict(name, red, "pytest ended with %d: %s" % (code, output[-2000:]))
    return Verdict(name, red)


def chosen(names: Sequence[str]) -> list[Mutation]:
    known = {mutation.name: mutation for mutation in MUTATIONS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit("no mutation %s; known: %s" % (", ".join(unknown), ", ".join(known)))
    return [known[name] for name in names] or list(MUTATIONS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of tests/mutations/table.py; all by default")
    parser.add_argument("--units", action="store_true", help="only those that unit tests alone turn red")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    options = parser.parse_args()
    mutations = chosen(options.names)
    if options.units:
        mutations = [one for one in mutations if all(test.startswith("tests/unit/") for test in one.tests)]
    started = time.monotonic()
    green = try_out(None, sorted({test for mutation in mutations for test in mutation.tests}))
    if green.red or green.trouble:
        print("Without any mutation: %s" % (green.trouble or ", ".join(green.red)))
        return 1
    bad = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        verdicts = pool.map(lambda mutation: try_out(mutation, mutation.tests), mutations)
        for mutation, verdict in zip(mutations, verdicts, strict=True):
            bad += not verdict.good
            print("%s (%s)" % (mutation.name, mutation.promise))
            print("    " + (verdict.trouble or "\n    ".join(verdict.red) or "SURVIVED"), flush=True)
    print("%d mutations in %.0f s, %d not caught" % (len(mutations), time.monotonic() - started, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
