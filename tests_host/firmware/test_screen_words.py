# engines: cpython unix
# Local time, and numbers as a person reads them.
from smets.clock import to_seconds
from smets.screen import localtime, words

HOUR = 3600


def test_summer_time_begins_and_ends_at_01_00_utc():
    """spec: Summer Time Order 2002, the last Sundays of March and October."""
    for year, march, october in ((2022, 27, 30), (2023, 26, 29), (2024, 31, 27), (2027, 28, 31)):
        start = to_seconds(year, 3, march, 1, 0, 0)
        end = to_seconds(year, 10, october, 1, 0, 0)
        assert localtime.offset(start - 1) == 0 and localtime.offset(start) == HOUR, year
        assert localtime.offset(end - 1) == HOUR and localtime.offset(end) == 0, year
        assert localtime.fields(start - 1)[3:] == (0, 59, 59)
        assert localtime.fields(start)[3:] == (2, 0, 0)
        assert localtime.fields(end - 1)[3:] == (1, 59, 59)
        assert localtime.fields(end)[3:] == (1, 0, 0)


def test_weekdays():
    assert localtime.WEEKDAYS[localtime.weekday(0)] == "Sat"
    assert localtime.weekday(to_seconds(2022, 11, 14, 23, 59, 59)) == 0
    assert localtime.weekday(to_seconds(2024, 2, 29, 0, 0, 0)) == 3
    assert localtime.weekday(0xFFFFFFFE) == 1, "7 February 2136 is a Tuesday"


def test_the_whole_range_of_utc_time_has_a_local_time():
    for utc in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE):
        assert localtime.fields(utc)[0] >= 2000
    assert localtime.time_text(0) == "00:00"
    assert localtime.time_text(0xFFFFFFFE) == "06:28"


def test_moments_say_the_day_only_where_it_is_another():
    now = to_seconds(2022, 7, 2, 9, 5, 0)
    assert localtime.moment_text(now, now) == "10:05", "summer time"
    assert localtime.moment_text(to_seconds(2022, 7, 1, 23, 0, 0), now) == "00:00"
    assert localtime.moment_text(to_seconds(2022, 7, 1, 22, 59, 0), now) == "yesterday 23:59"
    assert localtime.moment_text(to_seconds(2022, 6, 30, 9, 0, 0), now) == "30 Jun 10:00"
    assert localtime.moment_text(to_seconds(2021, 12, 31, 23, 30, 0), now) == "31 Dec 2021 23:30"
    assert localtime.moment_text(now, None) == "2 Jul 2022 10:05"
    assert localtime.day_time_text(now, now) == "2 Jul 10:05"
    assert localtime.date_text(now, now) == "2 Jul"
    assert localtime.moment_text(0, 5) == "00:00"


def test_numbers_are_rounded_once_half_away_from_zero():
    assert words.fixed(1234, 2) == "1.23" and words.fixed(1235, 2) == "1.24"
    assert words.fixed(-1235, 2) == "-1.24" and words.fixed(-1234, 2) == "-1.23"
    assert words.fixed(1999, 2) == "2.00" and words.fixed(5, 2) == "0.01"
    assert words.fixed(-4, 2) == "0.00", "no minus before nothing"
    assert words.fixed(1500, 0) == "2" and words.fixed(-1500, 0) == "-2"
    assert words.fixed(12345678, 5, 5) == "123.45678"


def test_quantities_have_the_digits_that_matter():
    for value, text in (
        (0, "0.00"),
        (842, "0.84"),
        (9994, "9.99"),
        (9995, "10.0"),
        (99949, "99.9"),
        (99950, "100"),
        (345678, "346"),
        (99999499, "99999"),
        (100000000, "100k"),
        (-1234, "-1.23"),
        (None, "--"),
    ):
        assert words.quantity(value) == text, (value, words.quantity(value))
    assert words.register(8901999) == "8901" and words.register(None) == "--"


def test_money():
    for value, text in (
        (0, "£0.00"),
        (1234000, "£12.34"),
        (1234499, "£12.34"),
        (1234500, "£12.35"),
        (-118000, "-£1.18"),
        (-499, "£0.00"),
        (999999000, "£9999.99"),
        (2147483647, "£21475"),
        (30064770000, "£301k"),
        (36028792700000, "£360M"),
        (None, "--"),
    ):
        assert words.pounds(value) == text, (value, words.pounds(value))
    for value, text in ((28620, "28.62p"), (0, "0.00p"), (99999, "100.00p"), (120000, "£1.20")):
        assert words.pence(value) == text, (value, words.pence(value))
    assert words.pence(24098, 1) == "24.1p" and words.pence(None) == "--"


def test_messages_of_either_character_set():
    assert words.message("Top up £20".encode()) == "Top up £20"
    assert words.message(b"Top up \xa320") == "Top up £20", "ISO 8859-1"
    assert words.message(b"one\r\ntwo\x00\x07\x1b ") == "one\ntwo"
    assert words.message(b"") == ""
