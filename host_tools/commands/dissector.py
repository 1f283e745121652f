"""`smets dissector`: shows GBCS messages in Wireshark: installs its dissector, or prints it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import say
from host_tools.options import fail


def dissector(
    install: Annotated[
        bool, typer.Option("--install", help="Put it into Wireshark's personal plugins folder.")
    ] = False,
    path: Annotated[
        Path | None,
        typer.Option(
            "--path", metavar="PLACE", help="Another folder, or a .lua file, instead of that."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out again.")] = False,
    show: Annotated[bool, typer.Option("--print", help="Print the Lua text.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a file that is not of this program.")
    ] = False,
) -> None:
    """Install the Wireshark dissector of GBCS messages, print it, or say where it would go.

    Wireshark then shows what smets capture writes, and takes it by name in "Decode As" and
    "Import from Hex Dump". A file of the same name that is not of this program is left alone.
    """
    from host_tools.dissector import place
    from host_tools.dissector.bundle import FILE, bundle

    if install + remove + show > 1:
        raise fail("dissector", "--install, --remove and --print exclude each other")
    if show:
        typer.echo(bundle(), nl=False)
        return
    where = place.plugins_folder() if path is None else path
    try:
        if remove:
            gone = place.remove(where)
            say(f"removed {gone}" if gone else f"{where}: there is none")
        elif install or path is not None:
            written, how = place.install(where, force)
            say(f"{written}: {_HOW[how]}")
        else:
            say(f"smets dissector --install writes {where / FILE}")
    except (OSError, place.ForeignFile) as error:
        raise fail("dissector", error) from None


_HOW = {
    "new": "installed; Wireshark loads it when it starts",
    "renewed": "renewed; Wireshark loads it when it starts",
    "same": "is there already",
}


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(dissector)
