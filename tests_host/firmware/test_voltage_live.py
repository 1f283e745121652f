# engines: cpython unix
# A sampler that measures in real time: polled by the loop of a board, between its lines.
import json

from smets import board_link, clock, runtime
from smets.devices.base import Device

TURN_MS = 40
START = clock.parse_iso("2026-06-01T00:29:50Z")


class Ticks:
    """Each turn of the loop takes 40 ms."""

    def __init__(self):
        self.now = 0x3FFFFFFF - 20000  # wraps meanwhile

    def ticks_ms(self):
        self.now = (self.now + TURN_MS) & 0x3FFFFFFF
        return self.now

    def ticks_diff(self, late, early):
        return ((late - early + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def ticks_add(self, ticks, ms):
        return (ticks + ms) & 0x3FFFFFFF


class Console:
    """Says some lines, is silent for `turns`, then presses Ctrl-C."""

    def __init__(self, text, turns):
        self._octets = text.encode()
        self._at = 0
        self._turns = turns
        self.waits = set()
        self.said = ""

    def listen(self, wanted):
        pass

    def wait(self, ms):
        if self._at < len(self._octets):
            return True
        self.waits.add(ms)
        self._turns -= 1
        return self._turns < 0

    def read(self):
        if self._at == len(self._octets):
            return 3
        self._at += 1
        return self._octets[self._at - 1]

    def write(self, text):
        self.said += text


class Dog:
    def start(self):
        pass

    def feed(self):
        pass

    def stop(self):
        pass


def line(verb, document):
    body = json.dumps(document)
    return "CTRL:%s#1:%d:%s\n" % (verb, len(body), body)


class Meter(Device):
    """The measurement of an electricity meter, without the rest of the role."""

    name = "ESME"
    features = ("voltage",)

    def __init__(self, store=None):
        super().__init__(store)
        # After the loop has its line buffer, which is one large piece.
        from smets.features.voltage import measurement

        # Stands in for a sampler of a board.
        measurement._LIVE += ("sim-readings",)
        voltage = self.feature("voltage")
        voltage.configure({"sampler": "sim-readings", "phases": 1})
        assert voltage.live and self.live
        voltage.measurement.meter.phase[0].set_period(60)


def test_loop_polls_a_live_sampler():
    """project-choice: the samples of real time make the entries, whatever whole seconds pass."""
    text = line("CLOCK", {"time": clock.format_iso(START), "status": "reliable"})
    console = Console(text, 140 * 1000 // TURN_MS)
    settings = {"role": "esme", "tick": True}
    build = board_link.devices.build
    board_link.devices.build = lambda role, store: Meter(store)
    try:
        loop = runtime.Loop(settings, console, Dog(), time=Ticks())
        loop.serve()
    finally:
        board_link.devices.build = build
    assert "LOG:ERROR" not in console.said, console.said
    assert console.waits == {50}, console.waits
    device = loop.runtime.device
    assert 138 <= device.clock.seconds - START <= 141
    found = []
    for row in device.feature("voltage").measurement.meter.phase[0].log.select().chunks(8):
        stamp = int.from_bytes(row[:4], "big")
        found.append((clock.format_iso(stamp), int.from_bytes(row[4:], "big")))
    assert found == [("2026-06-01T00:31:00Z", 230), ("2026-06-01T00:32:00Z", 230)], found


def test_other_devices_have_nothing_to_poll():
    device = Device()
    assert not device.live
    device.poll(5)
    assert device.alerts == []
