"""The rows: which request becomes which use case, and how. Their text is in rows/*.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from host_tools.duis.notation import Line, parse_line

__all__ = ["Row", "all_rows", "by_name"]

_PROTOCOLS = ("dlms", "gbz", "asn1")
_DIRECT = "direct"
_MODES = ("broker", "acb", "cos")


@dataclass(frozen=True)
class Row:
    """What a request becomes.

    `modes` says who sends the command, by service reference variant ("" for all): direct (the
    user), broker (the access control broker for the user), acb (the broker for itself), cos (the
    transitional change of supplier party). `old` rows are for devices of an earlier GBCS, `poly`
    ones for polyphase meters, those with a `role` for users of that role.
    """

    name: str
    code: int
    services: tuple[str, ...]
    targets: tuple[str, ...]
    requests: tuple[str, ...]
    protocol: str
    source: tuple[str, ...]
    modes: tuple[tuple[str, str], ...] = ()
    when: str = ""
    old: bool = False
    poly: bool = False
    role: str = ""

    @property
    def use_case(self) -> str:
        """The GBCS use case, without what tells its requests apart."""
        return self.name.partition("/")[0]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Its parts in the order of the wire."""
        return _lines(self.source)

    def mode(self, service: str) -> str:
        """Who sends the command of a service reference variant."""
        found = dict(self.modes)
        return found.get(service, found.get("", _DIRECT))


@cache
def _lines(source: tuple[str, ...]) -> tuple[Line, ...]:
    return tuple(parse_line(text) for text in source)


@cache
def all_rows() -> tuple[Row, ...]:
    """All rows, in the order of their message codes."""
    rows = [row for protocol in _PROTOCOLS for row in _read(protocol)]
    return tuple(sorted(rows, key=lambda row: (row.code, row.name)))


def by_name(name: str) -> Row:
    """The row of a name such as GCS13a or ECS47/Activate, in any case; KeyError otherwise."""
    for row in all_rows():
        if row.name.lower() == name.lower():
            return row
    raise KeyError(f"no request becomes {name!r}")


def _read(protocol: str) -> list[Row]:
    text = (files("host_tools.duis") / "rows" / f"{protocol}.txt").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n {8}", " ", text)  # lines that go on
    words = dict(re.findall(r"^\$(\w+) = (.*)$", text, flags=re.MULTILINE))
    text = re.sub(r"\$(\w+)", lambda found: words.get(found[1], found[0]), text)
    out: list[Row] = []
    for block in re.findall(r"^[0-9A-F]{4} .*(?:\n {4}.*)*", text, flags=re.MULTILINE):
        head, *source = block.split("\n")
        out.append(_row(protocol, head, tuple(line.strip() for line in source)))
    return out


def _row(protocol: str, head: str, source: tuple[str, ...]) -> Row:
    plain, _, when = head.partition("when`")
    when, _, more = when.partition("`")
    code, name, services, targets, requests, *flags = plain.split()
    flags += more.split()
    words = [flag.partition(":") for flag in flags]
    modes = [(word[2], word[0]) for word in words if word[0] in _MODES]
    roles = [word[2] for word in words if word[0] == "role"]
    return Row(
        name,
        int(code, 16),
        tuple(services.split(",")),
        tuple(targets.split(",")),
        tuple(requests.split(",")),
        protocol,
        source,
        tuple(modes),
        when,
        "old" in flags,
        "poly" in flags,
        "".join(roles),
    )
