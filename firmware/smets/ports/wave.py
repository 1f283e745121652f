# Mains voltage described as data, in integers, so that all engines agree: what simulated samplers
# play.
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
from smets.compat import const
from smets.integers import isqrt
from smets.ports.sampler import MAX_READING, SamplerError

MISSING = const(-1)


class Wave:
    """One phase of described mains."""

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
                    return MISSING
                return 0 if event[0] == "interruption" else event[3]
        return 1000

    def reading(self, ms: int) -> int:
        """RMS in mV at a time, without noise; -1 in a dropout."""
        level = self.level(ms)
        if level == MISSING:
            return MISSING
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
