# Device time: UTC seconds since 2000-01-01T00:00:00Z, and its status.
# Status names: GBCS DeviceTimeStatus {reliable(0), invalid(1), unreliable(2)}.
from smets.compat import const

RELIABLE = const(0)
INVALID = const(1)
UNRELIABLE = const(2)
STATUS_NAMES = ("reliable", "invalid", "unreliable")

# ZigBee UTCTime that stands for "no valid time"; valid values end one below it, in 2136.
UTC_INVALID = const(0xFFFFFFFF)
# Seconds from 1970-01-01 to 2000-01-01: what to subtract where a port counts from 1970.
UNIX_TO_2000 = const(946684800)

_DAY = const(86400)
_HALF_HOUR = const(1800)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def is_leap(year: int) -> bool:
    """Gregorian leap year."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Days of a month; `month` is 1 to 12."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def to_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """UTC seconds since 2000 of a valid date and time, years 2000 to 2199."""
    past = year - 2000
    # Leap days of 2000 to year - 1: every fourth year, but not 2100.
    days = past * 365 + (past + 3) // 4 - (1 if year > 2100 else 0)
    days += _DAYS_BEFORE[month - 1] + day - 1
    if month > 2 and is_leap(year):
        days += 1
    return days * _DAY + hour * 3600 + minute * 60 + second


def from_seconds(seconds: int) -> tuple:
    """(year, month, day, hour, minute, second) of UTC seconds since 2000, 0 to 0xFFFFFFFF."""
    days = seconds // _DAY
    second = seconds % _DAY
    year = 2000
    while True:
        length = 366 if is_leap(year) else 365
        if days < length:
            break
        days -= length
        year += 1
    month = 1
    while True:
        length = days_in_month(year, month)
        if days < length:
            break
        days -= length
        month += 1
    return year, month, days + 1, second // 3600, second // 60 % 60, second % 60


def parse_iso(text: str) -> int:
    """Seconds since 2000 of "2015-01-01T00:00:00Z"; ValueError names what is wrong."""
    shape = len(text) == 20 and text[4] == "-" and text[7] == "-" and text[10] == "T"
    if not (shape and text[13] == ":" and text[16] == ":" and text[19] == "Z"):
        raise ValueError("time is not YYYY-MM-DDThh:mm:ssZ")
    parts = []
    for start, end in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)):
        part = text[start:end]
        if not all("0" <= char <= "9" for char in part):
            raise ValueError("time is not YYYY-MM-DDThh:mm:ssZ")
        parts.append(int(part))
    if not is_valid(*parts):
        raise ValueError("time has no such date or hour, or is outside 2000 to 2136")
    return to_seconds(*parts)


def format_iso(seconds: int) -> str:
    """The text that `parse_iso` reads."""
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % from_seconds(seconds)


def iso_or_none(seconds):
    """The text of a time that may be None or UTC_INVALID, which have none."""
    return None if seconds is None or seconds >= UTC_INVALID else format_iso(seconds)


def is_valid(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bool:
    """Whether such a moment exists and fits ZigBee UTCTime (2000 to 2136-02-07T06:28:14Z)."""
    if not (2000 <= year <= 2136 and 1 <= month <= 12 and hour <= 23 and minute <= 59):
        return False
    if not (second <= 59 and 1 <= day <= days_in_month(year, month)):
        return False
    return to_seconds(year, month, day, hour, minute, second) < UTC_INVALID


class Clock:
    """The device's own clock in virtual time: nothing here reads a wall clock."""

    def __init__(self, seconds: int = UTC_INVALID, status: int = INVALID):
        self.seconds = seconds
        self.status = status

    def utc(self):
        """UTC seconds since 2000, or None while the clock is not to be trusted."""
        return None if self.status == INVALID else self.seconds

    def set(self, seconds: int, status: int):
        """Set the time (seconds since 2000) and its status."""
        self.seconds = seconds
        self.status = status

    def confirm(self, interval: tuple, taken, store) -> int:
        """Set Clock: a time in an interval becomes `taken(start, end, time)`, and reliable.

        A clock that is invalid, or outside, stays as it is. Returns the status to answer. Where
        `store` gives the command up (ports.store.Store.undo), the clock is as before.
        """
        start, end = interval
        if self.status == INVALID:
            return INVALID
        if not start <= self.seconds <= end:
            return UNRELIABLE
        if store:
            store.undo(lambda before: self.set(*before), (self.seconds, self.status))
        self.set(taken(start, end, self.seconds), RELIABLE)
        return RELIABLE

    def advance(self, seconds: int):
        """Let time pass; an invalid clock does not run, and past the last UTCTime all are."""
        if self.status != INVALID:
            self.seconds += seconds
            if self.seconds >= UTC_INVALID:
                self.set(UTC_INVALID, INVALID)


def half_hours(own_clock: Clock, seconds: int):
    """Advance a clock by `seconds`, stopping at each half hour of UTC that comes by.

    Yields the half hours, UTC seconds since 2000; none while the clock is invalid.
    """
    if own_clock.status == INVALID:
        return
    end = own_clock.seconds + seconds
    while True:
        due = (own_clock.seconds // _HALF_HOUR + 1) * _HALF_HOUR
        if due > end or due >= UTC_INVALID:
            break
        own_clock.seconds = due
        yield due
    own_clock.advance(end - own_clock.seconds)
