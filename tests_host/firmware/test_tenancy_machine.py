# engines: cpython unix
# The tenancy of each fuel: ideas 1-7, 17-28, 30-41 of section G, on a real file system.
import os

from testkit import tmpdir

from smets.features.tenancy import machine as tenancy
from smets.features.tenancy import policy
from smets.features.tenancy.cleared import (
    ALARMS,
    BALANCES,
    DAYS,
    ELECTRICITY,
    EXPORTS,
    GAS,
    MESSAGES,
    MONTHS,
    PROVIDER,
    SETTINGS,
    SHARED,
    TARIFF,
)
from smets.features.tenancy.machine import Tenancy
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk
from smets.ports.store import Store, StoreError

NONE = 0xFFFFFFFF
DAY = 86400
NOW = 9000 * DAY  # a midnight in 2024
CLEAR_CONSUMER = 0x00000200
ESME = 0x02534D45545300A0
GPF = 0x02534D45545300A3


class Home:
    """A display with its storage; `restart` is a power cycle."""

    def __init__(self, fuels=(ELECTRICITY, GAS), clock=NOW):
        self.path = tmpdir()
        self.clock = clock
        self.events = []
        self.restart()
        for fuel in fuels:
            self.machine.meter(fuel, (ESME, GPF)[fuel])

    def restart(self):
        self.store = Store(self.path + "/state")
        self.vault = Vault(Disk(self.path + "/vault", False), 64)
        self.machine = Tenancy(self.store, self.vault, self.on_event)

    def on_event(self, event, scope, date):
        self.events.append((event, scope, date))

    def fill(self, fuel, days=20, until=NOW):
        """Days of history, one entry of each kind for every fifth day."""
        start = until - days * DAY
        series = self.vault.series
        series.extend(
            fuel, DAYS, ((start + i * DAY, 1440, 7000 + i, 300 + i) for i in range(days))
        )
        for index in range(0, days, 5):
            time = start + index * DAY
            self.vault.entries.put(fuel, BALANCES, time, b"balance %d" % index)
            self.vault.entries.put(fuel, TARIFF, time, b"tariff %d" % index)
            for item in (MESSAGES, ALARMS, SETTINGS):
                self.vault.entries.put(SHARED, item, time, b"shared %d" % index)
        self.vault.exports.write(EXPORTS, start, [b"everything since", b" the start"])

    def work(self, clock="same", limit=2000):
        """Step until nothing is left to do."""
        self.clock = self.clock if clock == "same" else clock
        for count in range(limit):
            if not self.machine.step(self.clock):
                return count
        raise AssertionError("no end")

    def days(self, fuel):
        """Starts of the days that may be shown."""
        return [row[0] for row in self.vault.series.records(fuel, DAYS)]

    def stored(self, fuel):
        """Starts of the days that are stored, whether or not they may be shown."""
        guard, self.vault.guard = self.vault.guard, _Open()
        days = self.days(fuel)
        self.vault.guard = guard
        return days

    def both_without_date(self):
        self.machine.step(self.clock)
        for fuel in (ELECTRICITY, GAS):
            self.machine.seen(fuel, NONE, 0)
        self.work()


def filled_home():
    """A home with one meter, whose display knows the time and has a history."""
    home = Home((ELECTRICITY,))
    home.fill(ELECTRICITY)
    home.machine.step(NOW)
    return home


class _Open:
    def visible_from(self, scope):
        return 0

    def keep_from(self, scope):
        return 0


class _Broken:
    """Storage whose writes fail from now on; the rest is the real one."""

    def __init__(self, real, errno=28):
        self.real = real
        self.errno = errno
        self.get = real.get
        self.failures = 0

    def put(self, name, data):
        if self.errno:
            self.failures += 1
            raise StoreError(self.errno)
        self.real.put(name, data)


def _purges(home, fuel):
    return [event[2] for event in home.events if event[:2] == (tenancy.APPLIED, fuel)]


def test_g01_no_date_yet():
    """spec: 0xFFFFFFFF is the default of the attribute; nothing is purged, applied stays empty."""
    home = Home()
    home.fill(ELECTRICITY)
    assert home.days(ELECTRICITY) == [], "nothing is shown before the meter was read"
    home.both_without_date()
    assert home.machine.dates(ELECTRICITY) == (None, None, None)
    assert len(home.days(ELECTRICITY)) == 20 and home.machine.state(ELECTRICITY) == tenancy.CLEAR
    assert not _purges(home, ELECTRICITY) and not [
        e for e in home.events if e[0] == tenancy.HIDDEN
    ]


def test_g02_zero_is_no_date():
    """project-choice: 0x00000000, which a known communications hub answers, is no date either."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    home.machine.seen(ELECTRICITY, 0, 0)
    assert home.work() == 0 and len(home.days(ELECTRICITY)) == 20
    assert home.machine.dates(ELECTRICITY) == (None, None, None)


def test_g03_past_date():
    """spec: a date in the past clears what is older, for that fuel; then applied is the date."""
    home = Home()
    home.fill(ELECTRICITY)
    home.fill(GAS)
    home.both_without_date()
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.machine.dates(ELECTRICITY) == (date, date, None), "intent first"
    assert home.machine.state(ELECTRICITY) == tenancy.PURGING
    expected = [date + i * DAY for i in range(5)]
    assert home.days(ELECTRICITY) == expected, "hidden before the purge has begun"
    home.work()
    assert home.machine.dates(ELECTRICITY) == (date, None, date)
    assert home.days(ELECTRICITY) == home.stored(ELECTRICITY) == expected
    assert len(home.days(GAS)) == 20, "the other fuel is untouched"
    assert home.vault.entries.get(ELECTRICITY, BALANCES) == [(date, b"balance 15")]
    assert _purges(home, ELECTRICITY) == [date] and _purges(home, GAS) == []


def test_g04_same_date_again():
    """spec: no replay protection, so the same date comes again: no second purge, no flicker."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    home.work()
    del home.events[:]
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.work() == 0
    home.machine.meter(ELECTRICITY, ESME)
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.work() == 0 and home.events == [], home.events
    home.restart()
    home.machine.step(NOW)
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.work() == 0 and home.events == [] and len(home.days(ELECTRICITY)) == 5


def test_g05_newer_date():
    """spec: a date newer than the one applied clears up to the new one."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    for date in (NOW - 10 * DAY, NOW - 2 * DAY):
        home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
        home.work()
        assert home.stored(ELECTRICITY)[0] == date and home.machine.dates(ELECTRICITY)[2] == date
    assert len(home.days(ELECTRICITY)) == 2


def test_g06_date_moves_back():
    """project-choice: nothing comes back, what is newer than the old date is untouched."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    first, back = NOW - 5 * DAY, NOW - 12 * DAY
    home.machine.seen(ELECTRICITY, first, CLEAR_CONSUMER)
    home.work()
    home.machine.seen(ELECTRICITY, back, CLEAR_CONSUMER)
    home.work()
    assert home.machine.dates(ELECTRICITY) == (back, None, first)
    assert home.machine.state(ELECTRICITY) == tenancy.CLEAR
    assert home.days(ELECTRICITY) == [first + i * DAY for i in range(5)]
    assert _purges(home, ELECTRICITY) == [first]
    home.vault.series.clear(ELECTRICITY, DAYS)
    home.fill(ELECTRICITY)
    assert home.stored(ELECTRICITY)[0] == first, "older records are not even stored"


def test_g07_back_and_forth():
    """project-choice: back and forth again loses nothing from after the latest tenancy."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    first = NOW - 5 * DAY
    for date in (first, NOW - 12 * DAY, first, NOW - 12 * DAY, NONE, first):
        home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
        home.work()
        assert home.days(ELECTRICITY) == [first + i * DAY for i in range(5)], date
    assert _purges(home, ELECTRICITY) == [first]


def test_g06_alternative_reveals():
    """project-choice: with BACKWARD_REVEALS the older date is in effect from then on."""
    policy.BACKWARD_REVEALS = True
    try:
        home = Home()
        home.fill(ELECTRICITY)
        home.both_without_date()
        first, back = NOW - 5 * DAY, NOW - 12 * DAY
        home.machine.seen(ELECTRICITY, first, CLEAR_CONSUMER)
        home.work()
        home.machine.seen(ELECTRICITY, back, CLEAR_CONSUMER)
        home.work()
        home.vault.series.clear(ELECTRICITY, DAYS)
        home.fill(ELECTRICITY)
        assert home.days(ELECTRICITY)[0] == back and home.machine.dates(ELECTRICITY)[2] == back
    finally:
        policy.BACKWARD_REVEALS = False


def test_g17_g19_change_control():
    """rtds: 0x00000200 clears the consumer's data; contactor bits 00 and all others do nothing."""
    for control, tariff in (
        (0x00000200, True),
        (0x00001A00, True),
        (0xFFFFFBFF, True),
        (0xFFFFFFFF, False),
    ):
        home = Home((ELECTRICITY,))
        home.fill(ELECTRICITY)
        home.machine.step(NOW)
        home.machine.seen(ELECTRICITY, NOW - DAY, control)
        home.work()
        assert len(home.stored(ELECTRICITY)) == 1, control
        assert bool(home.vault.entries.get(ELECTRICITY, TARIFF)) is False, "hidden with the date"
        guard, home.vault.guard = home.vault.guard, _Open()
        assert bool(home.vault.entries.get(ELECTRICITY, TARIFF)) is tariff, control
        home.vault.guard = guard
        kinds = [event[0] for event in home.events]
        assert kinds == [tenancy.HIDDEN] * kinds.count(0) + [tenancy.STARTED, tenancy.APPLIED]


def test_g18_no_bit_set():
    """project-choice: the date is the trigger, not the bit (alternative: CONTROL_NEEDED)."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, 0)
    home.work()
    assert len(home.stored(ELECTRICITY)) == 5
    policy.CONTROL_NEEDED = CLEAR_CONSUMER
    try:
        home.machine.seen(ELECTRICITY, NOW - 2 * DAY, 0)
        home.work()
        assert len(home.stored(ELECTRICITY)) == 5
        home.machine.seen(ELECTRICITY, NOW - 2 * DAY, CLEAR_CONSUMER)
        home.work()
        assert len(home.stored(ELECTRICITY)) == 2
    finally:
        policy.CONTROL_NEEDED = 0


def test_g20_supplier_bit_only():
    """project-choice: the supplier's data goes and, as the tenancy changed, the consumer's too."""
    home = Home()
    home.fill(ELECTRICITY)
    home.vault.entries.put(ELECTRICITY, PROVIDER, NOW - 9 * DAY, b"supplier")
    home.both_without_date()
    home.machine.seen(ELECTRICITY, NOW - DAY, 0x00000400)
    home.work()
    home.vault.guard = _Open()
    assert home.vault.entries.get(ELECTRICITY, PROVIDER) == []
    assert home.vault.entries.get(ELECTRICITY, TARIFF) == []
    assert len(home.days(ELECTRICITY)) == 1


def test_g21_clock_invalid():
    """project-choice: with an invalid clock nothing is shown; the purge waits for the clock."""
    home = Home((ELECTRICITY,), None)
    home.fill(ELECTRICITY)
    home.machine.step(None)
    home.machine.seen(ELECTRICITY, NONE, 0)
    assert len(home.days(ELECTRICITY)) == 20, "no date, nothing to hide"
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.work(None) == 0 and home.days(ELECTRICITY) == []
    assert home.machine.state(ELECTRICITY) == tenancy.WAITING
    assert home.events == [(tenancy.HIDDEN, s, None) for s in (ELECTRICITY, SHARED)], home.events
    assert len(home.stored(ELECTRICITY)) == 20 and home.machine.dates(ELECTRICITY)[1] is None
    home.restart()
    assert home.work(None) == 0 and home.days(ELECTRICITY) == []
    home.work(NOW)
    assert len(home.stored(ELECTRICITY)) == 5 and home.machine.dates(ELECTRICITY)[2] == date
    assert home.days(ELECTRICITY) == [], "not read since the restart"
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert len(home.days(ELECTRICITY)) == 5


def test_g21_alternative_shows_from_the_date():
    """project-choice: with CLOCKLESS_SHOWS records from the date on are shown meanwhile."""
    home = Home((ELECTRICITY,), None)
    home.fill(ELECTRICITY)
    home.machine.step(None)
    policy.CLOCKLESS_SHOWS = True
    try:
        home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
        assert len(home.days(ELECTRICITY)) == 5 and home.machine.dates(ELECTRICITY)[1] is None
    finally:
        policy.CLOCKLESS_SHOWS = False


def test_g22_intent_needs_no_clock():
    """project-choice: a recorded intent is carried out without a clock; hidden until then."""
    home = filled_home()
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    home.restart()
    assert home.machine.dates(ELECTRICITY) == (date, date, None)
    assert home.days(ELECTRICITY) == [] and home.machine.state(ELECTRICITY) == tenancy.PURGING
    home.work(None)
    assert len(home.stored(ELECTRICITY)) == 5
    assert home.machine.dates(ELECTRICITY) == (date, None, date)


def test_g23_future_date():
    """project-choice: nothing now; at the date the purge runs, meter in reach or not."""
    home = filled_home()
    date = NOW + 7 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    assert home.work() == 0 and len(home.days(ELECTRICITY)) == 20
    assert home.machine.state(ELECTRICITY) == tenancy.PENDING
    home.restart()
    home.fill(ELECTRICITY, 7, date)
    assert home.work(date - 1) == 0 and len(home.stored(ELECTRICITY)) == 27
    assert home.machine.dates(ELECTRICITY) == (date, None, None)
    home.work(date)
    assert home.stored(ELECTRICITY) == [] and home.machine.dates(ELECTRICITY)[2] == date


def test_g23_hides_when_due():
    """project-choice: a date that falls due hides at once, with the event before any writing."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW + DAY, CLEAR_CONSUMER)
    home.work()
    assert home.events == []
    home.machine.step(NOW + DAY)
    assert home.events[0] == (tenancy.HIDDEN, ELECTRICITY, NOW + DAY), home.events
    assert home.events[1] == (tenancy.HIDDEN, SHARED, NOW + DAY) and home.days(ELECTRICITY) == []


def test_g23_intent_first():
    """spec: where a date falls due, the intent is recorded before anything is cleared."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW + DAY, CLEAR_CONSUMER)
    home.machine.step(NOW + DAY)
    assert len(home.stored(ELECTRICITY)) == 20
    home.restart()
    assert home.machine.dates(ELECTRICITY) == (NOW + DAY, NOW + DAY, None)


def test_g23_alternative_waits_for_a_read():
    """project-choice: with DUE_UNREAD off the purge waits for the meter to be read."""
    policy.DUE_UNREAD = False
    try:
        home = Home((ELECTRICITY,))
        home.fill(ELECTRICITY)
        home.machine.step(NOW)
        home.machine.seen(ELECTRICITY, NOW + DAY, CLEAR_CONSUMER)
        home.machine.unread(ELECTRICITY)
        home.work(NOW + DAY)
        assert home.days(ELECTRICITY) == [] and len(home.stored(ELECTRICITY)) == 20
        home.machine.seen(ELECTRICITY, NOW + DAY, CLEAR_CONSUMER)
        home.work()
        assert home.stored(ELECTRICITY) == []
    finally:
        policy.DUE_UNREAD = True


def test_g24_future_date_replaced_by_a_past_one():
    """spec: the date may move; the past one is applied at once, the future one forgotten."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW + 7 * DAY, CLEAR_CONSUMER)
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    assert (tenancy.CANCELLED, ELECTRICITY, NOW + 7 * DAY) in home.events
    home.work()
    assert len(home.days(ELECTRICITY)) == 5
    home.work(NOW + 8 * DAY)
    assert len(home.days(ELECTRICITY)) == 5 and _purges(home, ELECTRICITY) == [NOW - 5 * DAY]


def test_g25_future_date_cancelled():
    """spec: back to 0xFFFFFFFF before it is due: nothing is purged."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW + 7 * DAY, CLEAR_CONSUMER)
    home.machine.seen(ELECTRICITY, NONE, 0)
    home.restart()
    home.work(NOW + 8 * DAY)
    home.machine.seen(ELECTRICITY, NONE, 0)
    assert len(home.days(ELECTRICITY)) == 20 and _purges(home, ELECTRICITY) == []
    home.machine.seen(ELECTRICITY, NOW + 9 * DAY, CLEAR_CONSUMER)
    home.machine.withdraw(ELECTRICITY)
    assert home.machine.dates(ELECTRICITY)[0] is None and home.work(NOW + 10 * DAY) == 0
    home.machine.withdraw(ELECTRICITY)
    assert len(home.days(ELECTRICITY)) == 20 and home.machine.state(ELECTRICITY) == tenancy.CLEAR


def test_g27_last_second():
    """spec: UTCTime ends in 2136; comparisons are those of unsigned numbers."""
    home = filled_home()
    for date in (0xFFFFFFFE, 0x80000000, 0x7FFFFFFF):
        home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
        assert home.work() == 0 and len(home.days(ELECTRICITY)) == 20, date
        assert home.machine.state(ELECTRICITY) == tenancy.PENDING
        home.restart()
        home.machine.step(NOW)
    home.machine.seen(ELECTRICITY, 0x80000000, CLEAR_CONSUMER)
    home.work(0x80000001)
    assert home.stored(ELECTRICITY) == [] and home.machine.dates(ELECTRICITY)[2] == 0x80000000
    home.machine.seen(ELECTRICITY, 0xFFFFFFFE, CLEAR_CONSUMER)
    home.work(0xFFFFFFFE)
    assert home.machine.dates(ELECTRICITY)[2] == 0xFFFFFFFE


def test_g28_clock_set_back_after_the_purge():
    """project-choice: nothing is shown again, and there is no second purge."""
    home = filled_home()
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    home.work()
    for clock in (NOW - 10 * DAY, 1, None, NOW):
        home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
        assert home.work(clock) == 0 and len(home.days(ELECTRICITY)) == 5, clock
        assert home.machine.keep_from(ELECTRICITY) == date
    assert _purges(home, ELECTRICITY) == [date]


def test_g30_straddling_bucket():
    """project-choice: the month in which the date lies goes, and is "no data", never zero."""
    for straddling, months in ((True, 1), (False, 2)):
        home = Home((ELECTRICITY,))
        start = NOW - 90 * DAY
        rows = [(start + i * 30 * DAY, 30 * 1440, 200000 + i, 6000) for i in range(3)]
        home.vault.series.extend(ELECTRICITY, MONTHS, rows)
        home.machine.step(NOW)
        policy.STRADDLING_CLEARED = straddling
        try:
            home.machine.seen(ELECTRICITY, start + 45 * DAY, CLEAR_CONSUMER)
            home.work()
            left = list(home.vault.series.records(ELECTRICITY, MONTHS))
        finally:
            policy.STRADDLING_CLEARED = True
        assert [row[2] for row in left] == [200001, 200002][2 - months :], left
        assert home.vault.series.bucket(ELECTRICITY, MONTHS, start) is None


def test_g31_two_dates():
    """project-choice: each fuel to its own date, shared data to the later one."""
    home = Home()
    home.fill(ELECTRICITY)
    home.fill(GAS)
    home.vault.entries.put(SHARED, MESSAGES, NOW - 3 * DAY, b"between the dates")
    home.vault.entries.put(SHARED, MESSAGES, NOW - DAY, b"for the new tenant")
    home.both_without_date()
    assert len(home.vault.exports.names(EXPORTS)) == 2
    home.machine.seen(ELECTRICITY, NOW - 10 * DAY, CLEAR_CONSUMER)
    home.machine.seen(GAS, NOW - 2 * DAY, CLEAR_CONSUMER)
    home.work()
    assert home.stored(ELECTRICITY)[0] == NOW - 10 * DAY and home.stored(GAS)[0] == NOW - 2 * DAY
    assert home.vault.entries.get(SHARED, MESSAGES) == [(NOW - DAY, b"for the new tenant")]
    assert home.machine.keep_from(SHARED) == NOW - 2 * DAY
    home.vault.guard = _Open()
    assert home.vault.entries.get(SHARED, SETTINGS) == [] and not home.vault.exports.names(EXPORTS)
    assert home.vault.entries.get(SHARED, MESSAGES) == [(NOW - DAY, b"for the new tenant")]


def test_g31_alternative_earlier_date():
    """project-choice: with SHARED_DATE = min shared data stays for who moved in first."""
    policy.SHARED_DATE = min
    try:
        home = Home()
        home.vault.entries.put(SHARED, MESSAGES, NOW - 11 * DAY, b"for nobody here")
        home.vault.entries.put(SHARED, MESSAGES, NOW - 3 * DAY, b"between the dates")
        home.both_without_date()
        home.machine.seen(ELECTRICITY, NOW - 10 * DAY, CLEAR_CONSUMER)
        home.machine.seen(GAS, NOW - 2 * DAY, CLEAR_CONSUMER)
        home.work()
        assert home.vault.entries.get(SHARED, MESSAGES) == [(NOW - 3 * DAY, b"between the dates")]
    finally:
        policy.SHARED_DATE = max


def test_g32_only_the_gas_proxy_answers():
    """project-choice: gas is purged; electricity stays stored, hidden and marked as unread."""
    home = Home()
    home.fill(ELECTRICITY)
    home.fill(GAS)
    home.machine.step(NOW)
    home.machine.seen(GAS, NOW - 2 * DAY, CLEAR_CONSUMER)
    home.work()
    assert len(home.stored(GAS)) == 2 and len(home.stored(ELECTRICITY)) == 20
    assert home.machine.state(ELECTRICITY) == tenancy.UNREAD and home.days(ELECTRICITY) == []
    assert home.machine.visible_from(SHARED) is None, "all meters first"
    policy.SHARED_READ = any
    try:
        assert home.machine.visible_from(SHARED) == NOW - 2 * DAY
    finally:
        policy.SHARED_READ = all
    policy.HIDE_UNTIL_READ = False
    try:
        assert len(home.days(ELECTRICITY)) == 20
    finally:
        policy.HIDE_UNTIL_READ = True


def test_g33_meter_gone_after_the_intent():
    """spec: the purge completes without the meter."""
    home = Home()
    home.fill(GAS)
    home.machine.step(NOW)
    home.machine.seen(GAS, NOW - 2 * DAY, CLEAR_CONSUMER)
    home.machine.unread(GAS)
    home.work()
    assert home.machine.dates(GAS)[2] == NOW - 2 * DAY and len(home.stored(GAS)) == 2


def test_g34_two_suppliers_two_days():
    """spec: two independent purges, each with its events."""
    home = Home()
    home.fill(ELECTRICITY)
    home.fill(GAS)
    home.both_without_date()
    home.machine.seen(ELECTRICITY, NOW - 4 * DAY, CLEAR_CONSUMER)
    home.work()
    home.machine.seen(GAS, NOW + DAY, CLEAR_CONSUMER)
    home.work()
    home.work(NOW + DAY)
    steps = [event for event in home.events if event[0] != tenancy.HIDDEN]
    assert steps == [
        (tenancy.STARTED, ELECTRICITY, NOW - 4 * DAY),
        (tenancy.APPLIED, ELECTRICITY, NOW - 4 * DAY),
        (tenancy.STARTED, GAS, NOW + DAY),
        (tenancy.APPLIED, GAS, NOW + DAY),
    ], steps


def test_g35_replaced_meter():
    """project-choice: the new meter's silence undoes nothing, the old one's date is not its."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    home.machine.seen(ELECTRICITY, NOW + 5 * DAY, CLEAR_CONSUMER)
    home.machine.meter(ELECTRICITY, ESME + 0x100)
    assert home.machine.dates(ELECTRICITY) == (None, None, NOW - 5 * DAY)
    assert home.machine.state(ELECTRICITY) == tenancy.UNREAD and home.days(ELECTRICITY) == []
    home.restart()
    home.machine.step(NOW)
    home.machine.unsupported(ELECTRICITY)
    assert home.work(NOW + 6 * DAY) == 0, "the old meter's date never comes"
    assert len(home.days(ELECTRICITY)) == 5 and home.vault.series.add(
        ELECTRICITY, DAYS, NOW, 1440, 1, 1
    )
    home.vault.series.clear(ELECTRICITY, DAYS)
    home.fill(ELECTRICITY)
    assert len(home.days(ELECTRICITY)) == 5, "no resurrection"


def test_g35_replaced_during_the_purge():
    """project-choice: an intent is carried out even if its meter is replaced meanwhile."""
    home = Home()
    home.fill(ELECTRICITY)
    home.both_without_date()
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.machine.meter(ELECTRICITY, ESME + 0x100)
    home.restart()
    home.work()
    assert home.machine.dates(ELECTRICITY) == (None, None, NOW - 5 * DAY)
    assert len(home.stored(ELECTRICITY)) == 5


def test_g36_power_lost_before_the_intent():
    """spec: after the next start the meter is read again; nothing old is shown before that."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NONE, 0)
    home.restart()  # the date was read, and the power failed before anything was written
    home.machine.step(NOW)
    assert home.days(ELECTRICITY) == [] and home.machine.state(ELECTRICITY) == tenancy.UNREAD
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    assert len(home.days(ELECTRICITY)) == 5
    home.work()
    assert len(home.stored(ELECTRICITY)) == 5


def test_g38_power_lost_before_applied():
    """spec: a complete purge whose record is missing is repeated without harm."""
    home = filled_home()
    date = NOW - 5 * DAY
    home.machine.seen(ELECTRICITY, date, CLEAR_CONSUMER)
    home.machine._store = _Broken(home.store)
    for _ in range(40):
        home.machine.step(NOW)
    assert len(home.stored(ELECTRICITY)) == 5 and _purges(home, ELECTRICITY) == []
    home.restart()
    assert home.machine.dates(ELECTRICITY) == (date, date, None)
    home.work()
    assert home.machine.dates(ELECTRICITY) == (date, None, date)
    assert len(home.stored(ELECTRICITY)) == 5 and _purges(home, ELECTRICITY) == [date]


def test_g39_intent_cannot_be_written():
    """project-choice: hidden at once, fault reported, retried, and purged in spite of it."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NONE, 0)
    broken = _Broken(home.store)
    home.machine._store = broken
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    assert home.machine.fault(ELECTRICITY) == 28 and len(home.days(ELECTRICITY)) == 5
    assert (tenancy.FAILED, ELECTRICITY, None) in home.events
    assert len(home.stored(ELECTRICITY)) == 20
    for _ in range(100):
        assert home.machine.step(NOW), "there is still something to do"
    assert policy.INTENT_TRIES <= broken.failures < 12, "retried, not at every step"
    assert len(home.stored(ELECTRICITY)) == 5, "never skipped"
    assert home.machine.dates(ELECTRICITY)[2] == NOW - 5 * DAY and not _purges(home, ELECTRICITY)
    broken.errno = 0
    home.work()
    assert home.machine.fault(ELECTRICITY) == 0 and _purges(home, ELECTRICITY) == [NOW - 5 * DAY]
    home.restart()
    assert home.machine.dates(ELECTRICITY) == (NOW - 5 * DAY, None, NOW - 5 * DAY)


def test_g39_storage_of_history_fails():
    """project-choice: a purge that cannot delete is retried for ever, and hides for ever."""
    home = Home((ELECTRICITY, GAS))
    home.fill(ELECTRICITY)
    home.fill(GAS)
    home.both_without_date()
    disk = home.vault.disk
    real = disk.write, disk.remove

    def fail(*arguments):
        raise StoreError(5)

    disk.write = disk.remove = fail
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    for _ in range(500):
        assert home.machine.step(NOW)
    assert home.machine.fault(ELECTRICITY) == 5 and home.machine.dates(ELECTRICITY)[2] is None
    assert len(home.days(ELECTRICITY)) == 5 and len(home.days(GAS)) == 20
    disk.write, disk.remove = real
    home.work()
    assert home.machine.fault(ELECTRICITY) == 0 and len(home.stored(ELECTRICITY)) == 5


def test_g39_no_room_to_keep_what_is_newer():
    """project-choice: where the rest of a file cannot be written, the whole file goes."""
    home = filled_home()
    disk = home.vault.disk

    def fail(name, offset, parts):
        raise StoreError(28)

    write, disk.write = disk.write, fail
    remove, disk.remove = disk.remove, lambda name: os.remove(disk.path + "/" + name)
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    disk.write, disk.remove = write, remove
    assert home.stored(ELECTRICITY) == [] and home.machine.dates(ELECTRICITY)[2] == NOW - 5 * DAY


def _spoil(home):
    path = home.path + "/state/tenancy.e"
    with open(path, "rb") as file:
        octets = bytearray(file.read())
    octets[-2] ^= 0x80
    with open(path, "wb") as file:
        file.write(octets)


def test_g40_damaged_record_and_a_date():
    """project-choice: what was applied is unknown, so the date is read and applied again."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    _spoil(home)
    home.restart()
    assert home.machine.dates(ELECTRICITY) == (None, None, None)
    assert home.machine.fault(ELECTRICITY) == 74
    assert home.machine.state(ELECTRICITY) == tenancy.UNREAD
    home.machine.meter(ELECTRICITY, ESME)
    home.machine.step(NOW)
    assert home.days(ELECTRICITY) == [] and home.machine.visible_from(SHARED) is None
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    assert home.machine.dates(ELECTRICITY) == (NOW - 5 * DAY, None, NOW - 5 * DAY)
    assert len(home.days(ELECTRICITY)) == 5


def test_g40_damaged_record_and_no_date():
    """project-choice: an interrupted purge could hide behind it, so everything up to now goes."""
    for date, clears in ((NONE, True), (NOW + DAY, True), (NONE, False)):
        home = Home((ELECTRICITY,))
        home.fill(ELECTRICITY)
        _spoil(home)
        home.restart()
        home.machine.meter(ELECTRICITY, ESME)
        home.restart()  # that it was damaged is remembered
        home.machine.step(None)
        home.machine.seen(ELECTRICITY, date, 0)
        assert home.work(None) == 0 and home.days(ELECTRICITY) == [], "no clock: hidden"
        policy.DAMAGED_CLEARS = clears
        try:
            home.work(NOW)
        finally:
            policy.DAMAGED_CLEARS = True
        assert len(home.stored(ELECTRICITY)) == (0 if clears else 20)
        assert home.machine.dates(ELECTRICITY)[2] == (NOW if clears else None)
        assert home.machine.visible_from(ELECTRICITY) == (NOW if clears else 0)


def test_a_notice_waits_for_ok_through_restarts():
    """issue: whatever the power does, a person is told that data was cleared, and once."""
    home = Home((ELECTRICITY, GAS))
    home.both_without_date()
    assert home.machine.notices() == []
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    for _ in range(2):
        assert home.machine.notices() == [ELECTRICITY]
        home.restart()
    home.machine.seen(GAS, NOW - 2 * DAY, CLEAR_CONSUMER)
    home.work()
    assert home.machine.notices() == [ELECTRICITY, GAS]
    home.machine.confirm_notices()
    home.restart()
    assert home.machine.notices() == []
    assert home.machine.dates(ELECTRICITY)[2] == NOW - 5 * DAY, "what was applied is still known"


def test_a_confirmed_notice_is_written_when_the_flash_works_again():
    home = Home((ELECTRICITY,))
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    put, home.store.put = home.store.put, _full
    home.machine.confirm_notices()
    assert home.machine.notices() == [] and home.machine.fault(ELECTRICITY) == 28
    home.store.put = put
    home.work()
    home.restart()
    assert home.machine.notices() == []


def _full(name, octets):
    raise StoreError(28)


def test_a_record_of_older_firmware_has_no_notice():
    home = Home((ELECTRICITY,))
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.work()
    octets = home.store.get("tenancy.e")
    assert octets[0] == 2 and octets[-1] == 1
    home.store.put("tenancy.e", b"\x01" + octets[1:-1])
    home.restart()
    assert home.machine.notices() == []
    assert home.machine.dates(ELECTRICITY)[2] == NOW - 5 * DAY


def test_g40_record_of_another_length():
    """project-choice: a record of other firmware is as unknown as a damaged one."""
    home = Home((ELECTRICITY,))
    home.store.put("tenancy.e", b"short")
    home.restart()
    assert home.machine.state(ELECTRICITY) == tenancy.UNREAD
    assert home.machine.visible_from(ELECTRICITY) is None


def test_g41_copies():
    """project-choice: screen and memory are told before, and no file keeps an older record."""
    home = Home((ELECTRICITY, GAS))
    screen = []
    home.machine._on_event = lambda event, scope, date: screen.clear() if event == 0 else None
    home.vault.entries.put(ELECTRICITY, BALANCES, NOW - 9 * DAY, b"canary-balance")
    home.vault.entries.put(SHARED, MESSAGES, NOW - 9 * DAY, b"canary-message")
    home.vault.exports.write(EXPORTS, NOW - 9 * DAY, [b"canary-export"])
    home.vault.disk.write("canary.csv", 0, [b"canary-foreign"])
    home.both_without_date()
    screen.extend(home.vault.entries.get(SHARED, MESSAGES))
    assert screen and tenancy.HIDDEN == 0
    home.machine.seen(ELECTRICITY, NOW - 2 * DAY, CLEAR_CONSUMER)
    assert screen == [], "before the first step of the purge"
    home.work()
    assert home.vault.disk.names() == []
    for folder in ("/state", "/vault"):
        for name in os.listdir(home.path + folder):
            with open(home.path + folder + "/" + name, "rb") as file:
                assert b"canary" not in file.read(), name


def test_states_of_a_home_without_meters():
    """project-choice: without a meter there is no history, and shared data is not hidden."""
    home = Home(())
    assert home.machine.state(GAS) == tenancy.ABSENT and home.machine.visible_from(GAS) is None
    assert home.machine.visible_from(SHARED) == 0 and home.machine.keep_from(SHARED) == 0
    home.vault.entries.put(SHARED, SETTINGS, NOW, b"language")
    assert home.vault.entries.get(SHARED, SETTINGS) == [(NOW, b"language")]


def test_hint_hides_until_confirmed():
    """project-choice: a pushed date hides, but clears nothing; one to come hides nothing."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NONE, 0)
    home.machine.hint(ELECTRICITY, NOW + DAY)
    assert len(home.days(ELECTRICITY)) == 20
    home.machine.hint(ELECTRICITY, NOW - 5 * DAY)
    home.machine.hint(ELECTRICITY, NOW - 5 * DAY)
    assert len(home.days(ELECTRICITY)) == 5 and home.work() == 0
    assert home.events == [(tenancy.HIDDEN, s, NOW - 5 * DAY) for s in (ELECTRICITY, SHARED)]
    assert len(home.stored(ELECTRICITY)) == 20
    home.machine.hint(ELECTRICITY, NONE)
    assert len(home.days(ELECTRICITY)) == 20
    home.machine.hint(ELECTRICITY, NOW - 5 * DAY)
    home.machine.confirm(ELECTRICITY)
    assert len(home.days(ELECTRICITY)) == 20


def test_newer_date_during_the_purge():
    """spec: the newest date wins; the purge begins again with it."""
    home = filled_home()
    home.machine.seen(ELECTRICITY, NOW - 9 * DAY, CLEAR_CONSUMER)
    home.machine.step(NOW)
    home.machine.step(NOW)
    home.machine.seen(ELECTRICITY, NOW - 5 * DAY, CLEAR_CONSUMER)
    home.machine.seen(ELECTRICITY, NOW - 7 * DAY, CLEAR_CONSUMER)
    home.work()
    assert home.machine.dates(ELECTRICITY) == (NOW - 7 * DAY, None, NOW - 5 * DAY)
    assert len(home.stored(ELECTRICITY)) == 5
