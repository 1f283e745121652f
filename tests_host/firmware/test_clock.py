# engines: cpython unix
# UTC seconds since 2000, dates of them, and a clock that runs in virtual time.
from testkit import raises

from smets import clock

# seconds, date and time; the first is rtds (it stands in GCS15 snapshots), the others spec
MOMENTS = (
    (0x1C374A80, (2015, 1, 1, 0, 0, 0)),
    (0, (2000, 1, 1, 0, 0, 0)),
    (1, (2000, 1, 1, 0, 0, 1)),
    (86399, (2000, 1, 1, 23, 59, 59)),
    (5097600, (2000, 2, 29, 0, 0, 0)),
    (5184000, (2000, 3, 1, 0, 0, 0)),
    (31622400, (2001, 1, 1, 0, 0, 0)),
    (510019200, (2016, 2, 29, 0, 0, 0)),
    (789004799, (2024, 12, 31, 23, 59, 59)),
    (888710400, (2028, 2, 29, 0, 0, 0)),
    (3155759999, (2099, 12, 31, 23, 59, 59)),
    (3160771200, (2100, 2, 28, 0, 0, 0)),
    (3160857600, (2100, 3, 1, 0, 0, 0)),
    (3187295999, (2100, 12, 31, 23, 59, 59)),
    (3187296000, (2101, 1, 1, 0, 0, 0)),
    (0x7FFFFFFF, (2068, 1, 19, 3, 14, 7)),
    (0x80000000, (2068, 1, 19, 3, 14, 8)),
    (0xFFFFFFFE, (2136, 2, 7, 6, 28, 14)),
)


def test_g29_conversion_both_ways():
    """rtds for 0x1C374A80, spec for the others: leap days, ends of years, past 31 bits."""
    for seconds, moment in MOMENTS:
        assert clock.from_seconds(seconds) == moment, moment
        assert clock.to_seconds(*moment) == seconds, moment


def test_g30_upper_edge():
    """spec: FFFFFFFE is the last valid time, FFFFFFFF none; 0 is 2000-01-01 and valid."""
    assert clock.UTC_INVALID == 0xFFFFFFFF
    assert clock.is_valid(2136, 2, 7, 6, 28, 14)
    assert not clock.is_valid(2136, 2, 7, 6, 28, 15)
    assert clock.is_valid(2000, 1, 1, 0, 0, 0)
    assert not clock.is_valid(1999, 12, 31, 23, 59, 59)
    assert not clock.is_valid(2137, 1, 1, 0, 0, 0)


def test_each_day_of_four_centuries_of_rules_follows_the_one_before():
    expected = (2000, 1, 1)
    for days in range(0, 49710, 13):
        year, month, day, hour, minute, second = clock.from_seconds(days * 86400)
        assert (hour, minute, second) == (0, 0, 0)
        assert (year, month, day) >= expected
        assert clock.to_seconds(year, month, day, 0, 0, 0) == days * 86400
        expected = (year, month, day)


def test_leap_years_and_months():
    """spec: Gregorian."""
    assert [y for y in (1900, 2000, 2004, 2015, 2100, 2104) if clock.is_leap(y)] == [
        2000,
        2004,
        2104,
    ]
    months = [clock.days_in_month(2015, month) for month in range(1, 13)]
    assert months == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert clock.days_in_month(2016, 2) == 29


def test_dates_that_do_not_exist():
    for moment in (
        (2015, 0, 1, 0, 0, 0),
        (2015, 13, 1, 0, 0, 0),
        (2015, 1, 0, 0, 0, 0),
        (2015, 2, 29, 0, 0, 0),
        (2015, 4, 31, 0, 0, 0),
        (2015, 1, 1, 24, 0, 0),
        (2015, 1, 1, 0, 60, 0),
        (2015, 1, 1, 0, 0, 60),
    ):
        assert not clock.is_valid(*moment), moment


def test_iso_text_both_ways():
    for text, seconds in (
        ("2000-01-01T00:00:00Z", 0),
        ("2015-01-01T00:00:00Z", 0x1C374A80),
        ("2136-02-07T06:28:14Z", 0xFFFFFFFE),
    ):
        assert clock.parse_iso(text) == seconds
        assert clock.format_iso(seconds) == text


def test_text_that_is_no_time():
    shape = "time is not YYYY-MM-DDThh:mm:ssZ"
    date = "time has no such date or hour, or is outside 2000 to 2136"
    for text, what in (
        ("", shape),
        ("2015-01-01", shape),
        ("2015-01-01T00:00:00", shape),
        ("2015-01-01T00:00:00+", shape),
        ("2015-01-01 00:00:00Z", shape),
        ("2015/01/01T00:00:00Z", shape),
        ("2015-01-01T00.00.00Z", shape),
        ("2015-1-01T00:00:000Z", shape),
        ("-015-01-01T00:00:00Z", shape),
        ("2015-01-+1T00:00:00Z", shape),
        ("2015-01-01T 1:00:00Z", shape),
        ("2015-01-01T00:00:00Z\n", shape),
        ("1999-12-31T23:59:59Z", date),
        ("2136-02-07T06:28:15Z", date),
        ("2015-02-29T00:00:00Z", date),
        ("2015-01-01T24:00:00Z", date),
    ):
        with raises(ValueError) as caught:
            clock.parse_iso(text)
        assert str(caught.error) == what, text


def test_status_names_have_the_values_of_gbcs():
    """spec: DeviceTimeStatus reliable(0), invalid(1), unreliable(2)."""
    assert clock.STATUS_NAMES == ("reliable", "invalid", "unreliable")
    assert (clock.RELIABLE, clock.INVALID, clock.UNRELIABLE) == (0, 1, 2)


def test_new_clock_is_invalid_and_does_not_run():
    own = clock.Clock()
    assert (own.seconds, own.status) == (clock.UTC_INVALID, clock.INVALID)
    own.advance(100)
    assert (own.seconds, own.status) == (clock.UTC_INVALID, clock.INVALID)


def test_clock_runs_once_set_reliable_or_not():
    own = clock.Clock()
    for status in (clock.RELIABLE, clock.UNRELIABLE):
        own.set(1000, status)
        own.advance(0)
        assert own.seconds == 1000
        own.advance(1800)
        assert (own.seconds, own.status) == (2800, status)


def test_clock_that_reaches_the_end_of_its_time_has_none_left():
    """project-choice: after 2136-02-07T06:28:14Z there is no time to tell."""
    own = clock.Clock()
    own.set(0xFFFFFFFE, clock.RELIABLE)
    own.advance(0)
    assert own.status == clock.RELIABLE
    own.advance(1)
    assert (own.seconds, own.status) == (clock.UTC_INVALID, clock.INVALID)
    own.set(0xFFFFFF00, clock.UNRELIABLE)
    own.advance(100_000)
    assert (own.seconds, own.status) == (clock.UTC_INVALID, clock.INVALID)


def test_epochs():
    """spec: 1970-01-01 is 946684800 seconds before 2000-01-01."""
    assert clock.UNIX_TO_2000 == 946684800
