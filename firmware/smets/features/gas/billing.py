# When the billing periods of a gas meter end (GCS25, GCS25a), and where its commands say so.
from smets import clock
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.zcl import commands
from smets.zcl.clusters import PRICE

_DAY = const(86400)
_MONTHS = const(3)  # units of a duration, in its low nibble
_UNITS = {1: _DAY, 2: 7 * _DAY}
_FOR_EVER = const(0xFFFFFF)


def ends(device, start: int, end: int) -> bool:
    """Whether a billing period ends after UTC `start`, and at `end` or before it.

    The billing period is that of GCS25 or, before there was one, of a state.
    """
    place = (PRICE, commands.PUBLISH_BILLING_PERIOD)
    payloads = ()
    if device.settings.values:
        from smets.zcl import kept

        payloads = kept.split(device.settings.get(kept.key(kept.PUBLISHED, *place)))
    for payload in payloads or device.zcl.published.get(place, ()):
        if _ends(payload, start, end):
            return True
    return False


def _ends(payload, start: int, end: int) -> bool:
    reader = Reader(payload, 8)
    try:
        first = reader.le(4, "start")
        number = reader.le(3, "duration")
        unit = reader.u8("duration type") & 0x0F
    except DecodeError:
        return False  # of a state
    if end < first or not 0 < number < _FOR_EVER:
        return False
    if unit == _MONTHS:
        year, month = clock.from_seconds(first)[:2]
        now = clock.from_seconds(end)
        passed = 12 * (now[0] - year) + now[1] - month
        passed -= passed % number
        # The last one may be later in its month.
        for months in (passed, passed - number):
            if months >= 0 and start < _after(first, months) <= end:
                return True
        return False
    if unit not in _UNITS:
        return False
    period = number * _UNITS[unit]
    return start < end - (end - first) % period


def _after(first: int, months: int) -> int:
    """UTC `first`, months later; a day that the month does not have is its last one."""
    year, month, day, hour, minute, second = clock.from_seconds(first)[:6]
    year, month = divmod(12 * year + month - 1 + months, 12)
    day = min(day, clock.days_in_month(year, month + 1))
    return clock.to_seconds(year, month + 1, day, hour, minute, second)
