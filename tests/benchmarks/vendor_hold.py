# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds one device: the snippet of the vendor's documentation as a script, as it is started once per device today."""

from __future__ import annotations

import sys

import requests

url, user_token, device_token = sys.argv[1:]
response = requests.post(
    url + "/v1/set_update_trigger",
    json={"user_token": user_token, "device_token": device_token, "trigger_set": True},
    timeout=30,
)
print(response.status_code, response.text)
sys.exit(response.status_code != 200)
