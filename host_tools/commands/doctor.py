"""`smets doctor`: say what is wrong with a board, and what to do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from host_tools import options
from host_tools.console import complain, say

EXIT_BAD = 1


def doctor(
    port: Annotated[
        str | None,
        options.port_argument(metavar="[PORT]", help="Port, host:port, or auto."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Start the device of a board that is at its REPL.")
    ] = False,
    slots: Annotated[
        bool, typer.Option("--slots", help="Interrupt a device to compare its files.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Look at a board from its port up to the keys of its device, and say what to do.

    Without PORT the USB serial ports are listed. Exit status: 0 if nothing is bad, else 1.
    """
    from host_tools.doctor import BAD, Finding, candidates, examine

    if port is None:
        found = candidates()
        if as_json:
            say(json.dumps([{"port": name, "what": what} for name, what in found]))
        for name, what in found if not as_json else []:
            say(f"{name}  {what}")
        if not found:
            complain("smets doctor: no USB serial port; plug a board in, or name its port")
            raise typer.Exit(EXIT_BAD)
        return
    findings: list[Finding] = []
    for finding in examine(port, fix, slots):
        findings.append(finding)
        if not as_json:
            say(f"{finding.verdict:<4}  {finding.what:<8}  {finding.text}")
            if finding.advice:
                say(f"{'':>16}{finding.advice.replace('PORT', port)}")
    if as_json:
        say(json.dumps([finding.document() for finding in findings], indent=1))
    # What --fix put right is warned of; what it could not is bad.
    if any(finding.verdict == BAD for finding in findings):
        raise typer.Exit(EXIT_BAD)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(doctor)
