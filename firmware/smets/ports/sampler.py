# The sampler port: where voltage samples come from. One module an implementation, chosen by name.
# Boards: an isolated low-voltage source only; never connect mains to a development board.


class SamplerError(Exception):
    """A sampler that cannot be set up; the text says what is wrong, without any data."""


class Sampler:
    """What every sampler offers.

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


def open_sampler(config: dict) -> Sampler:
    """The sampler that a board's configuration names under "sampler"; SamplerError if unknown.

    "sim", "sim-readings", "replay", "rp2" or "atm90e32"; further keys as in its module.
    """
    kind = config.get("sampler")
    if kind == "sim":
        from smets.ports.sampler_sim import SimSampler as made
    elif kind == "sim-readings":
        from smets.ports.sampler_sim import SimReadings as made
    elif kind == "replay":
        from smets.ports.sampler_replay import ReplaySampler as made
    elif kind == "rp2":
        from smets.ports.sampler_rp2 import from_config as made
    elif kind == "atm90e32":
        from smets.ports.sampler_atm90e32 import from_config as made
    else:
        raise SamplerError("unknown sampler")
    options = {key: value for key, value in config.items() if key != "sampler"}
    return made(**options)
