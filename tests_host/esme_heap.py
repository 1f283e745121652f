"""`make esme-heap`: the least heap that an ESME with all of its features lives in.

Two figures on MicroPython's Unix port, whose words have 8 octets and whose heap holds the code:
all sequences of living_sequences.py, one after another in one process, so that every module is
in memory; and a start on a flash with full logs that gives the largest answer: 4,320 averages of
the voltage of each of three phases (ECS23b). A board with words of 4 octets that has the code in
its image needs half of what is not code; .mpy files count as code with their octets.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from living import DAY, END_OF_TIME, HALF_HOUR, KEYS, START, Meter, iso
from living_sequences import SEQUENCES

from host_tools.bench import BenchClient, BenchError, ProcessTransport, Refusal, Silence
from host_tools.install import RESERVE, compiled, heap_needed, role_modules

ROWS = 4320  # of each phase
FULL_LOGS = 100_000  # octets; three full logs answer in more
STEP = 8  # as -X heapsize takes it with "wk"
LEAST, MOST = 64, 512


class Small(Meter):
    """A process with so much heap."""

    def __init__(self, words: int, flash: Path, now: int = START) -> None:
        self.words = words  # times 2 KB
        super().__init__("unix", flash, now)

    def _begin(self) -> None:
        heap = f"{self.words}wk"
        self.client = BenchClient(ProcessTransport(self.role, "unix", str(self.flash), heap))
        self.client.on_alert = self.alerts.append
        self.client.on_frame = self.told.append
        self._know()

    def _know(self) -> None:
        self.client.control("KEYS", KEYS)
        self.client.control("CLOCK", {"time": iso(self.now), "status": "reliable"})

    def renew(self) -> None:
        """Be a new device in the same process."""
        self.client.control("FORGET", {"store": True})
        self.now, self.counter = START, 1000
        self.alerts.clear()
        self.told.clear()
        self._know()


def lives(words: int) -> bool:
    """Whether every sequence passes with so much heap."""
    with tempfile.TemporaryDirectory(prefix="smets-heap-") as folder:
        meter = None
        try:
            meter = Small(words, Path(folder))
            for _, sequence in SEQUENCES.values():
                meter.renew()
                sequence(meter)
        except (AssertionError, BenchError, Refusal, Silence, OSError):
            return False
        finally:
            if meter:
                meter.close()
    return True


def filled(flash: Path) -> int:
    """Let a meter live until its logs of voltage are full; the time then."""
    meter = Small(MOST, flash)
    try:
        meter.set(draw=700)
        meter.advance((ROWS * HALF_HOUR // DAY + 1) * DAY)
        return meter.now
    finally:
        meter.close()


class Reading(Small):
    """Reads a log; the answer is not opened, which takes the host long."""

    octets = 0

    def octets_of(self, use_case: str) -> int:
        """The length of the answer to a use case."""
        respond = self.client.respond

        def keep(command: bytes) -> bytes:
            answer = respond(command)
            self.octets = len(answer)
            raise Silence("it is long enough")

        self.client.respond = keep  # type: ignore[method-assign]
        try:
            self.read(use_case, 0, END_OF_TIME)
        except Silence:
            pass
        return self.octets


def reads(words: int, flash: Path, now: int) -> int:
    """The octets of the largest answer with so much heap; 0 where there is none."""
    meter = None
    try:
        meter = Reading(words, flash, now)
        return meter.octets_of("ECS23b")
    except (BenchError, Refusal, OSError):
        return 0
    finally:
        if meter:
            meter.close()


def least(passes: Callable[[int], object]) -> int:
    """The least heap that passes, in steps; ValueError where the largest does not."""
    if not passes(MOST):
        raise ValueError(f"not with {2 * MOST} KB either")
    low, high = LEAST // STEP, MOST // STEP
    while low < high:
        middle = (low + high) // 2
        if passes(middle * STEP):
            high = middle
        else:
            low = middle + 1
    return high * STEP


def main() -> int:
    """Print both figures."""
    every = sum(len(octets) for octets in compiled(role_modules("esme"), "x64").values())
    # What install.heap_needed counts as code: the modules that a start loads.
    begun = 2 * (heap_needed("esme") - RESERVE) - (heap_needed("esme", word=8) - 2 * RESERVE)

    def tell(what: str, words: int, code: int) -> None:
        heap = 2 * words  # "wk" is 1024 octets of a board with words of 4
        board = (1024 * heap - code) // 2048
        print(f"{what}: {heap} KB with the code; on a board at most {board} KB beside it")

    tell(f"ESME, all {len(SEQUENCES)} sequences in one process", least(lives), every)
    with tempfile.TemporaryDirectory(prefix="smets-heap-") as folder:
        flash = Path(folder)
        now = filled(flash)
        octets = reads(MOST, flash, now)
        assert octets > FULL_LOGS, octets
        words = least(lambda words: reads(words, flash, now) == octets)
        tell(f"ESME, a start and ECS23b in {octets:,} octets", words, begun)
    return 0


if __name__ == "__main__":
    sys.exit(main())
