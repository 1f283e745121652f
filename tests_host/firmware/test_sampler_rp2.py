# engines: cpython unix
import sys
from array import array

from test_voltage_period import at
from testkit import raises

from smets.features.ring import RamRegion
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.features.voltage.rms import Accumulator
from smets.features.voltage.timing import Recorder
from smets.ports.open_sampler import open_sampler
from smets.ports.sampler import SamplerError
from smets.ports.sampler_rp2 import Rp2Sampler
from smets.ports.sampler_sim import SimSampler, sine

ADC_RP2040 = 0x4004C000
ADC_RP2350 = 0x400A0000
CS, RESULT, FCS, FIFO, DIV = 0x00, 0x04, 0x08, 0x0C, 0x10


class Chip:
    """ADC and one DMA channel as in the data sheets: registers, FIFO, requests, address ring.

    `wave(channel, conversion)` gives the code of each conversion. Reserved bits must not be set.
    """

    def __init__(self, wave, chip="RP2040", depth=4):
        self.chip = chip
        self.base = ADC_RP2040 if chip == "RP2040" else ADC_RP2350
        self.request = 36 if chip == "RP2040" else 48
        self.wave = wave
        self.depth = depth
        self.opened = []
        self.cs = self.fcs = self.div = 0
        self.fifo = []
        self.channel = 0
        self.conversions = 0
        self.mem32 = self
        self.memory = None
        self.address = 0
        self.channels = []
        self.busy = False

    # Memory map.

    def __setitem__(self, address, value):
        register = address - self.base
        if register == CS:
            assert value & ~0x001F740F == 0, "reserved bits of CS"
            sticky = self.cs & 0x400 & ~value
            if not value & 0x8:
                self.channel = value >> 12 & 7
            self.cs = (value & ~0x400) | sticky
        elif register == FCS:
            assert value & ~0x0F000C0F == 0, "reserved bits of FCS"
            self.fcs = value & 0x0F00000F | self.fcs & 0xC00 & ~value
        elif register == DIV:
            assert value & ~0xFFFFFF == 0, "reserved bits of DIV"
            self.div = value
        else:
            raise AssertionError("write to %X" % address)

    def __getitem__(self, address):
        register = address - self.base
        if register == CS:
            return self.cs | 0x100
        if register == FCS:
            return self.fcs | len(self.fifo) << 16 | (0 if self.fifo else 0x100)
        if register == FIFO:
            return self.fifo.pop(0)
        raise AssertionError("read of %X" % address)

    # Other parts of the port that the driver uses.

    def addressof(self, memory):
        self.memory = memory
        self.address = 0x20000000 + 0x1236  # aligned to nothing but items
        return self.address

    def open_pin(self, channel):
        self.opened.append(channel)
        self.cs |= 1

    def dma(self):
        channel = Dma(self)
        self.channels.append(channel)
        return channel

    # Time.

    def rate(self):
        """Conversions a second."""
        return 48000000 * 256 // (self.div + 256)

    def convert(self, times):
        """Let the ADC make `times` conversions, if it runs."""
        for _ in range(times):
            if not self.cs & 0x8:
                return
            assert self.cs & 1, "ADC is enabled"
            code = self.wave(self.channel, self.conversions)
            self.conversions += 1
            mask = self.cs >> 16 & 0x1F
            if mask:
                self.channel = (self.channel + 1) % 5
                while not mask >> self.channel & 1:
                    self.channel = (self.channel + 1) % 5
            if self.fcs & 1:
                if len(self.fifo) < self.depth:
                    self.fifo.append(code)
                else:
                    self.fcs |= 0x800
            threshold = self.fcs >> 24 & 0xF
            while self.fcs & 8 and self.fifo and len(self.fifo) >= threshold:
                if not self.channels[-1].request(self.request):
                    break


class Dma:
    """One channel of rp2.DMA, transferring half-words from the ADC's FIFO."""

    FIELDS = ("size", "inc_read", "inc_write", "ring_sel", "ring_size", "treq_sel", "irq_quiet")

    def __init__(self, chip):
        self.chip = chip
        self.count = 0
        self.running = False
        self.closed = False
        self.stopped = False  # as when other masters starve it

    def pack_ctrl(self, **fields):
        for name in fields:
            assert name in self.FIELDS, name
        self.fields = fields
        return 0x1234

    def config(self, read, write, count, ctrl, trigger):
        assert read == self.chip.base + FIFO and ctrl == 0x1234 and trigger
        assert 0 < count < 1 << 28, "28 bits on RP2350"
        fields = self.fields
        assert fields["size"] == 1 and not fields["inc_read"] and fields["inc_write"]
        assert fields["ring_sel"] and fields["irq_quiet"]
        ring = 1 << fields["ring_size"]
        assert write % ring == 0, "the ring is aligned to its size"
        end = self.chip.address + 2 * len(self.chip.memory)
        assert self.chip.address <= write and write + ring <= end, "inside the buffer"
        self.write, self.count, self.running = write, count, True

    def active(self, value=None):
        if value is not None:
            assert not value
            self.running = False
        return self.running

    def close(self):
        self.closed = True

    def request(self, source):
        if self.stopped or not self.running or source != self.fields["treq_sel"]:
            return False
        chip = self.chip
        chip.memory[(self.write - chip.address) // 2] = chip.fifo.pop(0)
        ring = 1 << self.fields["ring_size"]
        self.write = self.write & ~(ring - 1) | (self.write + 2) & (ring - 1)
        self.count -= 1
        self.running = self.count > 0
        return True


def ramp(channel, conversion):
    """Codes that say which conversion, and of which channel, they are of."""
    return channel << 9 | conversion % 512


class Sink:
    def __init__(self, sampler):
        self.sampler = sampler
        self.chunks = []
        self.phases = [array("H") for _ in range(sampler.phases)]

    def take(self, length, codes, start, count):
        self.chunks.append((length, count))
        for index in range(count):
            for phase in range(self.sampler.phases):
                self.phases[phase].append(codes[start + index * self.sampler.stride + phase])


def test_set_up():
    for name, base in (("RP2040", ADC_RP2040), ("RP2350", ADC_RP2350)):
        chip = Chip(ramp, name)
        sampler = Rp2Sampler(chip, 1, 4000)
        assert chip.base == base and chip.opened == [0] and chip.rate() == 4000
        assert chip.cs & 0x9 == 0x9 and chip.cs >> 16 == 0, "running, one channel"
        assert chip.channels[0].fields["treq_sel"] == chip.request
        assert (sampler.rate_mhz, sampler.stride, sampler.readings) == (4000000, 1, False)
        sampler.close()
        assert chip.channels[0].closed and not chip.cs & 8
        chip = Chip(ramp, name)
        sampler = Rp2Sampler(chip, 3, 4000)
        assert chip.opened == [0, 1, 2] and chip.rate() == 16000 and sampler.stride == 4
        assert chip.cs >> 16 == 0xF, "four channels in turn"


def test_modules_of_the_port():
    """By name on a board: machine, rp2 and uctypes are used as on MicroPython's rp2 port."""

    class Module:
        pass

    chip = Chip(ramp)
    machine, rp2, uctypes = Module(), Module(), Module()
    machine.mem32, machine.ADC = chip, chip.open_pin
    rp2.DMA = chip.dma
    uctypes.addressof = chip.addressof
    stand_ins = {"machine": machine, "rp2": rp2, "uctypes": uctypes}
    kept = {name: sys.modules[name] for name in stand_ins if name in sys.modules}
    sys.modules.update(stand_ins)
    try:
        sampler = open_sampler({"sampler": "rp2", "phases": 3, "rate": 2000, "uv": 200000})
    finally:
        for name in stand_ins:
            del sys.modules[name]
        sys.modules.update(kept)
    assert isinstance(sampler, Rp2Sampler) and sampler.uv == 200000
    assert chip.opened == [0, 1, 2] and chip.rate() == 8000


def test_no_sample_is_lost_or_read_twice():
    """spec: polls of any length up to the ring, over many rounds of it."""
    for phases in (1, 3):
        chip = Chip(ramp)
        sampler = Rp2Sampler(chip, phases, 4000, items=256)
        sink = Sink(sampler)
        total = 0
        for step in (1, 2, 3, 50, 97, 0, 200, 13, 220, 5) * 3:
            chip.convert(step)
            total += step
            sampler.poll(7, sink.take)
        frames = total // sampler.stride
        assert sum(length for length, _count in sink.chunks) == 7 * 30
        for phase in range(phases):
            codes = list(sink.phases[phase])
            expected = [ramp(phase, index * sampler.stride + phase) for index in range(frames)]
            assert codes == expected[: len(codes)] and frames - len(codes) <= 1, phase


def test_f71_pause_of_20_ms():
    """spec: DMA goes on, every sample is there."""
    chip = Chip(ramp)
    sampler = Rp2Sampler(chip)
    sink = Sink(sampler)
    for length in (10, 10, 30, 10):
        chip.convert(length * 4)
        sampler.poll(length, sink.take)
    assert sink.chunks == [(10, 40), (10, 40), (30, 120), (10, 40)]
    assert list(sink.phases[0]) == [ramp(0, index) for index in range(240)]


def test_f71_pause_longer_than_the_ring():
    """spec: the loss shows as time without samples, and the phases stay apart."""
    chip = Chip(ramp)
    sampler = Rp2Sampler(chip, 3, 4000, items=256)
    sink = Sink(sampler)
    chip.convert(100)
    sampler.poll(6, sink.take)
    chip.convert(225)
    sampler.poll(14, sink.take)
    assert sink.chunks == [(6, 25), (14, 0)]
    start = chip.conversions
    chip.convert(40)
    sampler.poll(3, sink.take)
    assert sink.chunks[-1] == (3, 10)
    for phase in range(3):
        assert list(sink.phases[phase])[-10:] == [
            ramp(phase, start + 4 * index + phase) for index in range(10)
        ], phase


def test_fifo_overflow():
    """Starved DMA loses conversions, and the phase of the next one is unknown."""
    chip = Chip(ramp)
    sampler = Rp2Sampler(chip, 3, 4000)
    sink = Sink(sampler)
    chip.channels[0].stopped = True
    chip.convert(9)
    assert len(chip.fifo) == 4 and chip.fcs & 0x800
    sampler.poll(1, sink.take)
    assert sink.chunks == [(1, 0)] and not chip.fcs & 0xC00 and chip.fifo == []
    chip.channels[0].stopped = False
    start = chip.conversions
    chip.convert(8)
    sampler.poll(1, sink.take)
    assert list(sink.phases[1]) == [ramp(1, start + 1), ramp(1, start + 5)]


def test_conversion_error():
    """A code that is in doubt is missing, with those that came with it."""
    chip = Chip(ramp)
    sampler = Rp2Sampler(chip)
    sink = Sink(sampler)
    chip.convert(40)
    chip.cs |= 0x400
    sampler.poll(10, sink.take)
    assert sink.chunks == [(10, 0)] and not chip.cs & 0x400
    chip.convert(40)
    sampler.poll(10, sink.take)
    assert list(sink.phases[0]) == [ramp(0, index) for index in range(40, 80)]


def test_transfer_count_is_renewed():
    """Long before the count of a start is used up, sampling starts again."""
    chip = Chip(ramp)
    sampler = Rp2Sampler(chip)
    sink = Sink(sampler)
    used = chip.channels[0].count - 0x000FFFF0
    chip.channels[0].count -= used
    sampler._count -= used  # as after 18.6 hours
    chip.convert(41)
    sampler.poll(10, sink.take)
    assert sink.chunks == [(10, 41)]
    assert chip.channels[0].count == 0x0FFFFFFF
    chip.convert(39)
    sampler.poll(10, sink.take)
    assert list(sink.phases[0]) == [ramp(0, index) for index in range(80)]


def test_options_that_are_wrong():
    for options in (
        {"phases": 2},
        {"items": 1000},
        {"items": 32},
        {"rate": 100},
        {"rate": 500001},
        {"rate": 130000, "phases": 3},
    ):
        with raises(SamplerError):
            Rp2Sampler(Chip(ramp), **options)


def mains(mv):
    """Three phases of simulated mains on ADC0 to ADC2, a period of 20 ms at 4,000 a second."""
    source = SimSampler(({"mv": mv},), 3, 4000000)
    source.fill(80)
    codes = source.codes
    return lambda channel, conversion: (
        codes[conversion // 4 % 80 * 3 + channel] if channel < 3 else 1234
    )


def test_from_the_registers_to_the_log():
    """spec: a minute of three phases through ADC, FIFO, DMA, ring, sums and log."""
    chip = Chip(mains(237000))
    sampler = Rp2Sampler(chip, 3, 4000)
    regions = [RamRegion(LOG_REGION) for _ in range(1)]
    meter = VoltageMeter(sampler, regions, PowerEvents(RamRegion(4096), print))
    phase = meter.phase[0]
    phase.set_period(2)
    recorder = Recorder(sampler, meter)
    recorder.poll(0, at(10, 29, 58), 0, 0)
    for step in range(1, 81):
        chip.convert(16 * 50)
        recorder.poll(50 * step, at(10, 29, 58) + step * 50 // 1000, 0, step * 50 % 1000)
    rows = [bytes(row) for row in phase.log.select().chunks(8)]
    assert rows == [at(10, 30, 2).to_bytes(4, "big") + (237).to_bytes(4, "big")]


def test_e11_non_linearity():
    """project-choice: what RP2040-E11 does to the RMS, by a model with steps of 9 codes."""

    def millivolts(mv, bent):
        sums = Accumulator()
        peak = mv * 14142136 * 32 // (250000 * 10000)
        for step in range(1000):
            x = (peak * sine(step * 4194304 // 1000) >> 14) >> 5
            if bent:
                # At 512 and 1536 codes about mid-scale the converter skips 9 codes.
                skipped = 9 * (abs(x) >= 512) + 9 * (abs(x) >= 1536)
                x += skipped if x < 0 else -skipped
            sums.add(1, x, x * x)
        return sums.millivolts(250000)

    low = millivolts(230000, True)
    worst = 0
    for mv in range(200000, 262000, 2000):
        calibrated = millivolts(mv, True) * millivolts(230000, False) // low
        worst = max(worst, abs(calibrated - millivolts(mv, False)))
    print("E11: %d mV uncalibrated, %d mV calibrated" % (230000 - low, worst))
    assert 1000 < 230000 - low < 2500 and worst < 300
