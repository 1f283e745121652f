"""`smets flash`: put a device role onto a board."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from host_tools import boards, install, options
from host_tools.console import complain
from host_tools.options import fail
from host_tools.roles import DISPLAYS, ROLES

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EXIT_FAILED = 1
NO_PANEL = "none"
_PANELS = (*install.PANELS, NO_PANEL)


class _Bar:
    """The progress of a flash, a bar for each thing done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


def _build(
    role: str, board: boards.Board, settings: dict[str, Any], installed: bool, panel: str
) -> install.Install:
    """The install with the panel that was asked for.

    Where none was, a display gets that of its board.py, if it has the heap for it.
    """
    own = board.ports.get("screen", "") if role in DISPLAYS else ""
    driver = panel or own
    if driver in ("", NO_PANEL):
        return install.build(role, board, settings, installed)
    try:
        return install.build(role, board, {**settings, "panel": driver}, installed)
    except install.InstallError as error:
        if panel:
            raise
        complain(f"smets flash: without a panel: {error}")
    return install.build(role, board, settings, installed)


def flash(
    board: Annotated[str, options.board()],
    role: Annotated[str, options.choice(ROLES)],
    port: Annotated[str, options.port()],
    tick: Annotated[bool, typer.Option(help="Let real time pass on the device.")] = True,
    keep: Annotated[
        bool, typer.Option(help="Let the device come back after a power cut as it was loaded.")
    ] = True,
    installed: Annotated[
        bool, typer.Option(help="The firmware is on the board already: frozen, or by mip.")
    ] = False,
    panel: Annotated[
        str,
        options.choice(
            _PANELS, help="Of an IHD or PPMID: " + ", ".join(_PANELS) + "; else the board's."
        ),
    ] = "",
    han: Annotated[
        str, typer.Option(help="none, bus, udp, espnow, or a JSON file: docs/links.md says what.")
    ] = "none",
    home_key: Annotated[
        Path | None, typer.Option(help="File with the key of the home's links; made if absent.")
    ] = None,
) -> None:
    """Flash a device role onto a board that runs MicroPython, and see it answer.

    Only files that differ go over the line. If anything goes wrong, or the cable is pulled, the
    board runs the install that it ran before. Exit status 1 says that it does.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from host_tools import flash as flashing
    from host_tools import links
    from host_tools.terminal import Console

    began = time.monotonic()
    try:
        data = boards.load(board)
        if "flash" in data.lacks:
            raise boards.BoardError(f"{board}: {data.lacks['flash']}")
        settings: dict[str, Any] = {"tick": tick, "keep": keep}
        link = links.read(han, home_key)
        if link is not None:
            settings["han"] = link
        made = _build(role, data, settings, installed, panel)
    except (
        boards.BoardError,
        install.InstallError,
        links.LinkError,
        OSError,
        ValueError,
    ) as error:
        raise fail("flash", error) from error
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>20}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            report = flashing.flash(port, made, data, _Bar(progress))
    except flashing.FlashError as error:
        raise fail("flash", error, EXIT_FAILED) from error
    typer.echo(
        f"{role} {made.version} ({made.build}) runs on {board} in slot {report.slot}: "
        f"{report.sent} files sent ({report.octets} octets), {report.copied} copied, "
        f"{report.kept} kept, {report.removed} removed, {time.monotonic() - began:.1f} s"
    )


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(flash)
