# Civil time of Great Britain: UTC, and British Summer Time from the last Sunday of March to the
# last Sunday of October, each at 01:00 UTC (Summer Time Order 2002). For screens only.
from smets import clock
from smets.compat import const

_DAY = const(86400)
_SUMMER = const(3600)
_CHANGE = const(3600)  # seconds after midnight UTC

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def weekday(seconds: int) -> int:
    """0 (Monday) to 6 (Sunday) of a day; 1 January 2000 was a Saturday."""
    return (seconds // _DAY + 5) % 7


def _change(year: int, month: int) -> int:
    """01:00 UTC on the last Sunday of a month of 31 days."""
    last = clock.to_seconds(year, month, 31, 0, 0, 0)
    return last - (weekday(last) + 1) % 7 * _DAY + _CHANGE


def offset(utc: int) -> int:
    """Seconds that civil time is ahead of UTC (seconds since 2000): 0 or 3600."""
    year = clock.from_seconds(utc)[0]
    return _SUMMER if _change(year, 3) <= utc < _change(year, 10) else 0


def fields(utc: int) -> tuple:
    """(year, month, day, hour, minute, second) of civil time."""
    return clock.from_seconds(utc + offset(utc))


def time_text(utc: int) -> str:
    """Such as "10:30"."""
    return "%02d:%02d" % fields(utc)[3:5]


def date_text(utc: int, now) -> str:
    """Such as "1 Nov", with the year where that is not the year of `now` (or there is no now)."""
    year, month, day = fields(utc)[:3]
    text = "%d %s" % (day, MONTHS[month - 1])
    if now is None or fields(now)[0] != year:
        text += " %d" % year
    return text


def day_time_text(utc: int, now) -> str:
    """The day and the time, for sentences: "1 Nov 10:30"."""
    return date_text(utc, now) + " " + time_text(utc)


def moment_text(utc: int, now) -> str:
    """The time, after the day where that is not the day of `now`: "10:30", "1 Nov 10:30"."""
    if now is not None and fields(utc)[:3] == fields(now)[:3]:
        return time_text(utc)
    if now is not None and fields(utc)[:3] == fields(max(now - _DAY, 0))[:3]:
        return "yesterday " + time_text(utc)
    return day_time_text(utc, now)
