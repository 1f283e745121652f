# Average RMS voltage against its two thresholds: counters, and alerts where it crosses one.
# ESMETS 5.7.4.4, 5.7.4.5, 5.7.5.7, 5.7.5.8; alert texts of 8002, 8006, 8085, 8089.
from smets.features.voltage import codes, policy


class AverageMonitor:
    """Thresholds, counters and crossings of one phase. "Above" and "below" are strict.

    `report(code, stamp)` is called for each crossing, over before under. The thresholds do not
    depend on each other: with over below under both conditions can hold at once.
    """

    def __init__(self, phases: int, phase: int, report):
        self.over_threshold = policy.DEFAULT_OVER_V
        self.under_threshold = policy.DEFAULT_UNDER_V
        self.over_counter = 0
        self.under_counter = 0
        # Before the first average ever, the voltage counts as within limits: a first average
        # beyond one raises the alert. Kept across power cuts, so that a restart repeats no alert.
        self.was_over = False
        self.was_under = False
        self._over_codes = (
            codes.return_code(codes.AVERAGE_OVER, phases, phase),
            codes.entry_code(codes.AVERAGE_OVER, phases, phase),
        )
        self._under_codes = (
            codes.return_code(codes.AVERAGE_UNDER, phases, phase),
            codes.entry_code(codes.AVERAGE_UNDER, phases, phase),
        )
        self._report = report

    def evaluate(self, volts: int, stamp: int):
        """Take the average (V) of the period that ended at `stamp`: the logged integer itself.

        A changed threshold acts here, at the next period end, and not when it is set.
        """
        over = volts > self.over_threshold
        was_over = self.was_over
        if policy.counts(over, was_over) and self.over_counter < policy.MAX_U32:
            self.over_counter += 1
        under = volts < self.under_threshold
        was_under = self.was_under
        if policy.counts(under, was_under) and self.under_counter < policy.MAX_U32:
            self.under_counter += 1
        self.was_over = over
        self.was_under = under
        if over != was_over:
            self._report(self._over_codes[over], stamp)
        if under != was_under:
            self._report(self._under_codes[under], stamp)

    def reset_over_counter(self):
        """Reset Average RMS Over Voltage Counter (5.6.3.22)."""
        self.over_counter = 0

    def reset_under_counter(self):
        """Reset Average RMS Under Voltage Counter (5.6.3.23)."""
        self.under_counter = 0
