"""`smets command`: build a command as a remote party."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools import options
from host_tools.console import complain, say
from host_tools.eui import parse_eui
from host_tools.options import fail

_ANY_ROLE = "See GBCS"  # so the table says where it names no roles


def command(
    use_case: Annotated[
        str,
        typer.Argument(
            metavar="USECASE", help="Such as GCS13a.", autocompletion=options.use_cases()
        ),
    ] = "",
    counter: Annotated[
        int | None, typer.Option("--counter", metavar="N", min=0, help="Originator counter.")
    ] = None,
    originator: Annotated[
        str, typer.Option("--as", metavar="ROLE|EUI", help="Who sends it.")
    ] = "supplier",
    to: Annotated[str, typer.Option("--to", metavar="EUI", help="The device.")] = "",
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="parties.json of smets keygen.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A value it carries; repeatable."),
    ] = None,
    time: Annotated[
        str, typer.Option("--time", metavar="UTC", help="In place of the current time.")
    ] = "",
    supplementary: Annotated[
        str,
        typer.Option("--supplementary", metavar="EUI[:N]", help="Party a broker asks for."),
    ] = "",
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="That party's certificate, DER."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--params", help="Only list the parameters it needs.")
    ] = False,
    request: Annotated[
        Path | None,
        typer.Option(
            "--from-duis",
            metavar="REQUEST.xml",
            help="All of it from a request, signed as its user.",
        ),
    ] = None,
) -> None:
    """Print a command as hex: signed by the originator when critical, MACed by the broker.

    Times are UTC, such as 2026-11-06T10:00:00Z; `now` and `never` are understood where the use
    case has them. Octet-strings of DLMS are hex, or text after `text:`. Lists and structures are
    JSON in the notation of STATE.json. The parameter `payload` (hex) replaces the whole content.
    `smets duis command` says more of how a request becomes a command.
    """
    from host_tools.gbcs import use_cases
    from host_tools.gbcs.params import ParameterError
    from host_tools.gbcs.times import parse_iso
    from host_tools.keys import SchemaProblem, load_parties
    from host_tools.remote import build_command, needed_parameters

    if request is not None:
        say(_from_duis(request, keys, use_case, counter, time).hex().upper())
        return
    if not use_case:
        raise fail("command", "a use case or --from-duis is needed")
    try:
        row = use_cases.by_name(use_case)
    except KeyError as error:
        raise fail("command", error) from None
    if show:
        for name in needed_parameters(row):
            say(name)
        return
    try:
        if counter is None or not to or keys is None:
            raise ValueError("--counter, --to and --keys are needed")
        parties = load_parties(keys)
        sender = parties.party(originator)
        message = build_command(
            row,
            parties=parties,
            originator=originator,
            target=_eui(to, "--to"),
            counter=counter,
            params=_params(param or []),
            now=parse_iso(time) if time else None,
            supplementary=_supplementary(supplementary),
            certificate=certificate.read_bytes() if certificate else None,
        )
    except (OSError, KeyError, ValueError, SchemaProblem, ParameterError) as error:
        raise fail("command", error) from None
    role = sender.role.replace("_", " ")
    if (
        row.roles
        and _ANY_ROLE not in row.roles
        and role not in [name.lower() for name in row.roles]
    ):
        allowed = ", ".join(row.roles)
        complain(f"note: {row.id} is for {allowed}; a device refuses a {role}")
    say(message.hex().upper())


def _from_duis(
    request: Path, keys: Path | None, use_case: str, counter: int | None, time: str
) -> bytes:
    from host_tools.duis.make import Wishes, make
    from host_tools.keys import SchemaProblem

    wishes = Wishes(use_case=use_case, dcc_counter=counter, time=time)
    try:
        return make(request, [keys] if keys else [], wishes, whole=True).octets
    except (OSError, KeyError, ValueError, SchemaProblem) as error:
        raise fail("command", error) from None


def _eui(text: str, option: str) -> bytes:
    try:
        return parse_eui(text)
    except ValueError as error:
        raise ValueError(f"{option} {text}: {error}") from None


def _params(texts: list[str]) -> dict[str, Any]:
    from host_tools.gbcs.params import from_text

    out: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise ValueError(f"--param {text}: expected NAME=VALUE")
        if name in out:
            raise ValueError(f"--param {name} is given twice")
        out[name] = from_text(value)
    return out


def _supplementary(text: str) -> tuple[bytes, int | None] | None:
    if not text:
        return None
    try:
        return parse_eui(text), None  # colons may be in the EUI itself
    except ValueError:
        pass
    eui, _, counter = text.rpartition(":")
    try:
        return parse_eui(eui), int(counter, 0)
    except ValueError as error:
        raise ValueError(f"--supplementary {text}: {error}") from None


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(command)
