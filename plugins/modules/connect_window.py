#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_window
short_description: Tell whether a maintenance window is open, or wait for it
version_added: 0.2.0
description:
  - Answers whether updates may start now, given windows in which they may and blackouts in which they may not, and
    fails while they may not.
  - Windows unite. Blackouts are subtracted and always win. A window includes its first second and ends before its last
    edge.
  - A time that occurs twice, because the clock is set back, means its first occurrence. A time that does not occur,
    because the clock is set forward, means the instant of the change. Lengths are real elapsed time.
  - Talks to no service and changes nothing. It therefore takes no connection options, and is not in the action group.
  - The guide C(docs/windows.md) of the collection has the whole rule and examples of all forms.
author:
  - EdgeOps (@edgeops-collections)
requirements:
  - python-dateutil for windows with C(rrule) or C(calendar)
  - cronsim for windows with C(cron)
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
    details: Answers at once, and never waits.
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: none
    details: It changes nothing.
  idempotent:
    description: Running it again with the same options changes nothing.
    support: full
options:
  windows:
    description:
      - When updates may start. A list of mappings, each in one of these forms.
      - V(start) and V(end) or V(duration), with V(days) unless it is every day. The window may cross midnight, and its
        day is that of its start. V(end) may be on another day, as in V(sun 18:00).
      - V(rrule), a recurrence of RFC 5545 with V(start) and V(duration) or V(end); or the text of an AWX schedule
        (V(DTSTART;TZID=... RRULE:...)) with V(duration). V(offset_days) moves it by some days.
      - V(cron), five fields, with V(duration).
      - V(from) and V(to) or V(duration), for a single opening.
      - V(calendar), the absolute path of an iCalendar file or its text. Its events are the windows. V(zones) maps names
        of zones in it to IANA names.
      - Each has a V(timezone), an IANA name such as V(Europe/Paris), unless V(rrule), V(from) or V(calendar) carry a
        zone. There is no default. V(device) stands for the zone of each of the O(devices).
      - V(name) is what results call it.
      - On a command line and in a survey this may be the text of a JSON list.
    type: list
    elements: raw
    required: true
  blackouts:
    description:
      - When updates may not start, whatever a window says. They have the same forms as O(windows).
      - V(hard), true unless said otherwise, means that O(override) cannot lift it.
    type: list
    elements: raw
  at:
    description: The instant to ask about, such as V(2026-11-23T01:30:00Z), instead of now. It needs a zone.
    type: str
  min_remaining:
    description:
      - How much of the opening must be left for it to count as open, such as V(45m), V(2h), V(1h30m) or V(PT1H30M).
        An opening that is shorter never counts.
    type: raw
  wait_timeout:
    description:
      - How long to wait for an opening, in seconds or as V(2h). V(0) means not to wait.
      - The clock is read again at least every 30 seconds, so neither a suspended machine nor a clock that is set
        makes it miss a window or wake up in a closed one.
    type: raw
    default: '0'
  fail_when_closed:
    description: Fail while it is closed. Otherwise succeed, with RV(open=false).
    type: bool
    default: true
  override:
    description:
      - Opens windows although they are closed, in an emergency. It works only if all O(windows) have a V(name), lifts
        no blackout that is hard, and does not shorten O(min_remaining).
      - It counts as one more window from now until V(until), so it also makes an opening longer that it touches.
      - It appears in the result, so that the record shows who allowed what, and why.
    type: dict
    suboptions:
      reason:
        description: Why. Required.
        type: str
      by:
        description: Who allowed it. Required.
        type: str
      until:
        description:
          - When it ends, with a zone, such as V(2026-11-23T05:00:00Z). Required. Afterwards it is ignored. At most 366
            days ahead.
        type: str
      window:
        description: Name of the window that results then name. It changes nothing else.
        type: str
  devices:
    description:
      - Devices whose zones stand for V(device) in O(windows) and O(blackouts). It is open when any of them may be
        updated, and RV(devices) says which.
      - The filter P(edgeops.jfrog_connect.inventory_devices#filter) makes this list from hosts that have
        C(connect_timezone).
    type: list
    elements: dict
    suboptions:
      device_uuid:
        description: UUID of the device.
        type: str
      name:
        description: Name of the device.
        type: str
      timezone:
        description: IANA name of its zone. Required if a window or blackout has the timezone V(device).
        type: str
      device_token:
        description: Accepted and ignored, so that one list serves several modules.
        type: str
seealso:
  - module: edgeops.jfrog_connect.connect_deploy
  - module: edgeops.jfrog_connect.connect_update_trigger
  - plugin: edgeops.jfrog_connect.window_status
    plugin_type: filter
  - plugin: edgeops.jfrog_connect.window_open
    plugin_type: test
  - plugin: edgeops.jfrog_connect.window_preview
    plugin_type: filter
  - plugin: edgeops.jfrog_connect.window_lint
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Go on only while the night window is open, and for 45 minutes to come
  edgeops.jfrog_connect.connect_window:
    windows:
      - name: night
        timezone: Europe/Paris
        days: [mon, tue, wed, thu]
        start: "22:00"
        end: "04:00"
    blackouts:
      - name: year end
        timezone: Europe/Paris
        from: "2026-12-20"
        to: "2027-01-04"
    min_remaining: 45m

- name: Wait up to six hours for the third day after the second Tuesday of the month
  edgeops.jfrog_connect.connect_window:
    windows:
      - name: patch
        timezone: America/New_York
        rrule: FREQ=MONTHLY;BYDAY=2TU
        offset_days: 3
        start: "01:00"
        duration: 3h
    wait_timeout: 6h

- name: See which devices of a fleet in several zones may be updated now
  edgeops.jfrog_connect.connect_window:
    windows:
      - name: night
        timezone: device
        start: "01:00"
        end: "05:00"
    devices: "{{ groups['kiosks'] | edgeops.jfrog_connect.inventory_devices(hostvars) }}"
    fail_when_closed: false
  register: night
"""

RETURN = r"""
msg:
  description: Whether it is open, until when, or when it opens.
  type: str
  returned: always
  sample: >-
    Closed: outside of all windows. The next opening is at 2026-11-23T21:00:00Z (2026-11-23T22:00:00+01:00
    Europe/Paris), in 18h 45m.
code:
  description: Why the task failed. V(window_closed), V(invalid_option) or V(missing_library).
  type: str
  returned: failure
  sample: window_closed
open:
  description:
    - Whether updates may start. With O(devices), whether any of them may be updated; everything below except
      RV(devices) is then about the zone that is open longest, or that opens first.
  type: bool
  returned: always, except when the options were refused
  sample: false
reason:
  description:
    - V(open), V(override) where only O(override) opens it, V(outside) of all windows, V(blackout) in a window that is
      blacked out, or V(too_little_left) when less than O(min_remaining) is left.
  type: str
  returned: always, except when the options were refused
  sample: outside
window:
  description:
    - Name of the window that it is in, also when too little of it is left. V(null) outside of all windows and in a
      blackout.
    - When O(override) alone opens it, the window that the override names; else the one that is blacked out or that
      comes next without a gap, else the first.
  type: str
  returned: always, except when the options were refused
  sample: night
at:
  description: The instant that the answer is about, in UTC.
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T02:15:00Z"
at_local:
  description: The same in RV(timezone).
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T03:15:00+01:00"
timezone:
  description: Zone of the window that the answer is about.
  type: str
  returned: always, except when the options were refused
  sample: Europe/Paris
opened_at:
  description:
    - When the opening began that RV(at) lies in, in UTC. V(null) when it lies in none, in one by O(override), or in one
      that began more than a year ago.
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-22T21:00:00Z"
opened_at_local:
  description: The same in RV(timezone).
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-22T22:00:00+01:00"
closes_at:
  description:
    - When the opening ends that RV(at) lies in, in UTC. Windows and O(override) unite. V(null) when it lies in none, or
      in one that does not end as far as was searched, which RV(notes) then say.
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T03:00:00Z"
closes_at_local:
  description: The same in RV(timezone).
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T04:00:00+01:00"
remaining_seconds:
  description: Seconds from RV(at) to RV(closes_at).
  type: int
  returned: always, except when the options were refused
  sample: 2700
next_opening:
  description:
    - When it will next become open, in UTC. V(null) when no opening of O(min_remaining) was found in ten years.
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T21:00:00Z"
next_opening_local:
  description: The same in RV(timezone).
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-23T22:00:00+01:00"
next_close:
  description: When that opening ends, in UTC.
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-24T03:00:00Z"
next_close_local:
  description: The same in RV(timezone).
  type: str
  returned: always, except when the options were refused
  sample: "2026-11-24T04:00:00+01:00"
seconds_until:
  description: Seconds from RV(at) to RV(next_opening).
  type: int
  returned: always, except when the options were refused
  sample: 67500
blackout:
  description: Name of a blackout that is in force, also outside of all windows.
  type: str
  returned: always, except when the options were refused
  sample: year end
override:
  description: The override, as given.
  type: dict
  returned: always, except when the options were refused. V(null) without one.
  contains:
    reason:
      description: Why.
      type: str
    by:
      description: Who allowed it.
      type: str
    until:
      description: When it ends, in UTC.
      type: str
    window:
      description: The window that it names. V(null) if it was not given.
      type: str
  sample: {reason: CVE-2026-1234, by: Jane Doe, until: "2026-11-23T05:00:00Z", window: night}
notes:
  description:
    - What else a person should know. Changes of the clock, skipped occurrences, blackouts, the override, and what was
      decided or left out when a calendar was read.
  type: list
  elements: str
  returned: always, except when the options were refused
  sample: ["The clock of Europe/Paris is set forward by 1h at 2027-03-28T01:00:00Z, within the next opening."]
devices:
  description: One row for each of the O(devices).
  type: list
  elements: dict
  returned: always, except when the options were refused
  contains:
    device_uuid:
      description: UUID of the device. Empty if it was not given.
      type: str
    name:
      description: Name of the device. Empty if it was not given.
      type: str
    timezone:
      description: Its zone. V(null) if it was not given.
      type: str
    open:
      description: Whether it may be updated.
      type: bool
    reason:
      description: Like RV(reason), for this device.
      type: str
    closes_at:
      description: Like RV(closes_at), for this device.
      type: str
    closes_at_local:
      description: The same in the zone of the window, which is that of the device for V(device).
      type: str
    next_opening:
      description: Like RV(next_opening), for this device.
      type: str
    next_opening_local:
      description: The same in the zone of the window, which is that of the device for V(device).
      type: str
    notes:
      description: Like RV(notes), for this device.
      type: list
      elements: str
  sample:
    - device_uuid: d-1a2b-3c4d
      name: kiosk-17
      timezone: Asia/Tokyo
      open: true
      reason: open
      closes_at: "2026-11-23T20:00:00Z"
      closes_at_local: "2026-11-24T05:00:00+09:00"
      next_opening: "2026-11-24T16:00:00Z"
      next_opening_local: "2026-11-25T01:00:00+09:00"
      notes: []
waited_seconds:
  description: How long the task waited.
  type: int
  returned: always, except when the options were refused
  sample: 0
zone_data:
  description: Version of the zone data in use. V(system) when it does not say.
  type: str
  returned: always, except when the options were refused
  sample: 2026b
"""

from datetime import timedelta

from ..module_utils._errors import ConnectError
from ..module_utils._module import TolerantModule
from ..module_utils._service.progress import Progress
from ..module_utils._window import override
from ..module_utils._window.request import WindowRequest
from ..module_utils._window.wait import Watch, wait_for_opening


def main() -> None:
    module = TolerantModule(
        {
            "windows": {"type": "list", "elements": "raw", "required": True},
            "blackouts": {"type": "list", "elements": "raw"},
            "at": {"type": "str"},
            "min_remaining": {"type": "raw"},
            "wait_timeout": {"type": "raw", "default": "0"},
            "fail_when_closed": {"type": "bool", "default": True},
            "override": {"type": "dict", "options": {key: {"type": "str"} for key in override.KEYS}},
            "devices": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "device_uuid": {"type": "str"},
                    "name": {"type": "str"},
                    "timezone": {"type": "str"},
                    "device_token": {"type": "str", "no_log": True},
                },
            },
        },
        supports_check_mode=True,
    )
    watch = Watch()
    started = watch.monotonic()
    try:
        request = WindowRequest.read(module.params)
        timeout = timedelta(0) if module.check_mode else request.wait_timeout
        answer = wait_for_opening(request.ask, timeout, watch, Progress.shown().say)
    except ConnectError as err:
        module.fail_json(msg=err.msg, code=err.code)
    result = {**answer.as_result(), "waited_seconds": int(watch.monotonic() - started)}
    if answer.status.open or not module.params["fail_when_closed"]:
        module.exit_json(changed=False, **result)
    module.fail_json(code="window_closed", **result)


if __name__ == "__main__":
    main()
