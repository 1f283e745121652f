# The days that gas_history.py keeps: when one ends, and their sums. Loaded with a report, or when
# a display asks. `kept` is GasHistory.
from smets import clock
from smets.compat import const
from smets.features import history
from smets.zcl import types
from smets.zcl.clusters import METERING, PREPAYMENT

_DAY = const(86400)
_MONTHS = const(0x40)  # low octet of the first month's attribute
_NONE = const(0xFFFFFFFF)  # of kWh or cost that are not known
# project-choice: seconds that a day may lack at its end and be told: its last report. A day of
# which more was not reported is not told. Alternative: with what was reported of it.
_LACKING = const(1800)
# project-choice: a report of the first seconds of a day whose values have not fallen is the last
# of the day before: a meter reports, then begins its day anew, and a hub that stamps such a report
# has a clock of its own. Alternative: as some hubs do, it belongs to the new day.
_LATE = const(60)
# project-choice: a meter's time further ahead of a valid clock of the hub is not booked: days to
# come would stand in the way of those that do come. Alternative: book it.
_AHEAD = const(3600)


def book(kept, stamp, report):
    """See GasHistory.book."""
    for cluster in kept.quantities:
        # What a state said is older.
        kept.device.zcl.attributes.get(cluster, {}).pop(kept.quantities[cluster][0], None)
    own = kept.device.clock
    now, before = stamp.seconds, kept.last
    ahead = own.status != clock.INVALID and now > own.seconds + _AHEAD
    if stamp.status == clock.INVALID or ahead:
        # What was reported before may not be told with this stamp.
        kept.last = (before[0], _NONE, _NONE)
        return
    values = (_reported(kept, report, METERING), _reported(kept, report, PREPAYMENT))
    start = now // _DAY * _DAY
    if values == (_NONE, _NONE) and not before[0]:
        return
    if now == before[0] and now - start < _LATE:
        return  # the last of a day again
    if start > before[0]:  # the first report of a day
        end = (before[0] // _DAY + 1) * _DAY if before[0] else 0
        final = False
        if now - start < _LATE:
            # Without a report of the day before, zeros may be those of the new day.
            final = not _fell(before, values) if end == start else _any(values)
        if end - before[0] <= _LACKING and end and not (final and end == start):
            _end_day(kept, end, before[1:])
        if final:
            _end_day(kept, start, values)
            values = tuple([_NONE if value == _NONE else 0 for value in values])
    kept.keep((now,) + values)


def _end_day(kept, end: int, values):
    try:
        log = kept.log()
        if end > log.newest:
            log.append(b"".join([value.to_bytes(4, "big") for value in (end,) + values]))
    except OSError:
        kept.storage_errors += 1


def _reported(kept, report, cluster: int) -> int:
    attribute, kind, _ = kept.quantities[cluster]
    octets = report.get(cluster, {}).get(attribute)
    if octets is None or octets[0] != kind:
        return _NONE
    if octets[1:] == b"\xff" * (len(octets) - 1):
        return _NONE
    return min(int.from_bytes(octets[1:], "little"), _NONE - 1)


def _any(values) -> bool:
    """Whether anything was used, or charged."""
    for value in values:
        if value and value != _NONE:
            return True
    return False


def _fell(before, values) -> bool:
    """Whether kWh or cost of the day is less than it was: a day has begun."""
    for old, value in zip(before[1:], values):
        if old != _NONE and value < old:
            return True
    return False


def value(kept, cluster: int, attribute: int) -> bytes:
    """See GasHistory.attribute."""
    today, kind, place = kept.quantities[cluster]
    low = attribute & 0xFF
    if cluster == METERING and low >= _MONTHS:
        kind = types.UINT32
    own = kept.device.clock
    now = -1 if own.status == clock.INVALID else own.seconds
    found = total(kept, low, today & 0xFF, place, now)
    # Types of numbers are in the order of their size.
    missing = (1 << 8 * ((kind & 7) + 1)) - 1
    return bytes((kind,)) + types.encode(kind, missing if found < 0 else min(found, missing - 1))


def total(kept, low: int, today: int, place: int, now: int) -> int:
    """Sum of a day, week or month, which may go on; -1 where it is not known.

    `low`: the low octet of its attribute, `today` that of this day; `place` in a row of the log;
    `now` is UTC, -1 without a valid clock.
    """
    if now < 0:
        return -1
    start, end = history.span(low, today, now)
    if start < 0:
        return -1
    total = 0
    midnight = now // _DAY * _DAY
    if end > midnight:
        end = midnight
        total = kept.last[place // 4]
        if kept.last[0] // _DAY * _DAY != midnight or total == _NONE:
            return -1
    days = _days(kept, start, end, place) if end > start else 0
    return total + days if days >= 0 else -1


def _days(kept, start: int, end: int, place: int) -> int:
    """Sum of the whole days from `start` to `end`; -1 where one of them is not known."""
    from smets.features import day_rows

    try:
        return day_rows.total(kept.log(), start, end, place)
    except OSError:
        return -1
