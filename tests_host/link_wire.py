# A wire in virtual milliseconds, octet by octet, and stations on it: for tests of link_frames.
# What is lost has one octet turned over, as noise does it; two who speak at once pull the wire
# down for each other. A repeater between the boards would double frames and let them overtake.
import random

from smets.ports.link_frames import Link
from smets.ports.radio_bus import Bus
from smets.zcl.han_frame import APS_SECURED, HanFrame

KEY = bytes(range(0x40, 0x50))
BAUDRATE = 115200
END = 0xC0


class Tap:
    """The UART of one board: what machine.UART has, with `timeout` 0."""

    def __init__(self):
        self.coming = bytearray()  # received, not read
        self.leaving = bytearray()  # written, not on the wire
        self.frame = bytearray()  # on the wire now
        self.fates = {}  # receiver -> what becomes of this frame there
        self.held = {}  # receiver -> a frame that the next one overtakes
        self.sent = []  # frames as they were written
        self.deaf = False

    def write(self, octets):
        self.leaving.extend(octets)
        self.sent.append(bytes(octets))
        return len(octets)

    def readinto(self, buffer):
        count = min(len(buffer), len(self.coming))
        if not count:
            return None
        buffer[:count] = self.coming[:count]
        self.coming = self.coming[count:]
        return count


class Line:
    """The wire: `loss`, `double`, `overtake` are probabilities for each receiver of each frame."""

    def __init__(self, seed=1, loss=0, double=0, overtake=0, echo=False):
        self.taps = []
        self.rates = (loss, double, overtake)
        self.echo = echo
        self.clashes = 0
        self._draw = random.Random(seed) if hasattr(random, "Random") else Draw(seed)
        self._rest = 0

    def pass_ms(self):
        """Let a millisecond pass."""
        self._rest += BAUDRATE
        count, self._rest = self._rest // 10000, self._rest % 10000
        for _ in range(count):
            speaking = [tap for tap in self.taps if tap.leaving]
            if not speaking:
                return
            octet = 0xFF
            for tap in speaking:
                octet &= tap.leaving[0]
            clash = len(speaking) > 1
            self.clashes += clash
            for tap in speaking:
                own = tap.leaving[0]
                tap.leaving = tap.leaving[1:]
                self._spread(tap, octet, own, clash and tap is not speaking[0])

    def _spread(self, tap, octet, own, mixed):
        if not tap.frame:
            tap.fates = {}
            for other in self.taps:
                tap.fates[id(other)] = [self._draw.random() < rate for rate in self.rates]
        tap.frame.append(own)
        over = own == END and len(tap.frame) > 1
        for other in self.taps:
            if other is tap and not self.echo or other.deaf:
                continue
            lost, doubled, overtaken = tap.fates[id(other)]
            if not overtaken and not mixed:
                damaged = lost and len(tap.frame) == 9
                other.coming.append(octet ^ 0x10 if damaged else octet)
            if over:
                if doubled:
                    other.coming.extend(tap.frame)
                if id(other) in tap.held:
                    other.coming.extend(tap.held.pop(id(other)))
                if overtaken and not lost:
                    tap.held[id(other)] = bytes(tap.frame)
        if over:
            tap.frame = bytearray()


class Draw:
    """random.Random where there is none (MicroPython): its generator is one for all."""

    def __init__(self, seed):
        random.seed(seed)

    def random(self):
        return random.random()


class Station:
    """What a link sees of a device, and its link."""

    def __init__(self, line, number, start=1, key=KEY):
        self.eui = b"\x00\xdb\x12\x00\xc0\x00\x00" + bytes((number,))
        self.awake = True
        self.outbox = []
        self.got = []
        self.line = line
        self.tap = Tap()
        line.taps.append(self.tap)
        self.boot(start, key)

    def boot(self, start, key=KEY):
        """Start, or start again: what was in memory is gone."""
        self.outbox.clear()
        self.tap.coming = bytearray()
        self.bus = Bus(self.tap, BAUDRATE, echo=self.line.echo)
        self.link = Link(self.bus, key, start.to_bytes(2, "big"))

    def receive(self, frame):
        self.got.append(frame)

    def say(self, other, payload, flags=APS_SECURED, cluster=0x0702):
        """Put a frame for another station, or for an address, into the outbox."""
        eui = getattr(other, "eui", other)
        self.outbox.append(HanFrame(self.eui, eui, 1, 2, cluster, payload, flags=flags))


def run(line, stations, ms, step=10):
    """Let time pass; each board looks at its link every `step` ms, at a moment of its own."""
    for now in range(ms):
        if any(tap.leaving for tap in line.taps):
            line.pass_ms()
        for index in range(len(stations)):
            if (now + 3 * index) % step == 0:
                stations[index].link.pump(stations[index], step)


def settle(line, stations, limit=200000):
    """Run until nothing waits anywhere; the milliseconds that it took."""
    for passed in range(0, limit, 50):
        if not any(s.outbox or s.link.status()["waiting"] or s.tap.leaving for s in stations):
            return passed
        run(line, stations, 50)
    raise AssertionError([(s.link.status(), len(s.outbox)) for s in stations])
