"""The decoded message as a tree: where each field is, what it is called, what it means."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"


def _no_nodes() -> list[Node]:
    return []


@dataclass
class Node:
    """One field: `value` for programs, `text` for people (units, names), `note` for judgement.

    `offset` is the first octet in the message, or in the named `space` (a plaintext that is
    not on the wire).
    """

    name: str
    offset: int
    length: int
    value: Json = None
    text: str = ""
    note: str = ""
    space: str = ""
    children: list[Node] = field(default_factory=_no_nodes)

    def child(
        self, name: str, reader: Reader, start: int, value: Json = None, text: str = ""
    ) -> Node:
        """Add a field that runs from `start` to the reader's cursor."""
        node = Node(name, start, reader.pos - start, value, text, space=reader.space)
        self.children.append(node)
        return node

    def close(self, reader: Reader) -> None:
        """Let the field end at the reader's cursor."""
        self.length = reader.pos - self.offset

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in message order."""
        yield self
        for node in self.children:
            yield from node.walk()

    def find(self, name: str) -> Node | None:
        """The first node of that name in this tree."""
        return next((node for node in self.walk() if node.name == name), None)

    def settle(self) -> int:
        """Close fields that were begun below this one; returns the octet after the last child."""
        ends = [self.offset + self.length]
        for child in self.children:
            if child.space == self.space:
                ends.append(child.settle())
        end = max(ends)
        self.length = end - self.offset
        return end

    def to_json(self) -> dict[str, Json]:
        """The tree as JSON values; members that say nothing are left out."""
        out: dict[str, Json] = {"name": self.name, "offset": self.offset, "length": self.length}
        if self.space:
            out["space"] = self.space
        if self.value is not None:
            out["value"] = self.value
        if self.text:
            out["text"] = self.text
        if self.note:
            out["note"] = self.note
        if self.children:
            out["children"] = [node.to_json() for node in self.children]
        return out


@contextmanager
def sheltered(reader: Reader, node: Node) -> Generator[None]:
    """Let what cannot be read hide only itself: from there on, octets to the reader's end.

    The fields of `node` that were complete stay; the fault is noted.
    """
    start = reader.pos
    try:
        yield
    except DecodeError as error:
        reader.faults.append(error)
        inner = [child.settle() for child in node.children if child.space == reader.space]
        reader.pos = min(max([start, *inner]), reader.end)
        rest_as_octets(reader, node, "not read", error.what)


def rest_as_octets(reader: Reader, node: Node, name: str, why: str) -> bytes:
    """Add a field with all that is left, as octets, and why that is all there is to say."""
    start = reader.pos
    raw = reader.take(reader.left, name)
    shown = raw.hex().upper()
    node.child(name, reader, start, shown, f"{shown or 'no octets'} ({why})")
    return raw
