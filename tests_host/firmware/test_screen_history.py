# engines: cpython unix
# The history in the view of a real display: from the meters' logs, through its vault.
from screen_home import DAY, START, started, take

from smets import clock
from smets.features.tenancy import machine
from smets.features.tenancy.cleared import ELECTRICITY, GAS, MESSAGES, SHARED
from smets.ports.store import StoreError
from smets.screen import usage
from smets.screen.view import view_of
from smets.zcl import types
from smets.zcl.clusters import PRICE


def test_a_day_in_half_hours():
    home = started(2 * 3600 + 5 * 3600 + 600)
    shown = home.seen()
    today = shown.fuels[ELECTRICITY].today
    assert today.start == clock.to_seconds(2022, 11, 14, 0, 0, 0) and today.slots == 48
    # The log of the last half hours may be still to come; what there is is whole.
    assert 9 <= len(today.bars) <= 10 and today.bars == [210] * len(today.bars)
    assert today.total == 210 * len(today.bars) and today.whole
    assert shown.fuels[GAS].today.total == 100 * len(shown.fuels[GAS].today.bars)


def test_days_make_a_week_and_a_month():
    """The week begins on Monday, the day under way counts; before the first day is no data."""
    home = started(2 * 3600 + 2 * DAY + 6 * 3600 + 1200)
    fuel = home.seen().fuels[ELECTRICITY]
    day = 48 * 210
    assert fuel.week.bars[:2] == [day, day] and len(fuel.week.bars) == 3
    assert fuel.week.bars[2] == fuel.today.total and fuel.week.under_way
    assert fuel.week.total == 2 * day + fuel.today.total and fuel.week.whole
    assert fuel.month.slots == 30 and len(fuel.month.bars) == 16
    assert fuel.month.bars[:13] == [usage.NO_DATA] * 13, "the meter was not there"
    assert fuel.month.bars[13:] == fuel.week.bars and not fuel.month.whole
    assert fuel.month.total == fuel.week.total


def test_cost_is_stored_cost_or_an_estimate():
    home = started(3 * 3600 + 3600)
    take(home, ELECTRICITY, PRICE, 0x0400, types.UINT32, 30000)
    shown = home.seen()
    today = shown.fuels[ELECTRICITY].today
    assert today.about and today.money == today.total * 30
    assert shown.fuels[GAS].today.money is None, "no price of a cubic metre"
    series = home.rules.vault.series
    series.clear(ELECTRICITY, 0)
    midnight = today.start
    for index in range(4):
        series.add(ELECTRICITY, 0, midnight + 1800 * index, 30, 100, 2500)
    home.display.clock.seconds = midnight + 4 * 1800
    today = home.seen().fuels[ELECTRICITY].today
    assert today.total == 400 and today.money == 10000 and not today.about


def purged(home, scope):
    """Run on until a purge is over: on a board's flash every free block is overwritten."""
    for _ in range(1000):
        if home.seen().fuels[scope].tenancy != machine.PURGING:
            return
        home.run(10, 10)
    raise AssertionError("the purge does not end")


def test_a_change_of_tenancy_clears_the_view():
    """spec: nothing of the former occupier is shown; project-choice: what that covers."""
    home = started(2 * 3600 + DAY + 6 * 3600)
    assert home.seen().fuels[ELECTRICITY].week.bars[0] == 48 * 210
    date = clock.to_seconds(2022, 11, 15, 3, 0, 0)
    home.esme.feature("tenancy").put(date, 0x200)
    home.run(3600)
    purged(home, ELECTRICITY)
    home.fresh()
    shown = home.seen()
    fuel, gas = shown.fuels
    assert shown.notices == [ELECTRICITY]
    assert fuel.tenancy == machine.CLEAR and fuel.applied == fuel.bound == date
    assert fuel.today.bars[:6] == [usage.NO_DATA] * 6 and fuel.today.bars[6] == 210
    assert fuel.week.bars[0] == usage.NO_DATA and not fuel.today.whole
    assert gas.week.bars[0] == 48 * 100, "the other fuel's tenancy has not changed"


def test_a_tenancy_to_come_is_announced():
    home = started()
    date = home.esme.clock.seconds + 10 * DAY
    home.gpf.feature("tenancy").put(date, 0x200)
    home.run(3600)
    shown = home.seen()
    assert shown.fuels[GAS].tenancy == machine.PENDING and shown.fuels[GAS].date == date
    assert shown.fuels[ELECTRICITY].tenancy == machine.CLEAR


def test_history_is_hidden_until_the_meters_were_asked():
    home = started(3 * 3600)
    home.rules.machine.unread(ELECTRICITY)
    shown = home.seen()
    assert shown.fuels[ELECTRICITY].bound is None
    assert shown.fuels[ELECTRICITY].tenancy == machine.UNREAD
    assert shown.fuels[ELECTRICITY].today.total is None
    assert shown.fuels[GAS].today.total is not None


def test_messages_newest_first():
    home = started()
    entries = home.rules.vault.entries
    entries.put(SHARED, MESSAGES, START + 10, "Old £".encode())
    entries.put(SHARED, MESSAGES, START + 20, b"New \xa3")
    assert home.seen().messages == [(START + 20, "New £"), (START + 10, "Old £")]
    home.rules.machine.unread(GAS)
    assert home.seen().messages == [], "hidden as all that is of the household"


def test_a_view_is_kept_while_nothing_changes():
    """History is read again after some minutes, and at once when what may be shown changes."""
    home = started(3 * 3600)
    reads = []
    inner = home.rules.vault.series.records

    def records(*arguments):
        reads.append(arguments)
        return inner(*arguments)

    home.rules.vault.series.records = records
    first = view_of(home.display)
    assert reads
    del reads[:]
    home.display.advance(30)
    home.settle()
    second = view_of(home.display, first)
    # The display itself may look for its newest record; the view does not read.
    count = len(reads)
    assert second.fuels[ELECTRICITY].today is first.fuels[ELECTRICITY].today
    assert view_of(home.display, second).read_at == first.read_at and len(reads) == count
    home.rules.machine.unread(ELECTRICITY)
    hidden = view_of(home.display, second)
    assert hidden.fuels[ELECTRICITY].today.total is None
    home.display.uptime += 300
    assert view_of(home.display, hidden).read_at == home.display.uptime


def test_storage_that_fails_is_no_data():
    home = started(3 * 3600)

    def records(*arguments):
        raise StoreError(5)

    home.rules.vault.series.records = records
    shown = home.seen()
    assert shown.fuels[ELECTRICITY].today.total is None and shown.power == 842
