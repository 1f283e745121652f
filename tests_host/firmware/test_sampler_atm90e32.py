# engines: cpython unix
import sys

from testkit import raises

from smets.clock import RELIABLE, to_seconds
from smets.features.ring import RamRegion
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.features.voltage.timing import Recorder
from smets.ports.open_sampler import open_sampler
from smets.ports.sampler import SamplerError
from smets.ports.sampler_atm90e32 import Atm90e32Sampler

METER_EN, LAST, ACCESS, RESET = 0x00, 0x78, 0x7F, 0x70


class Chip:
    """An ATM90E32AS on SPI: 4-octet transfers between the edges of chip select, and its registers.

    Settings (0x00 to 0x6F) can only be written after 55AA went to CfgRegAccEn; a reset clears all.
    `volts` are in 1/25600 V. Faults: `absent` (the bus floats at this level), `flips` (bits of
    the data octets that are wrong in the next transfers).
    """

    def __init__(self, volts=(0, 0, 0)):
        self.volts = list(volts)
        self.selected = False
        self.settings = {}
        self.unlocked = False
        self.last = 0
        self.absent = -1
        self.flips = []
        self.transfers = 0
        self.fresh = 0  # transfers since the last reset

    def select(self, level):
        assert self.selected == bool(level), "selected and released in turn"
        self.selected = not level

    def write_readinto(self, out, back):
        assert self.selected and len(out) == len(back) == 4
        self.transfers += 1
        self.fresh += 1
        read = out[0] >> 7
        assert out[0] & 0x7C == 0, "10 bits of address"
        address = (out[0] & 3) << 8 | out[1]
        if self.absent >= 0:
            back[:] = bytes((self.absent,)) * 4
            return
        if read:
            value = self.register(address)
        else:
            value = out[2] << 8 | out[3]
            self.write(address, value)
        if address != LAST:
            self.last = value
        if self.flips:
            value ^= self.flips.pop(0)
        back[:] = bytes((0xFF, 0xFF, value >> 8, value & 0xFF))

    def register(self, address):
        if address == LAST:
            return self.last
        if 0xD9 <= address <= 0xDB:
            return self.measured(address - 0xD9) >> 8
        if 0xE9 <= address <= 0xEB:
            return (self.measured(address - 0xE9) & 0xFF) << 8
        return self.settings.get(address, 0x8000 if address in (0x61, 0x65, 0x69) else 0)

    def measured(self, phase):
        if self.settings.get(METER_EN) != 1:
            return 0
        gain = self.settings.get(0x61 + 4 * phase, 0x8000)
        return self.volts[phase] * gain // 0x8000

    def write(self, address, value):
        if address == RESET and value == 0x789A:
            self.power_up()
        elif address == ACCESS:
            self.unlocked = value == 0x55AA
        elif address < 0x70 and self.unlocked:
            self.settings[address] = value

    def power_up(self):
        self.settings = {}
        self.unlocked = False
        self.fresh = 0


class Sink:
    def __init__(self):
        self.chunks = []

    def take(self, length, values, start, count):
        self.chunks.append((length, tuple(values[start:]) if count else None))


def volts(*values):
    """Voltages in mV as the chip has them."""
    return [mv * 256 // 10 for mv in values]


def running(chip, phases=3, **options):
    """A sampler whose chip is set up, and its sink."""
    sampler = Atm90e32Sampler(chip, chip.select_first, phases, **options)
    sink = Sink()
    sampler.poll(1, sink.take)
    sampler.poll(1000, sink.take)
    assert sink.chunks == [(1, None), (1000, None)], "set up"
    return sampler, sink


class Board(Chip):
    """The chip with its select pin, which the driver first drives high."""

    def __init__(self, *args):
        super().__init__(*args)
        self.driven = False

    def select_first(self, level):
        if not self.driven:
            assert level == 1
            self.driven = True
            return
        self.select(level)


def test_set_up():
    chip = Board(volts(230000, 231000, 232000))
    sampler, _sink = running(chip, gains=(0x8111, 0x8222, 0x8333))
    assert sampler.resets == 1 and not chip.unlocked, "locked again"
    assert chip.settings[METER_EN] == 1 and chip.settings[0x33] == 0x0185
    assert [chip.settings[0x61 + 4 * phase] for phase in range(3)] == [0x8111, 0x8222, 0x8333]
    assert (sampler.rate_mhz, sampler.uv, sampler.readings) == (1000, 1000, True)
    assert sampler.stride == sampler.phases == 3
    with raises(SamplerError):
        Atm90e32Sampler(chip, chip.select_first, 2)
    with raises(SamplerError):
        Atm90e32Sampler(chip, chip.select_first, 3, (0x8000,))


def test_modules_of_the_port():
    """By name on a board: bus and pin are opened as the data sheet wants them."""
    opened = []
    chip = Board(volts(230000, 230000, 230000))

    class Pin:
        OUT = 1

        def __init__(self, number, mode, value):
            opened.append(("pin", number, mode, value))

        def __call__(self, level):
            chip.select_first(level)

    class Machine:
        pass

    def bus(number, baudrate, polarity, phase):
        opened.append(("bus", number, baudrate, polarity, phase))
        return chip

    machine = Machine()
    machine.SPI, machine.Pin = bus, Pin
    kept = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        sampler = open_sampler({"sampler": "atm90e32", "spi": 1, "select": 13, "phases": 1})
    finally:
        del sys.modules["machine"]
        if kept:
            sys.modules["machine"] = kept
    sink = Sink()
    for _ in range(3):
        sampler.poll(1000, sink.take)
    assert opened == [("bus", 1, 200000, 1, 1), ("pin", 13, 1, 1)], opened
    assert sink.chunks[-1] == (1000, (230000,))


def test_readings():
    """spec: 0.01 V and 1/256 of it, once a second, however it is polled."""
    chip = Board(volts(230000, 231005, 0))
    sampler, sink = running(chip)
    del sink.chunks[:]
    for _ in range(30):
        sampler.poll(110, sink.take)
    assert [chunk[1] for chunk in sink.chunks] == [(230000, 231005, 0)] * 3
    assert sum(length for length, _values in sink.chunks) == 28 * 110, "by the poll after 3 s"
    for _ in range(90):
        sampler.poll(110, sink.take)
    assert len(sink.chunks) == 13, "late polls do not add up"


def test_one_phase():
    chip = Board(volts(241230, 1, 1))
    sampler, sink = running(chip, 1)
    sampler.poll(1000, sink.take)
    assert sink.chunks[-1] == (1000, (241230,))
    assert 0x65 not in chip.settings


def test_no_chip():
    """spec: missing, not 0, whatever level the bus floats at."""
    for level in (0x00, 0xFF):
        chip = Board(volts(230000, 230000, 230000))
        chip.absent = level
        sampler = Atm90e32Sampler(chip, chip.select_first)
        sink = Sink()
        for _ in range(5):
            sampler.poll(1000, sink.take)
        assert [values for _length, values in sink.chunks] == [None] * 5, level
        chip.absent = -1
        for _ in range(4):
            sampler.poll(1000, sink.take)
        assert sink.chunks[-1] == (1000, (230000, 230000, 230000)), "found at last"
        chip.absent = level
        sampler.poll(1000, sink.take)
        assert sink.chunks[-1] == (1000, None), "lost again"


def test_wrong_bit_in_a_reading():
    """spec: a word that the chip does not confirm is missing, in its phase alone."""
    chip = Board(volts(230000, 231000, 232000))
    sampler, sink = running(chip)
    # Transfers of a reading: MeterEn and its echo, then value, echo, LSB, echo of each phase.
    for position, phase in ((2, 0), (3, 0), (4, 0), (5, 0), (6, 1), (13, 2)):
        chip.flips = [0] * position + [0x0100]
        sampler.poll(1000, sink.take)
        expected = [230000, 231000, 232000]
        expected[phase] = -1
        assert sink.chunks[-1] == (1000, tuple(expected)), position
    chip.flips = [0x0001]
    sampler.poll(1000, sink.take)
    assert sink.chunks[-1] == (1000, None), "MeterEn itself in doubt: set up again"


def test_chip_that_lost_its_power():
    """spec: found by MeterEn, set up again; meanwhile missing, not 0."""
    chip = Board(volts(230000, 230000, 230000))
    sampler, sink = running(chip, gains=(0x8200, 0x8000, 0x8000))
    chip.power_up()
    for _ in range(4):
        sampler.poll(1000, sink.take)
    found = [values for _length, values in sink.chunks[2:]]
    assert found == [None, None, None, (233594, 230000, 230000)], found
    assert sampler.resets == 2


def test_settings_that_do_not_hold():
    """A wrong word during the set-up is found by reading back."""
    chip = Board(volts(230000, 230000, 230000))
    sampler = Atm90e32Sampler(chip, chip.select_first)
    sink = Sink()
    sampler.poll(1000, sink.take)
    good = chip.write
    chip.write = lambda address, value: good(address, value ^ (address == 0x61))
    sampler.poll(1000, sink.take)
    chip.write = good
    for _ in range(3):
        sampler.poll(1000, sink.take)
    assert [values for _length, values in sink.chunks] == [None] * 4 + [(230000,) * 3]
    assert sampler.resets == 2


def test_bus_error_releases_the_chip():
    chip = Board(volts(230000, 230000, 230000))
    sampler, sink = running(chip)

    def fail(out, back):
        raise OSError(5)

    good, chip.write_readinto = chip.write_readinto, fail
    with raises(OSError):
        sampler.poll(1000, sink.take)
    assert not chip.selected
    chip.write_readinto = good
    sampler.poll(1000, sink.take)
    assert sink.chunks[-1][1] == (230000, 230000, 230000)


def test_from_the_registers_to_the_log():
    """spec: half an hour with a brown-out of the chip of some seconds: 95 % are there."""
    start = to_seconds(2015, 6, 1, 10, 30, 0)
    chip = Board(volts(230400, 230600, 230500))
    sampler, _sink = running(chip)
    meter = VoltageMeter(sampler, [RamRegion(LOG_REGION)], PowerEvents(RamRegion(4096), print))
    recorder = Recorder(sampler, meter)
    recorder.poll(0, start, RELIABLE, 0)
    for step in range(1, 7206):
        if step == 3000:
            chip.power_up()
        ms = step * 250
        recorder.poll(ms, start + ms // 1000, RELIABLE, ms % 1000)
    rows = [bytes(row) for row in meter.phase[0].log.select().chunks(8)]
    assert rows == [(start + 1800).to_bytes(4, "big") + (230).to_bytes(4, "big")]
    assert sampler.resets == 2
