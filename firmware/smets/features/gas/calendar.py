# Reads a calendar as GCS01a and GCS05 publish it (ZSE Calendar cluster): seasons, weeks, days and
# special days, as payloads that are walked as they were set. meter.md B.6.
from smets import clock, cosem_time
from smets.compat import const
from smets.zcl import commands, kept
from smets.zcl.clusters import CALENDAR

TARIFF = const(0)  # calendar types
NON_DISABLEMENT = const(3)

_DAY = const(86400)
_FAR = const(0x7FFFFFFF)
_HEAD = const(12)  # provider, event, issuer calendar id
# project-choice: days that are looked back for the last switch, where a day has none yet.
# Alternative: as many as there are.
_BACK = const(8)


def at(settings, sort: int, now: int) -> tuple:
    """(value of the calendar of a type at UTC `now`, until when it holds at least).

    The value is -1 where no calendar says it.
    """
    midnight = now // _DAY * _DAY
    until = midnight + _DAY
    if settings.values.get(_key(commands.PUBLISH_CALENDAR, sort)) is None:
        return -1, clock.UTC_INVALID
    for back in range(_BACK):
        start = midnight - back * _DAY
        if start < 0:
            break
        value, following = _on_day(settings, sort, start, now - midnight if not back else _DAY)
        if not back:
            until = midnight + min(following, _DAY)
        if value >= 0:
            return value, until
    return -1, until


def _key(command: int, sort: int) -> bytes:
    return kept.key(kept.PUBLISHED, CALENDAR, command, sort)


def _payloads(settings, command: int, sort: int) -> list:
    return kept.split(settings.values.get(_key(command, sort)))


def _on_day(settings, sort: int, start: int, time: int) -> tuple:
    """(value of the last entry up to a time of the day, or -1; the time of the next one)."""
    wanted = _day_id(settings, sort, start)
    value, latest, following = -1, -1, _FAR
    for payload in _payloads(settings, commands.PUBLISH_DAY_PROFILE, sort):
        if payload[_HEAD] != wanted:
            continue
        for entry in range(_HEAD + 5, len(payload) - 2, 3):
            when = 60 * (payload[entry] | payload[entry + 1] << 8)
            if latest < when <= time:
                latest, value = when, payload[entry + 2]
            elif time < when < following:
                following = when
    return value, following


def _day_id(settings, sort: int, start: int) -> int:
    """The day profile of the day that begins at UTC `start`; -1 without one."""
    date = clock.from_seconds(start)[:3]
    weekday = cosem_time.weekday(start)
    for payload in _payloads(settings, commands.PUBLISH_SPECIAL_DAYS, sort):
        for entry in range(_HEAD + 8, len(payload) - 4, 5):
            if _is_date(payload[entry : entry + 4], date, weekday):
                return payload[entry + 4]
    week = _week(settings, sort, start, date[0])
    for payload in _payloads(settings, commands.PUBLISH_WEEK_PROFILE, sort):
        if payload[_HEAD] == week:
            return payload[_HEAD + 1 + weekday]
    return -1


def _is_date(octets, date: tuple, weekday: int) -> bool:
    """Whether a ZCL date, with wildcards FF, is this day."""
    told = (date[0] - 1900, date[1], date[2], weekday + 1)
    for octet, value in zip(octets, told):
        if octet not in (0xFF, value):
            return False
    return True


def _week(settings, sort: int, now: int, year: int) -> int:
    """The week profile of the season; -1 before the first one."""
    latest, week = -1, -1
    for payload in _payloads(settings, commands.PUBLISH_SEASONS, sort):
        for entry in range(_HEAD + 2, len(payload) - 4, 5):
            begins = _begin(payload[entry : entry + 4], now, year)
            if begins > latest:
                latest, week = begins, payload[entry + 4]
    return week


def _begin(octets, now: int, year: int) -> int:
    """When a season began last, UTC seconds; -1 where that is to come."""
    month, day = [1 if octet == 0xFF else octet for octet in octets[1:3]]
    for each in (year, year - 1) if octets[0] == 0xFF else (octets[0] + 1900,):
        if each >= 2000 and 1 <= month <= 12 and 1 <= day <= clock.days_in_month(each, month):
            begins = clock.to_seconds(each, month, day, 0, 0, 0)
            if begins <= now:
                return begins
    return -1
