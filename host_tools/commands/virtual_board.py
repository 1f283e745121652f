"""`smets virtual-board`: boards without a board, for mpremote, `smets flash` and tests."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from host_tools.options import fail

# Descriptors of a board: two ptys, two pipes, a selector; two of the wire; some while it starts.
_FILES = 12
_FILES_BESIDE = 100
# The wire's speed without a setting of the boards (host_tools/links.py).
_BAUDRATE = 115200
# A bus has so many boards at most (docs/links.md).
_ON_A_WIRE = 5


def virtual_board(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Keeps the flash image and the port of a board."),
    ],
    heap: Annotated[str, typer.Option(help="Heap of each: 190k, 208wk (in words), 1m.")] = "",
    wire: Annotated[
        bool, typer.Option("--wire", help="Wire the boards, for smets flash --han bus.")
    ] = False,
    loss: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of frames lost on that wire.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of what is lost.")] = 1,
) -> None:
    """Run virtual boards until Ctrl-C: MicroPython's Unix port that behaves like a board.

    Their ports are FOLDER/port: mpremote connect FOLDER/port, smets flash --port FOLDER/port. All
    of them are in one process of the host, with a process of MicroPython each.
    """
    from host_tools import open_files
    from host_tools.bench import BenchError
    from host_tools.bus_line import BusLine
    from host_tools.virtual_board import VirtualBoard

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    try:
        _check(folders, wire, loss)
        open_files.allow(len(folders) * _FILES + _FILES_BESIDE, f"{len(folders)} boards")
        with ExitStack() as stack:
            line = stack.enter_context(BusLine(seed, _BAUDRATE, loss)) if wire else None
            for index, folder in enumerate(folders, 1):
                uart = line.attach() if line else -1
                unique = f"{index:016x}" if index > 1 else "01" * 8
                board = VirtualBoard(folder, heap, unique, uart=uart)
                typer.echo(stack.enter_context(board).port)
            stopped.wait()
    except (BenchError, OSError, ValueError) as error:
        raise fail("virtual-board", error) from error


def _check(folders: list[Path], wire: bool, loss: float) -> None:
    """Raise ValueError for what cannot be together."""
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ValueError("a folder is named twice: each board has its own")
    if loss and not wire:
        raise ValueError("--loss is of the wire: give --wire, too")
    if wire and not 2 <= len(folders) <= _ON_A_WIRE:
        raise ValueError(f"--wire joins 2 to {_ON_A_WIRE} boards, not {len(folders)}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(virtual_board)
