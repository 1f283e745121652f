"""Many homes of five devices on one machine, in one virtual time: `smets home --homes N`.

One host process holds all homes; each device is a process of the firmware. Homes are independent:
as many as there are cores have a step of time at once.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from host_tools import open_files
from host_tools.bench import BenchError, ProcessTransport
from host_tools.example import START
from host_tools.gbcs.times import seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.show.stage import Stage
from host_tools.show.tenancy import start_home
from host_tools.terminal import Console

__all__ = ["Figures", "Fleet", "memory"]

# Descriptors of a home: three pipes and a selector of each device, and some while one starts.
_FILES = 5 * 4 + 5
_FILES_BESIDE = 100


@dataclass(frozen=True)
class Figures:
    """What a fleet has done: HAN frames, and the seconds of real time that passed meanwhile."""

    homes: int
    virtual: int
    frames: int
    seconds: float
    host_memory: int
    device_memory: int


def memory(pids: list[int]) -> int:
    """Octets of memory of processes and their children, what they share counted once; 0 where the
    system does not tell.
    """
    octets = 0
    todo = list(pids)
    while todo:
        folder = Path("/proc", str(todo.pop()))
        octets += _memory_of(folder)
        try:
            todo += map(
                int, (folder / "task" / folder.name / "children").read_text("ascii").split()
            )
        except OSError:
            continue  # not Linux, or it has ended
    return octets


def _memory_of(folder: Path) -> int:
    """The proportional set size of a process, by its folder in /proc."""
    try:
        text = (folder / "smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


class Fleet:
    """Homes whose devices run; close it, or use it as a context manager.

    `hub(number)` makes the hub of a home, from 0. BenchError names the home where one fails.
    """

    def __init__(
        self, homes: int, folder: Path, hub: Callable[[int], Hub], engine: str = "unix"
    ) -> None:
        open_files.allow(homes * _FILES + _FILES_BESIDE, f"{homes} homes")
        self.homes: list[Home] = []
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._begun = time.monotonic()
        now = self._start = seconds_2000(START)
        self.homes += [Home(hub(number), now, engine) for number in range(homes)]

        def start(number: int) -> None:
            store = folder / str(number)
            store.mkdir()
            # Each is a home of its own, with the same test keys.
            start_home(Stage(Console(quiet=True), engine), self.homes[number], store)

        try:
            self._each(start)
        except BaseException:
            self.close()
            raise
        # What is told later is of homes that have started.
        self._begun = time.monotonic()
        self._frames = self._sent()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """End all devices."""
        self._pool.shutdown(cancel_futures=True)
        for home in self.homes:
            home.close()

    @property
    def now(self) -> int:
        """The virtual time of all homes, in seconds since 2000."""
        return self.homes[0].now

    def advance(self, seconds: int, step: int) -> None:
        """Let time pass in all homes, in steps."""
        self._each(lambda number: self.homes[number].advance(seconds, step))

    def figures(self) -> Figures:
        """What was done since the homes had started."""
        transports = [
            device.client.transport for home in self.homes for device in home.devices.values()
        ]
        return Figures(
            len(self.homes),
            self.now - self._start,
            self._sent() - self._frames,
            time.monotonic() - self._begun,
            _memory_of(Path("/proc/self")),
            memory(
                [each.process.pid for each in transports if isinstance(each, ProcessTransport)]
            ),
        )

    def _sent(self) -> int:
        return sum(home.frames for home in self.homes)

    def _each(self, work: Callable[[int], None]) -> None:
        """Do something with each home; the first that fails is told, once all have ended."""
        futures = [self._pool.submit(work, number) for number in range(len(self.homes))]
        errors = [(number, future.exception()) for number, future in enumerate(futures)]
        for number, error in errors:
            if isinstance(error, BenchError):
                raise BenchError(f"home {number + 1}: {error}") from error
            if error is not None:
                raise error
