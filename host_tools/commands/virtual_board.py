"""`smets virtual-board`: a board without a board, for mpremote, `smets flash` and tests."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from host_tools.virtual_board import VirtualBoard


def virtual_board(
    folder: Annotated[Path, typer.Argument(help="Keeps the flash image and the port.")],
    heap: Annotated[str, typer.Option(help="As -X heapsize takes it.")] = "",
) -> None:
    """Run a virtual board until Ctrl-C: MicroPython's Unix port that behaves like a board.

    Its port is FOLDER/port: mpremote connect FOLDER/port, smets flash --port FOLDER/port.
    """
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    with VirtualBoard(folder, heap) as board:
        typer.echo(board.port)
        stopped.wait()


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(virtual_board)
