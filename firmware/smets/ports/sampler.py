# The sampler port: where voltage samples come from. One module an implementation.
# See open_sampler.py for how one is chosen.
# Boards: an isolated low-voltage source only; never connect mains to a development board.
from smets.compat import const

# Largest reading of a metering IC, in mV.
MAX_READING = const(0xFFFFF)


class SamplerError(Exception):
    """A sampler that cannot be set up; the text says what is wrong, without any data."""


class Sampler:
    """The members of every sampler.

    `phases`    1 or 3, sampled together
    `stride`    items from a phase's sample to its next one
    `rate_mhz`  samples of each phase in 1000 s
    `uv`        microvolts a unit: of an ADC code, or of a reading
    `readings`  False: samples are 12-bit ADC codes, offset binary, array of H
                True: samples are RMS readings, 0 to 0xFFFFF, -1 where one failed, array of i
    """

    phases = 1
    stride = 1
    rate_mhz = 4000000
    uv = 250000
    readings = False

    def poll(self, passed: int, sink):
        """Deliver what was measured; `passed` ms of monotonic time went by since the last poll.

        Calls `sink(length, codes, start, count)` none or more times: `length` ms in which `count`
        samples of each phase were taken, from `codes[start]` on; count 0: nothing was measured.
        Lengths add up to the time that passed, sooner or later. What failed is missing, never 0.
        Here, where there is no source: everything is missing.
        """
        sink(passed, (), 0, 0)
