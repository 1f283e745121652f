# Which sampler a board has: chosen by the name in its configuration, and imported then.
from smets.ports.sampler import Sampler, SamplerError


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
