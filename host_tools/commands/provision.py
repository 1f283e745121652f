"""`smets provision`: give a board its identity, keys, state and clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from host_tools import options
from host_tools.console import EXIT_USAGE, reason, say

if TYPE_CHECKING:
    from host_tools.provision import Identity

EXIT_REFUSED = 1

_Json = dict[str, Any]


def _fail(text: str, status: int) -> typer.Exit:
    from host_tools.provision import uncovered

    return options.fail("provision", uncovered(text), status)


def provision_command(
    port: Annotated[
        str, options.port_argument(metavar="PORT", help="Serial port, host:port, or auto.")
    ],
    keys: Annotated[
        list[Path] | None,
        typer.Option(help="KEYS.json of the device; also parties.json, to compare it with."),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="STATE.json to start from.")] = None,
    clock: Annotated[str, typer.Option(help="now, or UTC such as 2026-11-06T10:00:00Z.")] = "",
    pair: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=EUI", help="Pair it: esme, gpf or gsme, and its EUI-64."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove and overwrite another identity first.")
    ] = False,
) -> None:
    """Give the device at PORT its identity: keys, parties, state, pairs and clock.

    What it has already is not sent again. Afterwards it is restarted and asked what it holds. No
    key is ever printed. Exit status: 0 if all is there, 1 if the device refuses (with its reason)
    or does not answer, 2 for bad arguments and files; then the device was not touched.
    """
    from host_tools.provision import ProvisionError, provision
    from host_tools.schemas import SchemaProblem

    try:
        wanted = _identity(keys or [], state, pair or [], clock)
    except (SchemaProblem, OSError, ValueError) as error:
        raise _fail(reason(error), EXIT_USAGE) from None
    say(f"{wanted.eui} at {port}")
    try:
        provision(port, wanted, replace, lambda what, how: say(f"  {what:<9} {how}"))
    except ProvisionError as error:
        raise _fail(f"{port}: {error}", EXIT_REFUSED) from None


def _identity(
    files: list[Path], state_file: Path | None, pairs: list[str], clock: str
) -> Identity:
    """What the files say together; ValueError where they contradict each other."""
    from host_tools.gbcs.times import parse_iso
    from host_tools.provision import Identity
    from host_tools.schemas import read_document

    keys, parties = _read_keys(files)
    state = cast("_Json | None", read_document(state_file, "state") if state_file else None)
    eui = str((keys or {}).get("device_id", "")).upper()
    told = str((state or {}).get("device_eui", eui)).upper()
    if eui and told != eui:
        raise ValueError(f"{state_file}: device_eui is {told}, the keys are of {eui}")
    if not told:
        raise ValueError("no identity: give --keys KEYS.json, or --state with device_eui")
    kinds: dict[str, str] = {}
    for name, document in (("the keys", keys), (str(state_file), state)):
        if document and "device" in document:
            kinds[document["device"]] = name
    if keys is not None and parties is not None:
        kinds[_compare(keys, parties)] = "parties.json"
    if len(kinds) > 1:
        raise ValueError(
            "the files are of several devices: " + ", ".join(f"{k} ({kinds[k]})" for k in kinds)
        )
    if clock not in ("", "now"):
        parse_iso(clock)
    return Identity(told, next(iter(kinds), ""), keys, state, tuple(map(_pair, pairs)), clock)


def _read_keys(files: list[Path]) -> tuple[_Json | None, _Json | None]:
    """KEYS.json and parties.json among the files, told apart by their members."""
    from host_tools.schemas import SchemaProblem, parse_document, validate

    found: dict[str, _Json] = {}
    for path in files:
        try:
            document = cast("_Json", parse_document(path.read_bytes()))
            which = "parties" if "devices" in document else "keys"
            validate(document, which)
        except SchemaProblem as error:
            raise SchemaProblem(error.path, error.what, str(path)) from None
        if which in found:
            raise ValueError(f"{path}: a second {which}.json: one device at a time")
        found[which] = document
    if "parties" in found and "keys" not in found:
        raise ValueError("parties.json alone has no key of the device: give its KEYS.json, too")
    return found.get("keys"), found.get("parties")


def _compare(keys: _Json, parties: _Json) -> str:
    """What parties.json says that the device is; ValueError where it knows it otherwise."""
    eui = keys["device_id"].upper()
    known = {entry["id"].upper(): entry for entry in parties["devices"]}
    if eui not in known:
        raise ValueError(f"parties.json knows no device {eui}")
    for own, theirs in (("device_ka_public", "ka_public"), ("device_ds_public", "ds_public")):
        if keys.get(own, "").upper() != known[eui].get(theirs, keys.get(own, "")).upper():
            raise ValueError(f"parties.json has another {theirs} of {eui}: of another keygen?")
    theirs = {entry["id"].upper(): entry for entry in parties["parties"]}
    for party in keys["parties"]:
        other = theirs.get(party["id"].upper(), {})
        for member in ("ka_public", "ds_public", "prepayment_ka_public"):
            if (
                member in party
                and party[member].upper() != other.get(member, party[member]).upper()
            ):
                raise ValueError(f"parties.json has another {member} of the {party['role']}")
    return str(known[eui]["type"])


def _pair(text: str) -> tuple[str, str]:
    from host_tools.eui import parse_eui

    role, equals, eui = text.partition("=")
    try:
        if not equals:
            raise ValueError("ROLE=EUI is expected")
        return role.lower(), parse_eui(eui).hex().upper()
    except ValueError as error:
        raise ValueError(f"--pair {text}: {error}") from None


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command("provision")(provision_command)
