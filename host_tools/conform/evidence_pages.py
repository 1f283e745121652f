"""docs/evidence.md and docs/evidence/*.md: the facts on which checks rest, written for readers."""

from __future__ import annotations

import textwrap
from pathlib import Path

from host_tools.conform.evidence import CONFIDENCE, Fact, Page, documents, pages

__all__ = ["fact_page", "index_page", "write"]

_INTRODUCTION = """\
# Evidence

The facts on which the firmware, the tests and the [conformance catalogue](conformance.md) rest,
in this project's own words, each with its confidence and the public document where it was seen. A
check cites them as `evidence/PAGE.md#ANCHOR`; [traceability.md](traceability.md) has which check
rests on which. Where no text decides, [choices.md](choices.md) has the choice of the reference
firmware.

`make traceability` writes this page and those that it lists, from the tables in
`host_tools/conform/facts`.

The legal texts of SECMP0015, SECMP0056, MP085A and of the issue resolutions (IRPs), and GBCS 4.2,
ESMETS 5.2, GSMETS 4.4, CHTS 1.6, IHDTS 4.4 and PPMIDTS 4.5 were not available to this project.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def index_page() -> str:
    """The page that lists documents, confidence and pages."""
    lines = [_INTRODUCTION, "## Pages\n", "| page | about | facts |\n|---|---|---|"]
    for page in pages():
        about = _cell(page.about)
        lines.append(f"| [{page.title}](evidence/{page.name}.md) | {about} | {len(page.facts)} |")
    lines += ["\n## Confidence\n", "| confidence | what it means | checks that may rest on it |"]
    lines.append("|---|---|---|")
    for name, meaning in CONFIDENCE.items():
        lines.append(f"| {name} | {meaning} | {_MAY_REST[name]} |")
    lines += ["\n## Documents\n", "| short | document | version | where |\n|---|---|---|---|"]
    for one in documents().values():
        lines.append(f"| {one.name} | {_cell(one.title)} | {one.version} | {_cell(one.place)} |")
    return "\n".join(lines) + "\n"


_MAY_REST = {
    "octets": "`rtds`, `spec`",
    "text": "`spec`",
    "agreed": "`spec`",
    "inference": "`project-choice`",
    "not found": "`project-choice`",
}


def _fact(fact: Fact) -> str:
    states = textwrap.fill(fact.states, 99, break_long_words=False, break_on_hyphens=False)
    lines = [f"## {fact.heading}\n\n{states}\n", f"- Confidence: {fact.confidence}"]
    lines += [f"- Seen: {document}, {section}" for document, section in fact.seen]
    return "\n".join(lines) + "\n"


def fact_page(page: Page) -> str:
    """A page of facts."""
    head = f"# {page.title}\n\n{page.about} [evidence.md](../evidence.md) has the documents.\n"
    return "\n".join([head, *(_fact(fact) for fact in page.facts)])


def write(docs: Path) -> None:
    """Write all pages into the folder `docs`."""
    folder = docs / "evidence"
    folder.mkdir(exist_ok=True)
    (docs / "evidence.md").write_text(index_page(), encoding="utf-8")
    for page in pages():
        (folder / f"{page.name}.md").write_text(fact_page(page), encoding="utf-8")
