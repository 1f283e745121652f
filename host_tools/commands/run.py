"""`smets run`: the devices at work, answer by answer verified."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from host_tools.bench import BenchError
from host_tools.show import gas, tenancy, voltage
from host_tools.show.stage import Stage

SCENES = (gas.play, tenancy.play, voltage.play)


def run(
    engine: Annotated[str, typer.Option(help="unix or cpython.")] = "unix",
    seed: Annotated[int, typer.Option(help="Seed of what the hub does to frames.")] = 1,
) -> None:
    """Start devices, let virtual time pass, ask them as a supplier, verify every answer.

    Exit status 0 only if every answer was verified.
    """
    console = Console()
    width = None if console.is_terminal else 132
    stage = Stage(Console(width=width), engine, seed)
    try:
        for scene in SCENES:
            scene(stage)
    except BenchError as error:
        typer.echo(f"smets run: {error}", err=True)
        raise typer.Exit(2) from error
    stage.console.rule()
    stage.console.print(
        f"{stage.verified} checks passed, {stage.failed} failed "
        f"(engine {engine}, virtual time, seed {seed})",
        highlight=False,
    )
    if stage.failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(run)
