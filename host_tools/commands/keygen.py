"""`smets keygen`: test keys for devices and remote parties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from host_tools import options
from host_tools.console import complain
from host_tools.eui import parse_eui
from host_tools.options import fail
from host_tools.private import write_private
from host_tools.roles import ROLES
from host_tools.schemas import schema

if TYPE_CHECKING:
    from host_tools.testkeys import Home

TYPES: list[str] = schema("parties")["$defs"]["device"]["properties"]["type"]["enum"]


def keygen(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    device: Annotated[
        list[str] | None, options.choice(TYPES, metavar="TYPE", help="ESME, GSME, GPF, ...")
    ] = None,
    eui: Annotated[
        list[str] | None, typer.Option("--eui", metavar="EUI", help="Its EUI-64, 16 hex digits.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N", help="Reproducible keys, for tests only.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Make key pairs: gpf-<EUI>.json (KEYS.json) for each device, and parties.json.

    Give --device and --eui once for each device; without them a home of four devices is made. The
    remote parties are a supplier, a network operator and an access control broker, which has no
    signing key. All files hold private keys. `smets provision` puts them onto a board.
    """
    from host_tools.testkeys import make_home

    try:
        home = make_home(_devices(device or [], eui or []), seed)
        written = _write(home, out, force)
    except (OSError, ValueError) as error:
        raise fail("keygen", error) from None
    for path in written:
        typer.echo(str(path))
    if seed is not None:
        complain("Keys from a seed are known to everybody: use them for tests only.")


def _devices(types: list[str], euis: list[str]) -> list[tuple[str, str]]:
    if len(types) != len(euis):
        raise ValueError(
            f"{len(types)} --device, but {len(euis)} --eui: give both for each device"
        )
    if not types:
        from host_tools.testkeys import HOME

        return list(HOME)
    upper: list[str] = []
    for eui in euis:
        try:
            upper.append(parse_eui(eui).hex().upper())
        except ValueError as error:
            raise ValueError(f"--eui {eui}: {error}") from None
    if len(set(upper)) != len(upper):
        raise ValueError("--eui: two devices with the same EUI-64")
    return list(zip(types, upper, strict=True))


def _write(home: Home, out: Path, force: bool) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    kinds = {device["id"]: device["type"] for device in home.parties_document["devices"]}
    files: dict[Path, bytes] = {}
    for eui, document in home.keys.items():
        kind = kinds[eui]
        # The firmware plays no other kinds, and KEYS.json is a device's of ours.
        named = {"device": kind} if kind.lower() in ROLES else {}
        files[out / f"{kind.lower()}-{eui}.json"] = _json({**named, **document})
    files[out / "parties.json"] = _json(home.parties_document)
    existing = [path for path in files if path.exists()]
    if existing and not force:
        raise ValueError(f"{existing[0]} exists: --force overwrites it")
    for path, data in files.items():
        write_private(path, data)
    return sorted(files)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode() + b"\n"


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(keygen)
