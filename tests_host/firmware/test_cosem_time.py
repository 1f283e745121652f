# engines: cpython unix
# COSEM date-time of 12 octets: what GBCS sends, and what a device takes.
from testkit import raises

from smets import clock, cosem_time
from smets.codec import DecodeError, Writer


def put(seconds, status):
    writer = Writer(12)
    cosem_time.put(writer, seconds, status)
    return bytes(writer.view())


def refused(octets):
    with raises(DecodeError) as caught:
        cosem_time.parse(octets)
    return caught.error.offset, caught.error.what


MIDNIGHT = b"\x07\xdf\x01\x01\xff\x00\x00\x00\x00\x80\x00"


def test_g29_layout():
    """spec (Blue Book): weekday FF, hundredths 00, deviation 8000, then the clock_status."""
    assert put(0x1C374A80, 0x04) == MIDNIGHT + b"\x04"
    assert put(0x1C374A80 + 9 * 3600, 0x02) == (
        b"\x07\xdf\x01\x01\xff\x09\x00\x00\x00\x80\x00\x02"
    )
    assert put(789004799, 0x00) == b"\x07\xe8\x0c\x1f\xff\x17\x3b\x3b\x00\x80\x00\x00"


def test_g29_written_times_read_back():
    """spec (Blue Book): what is written is read as the same seconds."""
    for seconds in (0, 1, 510019200, 888710400, 3155759999, 0x80000000, 0xFFFFFFFE):
        octets = put(seconds, 0xFF)
        assert len(octets) == cosem_time.SIZE
        assert cosem_time.parse(octets) == seconds
        assert (octets[4], octets[8], octets[9:11]) == (0xFF, 0, b"\x80\x00")


def test_g30_edges():
    """spec: FFFFFFFE is 2136-02-07T06:28:14Z, 0 is 2000-01-01; FFFFFFFF is no time."""
    assert put(0xFFFFFFFE, 0)[:8] == b"\x08\x58\x02\x07\xff\x06\x1c\x0e"
    assert put(0, 0)[:8] == b"\x07\xd0\x01\x01\xff\x00\x00\x00"
    assert put(clock.UTC_INVALID, 1) == b"\xff" * 9 + b"\x80\x00\x01"


def test_time_that_is_not_specified():
    """spec: FF in all nine date and time octets."""
    writer = Writer(12)
    cosem_time.put_not_specified(writer, 0x05)
    assert bytes(writer.view()) == b"\xff" * 9 + b"\x80\x00\x05"


def test_lengths_other_than_12_are_refused():
    for size in (0, 5, 11, 13):
        assert refused(bytes(size)) == (0, "date-time of %d octets, not 12" % size)


def test_each_field_is_checked_where_it_stands():
    good = MIDNIGHT + b"\xff"
    for offset, octets, what in (
        (0, b"\xff\xff", "year 65535"),
        (0, b"\x07\xcf", "year 1999"),
        (0, b"\x08\x59", "year 2137"),
        (2, b"\x00", "month 0"),
        (2, b"\x0d", "month 13"),
        (2, b"\xff", "month 255"),
        (3, b"\x00", "day 0"),
        (3, b"\x20", "day 32"),
        (3, b"\xff", "day 255"),
        (4, b"\x00", "weekday 0"),
        (4, b"\x08", "weekday 8"),
        (4, b"\xfe", "weekday 254"),
        (5, b"\x18", "time field 24"),
        (5, b"\xff", "time field 255"),
        (6, b"\x3c", "time field 60"),
        (7, b"\x3c", "time field 60"),
        (8, b"\x64", "hundredths 100"),
        (9, b"\x00\x3c", "deviation is not UTC"),
        (9, b"\x80\x01", "deviation is not UTC"),
    ):
        octets = good[:offset] + octets + good[offset + len(octets) :]
        assert refused(octets) == (offset, what)


def test_leap_days():
    octets = b"\x07\xe0\x02\x1d\xff\x00\x00\x00\x00\x80\x00\x00"
    assert cosem_time.parse(octets) == 510019200
    assert refused(b"\x07\xdf" + octets[2:]) == (3, "day 29")
    assert refused(b"\x08\x34" + octets[2:]) == (3, "day 29")  # 2100 is no leap year


def test_what_a_device_need_not_care_about():
    """Which weekday it is, hundredths up to 99 or FF, deviation 0, any clock_status."""
    for octets in (
        b"\x07\xdf\x01\x01\x04\x00\x00\x00\x63\x00\x00\x80",
        b"\x07\xdf\x01\x01\xff\x00\x00\x00\xff\x80\x00\xff",
    ):
        assert cosem_time.parse(octets) == 0x1C374A80
        assert cosem_time.parse(memoryview(octets)) == 0x1C374A80


def test_time_past_the_last_one_is_refused():
    last = put(0xFFFFFFFE, 0)
    assert cosem_time.parse(last) == 0xFFFFFFFE
    later = last[:7] + b"\x0f" + last[8:]
    assert refused(later) == (0, "time past 2136-02-07T06:28:14Z")
