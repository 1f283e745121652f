"""`smets bench`: what the costly operations take on the board at a serial port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import boards, options
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.board_costs import Cost


def _text(cost: Cost) -> str:
    if cost.unit == "instructions":
        return f"{cost.value / 1000:,.1f} k instructions"
    return f"{cost.value / 1000:,.3f} ms"


def costs(
    port: Annotated[str, options.port()],
    board: Annotated[str, options.board()] = "virtual",
) -> None:
    """Measure P-256, MAC, a GCS13a exchange, voltage samples and free heap on a board.

    The device stops meanwhile and starts again afterwards; nothing stays on the board. Times are
    those of the board's own clock; QEMU's board counts instructions instead. Exit status 1 if the
    board fails or goes away, 2 for a board that is not known.
    """
    from rich.progress import Progress
    from rich.table import Table

    from host_tools import board_costs
    from host_tools.flash import FlashError
    from host_tools.install import InstallError
    from host_tools.raw_repl import ExecError, RawRepl, ReplError
    from host_tools.terminal import Console

    console = Console()
    try:
        data = boards.load(board)
    except boards.BoardError as error:
        raise fail("bench", error) from error
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("measuring", total=None)

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            repl = RawRepl(port)
            try:
                costs, free = board_costs.measure(repl, data, told)
            finally:
                repl.to_main()
    except ExecError as error:
        raise fail("bench", f"the board says: {error.last}", 1) from error
    except (ReplError, FlashError, InstallError, OSError) as error:
        raise fail("bench", error, 1) from error
    table = Table(data.title, "one call")
    table.columns[1].justify = "right"
    for cost in costs:
        table.add_row(cost.label, _text(cost))
    for cost in costs:
        if cost.label == board_costs.SAMPLES and cost.unit == "us":
            table.add_row("voltage samples a second", f"{1e9 / cost.value:,.0f}")
    table.add_row("free heap, the above loaded", f"{free:,} octets")
    console.print(table)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command("bench")(costs)
