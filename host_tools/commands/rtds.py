"""`smets rtds`: replay the RTDS pairs and count the ones answered exactly."""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import options
from host_tools.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from host_tools.rtds import Pair
    from host_tools.terminal import Console

VERDICTS = ("exact", "differing", "skipped")


def rtds(
    directory: Annotated[
        Path | None, typer.Option("--rtds", help="The vectors; RTDS_DIR without it.")
    ] = None,
    engine: Annotated[
        list[str] | None,
        options.link(help="unix, cpython, host:port, a port or auto; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A use case; repeatable.", autocompletion=options.use_cases()),
    ] = None,
) -> None:
    """Answer every RTDS command from its state and compare with the response, byte for byte.

    A device at a port answers the pairs of the role that it plays. Exit status 1 if an answer
    differs, 2 where there is no device, there are no vectors, or none of them could be compared.
    """
    from rich.progress import track

    from host_tools import rtds as vectors
    from host_tools.bench import BenchError
    from host_tools.terminal import Console
    from host_tools.vectors import OWN, files

    console = Console()
    path = directory or vectors.directory()
    if path is None or not ((path / "index.csv").is_file() or files.is_set(path)):
        where = directory or os.environ.get("RTDS_DIR") or vectors.DEFAULT_DIRECTORY
        raise fail(
            "rtds",
            f"no RTDS vectors: there is no {Path(where) / 'index.csv'}. RTDS_DIR or --rtds names "
            "the folder that has index.csv, the messages it lists, state and keys. The project's "
            f"own vectors are in {OWN}.",
        )
    try:
        pairs = _pairs(path, only or [])
    except (files.VectorError, OSError, ValueError, KeyError) as error:
        raise fail("rtds", error) from error
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
            raise fail("rtds", f"{name}: {error}") from error
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
    verdicts = _alerts(console, path, pairs, engines)
    if failures or verdicts["differing"]:
        raise typer.Exit(1)
    if not total["exact"]:
        raise typer.Exit(2)


def _alerts(console: Console, path: Path, pairs: list[Pair], engines: list[str]) -> Counter[str]:
    """Replay the alerts of these pairs on the engines that are processes; their verdicts."""
    from host_tools import rtds_causes
    from host_tools.rtds import load_alerts, replay_alerts

    processes = [name for name in engines if name in ("unix", "cpython")]
    told = [alert for alert in load_alerts(path) if alert.pair in pairs] if processes else []
    cases = {pair.use_case for pair in pairs}
    every = list(load_alerts(path)) == told
    caused = [each for each in rtds_causes.load(path) if every or each.use_case in cases]
    if not processes:
        caused = []
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for name in processes if told or caused else []:
        for alert, verdict, detail in chain(
            replay_alerts(told, name), rtds_causes.replay(caused, name)
        ):
            verdicts[verdict] += 1
            if verdict == "skipped":
                reasons[detail] += 1
            if verdict == "differing":
                text = f"{alert.name} on {name}: {detail or 'another alert came'}"
                console.print(text, markup=False, highlight=False)
    for reason, count in reasons.most_common():
        console.print(f"{count} alerts skipped: {reason}", markup=False, highlight=False)
    if verdicts:
        counted = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS)
        where = " and ".join(processes)
        console.print(
            f"alerts: {counted} ({len(told) + len(caused)} alerts on {where})", highlight=False
        )
    return verdicts


def _pairs(path: Path, only: list[str]) -> list[Pair]:
    """The pairs that are asked for; VectorError where there is none of a use case."""
    from host_tools.rtds import load_pairs
    from host_tools.vectors.files import VectorError

    pairs = [pair for pair in load_pairs(path) if not only or pair.use_case in only]
    missing = sorted(set(only) - {pair.use_case for pair in pairs})
    if missing:
        said = [f"--only {name}: {_why_missing(name)}" for name in missing]
        raise VectorError("\n".join(said))
    if not pairs:
        raise VectorError(f"{path}: no pairs")
    return pairs


def _why_missing(name: str) -> str:
    from host_tools.gbcs.use_cases import by_name

    try:
        by_name(name)
    except KeyError as error:
        return str(error.args[0])
    return "there is no pair of this use case"


def _table(counts: dict[str, Counter[str]], engines: list[str]) -> Table:
    from rich.table import Table

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
