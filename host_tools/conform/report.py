"""The conformance report as a document: what was judged, what came of it, and what it rests on.

The document follows host_tools/schemas/report.schema.json. The series that a check hands over
in `data` become pictures: see host_tools.conform.pictures for their shapes.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError

from host_tools import __version__
from host_tools.compiled import FIRMWARE
from host_tools.conform.model import Result, Verdict, where_to_look
from host_tools.conform.traceability import facts_of, matrix, requirement_of
from host_tools.schemas import SchemaProblem, parse_document

__all__ = [
    "EXIT_BLOCKED",
    "EXIT_FAIL",
    "EXIT_OK",
    "NOT_COVERED",
    "ROWS",
    "Identity",
    "as_json",
    "baseline",
    "environment",
    "exit_status",
    "firmware_hash",
    "make_document",
    "overall",
    "read_report",
    "validate_report",
]

Json = dict[str, Any]

FORMAT = "smets-conform-report/3"
EXIT_OK, EXIT_FAIL, EXIT_BLOCKED = 0, 1, 4
NOT_COVERED = ("CPA", "ZigBee", "DLMS certification", "radio", "metrology")
RELEASE = "November 2022 SEC Release, as planned in RID v0.4"
# Rows of the release with requirements on devices, and the specification as it was.
ROWS = {
    "SECMP0015": "time stamps on gas reads",
    "SECMP0056": "change of tenancy on the home network",
    "MP085A": "RMS voltage periods on the half hour",
    "MP078": "GCS20r without data, security logs on the HAN",
    "MP099": "historic data and symmetry (properties adjacent to IRP571 and IRP586)",
    "MP143": "five IRPs into GBCS 3.3, numbers not found",
    "GBCS": "the specification as it was before",
}
# Rows without a requirement on a device.
_NON_DEVICE = {
    "MP140": "no requirement on a device (transfer of hubs in stock)",
    "MP141": "no requirement on a device (what the SSI shows)",
    "CR4427": "no requirement on a device (XML signing)",
    "CR4465": "a property of builds, not of a running device",
}


@dataclass(frozen=True)
class Identity:
    """The device that was judged, and the tools that judged it."""

    role: str
    device_id: str
    engine: str
    firmware: str
    firmware_hash: str
    claims: Json
    key_set: str
    seed: int
    clock: str
    vector_set: str = "none"
    capabilities: list[str] = field(default_factory=list[str])
    tool_version: str = __version__
    found: list[str] = field(default_factory=list[str])  # by the bench, of a device in black box
    place: str = ""  # of labgrid, whose link `engine` is

    def to_json(self) -> Json:
        """The member of a report; a place only where there is one."""
        members = asdict(self)
        if not self.place:
            del members["place"]
        return members


def firmware_hash() -> str:
    """SHA-256 over the names and contents of the project's own firmware."""
    digest = sha256()
    for path in sorted(FIRMWARE.rglob("*.py")):
        digest.update(str(path.relative_to(FIRMWARE)).encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many results have each verdict."""
    found = Counter(result.verdict for result in results)
    return {str(verdict): found[verdict] for verdict in Verdict}


def overall(number: dict[str, int]) -> str:
    """The verdict of a run: fail before blocked before pass; none where nothing was judged.

    What was only observed is not judged.
    """
    for verdict in ("fail", "blocked"):
        if number[verdict]:
            return verdict
    return "pass" if number["pass"] or number["tolerated"] else "none"


def exit_status(verdict: str) -> int:
    """0 for all passed or tolerated, 1 for a failure, 4 where something could not be judged."""
    return {"pass": EXIT_OK, "fail": EXIT_FAIL}.get(verdict, EXIT_BLOCKED)


_JUDGED = (Verdict.PASS, Verdict.FAIL, Verdict.OBSERVED, Verdict.TOLERATED, Verdict.BLOCKED)


def baseline(results: Sequence[Result]) -> Json:
    """The release rows in scope, and those that are not, with why."""
    scope: list[str] = []
    excluded: list[Json] = []
    for row in ROWS:
        own = [result for result in results if result.check.row == row]
        if any(result.verdict in _JUDGED for result in own):
            scope.append(row)
            continue
        why = "the catalogue has no check of it"
        if own:
            texts = sorted({f"{result.verdict}: {result.text}" for result in own})
            why = "; ".join(texts[:3]) + ("; ..." if len(texts) > 3 else "")
        excluded.append({"row": row, "why": why})
    excluded += [{"row": row, "why": why} for row, why in _NON_DEVICE.items()]
    return {"release": RELEASE, "rows": scope, "excluded": excluded}


def environment() -> Json:
    """What the bench runs on."""
    return {
        "tool": f"smets {__version__}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cryptography": version("cryptography"),
    }


def as_json(document: Json) -> str:
    """The text of a report's file; `smets verify-report` takes no other layout."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _entry(result: Result) -> Json:
    check = result.check
    requirement = requirement_of(check)
    return {
        "id": check.id,
        "row": check.row,
        "requirement": requirement.id if requirement else "",
        "title": check.title,
        "roles": list(check.roles),
        "srv": check.srv,
        "use_case": check.use_case,
        "source": check.source,
        "facts": [fact.key for fact in facts_of(check)],
        "evidence": str(check.evidence),
        "severity": str(check.severity),
        "family": str(check.family),
        "since": check.since,
        "needs": list(check.needs),
        "alternatives": list(check.alternatives),
        "stimulus": check.stimulus,
        "expectation": check.expectation,
        "verdict": str(result.verdict),
        "text": result.text,
        "alternative": result.alternative,
        "where_to_look": where_to_look(check),
        "tolerance": result.tolerance,
        "seconds": round(result.seconds, 3),
        "exchanges": [asdict(exchange) for exchange in result.exchanges],
        "data": result.data,
        "trace": result.trace,
    }


def make_document(
    identity: Identity,
    results: Sequence[Result],
    started: datetime,
    seconds: float,
    interrupted: bool = False,
    causes: Sequence[Json] = (),
) -> Json:
    """The report of a run. `started` is in UTC; for `causes` see that module.

    It is not held against its schema, which takes longer than making it: who reads it does that.
    """
    number = counts(results)
    verdict = overall(number)
    if interrupted and verdict in ("pass", "none"):
        verdict = "incomplete"
    order = list(ROWS)
    ranked = sorted(
        results,
        key=lambda result: (
            order.index(result.check.row) if result.check.row in order else len(order),
            result.verdict not in _JUDGED,
            result.check.id,
        ),
    )
    document: Json = {
        "format": FORMAT,
        "identity": identity.to_json(),
        "baseline": baseline(results),
        "not_covered": list(NOT_COVERED),
        "environment": environment(),
        "started": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round(seconds, 3),
        "counts": number,
        "verdict": verdict,
        "exit_status": exit_status(verdict),
        "causes": list(causes),
        "results": [_entry(result) for result in ranked],
        "traceability": matrix(ranked),
    }
    # `data` of checks may hold tuples and the like, so the document is what JSON makes of it.
    return cast("Json", json.loads(json.dumps(document, default=str)))


@cache
def _validator() -> Draft202012Validator:
    file = resources.files("host_tools.schemas").joinpath("report.schema.json")
    return Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))


# Digests of results that are as the schema has them. Reports share most of theirs: two thirds of
# the checks are for other roles.
_good: set[bytes] = set()
_MOST_GOOD = 20_000


def validate_report(document: object) -> None:
    """Raise SchemaProblem where a document, as JSON has it, is no report."""
    short, fresh = _without_the_good(document)
    if next(_errors(short), None) is not None:
        first = min(
            _errors(document), key=lambda error: [str(part) for part in error.absolute_path]
        )
        raise SchemaProblem(tuple(first.absolute_path), first.message)
    if len(_good) > _MOST_GOOD:
        _good.clear()
    _good.update(fresh)


def _without_the_good(document: object) -> tuple[object, dict[bytes, object]]:
    """A report without the results that are known to be good, and those that it keeps."""
    if not isinstance(document, dict):
        return document, {}
    whole = cast("Json", document)
    results = whole.get("results")
    if not isinstance(results, list):
        return whole, {}
    form = whole.get("format")  # it decides what a result must have
    kept: dict[bytes, object] = {}
    for result in cast("list[object]", results):
        digest = _digest(form, result)
        if digest not in _good:
            kept[digest] = result
    return {**whole, "results": list(kept.values())}, kept


def _digest(form: object, result: object) -> bytes:
    return sha256(json.dumps([form, result]).encode()).digest()


def _errors(document: object) -> Iterator[ValidationError]:
    return iter(cast("Iterable[ValidationError]", cast("Any", _validator()).iter_errors(document)))


def read_report(path: Path) -> Json:
    """Read a report; SchemaProblem with the file's name, or OSError."""
    try:
        document = parse_document(path.read_bytes())
        validate_report(document)
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None
    return cast("Json", document)
