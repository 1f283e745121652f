"""`smets xmlsign`: sign a DUIS request or response."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.options import fail


def xmlsign(
    file: Annotated[Path, typer.Argument(metavar="FILE.xml", help="A DUIS document.")],
    credentials: Annotated[
        Path, typer.Option("--credentials", metavar="FILE", help="A set (docs/duis.md).")
    ],
    serial: Annotated[
        str, typer.Option("--serial", metavar="N", help="The certificate, where not the newest.")
    ] = "",
    time: Annotated[
        str, typer.Option("--time", metavar="UTC", help="In place of the current time.")
    ] = "",
) -> None:
    """Print the document with a signature in place of the one it may have.

    A request is signed by its originator (xmlSign), a response by the DCC (dSPXmlSign): by the
    newest certificate with a key that is valid and not retired.
    """
    from datetime import UTC, datetime

    from host_tools.duis import document, signature
    from host_tools.duis.credentials import Credentials
    from host_tools.gbcs.times import parse_iso

    try:
        known = Credentials.load(credentials)
        now = parse_iso(time) if time else datetime.now(UTC)
        number = int(serial, 0) if serial else None
        signed = signature.sign(document.read(file), known, now, number)
    except (OSError, ValueError) as error:
        raise fail("xmlsign", error) from None
    typer.echo(signed.decode())


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(xmlsign)
