"""`python -m host_tools.emulators.count`: instructions of the costliest operations on a Cortex-M3.

QEMU counts them: one instruction takes one virtual nanosecond, whatever else this machine does.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from host_tools.console import Console
from host_tools.emulators.board import EmulatorError
from host_tools.emulators.qemu import QemuBoard
from host_tools.raw_repl import RawRepl

__all__ = ["QUICK", "labels", "measure_all"]

# The operations that take seconds; `boards/qemu_mps2_an385/costs.py` has all operations.
QUICK = (
    "key derivation",
    "MAC of a GCS13a command, with its key",
    "GCS13a command to response",
    "RMS sums of 1,000 samples",
)
_TIMEOUT = 300.0
# One call comes first, uncounted, so that tables made once are not part of the figure.
_CASE = """
import costs, gc, ticks
case = dict(costs.CASES)[{label!r}]()
case()
print(ticks.measure(case))
"""


def labels(repl: RawRepl) -> list[str]:
    """The operations that the board can measure."""
    return json.loads(
        repl.exec("import costs, json\nprint(json.dumps([label for label, _ in costs.CASES]))")
    )


def measure_all(folder: Path, only: Iterable[str] | None = None) -> dict[str, int]:
    """Instructions of each operation, counted on a board that is started for it."""
    counted: dict[str, int] = {}
    with QemuBoard(folder, count=True) as board, RawRepl(board.port) as repl:
        for label in only or labels(repl):
            counted[label] = int(repl.exec(_CASE.format(label=label), timeout=_TIMEOUT))
    return counted


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="smets-count-") as folder:
        try:
            counted = measure_all(Path(folder))
        except EmulatorError as error:
            sys.exit(str(error))
    table = Table("Cortex-M3, MicroPython 1.25")
    table.add_column("instructions / 1000", justify="right")
    for label, instructions in counted.items():
        table.add_row(label, f"{instructions / 1000:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
