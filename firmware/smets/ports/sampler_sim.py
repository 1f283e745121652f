# Simulated samplers: mains voltage described as data, in integers, so that all engines agree.
# SimSampler gives ADC codes of the waveform, SimReadings its RMS. Waves are described in wave.py.
from array import array

from smets.compat import const
from smets.ports.sampler import Sampler, SamplerError
from smets.ports.wave import MISSING, Wave, make_waves

_TURN = const(0x400000)  # phase accumulator: 22 bits a turn
_QUARTER = const(0x100000)


def _sine_table() -> array:
    # sin(0..90 degrees) in 1/16384, 256 steps: the Taylor series in 1/2**40, identical everywhere.
    table = array("H")
    one = 1 << 40
    quarter_turn = 1727108826179  # pi / 2
    for step in range(257):
        x = quarter_turn * step // 256
        square = x * x // one
        term = total = x
        for n in (2, 4, 6, 8, 10, 12, 14, 16):
            term = -(term * square // one // (n * (n + 1)))
            total += term
        table.append((total + (1 << 25)) >> 26)
    return table


_SINE = _sine_table()


def sine(phase: int) -> int:
    """Sine of phase / 2**22 turns, -16384 to 16384."""
    phase &= _TURN - 1
    within = phase & (_QUARTER - 1)
    if phase & _QUARTER:
        within = _QUARTER - within
    index = within >> 12
    value = _SINE[index]
    if index < 256:
        value += ((_SINE[index + 1] - value) * (within & 0xFFF) + 2048) >> 12
    return -value if phase & (_QUARTER << 1) else value


class SimSampler(Sampler):
    """ADC codes of up to three phases a third of a turn apart. A dropout of one loses all."""

    def __init__(
        self, waves=({},), phases: int = 1, rate_mhz: int = 4000000, uv: int = 250000, frames=256
    ):
        """`frames` is the size of the buffer, in samples of each phase."""
        self.phases = self.stride = phases
        self.rate_mhz = rate_mhz
        self.uv = uv
        self._waves = make_waves(waves, phases)
        if frames * 500000 < rate_mhz:
            raise SamplerError("buffer shorter than 2 ms")
        self._frames = frames
        self.codes = array("H", bytes(2 * frames * phases))
        self._now = 0
        self._part = 0  # of a frame, in 1/1000000
        # Phase accumulators with the remainder of each step, so that no frequency drifts.
        self._step = [wave.mhz * _TURN // rate_mhz for wave in self._waves]
        self._rest = [wave.mhz * _TURN % rate_mhz for wave in self._waves]
        self._phase = [-index * (_TURN // 3) & (_TURN - 1) for index in range(phases)]
        self._error = [0] * phases

    def poll(self, passed: int, sink):
        """See Sampler."""
        end = self._now + passed
        while self._now < end:
            until = end
            for wave in self._waves:
                until = wave.steady_until(self._now, until)
            missing = any(wave.level(self._now) == MISSING for wave in self._waves)
            until = min(until, self._now + self._frames * 500000 // self.rate_mhz)
            length = until - self._now
            self._part += length * self.rate_mhz
            count = self._part // 1000000
            self._part %= 1000000
            self.fill(count)
            sink(length, self.codes, 0, 0 if missing else count)
            self._now = until

    def fill(self, count: int):
        """Put the next `count` frames into `codes`, with the amplitudes of the present time."""
        codes, phases = self.codes, self.phases
        for phase in range(phases):
            wave = self._waves[phase]
            peaks = self._peaks(wave, max(wave.level(self._now), 0))
            turn, error = self._phase[phase], self._error[phase]
            step, rest = self._step[phase], self._rest[phase]
            middle = 2048 + wave.offset
            for at in range(phase, count * phases, phases):
                value = 0
                for order, peak in peaks:
                    value += (peak * sine(turn * order) + 8192) >> 14
                code = middle + ((value + 16) >> 5) + wave.disturb()
                codes[at] = min(max(code, 0), 4095)
                turn += step
                error += rest
                if error >= self.rate_mhz:
                    error -= self.rate_mhz
                    turn += 1
                turn &= _TURN - 1
            self._phase[phase], self._error[phase] = turn, error

    def _peaks(self, wave: Wave, level: int) -> list:
        # Peak amplitudes in 1/32 code, rounded: 2**0.5 is 14142136 / 10000000.
        peaks = []
        for order, permille in wave.harmonics:
            top = wave.mv * level * permille * 14142136 * 32
            bottom = self.uv * 10000000000
            peaks.append((order, (top + bottom // 2) // bottom))
        return peaks


class SimReadings(Sampler):
    """RMS readings in mV of up to three phases, as of a metering IC."""

    readings = True
    uv = 1000

    def __init__(self, waves=({},), phases: int = 1, rate_mhz: int = 1000):
        self.phases = self.stride = phases
        if rate_mhz > 1000000:
            raise SamplerError("more than a reading each millisecond")
        self.rate_mhz = rate_mhz
        self._waves = make_waves(waves, phases)
        self._values = array("i", [0] * phases)
        self._now = 0
        self._part = 0
        self._last = 0  # when the last reading was delivered

    def poll(self, passed: int, sink):
        """See Sampler. A reading is of the time at which it falls due."""
        while passed > 0:
            wait = (1000000 - self._part + self.rate_mhz - 1) // self.rate_mhz
            if wait > passed:
                self._now += passed
                self._part += passed * self.rate_mhz
                return
            passed -= wait
            self._now += wait
            self._part += wait * self.rate_mhz - 1000000
            for phase, wave in enumerate(self._waves):
                value = wave.reading(self._now)
                if value != MISSING:
                    value = max(value + wave.disturb(), 0)
                self._values[phase] = value
            sink(self._now - self._last, self._values, 0, 1)
            self._last = self._now
