"""`smets utrn`: a token that adds credit to a prepayment meter, or what a token says."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import complain
from host_tools.eui import parse_eui
from host_tools.options import fail

# A meter that saw no token yet finds a typed counter up to here.
_FIRST = 512


def utrn(
    pounds: Annotated[
        str,
        typer.Argument(metavar="POUNDS|TOKEN", help="Such as 10 or 10.50; or 20 digits to read."),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", help="parties.json of smets keygen; else smets run's home."
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="EUI", help="The meter, 16 hexadecimal digits; else smets run's."
        ),
    ] = "",
    counter: Annotated[
        int | None,
        typer.Option(
            "--counter",
            metavar="N",
            min=0,
            help="Each once; else 1 to 512 at random.",
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without spaces.")] = False,
) -> None:
    """Print a token of 20 digits that a meter of a test home takes once.

    Typed at a meter, its counter must be within 512 of the highest one that the meter took.
    CS01a carries it with the originator counter that is printed with it.
    """
    from host_tools.example import EUIS, SEED
    from host_tools.keys import SchemaProblem, load_parties
    from host_tools.testkeys import make_home
    from host_tools.utrn import (
        TokenError,
        grouped,
        originator_counter,
        pennies_of,
        read_token,
        token_for,
    )

    digits = "".join(pounds.split())
    try:
        if len(digits) == 20 and digits.isascii() and digits.isdigit():
            held = read_token(digits)
            amount = f"{held.pennies // 100}.{held.pennies % 100:02}"
            typer.echo(f"{amount} pounds, UTRN counter {held.truncated} modulo 1024")
            return
        meter = parse_eui(to or EUIS["esme"])
        parties = load_parties(keys) if keys else make_home(seed=SEED).parties()
        number = secrets.randbelow(_FIRST) + 1 if counter is None else counter
        digits = token_for(parties, meter, pennies_of(pounds), number)
    except (OSError, KeyError, ValueError, SchemaProblem, TokenError) as error:
        raise fail("utrn", error) from None
    typer.echo(digits if plain else grouped(digits))
    if not plain:
        complain(f"originator counter of CS01a: {originator_counter(number)}")


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(utrn)
