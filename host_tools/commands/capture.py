"""`smets capture`: the HAN traffic of a home as a pcapng file for Wireshark."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import EXIT_USAGE, complain, distinct, say
from host_tools.han.capture import BYTE_ORDER_NOTE, key_records, tshark_options, write_capture
from host_tools.han.frame import FrameError, eui_number, format_eui
from host_tools.han.framelog import read_log
from host_tools.private import write_private
from host_tools.textfile import read_stdin, read_text


def _eui(text: str) -> int:
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
            help="Frame log: '<utc-ms> ZCL:FRAME#...' a line. Standard input without it.",
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

    Exit status: 0; 1 where lines were left out or there is no frame; 2 for bad arguments and
    files.
    """
    first = None if coordinator is None else _eui(coordinator)
    keys = Path(f"{file}.keys")
    try:
        distinct((file, keys), ("-" if log is None else log,))
        text = read_stdin("replace") if log is None else read_text(log, "replace")
        entries = list(read_log(text.splitlines()))
        with file.open("wb") as out:
            summary = write_capture(entries, out, first)
        reader = shlex.join(["tshark", "-r", file.name, *tshark_options()])
        listed = (
            "# Test keys of this capture: Wireshark's table zigbee_pc_keys. On a command line:\n"
            f"# {reader}\n# {BYTE_ORDER_NOTE}\n"
            + "".join(f"{record}\n" for record in key_records())
        )
        write_private(keys, listed.encode())
    except (OSError, ValueError) as error:
        complain(f"smets capture: {error}")
        raise typer.Exit(EXIT_USAGE) from error
    say(f"{file}: {summary.frames} frames in {summary.packets} packets")
    for eui, short, role in summary.devices:
        say(f"0x{short:04x} {format_eui(eui)} {role}")
    say(f"keys in {keys}, or: {reader}")
    for bad in summary.bad_lines:
        complain(f"left out: {bad}")
    if not summary.frames:
        complain("smets capture: there is no frame in the log")
    if summary.bad_lines or not summary.frames:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add `smets capture` to the command line."""
    app.command("capture")(capture)
