"""`smets dcc`: the DCC of a test bench: DUIS over HTTP, commands to devices, responses back."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from host_tools.console import complain
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.dcc.gateway import Gateway


def dcc(
    keys: Annotated[
        list[Path],
        typer.Option("--keys", metavar="FILE", help="parties.json, KEYS.json; repeatable."),
    ],
    credentials: Annotated[
        Path,
        typer.Option(metavar="FILE", help="XML signing: credentials.json of smets duis keys."),
    ],
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            metavar="ROLE=LINK",
            help="esme=unix, gpf=host:port, EUI=/dev/ttyACM0; repeatable.",
        ),
    ] = None,
    listener: Annotated[
        list[str] | None,
        typer.Option(
            "--listener", metavar="[EUI=]URL", help="Where answers go (or a folder); repeatable."
        ),
    ] = None,
    store: Annotated[
        Path, typer.Option(metavar="FILE", help="Requests, messages, inventory, schedules.")
    ] = Path("dcc.sqlite"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0: any free.")] = 8079,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="ROLE=FILE", help="STATE.json of a device of ours."),
    ] = None,
    flash: Annotated[
        Path | None, typer.Option(metavar="DIR", help="What devices of ours keep, a folder each.")
    ] = None,
    hubs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Whose hubs are: an inventory of smets ch-transfer."),
    ] = None,
    patience: Annotated[
        int, typer.Option(min=1, help="Seconds that a client may keep a connection waiting.")
    ] = 30,
) -> None:
    """Serve the DUIS interface of a test bench on loopback until Ctrl-C (docs/dcc.md)."""
    from host_tools.dcc.post import ListenerError
    from host_tools.dcc.server import App, Server, ServerError
    from host_tools.keys import SchemaProblem

    try:
        gateway = _gateway(
            store,
            (keys, credentials, hubs),
            (device or [], state or [], flash),
            listener or [],
        )
        server = Server(App(gateway), (port,), patience)
    except (OSError, ValueError, KeyError, ServerError, SchemaProblem, ListenerError) as error:
        raise fail("dcc", error) from None
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    gateway.start()
    server.start()
    typer.echo(f"http://127.0.0.1:{server.ports[0]}/ ({len(gateway.lines)} devices)")
    try:
        stopped.wait()
    finally:
        server.close()
        gateway.close()


def _gateway(
    path: Path,
    known: tuple[list[Path], Path, Path | None],
    devices: tuple[list[str], list[str], Path | None],
    listeners: list[str],
) -> Gateway:
    from host_tools.dcc import bench, post
    from host_tools.dcc.gateway import Gateway, Known
    from host_tools.dcc.store import Store
    from host_tools.duis.credentials import Credentials
    from host_tools.duis.make import named, signer_keys
    from host_tools.duis.schema import Schema
    from host_tools.keys import KeyRing
    from host_tools.schemas import read_document

    files, credentials, hubs = known
    texts, states, flash = devices
    parties = signer_keys(files)
    if hubs is not None:
        with hubs.open("rb"):
            pass  # SQLite would make what is not there
    schema = Schema.find()
    wanted = bench.places(texts, parties)
    loaded = {
        role.lower(): cast("dict[str, Any]", read_document(Path(name), "state"))
        for role, name in named(states, "--state").items()
    }
    device_keys = bench.documents(files)
    known_here = Known(
        KeyRing.load(files),
        parties,
        Credentials.load(credentials),
        schema,
        post.listeners(listeners),
        hubs,
        bench.owners(device_keys),
    )
    # All that may be wrong is found before a file is made.
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if flash is not None and flash.exists() and not flash.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(flash))
    gateway = Gateway(Store(path), known_here)
    bench.add_lines(gateway, wanted, device_keys, loaded, flash)
    if schema is None:
        complain("note: no DUIS_DIR with the schema: requests are not validated")
    return gateway


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(dcc)
