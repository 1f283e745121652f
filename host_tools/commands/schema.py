"""`smets schema`: print the JSON Schema of STATE.json, KEYS.json or PARTIES.json."""

from __future__ import annotations

from typing import Annotated

import typer

from host_tools.options import fail
from host_tools.schemas import NAMES, schema_text


def schema(
    which: Annotated[
        str,
        typer.Argument(
            metavar="state|keys|parties", help="Which schema.", autocompletion=lambda: list(NAMES)
        ),
    ],
) -> None:
    """Print a JSON Schema (draft 2020-12)."""
    if which not in NAMES:
        raise fail("schema", f"{which!r} is not one of {', '.join(NAMES)}")
    typer.echo(schema_text(which), nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(schema)
