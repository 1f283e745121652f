"""The elements of a body, built from an outline and the values of a message."""

from __future__ import annotations

from typing import Any, cast

from host_tools.mmc import values
from host_tools.mmc.blocks import BLOCKS
from host_tools.mmc.outline import Entry, UseCase
from host_tools.mmc.wire import Item, Wire
from host_tools.mmc.xml import Element, sub

# What a conversion raises for a value of another form than the use case's.
_UNFIT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Builder:
    """Builds elements of the values of a message; `unfit` are those that are not of their form."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.unfit: list[str] = []

    def fill(self, parent: Element, entries: tuple[Entry, ...], at: Item | None) -> bool:
        """Add the entries that the message has values for; whether there was any."""
        real = False
        for entry in entries:
            if entry.rows:
                for number, item in enumerate(self.wire.find(entry.rows, at), 1):
                    real |= self._one(parent, entry, Item(item.value, number, item.above))
            else:
                real |= self._one(parent, entry, at)
        return real

    def _one(self, parent: Element, entry: Entry, at: Item | None) -> bool:
        if entry.is_attribute:
            self._attribute(parent, entry, at)
            return False
        element = sub(parent, entry.name)
        real = self.fill(element, entry.children, at)
        if entry.fixed:
            # It goes with its parent where nothing beside it is from the message.
            element.text = entry.fixed
            return False
        if entry.place:
            real = self._valued(element, entry, at) or real
        if not real and not entry.stays:
            parent.remove(element)
        return real

    def _attribute(self, parent: Element, entry: Entry, at: Item | None) -> None:
        text: str | None = entry.fixed
        if text == "#":
            text = str(at.number) if at is not None else None
        elif not text:
            item = next(self.wire.find(entry.place, at), None)
            text = None if item is None else self._text(item, entry)
        if text is not None:
            parent.set(entry.name.removeprefix("@"), text)

    def _valued(self, element: Element, entry: Entry, at: Item | None) -> bool:
        item = next(self.wire.find(entry.place, at), None)
        if item is None:
            return False
        word, _, words = entry.rule.partition(" ")
        if word not in BLOCKS:
            text = self._text(item, entry)
            element.text = text or None
            return text is not None
        before = len(element)
        try:
            return BLOCKS[word](element, item, words)
        except _UNFIT:
            self.unfit.append(entry.name)
            del element[before:]
            return False

    def _text(self, item: Item, entry: Entry) -> str | None:
        try:
            return values.convert(item, entry.rule, self.wire)
        except _UNFIT:
            self.unfit.append(entry.name)
            return None


def body_of(use_case: UseCase, wire: Wire) -> tuple[Entry, ...]:
    """The outline that fits: where there are several, by the columns of the first row."""
    for columns, entries in use_case.bodies:
        if columns is None or _columns(entries, wire) == columns:
            return entries
    return use_case.bodies[0][1]


def _columns(entries: tuple[Entry, ...], wire: Wire) -> int | None:
    for entry in entries:
        if entry.rows:
            row: Any = wire.first(entry.rows)
            return len(cast("list[Any]", row)) if isinstance(row, list) else None
        inner = _columns(entry.children, wire)
        if inner is not None:
            return inner
    return None
