# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutants of the window engine that no test can notice, with the reason."""

from __future__ import annotations

EQUIVALENT: tuple[tuple[str, str], ...] = ()
