# engines: cpython unix
# Outages between a gas meter and its proxy: what the proxy missed it asks for, and its logs become
# those of a home without an outage. The truth is a list here of what flowed; what is told with a
# stamp is held against it at any time.
from testkit import tmpdir
from vectors import gbz, h, read_frame

from smets import clock
from smets.codec import Writer
from smets.crypto.gcm import Gcm
from smets.devices.gpf import Gpf
from smets.devices.gsme import Gsme
from smets.gbcs import gbz as engine
from smets.gbcs import table_proxy, use_cases
from smets.ports.store import Store
from smets.zcl.han_frame import HanFrame

METER, HUB, IHD = h("00DB000000000001"), h("00DB000000000003"), h("02534D45545300B0")
METERING, PREPAYMENT = 0x0702, 0x0705
START = clock.to_seconds(2022, 3, 7, 21, 0, 0)
HALF_HOUR, DAY = 1800, 86400
NONE = 0xFFFFFF
FORMS = (0x0302, 0x0301, 0x0300)
# GCS13a, GCS13c: code, a register that has all gas without a tariff, what is read.
CASES = (
    (0x0074, 0x0000, FORMS + (0x0000,)),
    (0x00B6, 0x0100, FORMS + (0x0100, 0x0102, 0x0104, 0x0106)),
)
NOT_FOUND = 0x8B


class Dice:
    """A generator of its own, the same on both engines."""

    def __init__(self, seed):
        self.state = (seed * 2654435761 + 12345) % 4294967296

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) % 4294967296
        return (self.state >> 16) % limit


class Home:
    """A meter, its proxy, and the air between them, which may lose frames."""

    def __init__(self, seed=0, stores=True, start=START):
        self.dice = Dice(seed)
        self.path = tmpdir() if stores else None
        self.now = start
        self.truth = {start: 0}  # UTC of a half hour -> litres in all
        self.down = False
        self.losing = 0  # one frame in so many is lost; 0: none
        self.log = None  # or (from the meter, cluster, payload) of all that is sent
        self.gsme = self.gpf = None
        self.begin_meter()
        self.begin_proxy()

    def begin_meter(self):
        """Power is there at the meter."""
        self.gsme = None
        self.gsme = device = Gsme(self._store("gsme"))
        device.eui = METER
        device.feature("gas_reports").gpf = HUB
        device.clock.set(self.now, clock.RELIABLE)

    def begin_proxy(self):
        """Power is there at the proxy."""
        self.gpf = None
        self.gpf = device = Gpf(self._store("gpf"))
        device.eui = HUB
        device.clock.set(self.now, clock.RELIABLE)
        device.feature("mirror").pair("00DB000000000001")

    def _store(self, name):
        if not self.path:
            return None
        from os import mkdir

        try:
            mkdir(self.path + "/" + name)
        except OSError:
            pass
        return Store(self.path + "/" + name)

    def half_hour(self, litres):
        """Half an hour passes, in which so much flows."""
        self.gsme.feature("gas_register").draw = litres
        self.now += HALF_HOUR
        self.truth[self.now] = self.truth[self.now - HALF_HOUR] + litres
        self.gpf.advance(HALF_HOUR)
        self.gsme.advance(HALF_HOUR)
        self.deliver()

    def deliver(self):
        """Carry frames until nobody says more, or lose them."""
        while self.gsme.outbox or self.gpf.outbox:
            for source, target in ((self.gsme, self.gpf), (self.gpf, self.gsme)):
                while source.outbox:
                    made = source.outbox.pop(0)
                    if self.log is not None and made.cluster in (METERING, PREPAYMENT):
                        self.log.append((source is self.gsme, made.cluster, made.payload))
                    lost = self.down or self.losing and not self.dice.below(self.losing)
                    if not lost:
                        target.receive(made)

    def run(self, count, litres=None):
        """So many half hours, with something flowing in each."""
        for _ in range(count):
            self.half_hour(self.dice.below(900) if litres is None else litres)
            self.check()

    def cut(self, count, **others):
        """The link is down for so many half hours."""
        self.down = True
        self.run(count, **others)
        self.down = False

    # --- What is told ---------------------------------------------------------------------------

    def told(self, case=None):
        """(register, seconds or None, clock_status) of GCS13a at the proxy, or of another case."""
        code, place, ids = case or CASES[0]
        device = self.gpf
        found = []
        read = device.zcl.read

        def noting(cluster, request, writer, from_han=False):
            found.append(device.zcl.get(cluster, place))
            return read(cluster, request, writer, from_han)

        device.zcl.read = noting
        try:
            row = use_cases.find((table_proxy.ROWS,), code, use_cases.GPF)
            asked = gbz((METERING, read_frame(0, *ids)))
            engine.execute(
                engine.prepare(asked, row), device.zcl, lambda: Gcm(bytes(16), bytes(12))
            )
        finally:
            device.zcl.read = read
        writer = Writer(12)
        device.header_stamp(writer)
        octets = bytes(writer.view())
        if octets[11] & 1:
            return found[0], None, octets[11]
        date = (octets[0] << 8 | octets[1], octets[2], octets[3], octets[5], octets[6], octets[7])
        return found[0], clock.to_seconds(*date), octets[11]

    def check(self):
        """No value has a stamp newer than its update: it is what had flowed at that time."""
        for case in CASES:
            total, seconds, status = self.told(case)
            if seconds is None:
                assert status == 1
                continue
            # A meter that has long not compared its clock tells no time: then it is the hub's.
            assert status in (0, 4) and total == self.truth[seconds], (case, total, seconds)

    def ask(self, cluster, command, payload, device=None):
        """Payload of what a display is answered, or a status."""
        device = device or self.gpf
        made = HanFrame(IHD, device.eui, 3, 2, cluster, bytes((1, 9, command)) + payload)
        device.receive(made)
        answer = device.outbox.pop().payload
        return answer[3:] if answer[0] & 1 else answer[4]

    def samples(self, number):
        """UTC of the end of each sample -> its value, FFFFFF left out."""
        period = DAY if number else HALF_HOUR
        asked = number.to_bytes(2, "little") + bytes(5) + (2000).to_bytes(2, "little")
        told = self.ask(METERING, 8, asked)
        if isinstance(told, int):
            return {}
        start = int.from_bytes(told[2:6], "little")
        found = {}
        for index in range(int.from_bytes(told[9:11], "little")):
            value = int.from_bytes(told[11 + 3 * index : 14 + 3 * index], "little")
            if value != NONE:
                found[start + (index + 1) * period] = value
        return found

    def reads(self):
        """(UTC, causes, total) of the snapshots of registers."""
        found = []
        while True:
            offset = bytes((len(found),))
            told = self.ask(METERING, 6, bytes(4) + b"\xff" * 4 + offset + b"\xff" * 4)
            if isinstance(told, int):
                return found
            when, causes = (int.from_bytes(told[at : at + 4], "little") for at in (4, 11))
            found.append((when, causes, int.from_bytes(told[16:22], "little")))

    def compare(self):
        """All logs of the proxy are those of what flowed, from the beginning."""
        # The meter's log begins with a total at the end of its first half hour.
        first = min(self.truth) + HALF_HOUR
        wanted = {
            end: self.truth[end] - self.truth[end - HALF_HOUR] for end in self.truth if end > first
        }
        told = self.samples(0)
        assert told == wanted, sorted(set(wanted.items()) ^ set(told.items()))[:8]
        midnights = [end for end in sorted(self.truth) if end % DAY == 0]
        days = {end: self.truth[end] - self.truth[end - DAY] for end in midnights[1:]}
        assert self.samples(1) == days
        assert self.reads() == [(end, 1, self.truth[end]) for end in midnights]


def requests(home, first=0):
    """Commands that the proxy sent: (cluster, command)."""
    return [(row[1], row[2][2]) for row in home.log[first:] if not row[0]]


def test_first_report_and_nothing_to_ask():
    """spec: a mirror that is new catches up everything; a day without an outage asks nothing."""
    home = Home()
    home.log = []
    home.run(2)
    assert requests(home) == [
        (METERING, 9),
        (METERING, 8),
        (METERING, 6),
        (PREPAYMENT, 7),
        (PREPAYMENT, 8),
        (PREPAYMENT, 10),
    ]
    first = len(home.log)
    home.run(100)
    assert requests(home, first) == []
    home.compare()


def test_octets():
    """spec: scheme B, flags of both words; the meter asks for them, then answers each."""
    home = Home()
    home.log = []
    home.run(10)
    home.cut(3)
    first = len(home.log)
    home.run(2)
    rows = [row for row in home.log[first:] if not row[0] or row[2][0] & 1]
    flags, functional, credit, samples = [row[2] for row in rows[:4]]
    assert flags[:1] + flags[2:] == h("11 09 02 0000C000 00000000 00000000 C0020000 00000000")
    assert functional[:1] + functional[2:] == h("19 0B 02 0000 0000C000")
    assert credit[:1] + credit[2:] == h("19 0B 02 0300 C0020000")
    # The first report after an outage has a gap in its numbers, and counts as lost.
    last = (home.now - 5 * HALF_HOUR).to_bytes(4, "little")
    assert samples[:1] + samples[2:] == h("01 08 0000") + last + h("00 1800")
    told = {row[2][2]: row[2][3:] for row in rows if not row[0]}
    assert told[6] == last + h("FFFFFFFF 00 FFFFFFFF")
    assert told[10] == home.now.to_bytes(4, "little") + h("0A 02")
    home.compare()


def test_an_old_meter_and_a_new_proxy():
    """spec: all that the meter has, from its beginning."""
    home = Home(stores=False)
    home.cut(150)
    home.begin_proxy()
    home.run(1)
    home.compare()


def test_outages_of_any_length():
    """spec: nothing is missing after it; around midnights and over several, on either side."""
    for before, length in ((5, 1), (5, 2), (6, 1), (4, 2), (3, 50), (10, 97), (0, 48)):
        home = Home(before, stores=False)
        home.run(before)
        home.cut(length)
        home.run(3)
        home.compare()


def test_single_frames_are_lost():
    """issue: a lost frame drops its report, and what it may have told is asked for."""
    for seed in range(4):
        home = Home(seed, stores=False)
        home.run(5)
        home.losing = 20
        home.run(100)
        home.losing = 0
        home.run(4)
        home.compare()


def test_proxy_restarts():
    """issue: half hours are gone with the power; snapshots are asked for since the last report."""
    home = Home(1)
    home.run(20)
    home.cut(60)
    home.begin_proxy()
    home.run(1)
    home.compare()
    home.run(90)
    home.begin_proxy()
    home.cut(7)
    home.begin_proxy()
    home.run(2)
    home.compare()


def test_day_of_a_restart():
    """issue: its half hours came late in part; it is whole at its end."""
    home = Home(8)
    home.run(20)
    home.begin_proxy()
    home.run(60)
    home.compare()


def test_meter_restarts():
    """issue: its frames are numbered anew, and are not taken for lost ones for ever."""
    home = Home(2)
    home.run(20)
    home.begin_meter()
    home.run(2)
    home.compare()
    home.cut(10)
    home.begin_meter()
    home.run(3)
    home.compare()


def test_power_cut_while_catching_up():
    """issue: what is missing is known, and asked for again."""
    home = Home(3)
    home.run(10)
    home.cut(100)
    home.losing = 3
    for _ in range(6):
        home.run(1)
        home.begin_proxy()
    home.losing = 0
    home.run(3)
    home.compare()


def test_snapshot_that_comes_before_the_rest():
    """issue: the first frame after an outage is that of this midnight; older ones go before it."""
    home = Home(4)
    home.run(3)
    home.cut(98)
    home.cut(47 - home.now % DAY // HALF_HOUR)
    assert (home.now + HALF_HOUR) % DAY == 0
    home.run(1)
    last = (home.now, 1, home.truth[home.now])
    assert home.reads() == [last], "the log of the proxy has the newest alone"
    home.run(1)
    home.compare()
    assert len(home.reads()) == 3 and home.reads()[-1] == last


def test_payments_of_an_outage():
    """spec: the newest five top-ups, ten payments of a debt, as the meter has them."""
    home = Home(7, stores=False)
    home.run(3)
    account = home.gsme.feature("gas_account").account
    paid, debts = [], []
    for number in range(12):
        home.down = 2 <= number < 11
        code = b"%020d" % number
        paid.append((home.now, 5000 + number, code))
        debts.append((home.now, 300 + number, 9000 - number))
        account.top_ups = (account.top_ups + [paid[-1]])[-5:]
        account.recoveries = (account.recoveries + [debts[-1]])[-10:]
        home.run(1)
    home.run(1)
    now = b"\xff\xff\xff\xfe"
    wanted = h("0001")
    for when, amount, code in reversed(paid[-5:]):
        wanted += b"\x14" + code + amount.to_bytes(4, "little") + when.to_bytes(4, "little")
    assert home.ask(PREPAYMENT, 8, now + h("05")) == wanted
    wanted = h("0001")
    for when, amount, left in debts[-10:]:
        wanted += when.to_bytes(4, "little") + amount.to_bytes(4, "little")
        wanted += h("02") + left.to_bytes(4, "little")
    assert home.ask(PREPAYMENT, 10, now + h("0A02")) == wanted
    home.compare()


def test_flags_that_a_meter_ignores():
    """spec: all but those that it has something for; words 2, 3, 5; other schemes; strangers."""
    home = Home(stores=False)

    def flags(octets, source=HUB, endpoint=2):
        home.gsme.receive(HanFrame(source, METER, endpoint, 1, METERING, h("11 05 09") + octets))
        told = [made.payload for made in home.gsme.outbox if made.payload[0] & 1]
        home.gsme.outbox.clear()
        return told

    wanted = [h("19 05 0B 02 0000 0000C000"), h("19 05 0B 02 0300 C0020000")]
    assert flags(h("02") + b"\xff" * 20) == wanted
    assert flags(h("02 FFFF3FFF") + b"\xff" * 8 + h("3FFDFFFF") + b"\xff" * 4) == []
    for wrong in (h("01") + b"\xff" * 20, h("02") + b"\xff" * 19, h("02") + b"\xff" * 21):
        assert flags(wrong) == []
    assert home.gsme.ignored == {"malformed": 3}
    assert flags(h("02") + b"\xff" * 20, source=IHD) == []
    assert flags(h("02") + b"\xff" * 20, endpoint=1) == []


def test_meter_that_answers_nothing():
    """project-choice: a day of half hours, then it is not asked any more."""
    home = Home(5)
    home.log = []
    home.gsme.feature("gas_reports").receive = lambda frame_in: False
    for device in (home.gsme,):
        device._receiving = [
            feature
            for feature in device._receiving
            if feature is not device.feature("gas_reports")
        ]
    home.run(120)
    assert requests(home) == [(METERING, 9)] * 48
    total, seconds, _ = home.told()
    assert (total, seconds) == (home.truth[home.now], home.now)


def test_meter_that_tells_its_register_alone():
    """A meter from before, without kWh and cost of the day: an outage is one report missing."""
    gpf = Gpf()
    gpf.eui = HUB
    gpf.clock.set(START, clock.RELIABLE)
    gpf.feature("mirror").pair("00DB000000000001")
    asked = []
    for number in range(1, 161):
        gpf.advance(HALF_HOUR)
        if number in (100, 101):
            continue
        octets = bytes((0x18, number, 0x0A)) + h("0000 25") + number.to_bytes(6, "little")
        gpf.receive(HanFrame(METER, HUB, 1, 2, METERING, octets + h("FEFF 30 01")))
        asked += [number for made in gpf.outbox]
        gpf.outbox.clear()
    # The gap in its numbers drops a report, too.
    assert asked == list(range(1, 49)) + list(range(103, 151))


def test_strangers_and_nonsense():
    """Only its own meter is heard; what cannot be is counted, and no log takes it."""
    home = Home(6)
    home.run(7)

    def hear(source, octets, cluster=METERING):
        home.gpf.receive(HanFrame(source, HUB, 1, 2, cluster, octets))

    mirror = home.gpf.feature("mirror")
    history = home.gpf.feature("gas_history")
    history.miss(home.now - DAY)
    from smets.features.gas_catch_up import CatchUp

    mirror.catching = made = CatchUp(mirror, history)
    made.remind()
    home.gpf.outbox.clear()
    notified = h("19 00 0B 02 0000 0000C000")
    hear(IHD, notified)
    assert home.gpf.outbox == []
    for wrong in (
        "19 00 0B 01 0000 0000C000",
        "19 00 0B 02 0000 0000",
        "19 00 0B 02 0000 0000C00000",
    ):
        hear(METER, h(wrong))
    assert (home.gpf.outbox, mirror.malformed) == ([], 3)
    hear(METER, notified)
    (asked,) = home.gpf.outbox
    home.gpf.outbox.clear()
    number = asked.payload[1]
    before = home.samples(0)
    start = (home.now - 2 * HALF_HOUR).to_bytes(4, "little")
    good = bytes((0x19, number, 7)) + h("0000") + start + h("00 0807 0100 050000")
    hear(IHD, good)
    hear(METER, bytes((0x19, number + 1 & 0xFF, 7)) + good[3:])
    hear(METER, good, PREPAYMENT)
    assert home.gpf.outbox == [] and made._asked == number
    hear(METER, good[:-1])
    assert mirror.malformed == 4
    assert home.samples(0) == before, "what was measured in time stays"


def asked_for_half_hours(home):
    """Let the proxy ask for half hours; what hears an answer: UTC of its start, count, samples."""
    from smets.features.gas_catch_up import CatchUp

    mirror, history = home.gpf.feature("mirror"), home.gpf.feature("gas_history")
    history.miss(home.now - 4 * HALF_HOUR)
    mirror.catching = CatchUp(mirror, history)
    mirror.catching.remind()
    home.gpf.outbox.clear()

    def tell(octets):
        home.gpf.receive(HanFrame(METER, HUB, 1, 2, METERING, octets))

    tell(h("19 00 0B 02 0000 0000C000"))
    number = home.gpf.outbox.pop().payload[1]

    def hear(start, count, samples):
        octets = bytes((0x19, number, 7)) + h("0000") + start.to_bytes(4, "little") + h("00 0807")
        tell(octets + count.to_bytes(2, "little") + samples)
        home.gpf.outbox.clear()

    return hear


def test_half_hours_of_the_future():
    """issue: a start at the end of time, more than was asked for, samples after now: none is kept.

    The number of samples is that of the octets; half hours end by the hub's clock, or without one
    by the time that the meter told. Clocks may be 60 s apart.
    """
    last = 0xFFFFFFFF // HALF_HOUR * HALF_HOUR
    now = START + 8 * HALF_HOUR
    wrong = (
        (last, 24, 24),
        (last, 1, 1),
        (last - HALF_HOUR, 1, 1),
        (now - HALF_HOUR, 2, 2),
        (now, 1, 1),
        (now - 4 * HALF_HOUR, 25, 25),
        (now - 4 * HALF_HOUR, 0xFFFF, 1500),
        (now - 4 * HALF_HOUR, 4, 3),
        (now - 4 * HALF_HOUR, 3, 4),
        (now - 4 * HALF_HOUR, 0, 1),
    )
    for status in (clock.RELIABLE, clock.UNRELIABLE, clock.INVALID):
        home = Home(6, stores=False)
        home.run(4)
        home.cut(4)
        mirror, profile = home.gpf.feature("mirror"), home.gpf.feature("logs").profile
        mirror.stamp.seconds = home.now
        home.gpf.clock.set(home.now, status)
        before = profile.end, profile.count
        for start, count, number in wrong:
            malformed = mirror.malformed
            hear = asked_for_half_hours(home)
            hear(start, count, h("050000") * number)
            assert (profile.end, profile.count) == before, (status, start, count)
            assert mirror.malformed == malformed + 1
        for late, kept in ((0, 4), (60, 4), (61, 0)):
            home = Home(6, stores=False)
            home.run(4)
            home.cut(4)
            assert home.now == now
            home.gpf.feature("mirror").stamp.seconds = now - late
            home.gpf.clock.set(now - late, status)
            profile = home.gpf.feature("logs").profile
            end = profile.end
            asked_for_half_hours(home)(now - 4 * HALF_HOUR, 4, h("050000 060000 FFFFFF 070000"))
            told = [profile.at(now - back * HALF_HOUR) for back in (3, 2, 1, 0)]
            assert told == ([5, 6, NONE, 7] if kept else [NONE] * 4), (status, late)
            assert profile.end == (now if kept else end)
    home = Home(6, stores=False)
    home.run(8)
    home.gpf.clock.set(now, clock.INVALID)
    home.gpf.feature("mirror").stamp.status = clock.INVALID
    profile = home.gpf.feature("logs").profile
    profile.clear()
    profile.append(now - 4 * HALF_HOUR, 3)
    asked_for_half_hours(home)(now - 4 * HALF_HOUR, 1, h("050000"))
    assert (profile.end, profile.count) == (now - 4 * HALF_HOUR, 1), "nobody knows what time it is"


def test_damaged_answers():
    """Octets of the meter that were damaged: what they tell is left out, and both go on."""
    home = Home(9, stores=False)
    home.run(20)
    for _ in range(60):
        home.cut(1)
        home.half_hour(5)
        home.gsme.feature("gas_register").draw = 5
        home.now += HALF_HOUR
        home.truth[home.now] = home.truth[home.now - HALF_HOUR] + 5
        home.gpf.advance(HALF_HOUR)
        home.gsme.advance(HALF_HOUR)
        for _ in range(200):
            if not home.gsme.outbox and not home.gpf.outbox:
                break
            for source, target in ((home.gsme, home.gpf), (home.gpf, home.gsme)):
                while source.outbox:
                    made = source.outbox.pop(0)
                    octets = bytearray(made.payload)
                    if octets[0] & 1:
                        at = home.dice.below(len(octets))
                        octets[at] ^= 1 + home.dice.below(255)
                        if not home.dice.below(3):
                            octets = octets[:at]
                    made.payload = bytes(octets)
                    target.receive(made)
    assert home.gpf.feature("mirror").malformed > 5
    home.run(3)
    total, seconds, _ = home.told()
    assert (total, seconds) == (home.truth[home.now], home.now)


def test_any_outages():
    """issue: property: losses, outages, restarts in any order, and never a newer stamp."""
    for seed in range(4):
        home = Home(seed)
        for _ in range(14):
            what = home.dice.below(8)
            if what < 3:
                home.run(1 + home.dice.below(9))
            elif what < 5:
                home.cut(1 + home.dice.below(40))
            elif what == 5:
                home.losing = 5 + home.dice.below(30)
                home.run(1 + home.dice.below(20))
                home.losing = 0
            elif what == 6:
                home.begin_proxy()
            else:
                home.begin_meter()
        home.run(4)
        home.compare()
