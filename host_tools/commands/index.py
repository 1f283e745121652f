"""`smets index`: join reports on one page, devices by rows of the release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.options import fail


def index(
    reports: Annotated[list[Path], typer.Argument(help="A.json of smets conform; several.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path(
        "index.html"
    ),
) -> None:
    """Join reports of smets conform on one page: devices by rows, by requirements, and why.

    Each device leads to its own page where that lies beside its JSON. A report that is not as it
    was signed is shown as such.

    Exit status: 0, or 1 where a report is not as it was signed; 2 usage.
    """
    from host_tools.conform.index import index_page, join
    from host_tools.console import distinct, say
    from host_tools.schemas import SchemaProblem

    try:
        distinct([out], reports)
        joined = join(reports, out)
        out.write_text(index_page(joined), encoding="utf-8")
    except (SchemaProblem, OSError, ValueError) as error:
        raise fail("index", error) from error
    say(f"{out}: {len(joined)} reports")
    wrong = [one for one in joined if one.checked.wrong]
    for one in wrong:
        say(f"{one.file}: NOT VALID: {one.checked.wrong}")
    if wrong:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(index)
