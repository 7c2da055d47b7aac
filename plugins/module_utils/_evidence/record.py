# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Records of evidence and the chain that they form: each names the hash of the one before. No I/O."""

from __future__ import annotations

import hashlib
import json
import math
import typing as t
import zoneinfo
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo

START = "0" * 64  # what the first record names in place of a hash
NO_RECORD = (
    "this is no whole record: it was changed, or cut off by a kill while it was written. The chain goes on without it."
)
KEYS = ("at", "at_local", "data", "event", "hash", "previous", "seq")
UTC = timezone.utc

Record = dict[str, t.Any]


def jsonable(value: t.Any) -> t.Any:
    """What JSON can say of it, in plain types: ansible-core 2.19 and later tag texts, and fill containers lazily."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [jsonable(entry) for entry in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, date):
        return value.isoformat()
    return str.__str__(str(value))


def canonical(record: Mapping[str, t.Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(record: Mapping[str, t.Any]) -> str:
    """SHA-256 over everything in the record but its hash."""
    rest = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(canonical(rest).encode("ascii")).hexdigest()


def next_record(
    event: str, data: Mapping[str, t.Any], now: datetime, first: Record | None, last: Record | None
) -> Record:
    """The record that follows C(last), in the time zone that the first one of the file names."""
    zone = zone_named((first["data"] if first else data).get("timezone"))
    record = {
        "seq": last["seq"] + 1 if last else 1,
        "at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "at_local": now.astimezone(zone).isoformat(timespec="seconds"),
        "event": event,
        "data": dict(data),
        "previous": last["hash"] if last else START,
    }
    return {**record, "hash": hash_of(record)}


def zone_named(name: t.Any) -> tzinfo | None:
    """None, which astimezone takes for the zone of this machine, unless it is the name of a zone."""
    try:
        return zoneinfo.ZoneInfo(name) if isinstance(name, str) and name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def parse_record(line: str) -> Record | None:
    """None when the line is not a record, whole and of the right types."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or tuple(sorted(record)) != KEYS:
        return None
    texts = all(isinstance(record[key], str) for key in ("at", "at_local", "event", "hash", "previous"))
    whole = (
        texts
        and isinstance(record["seq"], int)
        and not isinstance(record["seq"], bool)
        and isinstance(record["data"], dict)
    )
    return record if whole else None


@dataclass(frozen=True)
class Chain:
    """What a file holds: every record that can be read, and in words what is wrong with their chain."""

    records: tuple[Record, ...]
    faults: tuple[str, ...]

    @property
    def head(self) -> str | None:
        return self.records[-1]["hash"] if self.records else None

    @classmethod
    def read(cls, text: str) -> Chain:
        records, faults, last = [], [], None
        for number, line in enumerate(text.split("\n"), 1):
            if not line:
                continue
            record = parse_record(line)
            if record is None:
                faults.append("line %d: %s" % (number, NO_RECORD))
                continue
            faults += ["line %d: %s" % (number, fault) for fault in _faults_of(record, line, last)]
            records.append(record)
            last = record
        if not records:
            faults.append("line 1: there is no record in it.")
        return cls(tuple(records), tuple(faults))


def _faults_of(record: Record, line: str, last: Record | None) -> Iterable[str]:
    name = "record %d (%s)" % (record["seq"], record["event"][:40])
    if hash_of(record) != record["hash"] or canonical(record) != line:
        yield "%s was changed: its content does not fit its hash." % name
    if record["previous"] == (last["hash"] if last else START) and record["seq"] == (last["seq"] + 1 if last else 1):
        return
    where = "the record before it, number %d" % last["seq"] if last else "the start of the file"
    yield "%s does not follow %s: a record was removed, inserted, changed or moved." % (name, where)
