"""The tables of `tables/`: which element a use case becomes, and where its values come from.

A table is an outline. Blocks begin with use cases, their message codes, and what each service
reference variant is answered with; then each line is an element, indented below its parent:

    LogEntry* 7/1-0:32.24.0.255/2[*]     one for each row; places below it begin at the row
      Value .1                           member 1 of the row, as a number
      Timestamp .0 : utc                 the same with a conversion
      @index = #                         an attribute; # counts from 1
    TariffThreshold n=1..4 21/.../{10+n} four of them; {...} is a sum with n
    Electricity!                         stays where it is empty
    when 13                              what follows holds if a row has 13 columns
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

FILES = ("electricity", "gas", "hub", "credentials", "updates")

_LINE = re.compile(
    r"(?P<name>@?[A-Za-z]\w*)(?P<star>\*)?(?P<stays>!)?"
    r"(?: (?P<var>[a-z])=(?P<from>\d+)\.\.(?P<to>\d+))?"
    r"(?: = (?P<fixed>.+)|(?: (?P<place>(?:\d+/\d|0x|asn1|body|[./]).*?))?(?: : (?P<rule>.+))?)?"
)
_REST = re.compile(r" (\.\d*)$")  # the value of a row itself, after the place of the rows
_SUM = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Entry:
    """One element or attribute. `rows` is where its repetitions come from, `place` its value."""

    name: str
    rows: str = ""
    place: str = ""
    rule: str = ""
    fixed: str = ""
    stays: bool = False
    children: tuple[Entry, ...] = ()

    @property
    def is_attribute(self) -> bool:
        """Whether this is an attribute of the element above it."""
        return self.name.startswith("@")


@dataclass(frozen=True)
class UseCase:
    """What a use case is answered with; `bodies` are (columns of a row or None, entries)."""

    id: str
    code: int
    elements: dict[str, str]  # service reference variant -> name of the Rsp element
    bodies: tuple[tuple[int | None, tuple[Entry, ...]], ...]


@dataclass
class _Line:
    entry: Entry
    depth: int
    repeat: tuple[str, int, int] | None
    below: list[_Line] = field(default_factory=lambda: list["_Line"]())


def text_of(name: str) -> str:
    """A table as text."""
    return resources.files(__name__.rpartition(".")[0]).joinpath(f"tables/{name}.txt").read_text()


@cache
def by_code() -> dict[int, UseCase]:
    """Every use case that is answered, by its message code."""
    found: dict[int, UseCase] = {}
    for name in FILES:
        for block in text_of(name).strip().split("\n\n"):
            for item in read_block(block):
                found[item.code] = item
    return found


def read_block(block: str) -> list[UseCase]:
    """The use cases of a block; ValueError names the line that is none of an outline."""
    heads: list[tuple[str, int, dict[str, str]]] = []
    bodies: list[tuple[int | None, list[str]]] = [(None, [])]
    for line in block.splitlines():
        if not line.startswith(" "):
            word, code, *elements = line.split()
            pairs = [element.split("=") for element in elements]
            heads.append((word, int(code, 16), {pair[0]: pair[1] for pair in pairs}))
        elif line.startswith("  when "):
            if bodies[0][0] is None:
                bodies = []
            bodies.append((int(line.split()[1]), []))
        else:
            bodies[-1][1].append(line)
    made = tuple((columns, read_entries(lines)) for columns, lines in bodies)
    return [UseCase(word, code, elements, made) for word, code, elements in heads]


def read_entries(lines: list[str]) -> tuple[Entry, ...]:
    """The entries of indented lines, repetitions by number written out."""
    top = _Line(Entry(""), -1, None)
    path = [top]
    for text in lines:
        line = _read_line(text)
        while path[-1].depth >= line.depth:
            path.pop()
        path[-1].below.append(line)
        path.append(line)
    return _children(top, {})


def _read_line(text: str) -> _Line:
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"no line of an outline: {text!r}")
    place, rows = match["place"] or "", ""
    if match["star"]:
        rest = _REST.search(place)
        rows = place[: rest.start()] if rest else place
        place = rest[1] if rest else ""
    entry = Entry(
        match["name"],
        rows,
        place,
        match["rule"] or "",
        match["fixed"] or "",
        bool(match["stays"]),
    )
    repeat = (match["var"], int(match["from"]), int(match["to"])) if match["var"] else None
    return _Line(entry, len(text) - len(text.lstrip()), repeat)


def _children(line: _Line, numbers: dict[str, int]) -> tuple[Entry, ...]:
    made: list[Entry] = []
    for below in line.below:
        if below.repeat is None:
            made.append(_finished(below, numbers))
            continue
        name, first, last = below.repeat
        made += [_finished(below, {**numbers, name: n}) for n in range(first, last + 1)]
    return tuple(made)


def _finished(line: _Line, numbers: dict[str, int]) -> Entry:
    entry = line.entry
    children = _children(line, numbers)
    place = entry.place
    if entry.rows and not place and all(child.is_attribute for child in children):
        place = "."  # the row is the value
    return replace(
        entry,
        rows=_filled(entry.rows, numbers),
        place=_filled(place, numbers),
        fixed=_filled(entry.fixed, numbers),
        children=children,
    )


def _filled(text: str, numbers: dict[str, int]) -> str:
    def total(match: re.Match[str]) -> str:
        value = 0
        for term in match[1].split("+"):
            letter = term[-1] if term[-1].isalpha() else ""
            factor = term.removesuffix(letter) if letter else term
            value += int(factor or 1) * (numbers[letter] if letter else 1)
        return str(value)

    return _SUM.sub(total, text)
