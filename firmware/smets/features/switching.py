# Reads an activity calendar (class 20) with its special days (class 11), and charges (class 113).
# The tables are walked as they were set: what is parsed would not fit a board's heap.
from smets import clock, cosem_time
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.dlms import axdr, objects

_DAY = const(86400)
_FAR = const(0x7FFFFFFF)
# project-choice: days that are looked back for the last switch, where a day has none yet.
# Alternative: as many as there are.
_BACK = const(8)

_SEASONS, _WEEKS, _DAYS = "20/0-0:13.0.%d.255/3", "20/0-0:13.0.%d.255/4", "20/0-0:13.0.%d.255/5"
_NONE = b"\x01\x00"
_SPECIAL = "11/0-0:11.0.%d.255/2"


def _reader(values, text: str, element: int):
    octets = values.get(objects.key(text % element))
    reader = Reader(_NONE if octets is None else octets)
    reader.expect(axdr.ARRAY, "table")
    return reader, reader.length("table")


def at(values, element: int, now: int) -> tuple:
    """(selector at UTC `now`, until when it holds at least); 1 where the tables do not say."""
    midnight = now // _DAY * _DAY
    try:
        for back in range(_BACK):
            start = midnight - back * _DAY
            if start < 0:
                break
            selector, following = _on_day(values, element, start, _DAY if back else now - midnight)
            if not back:
                until = midnight + min(following, _DAY)
            if selector:
                return selector, until
    except DecodeError:
        return 1, midnight + _DAY
    return 1, until


def _on_day(values, element: int, start: int, time: int) -> tuple:
    """(selector of the last switch up to a time of the day, or 0; the time of the next one)."""
    wanted = _day_id(values, element, start)
    reader, count = _reader(values, _DAYS, element)
    selector, latest, following = 0, -1, _FAR
    for _ in range(count):
        reader.literal(b"\x02\x02\x11", "day")
        found = reader.u8("day id") == wanted
        reader.expect(axdr.ARRAY, "switches")
        for _ in range(reader.length("switches")):
            reader.literal(b"\x02\x03\x09\x04", "switch")
            hour, minute, second, _ = reader.view(4, "time")
            reader.literal(b"\x09\x06", "script table")
            reader.skip(6, "script table")
            reader.expect(axdr.LONG_UNSIGNED, "selector")
            chosen = reader.be(2, "selector")
            when = hour * 3600 + minute * 60 + second
            if not found:
                continue
            if latest < when <= time:
                latest, selector = when, chosen
            elif time < when < following:
                following = when
    return selector, following


def _day_id(values, element: int, start: int) -> int:
    """The day profile of the day that begins at UTC `start`; -1 without one."""
    date = clock.from_seconds(start)[:3]
    weekday = cosem_time.weekday(start)
    reader, count = _reader(values, _SPECIAL, element)
    for _ in range(count):
        reader.literal(b"\x02\x03\x12", "special day")
        reader.skip(2, "index")
        reader.literal(b"\x09\x05", "date")
        pattern = bytes(reader.view(5, "date"))
        reader.expect(axdr.UNSIGNED, "day id")
        day = reader.u8("day id")
        if cosem_time.in_date(pattern, date[0], date[1], date[2], weekday):
            return day
    week = _week(values, element, start, date[0])
    reader, count = _reader(values, _WEEKS, element)
    for _ in range(count):
        reader.literal(b"\x02\x08\x09", "week")
        name = bytes(reader.string("name"))
        days = reader.view(14, "days")
        if name == week:
            return days[2 * weekday + 1]
    return -1


def _week(values, element: int, start: int, year: int):
    """The name of the week profile of the season; None before the first one."""
    reader, count = _reader(values, _SEASONS, element)
    latest, week = -1, None
    for _ in range(count):
        reader.literal(b"\x02\x03\x09", "season")
        reader.skip(reader.length("name"), "name")
        reader.literal(b"\x09\x0c", "start")
        begins = _start(reader.view(12, "start"), start, year)
        reader.expect(axdr.OCTET_STRING, "week")
        name = bytes(reader.string("week"))
        if begins is not None and begins > latest:
            latest, week = begins, name
    return week


def _start(octets, now: int, year: int):
    """When a season began last, UTC seconds; None where that is to come."""
    month, day = [1 if part == 0xFF else part for part in octets[2:4]]
    hour, minute, second = [0 if part == 0xFF else part for part in octets[5:8]]
    fixed = octets[0] << 8 | octets[1]
    for each in (fixed,) if fixed != 0xFFFF else (year, year - 1):
        if each >= 2000 and 1 <= month <= 12 and 1 <= day <= clock.days_in_month(each, month):
            begins = clock.to_seconds(each, month, day, hour, minute, second)
            if begins < now + _DAY and begins // _DAY * _DAY <= now:
                return begins
    return None


def charge(octets, index: int) -> int:
    """The charge of an index in 10^-5 pound, 0 without one; -1 means the one without index."""
    reader = Reader(octets)
    try:
        reader.literal(b"\x02\x03\x02\x02\x0f", "charge")
        reader.skip(1, "commodity scale")
        reader.expect(axdr.INTEGER, "price scale")
        scale = reader.u8("price scale")
        axdr.skip(reader)
        reader.expect(axdr.ARRAY, "charges")
        for _ in range(reader.length("charges")):
            reader.literal(b"\x02\x02\x09", "charge")
            name = bytes(reader.string("index"))
            reader.expect(axdr.LONG, "charge")
            value = reader.be(2, "charge")
            if (name[0] if name else -1) == index:
                value -= value >> 15 << 16
                places = (scale - 0x100 if scale & 0x80 else scale) + 5
                return value * 10**places if places >= 0 else value // 10**-places
    except DecodeError:
        pass
    return 0
