"""How long `smets` takes to start, in processor time: part of `make bench`."""

from __future__ import annotations

import resource
import subprocess
import sys

__all__ = ["LINES", "seconds", "shown"]

# Command lines of `smets`; the empty one is Python by itself.
LINES = ((), ("--version",), ("--help",), ("schema", "keys"), ("conform", "--help"))


def shown(words: tuple[str, ...]) -> str:
    """A line of LINES as one types it."""
    return f"smets {' '.join(words)}" if words else "python -c pass"


def seconds(*words: str, times: int = 5) -> float:
    """Processor time of `smets` with these arguments, the least of several runs."""
    command = ["-m", "host_tools", *words] if words else ["-c", "pass"]
    least = float("inf")
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = min(least, spent)
    return least
