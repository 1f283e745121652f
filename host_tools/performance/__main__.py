"""`python -m host_tools.performance`, or `make bench`: one table, and build/bench.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.table import Table

from host_tools.bench import BenchError
from host_tools.emulators.board import EmulatorError
from host_tools.install import InstallError, firmware_version
from host_tools.performance import cortex_m3, this_machine
from host_tools.performance.figures import Figure, Row, Subject, document, join
from host_tools.places import BUILD
from host_tools.raw_repl import ReplError
from host_tools.terminal import Console

__all__ = ["main", "table"]


def table(rows: list[Row]) -> Table:
    """The rows, to be printed."""
    made = Table("what", "of", "Cortex-M3", "this machine")
    for column in made.columns[2:]:
        column.justify = "right"
    for row in rows:
        figures = (row.cortex_m3, row.this_machine)
        made.add_row(
            row.what, row.role.upper(), *("" if each is None else str(each) for each in figures)
        )
    return made


def main(words: list[str]) -> None:
    """Measure, print the table and write the JSON document."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.performance", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=BUILD / "bench.json", help="where the figures are written"
    )
    told = parser.parse_args(words)
    emulated: dict[Subject, Figure] = {}
    note = "Cortex-M3: instructions that QEMU counts; the heap of a Pico, the firmware frozen"
    try:
        try:
            emulated = cortex_m3.measure()
        except EmulatorError as error:
            note = f"Cortex-M3: {error}"
        rows = join(emulated, this_machine.measure())
        made = document(rows, firmware_version(), this_machine.name())
        told.json.parent.mkdir(parents=True, exist_ok=True)
        told.json.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    except (BenchError, InstallError, ReplError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    console = Console()
    console.print(table(rows))
    console.print(note)
    console.print(
        f"This machine: {this_machine.name()}; MicroPython's Unix port, a role with a heap of "
        "384 KB, its code included; smets and python in processor time"
    )
    console.print(f"wrote {told.json}")


if __name__ == "__main__":
    main(sys.argv[1:])
