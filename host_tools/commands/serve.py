"""`smets serve`: a device process that stays up behind its bench link."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, cast

import typer

from host_tools import options
from host_tools.options import fail
from host_tools.roles import ROLES

_DISPLAYS = ("ihd", "ppmid")


def serve(
    device: Annotated[str, options.choice(ROLES)],
    state: Annotated[Path | None, typer.Option(help="STATE.json to start from.")] = None,
    keys: Annotated[Path | None, typer.Option(help="KEYS.json to start from.")] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port on 127.0.0.1; 0 for any free one.")
    ] = 0,
    engine: Annotated[str, options.engine()] = "unix",
    store: Annotated[
        Path | None,
        typer.Option(help="Folder that is the device's flash; a display gets one for now."),
    ] = None,
    frozen: Annotated[bool, typer.Option(help="Let the device's clock stand still.")] = False,
) -> None:
    """Serve a device at a pty and over TCP on loopback until Ctrl-C; prints where.

    Talk to it from a serial terminal (its lines are text: CTRL:HELLO#1:0: is answered).
    """
    stack = ExitStack()
    if store is None and device in _DISPLAYS:
        folder = TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True)
        store = Path(stack.enter_context(folder))
    with stack:
        _serve(device, state, keys, port, engine, store, frozen)


def _serve(
    device: str,
    state: Path | None,
    keys: Path | None,
    port: int,
    engine: str,
    store: Path | None,
    frozen: bool,
) -> None:
    from host_tools import fragments
    from host_tools.bench import BenchClient, BenchError, ProcessTransport
    from host_tools.schemas import SchemaProblem, read_document
    from host_tools.serve import Server

    try:
        documents = [
            read_document(path, which) if path else None
            for path, which in ((state, "state"), (keys, "keys"))
        ]
        fragments.check_kind(cast("dict[str, Any] | None", documents[1]), device, keys)
        if store is not None:
            store.mkdir(mode=0o700, exist_ok=True)
        transport = ProcessTransport(device, engine, str(store) if store else None)
        client = BenchClient(transport)
        fragments.load(client.control, *cast("list[dict[str, Any] | None]", documents))
        server = Server(transport, port, 0.0 if frozen else 1.0)
    except (SchemaProblem, OSError, ValueError, BenchError) as error:
        raise fail("serve", error) from error
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    try:
        typer.echo(f"{device} on {engine}: pty {server.pty}, tcp 127.0.0.1:{server.port}")
        server.run(lambda: bool(stopped))
    finally:
        server.close()
    if not stopped:
        words = server.last_words.decode("utf-8", "replace").strip()
        raise fail("serve", "the device has ended" + (f": {words}" if words else ""), 1)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(serve)
