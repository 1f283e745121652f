"""The facts on which checks rest: their statement, confidence, and the public document of each.

The facts are tables in `facts/*.toml`, from which `make traceability` writes docs/evidence.md and
the pages of docs/evidence. A check cites them in its source as `evidence/PAGE.md#ANCHOR`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, cast

__all__ = [
    "CONFIDENCE",
    "Document",
    "Fact",
    "FactError",
    "Page",
    "cited",
    "documents",
    "facts",
    "page_of",
    "pages",
    "read_table",
]

# How sure a fact is, and what that means; the surest first.
CONFIDENCE = {
    "octets": "the vectors of the industry show it, octet for octet",
    "text": "published text of a specification, or of the body that keeps it, says it",
    "agreed": "two or more independent public implementations say it of the specification",
    "inference": "it follows from what was found, and could be otherwise",
    "not found": "no public text decides it: what is stated is all that was found",
}
_CITED = re.compile(r"evidence/([a-z0-9]+)\.md#([\w-]+)")
_OTHERS = ("documents", "requirements")  # tables that have no facts
_MEMBERS = {"heading", "states", "confidence", "seen"}


class FactError(Exception):
    """A table of facts that is wrong, or a citation of a fact that is not there."""


@dataclass(frozen=True)
class Document:
    """A public document: where the public has which version of it."""

    name: str
    title: str
    version: str
    place: str


@dataclass(frozen=True)
class Fact:
    """What a page of the evidence states; `seen` has (document, section) of each place."""

    page: str
    heading: str
    states: str
    confidence: str
    seen: tuple[tuple[str, str], ...]

    @property
    def anchor(self) -> str:
        """The anchor of its heading, as the usual renderers make it."""
        return re.sub(r"[^\w\- ]", "", self.heading.lower()).replace(" ", "-")

    @property
    def key(self) -> str:
        """How it is cited: `evidence/PAGE.md#ANCHOR`."""
        return f"evidence/{self.page}.md#{self.anchor}"


@dataclass(frozen=True)
class Page:
    """A page of facts."""

    name: str
    title: str
    about: str
    facts: tuple[Fact, ...]


def read_table(name: str) -> dict[str, Any]:
    """A table of the folder `facts` as it is written."""
    file = resources.files("host_tools.conform").joinpath("facts", f"{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def documents() -> dict[str, Document]:
    """Each document by its short name."""
    found = cast("dict[str, dict[str, str]]", read_table("documents"))
    return {name: Document(name, **members) for name, members in found.items()}


@cache
def pages() -> tuple[Page, ...]:
    """Every page, by name; FactError for one that is wrong."""
    folder = resources.files("host_tools.conform").joinpath("facts")
    names = sorted(file.name.removesuffix(".toml") for file in folder.iterdir())
    return tuple(page_of(name, read_table(name)) for name in names if name not in _OTHERS)


def page_of(name: str, table: dict[str, Any]) -> Page:
    """A page from its table; FactError where a fact is incomplete or names what is not there."""
    items = cast("list[dict[str, Any]]", table["fact"])
    found = tuple(_fact(name, item) for item in items)
    anchors = [fact.anchor for fact in found]
    for anchor in anchors:
        if anchors.count(anchor) > 1:
            raise FactError(f"{name}: two facts have the heading of {anchor}")
    return Page(name, table["title"], table["about"], found)


def _fact(page: str, item: dict[str, Any]) -> Fact:
    heading = str(item.get("heading", "a fact without heading"))
    if set(item) != _MEMBERS:
        raise FactError(f"{page}: {heading}: has not exactly {', '.join(sorted(_MEMBERS))}")
    if item["confidence"] not in CONFIDENCE:
        raise FactError(f"{page}: {heading}: confidence {item['confidence']} is none")
    seen: list[tuple[str, str]] = []
    for place in cast("list[str]", item["seen"]):
        document, _, section = place.partition(": ")
        if document not in documents() or not section:
            raise FactError(f"{page}: {heading}: {place!r} names no document and section")
        seen.append((document, section))
    if not seen:
        raise FactError(f"{page}: {heading}: was seen nowhere")
    return Fact(page, heading, item["states"], item["confidence"], tuple(seen))


@cache
def facts() -> dict[str, Fact]:
    """Every fact by its key."""
    return {fact.key: fact for page in pages() for fact in page.facts}


def cited(source: str) -> list[Fact]:
    """The facts that a source cites, in order; FactError for one that is not there."""
    found: list[Fact] = []
    for page, anchor in _CITED.findall(source):
        key = f"evidence/{page}.md#{anchor}"
        if key not in facts():
            raise FactError(f"there is no {key}")
        found.append(facts()[key])
    return found
