# Simulated samplers: a supply described as data, in integers, so that all engines agree.
# SimSampler gives ADC codes of the waveform, SimReadings its RMS, cheap enough for whole years.
#
# A wave is a dict; every key may be left out:
#   "mv"         RMS of the fundamental in mV (230000)
#   "mhz"        its frequency in mHz (50000)
#   "harmonics"  ((order, permille of the fundamental), ...)
#   "offset"     ADC codes added to mid-scale (0)
#   "noise"      peak of the noise in ADC codes, or in mV for readings (0)
#   "seed"       of the noise (1)
#   "events"     ((kind, start ms, end ms, permille), ...) with kind "sag" or "swell", or
#                (kind, start ms, end ms) with "interruption" (0 V) or "dropout" (no samples)
# Times are since the sampler's start, [start, end); the first event that fits counts.
from array import array

from smets.compat import const
from smets.features.voltage.rms import MAX_READING, isqrt
from smets.ports.sampler import Sampler, SamplerError

_TURN = const(0x400000)  # phase accumulator: 22 bits a turn
_QUARTER = const(0x100000)
_MISSING = const(-1)


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


class Wave:
    """One phase of a described supply."""

    def __init__(self, description: dict):
        for key in description:
            if key not in ("mv", "mhz", "harmonics", "offset", "noise", "seed", "events"):
                raise SamplerError("unknown key in wave")
        self.mv = description.get("mv", 230000)
        self.mhz = description.get("mhz", 50000)
        self.harmonics = ((1, 1000),) + tuple(description.get("harmonics", ()))
        self.offset = description.get("offset", 0)
        self.noise = description.get("noise", 0)
        self._seed = description.get("seed", 1)
        self._events = description.get("events", ())
        for event in self._events:
            if event[0] not in ("sag", "swell", "interruption", "dropout"):
                raise SamplerError("unknown kind of event")

    def level(self, ms: int) -> int:
        """Permille of the nominal amplitude at a time, -1 in a dropout."""
        for event in self._events:
            if event[1] <= ms < event[2]:
                if event[0] == "dropout":
                    return _MISSING
                return 0 if event[0] == "interruption" else event[3]
        return 1000

    def reading(self, ms: int) -> int:
        """RMS in mV at a time, without noise; -1 in a dropout."""
        level = self.level(ms)
        if level == _MISSING:
            return _MISSING
        square = sum([permille * permille for _order, permille in self.harmonics])
        value = isqrt(self.mv * self.mv * level * level * square) // 1000000
        return min(value, MAX_READING)

    def steady_until(self, ms: int, end: int) -> int:
        """The first time after `ms` at which the level may change, or `end` if that is sooner."""
        for event in self._events:
            for edge in (event[1], event[2]):
                if ms < edge < end:
                    end = edge
        return end

    def disturb(self) -> int:
        """The next value of the noise, -noise to noise."""
        if self.noise == 0:
            return 0
        self._seed = (self._seed * 75 + 74) % 65537
        return self._seed % (2 * self.noise + 1) - self.noise


def make_waves(waves, phases: int) -> list:
    """A Wave each phase; one description serves all."""
    if phases not in (1, 3):
        raise SamplerError("1 or 3 phases")
    made = [Wave(description) for description in waves]
    if len(made) == 1 and phases == 3:
        made = [Wave(waves[0]) for _ in range(3)]
    if len(made) != phases:
        raise SamplerError("one wave, or one for each phase")
    return made


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
            missing = any(wave.level(self._now) == _MISSING for wave in self._waves)
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
                if value != _MISSING:
                    value = max(value + wave.disturb(), 0)
                self._values[phase] = value
            sink(self._now - self._last, self._values, 0, 1)
            self._last = self._now
