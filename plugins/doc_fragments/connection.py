# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of every module; a test compares them with connection_spec() in module_utils/_service/connection.py.
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the JFrog Connect service, without a path.
      - Plain C(http) is refused unless the host is the machine itself or O(allow_http) is V(true).
      - If not set, the value of the environment variable E(CONNECT_API_URL) is used.
    type: str
    default: https://api.connect.jfrog.io
  allow_http:
    description:
      - Allow plain C(http) to another machine. Anyone on the way can then read the tokens.
    type: bool
    default: false
  user_token:
    description:
      - The account's API v1 token, from the account settings of the web UI. Required.
      - Not an access token of API v2. It gives full power over the account, so keep it in Vault or in a credential.
      - If not set, the value of the environment variable E(CONNECT_USER_TOKEN) is used.
    type: str
  timeout:
    description:
      - Seconds to wait for a connection, and then for each next piece of the reply, from V(1) to V(600).
      - If not set, the value of the environment variable E(CONNECT_TIMEOUT) is used.
    type: int
    default: 30
  validate_certs:
    description:
      - Whether to verify the service's TLS certificate.
      - If not set, the value of the environment variable E(CONNECT_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the CA certificates to trust instead of the usual ones.
      - If not set, the value of the environment variable E(CONNECT_CA_PATH) is used.
    type: path
  retry_budget:
    description:
      - The longest, in seconds, that the task may spend waiting for rate limits and faults in all, from V(0) to
        V(86400).
      - Waits that overlap count once. Spreading calls by O(account_calls_per_minute) and the intervals between two
        reads of a running deployment are not faults, and do not count.
    type: int
    default: 300
  concurrency:
    description:
      - How many requests may be in flight at once, from V(1) to V(64).
    type: int
    default: 16
  device_calls_per_minute:
    description:
      - How many calls a minute may name the same device, from V(0) to V(3). The service bans devices that exceed 3.
      - Calls of all tasks that this user runs on this machine count together. What they need for that is kept in the
        temporary folder, or in the one that E(CONNECT_STATE_DIR) names.
      - V(0) switches this pacing off, for the emulator and private installations.
      - If not set, the value of the environment variable E(CONNECT_DEVICE_CALLS_PER_MINUTE) is used.
    type: int
    default: 3
  account_calls_per_minute:
    description:
      - How many calls a minute may be made that name no device (pages of devices, deployments), from V(0) to V(100000).
      - No limit is documented for them. After an HTTP status 429 to such a call a
        task makes half as many for five minutes.
      - V(0) switches this pacing off.
      - If not set, the value of the environment variable E(CONNECT_ACCOUNT_CALLS_PER_MINUTE) is used.
    type: int
    default: 60
requirements:
  - requests >= 2.28
notes:
  - For every option and environment variable, null, an empty text and blanks mean that it is not given. A value of
    another type than documented is refused; put versions, IDs and names in quotes, because YAML reads C(3.10) as 3.1.
  - Speaks API v1 of JFrog Connect, which devices with Connect Agent 7.0 or later do not support.
  - Runs where the task runs, which is usually C(localhost). Only that machine needs the Python library C(requests).
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY).
seealso:
  - name: API reference of JFrog Connect
    description: The service's own documentation.
    link: https://docs.connect.jfrog.io/developers/api-reference/connect-api-reference/overview
"""
