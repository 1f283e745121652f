"""What an operation costs on a board, measured on it over its REPL.

A board that counts instructions (QEMU, module `ticks`) gives those; any other one microseconds of
its own clock. Nothing stays on the board.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from host_tools import flash, install
from host_tools.boards import BOARDS, Board
from host_tools.compiled import compiled_firmware
from host_tools.raw_repl import ExecError, RawRepl, ReplError
from host_tools.transports import BenchError, micropython

__all__ = ["CASES", "SAMPLES", "Cost", "measure"]

CASES = BOARDS / "qemu_mps2_an385" / "costs.py"
# The folder on the board for the cases and the firmware that they need.
FOLDER = "/bench"
SAMPLES = "RMS sums of 1,000 samples"
_TIMEOUT = 300.0
# Microseconds for which an operation is repeated, so that a coarse clock does not matter.
_LONG = 300_000

_LIST = """
import costs, json, sys
for _, make in costs.CASES:
    make()()
print(json.dumps(sorted(name for name in sys.modules if name.split(".")[0] == "smets")))
"""
_SETUP = """
import gc, json, sys
sys.path.insert(0, {folder!r})
import costs
gc.collect()
try:
    import ticks
    unit = "instructions"
except ImportError:
    unit = "us"
print(json.dumps([unit, gc.mem_free(), [label for label, _ in costs.CASES]]))
"""
# One call comes first, unmeasured, so that tables made once are not part of the figure.
_COUNT = """
case = dict(costs.CASES)[{label!r}]()
case()
gc.collect()
print(ticks.measure(case), 1)
"""
_TIME = """
import time
def _timed(case):
    calls = 0
    gc.collect()
    began = time.ticks_us()
    while True:
        case()
        calls += 1
        passed = time.ticks_diff(time.ticks_us(), began)
        if passed >= {long}:
            return passed, calls
case = dict(costs.CASES)[{label!r}]()
case()
print(*_timed(case))
"""


@dataclass(frozen=True)
class Cost:
    """What one call of an operation takes, in `unit` ("us" or "instructions")."""

    label: str
    value: float
    unit: str


@contextmanager
def _prepared(repl: RawRepl, board: Board) -> Generator[tuple[str, int, list[str]]]:
    """Put the cases on the board: (unit, octets of heap free, labels)."""
    if board.prepare:
        repl.exec(board.prepare)
    files: dict[str, bytes] = {}
    try:
        repl.exec("import costs")
    except ExecError:
        files = {"costs.mpy": install.compile_module(CASES, "costs.py", board.arch)}
        try:
            repl.exec("import smets.devices.gsme, smets.crypto.ecdsa, smets.features.voltage.rms")
        except ExecError:
            files |= install.compiled(_imported(), board.arch)
    try:
        if files:
            _send(repl, files)
        unit, free, names = json.loads(repl.exec(_SETUP.format(folder=FOLDER)))
        yield unit, free, names
    finally:
        if files:
            flash.Files(repl, flash.Report()).fill(FOLDER, {})


def _imported() -> list[str]:
    """The modules that the cases import when they run: a board has room for no more."""
    try:
        words = micropython()
    except BenchError as error:
        raise ReplError(str(error)) from None
    done = subprocess.run(
        [*words, "-X", "heapsize=8M", "-c", _LIST],
        env=os.environ | {"MICROPYPATH": f"{CASES.parent}:{compiled_firmware()}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReplError(f"the cases do not run here: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _send(repl: RawRepl, files: dict[str, bytes]) -> None:
    try:
        flash.Files(repl, flash.Report()).fill(FOLDER, files)
    except ExecError as error:
        if f"OSError: {errno.ENOSPC}" not in str(error) and "ENOSPC" not in str(error):
            raise
        octets = sum(map(len, files.values()))
        raise ReplError(
            f"its flash has no room for {octets >> 10} KB more: a board that was flashed as a "
            "GSME has what is measured already"
        ) from None


def measure(
    repl: RawRepl, board: Board, told: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[Cost], int]:
    """Measure every operation: the costs, and the octets of heap that are free with them loaded.

    `told` hears how many are done, of how many. ReplError where the line is gone or the board
    fails.
    """
    found: list[Cost] = []
    with _prepared(repl, board) as (unit, free, names):
        code = _COUNT if unit == "instructions" else _TIME
        for label in names:
            text = repl.exec(code.format(label=label, long=_LONG), timeout=_TIMEOUT)
            total, calls = map(int, text.split())
            found.append(Cost(label, total / calls, unit))
            told(len(found), len(names))
    return found, free
