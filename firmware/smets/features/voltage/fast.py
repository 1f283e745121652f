# Extreme over and under voltage, sag, swell: beyond a threshold for longer than a period; back.
# ESMETS 5.7.4.34 to 5.7.4.41; the same period debounces the return (alert texts 808D to 809C).
from smets.features.voltage import codes, policy, rms


class Limiter:
    """Threshold (V) and period (s) of one condition, common to all phases (GBCS: limiter)."""

    def __init__(self, condition: int, uv: int, count: int, threshold: int, period: int):
        """`uv` microvolts a sample unit, `count` samples a window: what a window is."""
        self.condition = condition
        self.over = codes.CONDITIONS[condition][3]
        self._uv = uv
        self._count = count
        self.set_threshold(threshold)
        self.set_period(period)

    def set_threshold(self, volts: int):
        """Set the threshold, 0 to 4294967295 V; it acts from the next window on."""
        self.threshold = volts
        self.limit = rms.Limit(volts, self._uv, self._count, self.over)

    def set_period(self, seconds: int):
        """Set how long a condition, or its end, must last: longer than 0 to 4294967295 s."""
        self.period = seconds
        self.period_ms = seconds * 1000


class Detector:
    """One condition on one phase. `report(code, seconds)` is called on entry and on return."""

    def __init__(self, limiter: Limiter, phases: int, phase: int, report):
        self.limiter = limiter
        self.beyond = False
        self._timer = 0  # ms for which the voltage has been on the other side
        self._codes = (
            codes.return_code(limiter.condition, phases, phase),
            codes.entry_code(limiter.condition, phases, phase),
        )
        self._report = report

    def window(self, sums: rms.Window, length: int, seconds: int):
        """One full, centred window of `length` ms at UTC `seconds`.

        Time without samples is not reported here: it neither counts nor resets the timer.
        """
        limiter = self.limiter
        # For a lower limit "not exceeded" means "below".
        beyond = sums.exceeds(limiter.limit) == limiter.over
        if beyond == self.beyond:
            self._timer = 0
            return
        self._timer += length
        if self._timer > limiter.period_ms:
            self._timer = 0
            self.beyond = beyond
            self._report(self._codes[beyond], seconds)


def limiters(uv: int, count: int) -> list:
    """The four limiters in the order of their objects, with the values of a new meter."""
    made = []
    for index, (threshold, period) in enumerate(policy.DEFAULT_LIMITERS):
        made.append(Limiter(codes.EXTREME_OVER + index, uv, count, threshold, period))
    return made
