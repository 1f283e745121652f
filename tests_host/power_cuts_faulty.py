# Operations that lose or mix what they keep: what `power_cuts` must find in them.
# Run on MicroPython's Unix port by firmware/test_power_cuts.py.
import sys

import power_cuts


class Careless(power_cuts.Counters):
    """Removes the old record before it writes the new one."""

    name = "careless"

    def steps(self):
        def step(device):
            for name in [name for name in device.store.names() if name[:7] == "counter"]:
                old = device.store.get(name)
                device.store.delete(name)
                device.store.put(name, old[:-1] + b"\x09")

        return [step]


class Apart(power_cuts.Counters):
    """Writes what belongs together one after the other."""

    name = "apart"

    def steps(self):
        def step(device):
            for party in (1, 2):
                device.counters.set(bytes((party,)) * 8, bytes(7) + b"\x09")

        return [step]


if __name__ == "__main__":
    total = power_cuts.run((Careless(), Apart()), (0, 1))
    sys.exit(1 if total.lost or total.mixed else 0)
