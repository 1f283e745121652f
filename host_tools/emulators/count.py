"""`python -m host_tools.emulators.count`: instructions of the costliest operations on a Cortex-M3.

QEMU counts them: one instruction takes one virtual nanosecond, whatever else this machine does.
The heap is that of a Pico, and main.py has set when it is collected, as on a device. What moved
by more than 5 % against the committed counts is told; with --write those are written anew.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from host_tools.emulators.board import EmulatorError
from host_tools.emulators.qemu import PICO_HEAP, QemuBoard
from host_tools.places import BOARDS
from host_tools.raw_repl import RawRepl
from host_tools.terminal import Console

__all__ = ["COMMITTED", "QUICK", "change", "labels", "measure_all"]

# The operations that take seconds; costs.py and costs_esme.py of the board have all operations.
QUICK = (
    "key derivation",
    "MAC of a GCS13a command, with its key",
    "GCS13a command to response",
    "RMS sums of 1,000 samples",
)
# Instructions of each operation at the commit that wrote them last.
COMMITTED = BOARDS / "qemu_mps2_an385" / "counts.json"
# What moves by less is not told: the collector of garbage has its moments.
_NOTABLE = 5  # percent
_TIMEOUT = 300.0
# One call comes first, uncounted, so that tables made once are not part of the figure. A device
# lives on the heap, as collections of garbage take the longer the more there is: a gas meter, or
# the electricity meter of costs_esme.
_CASE = """
import costs, main, ticks
main._collect_early()
cases = dict(costs.CASES)
device = None
if {label!r} in cases:
    device = costs.session()
else:
    import costs_esme
    cases = dict(costs_esme.CASES)
case = cases[{label!r}]()
case()
print(ticks.measure(case))
"""
_LABELS = """
import costs, costs_esme, json
print(json.dumps([label for label, _ in costs.CASES + costs_esme.CASES]))
"""


def labels(repl: RawRepl) -> list[str]:
    """The operations that the board can measure."""
    return json.loads(repl.exec(_LABELS))


def measure_all(folder: Path, only: Iterable[str] | None = None) -> dict[str, int]:
    """Instructions of each operation, counted on a board that is started for it; for each of them
    MicroPython begins anew.
    """
    counted: dict[str, int] = {}
    with QemuBoard(folder, PICO_HEAP, count=True) as board:
        if only is None:
            with RawRepl(board.port) as repl:
                only = labels(repl)
        for label in only:
            with RawRepl(board.port) as repl:
                counted[label] = int(repl.exec(_CASE.format(label=label), timeout=_TIMEOUT))
    return counted


def change(counted: int, committed: int | None) -> str:
    """How a count compares with the committed one: "" where it moved by at most 5 %."""
    if not committed:
        return "new"
    percent = 100 * (counted - committed) / committed
    return f"{percent:+.1f} %" if abs(percent) > _NOTABLE else ""


def main(write: bool) -> None:
    """Print the table; with `write` the counts are the committed ones from now on."""
    committed: dict[str, int] = {}
    if COMMITTED.exists():
        committed = json.loads(COMMITTED.read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="smets-count-") as folder:
        try:
            counted = measure_all(Path(folder))
        except EmulatorError as error:
            sys.exit(str(error))
    table = Table("Cortex-M3, MicroPython 1.25")
    for name in ("instructions / 1000", "committed / 1000", "moved"):
        table.add_column(name, justify="right")
    for label, instructions in counted.items():
        before = committed.get(label)
        known = f"{before / 1000:,.1f}" if before else ""
        table.add_row(label, f"{instructions / 1000:,.1f}", known, change(instructions, before))
    Console().print(table)
    for label in sorted(committed.keys() - counted.keys()):
        print(f"{label} is no longer counted")
    if write:
        COMMITTED.write_text(json.dumps(counted, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main("--write" in sys.argv[1:])
