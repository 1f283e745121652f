"""`smets srv`: titles of the service requests and responses of devices, never payload (MP141)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.console import complain, say
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.srv.view import Row

OK, MALFORMED = 0, 2


def srv(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER...",
            help="Logs of messages: DUIS documents, or one message a line.",
            exists=True,
        ),
    ],
    owner: Annotated[
        str | None,
        typer.Option("--as", metavar="EUI", help="A supplier or operator: only its devices."),
    ] = None,
    inventory: Annotated[
        list[Path] | None,
        typer.Option(
            "--inventory",
            help="Who owns a device: CSV, its KEYS.json, or a gateway's file.",
            exists=True,
        ),
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option("--device", metavar="EUI", help="Only this device.")
    ] = None,
    event_log: Annotated[
        bool, typer.Option("--event-log", help="What devices wrote into their own event logs.")
    ] = False,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", metavar="FILE", help="Open an event log's responses."),
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which of the 129 variants there are.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the rows as CSV.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write them as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write them as a page.")] = None,
) -> None:
    """List what devices have received and sent: time, direction, SRV, title, use case and codes.

    Exit status 0; 2 if a message is malformed or an argument wrong.
    """
    from host_tools.keys import SchemaProblem
    from host_tools.srv import report

    try:
        devices, name = _devices(owner, inventory or [], sources, device or [])
        rows, status = _rows(sources, keys or [], devices, event_log)
        writers: tuple[tuple[Path | None, Callable[[], str]], ...] = (
            (csv, lambda: report.as_csv(rows)),
            (as_json, lambda: report.as_json(rows)),
            (html, lambda: report.as_html(rows, name)),
        )
        for path, text in writers:
            if path is not None:
                path.write_text(text(), encoding="utf-8")
    except (OSError, ValueError, SchemaProblem) as error:
        raise fail("srv", error) from None
    if coverage:
        _print_coverage(rows)
    elif not (csv or as_json or html) and (rows or status == OK):
        _print(rows)
    if not rows and status != OK:  # what was said of the sources is all
        raise typer.Exit(status)
    count = f"{len(rows)} message{'s' * (len(rows) != 1)}"
    say(f"{count}; {report.covered(rows)} of 129 service reference variants")
    raise typer.Exit(status)


def _devices(
    owner: str | None, inventory: list[Path], sources: list[Path], only: list[str]
) -> tuple[set[bytes] | None, str]:
    """The devices to show, None for all, and the owner's name."""
    from host_tools.eui import parse_eui
    from host_tools.mmc import gateway_log
    from host_tools.srv import owners

    name, found = "", None
    if owner is not None:
        # A gateway's file knows whose its devices are.
        inventory = inventory or [path for path in sources if gateway_log.is_log(path)]
        if not inventory:
            raise ValueError("--as needs --inventory: who owns which device")
        party = parse_eui(owner)
        name = party.hex("-").upper()
        found = owners.load(inventory).of(party)
    if only:
        wanted = {parse_eui(text) for text in only}
        if found is not None and wanted - found:
            others = ", ".join(sorted(eui.hex("-").upper() for eui in wanted - found))
            raise ValueError(f"{others}: not a device of {name}")
        found = wanted
    return found, name


def _rows(
    sources: list[Path], keys: list[Path], devices: set[bytes] | None, event_log: bool
) -> tuple[list[Row], int]:
    from host_tools.keys import KeyRing
    from host_tools.mmc import records
    from host_tools.srv import view

    found = records.read(sources)
    opened = view.event_log(found, KeyRing.load(keys)) if event_log else None
    items = view.View().rows(found) if opened is None else opened
    rows: list[Row] = []
    status = OK
    for item in items:
        if isinstance(item, records.RecordError):
            complain(f"smets srv: {item}")
            status = MALFORMED
        elif devices is None or item.device in devices:
            rows.append(item)
    return rows, status


def _print(rows: Sequence[Row]) -> None:
    from rich.table import Table

    from host_tools.srv.view import COLUMNS
    from host_tools.terminal import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        cells = row.cells()
        table.add_row(*(cells[name] for name in COLUMNS))
    console.print(table)


def _print_coverage(rows: Sequence[Row]) -> None:
    from host_tools.srv import variants
    from host_tools.srv.view import coverage

    counts = coverage(rows)
    for item in variants.all_variants().values():
        asked, answered = counts[item.srv]
        told = f"{asked} asked, {answered} answered" if asked or answered else "-"
        say(f"{item.srv:<8}{told:<24}{item.title}")


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(srv)
