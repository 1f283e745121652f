"""`smets run`: the devices at work, answer by answer verified, then judged by the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import options
from host_tools.conform.capabilities import CAPABILITIES, CHECK_LIMIT
from host_tools.console import distinct
from host_tools.options import fail
from host_tools.roles import JUDGED

if TYPE_CHECKING:
    from host_tools.show.stage import Stage

_TIMEOUT = 10.0
# As a shell says that Ctrl-C ended a program: 128 and the number of SIGINT.
_EXIT_INTERRUPTED = 130


def run(
    engine: Annotated[str, options.engine()] = "unix",
    seed: Annotated[int, typer.Option(help="Seed of what the hub does to frames.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the conformance reports.")] = Path(
        "build/run"
    ),
    record: Annotated[
        Path | None, typer.Option(help="GIF to write of the displays during the day.")
    ] = None,
) -> None:
    """Let a home of five devices live through a day, ask them as a supplier, verify every answer;
    then judge all five by the conformance catalogue and write their reports.

    In a terminal of 138 columns and 21 lines the screens of both displays are shown live.

    Exit status 0 only if every answer was verified and every device passed; 1 if not, 2 if a
    device could not be run, 130 after Ctrl-C.
    """
    from host_tools.bench import BenchError
    from host_tools.show import day, gas, hub, tenancy, voltage
    from host_tools.show.film import Film
    from host_tools.show.stage import Stage
    from host_tools.terminal import Console

    console = Console()
    width = None if console.is_terminal else 132
    stage = Stage(Console(width=width), engine, seed)
    try:
        distinct((record,))
        if out.exists() and not out.is_dir():
            raise ValueError(f"--out {out}: is no folder")
        film = Film() if record else None
        day.play(stage, film)
        if film is not None and record is not None:
            film.save(record)
            stage.say(f"The displays during that day: {record}")
        for scene in (gas.play, tenancy.play, voltage.play, hub.play):
            scene(stage)
        _judge(stage, out)
    except KeyboardInterrupt:
        raise fail("run", "stopped; no device is left running", _EXIT_INTERRUPTED) from None
    except (BenchError, OSError, ValueError) as error:
        raise fail("run", error) from error
    stage.console.rule()
    stage.console.print(
        f"{stage.verified} checks passed, {stage.failed} failed "
        f"(engine {engine}, virtual time, seed {seed})",
        highlight=False,
    )
    if stage.failed:
        raise typer.Exit(1)


def _judge(stage: Stage, out: Path) -> None:
    """Judge the five devices; a line and a report each, and a line for what did not pass."""
    from host_tools.conform import judging
    from host_tools.conform.claims import Claims
    from host_tools.conform.model import Verdict
    from host_tools.conform.report import EXIT_OK

    out.mkdir(parents=True, exist_ok=True)
    stage.title("The conformance catalogue against all five devices")
    plan = judging.Plan(
        stage.engine, None, [], {}, Claims(), frozenset(CAPABILITIES), None, _TIMEOUT, CHECK_LIMIT
    )
    for role in JUDGED:
        document, results = judging.judge(stage.console, plan, role)
        if any(result.text == judging.INTERRUPTED for result in results):
            raise KeyboardInterrupt
        path = out / f"{role}.html"
        judging.write(document, {"html": path})
        text = f"{role.upper()}: {judging.figures(document['counts'])}; report {path}"
        stage.check(document["exit_status"] == EXIT_OK, text)
        for result in results:
            if result.verdict in (Verdict.FAIL, Verdict.BLOCKED):
                stage.say(f"         {result.verdict} {result.check.id}: {result.text}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(run)
