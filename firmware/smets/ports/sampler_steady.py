# Mains voltage in virtual time: RMS readings once a second that come in runs of equal ones, so
# that a day costs no more than its events. Waves are described as in wave.py, without noise.
from array import array

from smets.compat import const
from smets.ports.sampler import Sampler, SamplerError
from smets.ports.wave import make_waves

_STEP = const(1000)  # ms from reading to reading


class SteadyReadings(Sampler):
    """The readings of SimReadings at 1 a second, in runs: the array holds one reading.

    For features.voltage.steady.SteadyMeter, which takes it `count` times.
    """

    steady = True
    readings = True
    uv = 1000
    rate_mhz = 1000

    def __init__(self, waves=({},), phases: int = 1):
        self.phases = self.stride = phases
        self._waves = make_waves(waves, phases)
        if any(wave.noise for wave in self._waves):
            raise SamplerError("noise is not steady")
        self._values = array("i", [0] * phases)
        self._now = 0  # ms
        self._last = 0  # when the last reading was delivered

    def poll(self, passed: int, sink):
        """See Sampler; a chunk of `count` readings holds one of each phase."""
        self._now += passed
        while self._now - self._last >= _STEP:
            due = self._last + _STEP
            until = self._now + 1
            for wave in self._waves:
                until = wave.steady_until(due, until)
            count = (until - 1 - due) // _STEP + 1
            for phase, wave in enumerate(self._waves):
                self._values[phase] = wave.reading(due)
            sink(count * _STEP, self._values, 0, count)
            self._last += count * _STEP
