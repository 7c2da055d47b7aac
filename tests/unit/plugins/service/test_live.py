# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The thread that shows the progress of a task."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils import _live


def blocked(thread: int) -> set[int]:
    """The signals that the kernel does not give to this thread."""
    status = Path("/proc/self/task/%d/status" % thread).read_text(encoding="utf-8")
    mask = int(status.split("SigBlk:")[1].split()[0], 16)
    return {number for number in signal.valid_signals() if mask >> (number - 1) & 1}


def test_signals_are_left_to_the_main_thread(tmp_path, monkeypatch):
    """Python handles them there alone, when it wakes: a worker that waits for its module would not pass them on."""
    seen: list[set[int]] = []
    heard = threading.Event()

    def display(_line):
        seen.append(blocked(threading.get_native_id()))
        heard.set()

    monkeypatch.setattr(_live.display, "display", display)
    file = tmp_path / "progress"
    file.write_text("holding 3 devices\n", encoding="utf-8")
    with _live.shown(str(file), ""):
        assert heard.wait(60)
    (found,) = seen
    assert found >= {signal.SIGINT, signal.SIGTERM}
    assert not blocked(threading.get_native_id()) & {signal.SIGINT, signal.SIGTERM}
