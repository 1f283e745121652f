"""`smets parse`: decode messages for people, or as JSON."""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.render import render
from host_tools.keys import KeyRing, SchemaProblem

OK, FAILED_CHECK, MALFORMED = 0, 1, 2


def parse(
    source: Annotated[
        str, typer.Argument(metavar="[HEX|-|FILE]", help="A message, standard input, or a file.")
    ] = "-",
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
        bool, typer.Option("--pre-command", help="Accept a command not yet signed or MACed.")
    ] = False,
    rows: Annotated[int, typer.Option(min=0, help="Rows of a log to show; 0: all.")] = 24,
) -> None:
    """Decode GBCS messages, one a line: headers, payload, values in units, verdicts.

    Exit status 0; 1 if a MAC, signature or tag is wrong; 2 if a message is malformed or an
    argument wrong.
    """
    try:
        ring = _ring(keys or [], device_type or [])
        lines = list(read_lines(source))
    except (OSError, ValueError, SchemaProblem) as error:
        raise fail(str(error)) from None
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)  # nothing cut off in files and pipes
    status = OK
    for number, line in lines:
        where = f"line {number}: " if len(lines) > 1 else ""
        try:
            message = decode(to_octets(line), ring, unsigned=pre_command)
        except (DecodeError, ValueError) as error:
            typer.echo(f"{where}{error}", err=True)
            if as_json:
                offset = error.offset if isinstance(error, DecodeError) else None
                typer.echo(json.dumps({"error": str(error), "offset": offset}))
            status = MALFORMED
            continue
        if as_json:
            typer.echo(json.dumps(message.to_json()))
        else:
            console.print(render(message, rows))
        if message.failed:
            status = max(status, FAILED_CHECK)
    raise typer.Exit(status)


def fail(what: str) -> typer.Exit:
    """Say what is wrong with an argument or file, and make the exit of status 2."""
    typer.echo(what, err=True)
    return typer.Exit(MALFORMED)


def read_lines(source: str) -> Iterator[tuple[int, str]]:
    """The messages of a HEX argument, of `-` (standard input) or of a file, with line numbers.

    Empty lines are passed over; raises OSError or ValueError if there is nothing to read.
    """
    if source == "-":
        text = sys.stdin.read()
    elif not set(source) - set(f"{string.hexdigits} ") and not _is_file(source):
        text = source
    else:
        try:
            text = Path(source).read_text(encoding="ascii")
        except UnicodeDecodeError:
            raise ValueError(f"{source}: not a text file of hex digits") from None
        except OSError as error:
            what = f"neither hexadecimal nor a file: {error.strerror}"
            raise ValueError(f"{source[:64]}: {what}") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        raise ValueError("no message given")
    yield from lines


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a name: a message
        return False


def to_octets(line: str) -> bytes:
    """Hex digits (blanks between octets are allowed) to octets; ValueError names the place."""
    digits = "".join(line.split())
    for index, digit in enumerate(digits):
        if digit not in "0123456789abcdefABCDEF":
            raise ValueError(f"character {index + 1} ({digit!r}) is not a hex digit")
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hex digits: half an octet at the end")
    return bytes.fromhex(digits)


def _ring(files: list[Path], types: list[str]) -> KeyRing:
    ring = KeyRing.load(files)
    for text in types:
        eui, separator, kind = text.partition("=")
        if not separator or len(eui) != 16 or kind not in ("GPF", "GSME", "ESME", "CHF"):
            raise ValueError(f"--device-type {text}: expected EUI=GPF or EUI=GSME")
        try:
            ring.set_device_type(bytes.fromhex(eui), kind)
        except ValueError:
            raise ValueError(f"--device-type {text}: {eui} is not an EUI-64") from None
    return ring


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(parse)
