# engines: cpython unix
# The clock of a gas meter against its hub's: the daily comparison and Set Clock (GCS28), and what
# the logs and the supplier are told. Facts: meter.md (d); the hub is a GPF of the firmware.
import gc

from test_asn1 import GCS28, Asked, time
from testkit import Skip, tmpdir
from vectors import SUPPLIER, gbz, h

from smets import clock, devices
from smets.devices.gsme import Gsme
from smets.features import gas_clock
from smets.gbcs import der
from smets.ports.store import Store
from smets.zcl import han_frame

PROXY = h("025ECA0000000003")
MIDNIGHT = 0x1C374A80  # 2015-01-01T00:00:00Z
HALF_HOUR = 1800
RELIABLE, INVALID, UNRELIABLE = clock.RELIABLE, clock.INVALID, clock.UNRELIABLE
CS10A, CS10B, CS11, GCS33 = 0x0014, 0x00A1, 0x0015, 0x0082


class Pair:
    """A meter with a session and the hub that it reports to; `ahead` is the hub, in seconds."""

    def __init__(self, ahead=0, status=RELIABLE, hub=RELIABLE, store=None):
        self.ask = Asked(Gsme, store)
        self.meter = self.ask.device
        self.meter.eui = h("02534D45545300A1")
        self.meter.take_keys(self.ask.keys)
        self.meter.clock.set(MIDNIGHT if status != INVALID else 0xFFFFFFFF, status)
        if hub is not None:
            self.hub = devices.build("gpf")
            self.hub.eui = PROXY
            self.meter.feature("gas_reports").gpf = PROXY
            self.hub.clock.set(MIDNIGHT + ahead, hub)
        self.asked = 0  # how often the meter asked for the time

    def run(self, seconds):
        while seconds:
            step = min(seconds, 600)
            seconds -= step
            self.hub.advance(step)
            self.meter.advance(step)
            for source, target in ((self.meter, self.hub), (self.hub, self.meter)):
                while source.outbox:
                    frame = source.outbox.pop(0)
                    self.asked += frame.cluster == 0x000A and source is self.meter
                    target.receive(han_frame.parse(frame.encode()))

    def set_clock(self, start, end):
        """GCS28 for an interval; (time, status) of the answer."""
        made = [
            time(clock.format_iso(at).replace("-", "").replace(":", "").replace("T", ""))
            for at in (start, end)
        ]
        items = der.whole(self.ask(GCS28, der.sequence(*made)), der.SEQUENCE).items()
        return str(bytes(items[0].octets()), "ascii"), items[1].number()

    def log(self, code=CS10A, first=3):
        """(code, time, information) of a log, as a remote party reads it."""
        request = bytes((0x10 | first,)) + h("0000 00000000 FFFFFFFF 00 0000")
        payload = self.ask(code, gbz((0x0709, h("010000") + request)), sign=False)
        zcl = payload[8:]
        if zcl[2] == 0x0B:
            assert zcl[3:5] == h("008B")
            return []
        assert zcl[:3] == h("190001") and zcl[5:7] == h("0001") and zcl[7] == 0
        found, at = [], 8
        while at < len(zcl):
            assert zcl[at] == first
            event = int.from_bytes(zcl[at + 1 : at + 3], "little")
            when = int.from_bytes(zcl[at + 3 : at + 7], "little")
            found.append((event, when, zcl[at + 8 : at + 8 + zcl[at + 7]]))
            at += 8 + zcl[at + 7]
        assert len(found) == int.from_bytes(zcl[3:5], "little")
        return found


def digits(seconds):
    text = "%04d%02d%02d%02d%02d%02dZ" % clock.from_seconds(seconds)
    return text


def test_a_meter_without_a_time_is_commissioned():
    """issue: the interval is where the hub's time must lie, and the hub's time is taken."""
    for status in (INVALID, UNRELIABLE):
        pair = Pair(ahead=7 * 86400 + 77, status=status)
        pair.run(HALF_HOUR)
        assert pair.meter.clock.status == status, "only a supplier sets it"
        now = pair.hub.clock.seconds
        assert pair.set_clock(now - 60, now + 60) == (digits(now), 0)
        assert (pair.meter.clock.seconds, pair.meter.clock.status) == (now, RELIABLE)
        assert (0x8145, now, b"") in pair.log()
        assert pair.log(CS10B, 4) == [] and pair.meter.alerts == []


def test_outside_nothing_is_set_and_the_supplier_is_told():
    """spec (HON 26): time unchanged; security log and alert 8F0C; own time and status."""
    pair = Pair(ahead=300)
    pair.run(HALF_HOUR)
    now = pair.meter.clock.seconds
    assert pair.set_clock(now - 60, now + 60) == (digits(now), 2), "the hub's counts, not its own"
    assert (pair.meter.clock.seconds, pair.meter.clock.status) == (now, UNRELIABLE)
    assert pair.log(CS10B, 4) == [(0x8F0C, now, b"")]
    body = h("0109 00 8F0C") + now.to_bytes(4, "big")
    assert pair.meter.alerts == [(0x8F0C, now, SUPPLIER, 0x1000, body)]
    failed = [row for row in pair.log() if row[0] == 0x8155]
    assert failed == [(0x8155, now, h("007F"))]
    assert pair.set_clock(now + 240, now + 360) == (digits(now + 300), 0)
    assert pair.meter.clock.status == RELIABLE


def test_an_unset_meter_outside_the_interval_stays_invalid():
    pair = Pair(ahead=5, status=INVALID)
    pair.run(HALF_HOUR)
    assert pair.set_clock(MIDNIGHT, MIDNIGHT + 60)[1] == INVALID
    assert pair.meter.clock.status == INVALID
    (alert,) = pair.meter.alerts
    assert alert[:2] == (0x8F0C, 0xFFFFFFFF)


def test_without_a_hub_that_knows_the_time():
    """project-choice: a hub that is not master of its time is no hub to go by."""
    for hub in (INVALID, UNRELIABLE):
        pair = Pair(hub=hub)
        pair.run(HALF_HOUR)
        now = pair.meter.clock.seconds
        assert pair.set_clock(now - 60, now + 60) == (digits(now), 2)


def test_the_daily_comparison():
    """spec: up to 10 s the meter adjusts, without an event; above it does not: 81C6."""
    for ahead in (-11, -10, -1, 0, 10, 11):
        pair = Pair(ahead=ahead)
        pair.run(HALF_HOUR)
        now = MIDNIGHT + HALF_HOUR
        if -10 <= ahead <= 10:
            assert (pair.meter.clock.seconds, pair.meter.clock.status) == (now + ahead, RELIABLE)
            assert pair.log() == []
        else:
            assert (pair.meter.clock.seconds, pair.meter.clock.status) == (now, UNRELIABLE)
            assert pair.log() == [(0x81C6, now, b"")]
        assert pair.meter.alerts == []


def test_once_a_day_while_it_is_reliable():
    """issue (battery): a frame a day; each wake while it is not reliable."""
    pair = Pair()
    pair.run(3 * 86400)
    assert pair.asked == 3
    pair.meter.clock.status = UNRELIABLE
    pair.run(HALF_HOUR)
    assert pair.asked == 4 and pair.meter.clock.status == RELIABLE


def test_a_hub_that_is_gone():
    """project-choice (UNCOMPARED_S): the clock is unreliable then."""
    pair = Pair()
    pair.run(HALF_HOUR)
    pair.meter.outbox.clear()
    for _ in range(gas_clock.UNCOMPARED_S // HALF_HOUR):
        pair.meter.advance(HALF_HOUR)
        pair.meter.outbox.clear()
    assert pair.meter.clock.status == RELIABLE
    pair.meter.advance(HALF_HOUR)
    assert pair.meter.clock.status == UNRELIABLE


def test_answers_of_others_are_not_taken():
    pair = Pair(ahead=5)
    pair.meter.advance(HALF_HOUR)
    question = [frame for frame in pair.meter.outbox if frame.cluster == 0x000A][0]
    told = h("18") + question.payload[1:2] + h("01 0000 00 E2 00000010 0100 00 18 09")
    for source, payload in (
        (h("025ECA0000000009"), told),
        (PROXY, h("18 7F") + told[2:]),
        (PROXY, h("19") + told[1:]),
        (PROXY, h("18") + told[1:2] + h("0A") + told[3:]),
        (PROXY, told[:-3]),
    ):
        pair.meter.receive(han_frame.HanFrame(source, pair.meter.eui, 1, 1, 0x000A, payload))
        assert pair.meter.clock.seconds == MIDNIGHT + HALF_HOUR
        assert pair.meter.clock.status == RELIABLE


def test_every_remote_command_is_logged():
    """spec: 8154 or 8155 with the message code; kept; CS11 empties it, and the other log tells."""
    if hasattr(gc, "mem_free"):
        raise Skip("beside the tests of certificates there is no heap for a full log")
    path = tmpdir() + "/s"
    pair = Pair(hub=None, store=Store(path))
    read = gbz((0x0702, h("000000 1400")))
    for _ in range(101):
        pair.ask(GCS33, read, sign=False)
    rows = pair.log()
    assert len(rows) == 100 and {row[2] for row in rows} == {h("0082")}
    pair.ask(CS11, gbz((0x0709, h("010001 03"))), sign=False)
    pair.log()  # each read is itself logged
    pair.ask.refused("malformed", GCS33, h("00"), sign=False)
    pair.meter = pair.ask.device = pair.ask.session = None
    again = Pair(hub=None, store=Store(path))
    again.ask.counter = pair.ask.counter
    assert [row[2] for row in again.log()] == [h("0015"), h("0014")]
    assert [row[0] for row in again.log(CS10B, 4)] == [0x8F52, 0x8F1E]
    assert again.log(CS10B, 6) == [], "no such log here"
