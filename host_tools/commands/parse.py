"""`smets parse`: decode messages for people, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.console import complain, in_colour, say
from host_tools.eui import parse_eui
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.gbcs.message import Message
    from host_tools.keys import KeyRing
    from host_tools.messages import Input

_TYPES = ("GPF", "GSME", "ESME", "CHF")
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
    from host_tools.gbcs.errors import DecodeError
    from host_tools.gbcs.message import examine
    from host_tools.keys import SchemaProblem
    from host_tools.messages import InputError

    try:
        ring = read_ring(keys or [], device_type or [])
        inputs = _inputs(source or ["-"])
    except (OSError, ValueError, InputError, SchemaProblem) as error:
        raise fail("parse", error) from None
    show = _shower(rows)
    status = OK
    for item in inputs:
        where = f"{item.where}: " if len(inputs) > 1 else ""
        try:
            if item.error:
                raise ValueError(item.error)
            message = examine(item.octets, ring)
        except (DecodeError, ValueError) as error:
            complain(f"smets parse: {where}{error}")
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
            show(message)
        for fault in message.faults:
            complain(f"smets parse: {where}{fault}")
        if message.faults:
            status = MALFORMED
        elif message.failed:
            status = max(status, FAILED_CHECK)
    raise typer.Exit(status)


def _shower(rows: int) -> Callable[[Message], None]:
    """What prints a message: in colour on a terminal, as plain lines to a file or pipe."""
    if not in_colour():
        from host_tools.gbcs.render import render_plain

        encoding = sys.stdout.encoding
        return lambda message: say("\n".join(render_plain(message, rows, encoding)))
    from host_tools.gbcs.render import render
    from host_tools.terminal import Console

    console = Console(highlight=False)
    return lambda message: console.print(render(message, rows))


def _inputs(sources: list[str]) -> list[Input]:
    from host_tools.messages import read_inputs

    if len(sources) == 1:
        return read_inputs(sources[0])
    numbered = enumerate(sources, 1)
    return [item for number, text in numbered for item in read_inputs(text, f"argument {number}")]


def read_ring(files: list[Path], types: list[str]) -> KeyRing:
    """The keys of files, and EUI=TYPE for devices; ValueError, OSError, SchemaProblem."""
    from host_tools.keys import KeyRing

    ring = KeyRing.load(files)
    for text in types:
        eui, separator, kind = text.partition("=")
        if not separator or kind.upper() not in _TYPES:
            raise ValueError(f"--device-type {text}: expected EUI={' or EUI='.join(_TYPES)}")
        try:
            ring.set_device_type(parse_eui(eui), kind.upper())
        except ValueError:
            raise ValueError(f"--device-type {text}: {eui} is not an EUI-64") from None
    return ring


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(parse)
