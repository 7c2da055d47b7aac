# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The evidence of one run, for a program that goes on when it cannot be written any more."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from .._errors import ConnectError
from .._secrets import Hider
from .file import append, folder_warning
from .record import jsonable

START_OF_RUN = "run_started"


class Evidence:
    """Without the record of its start a run does not start. After that nothing is raised, also by another process that
    continues the run: its verdict, and which devices are left open, never depend on the disk.

    C(head) is the hash of the last record that was written. C(warnings) are sentences about the evidence: its folder,
    and once, the first record that could not be written.
    """

    def __init__(self, path: Path, hider: Hider, now: Callable[[], datetime]) -> None:
        self.path = path
        self.head: str | None = None
        self.trouble: str | None = None  # why records are missing
        self._hider = hider
        self._now = now

    def record(self, event: str, data: Mapping[str, t.Any]) -> None:
        """Raises ConnectError for C(run_started) alone."""
        try:
            plain = self._hider.data(jsonable(data))
            self.head = append(self.path, self._hider.text(event), plain, self._now())["hash"]
        except (ConnectError, TypeError, ValueError, RecursionError) as failure:
            if event == START_OF_RUN:
                raise
            self.trouble = self.trouble or "Records of this run are missing, from %s on: %s" % (event, failure)

    @property
    def warnings(self) -> list[str]:
        return [said for said in (folder_warning(self.path), self.trouble) if said]
