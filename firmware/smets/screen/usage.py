# Consumption of a day, a week and a month in bars, from the stored half hours and days.
# Days are those of the meters' logs: from midnight UTC. A week begins on Monday.
from smets import clock
from smets.compat import const
from smets.features.tenancy.cleared import DAYS, PROFILE
from smets.screen import localtime

TODAY = const(0)
WEEK = const(1)
MONTH = const(2)

# A bar without a record: not stored, restricted by the meter, or purged.
NO_DATA = const(-1)

_DAY = const(86400)
_HALF_HOUR = const(1800)
# Half hours that may be over and not stored yet: the log is asked for each half hour.
_LATE = const(2)


class Usage:
    """The bars of a period. Values in Wh (m3 meters: dm3), money in thousandths of pence."""

    def __init__(self, period: int):
        self.period = period
        self.start: int | None = (
            None  # UTC seconds since 2000 of the first bar; None: nothing is known
        )
        self.slots = 0  # bars of the whole period
        self.bars = []  # of what is over or under way: a value, None (not known), NO_DATA
        self.total: int | None = None  # of the values that are known
        self.whole = False  # whether they all are
        self.money: int | None = None
        self.about = False  # whether `money` is worked out from the present price
        self.under_way = False  # whether the last bar is that of the day that is not over

    def close(self, money: list):
        """Work out the sums; `money` has an amount for each bar, or None."""
        known = [bar for bar in self.bars if bar is not None and bar != NO_DATA]
        if known:
            self.total = sum(known)
            self.whole = len(known) == len(self.bars)
            if self.whole and None not in money:
                self.money = sum(money)

    def estimate(self, price):
        """Where no cost is stored, what the consumption costs at a price of a kWh, if known."""
        if self.money is None and self.total is not None and self.whole and price is not None:
            self.money = (self.total * price + 500) // 1000
            self.about = True


def read(series, fuel: int, utc: int) -> tuple:
    """Today, this week and this month of a fuel; `series` as of tenancy.records.

    Raises StoreError where storage fails.
    """
    midnight = utc // _DAY * _DAY
    today, cost = _today(series, fuel, utc, midnight)
    monday = midnight - localtime.weekday(midnight) * _DAY
    year, month, day = clock.from_seconds(midnight)[:3]
    first = midnight - (day - 1) * _DAY
    rows = list(series.records(fuel, DAYS, min(first, monday), midnight - 1))
    week = _days(WEEK, rows, monday, midnight, 7, today, cost)
    month = _days(MONTH, rows, first, midnight, clock.days_in_month(year, month), today, cost)
    return today, week, month


def _today(series, fuel: int, utc: int, midnight: int) -> tuple:
    usage = Usage(TODAY)
    usage.start = midnight
    usage.slots = _DAY // _HALF_HOUR
    usage.bars = [NO_DATA] * ((utc - midnight) // _HALF_HOUR)
    money = [None] * len(usage.bars)
    for start, minutes, value, cost in series.records(fuel, PROFILE, midnight, utc):
        index = (start - midnight) // _HALF_HOUR
        if index < len(usage.bars) and minutes == 30:
            usage.bars[index] = value
            money[index] = cost
    for _ in range(_LATE):
        if usage.bars and usage.bars[-1] == NO_DATA:
            usage.bars.pop()
            money.pop()
    usage.close(money)
    return usage, usage.money


def _days(period, rows, first: int, midnight: int, slots: int, today, cost) -> Usage:
    usage = Usage(period)
    usage.start = first
    usage.slots = slots
    usage.bars = [NO_DATA] * ((midnight - first) // _DAY)
    money = [None] * len(usage.bars)
    for start, minutes, value, paid in rows:
        index = (start - first) // _DAY
        if 0 <= index < len(usage.bars) and minutes == 1440:
            usage.bars[index] = value
            money[index] = paid
    if today.bars:
        # The day under way counts as far as it is known.
        usage.bars.append(today.total if today.total is not None else NO_DATA)
        money.append(cost)
        usage.under_way = True
    usage.close(money)
    usage.whole = usage.whole and (today.whole or not today.bars)
    return usage
