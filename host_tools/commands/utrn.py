"""`smets utrn`: a test token that adds credit to a prepayment meter."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands.parse import fail
from host_tools.keys import SchemaProblem, load_parties
from host_tools.show.stage import EUIS, SEED
from host_tools.testkeys import make_home
from host_tools.utrn import COUNTER_MAX, TokenError, grouped, pennies_of, token_for


def utrn(
    pounds: Annotated[str, typer.Argument(metavar="POUNDS", help="Such as 10 or 10.50.")],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", help="parties.json of smets keygen; else smets run's home."
        ),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="EUI", help="The meter, 16 hexadecimal digits.")
    ] = EUIS["esme"],
    counter: Annotated[
        int | None,
        typer.Option(
            "--counter", metavar="N", min=0, max=COUNTER_MAX, help="Each once; else at random."
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without spaces.")] = False,
) -> None:
    """Print a token of 20 digits that a meter of a test home takes once.

    The token is this project's own (docs/choices.md): no real meter takes it.
    """
    try:
        meter = bytes.fromhex(to)
        parties = load_parties(keys) if keys else make_home(seed=SEED).parties()
        number = secrets.randbelow(COUNTER_MAX) + 1 if counter is None else counter
        digits = token_for(parties, meter, pennies_of(pounds), number)
    except KeyError as error:
        raise fail(str(error.args[0])) from None
    except (OSError, ValueError, SchemaProblem, TokenError) as error:
        raise fail(str(error)) from None
    typer.echo(digits if plain else grouped(digits))


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(utrn)
