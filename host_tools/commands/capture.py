"""`smets capture`: a home's HAN traffic and GBCS messages as a pcapng file for Wireshark."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import complain, distinct, say
from host_tools.options import fail


def _eui(text: str) -> int:
    from host_tools.han.frame import FrameError, eui_number

    try:
        return eui_number(text)
    except FrameError as error:
        raise typer.BadParameter(str(error)) from error


def capture(
    file: Annotated[
        Path, typer.Argument(help="The pcapng file to write; FILE.keys beside it.", dir_okay=False)
    ],
    log: Annotated[
        Path | None,
        typer.Option(
            help="Log of a home: '<utc-ms> ZCL:FRAME#...' a line, '<utc-ms> to|from EUI "
            "GBCS:DATA#...'. Standard input without it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    coordinator: Annotated[
        str | None,
        typer.Option(help="EUI-64 with short address 0x0000; otherwise the log's gpf or chf."),
    ] = None,
) -> None:
    """Write HAN frames as IEEE 802.15.4/ZigBee packets, and the test keys beside them.

    GBCS messages with the service side are on an interface of their own, for the dissector that
    smets dissector --install gives to Wireshark.

    Exit status: 0; 1 where lines were left out or there is neither frame nor message; 2 for bad
    arguments and files.
    """
    from host_tools.han.capture import BYTE_ORDER_NOTE, key_records, tshark_options, write_capture
    from host_tools.han.frame import format_eui
    from host_tools.han.framelog import read_devices, read_log
    from host_tools.private import write_private
    from host_tools.textfile import open_again

    first = None if coordinator is None else _eui(coordinator)
    keys = Path(f"{file}.keys")
    try:
        distinct((file, keys), ("-" if log is None else log,))
        with open_again(log) as lines:
            roles = read_devices(lines)
            lines.seek(0)
            with file.open("wb") as out:
                summary = write_capture(read_log(lines), out, first, roles)
        reader = shlex.join(["tshark", "-r", file.name, *tshark_options()])
        listed = (
            "# Test keys of this capture: Wireshark's table zigbee_pc_keys. On a command line:\n"
            f"# {reader}\n# {BYTE_ORDER_NOTE}\n"
            + "".join(f"{record}\n" for record in key_records())
        )
        write_private(keys, listed.encode())
    except (OSError, ValueError) as error:
        raise fail("capture", error) from error
    beside = f", {summary.messages} GBCS messages" if summary.messages else ""
    say(f"{file}: {summary.frames} frames in {summary.packets} packets{beside}")
    for eui, short, role in summary.devices:
        say(f"0x{short:04x} {format_eui(eui)} {role}")
    say(f"keys in {keys}, or: {reader}")
    for bad in summary.bad_lines:
        complain(f"left out: {bad}")
    if summary.bad > len(summary.bad_lines):
        complain(f"left out: {summary.bad - len(summary.bad_lines)} more")
    nothing = not summary.frames and not summary.messages
    if nothing:
        complain("smets capture: there is no frame in the log")
    if summary.bad_lines or nothing:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add `smets capture` to the command line."""
    app.command("capture")(capture)
