"""`smets home`: five device processes joined by the hub, in virtual or real time."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from host_tools import options
from host_tools.options import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from host_tools.han.hub import Hub
    from host_tools.home import Home
    from host_tools.show.fleet import Figures
    from host_tools.terminal import Console

# The address and port of the view, and the seconds of the home that pass each second at first.
ADDRESS = "127.0.0.1"
PORT = 8737
_WHERE = "A device that is a board: a serial port, a pty, HOST:PORT, virtual or emulated."
_SPEED = 60
MOST_HOMES = 1000


def home(
    duration: Annotated[
        int | None,
        typer.Option(min=1, help="Seconds to run, real or virtual: a day; with --web no end."),
    ] = None,
    step: Annotated[int, typer.Option(min=1, help="Seconds of virtual time a step.")] = 60,
    real: Annotated[bool, typer.Option(help="Real time instead of virtual time.")] = False,
    board: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=WHERE", help=_WHERE),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what the hub does to frames.")] = 1,
    loss: Annotated[float, typer.Option(min=0, max=1, help="Share of frames lost.")] = 0.0,
    duplicate: Annotated[float, typer.Option(min=0, max=1, help="Share doubled.")] = 0.0,
    reorder: Annotated[float, typer.Option(min=0, max=1, help="Share held back.")] = 0.0,
    corrupt: Annotated[float, typer.Option(min=0, max=1, help="Share damaged.")] = 0.0,
    delay: Annotated[int, typer.Option(min=0, help="Longest delay in milliseconds.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Frame log to write, for capture.")] = None,
    engine: Annotated[str, options.engine()] = "unix",
    web: Annotated[bool, typer.Option("--web", help="Show the home in a browser.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of --web; 0 for any free one.")
    ] = PORT,
    address: Annotated[str, typer.Option(help="Address of --web: loopback only.")] = ADDRESS,
    homes: Annotated[
        int, typer.Option(min=1, max=MOST_HOMES, help="So many homes at once, in virtual time.")
    ] = 1,
) -> None:
    """Start ESME, GSME, GPF, IHD and PPMID, let time pass, and show what the displays hold.

    Ends after `--duration` or at Ctrl-C; no process is left behind. With `--web` the home is
    shown in a browser, and its time passes as fast as the page says. A `--board` takes the place
    of a process. It may be given for each role. `--homes` tells what many homes take of this
    machine: HAN frames a second and memory.
    """
    from host_tools.bench import BenchError
    from host_tools.example import EUIS, START
    from host_tools.gbcs.times import iso_2000, seconds_2000
    from host_tools.han.framelog import LogWriter
    from host_tools.han.hub import Hub
    from host_tools.home import Home
    from host_tools.home_boards import HomeBoards, boards_of
    from host_tools.show.stage import Stage
    from host_tools.show.tenancy import start_home
    from host_tools.terminal import Console

    try:
        places = boards_of(board or [])
    except ValueError as error:
        raise fail("home", error) from error
    if homes > 1:
        alone = {"--web": web, "--real": real, "--board": board, "--log": log}
        _many(
            homes,
            [name for name, value in alone.items() if value],
            lambda number: Hub(seed + number, loss, duplicate, (0, delay), reorder, corrupt),
            engine,
            86400 if duration is None else duration,
            step,
        )
        return
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
            boards=places,
            real=real,
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
            boards = stack.enter_context(HomeBoards(places, Path(folder)))
            for one in boards.by_role.values():
                console.print(f"{one} starts", style="dim", highlight=False)
            boards.open(EUIS, real)
            house = stack.enter_context(Home(hub, seconds_2000(START), engine, writer, boards))
            house.on_board = lambda _role, text: console.print(
                f"{iso_2000(house.now)}: {text}", style="yellow", highlight=False
            )
            start_home(stage, house, Path(folder))
            end = house.now + duration
            pace = _Pace(house.now) if real else None
            while house.now < end and not stopped:
                passed = min(step, end - house.now) if pace is None else pace.wait(house.now)
                house.advance(min(passed, end - house.now), step)
            _report(console, house)
    except (BenchError, OSError) as error:
        raise fail("home", error) from error


def _many(
    homes: int,
    alone: list[str],
    hub: Callable[[int], Hub],
    engine: str,
    duration: int,
    step: int,
) -> None:
    """Let time pass in many homes, and print what they took; `alone` are options of one home."""
    from host_tools.bench import BenchError
    from host_tools.show.fleet import Fleet

    if alone:
        raise fail("home", f"--homes {homes}: {', '.join(alone)} is for one home alone")
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    try:
        with (
            TemporaryDirectory(prefix="smets-") as folder,
            Fleet(homes, Path(folder), hub, engine) as fleet,
        ):
            end = fleet.now + duration
            while fleet.now < end and not stopped:
                fleet.advance(min(step, end - fleet.now), step)
            _report_fleet(fleet.figures())
    except (BenchError, OSError) as error:
        raise fail("home", error) from error


def _report_fleet(told: Figures) -> None:
    devices = 5 * told.homes
    typer.echo(f"{told.homes} homes, {devices} devices: {told.virtual:,} s of virtual time")
    typer.echo(
        f"{told.frames:,} HAN frames in {told.seconds:,.1f} s: "
        f"{told.frames / told.seconds:,.0f} a second"
    )
    megabytes = (told.host_memory / 1e6, told.device_memory / 1e6)
    typer.echo(
        f"memory: {megabytes[0]:,.0f} MB of the host, {megabytes[1]:,.0f} MB of the devices, "
        f"{megabytes[1] / devices:,.1f} MB each"
        if told.device_memory
        else "memory: this system does not tell"
    )


def _serve(hub: Hub, **options: Any) -> NoReturn:
    from host_tools.bench import BenchError
    from host_tools.web.run import show
    from host_tools.web.server import ServerError

    try:
        status = show(hub, say=typer.echo, **options)
    except (BenchError, ServerError, OSError) as error:
        raise fail("home", error) from error
    raise typer.Exit(status)


class _Pace:
    """Real time: the seconds of a home that are due."""

    def __init__(self, start: int) -> None:
        self._begun = time.monotonic() - start

    def wait(self, now: int) -> int:
        """Wait until a second is due after `now`; how many are."""
        time.sleep(max(0.0, self._begun + now + 1 - time.monotonic()))
        return max(1, int(time.monotonic() - self._begun) - now)


def _report(console: Console, house: Home) -> None:
    from rich.table import Table

    from host_tools.gbcs.times import iso_2000

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("display", "fuel", "register", "as of", "days", "half hours", "tenancy"):
        table.add_column(name)
    for role in ("ihd", "ppmid"):
        told: dict[str, Any] | None = None
        if role in house.devices:
            with house.going_on():
                told = house.devices[role].control("QUERY")
        if told is None:
            table.add_row(role.upper(), "its board is gone")
            continue
        summary = told["summary"]
        for fuel in ("electricity", "gas"):
            row = summary[fuel]
            cells = ("register", "as_of", "days", "half_hours", "tenancy")
            shown = ("-" if row[cell] is None else str(row[cell]) for cell in cells)
            table.add_row(role.upper(), fuel, *shown)
    console.print(table)
    for device in house.lost.values():
        console.print(f"{device.board} is still gone", style="yellow", highlight=False)
    console.print(f"{iso_2000(house.now)}: {house.frames} HAN frames; {house.hub.statistics}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(home)
