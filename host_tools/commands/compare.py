"""`smets compare`: what changed between two conformance runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.options import fail

_STYLES = {"regression": "bold red", "improvement": "green"}


def compare(
    before: Annotated[Path, typer.Argument(help="A.json of smets conform.")],
    after: Annotated[Path, typer.Argument(help="B.json, later.")],
) -> None:
    """Compare two reports of smets conform --json, check by check.

    Exit status: 0 without a regression, 1 where a check no longer passes or is no longer
    tolerated, 2 usage.
    """
    from rich.table import Table

    from host_tools.conform.compare import compare_reports
    from host_tools.conform.report import read_report
    from host_tools.schemas import SchemaProblem
    from host_tools.terminal import Console

    try:
        old, new = read_report(before), read_report(after)
    except (SchemaProblem, OSError) as error:
        raise fail("compare", error) from error
    result = compare_reports(old, new)
    console = Console(width=None if Console().is_terminal else 120)
    for line in result.identity:
        console.print(line, markup=False, highlight=False)
    if result.changes:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("check", "before", "after", "", "what"):
            table.add_column(name, overflow="fold")
        for change in result.changes:
            style = _STYLES.get(change.kind, "")
            cells = (change.id, change.before, change.after, change.kind, change.text)
            table.add_row(*cells, style=style)
        console.print(table)
    console.print(
        f"{len(result.of('regression'))} regressions, {len(result.of('improvement'))} "
        f"improvements, {len(result.of('change'))} other changes, {result.same} the same",
        highlight=False,
    )
    if result.of("regression"):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(compare)
