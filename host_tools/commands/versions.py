"""`smets versions`: which versions of the specifications go together, and on what evidence."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from host_tools import options
from host_tools.console import cell, complain, say
from host_tools.options import fail
from host_tools.versions.fleet import judge_fleet
from host_tools.versions.matrix import Judgement, judge, planned
from host_tools.versions.names import DEVICE_SPECS, VersionError, parse_spec, parse_version
from host_tools.versions.table import Entry, Purpose, TableError, read_table

EXIT_STATUS = {Judgement.VALID: 0, Judgement.CONTRADICTED: 1, Judgement.UNKNOWN: 4}

TableFile = Annotated[
    Path | None, typer.Option("--table", help="Your own Schedule 11 as CSV (docs/conformance.md).")
]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day that matters.")
]
For = Annotated[Purpose, typer.Option("--for", help="What happens on that day.")]


def versions(context: typer.Context) -> None:
    """Show the version matrix of the release, or judge versions by it."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from host_tools.terminal import Console

    console = Console(width=None if Console().is_terminal else 120)
    data = planned()
    table = Table(title=f"{data['release']} release: {data['status']}", title_justify="left")
    for name in ("specification", "version", "GBCS", "rows"):
        table.add_column(name)
    for row in data["matrix"]:
        table.add_row(row["spec"], row["version"], row["gbcs"] or "", ", ".join(row["rows"]))
    console.print(table)
    console.print(data["note"])
    later = Table(title="Later facts", title_justify="left")
    for name in ("what", "fact", "evidence"):
        later.add_column(name)
    for fact in data["later"]:
        later.add_row(fact["what"], fact["fact"], fact["evidence"])
    console.print(later)


def check(
    device: Annotated[str, options.choice(tuple(DEVICE_SPECS), "--type")],
    spec: Annotated[str, typer.Option(help='Such as 4.4, or "GSMETS V4.4".')],
    gbcs: Annotated[str, typer.Option(help="Such as 4.2.")],
    table: TableFile = None,
    on: Day = None,
    purpose: For = Purpose.MAINTENANCE,
) -> None:
    """Say whether a device type, a specification and GBCS go together.

    Exit status: 0 valid, 1 contradicted, 4 unknown, 2 usage.
    """
    try:
        named, version = parse_spec(spec) if spec[:1].isalpha() else ("", parse_version(spec))
        answer = judge(
            device,
            version,
            parse_version(gbcs),
            table=_table(table),
            on=_day(on),
            purpose=purpose,
            named=named,
        )
    except (VersionError, TableError, OSError) as error:
        raise fail("versions check", error) from error
    say(f"{answer.judgement}: {answer.why}")
    raise typer.Exit(EXIT_STATUS[answer.judgement])


def fleet(
    file: Annotated[Path, typer.Argument(help="CSV: device_id, type, specification, gbcs.")],
    table: TableFile = None,
    on: Day = None,
    purpose: For = Purpose.MAINTENANCE,
    everything: Annotated[
        bool, typer.Option("--all", help="Print every device, not violations alone.")
    ] = False,
) -> None:
    """Judge a fleet: violations go to standard output as CSV, the figures to standard error.

    Exit status: 0 without violations, 1 with, 2 usage.
    """
    try:
        judged = judge_fleet(file, _table(table), _day(on), purpose)
    except (TableError, OSError) as error:
        raise fail("versions fleet", error) from error
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("device_id", "type", "specification", "gbcs", "judgement", "why", "line"))
    for one in judged:
        if one.is_violation or everything:
            answer = one.answer
            cells = (one.device_id, one.type, one.specification, one.gbcs)
            safe = (cell(str(text)) for text in (*cells, answer.judgement, answer.why))
            writer.writerow((*safe, one.line))
    number = Counter(one.answer.judgement for one in judged)
    figures = ", ".join(f"{number[judgement]} {judgement}" for judgement in Judgement)
    complain(f"{len(judged)} devices: {figures}")
    raise typer.Exit(1 if number[Judgement.CONTRADICTED] else 0)


def _table(path: Path | None) -> list[Entry] | None:
    return read_table(path) if path else None


def _day(when: datetime | None) -> date | None:
    return when.date() if when else None


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    own = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})
    own.callback(invoke_without_command=True)(versions)
    own.command()(check)
    own.command()(fleet)
    app.add_typer(own, name="versions")
