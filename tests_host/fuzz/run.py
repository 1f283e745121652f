"""Fuzz the devices and the host's decoder: `python -m fuzz.run --time 600` in tests_host.

With atheris (coverage-guided) where it is installed, else with random octets from a seed. Each
target runs in a process of its own, `--jobs` at once; inputs are counted and findings printed with
a file that shows them again (`--replay TARGET FILE`). Exit status 1 for a finding, and where a
target tried nothing or reached no code.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz import quick

# CPU seconds that one input may take: an input takes about a millisecond.
BUDGET = 5
# Longest input in octets.
LONGEST = 200
BUILD = Path(__file__).parents[2] / "build/fuzz"
NAMES = ("han", "commands", "decoder", "link")


class Hang(BaseException):
    """An input took longer than its budget."""


def _hang(*_: object) -> None:
    raise Hang(f"more than {BUDGET} s of CPU")


def bounded(name: str, target: Any) -> Callable[[bytes], None]:
    """The target, ended by Hang where it takes too long; what it raises leaves a file behind."""

    def once(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, BUDGET)
        try:
            target(data)
        except BaseException:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            living = getattr(target, "living", None)
            history = living.history if living else [data]
            Path("found").write_text("".join(one.hex() + "\n" for one in history))
            raise
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    return once


def at_random(name: str, target: Callable[[bytes], None], seconds: float, seed: int) -> int:
    """Inputs until the time is up; an exception of the target ends it."""
    chance = random.Random(f"{name} {seed}")
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        target(chance.randbytes(chance.randrange(8, LONGEST)))
        count += 1
    return count


def child(name: str, seconds: int, seed: int, plant: bool) -> int:
    """Drive one target in this process; the count of inputs is printed as `inputs N`."""
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is None or plant:
        target = _target(name, plant)
        try:
            count = at_random(name, bounded(name, target), seconds, seed)
        except BaseException:
            traceback.print_exc()
            return 1
        print(f"inputs {count}")
        return 0
    with atheris.instrument_imports(include=["smets", "host_tools.gbcs"]):
        target = _target(name)
        target(b"")  # what is imported when it is needed
    options = [f"-max_total_time={seconds}", f"-seed={seed + 1}", f"-max_len={LONGEST}"]
    options += ["-verbosity=1", "-timeout=60", "-artifact_prefix=input-", "-len_control=20"]
    atheris.Setup([sys.argv[0], *options], bounded(name, target))
    atheris.Fuzz()
    return 0


def _target(name: str, plant: bool = False) -> Any:
    quick.install()
    signal.signal(signal.SIGVTALRM, _hang)
    from fuzz.targets import TARGETS

    target = TARGETS[name]()
    if plant:
        from fuzz import planted

        planted.FAULTS[name]()
    return target


def replay(name: str, file: str, plant: bool) -> None:
    """Give a target what a finding has left, the last input alone first."""
    inputs = [bytes.fromhex(line) for line in Path(file).read_text().split()]
    for some in ([inputs[-1]], inputs):
        target = _target(name, plant)
        for data in some:
            target(data)
    print("no finding")


def parent(seconds: int, seed: int, jobs: int, names: list[str], plant: bool) -> int:
    """Run the targets, each for its share of the time; print a table."""
    share = min(jobs, len(names)) * seconds // len(names)
    waiting, running, failed, total = list(names), {}, 0, 0
    began = time.monotonic()
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="smets-fuzz-", dir=shm) as folder:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                place = Path(folder, name)
                place.mkdir()
                output = (place / "output").open("w")
                command = [sys.executable, "-m", "fuzz.run", "--child", name]
                command += ["--time", str(share), "--seed", str(seed), *["--plant"] * plant]
                # Absolute, since it runs elsewhere.
                path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
                process = subprocess.Popen(
                    command,
                    cwd=place,
                    env=os.environ | {"PYTHONPATH": path},
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                running[name] = (process, place)
            time.sleep(0.2)
            for name, (process, place) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[name]
                count, edges, text = counted(place)
                total += count
                idle = not count or edges == 0
                state = (
                    "FINDING" if process.returncode else "NOTHING TRIED" if idle else "no finding"
                )
                reached = "no coverage" if edges is None else f"{edges} edges"
                print(f"{name:10} {count:9} inputs, {reached}, {share} s: {state}", flush=True)
                if process.returncode or idle:
                    failed += 1
                    print(text[-6000:])
                if (place / "found").exists():
                    BUILD.mkdir(parents=True, exist_ok=True)
                    kept = BUILD / f"found-{name}"
                    kept.write_text((place / "found").read_text())
                    print(f"again: --replay {name} {kept}")
    took = max(time.monotonic() - began, 1)
    print(f"{total} inputs in {took:.0f} s, {total / took:.0f} a second; {failed} findings")
    return 1 if failed else 0


def counted(place: Path) -> tuple[int, int | None, str]:
    """(inputs that a child tried, edges that it reached or None, what it printed)."""
    text = (place / "output").read_text(errors="replace")
    count, edges = 0, None
    for line in re.findall(r"^inputs (\d+)$", text, re.MULTILINE):
        count = int(line)
    for line in re.findall(r"^#(\d+)\t\S+ +cov: (\d+)", text, re.MULTILINE):
        count, edges = int(line[0]), int(line[1])
    for line in re.findall(r"^Done (\d+) runs", text, re.MULTILINE):
        count = int(line)
    return count, edges, text


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="fuzz")
    parser.add_argument("--time", type=int, default=600, help="seconds in all")
    parser.add_argument("--jobs", type=int, default=2, help="targets at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", choices=NAMES, help="one target, or several")
    parser.add_argument("--plant", action="store_true", help="with a fault that must be found")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    options = parser.parse_args()
    if options.replay:
        replay(*options.replay, options.plant)
        return 0
    if options.child:
        return child(options.child, options.time, options.seed, options.plant)
    names = options.target or list(NAMES)
    return parent(options.time, options.seed, options.jobs, names, options.plant)


if __name__ == "__main__":
    sys.exit(main())
