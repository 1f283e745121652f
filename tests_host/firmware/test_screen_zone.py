"""The local time of the screens against the time zone database."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smets.screen import localtime

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
try:
    LONDON = ZoneInfo("Europe/London")
except ZoneInfoNotFoundError:
    pytest.skip("no time zone database here", allow_module_level=True)


@given(st.integers(0, 0xFFFFFFFE))
def test_local_time_is_that_of_london(utc: int):
    """spec: fields, weekday and offset for any second of UTCTime."""
    local = (EPOCH + timedelta(seconds=utc)).astimezone(LONDON)
    assert localtime.fields(utc) == local.timetuple()[:6]
    assert localtime.offset(utc) == local.utcoffset().total_seconds()
    assert localtime.weekday(utc + localtime.offset(utc)) == local.weekday()


def test_every_change_until_2136():
    """spec: the seconds around each change of the clocks."""
    for year in range(2000, 2136):
        for month in (3, 10):
            day = max(day for day in range(25, 32) if datetime(year, month, day).weekday() == 6)
            change = int(
                (datetime(year, month, day, 1, tzinfo=timezone.utc) - EPOCH).total_seconds()
            )
            for utc in (change - 1, change):
                local = (EPOCH + timedelta(seconds=utc)).astimezone(LONDON)
                assert localtime.fields(utc) == local.timetuple()[:6], (year, month)
