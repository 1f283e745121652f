# engines: cpython unix
# What a GPF tells of days gone by in kWh and in cost, from reports made here as octets. The model
# is a list of what each half hour used.
from testkit import tmpdir
from vectors import h

from smets import clock
from smets.devices.gpf import Gpf
from smets.devices.gsme import Gsme
from smets.zcl.han_frame import HanFrame

METER, HUB, IHD = h("00DB000000000001"), h("00DB000000000003"), h("02534D45545300B0")
METERING, PREPAYMENT = 0x0702, 0x0705
MONDAY = clock.to_seconds(2022, 10, 31, 0, 0, 0)
DAY, HALF_HOUR = 86400, 1800
NO_24, NO_32, NO_48 = 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFF


class House:
    """A GPF, the octets of its meter's reports, and of a display's reads."""

    def __init__(self, now=MONDAY, store=None):
        self.gpf = Gpf(store)
        self.gpf.eui = HUB
        self.gpf.clock.set(now, clock.RELIABLE)
        self.gpf.feature("mirror").pair("00DB000000000001")
        self.sequence = 0

    def frame(self, cluster, octets):
        self.sequence = (self.sequence + 1) & 0xFF
        head = bytes((0x18, self.sequence, 0x0A))
        self.gpf.receive(HanFrame(METER, HUB, 1, 2, cluster, head + octets))

    def report(self, now, energy, cost, dated=True, kind=0x22):
        """kWh and cost of the day so far, None for what the report does not have, at `now`."""
        self.gpf.clock.seconds = now
        if cost is not None:
            self.frame(PREPAYMENT, h("1C05 25") + cost.to_bytes(6, "little"))
        octets = h("0000 25") + (now - MONDAY).to_bytes(6, "little")
        if energy is not None:
            octets += h("010C") + bytes((kind,)) + energy.to_bytes(3, "little")
        if dated:
            octets += h("0700 E2") + now.to_bytes(4, "little")
        self.frame(METERING, octets + h("FEFF 30 01"))

    def told(self, cluster, attribute):
        """The value as a display gets it, and as a remote party does."""
        asked = h("00 07 00") + attribute.to_bytes(2, "little")
        self.gpf.receive(HanFrame(IHD, HUB, 3, 2, cluster, asked))
        answer = self.gpf.outbox.pop().payload
        assert answer[:6] == h("18 07 01") + asked[3:] + b"\0", answer
        kinds = {0x22: 3, 0x23: 4, 0x25: 6}
        assert len(answer) == 7 + kinds[answer[6]], answer
        return int.from_bytes(answer[7:], "little"), self.gpf.zcl.get(cluster, attribute)

    def both(self, attribute, cost):
        """What a display gets of kWh, and of cost (an attribute of its own)."""
        return self.told(METERING, attribute)[0], self.told(PREPAYMENT, cost)[0]


def used(index):
    """What the half hour `index` used: kWh and cost. No day is like another."""
    return 1 + index // 48 % 5, 7 + index // 48


def of_day(day):
    """kWh and cost of the day `day` after MONDAY."""
    energy, cost = used(48 * day)
    return 48 * energy, 48 * cost


def live(house, days, first=0, begins=False):
    """Whole days of reports; a meter that `begins` zeroes before it reports at midnight."""
    for index in range(48 * first, 48 * (first + days)):
        so_far = index % 48 + 1
        energy, cost = used(index)
        if begins and so_far == 48:
            so_far = 0
        house.report(MONDAY + (index + 1) * HALF_HOUR, so_far * energy, so_far * cost)


def test_today():
    """spec: kWh and cost of this day as the meter says, and none of the next until it says."""
    house = House()
    assert house.both(0x0C01, 0x051C) == (NO_24, NO_48), "nothing yet"
    house.report(MONDAY + HALF_HOUR, 3, 21)
    assert house.both(0x0C01, 0x051C) == (3, 21)
    assert house.both(0x0C30, 0x0530) == (3, 21), "this week began today"
    assert house.both(0x0C40, 0x0540) == (NO_32, NO_48), "this month did not"
    house.gpf.clock.seconds = MONDAY + DAY
    assert house.both(0x0C01, 0x051C) == (NO_24, NO_48), "another day"
    house.gpf.clock.set(NO_32, clock.INVALID)
    assert house.both(0x0C01, 0x051C) == (NO_24, NO_48), "which day is it?"


def test_midnight():
    """project-choice: what is reported at midnight is of the day that ends."""
    for begins in (False, True):
        house = House()
        live(house, 1, begins=begins)
        energy, cost = used(0)
        count = 47 if begins else 48
        assert house.both(0x0C01, 0x051C) == (0, 0), begins
        assert house.both(0x0C03, 0x051E) == (count * energy, count * cost), begins
        assert house.both(0x0C20, 0x0520) == (NO_24, NO_48), begins


def test_report_some_seconds_late():
    """project-choice: a hub's own stamp is a little late; a minute later it is a new day."""
    for late, yesterday, today in ((59, 48, 0), (60, 47, 48)):
        house = House()
        for index in range(47):
            house.report(MONDAY + (index + 1) * HALF_HOUR, index + 1, index + 1, False)
        house.report(MONDAY + DAY + late, 48, 48, False)
        assert house.both(0x0C03, 0x051E) == (yesterday, yesterday), late
        assert house.both(0x0C01, 0x051C) == (today, today), late


def test_days_weeks_and_months():
    """spec: eight days, five weeks, thirteen months; each against the sum of its half hours."""
    house = House()
    for day in range(427):  # until 1 January 2024
        house.report(MONDAY + DAY * day + DAY - HALF_HOUR, 1, 1)
        house.report(MONDAY + DAY * (day + 1), *of_day(day))
        if day == 40:  # a Sunday ended
            before = [of_day(each) for each in range(41)]
            house.report(MONDAY + 41 * DAY + HALF_HOUR, 2, 9)
            for back, ids in enumerate([(0x0C03, 0x051E)] + _ids(0x0C20, 0x0520, 7)):
                assert house.both(*ids) == before[40 - back], back
            thursday = [sum(column) for column in zip(*before[35:41])]
            assert house.both(0x0C30, 0x0530) == (thursday[0] + 2, thursday[1] + 9)
            for back, ids in enumerate(_ids(0x0C32, 0x0532, 5)):
                week = before[28 - 7 * back : 35 - 7 * back]
                wanted = tuple([sum(column) for column in zip(*week)])
                assert house.both(*ids) == wanted, back
    # November 2022 is day 1 to 30, and so on.
    lengths = (30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    starts = [1 + sum(lengths[:index]) for index in range(15)]
    assert starts[-1] == 427
    assert house.both(0x0C40, 0x0540) == (0, 0), "this month begins"
    for back, ids in enumerate(_ids(0x0C42, 0x0542, 13)):
        month = [of_day(day) for day in range(starts[13 - back], starts[14 - back])]
        assert house.both(*ids) == tuple([sum(column) for column in zip(*month)]), back


def _ids(energy, cost, count):
    return [(energy + 2 * index, cost + 2 * index) for index in range(count)]


def test_gaps():
    """issue: a day that was not reported to its end is not told, nor what it is part of."""
    house = House()
    live(house, 2)
    house.report(MONDAY + 2 * DAY + DAY - HALF_HOUR - 1, 5, 5)
    house.report(MONDAY + 3 * DAY + HALF_HOUR, 1, 1)
    assert house.both(0x0C03, 0x051E) == (NO_24, NO_48), "it lacks more than its last half hour"
    assert house.both(0x0C20, 0x0520) == of_day(1), "the day before is whole"
    assert house.both(0x0C30, 0x0530) == (NO_24, NO_48), "this week is not"
    assert house.both(0x0C01, 0x051C) == (1, 1), "today is"
    house.report(MONDAY + 5 * DAY, 9, 9)
    assert house.both(0x0C03, 0x051E) == (9, 9), "reported at its end"
    assert house.both(0x0C20, 0x0520) == (NO_24, NO_48), "its end was not"
    house = House()
    house.report(MONDAY, 0, 0)
    assert house.both(0x0C03, 0x051E) == (NO_24, NO_48), "zeros may be of the new day"


def test_reports_that_lack_something():
    """issue: a value does not stay under the stamp of a report that does not have it."""
    house = House()
    house.report(MONDAY + HALF_HOUR, 3, 21)
    house.report(MONDAY + 2 * HALF_HOUR, 4, None)
    assert house.both(0x0C01, 0x051C) == (4, NO_48)
    house.report(MONDAY + 3 * HALF_HOUR, None, 30)
    assert house.both(0x0C01, 0x051C) == (NO_24, 30)
    house.report(MONDAY + 4 * HALF_HOUR, 5, 31, kind=0x2A)
    assert house.both(0x0C01, 0x051C) == (NO_24, 31), "of another type"
    house.report(MONDAY + 5 * HALF_HOUR, NO_24, NO_48)
    assert house.both(0x0C01, 0x051C) == (NO_24, NO_48), "which the meter does not know"
    house.report(MONDAY + 6 * HALF_HOUR, 6, 40)
    house.report(MONDAY + DAY, 7, None)
    assert house.both(0x0C03, 0x051E) == (7, NO_48), "and the day has no cost"


def test_times_that_go_back_or_far_ahead():
    """project-choice: a day is told once; a meter that is days ahead is not believed."""
    house = House()
    live(house, 1)
    house.report(MONDAY + DAY + HALF_HOUR, 1, 2)
    house.report(MONDAY + DAY - 60, 500, 500)
    house.report(MONDAY + DAY + 5, 501, 501)
    house.report(MONDAY + DAY + 2 * HALF_HOUR, 2, 4)
    assert house.both(0x0C03, 0x051E) == of_day(0), "it was told before"
    assert house.both(0x0C01, 0x051C) == (2, 4)
    own = house.gpf.clock
    octets = h("010C 22 630000 0700 E2") + (own.seconds + 9 * DAY).to_bytes(4, "little")
    house.frame(METERING, octets + h("FEFF 30 01"))
    assert house.told(METERING, 0x0C01)[0] == NO_24, "neither under the stamp of that report"
    live(house, 1, 1)
    assert house.both(0x0C03, 0x051E) == of_day(1)


def test_tenancy_hides():
    """spec: a day, week or month that began before the date is not there for a display."""
    house = House()
    live(house, 9)
    house.report(MONDAY + 9 * DAY + HALF_HOUR, 6, 7)
    pairs = [(METERING, 0x0C00), (PREPAYMENT, 0x0500)]
    begins = {0x20: 7, 0x22: 6, 0x24: 5, 0x26: 4, 0x30: 7, 0x32: 0, 0x40: 1}
    for date in (MONDAY + 7 * DAY, MONDAY + 7 * DAY + 1, MONDAY + 9 * DAY, MONDAY + 9 * DAY + 9):
        house.gpf.feature("tenancy").put(date, 0x200)
        for cluster, page in pairs:
            low = 0x01 if cluster == METERING else 0x1C
            spans = dict(begins)
            spans[low], spans[low + 2] = 9, 8
            for each in spans:
                shown, known = house.told(cluster, page | each)
                hidden = MONDAY + spans[each] * DAY < date
                none = (NO_32 if each >= 0x40 else NO_24) if cluster == METERING else NO_48
                assert shown == (none if hidden else known), (cluster, each)
                # October was not whole; a remote party has the rest.
                assert each == 0x40 or known != none, (cluster, each)


def test_what_a_state_says():
    """project-choice: it stands, until a report says something else of today."""
    house = House()
    house.gpf.zcl.load(METERING, 0x0C01, 0x22, 77)
    house.gpf.zcl.load(METERING, 0x0C03, 0x22, 78)
    assert house.told(METERING, 0x0C01)[0] == 77
    house.report(MONDAY + HALF_HOUR, 3, 21)
    assert house.told(METERING, 0x0C01)[0] == 3
    assert house.told(METERING, 0x0C03)[0] == 78


def test_after_a_power_cut():
    """spec: days are kept, and the day that is under way goes on."""
    from smets.ports.store import Store

    path = tmpdir() + "/s"
    live(House(store=Store(path)), 8)
    house = House(MONDAY + 8 * DAY, Store(path))
    assert house.both(0x0C03, 0x051E) == of_day(7)
    week = [sum(column) for column in zip(*[of_day(day) for day in range(7)])]
    assert house.both(0x0C32, 0x0532) == tuple(week)
    house.report(MONDAY + 9 * DAY - HALF_HOUR, 46, 47)
    house = House(MONDAY + 9 * DAY + 60, Store(path))
    assert house.both(0x0C01, 0x051C) == (NO_24, NO_48), "nothing of the new day"
    house.report(MONDAY + 9 * DAY + HALF_HOUR, 1, 2)
    assert house.both(0x0C03, 0x051E) == (46, 47)
    assert house.both(0x0C20, 0x0520) == of_day(7)
    house = House(MONDAY + 9 * DAY + HALF_HOUR, Store(path))
    assert house.both(0x0C01, 0x051C) == (1, 2)
    assert house.gpf.summary()["logs"]["storage_errors"] == 0


def test_a_report_twice():
    """issue: the last report of a day is not the first of the next; a later one replaces."""
    house = House()
    live(house, 1)
    house.report(MONDAY + DAY, *of_day(0))
    assert house.both(0x0C01, 0x051C) == (0, 0)
    house.report(MONDAY + DAY + HALF_HOUR, 1, 2)
    house.report(MONDAY + DAY + HALF_HOUR, 3, None)
    assert house.both(0x0C01, 0x051C) == (3, NO_48)


def test_nothing_of_it_without_a_time():
    """issue: a report without any time is of no day, and nothing is told with its stamp."""
    house = House()
    house.report(MONDAY + HALF_HOUR, 3, 21)
    house.gpf.clock.set(NO_32, clock.INVALID)
    house.frame(METERING, h("010C 22 030000 FEFF 30 01"))
    house.gpf.clock.set(MONDAY, clock.RELIABLE)
    assert house.told(METERING, 0x0C01)[0] == NO_24


def test_a_whole_meter_and_its_proxy():
    """spec: kWh by calorific value and conversion factor, cost by its price; both days."""
    meter, house = Gsme(), House(MONDAY)
    meter.eui = METER
    meter.feature("gas_reports").gpf = HUB
    meter.clock.set(MONDAY, clock.RELIABLE)
    load = meter.zcl.load
    for cluster, attribute, kind, value in (
        (METERING, 0x0300, 0x30, 1),  # m3
        (METERING, 0x0301, 0x22, 1),
        (METERING, 0x0302, 0x22, 1000),
        (0x0700, 0x0302, 0x23, 102264),  # 1.02264
        (0x0700, 0x0303, 0x18, 0x50),
        (0x0700, 0x0304, 0x23, 393),  # 39.3 MJ a m3
        (0x0700, 0x0306, 0x18, 0x10),
    ):
        load(cluster, attribute, kind, value)
    for day, litres in enumerate((300, 700)):
        meter.feature("gas_register").draw = litres
        for _ in range(48):
            meter.advance(HALF_HOUR)
            house.gpf.clock.seconds = meter.clock.seconds
            while meter.outbox:
                made = meter.outbox.pop(0)
                if made.cluster != 0x000A:
                    house.gpf.receive(made)
        # litres * 1.02264 * 39.3 / 3600 kWh
        wanted = 48 * litres * 102264 * 393 // (3600 * 10**6)
        assert house.told(METERING, 0x0C03)[0] == wanted, day
        assert house.told(METERING, 0x0C01)[0] == 0
    assert house.told(METERING, 0x0C20)[0] == 48 * 300 * 102264 * 393 // (3600 * 10**6)
