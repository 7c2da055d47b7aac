# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for the pip bootstrap script that ansible-test downloads from its own host.

A machine that reaches only a package index cannot download it, and every ansible-test environment fails for lack of
pip. ansible-test uses ~/.ansible/test/cache/get_pip_<version>.py if that exists, so tests/run puts this file there.
It installs the pip that comes with Python instead of the requested version.
"""

from __future__ import annotations

import subprocess
import sys

PIP = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]

# In this process ensurepip would leave pip with an empty configuration, without the index and certificates of the site.
subprocess.check_call([sys.executable, "-m", "ensurepip"])
if "--no-setuptools" in sys.argv:
    subprocess.call([*PIP, "uninstall", "-q", "-y", "setuptools"])
packages = [arg for arg in sys.argv[1:] if not arg.startswith(("-", "pip=="))]
sys.exit(subprocess.call([*PIP, "install", *packages]) if packages else 0)
