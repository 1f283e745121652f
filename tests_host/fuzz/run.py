"""Fuzz the devices and the host's decoder: `python -m fuzz.run --time 600` in tests_host.

With atheris (coverage-guided) where it is installed, else with random octets from a seed. Each
target runs in a process of its own, two at once; inputs are counted and findings printed with the
octets that show them again (`--replay TARGET HEX`). Exit status 1 for a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from fuzz import quick

# CPU seconds that one input may take: an input takes milliseconds.
BUDGET = 20


class Hang(BaseException):
    """An input took longer than its budget."""


def _hang(*_: object) -> None:
    raise Hang(f"more than {BUDGET} s of CPU")


def bounded(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target, ended by Hang where it takes too long."""

    def once(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, BUDGET)
        try:
            target(data)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    return once


def at_random(name: str, target: Callable[[bytes], None], seconds: float, seed: int) -> int:
    """Inputs until the time is up; an exception of the target ends it, the octets in its note."""
    chance = random.Random(f"{name} {seed}")
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        data = chance.randbytes(chance.randrange(8, 400))
        try:
            target(data)
        except BaseException as error:
            error.add_note(f"again: --replay {name} {data.hex()}")
            raise
        count += 1
    return count


def child(name: str, seconds: int, seed: int) -> int:
    """Drive one target in this process; the count of inputs is printed as `inputs N`."""
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is None:
        targets = _targets()
        try:
            count = at_random(name, bounded(targets[name]), seconds, seed)
        except BaseException:
            traceback.print_exc()
            return 1
        print(f"inputs {count}")
        return 0
    with atheris.instrument_imports(include=["smets", "host_tools.gbcs"]):
        targets = _targets()
    counter = [0]
    once = bounded(targets[name])

    def counted(data: bytes) -> None:
        counter[0] += 1
        if not counter[0] % 200:
            Path("count").write_text(str(counter[0]))
        once(data)

    options = [f"-max_total_time={seconds}", f"-seed={seed + 1}", "-max_len=600", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, "-artifact_prefix=found-", "-timeout=60"], counted)
    atheris.Fuzz()
    return 0


def _targets() -> dict[str, Callable[[bytes], None]]:
    quick.install()
    signal.signal(signal.SIGVTALRM, _hang)
    from fuzz.targets import TARGETS

    return TARGETS


def parent(seconds: int, seed: int, names: list[str]) -> int:
    """Run the targets two at a time, each for half of its share; print a table."""
    share = max(2 * seconds // len(names), 1)
    waiting, running, failed, total = list(names), {}, 0, 0
    with tempfile.TemporaryDirectory(prefix="smets-fuzz-") as folder:
        while waiting or running:
            while waiting and len(running) < 2:
                name = waiting.pop(0)
                place = Path(folder, name)
                place.mkdir()
                output = (place / "output").open("w")
                command = [sys.executable, "-m", "fuzz.run", "--child", name]
                command += ["--time", str(share), "--seed", str(seed)]
                environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
                process = subprocess.Popen(
                    command, cwd=place, env=environment, stdout=output, stderr=subprocess.STDOUT
                )
                running[name] = (process, place)
            time.sleep(0.2)
            for name, (process, place) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[name]
                count, text = counted(place)
                total += count
                state = "no finding" if process.returncode == 0 else "FINDING"
                print(f"{name:10} {count:9} inputs in {share} s: {state}", flush=True)
                if process.returncode:
                    failed += 1
                    print(text[-6000:])
                    for artifact in place.glob("found-*"):
                        print(f"again: --replay {name} {artifact.read_bytes().hex()}")
    print(f"{total} inputs, {failed} findings")
    return 1 if failed else 0


def counted(place: Path) -> tuple[int, str]:
    """(how many inputs a child tried, what it printed)."""
    text = (place / "output").read_text(errors="replace")
    count = 0
    with contextlib.suppress(OSError, ValueError):
        count = int((place / "count").read_text())
    for line in text.splitlines():
        words = line.split()
        if line.startswith("inputs ") and len(words) == 2:
            count = int(words[1])
        elif line.startswith("Done ") and "runs" in line:
            count = int(words[1])
    return count, text


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="fuzz")
    parser.add_argument("--time", type=int, default=600, help="seconds in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", help="one target, or several")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "HEX"))
    options = parser.parse_args()
    if options.replay:
        _targets()[options.replay[0]](bytes.fromhex(options.replay[1]))
        return 0
    if options.child:
        return child(options.child, options.time, options.seed)
    return parent(
        options.time, options.seed, options.target or ["han", "commands", "decoder", "link"]
    )


if __name__ == "__main__":
    sys.exit(main())
