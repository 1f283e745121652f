"""`smets rtds`: replay the RTDS pairs and count the ones answered exactly."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from host_tools import rtds as vectors
from host_tools.bench import BenchError
from host_tools.console import Console
from host_tools.gbcs import use_cases
from host_tools.vectors import OWN, files

VERDICTS = ("exact", "differing", "skipped")


def rtds(
    directory: Annotated[
        Path | None, typer.Option("--rtds", help="The vectors; RTDS_DIR without it.")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="unix, cpython, host:port or a port; repeatable.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="A use case; repeatable.")] = None,
) -> None:
    """Answer every RTDS command from its state and compare with the response, byte for byte.

    A device at a port answers the pairs of the role that it plays. Exit status 1 if an answer
    differs, 2 where there is no device, there are no vectors, or none of them could be compared.
    """
    console = Console()
    path = directory or vectors.directory()
    if path is None or not ((path / "index.csv").is_file() or files.is_set(path)):
        where = directory or os.environ.get("RTDS_DIR") or vectors.DEFAULT_DIRECTORY
        console.print(
            f"No RTDS vectors: there is no {Path(where) / 'index.csv'}. RTDS_DIR or --rtds names "
            "the folder that has index.csv, the messages it lists, state and keys. The project's "
            f"own vectors are in {OWN}.",
            markup=False,
            highlight=False,
        )
        raise typer.Exit(2)
    try:
        pairs = _pairs(path, only or [])
    except files.VectorError as error:
        console.print(str(error), markup=False, highlight=False)
        raise typer.Exit(2) from error
    counts: dict[str, Counter[str]] = {}
    failures: list[str] = []
    reasons: Counter[str] = Counter()
    engines = engine or ["unix", "cpython"]
    for name in engines:
        work = track(
            vectors.replay(pairs, name),
            f"RTDS on {name}",
            total=len(pairs),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        try:
            for outcome in work:
                counts.setdefault(outcome.pair.use_case, Counter())[outcome.verdict] += 1
                if outcome.verdict == "skipped":
                    reasons[outcome.detail] += 1
                if outcome.verdict == "differing":
                    failures.append(f"{outcome.pair.name} on {name}: {outcome.detail}")
        except BenchError as error:
            console.print(f"{name}: {error}", markup=False, highlight=False)
            raise typer.Exit(2) from error
    console.print(_table(counts, engines))
    for failure in failures:
        console.print(failure, markup=False, highlight=False)
    for reason, count in reasons.most_common():
        console.print(f"{count} skipped: {reason}", markup=False, highlight=False)
    total = sum(counts.values(), Counter[str]())
    console.print(
        f"{total['exact']} exact, {total['differing']} differing, {total['skipped']} skipped "
        f"({len(pairs)} pairs on {' and '.join(engines)})",
        highlight=False,
    )
    if failures:
        raise typer.Exit(1)
    if not total["exact"]:
        raise typer.Exit(2)


def _pairs(path: Path, only: list[str]) -> list[vectors.Pair]:
    """The pairs that are asked for; VectorError where there is none of a use case."""
    pairs = [pair for pair in vectors.load_pairs(path) if not only or pair.use_case in only]
    missing = sorted(set(only) - {pair.use_case for pair in pairs})
    if missing:
        said = [f"--only {name}: {_why_missing(name)}" for name in missing]
        raise files.VectorError("\n".join(said))
    if not pairs:
        raise files.VectorError(f"{path}: no pairs")
    return pairs


def _why_missing(name: str) -> str:
    try:
        use_cases.by_name(name)
    except KeyError as error:
        return str(error.args[0])
    return "there is no pair of this use case"


def _table(counts: dict[str, Counter[str]], engines: list[str]) -> Table:
    table = Table(title="RTDS pairs answered, " + " + ".join(engines))
    table.add_column("use case")
    table.add_column("vectors", justify="right")
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right")
    for use_case in sorted(counts):
        row = counts[use_case]
        cells = [str(row[verdict] or "") for verdict in VERDICTS]
        table.add_row(use_case, str(row.total()), *cells)
    return table


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(rtds)
