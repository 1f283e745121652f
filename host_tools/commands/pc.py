"""`smets pc`: responses and alerts as MMC XML, and which response answers which request."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from host_tools.console import complain, say
from host_tools.options import fail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from host_tools.mmc.batch import Result

OK, TO_LOOK_AT, MALFORMED = 0, 1, 2
_STEP = 1000  # messages between two lines of progress


def pc(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER...",
            help="DUIS documents, or logs of messages: one a line, perhaps after its time.",
            exists=True,
        ),
    ],
    request: Annotated[
        list[Path] | None,
        typer.Option(
            "--request", metavar="FILE|FOLDER", help="Requests or commands.", exists=True
        ),
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", metavar="FILE", help="KEYS.json or PARTIES.json; repeatable."),
    ] = None,
    device_type: Annotated[
        list[str] | None,
        typer.Option("--device-type", metavar="EUI=GPF|GSME", help="What a device is."),
    ] = None,
    srv: Annotated[
        str | None,
        typer.Option("--srv", help="The variant, where none is told."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="A new or empty folder for the documents; else stdout."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="A JSON line for each message; no payload.")
    ] = None,
    late: Annotated[
        float | None, typer.Option(min=0, help="Seconds after which an answer is late (60).")
    ] = None,
    xsd: Annotated[
        Path | None,
        typer.Option("--schema", help="The MMC schema; default: that of DUIS_DIR.", exists=True),
    ] = None,
) -> None:
    """Parse and correlate: MMC documents of responses and alerts, and what has no answer.

    Requests are among the sources, or given with --request. Without any, nothing is correlated.

    Exit status 0; 1 where something is missing, unexpected, late, repeated, refused, wrong or not
    valid; 2 if a message is malformed or an argument wrong.
    """
    from lxml import etree

    from host_tools.commands.parse import read_ring
    from host_tools.keys import SchemaProblem
    from host_tools.mmc import batch, correlate, records, schema

    try:
        ring = read_ring(keys or [], device_type or [])
        place = xsd or schema.path()
        rules = schema.load(place) if place is not None else None
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            if any(out.iterdir()):
                raise ValueError(f"{out} is not empty")
        correlated = bool(request) or _has_request(sources)
        options = batch.Options(
            ring, rules, srv, correlate.LATE_AFTER if late is None else late, correlated
        )
        with ExitStack() as stack:
            lines = stack.enter_context(report.open("w", encoding="utf-8")) if report else None
            results = batch.run(records.read(request or []), records.read(sources), options)
            status, counts = _take(results, out, lines)
    except (OSError, ValueError, SchemaProblem, etree.LxmlError) as error:
        raise fail("pc", error) from None
    summary = _summary(counts, rules is not None, batch.most_memory())
    if out is not None:
        say(summary)
    elif counts.total() - counts["documents"] > 1:
        complain(f"smets pc: {summary}")
    raise typer.Exit(status)


def _take(
    results: Iterable[Result], out: Path | None, lines: TextIO | None
) -> tuple[int, Counter[str]]:
    status, counts = OK, Counter[str]()
    started = time.monotonic()
    for number, result in enumerate(results, 1):
        counts[result.status] += 1
        if result.made is not None:
            counts["documents"] += 1
            _write(result, number, out)
        if lines is not None:
            lines.write(f"{json.dumps(result.to_json())}\n")
        if result.bad:
            status = max(status, MALFORMED if result.status == "malformed" else TO_LOOK_AT)
            complain(f"smets pc: {_words(result)}")
        if number % _STEP == 0:
            complain(f"smets pc: {number} done, {number / (time.monotonic() - started):.0f}/s")
    return status, counts


def _words(result: Result) -> str:
    if result.status == "malformed":
        return result.problem
    told = f"{result.where}: {result.status}"
    if result.request_id:
        told += f", request {result.request_id}"
    if result.seconds is not None and result.status == "late":
        told += f", after {result.seconds:.0f} s"
    return f"{told}: {result.problem}" if result.problem else told


def _write(result: Result, number: int, out: Path | None) -> None:
    if result.made is None:
        return
    octets = result.made.to_bytes()
    if out is None:
        typer.echo(octets.decode(), nl=False)
        return
    name = re.sub(
        r"[^0-9A-Za-z.-]", "-", f"{number:06d}-{result.use_case}-{result.srv or 'alert'}"
    )
    (out / f"{name}.xml").write_bytes(octets)


def _summary(counts: Counter[str], validated: bool, memory: float) -> str:
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items() if kind != "documents")
    valid = "validated" if validated else "not validated: there is no schema (DUIS_DIR)"
    made = f"{counts['documents']} document{'s' * (counts['documents'] != 1)} ({valid})"
    return f"{kinds or 'no messages'}; {made}; at most {memory:.0f} MiB"


def _has_request(sources: list[Path]) -> bool:
    from host_tools.mmc import records

    found = records.read(sources)
    return any(isinstance(item, records.Record) and item.kind == "request" for item in found)


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(pc)
