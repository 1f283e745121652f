# COSEM date-time, 12 octets (Blue Book 4.1.6.1): year(2) month day weekday hour minute second
# hundredths deviation(2) clock_status. GBCS sends weekday FF, hundredths 00, deviation 8000.
from smets import clock
from smets.codec import DecodeError
from smets.compat import const

SIZE = const(12)
STATUS_NOT_SPECIFIED = const(0xFF)


def put(writer, seconds: int, clock_status: int):
    """Write UTC `seconds` since 2000 with a clock_status octet; UTC_INVALID as all-FF fields."""
    if seconds >= clock.UTC_INVALID:
        put_not_specified(writer, clock_status)
        return
    year, month, day, hour, minute, second = clock.from_seconds(seconds)
    writer.be(year, 2)
    start = writer.room(10)
    writer.buffer[start : start + 10] = bytes(
        (month, day, 0xFF, hour, minute, second, 0, 0x80, 0, clock_status)
    )


def put_not_specified(writer, clock_status: int):
    """Write a date-time whose nine date and time octets are all "not specified"."""
    writer.put(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00")
    writer.u8(clock_status)


def parse(data) -> int:
    """UTC seconds since 2000 of 12 octets without wildcards in the date or the time.

    Raises DecodeError with the offset of the field: a length other than 12, a wildcard, a
    date that does not exist, a deviation other than none (8000) or zero.
    """
    if len(data) != SIZE:
        raise DecodeError(0, "date-time of %d octets, not 12" % len(data))
    year = data[0] << 8 | data[1]
    month, day = data[2], data[3]
    if not (2000 <= year <= 2136):
        raise DecodeError(0, "year %d" % year)
    if not 1 <= month <= 12:
        raise DecodeError(2, "month %d" % month)
    if not 1 <= day <= clock.days_in_month(year, month):
        raise DecodeError(3, "day %d" % day)
    if not 1 <= data[4] <= 7 and data[4] != 0xFF:
        raise DecodeError(4, "weekday %d" % data[4])
    for offset, limit in ((5, 23), (6, 59), (7, 59)):
        if data[offset] > limit:
            raise DecodeError(offset, "time field %d" % data[offset])
    if data[8] > 99 and data[8] != 0xFF:
        raise DecodeError(8, "hundredths %d" % data[8])
    if bytes(data[9:11]) not in (b"\x80\x00", b"\x00\x00"):
        raise DecodeError(9, "deviation is not UTC")
    seconds = clock.to_seconds(year, month, day, data[5], data[6], data[7])
    if seconds >= clock.UTC_INVALID:
        raise DecodeError(0, "time past 2136-02-07T06:28:14Z")
    return seconds


def weekday(seconds: int) -> int:
    """The day of the week of UTC seconds since 2000: 0 is Monday."""
    return (seconds // 86400 + 5) % 7  # 2000-01-01 was a Saturday


def in_date(pattern, year: int, month: int, day: int, week_day: int) -> bool:
    """Whether a date of 5 octets, with wildcards FF, is this day; weekdays from 0, Monday."""
    if bytes(pattern[:2]) != b"\xff\xff" and pattern[0] << 8 | pattern[1] != year:
        return False
    for wanted, value in zip(pattern[2:], (month, day, week_day + 1)):
        if wanted not in (0xFF, value):
            return False
    return True
