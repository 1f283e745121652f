# What an attribute tells of days gone by, so that a change of tenancy can hide it from the HAN.
# Calendar days, weeks from Monday and months of UTC. Metering and Prepayment count them alike.
from smets import clock
from smets.compat import const
from smets.zcl import attributes
from smets.zcl.clusters import METERING, PREPAYMENT

DAY = const(86400)

# Low octets of attribute ids: consumption and cost of this day and of the one before it, then of
# older days, of weeks and of months, this one first.
_OLDER_DAYS = const(0x20)
_WEEKS = const(0x30)
_MONTHS = const(0x40)
_END = const(0x5C)
# (cluster, first octet of the ids) -> low octet of the attribute of this day, and of the first
# attribute that is no setting: historical consumption, the same in other units, historical cost.
_SETS = {}
for _cluster, _today, _first in (
    (METERING, attributes.CURRENT_DAY_CONSUMPTION_DELIVERED, 1),
    (METERING, attributes.CURRENT_DAY_ALTERNATIVE_CONSUMPTION_DELIVERED, 1),
    (PREPAYMENT, attributes.CURRENT_DAY_COST_CONSUMPTION_DELIVERED, 4),
):
    _SETS[(_cluster, _today >> 8)] = (_today & 0xFF, _first)
# A value that has a time of its own, and that time: maximum demands, bill to date and projected.
# project-choice: a bill is as old as its time stamp says, since a device does not know when the
# billing period began. Alternative: hide it until a supplier begins a new period.
_DATED = {
    attributes.CURRENT_MAX_DEMAND_DELIVERED: attributes.CURRENT_MAX_DEMAND_DELIVERED_TIME,
    attributes.CURRENT_MAX_DEMAND_RECEIVED: attributes.CURRENT_MAX_DEMAND_RECEIVED_TIME,
    attributes.BILL_TO_DATE_DELIVERED: attributes.BILL_TO_DATE_TIMESTAMP_DELIVERED,
    attributes.PROJECTED_BILL_DELIVERED: attributes.PROJECTED_BILL_TIMESTAMP_DELIVERED,
}
# Top-ups, five of them: time, amount, device, code.
_TOP_UPS = attributes.TOP_UP_DATE_TIME_1
_TOP_UPS_SIZE = const(0x50)


def begins(zcl, now: int, cluster: int, attribute: int):
    """UTC seconds at which what an attribute tells began; None where that is no history.

    0 where nobody knows when it began. `now` is -1 without a valid clock.
    """
    found = _SETS.get((cluster, attribute >> 8))
    if found:
        low = attribute & 0xFF
        if low < found[1]:
            return None
        return max(span(low, found[0], now)[0], 0) if now >= 0 else 0
    time = None
    if cluster == METERING:
        time = attribute if attribute in _DATED.values() else _DATED.get(attribute)
    elif cluster == PREPAYMENT and 0 <= attribute - _TOP_UPS < _TOP_UPS_SIZE:
        time = attribute & ~15
    if time is None:
        return None
    value = zcl.get(cluster, time)
    return value if isinstance(value, int) and value < clock.UTC_INVALID else 0


def span(low: int, today: int, now: int) -> tuple:
    """(start, end) of the days of a historical attribute by its low octet; -1 for none."""
    if low < _OLDER_DAYS:
        back = (low - today) // 2
        return days(now, back) if 0 <= back <= 1 else (-1, -1)
    if low < _WEEKS:
        return days(now, 2 + (low - _OLDER_DAYS) // 2)
    if low < _MONTHS:
        return weeks(now, (low - _WEEKS) // 2)
    return months(now, (low - _MONTHS) // 2) if low < _END else (-1, -1)


def days(now: int, back: int) -> tuple:
    """(start, end) of the day so many days ago."""
    midnight = now // DAY * DAY
    return midnight - back * DAY, midnight - (back - 1) * DAY


def weeks(now: int, back: int) -> tuple:
    """(start, end) of the week so many weeks ago; weeks begin on Monday."""
    # 2000-01-01 was a Saturday.
    monday = (now // DAY + 5) // 7 * 7 - 5
    return (monday - 7 * back) * DAY, (monday - 7 * (back - 1)) * DAY


def months(now: int, back: int) -> tuple:
    """(start, end) of the month so many months ago; -1 for what was before 2000."""
    year, month = clock.from_seconds(now)[:2]
    index = year * 12 + month - 1 - back
    return _month_start(index), _month_start(index + 1)


def _month_start(index: int) -> int:
    if index < 24000:
        return -1
    return clock.to_seconds(index // 12, index % 12 + 1, 1, 0, 0, 0)
