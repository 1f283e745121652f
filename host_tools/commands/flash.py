"""`smets flash`: put a device role onto a board."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from host_tools import boards, install
from host_tools import flash as flashing
from host_tools.console import Console, complain
from host_tools.roles import ROLES
from host_tools.textfile import read_text

EXIT_FAILED = 1
EXIT_USAGE = 2


class _Bar:
    """The progress of a flash, a bar for each thing done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


def _fail(text: str, status: int) -> typer.Exit:
    complain(f"smets flash: {text}")
    return typer.Exit(status)


def flash(
    board: Annotated[str, typer.Option(help=", ".join(boards.names()) + ".")],
    role: Annotated[str, typer.Option(help=", ".join(ROLES) + ".")],
    port: Annotated[str, typer.Option(help="The board's serial port: /dev/ttyACM0.")],
    tick: Annotated[bool, typer.Option(help="Let real time pass on the device.")] = True,
    keep: Annotated[
        bool, typer.Option(help="Let the device come back after a power cut as it was loaded.")
    ] = True,
    installed: Annotated[
        bool, typer.Option(help="The firmware is on the board already: frozen, or by mip.")
    ] = False,
    han: Annotated[
        Path | None, typer.Option(help="JSON for the board's radio: boards/xbee3 says what.")
    ] = None,
) -> None:
    """Flash a device role onto a board that runs MicroPython, and see it answer.

    Only files that differ go over the line. If anything goes wrong, or the cable is pulled, the
    board runs the install that it ran before. Exit status 1 says that it does.
    """
    if role not in ROLES:
        raise _fail(f"--role {role}: not one of {', '.join(ROLES)}", EXIT_USAGE)
    began = time.monotonic()
    try:
        data = boards.load(board)
        if "flash" in data.lacks:
            raise boards.BoardError(f"{board}: {data.lacks['flash']}")
        settings: dict[str, Any] = {"tick": tick, "keep": keep}
        if han is not None:
            settings["han"] = json.loads(read_text(han))
        made = install.build(role, data, settings, installed)
    except (boards.BoardError, install.InstallError, OSError, ValueError) as error:
        raise _fail(str(error), EXIT_USAGE) from error
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>20}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            report = flashing.flash(port, made, data, _Bar(progress))
    except flashing.FlashError as error:
        raise _fail(str(error), EXIT_FAILED) from error
    typer.echo(
        f"{role} {made.version} ({made.build}) runs on {board} in slot {report.slot}: "
        f"{report.sent} files sent ({report.octets} octets), {report.copied} copied, "
        f"{report.kept} kept, {report.removed} removed, {time.monotonic() - began:.1f} s"
    )


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(flash)
