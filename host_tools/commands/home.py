"""`smets home`: five device processes joined by the hub, in virtual or real time."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NoReturn

import typer
from rich.table import Table

from host_tools.bench import BenchError
from host_tools.console import Console, complain
from host_tools.example import START
from host_tools.gbcs.times import iso_2000, seconds_2000
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.show.stage import Stage
from host_tools.show.tenancy import start_home
from host_tools.web.server import ADDRESS, ServerError

# The port of the view, and the seconds of the home that pass each second at first.
PORT = 8737
_SPEED = 60


def home(
    duration: Annotated[
        int | None,
        typer.Option(min=1, help="Seconds to run, real or virtual: a day; with --web no end."),
    ] = None,
    step: Annotated[int, typer.Option(min=1, help="Seconds of virtual time a step.")] = 60,
    real: Annotated[bool, typer.Option(help="Real time instead of virtual time.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of what the hub does to frames.")] = 1,
    loss: Annotated[float, typer.Option(min=0, max=1, help="Share of frames lost.")] = 0.0,
    duplicate: Annotated[float, typer.Option(min=0, max=1, help="Share doubled.")] = 0.0,
    reorder: Annotated[float, typer.Option(min=0, max=1, help="Share held back.")] = 0.0,
    corrupt: Annotated[float, typer.Option(min=0, max=1, help="Share damaged.")] = 0.0,
    delay: Annotated[int, typer.Option(min=0, help="Longest delay in milliseconds.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Frame log to write, for capture.")] = None,
    engine: Annotated[str, typer.Option(help="unix or cpython.")] = "unix",
    web: Annotated[bool, typer.Option("--web", help="Show the home in a browser.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of --web; 0 for any free one.")
    ] = PORT,
    address: Annotated[str, typer.Option(help="Address of --web: loopback only.")] = ADDRESS,
) -> None:
    """Start ESME, GSME, GPF, IHD and PPMID, let time pass, and show what the displays hold.

    Ends after `--duration` or at Ctrl-C; no process is left behind. With `--web` the home is
    shown in a browser, and its time passes as fast as the page says.
    """
    if engine not in ("unix", "cpython"):
        _fail(f"--engine {engine}: not unix or cpython")
    if web:
        _serve(
            Hub(seed, loss, duplicate, (0, delay), reorder, corrupt),
            engine=engine,
            seed=seed,
            speed=1 if real else _SPEED,
            port=port,
            address=address,
            until=duration,
            log=log,
        )
    duration = 86400 if duration is None else duration
    console = Console()
    stage = Stage(console, engine, seed)
    hub = Hub(seed, loss, duplicate, (0, delay), reorder, corrupt)
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(TemporaryDirectory(prefix="smets-"))
            writer = None
            if log is not None:
                writer = LogWriter(stack.enter_context(log.open("w", encoding="ascii")))
            start = seconds_2000(START)
            house = stack.enter_context(Home(hub, start, engine, writer))
            start_home(stage, house, Path(folder))
            while house.now < start + duration and not stopped:
                if real:
                    time.sleep(1)
                house.advance(1 if real else min(step, start + duration - house.now), step)
            _report(console, house)
    except (BenchError, OSError) as error:
        _fail(str(error), error)


def _fail(text: str, cause: Exception | None = None) -> NoReturn:
    complain(f"smets home: {text}")
    raise typer.Exit(2) from cause


def _serve(hub: Hub, **options: Any) -> NoReturn:
    # The web server is imported only when it is wanted.
    from host_tools.web.run import show

    try:
        status = show(hub, say=typer.echo, **options)
    except (BenchError, ServerError, OSError) as error:
        _fail(str(error), error)
    raise typer.Exit(status)


def _report(console: Console, house: Home) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("display", "fuel", "register", "as of", "days", "half hours", "tenancy"):
        table.add_column(name)
    for role in ("ihd", "ppmid"):
        summary = house.devices[role].control("QUERY")["summary"]
        for fuel in ("electricity", "gas"):
            row = summary[fuel]
            cells = ("register", "as_of", "days", "half_hours", "tenancy")
            shown = ("-" if row[cell] is None else str(row[cell]) for cell in cells)
            table.add_row(role.upper(), fuel, *shown)
    console.print(table)
    console.print(f"{iso_2000(house.now)}: {house.frames} HAN frames; {house.hub.statistics}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(home)
