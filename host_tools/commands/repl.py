"""`smets repl`: MicroPython's prompt on a board, and the device afterwards."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import typer

from host_tools import options
from host_tools.console import EXIT_USAGE

EXIT_FAILED = 1

_BY_HAND = "its reset button or a power cut starts it, or Ctrl-D at the prompt"


def _fail(text: str, status: int) -> typer.Exit:
    return options.fail("repl", text, status)


def _start(port: str) -> dict[str, Any]:
    """What the firmware says of itself once it runs again; an error tells how to start it."""
    from host_tools import flash
    from host_tools.bench import BenchError
    from host_tools.raw_repl import ReplError, reset_to_main

    try:
        reset_to_main(port)
        return flash.hello(port, restart=False)
    except (ReplError, BenchError) as error:
        raise _fail(
            f"the device did not start again ({error}): {_BY_HAND}", EXIT_FAILED
        ) from error


def repl(
    port: Annotated[str, options.port()],
    start: Annotated[bool, typer.Option(help="Start the device again afterwards.")] = True,
) -> None:
    """Interrupt the device on a board and type at MicroPython's prompt; Ctrl-] ends that.

    Afterwards the device starts again from what its flash holds. Exit status 1 says that it did
    not.
    """
    from host_tools.raw_repl import RawRepl, ReplError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _fail("this needs a terminal; mpremote connect PORT exec runs code", EXIT_USAGE)
    try:
        with RawRepl(port, soft_reset=False) as raw:
            raw.to_friendly()
    except ReplError as error:
        raise _fail(f"there is no prompt: {error}", EXIT_FAILED) from error
    terminal = [sys.executable, "-m", "mpremote", "connect", port, "repl"]
    status = subprocess.run(terminal, check=False).returncode
    if not start:
        typer.echo(f"the device stands still: {_BY_HAND}")
    else:
        said = _start(port)
        typer.echo(f"{said['device']} {said['firmware']} runs again")
    if status:
        raise _fail(f"the terminal ended with status {status}", EXIT_FAILED)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(repl)
