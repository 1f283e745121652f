# engines: cpython unix
# SECMP0015 as a property: whatever happens to meter, hub and link, no value is told with a stamp
# that is newer than the update it came with, nor with another source or status. The model here
# knows of each value from which update it is; the firmware keeps no such list.
from vectors import gbz, h, read_frame

from smets import clock
from smets.codec import Writer
from smets.crypto.gcm import Gcm
from smets.devices.gpf import Gpf
from smets.gbcs import gbz as engine
from smets.gbcs import table_proxy, use_cases
from smets.zcl.han_frame import HanFrame

METER, HUB = h("00DB000000000001"), h("00DB000000000003")
START = 0x1C374A80  # 2015-01-01
TOTAL, TIER, BLOCK, BILL = 0x0000, 0x0100, 0x0700, 0x0A00
METERING, PREPAYMENT, CREDIT = 0x0702, 0x0705, 0x0001
FORMS = ((0x0302, "22 64 00 00"), (0x0301, "22 01 00 00"), (0x0300, "30 01"))
# The stamped use cases: message code, and the attributes that change with time and that they ask.
CASES = (
    (0x0074, (TOTAL,)),
    (0x00B8, (BLOCK, BLOCK + 1, BLOCK + 2, BLOCK + 3)),
    (0x00B6, (TIER, TIER + 2, TIER + 4, TIER + 6)),
)
REGISTERS = CASES[0][1] + CASES[1][1] + CASES[2][1]
# What a display shows of the account beside ReadingSnapShotTime: emergency credit, accumulated
# debt, the three debts; attribute, type.
SHOWN_TIME = 0x0007
ACCOUNT = ((0x0002, 0x2B), (0x0005, 0x2B), (0x0211, 0x23), (0x0221, 0x23), (0x0231, 0x23))
NEVER = 0xFFFFFFFF
DAY = 86400
GPF, GSME = 0, 4  # bit 2 of clock_status
DISPLAY = h("02534D45545300B0")
SIZES = {0x23: 4, 0x25: 6, 0x2B: 4, 0xE2: 4}  # octets of a type


class Dice:
    """A generator of its own, the same on both engines."""

    def __init__(self, seed):
        self.state = seed * 2654435761 % 4294967296

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) % 4294967296
        return (self.state >> 16) % limit


class World:
    """A meter that reports to a GPF, and for each value the stamp of the update it came with."""

    def __init__(self, seed, start=START):
        self.dice = Dice(seed)
        self.value = 0
        self.sequence = 0
        self.told_at = {}  # kWh or cost of a day -> UTC of the report that told it
        self.switch_on(start)

    def switch_on(self, seconds):
        self.device = Gpf(None)
        self.device.eui = HUB
        self.device.clock.set(seconds, clock.RELIABLE)
        self.device.feature("mirror").pair("00DB000000000001")
        self.model = {}  # attribute, or "credit" -> (value, date-time of the stamp)
        self.last = -1  # UTC of the last update, where it has a time
        self.reported = NEVER  # UTC of the last report, where it has a time
        self.today = {}, (None, 1)  # kWh and cost of the last report, with its stamp

    # --- Octets, made here ----------------------------------------------------------------------

    def send(self, cluster, control, command, payload, lost=False):
        self.sequence = (self.sequence + 1) & 0xFF
        if not lost:
            octets = bytes((control, self.sequence, command)) + payload
            self.device.receive(HanFrame(METER, HUB, 1, 2, cluster, octets))

    def stamp(self, seconds):
        """(seconds or None, clock_status) of an update with the meter's time, or the hub's."""
        own = self.device.clock
        if seconds is not None:
            return seconds, GSME
        if own.status == clock.INVALID:
            return None, GPF | 1
        return own.seconds, GPF | (2 if own.status == clock.UNRELIABLE else 0)

    def next(self):
        self.value += 1
        return self.value

    # --- What may happen ------------------------------------------------------------------------

    def report(self):
        """One or two frames; with the meter's time or without; complete, broken or with a loss."""
        dated = self.dice.below(3)
        own = self.device.clock.seconds
        seconds = None if dated == 0 else max(own - self.dice.below(20), 1)
        values = {attribute: self.next() for attribute in REGISTERS + (BILL,)}
        credit = self.next()
        fate = self.dice.below(6)  # 0: no end, 1: a lost frame, 2: malformed
        money = h("0100 2B") + credit.to_bytes(4, "little")
        energy, cost = self.next(), self.next()
        money += h("1C05 25") + cost.to_bytes(6, "little")
        account = [self.next() for _ in ACCOUNT]
        for (attribute, kind), value in zip(ACCOUNT, account):
            money += attribute.to_bytes(2, "little") + bytes((kind,)) + value.to_bytes(4, "little")
        self.send(PREPAYMENT, 0x18, 0x0A, money + (b"\xff" if fate == 2 else b""))
        first = b"".join(
            a.to_bytes(2, "little") + h("25") + values[a].to_bytes(6, "little") for a in REGISTERS
        )
        for attribute, form in FORMS:
            first += attribute.to_bytes(2, "little") + h(form)
        self.send(METERING, 0x18, 0x0A, first, lost=fate == 1)
        rest = h("000A 23") + values[BILL].to_bytes(4, "little")
        rest += h("010C 22") + energy.to_bytes(3, "little")
        if seconds is not None:
            rest += h("0700 E2") + seconds.to_bytes(4, "little")
        self.send(METERING, 0x18, 0x0A, rest + (h("FEFF 30 00") if fate == 0 else h("FEFF 30 01")))
        if fate == 0:  # a new report begins: its first frame is missed, so this one is given up
            self.sequence += 1
            self.send(METERING, 0x18, 0x0A, h("FEFF 30 01"))
        if fate > 2:
            stamp = self.stamp(seconds)
            self.model = {attribute: (values[attribute], stamp) for attribute in values}
            self.model["credit"] = (credit, stamp)
            for (attribute, _), value in zip(ACCOUNT, account):
                self.model["account", attribute] = (value, stamp)
            self.today = {(METERING, 0x0C01): energy, (PREPAYMENT, 0x051C): cost}, stamp
            for value in (energy, cost):
                self.told_at[value] = stamp[0]
            self.last = -1 if stamp[0] is None else stamp[0]
            self.reported = NEVER if stamp[0] is None else stamp[0]

    def snapshot(self):
        """A daily snapshot: the registers as they were at its time, and nothing else."""
        seconds = max(self.device.clock.seconds - 30 + self.dice.below(60), 1)
        values = [self.next() for _ in range(9)]
        numbers = [each.to_bytes(6, "little") for each in values]
        payload = h("01000000") + seconds.to_bytes(4, "little") + h("01 00 01 01000000 06")
        payload += numbers[0] + h("04") + b"".join(numbers[1:5]) + h("14") + b"".join(numbers[5:])
        self.send(METERING, 0x19, 0x06, payload)
        if seconds > self.last:
            order = (TOTAL,) + CASES[2][1] + CASES[1][1]
            stamp = self.stamp(seconds)
            for attribute, value in zip(order, values):
                self.model[attribute] = (value, stamp)
            self.last = seconds

    def fault(self):
        """The hub's clock is set anew, also back, or lost."""
        status = (clock.RELIABLE, clock.UNRELIABLE, clock.INVALID)[self.dice.below(3)]
        seconds = self.device.clock.seconds - 7200 + self.dice.below(14400)
        if status == clock.INVALID and self.dice.below(2):
            seconds = START
        self.device.clock.set(max(seconds, START), status)

    def step(self):
        what = self.dice.below(12)
        if what < 5:
            self.report()
        elif what < 7:
            self.snapshot()
        elif what < 10:
            self.fault()
        elif what == 10:
            self.switch_on(self.device.clock.seconds)  # an outage: the mirror is empty
        self.device.advance(self.dice.below(1801))

    # --- What a remote party sees ----------------------------------------------------------------

    def ask(self, code, payload):
        """(attribute values, the stamp's seconds or None and clock_status) of a use case."""
        row = use_cases.find((table_proxy.ROWS,), code, use_cases.GPF)
        prepared = engine.prepare(payload, row)
        told = {}
        read = self.device.zcl.read

        def listen(cluster, request, writer, *more):
            for at in range(0, len(request), 2):
                attribute = request[at] | request[at + 1] << 8
                told[cluster, attribute] = self.device.zcl.get(cluster, attribute)
            return read(cluster, request, writer, *more)

        self.device.zcl.read = listen
        try:
            engine.execute(prepared, self.device.zcl, lambda: Gcm(bytes(16), bytes(12)))
        finally:
            self.device.zcl.read = read
        return told, self.header()

    def header(self):
        """Seconds, or None, and clock_status of a stamp over what was asked last."""
        writer = Writer(12)
        self.device.header_stamp(writer)
        octets = bytes(writer.view())
        if octets[11] & 1:
            return None, octets[11]
        year = octets[0] << 8 | octets[1]
        return clock.to_seconds(year, *octets[2:4], *octets[5:8]), octets[11]

    def compare_days(self):
        """Of this day: what the report with this stamp told, or nothing. Of others: no later one.

        The number of values of this day, and of the day before it, that were told.
        """
        values, wanted = self.today
        seen = [0, 0]
        for place, missing in (
            ((METERING, 0x0C01), 0xFFFFFF),
            ((PREPAYMENT, 0x051C), (1 << 48) - 1),
        ):
            cluster, attribute = place
            for back in (0, 2):
                asked = attribute + back
                self.device.zcl.asked = [(cluster, asked.to_bytes(2, "little"))]
                stamp = self.header()
                value = self.device.zcl.get(cluster, asked)
                if value == missing:
                    continue
                assert stamp == wanted and stamp[0] is not None, (stamp, wanted)
                late = stamp[0] % DAY
                if back:
                    told = self.told_at[value]
                    assert told <= stamp[0] and told - 60 < stamp[0] - late, (value, told, stamp)
                else:
                    # A report of the first minute may be that of the day which ended.
                    assert value == values[place] or late < 60 and value == 0, (value, values)
                seen[back // 2] += 1
        return seen

    def compare(self):
        """Each stamped use case tells values with the stamp of the update that they came with."""
        for code, attributes in CASES:
            forms = [form[0] for form in FORMS]
            ids = (forms + list(attributes)) if code == 0x00B6 else list(attributes) + forms
            if code == 0x0074:
                ids = forms + list(attributes)
            told, stamp = self.ask(code, gbz((METERING, read_frame(0, *ids))))
            self._judge([(told[METERING, a], self.model.get(a)) for a in attributes], stamp)
        reads = (METERING, read_frame(0, BILL)), (PREPAYMENT, read_frame(1, CREDIT))
        told, stamp = self.ask(0x012A, gbz(*reads))
        pairs = [(told[METERING, BILL], self.model.get(BILL))]
        # Where the first of both fails the second one is not read.
        if pairs[0][1]:
            pairs.append((told[PREPAYMENT, CREDIT], self.model.get("credit")))
        self._judge(pairs, stamp)

    def read(self, cluster, *ids):
        """Attribute -> value, of what a display reads in one frame; None where there is none."""
        self.device.receive(HanFrame(DISPLAY, HUB, 1, 2, cluster, read_frame(7, *ids)))
        octets = self.device.outbox.pop().payload
        told, at = {}, 3
        while at < len(octets):
            attribute, status = octets[at] | octets[at + 1] << 8, octets[at + 2]
            at += 3
            told[attribute] = None
            if not status:
                size = SIZES[octets[at]]
                told[attribute] = int.from_bytes(octets[at + 1 : at + 1 + size], "little")
                at += 1 + size
        assert sorted(told) == sorted(ids)
        return told

    def compare_display(self):
        """What a display shows beside ReadingSnapShotTime is not older than that time.

        The number of values that were shown with a time.
        """
        seen = 0
        ids = [attribute for attribute, _ in ACCOUNT]
        energy = self.read(METERING, SHOWN_TIME, BILL, *REGISTERS)
        money = self.read(PREPAYMENT, CREDIT, *ids)
        shown = energy[SHOWN_TIME]
        if self.model:
            assert shown == self.reported, (shown, self.reported)
        rows = [(energy[a], self.model.get(a)) for a in REGISTERS + (BILL,)]
        rows.append((money[CREDIT], self.model.get("credit")))
        rows += [(money[a], self.model.get(("account", a))) for a in ids]
        for value, known in rows:
            assert value == (known[0] if known else None), (value, known)
            if known and shown != NEVER:
                assert known[1][0] is not None and shown <= known[1][0], (shown, known)
                seen += 1
        return seen

    def _judge(self, pairs, stamp):
        wanted = (None, 1)
        for value, known in pairs:
            assert value == (known[0] if known else None), (value, known)
            if known:
                wanted = known[1]
        assert stamp == wanted, (stamp, wanted, pairs)


def test_no_value_has_a_stamp_that_is_newer():
    """issue: after losses, outages, clock faults and snapshots; each answer of five use cases."""
    kinds = set()
    for seed in range(10):
        world = World(seed)
        for _ in range(25):
            world.step()
            world.compare()
            kinds.update(status for _, (_, status) in world.model.values())
    assert kinds == {GSME, GPF, GPF | 1, GPF | 2}, "all of it was seen"


def test_nothing_on_a_display_is_older_than_its_time():
    """issue: ReadingSnapShotTime beside registers, bill, credit, debts, in the same troubles."""
    seen = 0
    for seed in range(10, 18):
        world = World(seed)
        for _ in range(25):
            world.step()
            seen += world.compare_display()
    assert seen > 1000, seen


def test_nothing_of_a_day_has_a_stamp_that_is_newer():
    """issue: kWh and cost of this day and of yesterday, around midnight, in the same troubles."""
    today = yesterday = 0
    for seed in range(8):
        world = World(seed, START + DAY - 7200)
        for _ in range(30):
            world.step()
            seen = world.compare_days()
            today += seen[0]
            yesterday += seen[1]
    assert today > 50 and yesterday > 10, (today, yesterday)
