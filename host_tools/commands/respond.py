"""`smets respond`: what a device answers to GBCS commands, worked out by the firmware."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from host_tools import options
from host_tools.console import complain
from host_tools.options import fail
from host_tools.roles import RESPONDERS

if TYPE_CHECKING:
    from host_tools.bench import BenchClient
    from host_tools.messages import Input

EXIT_NO_RESPONSE = 3


def respond(
    device: Annotated[str, options.choice(RESPONDERS)],
    state: Annotated[Path, typer.Option(help="STATE.json: what the device holds.")],
    keys: Annotated[Path, typer.Option(help="KEYS.json: who it is and whom it knows.")],
    source: Annotated[
        str, typer.Argument(metavar="[HEX|-|FILE]", help="Commands, one a line; - is stdin.")
    ] = "-",
    engine: Annotated[str, options.link()] = "unix",
) -> None:
    """Print the response to each GBCS command as upper-case hexadecimal, one a line.

    Exit status: 0 with a response to every command, 3 where the device rightly gives none (the
    reason on stderr; with several commands its line is empty), 2 for bad arguments or files.
    """
    from host_tools import fragments
    from host_tools.bench import BenchClient, BenchError, open_transport
    from host_tools.messages import InputError, read_messages
    from host_tools.schemas import SchemaProblem, read_document

    try:
        document = cast("dict[str, Any]", read_document(state, "state"))
        ring = cast("dict[str, Any]", read_document(keys, "keys"))
        if document.get("device", device.upper()) != device.upper():
            what = f"{state}: state.device is {document['device']}, --device is {device}"
            raise fail("respond", what)
        fragments.check_kind(ring, device, keys)
        messages = read_messages(source)
    except (SchemaProblem, InputError, OSError, ValueError) as error:
        raise fail("respond", error) from error
    try:
        with BenchClient(open_transport(device, engine)) as client:
            client.control("FORGET")  # a board or a server may have played before
            fragments.load(client.control, document, ring)
            refused = _answer_all(client, messages)
    except BenchError as error:
        raise fail("respond", error) from error
    if refused:
        raise typer.Exit(EXIT_NO_RESPONSE)


def _answer_all(client: BenchClient, messages: list[Input]) -> int:
    """Print the answers in order; returns how many commands got none."""
    from host_tools.bench import Refusal
    from host_tools.messages import is_pre_command

    refused = 0
    for number, message in enumerate(messages, 1):
        try:
            if message.note:
                complain(f"command {number}: {message.note}")
            if is_pre_command(message.octets):
                complain(f"command {number}: a Pre-Command: neither signature nor MAC")
            print(client.respond(message.octets).hex().upper())
        except Refusal as reason:
            refused += 1
            if len(messages) > 1:
                print()
            complain(f"command {number}: no response, {reason}")
        sys.stdout.flush()
    return refused


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(respond)
