# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks the window engine in every small way that slips.py knows, one at a time, and runs its unit tests each time.

The tests are collected once. Each mutant is a process forked from there: it replaces the code of the broken module,
runs those tests that reach the broken line, the quickest first, and ends at the first that fails. A test that takes ten
times its processor time, and at least ten seconds, hangs: that counts as noticed.

Run it from the root of the repository: python -m tests.mutations.engine --help
"""

from __future__ import annotations

import argparse
import functools
import gc
import hashlib
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings

from tests.mutations.equivalent import EQUIVALENT
from tests.mutations.slips import Slip, slips

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window"
ENGINE = ROOT / "plugins" / "module_utils" / "_window"
TESTS = ROOT / "tests" / "unit" / "plugins" / "window"
REMEMBERED = ROOT / ".cache" / "mutations.pickle"
LEFT_OUT = "each_time"  # other cases in each run: nobody could repeat what they notice
NOT_BROKEN = ("__init__.py", "windows_zones.py")  # a table, which is compared with that of another library
SLOW = 3.0  # processor seconds of a test while it is traced: left out, so what only such a test notices survives
HANGS = -signal.SIGPROF

Reach = dict[str, tuple[float, dict[str, set[int]]]]  # of each test: processor seconds, and lines of the engine by file


class Plugin:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.failed = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if LEFT_OUT not in item.name]
        gc.freeze()
        reach = _reach(items, self.options.jobs)
        self.failed = _judge_all(items, reach, self.options)
        return True


# What each test reaches


def _reach(items: Sequence[pytest.Item], jobs: int) -> Reach:
    """Remembered for as long as the engine and the file of the tests stay the same."""
    known: dict[str, Any] = pickle.loads(REMEMBERED.read_bytes()) if REMEMBERED.exists() else {}  # noqa: S301  its own
    engine = b"".join(file.read_bytes() for file in sorted(ENGINE.parent.rglob("*.py")))
    keys = {
        path: hashlib.sha256(engine + path.read_bytes()).hexdigest() for path in {Path(item.path) for item in items}
    }
    fresh = [item for item in items if keys[Path(item.path)] not in known]
    parts = [fresh[at :: jobs * 4] for at in range(jobs * 4)]
    for found in _forked(jobs, [functools.partial(_traced, part) for part in parts if part]):
        if isinstance(found[1], int):
            raise SystemExit("The tests fail without a mutant.")
        for item in items:
            if item.nodeid in found[1]:
                known.setdefault(keys[Path(item.path)], {})[item.nodeid] = found[1][item.nodeid]
    known = {key: known[key] for key in keys.values()}
    REMEMBERED.parent.mkdir(exist_ok=True)
    REMEMBERED.write_bytes(pickle.dumps(known))
    return {nodeid: found for part in known.values() for nodeid, found in part.items()}


def _traced(items: Sequence[pytest.Item]) -> Reach:
    """Raises AssertionError when one fails."""
    found: Reach = {}
    names = {str(file.resolve()): file.name for file in ENGINE.glob("*.py")}
    here: dict[str, str | None] = {}
    lines: dict[str, set[int]] = {}

    def line(frame: types.FrameType, event: str, _arg: object) -> Any:
        lines[here[frame.f_code.co_filename] or ""].add(frame.f_lineno)
        return line

    def call(frame: types.FrameType, event: str, _arg: object) -> Any:
        path = frame.f_code.co_filename
        if path not in here:
            here[path] = names.get(str(Path(path).resolve()))
        return line(frame, event, _arg) if here[path] else None

    for item in items:
        lines = {name: set() for name in names.values()}
        _forget()
        began = time.process_time()
        sys.settrace(call)
        try:
            failed = _fails(item)
        finally:
            sys.settrace(None)
        assert not failed, item.nodeid
        found[item.nodeid] = (time.process_time() - began, {name: some for name, some in lines.items() if some})
    return found


def _fails(item: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False))


def _forget() -> None:
    """Answers of the unbroken code."""
    for one in _caches():
        one.cache_clear()


@functools.cache
def _caches() -> list[Any]:
    return [
        one
        for name, module in sys.modules.items()
        if name.startswith(PACKAGE)
        for one in vars(module).values()
        if hasattr(one, "cache_clear")
    ]


# Breaking it


def _break(slip: Slip) -> None:
    """Runs the broken module beside the real one, and puts its code into the functions that others have imported."""
    module = sys.modules["%s.%s" % (PACKAGE, slip.file.removesuffix(".py"))]
    broken = types.ModuleType(module.__name__)
    broken.__dict__.update({"__package__": module.__package__, "__file__": module.__file__})
    exec(slip.code(str(module.__file__)), broken.__dict__)  # noqa: S102
    for name, new in vars(broken).items():
        old = vars(module).get(name)
        if getattr(new, "__module__", module.__name__) != module.__name__ or name.startswith("__"):
            continue
        if isinstance(new, type):
            _transplant_class(new, old)
        elif not _transplant(new, old) and not isinstance(new, types.ModuleType):
            for other in [one for key, one in sys.modules.items() if "edgeops.jfrog_connect" in key]:
                if vars(other).get(name) is old:
                    setattr(other, name, new)


def _transplant(new: Any, old: Any) -> bool:
    """Whether it is a function."""
    for inner in ("__wrapped__", "__func__", "fget", "func"):
        if hasattr(new, inner) and not isinstance(new, types.FunctionType):
            return _transplant(getattr(new, inner), getattr(old, inner))
    if not isinstance(new, types.FunctionType):
        return False
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return True


def _transplant_class(new: type, old: Any) -> None:
    for name, value in vars(new).items():
        if name == "__init__" and value.__code__.co_filename == "<string>":  # a dataclass has its defaults there
            setattr(old, name, value)
        elif name not in vars(old) or name.startswith(("_abc", "_is_protocol", "_is_runtime")) or _is_made(name, value):
            continue  # by Python, or by the dataclass
        elif not _transplant(value, vars(old)[name]) and not isinstance(value, types.MemberDescriptorType):
            setattr(old, name, value)


def _is_made(name: str, value: Any) -> bool:
    own = isinstance(value, types.FunctionType) and value.__code__.co_filename != "<string>"
    return name.startswith("__") and not own


def _judge(slip: Slip, items: Sequence[pytest.Item], seconds: dict[str, float]) -> str:
    """The test that notices. Empty: it survives."""
    try:
        _break(slip)
    except Exception as err:  # not even the import works
        return "import: %r" % err
    _forget()
    resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    for item in items:
        signal.setitimer(signal.ITIMER_PROF, max(10, 10 * seconds[item.nodeid]))
        if _fails(item):
            return item.nodeid
    return ""


def _judge_all(items: Sequence[pytest.Item], reach: Reach, options: argparse.Namespace) -> bool:
    known = list(all_slips())
    chosen = [slip for slip in known if not options.names or any(name in str(slip) for name in options.names)]
    if options.sample:
        chosen = sorted(random.Random(options.seed).sample(chosen, min(options.sample, len(chosen))), key=known.index)
    seconds = {nodeid: spent for nodeid, (spent, _lines) in reach.items()}
    quickest = sorted((item for item in items if seconds[item.nodeid] < SLOW), key=lambda item: seconds[item.nodeid])
    began = time.monotonic()
    work = []
    for slip in chosen:
        some = [item for item in quickest if slip.place.on_import or _reaches(reach[item.nodeid][1], slip)]
        work.append(functools.partial(_judge, slip, some, seconds))
    verdicts: Counter[str] = Counter()
    of_file: Counter[tuple[str, str]] = Counter()
    reasons = EQUIVALENT
    for at, found in _forked(options.jobs, work):
        slip = chosen[at]
        if found == HANGS:
            verdict = "hangs"
        elif isinstance(found, int) or found:
            verdict = "noticed"
        else:
            verdict = "equivalent" if str(slip) in reasons else "survived"
        verdicts[verdict] += 1
        of_file[slip.file, verdict] += 1
        if options.verbose or verdict == "survived":
            print("%s: line %d %s %s" % (verdict, slip.place.lines.start, slip, found), flush=True)
        if verdict in ("noticed", "hangs") and str(slip) in reasons:
            print("not equivalent: %s (%s)" % (slip, found), flush=True)
    strangers = set(reasons) - {str(slip) for slip in known}
    for name in sorted(strangers):
        print("no such mutant: %s" % name)
    for file in sorted({slip.file for slip in chosen}):
        said = {verdict: count for (name, verdict), count in of_file.items() if name == file}
        print("%s: %s" % (file, ", ".join("%d %s" % (count, verdict) for verdict, count in sorted(said.items()))))
    noticed = verdicts["noticed"] + verdicts["hangs"]
    print(
        "%d of %d mutants noticed, %.1f %%; %d are equivalent, %d survived; %d known, seed %s, %.0f s"
        % (
            *(noticed, len(chosen), 100 * noticed / max(len(chosen), 1), verdicts["equivalent"], verdicts["survived"]),
            *(len(known), options.seed if options.sample else "-", time.monotonic() - began),
        )
    )
    return bool(strangers or verdicts["survived"])


def _reaches(lines: dict[str, set[int]], slip: Slip) -> bool:
    return not lines.get(slip.file, set()).isdisjoint(slip.place.lines)


def all_slips() -> Iterator[Slip]:
    for file in sorted(ENGINE.glob("*.py")):
        if file.name not in NOT_BROKEN:
            yield from slips(file.name, file.read_text(encoding="utf-8"))


# Processes


def _forked(jobs: int, work: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """What each returns, as soon as it does, with its place; or a number, when it died of a signal or failed."""
    running: dict[int, int] = {}
    waiting = list(enumerate(work))[::-1]
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < jobs:
                at, task = waiting.pop()
                child = os.fork()
                if not child:
                    _be_a_child(task, Path(folder, str(at)))
                running[child] = at
            child, status = os.wait()
            at = running.pop(child)
            code, answer = os.waitstatus_to_exitcode(status), Path(folder, str(at))
            yield at, code or pickle.loads(answer.read_bytes())  # noqa: S301
            answer.unlink(missing_ok=True)


def _be_a_child(task: Any, answer: Path) -> None:
    """Never returns."""
    code = 1
    try:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        answer.write_bytes(pickle.dumps(task()))
        code = 0
    except BaseException:  # also what a broken engine raises out of pytest
        code = 1
    finally:
        os._exit(code)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutations.engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="PART", help="only mutants with this in their name")
    parser.add_argument("--sample", type=int, help="so many of them; all by default")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--verbose", action="store_true", help="say which test notices each")
    options = parser.parse_args()
    settings.register_profile("mutations", derandomize=True, database=None, deadline=None, print_blob=False)
    settings.load_profile("mutations")
    plugin = Plugin(options)
    os.chdir(ROOT)
    code = pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-s", str(TESTS)], plugins=[plugin])
    return int(code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED) or plugin.failed)


if __name__ == "__main__":
    raise SystemExit(main())
