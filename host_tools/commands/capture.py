"""`smets capture`: the HAN traffic of a home as a pcapng file for Wireshark."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from host_tools.han.capture import BYTE_ORDER_NOTE, key_records, tshark_options, write_capture
from host_tools.han.frame import FrameError, format_eui, parse_eui
from host_tools.han.framelog import read_log


def _eui(text: str) -> int:
    try:
        return parse_eui(text)
    except FrameError as error:
        raise typer.BadParameter(str(error)) from error


def capture(
    file: Annotated[
        Path, typer.Argument(help="The pcapng file to write.", dir_okay=False, writable=True)
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
    """Write HAN frames as IEEE 802.15.4/ZigBee packets, and the test keys beside them."""
    first = None if coordinator is None else _eui(coordinator)
    source = sys.stdin if log is None else log.open(encoding="ascii", errors="replace")
    try:
        entries = list(read_log(source))
    finally:
        if log is not None:
            source.close()
    with file.open("wb") as out:
        summary = write_capture(entries, out, first)
    keys = file.with_suffix(".keys")
    reader = shlex.join(["tshark", "-r", file.name, *tshark_options()])
    keys.write_text(
        "# Test keys of this capture: Wireshark's table zigbee_pc_keys. On a command line:\n"
        f"# {reader}\n# {BYTE_ORDER_NOTE}\n" + "".join(f"{record}\n" for record in key_records()),
        encoding="ascii",
    )
    typer.echo(f"{file}: {summary.frames} frames in {summary.packets} packets")
    for eui, short, role in summary.devices:
        typer.echo(f"0x{short:04x} {format_eui(eui)} {role}")
    typer.echo(f"keys in {keys}, or: {reader}")
    for bad in summary.bad_lines:
        typer.echo(f"left out: {bad}", err=True)
    if summary.bad_lines:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add `smets capture` to the command line."""
    app.command("capture")(capture)
