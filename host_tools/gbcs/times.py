"""Times of the field: COSEM date-time (Blue Book 4.1.6.1) and ZigBee UTCTime (2000 epoch).

Every time in a GBCS message is UTC. A COSEM date-time may leave parts unspecified (0xFF);
such a value has no instant and is shown part by part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)
UTC_INVALID = 0xFFFFFFFF
NOW = bytes.fromhex("0000000000000000008000FF")  # DLMS activation date-time: at once
NEVER = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")  # DLMS activation date-time: never, cancel

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def iso(moment: datetime) -> str:
    """A UTC moment as ISO 8601 with Z, seconds resolution."""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def parse_iso(text: str) -> datetime:
    """Read `YYYY-MM-DDTHH:MM:SSZ`; raises ValueError for anything else."""
    try:
        if not _ISO.fullmatch(text):
            raise ValueError
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise ValueError(f"{text!r} is not a UTC time such as 2026-11-06T10:00:00Z") from None
    return moment.replace(tzinfo=UTC)


def seconds_2000(moment: datetime) -> int:
    """Seconds since 2000-01-01T00:00:00Z (no leap seconds)."""
    return int((moment - EPOCH_2000).total_seconds())


def from_seconds_2000(seconds: int) -> datetime:
    """The moment of a ZigBee UTCTime or of a DLMS log time stamp."""
    return EPOCH_2000 + timedelta(seconds=seconds)


def utc_text(seconds: int) -> str:
    """A ZigBee UTCTime for people; 0xFFFFFFFF is the invalid value."""
    if seconds == UTC_INVALID:
        return "invalid (0xFFFFFFFF)"
    return iso(from_seconds_2000(seconds))


@dataclass(frozen=True)
class CosemDateTime:
    """The 12 octets of a COSEM date-time; `moment` is None unless date and time are all given."""

    raw: bytes
    year: int
    month: int
    day: int
    weekday: int
    hour: int
    minute: int
    second: int
    hundredths: int
    deviation: int  # minutes; -32768 = not specified
    status: int
    moment: datetime | None

    @property
    def specified(self) -> bool:
        """False if every part of date and time is 'not specified'."""
        return self.raw[:9] != b"\xff" * 9

    def text(self) -> str:
        """For people: the instant, the special values, or what parts there are."""
        if self.raw == NOW:
            return "at once"
        if self.raw == NEVER:
            return "never (not specified)"
        if self.moment is not None:
            return iso(self.moment)
        if not self.specified:
            return "not specified"
        date = f"{_part(self.year, 0xFFFF, 4)}-{_part(self.month)}-{_part(self.day)}"
        time = f"{_part(self.hour)}:{_part(self.minute)}:{_part(self.second)}"
        return f"{date} {time}"


def _part(value: int, missing: int = 0xFF, width: int = 2) -> str:
    return "*" * width if value == missing else f"{value:0{width}d}"


def cosem_date_time(raw: bytes) -> CosemDateTime:
    """Split 12 octets; raises ValueError if a part is out of its range.

    The deviation is not applied: GBCS sends UTC with deviation 0x8000 (not specified).
    """
    if len(raw) != 12:
        raise ValueError(f"a COSEM date-time has 12 octets, not {len(raw)}")
    year, month, day, weekday = int.from_bytes(raw[:2], "big"), raw[2], raw[3], raw[4]
    hour, minute, second, hundredths = raw[5], raw[6], raw[7], raw[8]
    deviation = int.from_bytes(raw[9:11], "big", signed=True)
    if raw[:9] != NOW[:9]:
        _check("month", month, range(1, 13), {0xFD, 0xFE, 0xFF})
        _check("day", day, range(1, 32), {0xFD, 0xFE, 0xFF})
        _check("day of week", weekday, range(1, 8), {0xFF})
    _check("hour", hour, range(24), {0xFF})
    _check("minute", minute, range(60), {0xFF})
    _check("second", second, range(60), {0xFF})
    _check("hundredths", hundredths, range(100), {0xFF})
    moment: datetime | None = None
    if year != 0xFFFF and 1 <= month <= 12 and 1 <= day <= 31 and 0xFF not in raw[5:8]:
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{year:04d}-{month:02d}-{day:02d} is not a date") from None
    time = (hour, minute, second, hundredths)
    return CosemDateTime(raw, year, month, day, weekday, *time, deviation, raw[11], moment)


def _check(name: str, value: int, valid: range, special: set[int]) -> None:
    if value not in valid and value not in special:
        raise ValueError(f"{name} {value} is out of range")


def encode_cosem(moment: datetime, status: int = 0xFF) -> bytes:
    """A full UTC date-time as GBCS writes it: weekday FF, hundredths 00, deviation 8000."""
    head = moment.year.to_bytes(2, "big") + bytes([moment.month, moment.day, 0xFF])
    tail = bytes([moment.hour, moment.minute, moment.second, 0, 0x80, 0x00, status])
    return head + tail
