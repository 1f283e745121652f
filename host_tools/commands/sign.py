"""`smets sign`: sign a pre-command as a user."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import say
from host_tools.options import fail


def sign(
    source: Annotated[
        str, typer.Argument(metavar="HEX|-|FILE", help="The pre-command, hex or base64.")
    ],
    keys: Annotated[
        list[Path],
        typer.Option("--keys", metavar="FILE", help="parties.json; KEYS.json; repeatable."),
    ],
    who: Annotated[
        str, typer.Option("--as", metavar="ROLE|EUI", help="Who signs; else its originator.")
    ] = "",
    mac: Annotated[
        bool, typer.Option("--mac", help="Add the broker's MAC: the command as it is sent.")
    ] = False,
) -> None:
    """Print a pre-command with the signature of the party that is its originator.

    Without --mac it is what a user gives back to the DCC (command variant 5).
    """
    from host_tools.duis import command
    from host_tools.duis.make import broker_mac, signer_keys
    from host_tools.keys import SchemaProblem
    from host_tools.messages import InputError, read_messages

    try:
        messages = read_messages(source)
        if len(messages) != 1:
            raise ValueError(f"{len(messages)} messages, not one")
        parties = signer_keys(keys)
        signed = command.sign(messages[0].octets, parties, who)
        if mac:
            signed = broker_mac(signed, keys, parties)
    except (OSError, KeyError, ValueError, InputError, SchemaProblem) as error:
        raise fail("sign", error) from None
    say(signed.hex().upper())


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(sign)
