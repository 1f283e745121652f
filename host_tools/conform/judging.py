"""Judging a device with the whole catalogue: the run with its bar, its figures, its files.

This is what `smets conform` and `smets run` do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from host_tools.bench import Transport, open_transport
from host_tools.conform.blackbox import BlackBox, Place
from host_tools.conform.capabilities import CAPABILITIES
from host_tools.conform.causes import causes, key, lacks
from host_tools.conform.claims import Claims
from host_tools.conform.html import SIGNS, page
from host_tools.conform.index import index_page, join
from host_tools.conform.junit import junit
from host_tools.conform.link_faults import LinkFaults
from host_tools.conform.model import Check, Outcome, Result, Verdict, catalogue
from host_tools.conform.report import (
    ROWS,
    Identity,
    as_json,
    counts,
    firmware_hash,
    make_document,
    read_report,
)
from host_tools.conform.session import Session
from host_tools.conform.vectors import VectorSet, load_vectors
from host_tools.conform.watch import WatchingBench
from host_tools.console import say
from host_tools.example import EUIS, HUB_SEED, SEED, ExampleHome
from host_tools.gbcs.times import iso
from host_tools.options import OWN_ENGINES
from host_tools.roles import DISPLAYS
from host_tools.terminal import Console

Json = dict[str, Any]

_STYLES = {
    "pass": "green",
    "fail": "bold red",
    "observed": "cyan",
    "tolerated": "yellow",
    "blocked": "magenta",
}
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
    words: list[str] = field(default_factory=list[str])  # -k
    again: frozenset[str] | None = None  # the checks of --last-failed
    stop: bool = False  # at the first failure
    quiet: bool = False  # no bar
    ending: Event = field(default_factory=Event)  # set where the run is to end early
    place: Place | None = None  # of a device in black box
    called: str = ""  # the name of its files
    rack_place: str = ""  # the place of labgrid that the link is of
    key_set: str = f"test keys of smets keygen, from the seed {SEED!r}"


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
                left_out[entry.id] = Outcome(Verdict.NOT_RUN, "left out by --only")
    for entry in entries:
        if not _is_wanted(plan, entry):
            left_out[entry.id] = Outcome(Verdict.NOT_RUN, "left out by -k or --last-failed")
    started = datetime.now(UTC)
    began = time.monotonic()
    with TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True) as folder:
        # The flash keeps replay counters through FORGET, and vectors repeat theirs: a meter
        # that is a process of ours gets them without a flash.
        stored = folder if plan.engine in OWN_ENGINES else None
        flashless = stored if role in DISPLAYS else None
        results: list[Result] = []
        hello: Json = {}
        faults = LinkFaults()
        for part, store in ((catalogue(), stored), (vectors.checks, flashless)):
            if not part and hello:
                continue
            link = _Link(role, plan.engine, store)
            make = partial(_make, plan, role, link, stage, faults)
            session = Session(role, make, plan.timeout, plan.limit, plan.place is not None)
            try:
                results += _run(console, session, part, plan, left_out)
                hello = session.hello or hello
            finally:
                session.close()
    own = [name for name in CAPABILITIES if name in plan.capabilities]
    identity = Identity(
        role=role,
        device_id=plan.place.dut.id.hex().upper() if plan.place else EUIS[role],
        engine=plan.engine,
        place=plan.rack_place,
        firmware=str(hello.get("firmware", "the device does not tell")),
        firmware_hash=_hash(plan),
        claims=plan.claims.to_json(),
        key_set=plan.key_set,
        seed=HUB_SEED,
        clock=iso(started if plan.place else stage.start),
        vector_set=vectors.name,
        capabilities=sorted(plan.place.capabilities or ()) if plan.place else own,
        found=plan.place.found if plan.place else [],
    )
    interrupted = any(result.text == INTERRUPTED for result in results)
    seconds = time.monotonic() - began
    found = causes(results, faults.told())
    return make_document(identity, results, started, seconds, interrupted, found), results


def _is_wanted(plan: Plan, entry: Check) -> bool:
    """Whether -k and --last-failed leave an entry in."""
    said = f"{entry.id} {entry.title} {entry.use_case}".lower()
    worded = not plan.words or any(word.lower() in said for word in plan.words)
    return worded and (plan.again is None or entry.id in plan.again)


def failed(path: Path) -> frozenset[str]:
    """The checks that failed in a report; UsageError where none did."""
    found = [result for result in read_report(path)["results"] if result["verdict"] == "fail"]
    if not found:
        raise UsageError(f"--last-failed {path}: nothing failed in it")
    return frozenset(result["id"] for result in found)


def list_checks(plan: Plan, roles: Sequence[str]) -> None:
    """Print id, evidence, needs and title of each check, a line each."""
    for entry in catalogue():
        chosen = not plan.only or entry.id in plan.only or entry.row in plan.only
        if chosen and set(roles) & set(entry.roles) and _is_wanted(plan, entry):
            needs = ", ".join(entry.needs) or "none"
            say(f"{entry.id}: {entry.title} ({entry.evidence}; needs: {needs})")


def _make(
    plan: Plan, role: str, link: _Link, stage: ExampleHome, faults: LinkFaults
) -> WatchingBench:
    """A new link to the device under test."""
    if plan.place is not None:
        return BlackBox(role, link, plan.place, plan.timeout, faults)
    return WatchingBench(role, link, stage, plan.capabilities, plan.timeout, faults)


def _hash(plan: Plan) -> str:
    if plan.image is not None:
        from hashlib import sha256

        return sha256(plan.image.read_bytes()).hexdigest()
    return firmware_hash() if plan.engine in OWN_ENGINES else "not known: no --image given"


def _run(
    console: Console,
    session: Session,
    entries: list[Check],
    plan: Plan,
    left_out: dict[str, Outcome],
) -> list[Result]:
    results: list[Result] = []
    why = INTERRUPTED
    bar = Progress(
        TextColumn(f"{session.role.upper()} on {plan.engine}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=plan.quiet or not console.is_terminal,
    )
    with bar, suppress(KeyboardInterrupt):
        task = bar.add_task("", total=len(entries))
        for result in session.judge(entries, plan.tolerances, plan.claims.why_not, left_out):
            results.append(result)
            bar.update(task, advance=1, description=result.check.id)
            if plan.stop and result.verdict is Verdict.FAIL:
                why = "left out by -x, after a failure"
                break
            if plan.ending.is_set():
                break
    for entry in entries[len(results) :]:
        results.append(Result(entry, Verdict.NOT_RUN, why))
    return results


def summary(console: Console, document: Json, results: list[Result]) -> None:
    """Print the figures of a device, and each result that needs a look."""
    identity = document["identity"]
    where = f"place {identity['place']}" if "place" in identity else identity["engine"]
    console.rule(Text(f"{identity['role'].upper()} on {where}", style="bold"), align="left")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("row")
    for verdict, sign in SIGNS.items():
        table.add_column(f"{sign} {verdict}", justify="right", style=_STYLES.get(verdict))
    for row in sorted({result.check.row for result in results}, key=_rank):
        number = counts(result for result in results if result.check.row == row)
        table.add_row(row, *(str(number[verdict] or "") for verdict in SIGNS))
    console.print(table)
    # What failed stands last, where a reader of a terminal looks first.
    for verdict in (Verdict.BLOCKED, Verdict.TOLERATED, Verdict.FAIL):
        said: dict[str, tuple[str, list[str]]] = {}
        for result in results:
            if result.verdict is verdict:
                text = result.text + (f" [{result.tolerance}]" if result.tolerance else "")
                alike = key(result.cause or text)
                said.setdefault(alike, (text, []))[1].append(result.check.id)
        for text, names in sorted(said.values(), key=lambda item: not lacks(item[0])):
            word = Text(f"{SIGNS[verdict]} {verdict}", _STYLES[verdict])
            who = names[0] if len(names) == 1 else f"{len(names)} checks ({', '.join(names)})"
            console.print(Text.assemble(word, f"  {who}: {text}"))
    for cause in document["causes"]:
        if cause["kind"] == "link":
            console.print(Text.assemble(("why", "bold"), f"  {cause['text']}"))
    console.print(f"{figures(document['counts'])} (in {document['seconds']:.1f} s)")
    console.print(f"not covered: {', '.join(document['not_covered'])}", style="dim")


def _rank(row: str) -> tuple[int, str]:
    return (list(ROWS).index(row) if row in ROWS else len(ROWS), row)


def figures(number: dict[str, int]) -> str:
    """How many results have each verdict, in words."""
    return ", ".join(f"{number[verdict]} {verdict}" for verdict in SIGNS)


def figures_of_all(console: Console, documents: list[Json]) -> None:
    """Print the figures of several devices, and their sum."""
    total: Counter[str] = Counter()
    console.rule(Text("All devices", style="bold"), align="left")
    for document in documents:
        total.update(document["counts"])
        role = document["identity"]["role"].upper()
        place = document["identity"].get("place", "")
        where = f" {place:12}" if place else ""
        console.print(f"{role:6}{where} {document['verdict']:8} {figures(document['counts'])}")
    console.print(f"{len(documents)} devices: {figures(total)}", style="bold")


def write(document: Json, wanted: dict[str, Path]) -> None:
    """Write a report: `wanted` has the path for each of "json", "xml" (JUnit) and "html"."""
    makers = {"json": as_json, "xml": junit, "html": page}
    for kind, path in wanted.items():
        path.write_text(makers[kind](document), encoding="utf-8")


def write_index(folder: Path | None, names: Sequence[str]) -> None:
    """Write the index.html of the reports of several devices in a folder, where there is one."""
    if folder is not None and len(names) > 1:
        target = folder / "index.html"
        joined = join([folder / f"{name}.json" for name in names], target)
        target.write_text(index_page(joined), encoding="utf-8")
