"""`smets conform`: judge a device, requirement by requirement, and write the report."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, cast

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from host_tools.bench import Transport, open_transport
from host_tools.conform.claims import Claims, read_claims
from host_tools.conform.dut import CAPABILITIES
from host_tools.conform.html import SIGNS, page
from host_tools.conform.junit import junit
from host_tools.conform.model import Check, Result, Verdict
from host_tools.conform.report import (
    EXIT_BLOCKED,
    EXIT_FAIL,
    EXIT_OK,
    ROWS,
    Identity,
    counts,
    firmware_hash,
    make_document,
)
from host_tools.conform.runner import catalogue
from host_tools.conform.session import CHECK_LIMIT, Session
from host_tools.conform.vectors import VectorSet, load_vectors
from host_tools.console import Console, complain, distinct
from host_tools.example import EUIS, HUB_SEED, SEED, ExampleHome
from host_tools.gbcs.times import iso
from host_tools.roles import RESPONDERS
from host_tools.schemas import SchemaProblem, parse_document

Json = dict[str, Any]

ROLES = ("esme", "gsme", "gpf", "ihd", "ppmid")
_OWN_ENGINES = ("unix", "cpython")
# Capabilities for a device that is not a process of ours: nobody here can cut its power.
_REMOTE = tuple(name for name in CAPABILITIES if name != "power")
_STYLES = {"pass": "green", "fail": "bold red", "tolerated": "yellow", "blocked": "magenta"}
INTERRUPTED = "the run was interrupted"
_NO_VECTORS = VectorSet("none", [], {})


@dataclass(frozen=True)
class _Link:
    """Opens a link to the device; again after a cut of power."""

    role: str
    engine: str
    store: str | None

    def __call__(self) -> Transport:
        return open_transport(self.role, self.engine, self.store)


class UsageError(Exception):
    """The command line, or a file it names, is wrong."""


@dataclass
class Plan:
    """What the command line asks for, read and found good."""

    engine: str
    rtds: Path | None
    only: list[str]
    tolerances: dict[str, str]
    claims: Claims
    capabilities: frozenset[str]
    image: Path | None
    timeout: float
    limit: float


def conform(
    device: Annotated[str, typer.Option(help=", ".join(ROLES) + ", or all.")],
    engine: Annotated[
        str, typer.Option(help="unix, cpython, host:port, or the path of a serial port.")
    ] = "unix",
    rtds: Annotated[
        Path | None, typer.Option(help="Folder of RTDS: its vectors are checks, too.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A check's id or a row; repeatable.")
    ] = None,
    tolerate: Annotated[
        Path | None, typer.Option(help='JSON: {"check id": "reference why that is accepted"}.')
    ] = None,
    claims: Annotated[
        Path | None, typer.Option(help="JSON: what the device claims to be.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help=f"What the device cannot do: {', '.join(CAPABILITIES)}; repeatable."),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="The firmware image of the device, for its hash.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10,
    limit: Annotated[float, typer.Option(min=1, help="Seconds for one check.")] = CHECK_LIMIT,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write the report as JUnit XML.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write the report as a page.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all three: DEVICE.json, .xml, .html.")
    ] = None,
) -> None:
    """Judge a device requirement by requirement and report with what evidence.

    Exit status: 0 all passed or tolerated, 1 a check failed, 4 checks were blocked, 2 usage.
    """
    files = {"json": json_file, "xml": junit_file, "html": html_file}
    console = Console(width=None if Console().is_terminal else 120)
    roles = ROLES if device == "all" else (device,)
    try:
        if device not in (*ROLES, "all"):
            raise UsageError(f"--device {device}: not one of {', '.join(ROLES)}, all")
        if device == "all" and (any(files.values()) or engine not in _OWN_ENGINES):
            raise UsageError("--device all: is for unix and cpython, and writes with --out")
        distinct(files.values(), (tolerate, claims, image))
        plan = _plan(engine, rtds, only, tolerate, claims, without, image, timeout, limit)
        documents: list[Json] = []
        for role in roles:
            document, results = judge(console, plan, role)
            _summary(console, document, results)
            documents.append(document)
            wanted = {kind: out / f"{role}.{kind}" for kind in files} if out else {}
            wanted |= {kind: path for kind, path in files.items() if path}
            write(document, wanted)
    except (UsageError, SchemaProblem, OSError, ValueError) as error:
        complain(f"smets conform: {error}")
        raise typer.Exit(2) from error
    if len(documents) > 1:
        _figures_of_all(console, documents)
    statuses = {document["exit_status"] for document in documents}
    for status in (EXIT_FAIL, EXIT_BLOCKED):
        if status in statuses:
            raise typer.Exit(status)
    raise typer.Exit(EXIT_OK)


def _plan(
    engine: str,
    rtds: Path | None,
    only: list[str] | None,
    tolerate: Path | None,
    claims: Path | None,
    without: list[str] | None,
    image: Path | None,
    timeout: float,
    limit: float,
) -> Plan:
    for name in without or []:
        if name not in CAPABILITIES:
            raise UsageError(f"--without {name}: not one of {', '.join(CAPABILITIES)}")
    if rtds is not None and not (rtds / "index.csv").is_file():
        raise UsageError(f"--rtds {rtds}: there is no index.csv")
    able = CAPABILITIES if engine in _OWN_ENGINES else _REMOTE
    return Plan(
        engine,
        rtds,
        only or [],
        _tolerances(tolerate) if tolerate else {},
        read_claims(claims) if claims else Claims(),
        frozenset(able) - frozenset(without or ()),
        image,
        timeout,
        limit,
    )


def _tolerances(path: Path) -> dict[str, str]:
    document = parse_document(path.read_bytes())
    if not isinstance(document, dict):
        raise UsageError(f"{path}: is not an object of check ids and references")
    members = cast("dict[str, object]", document)
    for name, reference in members.items():
        if not isinstance(reference, str) or not reference.strip():
            raise UsageError(f"{path}: {name} has no reference")
    return cast("dict[str, str]", members)


def judge(console: Console, plan: Plan, role: str) -> tuple[Json, list[Result]]:
    """Run everything against one device, with a bar on a terminal; the report, and its results.

    Ctrl-C ends it early: what is left is "not-run", for INTERRUPTED.
    """
    stage = ExampleHome()
    vectors = load_vectors(plan.rtds, role, plan.claims) if plan.rtds else _NO_VECTORS
    entries = [*catalogue(), *vectors.checks]
    known = {entry.id for entry in entries}
    for name in plan.only:
        if name not in known | {entry.row for entry in entries}:
            raise UsageError(f"--only {name}: neither a check nor a row")
    # With --rtds, a tolerance may name a vector of another role.
    wrong = [name for name in plan.tolerances if name not in known and name[:5] != "RTDS-"]
    if wrong:
        raise UsageError(f"--tolerate: there is no check {wrong[0]}")
    left_out = dict(vectors.left_out)
    if plan.only:
        for entry in entries:
            if entry.id not in plan.only and entry.row not in plan.only:
                left_out[entry.id] = "left out by --only"
    started = datetime.now(UTC)
    began = time.monotonic()
    with TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True) as folder:
        # The flash keeps replay counters through FORGET, and vectors repeat theirs: a meter
        # that is a process of ours gets them without a flash.
        stored = folder if plan.engine in _OWN_ENGINES else None
        flashless = None if role in RESPONDERS else stored
        results: list[Result] = []
        hello: Json = {}
        for part, store in ((catalogue(), stored), (vectors.checks, flashless)):
            if not part and hello:
                continue
            link = _Link(role, plan.engine, store)
            session = Session(role, link, stage, plan.capabilities, plan.timeout, plan.limit)
            try:
                results += _run(console, session, part, plan, left_out)
                hello = session.hello or hello
            finally:
                session.close()
    identity = Identity(
        role=role,
        device_id=EUIS[role],
        engine=plan.engine,
        firmware=str(hello.get("firmware", "the device does not tell")),
        firmware_hash=_hash(plan),
        claims=plan.claims.to_json(),
        key_set=f"test keys of smets keygen, from the seed {SEED!r}",
        seed=HUB_SEED,
        clock=iso(stage.start),
        vector_set=vectors.name,
        capabilities=[name for name in CAPABILITIES if name in plan.capabilities],
    )
    interrupted = any(result.text == INTERRUPTED for result in results)
    seconds = time.monotonic() - began
    return make_document(identity, results, started, seconds, interrupted), results


def _hash(plan: Plan) -> str:
    if plan.image is not None:
        from hashlib import sha256

        return sha256(plan.image.read_bytes()).hexdigest()
    return firmware_hash() if plan.engine in _OWN_ENGINES else "not known: no --image given"


def _run(
    console: Console,
    session: Session,
    entries: list[Check],
    plan: Plan,
    left_out: dict[str, str],
) -> list[Result]:
    results: list[Result] = []
    bar = Progress(
        TextColumn(f"{session.role.upper()} on {plan.engine}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar, suppress(KeyboardInterrupt):
        task = bar.add_task("", total=len(entries))
        for result in session.judge(entries, plan.tolerances, plan.claims.why_not, left_out):
            results.append(result)
            bar.update(task, advance=1, description=result.check.id)
    for entry in entries[len(results) :]:
        results.append(Result(entry, Verdict.NOT_RUN, INTERRUPTED))
    return results


def _summary(console: Console, document: Json, results: list[Result]) -> None:
    identity = document["identity"]
    console.rule(
        Text(f"{identity['role'].upper()} on {identity['engine']}", style="bold"), align="left"
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("row")
    for verdict, sign in SIGNS.items():
        table.add_column(f"{sign} {verdict}", justify="right", style=_STYLES.get(verdict))
    for row in sorted({result.check.row for result in results}, key=_rank):
        number = counts(result for result in results if result.check.row == row)
        table.add_row(row, *(str(number[verdict] or "") for verdict in SIGNS))
    console.print(table)
    for result in results:
        if result.verdict in (Verdict.FAIL, Verdict.TOLERATED, Verdict.BLOCKED):
            word = Text(f"{SIGNS[result.verdict]} {result.verdict}", _STYLES[result.verdict])
            reference = f" [{result.tolerance}]" if result.tolerance else ""
            console.print(Text.assemble(word, f"  {result.check.id}: {result.text}{reference}"))
    console.print(f"{figures(document['counts'])} (in {document['seconds']:.1f} s)")
    console.print(f"not covered: {', '.join(document['not_covered'])}", style="dim")


def _rank(row: str) -> tuple[int, str]:
    return (list(ROWS).index(row) if row in ROWS else len(ROWS), row)


def figures(number: dict[str, int]) -> str:
    """How many results have each verdict, in words."""
    return ", ".join(f"{number[verdict]} {verdict}" for verdict in SIGNS)


def _figures_of_all(console: Console, documents: list[Json]) -> None:
    total: Counter[str] = Counter()
    console.rule(Text("All devices", style="bold"), align="left")
    for document in documents:
        total.update(document["counts"])
        role = document["identity"]["role"].upper()
        console.print(f"{role:6} {document['verdict']:8} {figures(document['counts'])}")
    console.print(f"{len(documents)} devices: {figures(total)}", style="bold")


def write(document: Json, wanted: dict[str, Path]) -> None:
    """Write a report: `wanted` has the path for each of "json", "xml" (JUnit) and "html"."""
    makers = {"json": _as_json, "xml": junit, "html": page}
    for kind, path in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(makers[kind](document), encoding="utf-8")


def _as_json(document: Json) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(conform)
