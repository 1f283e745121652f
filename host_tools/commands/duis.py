"""`smets duis`: requests of service users to the DCC, and the commands that they become."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools import options
from host_tools.console import complain, say
from host_tools.options import fail

TYPES = ("ESME", "GSME", "GPF", "CHF", "PPMID", "HCALCS", "SAPC")
ROLES = ("supplier", "network_operator", "load_controller", "unknown")

Keys = Annotated[
    list[Path] | None,
    typer.Option("--keys", metavar="FILE", help="parties.json or KEYS.json; repeatable."),
]


def command(
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST.xml", help="A DUIS request; - for stdin.")
    ],
    keys: Keys = None,
    device: Annotated[
        str, options.choice(TYPES, "--device", help="What the target is, else as the keys say.")
    ] = "",
    role: Annotated[
        str, options.choice(ROLES, "--role", help="The user's role, else as the keys say.")
    ] = "",
    use_case: Annotated[
        str, typer.Option("--use-case", metavar="NAME", help="Where several fit the request.")
    ] = "",
    counter: Annotated[
        int | None,
        typer.Option("--counter", metavar="N", min=0, help="Of the DCC, where it sends."),
    ] = None,
    time: Annotated[
        str, typer.Option("--time", metavar="UTC", help="In place of the current time.")
    ] = "",
    dcc: Annotated[
        list[str] | None,
        typer.Option("--dcc", metavar="NAME=VALUE", help="What the DCC fills in; repeatable."),
    ] = None,
    older: Annotated[bool, typer.Option("--older", help="The device's GBCS is older.")] = False,
    polyphase: Annotated[bool, typer.Option("--polyphase", help="A polyphase meter.")] = False,
    twin: Annotated[bool, typer.Option("--twin", help="A twin element meter.")] = False,
) -> None:
    """Print what a request becomes, as hex: a pre-command if it is critical, else a command.

    A pre-command goes back to the user, for `smets sign`. A request that carries a signed one
    becomes the command. Commands need --keys for the broker's MAC.
    """
    from host_tools.duis.command import Device
    from host_tools.duis.make import Wishes, make, named
    from host_tools.keys import SchemaProblem

    try:
        given = named(dcc or [], "--dcc")
        wishes = Wishes(
            Device(device, role, older, polyphase, twin, given), use_case, counter, time
        )
        made = make(request, keys or [], wishes)
    except (OSError, KeyError, ValueError, SchemaProblem) as error:
        raise fail("duis command", error) from None
    if made.unsigned:
        complain(f"{made.name}: a pre-command, which the user signs (smets sign)")
    say(made.octets.hex().upper())


def new(
    service: Annotated[str, typer.Argument(metavar="SRV", help="Such as 4.1.1 or 1.6.")],
    by: Annotated[str, typer.Option("--from", metavar="EUI", help="The service user.")],
    to: Annotated[str, typer.Option("--to", metavar="EUI", help="The device.")] = "",
    counter: Annotated[
        int | None,
        typer.Option("--counter", metavar="N", min=0, help="Else milliseconds since 1970."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="A value, such as Credit= or A/B[2]/@index=1."
        ),
    ] = None,
    request: Annotated[
        str, typer.Option("--request", metavar="NAME", help="Its element, where there are two.")
    ] = "",
    variant: Annotated[
        int | None,
        typer.Option("--variant", metavar="N", min=1, max=8, help="Command variant."),
    ] = None,
) -> None:
    """Print a request, unsigned, that DUIS 5.4 allows (the schema is read from DUIS_DIR).

    Without the schema, the order of elements is that of --set, and nothing is validated; it says
    so. `smets xmlsign` signs it.
    """
    from host_tools.duis import new as making
    from host_tools.duis.make import named
    from host_tools.duis.schema import Schema

    try:
        schema = Schema.find()
        wanted = making.Wanted(service, by, to, counter, request, variant)
        text = making.request(wanted, named(values or [], "--set"), schema)
    except (OSError, ValueError) as error:
        raise fail("duis new", error) from None
    if schema is None:
        complain("note: no DUIS_DIR with the schema: not validated")
    typer.echo(text, nl=False)


def request(
    message: Annotated[str, typer.Argument(metavar="HEX|FILE|-", help="A GBCS command.")],
    keys_: Keys = None,
) -> None:
    """Print the request, unsigned, that becomes a GBCS command, octet for octet.

    `smets xmlsign` signs it. Needs --keys of the command's parties.
    """
    from datetime import UTC, datetime

    from host_tools.dcc.bridge import NotSent, request_of
    from host_tools.keys import KeyRing, SchemaProblem
    from host_tools.messages import InputError, read_messages

    try:
        messages = read_messages(message)
        if len(messages) != 1:
            raise InputError(f"{len(messages)} messages, not one")
        ring = KeyRing.load(keys_ or [])
        found = request_of(messages[0].octets, ring, datetime.now(UTC))
    except (OSError, ValueError, InputError, NotSent, SchemaProblem) as error:
        raise fail("duis request", error) from None
    typer.echo(found, nl=False)


def keys(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    user: Annotated[
        list[str] | None, typer.Option("--user", metavar="EUI", help="A user; repeatable.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Make a test PKI for XML signatures: an authority, certificates of users and of the DCC.

    credentials.json is the set of them, for `smets xmlsign` and `smets xmlverify`.
    """
    from host_tools.duis import pki
    from host_tools.eui import parse_eui

    try:
        written = pki.write(out, [parse_eui(text) for text in user or []], force)
    except (OSError, ValueError) as error:
        raise fail("duis keys", error) from None
    for path in written:
        typer.echo(str(path))


def bridge(
    gateway: Annotated[str, typer.Option(metavar="URL", help="Such as http://127.0.0.1:8079/.")],
    keys_: Keys = None,
    credentials: Annotated[
        Path, typer.Option(metavar="FILE", help="XML signing: users' keys, the DCC's certificate.")
    ] = Path("credentials.json"),
    listener: Annotated[
        int, typer.Option(min=0, max=65535, help="Port at which the gateway posts answers.")
    ] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the bench link.")] = 0,
) -> None:
    """Put a device behind a gateway onto the bench link: its commands go as DUIS over HTTP.

    Prints the address for `smets conform --black-box --engine`, and the one that the gateway has
    to post to (`smets dcc --listener`). Ends with Ctrl-C.
    """
    import signal
    from threading import Event

    from host_tools.dcc.bridge import Bridge, Link
    from host_tools.duis.credentials import Credentials
    from host_tools.keys import KeyRing, SchemaProblem

    try:
        user = Bridge(gateway, KeyRing.load(keys_ or []), Credentials.load(credentials), listener)
        link = Link(user, port)
    except (OSError, ValueError, SchemaProblem) as error:
        raise fail("duis bridge", error) from None
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    typer.echo(f"{link.address} (answers are posted to {user.url})")
    try:
        stopped.wait()
    finally:
        link.close()
        user.close()


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    own = typer.Typer(
        no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
    )
    own.callback()(duis)
    own.command()(command)
    own.command()(new)
    own.command()(request)
    own.command()(keys)
    own.command()(bridge)
    app.add_typer(own, name="duis")


def duis() -> None:
    """Requests of service users to the DCC, and the commands that they become (docs/duis.md)."""
