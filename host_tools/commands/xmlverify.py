"""`smets xmlverify`: verify the signature of a DUIS request or response."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import complain, say
from host_tools.options import fail

REFUSED = 1


def xmlverify(
    file: Annotated[Path, typer.Argument(metavar="FILE.xml", help="A DUIS document.")],
    credentials: Annotated[
        Path, typer.Option("--credentials", metavar="FILE", help="A set (docs/duis.md).")
    ],
    time: Annotated[
        str, typer.Option("--time", metavar="UTC", help="In place of the current time.")
    ] = "",
    output: Annotated[
        bool, typer.Option("--output", help="Print what was verified, without its signature.")
    ] = False,
) -> None:
    """Say who signed a document, if its signature holds, and in which role.

    Exit status 0; 1 if the document is refused, with the reason; 2 for bad arguments and files.
    """
    from datetime import UTC, datetime

    from lxml import etree

    from host_tools.duis import document, signature
    from host_tools.duis.credentials import Credentials
    from host_tools.duis.errors import DuisError
    from host_tools.gbcs.times import parse_iso

    try:
        known = Credentials.load(credentials)
        now = parse_iso(time) if time else datetime.now(UTC)
        data = document.read(file)
    except (OSError, ValueError) as error:
        raise fail("xmlverify", error) from None
    try:
        verified = signature.verify(data, known, now)
    except DuisError as error:
        raise fail("xmlverify", f"refused: {error}", REFUSED) from None
    if output:
        complain(verified.text)
        typer.echo(etree.tostring(verified.root, encoding="unicode"))
        return
    say(verified.text)


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(xmlverify)
