"""What an operation costs on a board, measured on it over its REPL.

A board that counts instructions (QEMU, module `ticks`) gives those; any other one microseconds of
its own clock. Nothing stays on the board.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from host_tools import flash, install
from host_tools.boards import BOARDS, Board
from host_tools.raw_repl import ExecError, RawRepl

__all__ = ["CASES", "SAMPLES", "Cost", "measure"]

CASES = BOARDS / "qemu_mps2_an385" / "costs.py"
# The folder on the board for the cases and the firmware that they need.
FOLDER = "/bench"
SAMPLES = "RMS sums of 1,000 samples"
_TIMEOUT = 300.0
# Microseconds for which an operation is repeated, so that a coarse clock does not matter.
_LONG = 300_000

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
    sent = False
    try:
        repl.exec("import costs")
    except ExecError:
        source = CASES.read_text(encoding="utf-8")
        files = {"costs.mpy": install.compile_module(CASES, "costs.py", board.arch)}
        try:
            repl.exec("import smets.devices.gsme, smets.crypto.ecdsa, smets.features.voltage.rms")
        except ExecError:
            needed = install.role_modules("gsme", install.imports_of(source))
            files |= install.compiled(needed, board.arch)
        sent = True
        flash.Files(repl, flash.Report()).fill(FOLDER, files)
    try:
        unit, free, names = json.loads(repl.exec(_SETUP.format(folder=FOLDER)))
        yield unit, free, names
    finally:
        if sent:
            flash.Files(repl, flash.Report()).fill(FOLDER, {})


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
