"""Times of the field: COSEM date-time (Blue Book 4.1.6.1) and ZigBee UTCTime (2000 epoch).

Times in a GBCS message are UTC, with a deviation that is not specified; where one is, it counts.
A COSEM date-time may leave parts unspecified (0xFF), or say what is no date: such a value has no
instant and is shown part by part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)
UTC_INVALID = 0xFFFFFFFF
NOW = bytes.fromhex("0000000000000000008000FF")  # DLMS activation date-time: at once
NEVER = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")  # DLMS activation date-time: never, cancel

DEVIATION_NOT_SPECIFIED = -32768
_DEVIATIONS = range(-840, 841)  # minutes: 14 hours to either side

# Parts that are no number of a month or of a day of the month.
_MONTHS = {0xFD: "[end of daylight saving]", 0xFE: "[begin of daylight saving]"}
_DAYS = {0xFD: "[last day but one]", 0xFE: "[last day]"}

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
    """The moment of a ZigBee UTCTime or of a DLMS log time stamp, 32 bits."""
    return EPOCH_2000 + timedelta(seconds=seconds)


def iso_2000(seconds: int) -> str:
    """The moment of `seconds` since 2000 as ISO 8601."""
    return iso(from_seconds_2000(seconds))


def utc_text(seconds: int) -> str:
    """A ZigBee UTCTime for people; 0xFFFFFFFF is the invalid value.

    A number that 32 bits do not hold is no such time and is shown as the number it is.
    """
    if seconds == UTC_INVALID:
        return "invalid (0xFFFFFFFF)"
    if not 0 <= seconds < UTC_INVALID:
        return str(seconds)
    return iso(from_seconds_2000(seconds))


@dataclass(frozen=True)
class CosemDateTime:
    """The 12 octets of a COSEM date-time.

    `moment` is UTC, None unless date and time are all given; `problem` says what is impossible.
    """

    raw: bytes
    year: int
    month: int
    day: int
    weekday: int
    hour: int
    minute: int
    second: int
    hundredths: int
    deviation: int  # minutes from local time to UTC; DEVIATION_NOT_SPECIFIED
    status: int
    moment: datetime | None = None
    problem: str = ""

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
        month = _MONTHS.get(self.month) or _part(self.month)
        day = _DAYS.get(self.day) or _part(self.day)
        date = f"{_part(self.year, 0xFFFF, 4)}-{month}-{day}"
        time = f"{_part(self.hour)}:{_part(self.minute)}:{_part(self.second)}"
        shown = f"{date} {time}"
        return f"{shown} (malformed: {self.problem})" if self.problem else shown


def likely_text(raw: bytes) -> str:
    """What an octet-string says if it is a date-time, or "" if it is hardly one.

    Any octets may be meant: an impossible date counts where it is one part that is wrong.
    """
    if len(raw) != 12:
        return ""
    value = cosem_date_time(raw)
    usual = 1970 <= value.year < 2137 and len(_wrong_parts(value)) <= 1
    return value.text() if not value.problem or usual else ""


def _part(value: int, missing: int = 0xFF, width: int = 2) -> str:
    return "*" * width if value == missing else f"{value:0{width}d}"


def cosem_date_time(raw: bytes) -> CosemDateTime:
    """Split 12 octets; ValueError for another count of them."""
    if len(raw) != 12:
        raise ValueError(f"a COSEM date-time has 12 octets, not {len(raw)}")
    deviation = int.from_bytes(raw[9:11], "big", signed=True)
    year, month, day, weekday = int.from_bytes(raw[:2], "big"), raw[2], raw[3], raw[4]
    date = (year, month, day, weekday)
    value = CosemDateTime(raw, *date, raw[5], raw[6], raw[7], raw[8], deviation, raw[11])
    wrong = _wrong_parts(value)
    if wrong:
        return replace(value, problem=wrong[0])
    try:
        return replace(value, moment=_moment(value))
    except ValueError as error:
        return replace(value, problem=str(error))


def _wrong_parts(value: CosemDateTime) -> list[str]:
    """What is wrong with each part that has a value which none may have."""
    parts = [
        ("month", value.month, range(1, 13), {*_MONTHS, 0xFF}),
        ("day", value.day, range(1, 32), {*_DAYS, 0xFF}),
        ("day of week", value.weekday, range(1, 8), {0xFF}),
        ("hour", value.hour, range(24), {0xFF}),
        ("minute", value.minute, range(60), {0xFF}),
        ("second", value.second, range(60), {0xFF}),
        ("hundredths", value.hundredths, range(100), {0xFF}),
        ("deviation", value.deviation, _DEVIATIONS, {DEVIATION_NOT_SPECIFIED}),
    ]
    if value.raw[:9] == NOW[:9]:
        parts = parts[3:]
    return [
        f"{name} {part} is out of range"
        for name, part, valid, special in parts
        if part not in valid and part not in special
    ]


def _moment(value: CosemDateTime) -> datetime | None:
    date = (value.year, value.month, value.day)
    time = (value.hour, value.minute, value.second)
    if value.year == 0xFFFF or value.month > 12 or value.day > 31 or 0xFF in time:
        return None
    if value.raw[:9] == NOW[:9]:
        return None
    try:
        local = datetime(*date, *time, tzinfo=UTC)
        if value.deviation == DEVIATION_NOT_SPECIFIED:
            return local
        return local + timedelta(minutes=value.deviation)
    except (ValueError, OverflowError):
        raise ValueError("{:04d}-{:02d}-{:02d} is not a date".format(*date)) from None


def encode_cosem(moment: datetime, status: int = 0xFF) -> bytes:
    """A full UTC date-time as GBCS writes it: weekday FF, hundredths 00, deviation 8000."""
    head = moment.year.to_bytes(2, "big") + bytes([moment.month, moment.day, 0xFF])
    tail = bytes([moment.hour, moment.minute, moment.second, 0, 0x80, 0x00, status])
    return head + tail
