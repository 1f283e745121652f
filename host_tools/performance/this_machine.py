"""The figures of this machine: the firmware on MicroPython's Unix port, and `smets` itself."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile

from host_tools import sampling_speed, start_speed
from host_tools.bench import BenchError, micropython
from host_tools.compiled import compiled_firmware
from host_tools.performance import programs
from host_tools.performance.figures import Figure, Subject
from host_tools.performance.mpy import octets

__all__ = ["measure", "name"]

# In which a role is started, with its code: 208 KB with words of 4 octets, twice that with 8. All
# live in 192 KB; while an ESME imports its code, that is too much in pieces.
_ROLE_HEAP = "208wk"
_CASES_HEAP = "8M"

_CASES = """
import costs, costs_esme, gc, time
for label, make in costs.CASES + costs_esme.CASES:
    case = None
    case = make()
    case()
    calls = 0
    gc.collect()
    began = time.ticks_us()
    while True:
        case()
        calls += 1
        passed = time.ticks_diff(time.ticks_us(), began)
        if passed >= {long}:
            break
    print(passed / calls, label)
"""
_MEASURE = """
import gc, time
def measure(function):
    gc.collect()
    began = time.ticks_us()
    function()
    return time.ticks_diff(time.ticks_us(), began)
"""


def name() -> str:
    """What this machine is."""
    cores = len(os.sched_getaffinity(0))
    return f"{platform.machine()}, {cores} cores, {platform.system()}"


def _run(program: str, heap: str) -> str:
    """What a program prints on the Unix port; BenchError where there is none, or it fails."""
    path = f"{programs.FOLDER}:{compiled_firmware()}:.frozen"
    done = subprocess.run(
        [*micropython(), "-X", f"heapsize={heap}", "-c", program],
        env=dict(os.environ, MICROPYPATH=path),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"micropython: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def measure(seconds: float = 0.3, starts: int = 5) -> dict[Subject, Figure]:
    """Times, octets and rates; BenchError without a Unix port, InstallError without mpy-cross.

    Each operation is repeated for some `seconds`; what starts is started so often, and the least
    time counts.
    """
    found: dict[Subject, Figure] = {}
    for line in _run(_CASES.format(long=int(seconds * 1e6)), _CASES_HEAP).splitlines():
        value, _, label = line.partition(" ")
        found.update([programs.subject(label, float(value), "us")])
    for role in programs.ROLES:
        runs = [_start(role) for _ in range(starts)]
        found |= programs.figures_of_start(role, min(runs, key=_first), "us")
    found |= octets("x64")
    rates = sampling_speed.measure(seconds)
    rates.pop("machine code")  # whether the accumulator is that, or byte code
    for what, rate in rates.items():
        found[f"samples, {what}", ""] = Figure(rate, "per second")
    for words in start_speed.LINES:
        spent = start_speed.seconds(*words, times=starts)
        found[start_speed.shown(words), ""] = Figure(spent * 1e6, "us")
    return found


def _start(role: str) -> str:
    """What START prints of a device with an empty flash."""
    with tempfile.TemporaryDirectory(prefix="smets-bench-") as flash:
        return _run(_MEASURE + programs.START.format(role=role, flash=flash), _ROLE_HEAP)


def _first(printed: str) -> int:
    return int(printed.split()[0])
