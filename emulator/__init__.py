# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for JFrog Connect, API v1 and API v2, for tests, rehearsals and the demo.

It is written from connect-api.md alone and shares no code with the collection, so that a client that
misunderstands the service fails here first. The core (:mod:`emulator.exchange` and below) does no I/O and takes
the time as an argument; :mod:`emulator.web` puts it on the network, :mod:`emulator.testing` into a test.
"""

from __future__ import annotations
