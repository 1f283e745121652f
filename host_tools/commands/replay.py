"""`smets replay`: what a check of a report sent, sent again."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import options
from host_tools.options import OWN_ENGINES, fail

if TYPE_CHECKING:
    from host_tools.bench import Transport
    from host_tools.conform.replay import Step
    from host_tools.terminal import Console


class _Problem(Exception):
    """Why nothing can be sent."""


def again(
    report: Annotated[Path, typer.Argument(help="A.json of smets conform.")],
    check: Annotated[str, typer.Argument(help="The id of a check in it.")],
    engine: Annotated[
        str | None,
        options.link(help="unix, cpython, host:port, a port or auto; else the report's."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10,
) -> None:
    """Send the lines of a check again, in their order, and show what comes back.

    Commands are sent octet for octet, so a device that has carried one out refuses it as a replay.

    Exit status: 0 the answers are those of the report, 1 they differ, 2 usage or no device.
    """
    from host_tools.bench import BenchError, open_transport
    from host_tools.conform.dut import NEW_DEVICE
    from host_tools.conform.replay import replay
    from host_tools.conform.report import read_report
    from host_tools.example import EUIS, ExampleHome
    from host_tools.schemas import SchemaProblem
    from host_tools.terminal import Console

    console = Console(width=None if Console().is_terminal else 200)
    differing = 0
    try:
        document = read_report(report)
        found = [result for result in document["results"] if result["id"] == check]
        if not found:
            raise _Problem(f"{report} has no check {check}")
        trace = found[0]["trace"]
        if not trace or not trace["lines"]:
            raise _Problem(f"{check} was not carried out ({found[0]['text']}): nothing was sent")
        if trace["left_out"]:
            raise _Problem(f"{check}: the report has left out {trace['left_out']} lines")
        role, where = document["identity"]["role"], engine or document["identity"]["engine"]
        with TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True) as folder:
            store = folder if where in OWN_ENGINES else None

            def connect() -> Transport:
                return open_transport(role, where, store)

            def do(what: str) -> None:
                if store is None:
                    raise _Problem(f"not possible with {where}: {what}")
                if what == NEW_DEVICE:
                    shutil.rmtree(store)
                    Path(store).mkdir()

            stage = ExampleHome()
            keys = stage.device_keys(role) if EUIS[role] in stage.keys.keys else {}
            for step in replay(trace, connect, do, timeout, keys):
                differing += not step.same
                _show(console, step)
    except (_Problem, SchemaProblem, OSError, BenchError) as error:
        raise fail("replay", error) from error
    console.print(f"{differing} answers differ" if differing else "the same answers as before")
    if differing:
        raise typer.Exit(1)


def _show(console: Console, step: Step) -> None:
    def say(sign: str, text: str, style: str = "") -> None:
        console.print(f"{sign} {text}", style=style, markup=False, highlight=False, soft_wrap=True)

    if step.did:
        say("*", step.did, "bold")
        return
    say(">", step.sent)
    for line in step.now:
        say("<", line, "" if step.same else "yellow")
    if not step.same:
        for line in step.then or ("nothing",):
            say("  before:", line, "dim")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command("replay")(again)
