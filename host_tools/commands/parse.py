"""`smets parse`: decode messages for people, or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import Console, complain, say
from host_tools.eui import parse_eui
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import examine
from host_tools.gbcs.render import render
from host_tools.keys import KeyRing, SchemaProblem
from host_tools.messages import Input, InputError, read_inputs

OK, FAILED_CHECK, MALFORMED = 0, 1, 2


def parse(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HEX|-|FILE]...", help="Messages, standard input, or files of them."
        ),
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", metavar="FILE", help="KEYS.json or PARTIES.json; repeatable."),
    ] = None,
    device_type: Annotated[
        list[str] | None,
        typer.Option("--device-type", metavar="EUI=GPF|GSME", help="What a device is."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a message.")] = False,
    pre_command: Annotated[
        bool, typer.Option("--pre-command", hidden=True, help="Not needed: it is recognised.")
    ] = False,
    rows: Annotated[int, typer.Option(min=0, help="Rows of a log to show; 0: all.")] = 24,
) -> None:
    """Decode GBCS messages, one a line or more: headers, payload, values in units, verdicts.

    Messages are hex (or a dump of `xxd`) or base64. Blocks are joined, and what cannot be read
    hides only itself.

    Exit status 0; 1 if a MAC, signature or tag is wrong; 2 if a message, or a part of it, is
    malformed or an argument wrong.
    """
    try:
        ring = _ring(keys or [], device_type or [])
        inputs = _inputs(source or ["-"])
    except (OSError, ValueError, InputError, SchemaProblem) as error:
        raise fail(str(error)) from None
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)  # nothing cut off in files and pipes
    status = OK
    for item in inputs:
        where = f"{item.where}: " if len(inputs) > 1 else ""
        try:
            if item.error:
                raise ValueError(item.error)
            message = examine(item.octets, ring)
        except (DecodeError, ValueError) as error:
            complain(f"{where}{error}")
            if as_json:
                offset = error.offset if isinstance(error, DecodeError) else None
                print(json.dumps({"error": str(error), "offset": offset}))
            status = MALFORMED
            continue
        if as_json:
            print(json.dumps({**message.to_json(), **({"note": item.note} if item.note else {})}))
        else:
            if item.note:
                say(f"{where}{item.note}")
            console.print(render(message, rows))
        for fault in message.faults:
            complain(f"{where}{fault}")
        if message.faults:
            status = MALFORMED
        elif message.failed:
            status = max(status, FAILED_CHECK)
    raise typer.Exit(status)


def _inputs(sources: list[str]) -> list[Input]:
    if len(sources) == 1:
        return read_inputs(sources[0])
    numbered = enumerate(sources, 1)
    return [item for number, text in numbered for item in read_inputs(text, f"argument {number}")]


def fail(what: str) -> typer.Exit:
    """Say what is wrong with an argument or file, and make the exit of status 2."""
    complain(what)
    return typer.Exit(MALFORMED)


def _ring(files: list[Path], types: list[str]) -> KeyRing:
    ring = KeyRing.load(files)
    for text in types:
        eui, separator, kind = text.partition("=")
        if not separator or kind not in ("GPF", "GSME", "ESME", "CHF"):
            raise ValueError(f"--device-type {text}: expected EUI=GPF or EUI=GSME")
        try:
            ring.set_device_type(parse_eui(eui), kind)
        except ValueError:
            raise ValueError(f"--device-type {text}: {eui} is not an EUI-64") from None
    return ring


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(parse)
