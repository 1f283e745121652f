"""How fast the voltage measurement is on MicroPython's Unix port: part of `make bench`.

Counts samples a second of one core, from the bare accumulator to a whole meter with periods, logs
and detectors. The machine's own speed is in the figures; instructions of an Arm core, which do not
vary, are counted by `make bench-qemu`.
"""

from __future__ import annotations

import os
import subprocess

from host_tools.bench import BenchError, micropython
from host_tools.compiled import compiled_firmware

__all__ = ["measure"]

# Runs on MicroPython; prints "name: number" lines, samples a second of each phase.
_PROGRAM = """
import time
from array import array
from smets.features.ring import RamRegion
from smets.features.voltage import rms
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.ports.sampler_sim import SimSampler

SECONDS = {seconds}
codes = array("H", [2048 + (i * 37) % 1300 - 650 for i in range(1275)])
block = array("i", (0, 0))

def rate(samples, work):
    work()
    done = 0
    began = time.ticks_us()
    while True:
        work()
        done += samples
        passed = time.ticks_diff(time.ticks_us(), began)
        if passed >= SECONDS * 1000000:
            return done * 1000000 // passed

def folding(fold):
    sums = rms.Accumulator()
    def work():
        for start in range(0, 1275, 255):
            fold(codes, start, 1, 255, block)
            sums.add(255, block[0], block[1])
    return work

def metering(phases):
    sampler = SimSampler(({{}},), phases, 4000000, 250000, 1024)
    meter = VoltageMeter(sampler, [RamRegion(LOG_REGION) for _ in range(phases)],
                         PowerEvents(RamRegion(4096), lambda code, time: None))
    sampler.fill(400)
    at = [0]
    def work():
        # A tenth of a second at 4,000 samples a second.
        ms = at[0]
        meter.feed(ms // 1000, ms % 1000, 0, 100, sampler.codes, 0, 400)
        at[0] = ms + 100
    return work

machine_code = rms.fold is not rms.fold_python
print("machine code:", int(machine_code))
print("accumulator:", rate(1275, folding(rms.fold)))
print("accumulator, pure Python:", rate(1275, folding(rms.fold_python)))
print("meter, one phase:", rate(400, metering(1)))
print("meter, three phases:", rate(400, metering(3)))
"""


def measure(seconds: float = 1.0) -> dict[str, int]:
    """The figures by name, each measured for some seconds; BenchError without a Unix port."""
    environment = dict(os.environ, MICROPYPATH=str(compiled_firmware()))
    command = [*micropython(), "-c", _PROGRAM.format(seconds=seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"micropython: {(done.stdout + done.stderr).strip()}")
    pairs = (line.rpartition(":") for line in done.stdout.splitlines())
    return {name: int(value) for name, _, value in pairs}
