"""Several reports on one page: devices by rows of the release, by requirements, and why.

The page leads to the pages of the reports, where these lie beside their JSON.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from host_tools.conform.groups import groups
from host_tools.conform.html import SIGNS, templates
from host_tools.conform.report import ROWS
from host_tools.conform.signing import Checked, check_file

__all__ = ["Cell", "Joined", "index_page", "join", "tally"]

Json = dict[str, Any]

# The worst that was seen speaks for a cell.
_WORST = ("fail", "blocked", "tolerated", "pass", "observed", "not-run", "not-applicable")
_CAUSES = 5  # of each device


@dataclass(frozen=True)
class Joined:
    """A report with its file; `page` leads from the index to its page, or is empty."""

    checked: Checked
    file: str
    page: str

    @property
    def document(self) -> Json:
        """The report."""
        return self.checked.document

    @property
    def proof(self) -> str:
        """Whether it is signed, and as it was signed."""
        if self.checked.wrong:
            return f"NOT VALID: {self.checked.wrong}"
        if not self.checked.signer:
            return "not signed"
        return f"signed by the key with SHA-256 {self.checked.signer}"

    def link(self, **wanted: str) -> str:
        """The page with this filter; empty where there is no page."""
        return f"{self.page}#{urlencode(wanted)}" if self.page and wanted else self.page


@dataclass(frozen=True)
class Cell:
    """The verdict that speaks for a row at a device, and the number of each."""

    verdict: str
    numbers: dict[str, int]
    link: str

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Each verdict with its number, the worst first; what is not applicable only alone."""
        found = [(name, self.numbers[name]) for name in _WORST if self.numbers.get(name)]
        return found[:-1] if len(found) > 1 and found[-1][0] == "not-applicable" else found


def join(reports: Sequence[Path], index: Path) -> list[Joined]:
    """Read reports for an index at this path; SchemaProblem, or OSError."""
    return [_joined(path, index) for path in reports]


def _joined(path: Path, index: Path) -> Joined:
    page = path.with_suffix(".html")
    link = ""
    if page.is_file() and page.resolve() != index.resolve():
        relative = os.path.relpath(page.resolve(), index.resolve().parent)
        link = quote(Path(relative).as_posix())
    return Joined(check_file(path), path.name, link)


def tally(joined: Joined, member: str) -> dict[str, Cell]:
    """A cell for each value of a member of the results: `row`, or `requirement`."""
    numbers: dict[str, Counter[str]] = {}
    for result in cast("list[Json]", joined.document["results"]):
        name = str(result.get(member, ""))
        numbers.setdefault(name, Counter())[result["verdict"]] += 1
    cells: dict[str, Cell] = {}
    for name, found in numbers.items():
        verdict = next(verdict for verdict in _WORST if found[verdict])
        wanted = {member: name, "verdict": verdict}
        link = "" if verdict == "not-applicable" else joined.link(**wanted)
        cells[name] = Cell(verdict, dict(found), link)
    return cells


def index_page(reports: Sequence[Joined]) -> str:
    """The page of these reports, in their order."""
    by_row = [tally(one, "row") for one in reports]
    by_requirement = [tally(one, "requirement") for one in reports]
    asks: dict[str, str] = {}
    for one in reports:
        traced = cast("Json", one.document.get("traceability", {"requirements": []}))
        asks |= {part["requirement"]: part["asks"] for part in traced["requirements"]}
    asks.pop("", None)
    counts: Counter[str] = Counter()
    for one in reports:
        counts.update(cast("dict[str, int]", one.document["counts"]))
    known = {name for cells in by_row for name in cells}
    return (
        templates()
        .get_template("index.html.j2")
        .render(
            reports=reports,
            rows=[*(row for row in ROWS if row in known), *sorted(known - set(ROWS))],
            row_titles=ROWS,
            by_row=by_row,
            by_requirement=by_requirement,
            asks=asks,
            signs=SIGNS,
            told=[(one, found[:_CAUSES]) for one in reports if (found := groups(one.document))],
            counts=counts,
            verdicts=Counter(one.document["verdict"] for one in reports),
            releases=sorted({one.document["baseline"]["release"] for one in reports}),
            not_covered=reports[0].document["not_covered"],
        )
    )
