# The non-disablement calendar: when the supply must stay on though no credit is left.
# A schedule (class 10) that calls two scripts, and special days (class 11), as GBCS ECS08 sets.
from smets import clock, cosem_time
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.dlms import objects
from smets.features.prepayment import policy

SCHEDULE = objects.key("10/0-0:12.0.1.255/2")
SPECIAL_DAYS = objects.key("11/0-0:11.0.2.255/2")

_DAY = const(86400)
# How far back a switch is looked for: a calendar of working days and weekends has one by then.
_BACK = const(8)


def _entries(octets) -> list:
    """(script, seconds of the day, weekdays, special days, begin, end) of a schedule."""
    reader = Reader(octets)
    found = []
    reader.expect(1, "schedule")
    for _ in range(reader.length("entries")):
        reader.literal(b"\x02\x0a\x12", "schedule entry")
        reader.skip(2, "index")
        reader.expect(3, "enable")
        enabled = reader.u8("enable")
        reader.literal(b"\x09\x06", "script table")
        reader.skip(6, "script table")
        reader.expect(0x12, "script")
        script = reader.be(2, "script")
        reader.expect(9, "time")
        time = bytes(reader.string("time"))
        if len(time) != 4:
            raise DecodeError(reader.pos, "time")
        reader.expect(0x12, "window")
        reader.skip(2, "window")
        bits = []
        for _ in range(2):
            reader.expect(4, "days")
            count = reader.length("days")
            number = reader.be((count + 7) // 8, "days")
            number >>= -count % 8
            bits.append([number >> (count - 1 - bit) & 1 for bit in range(count)])
        dates = []
        for _ in range(2):
            reader.expect(9, "date")
            dates.append(bytes(reader.string("date")))
            if len(dates[-1]) != 5:
                raise DecodeError(reader.pos, "date")
        if enabled:
            seconds = time[0] * 3600 + time[1] * 60 + time[2]
            found.append((script, seconds, bits[0], bits[1], dates[0], dates[1]))
    return found


def _special(octets) -> list:
    """(date, day id) of the special days; the n-th is bit n of exec_specdays."""
    if not isinstance(octets, bytes):
        return []
    reader = Reader(octets)
    reader.expect(1, "special days")
    found = []
    for _ in range(reader.length("entries")):
        reader.literal(b"\x02\x03\x12", "special day")
        reader.skip(2, "index")
        reader.expect(9, "date")
        found.append(bytes(reader.string("date")))
        reader.expect(0x11, "day")
        reader.skip(1, "day")
    return found


def _number(date: bytes) -> int:
    """A date as a number that sorts; 0 for a date with wildcards."""
    return 0 if 0xFF in date[:4] else int.from_bytes(date[:4], "big")


def _applies(entry, date: tuple, weekday: int, special) -> bool:
    number = date[0] << 16 | date[1] << 8 | date[2]
    begin, end = _number(entry[4]), _number(entry[5])
    if begin and number < begin or end and number > end:
        return False
    for index, pattern in enumerate(special):
        if index < len(entry[3]) and cosem_time.in_date(
            pattern, date[0], date[1], date[2], weekday
        ):
            return bool(entry[3][index])
    return weekday < len(entry[2]) and bool(entry[2][weekday])


def protected(values: dict, now: int) -> bool:
    """Whether the calendar among DLMS values keeps the supply on at UTC `now`.

    The last script called before now decides; without a calendar, or with one that cannot be
    read, nothing is kept on.
    """
    scripts = (policy.PROTECT_SCRIPT, policy.UNPROTECT_SCRIPT)
    last = last_script(values.get(SCHEDULE), values.get(SPECIAL_DAYS), now, scripts)
    return last == policy.PROTECT_SCRIPT


def last_script(octets, special_days, now: int, scripts) -> int:
    """The last of some scripts that a schedule called at UTC `now` or before; -1 without one.

    One that cannot be read has called none.
    """
    if not isinstance(octets, bytes):
        return -1
    try:
        entries = _entries(octets)
        special = _special(special_days)
    except DecodeError:
        return -1
    midnight = now // _DAY * _DAY
    for back in range(_BACK):
        start = midnight - back * _DAY
        if start < 0:
            break
        date = clock.from_seconds(start)[:3]
        weekday = cosem_time.weekday(start)
        best, script = -1, 0
        for entry in entries:
            if entry[0] not in scripts:
                continue
            at = entry[1]
            if best < at <= now - start and _applies(entry, date, weekday, special):
                best, script = at, entry[0]
        if best >= 0:
            return script
    return -1
