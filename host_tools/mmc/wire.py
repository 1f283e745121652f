"""The values of a decoded message by the place that a table gives them.

Places: `class/OBIS/attribute` (of a protected read the objects inside it), `0xCCCC/0xAAAA` a ZCL
attribute, `0xCCCC<0xNN` the commands NN of cluster CCCC in the response, `asn1`, and `body`, the
items of an alert. Steps from there: `.n` a member, `[n]` an entry, `[*]` and `[a:b]` each entry,
`/name` a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from host_tools.gbcs import axdr, dlms_names, zcl_types
from host_tools.gbcs.gbz import Component
from host_tools.gbcs.message import Message
from host_tools.mmc import asn1

_ROOT = re.compile(
    r"\d+/\d+-\d+:\d+(?:\.\d+){2,3}/\d+|0x[0-9A-F]{4}(?:/0x[0-9A-F]{4}|<0x[0-9A-F]{2})|asn1|body"
)
_STEP = re.compile(
    r"\.(?P<member>\d+)|\[(?P<index>\d+)\]|\[(?P<each>\*|\d+:\d+)\]|/(?P<name>[^/\[]+)"
)


@dataclass(frozen=True)
class Item:
    """A value, its number among its like (from 1), and the value that it was found in."""

    value: Any
    number: int = 1
    above: Item | None = None


@dataclass
class Wire:
    """What a message says, by place; `hidden` are its parts that no key opened.

    `assumed` gathers the choices (`choices.NOTED`) that its conversions rest on.
    """

    message: Message
    values: dict[str, Any] = field(default_factory=lambda: dict[str, Any]())
    hidden: list[tuple[str, bytes]] = field(default_factory=lambda: list[tuple[str, bytes]]())
    assumed: set[str] = field(default_factory=lambda: set[str]())

    def find(self, place: str, start: Item | None = None) -> Iterator[Item]:
        """Every value at a place; a place without a root begins at `start`."""
        root, steps = _split(place)
        if root:
            if root not in self.values:
                return
            start = Item(self.values[root])
        if start is not None:
            yield from _follow(start, steps)

    def first(self, place: str, start: Item | None = None) -> Any:
        """The value at a place, None where there is none."""
        item = next(self.find(place, start), None)
        return None if item is None else item.value


@cache
def _split(place: str) -> tuple[str, tuple[re.Match[str], ...]]:
    root = _ROOT.match(place)
    rest = place[root.end() :] if root else place
    steps = tuple(_STEP.finditer(rest))
    if rest not in ("", ".") and "".join(step[0] for step in steps) != rest:
        raise ValueError(f"{place!r} is no place in a message")
    return (root[0] if root else ""), steps


def _follow(item: Item, steps: tuple[re.Match[str], ...]) -> Iterator[Item]:
    if item.value is None:
        return
    if not steps:
        yield item
        return
    step, rest = steps[0], steps[1:]
    value = item.value
    if step["name"] is not None:
        if isinstance(value, dict):
            yield from _follow(Item(cast("Any", value).get(step["name"]), 1, item), rest)
        return
    if not isinstance(value, list):
        return
    items = cast("list[Any]", value)
    if step["each"] is not None:
        if step["each"] != "*":
            first, last = (int(part) for part in step["each"].split(":"))
            items = items[first:last]
        for number, inner in enumerate(items, 1):
            yield from _follow(Item(inner, number, item), rest)
        return
    index = int(step["member"] or step["index"] or 0)
    if index < len(items):
        yield from _follow(Item(items[index], 1, item), rest)


def read(message: Message, request: Message | None = None) -> Wire:
    """Gather the values of a response or alert; its request says which objects were asked."""
    wire = Wire(message)
    if message.protocol == "GBZ":
        _read_gbz(wire)
    elif message.protocol == "DLMS":
        if message.header.cra == 3:
            _read_notification(wire)
        else:
            _read_dlms(wire, request)
    elif message.protocol == "ASN.1":
        wire.values["asn1"] = asn1.named(message)
    return wire


def _read_gbz(wire: Wire) -> None:
    payload = wire.message.gbz
    if payload.alert_code is not None:
        wire.values["body"] = [payload.alert_code, payload.alert_time, payload.alert_body]
    for component in wire.message.gbz.components:
        if component.frame is None:
            wire.hidden.append(("zigbeeCiphered", _ciphered(wire.message, component)))
            continue
        frame = component.frame
        for item in frame.attributes:
            if item.status in (None, 0) and item.manufacturer is None and item.known is not None:
                value = item.known
                if item.type in (0x41, 0x42):
                    value = zcl_types.string_octets(value)
                wire.values[f"0x{frame.cluster:04X}/0x{item.id:04X}"] = value
        if frame.fields is not None:
            place = f"0x{frame.cluster:04X}<0x{frame.header.command:02X}"
            wire.values.setdefault(place, []).append(frame.fields)


def _ciphered(message: Message, component: Component) -> bytes:
    for node in message.tree.walk():
        if node.name == f"component {component.index}":
            return message.envelope.data[node.offset : node.offset + node.length]
    return b""


def _read_dlms(wire: Wire, request: Message | None) -> None:
    apdu = wire.message.dlms
    opened = {block.offset: block.value for block in wire.message.protected}
    for index, key in enumerate(places(wire.message, request)):
        if index >= len(apdu.data) or _failed(apdu.results, index):
            continue
        data = apdu.data[index]
        held = [offset for offset in opened if data.offset <= offset < data.offset + data.length]
        if not held:
            wire.values[key[0]] = plain(data)
            continue
        value = opened[held[0]]
        if value is None:
            octets = wire.message.envelope.data[data.offset : data.offset + data.length]
            wire.hidden.append(("dlms", octets))
        elif len(value.items) == len(key[1]):
            for name, inner in zip(key[1], value.items, strict=True):
                wire.values[name] = plain(inner)


def _failed(results: list[tuple[int, int]], index: int) -> bool:
    return index < len(results) and results[index][1] != 0


def places(message: Message, request: Message | None) -> list[tuple[str, list[str]]]:
    """The places of a response's data, each with those of the objects protected inside it.

    The request names them; without it, the use case's table does where the counts agree.
    """
    count = len(message.dlms.data)
    rows = dlms_names.rows_for(message.use_case, count)
    if request is not None and request.protocol == "DLMS" and len(request.dlms.items) == count:
        table: list[dict[str, Any]] = []
        if message.use_case is not None:
            table = message.use_case.table.get("dlms", [])
        keyed = {(row["class"], row["obis"], row["attr"]): row for row in [*table, *rows]}
        rows = list[dict[str, Any]]()
        for item in request.dlms.items:
            key = (item.class_id, item.obis, item.attr)
            rows.append({**keyed.get(key, {}), "class": key[0], "obis": key[1], "attr": key[2]})
    return [(_place(row), _protected(row)) for row in rows]


def _protected(row: dict[str, Any]) -> list[str]:
    inner: list[dict[str, Any]] = row.get("protected", [])
    return [_place(item) for item in inner]


def _place(row: dict[str, Any]) -> str:
    return f"{row['class']}/{row['obis']}/{row['attr']}"


def _read_notification(wire: Wire) -> None:
    apdu = wire.message.dlms
    body = plain(apdu.data[0]) if apdu.data else None
    if isinstance(body, list):
        items = cast("list[Any]", body)
        # A compact array is one row with code and time.
        wire.values["body"] = items[0] if items and isinstance(items[0], list) else items
    for block in wire.message.protected:
        if block.value is None:
            wire.hidden.append(("dlms", block.ciphered))
        else:
            wire.values["body"] = [*wire.values.get("body", [])[:2], plain(block.value)]


def plain(value: axdr.Value) -> Any:
    """A DLMS value in Python's own: lists, numbers, octets, text."""
    if value.type in ("array", "structure"):
        return [plain(item) for item in value.items]
    if value.type == "compact-array":
        rows = cast("list[Any]", value.value or [])
        return [_row(row, value.element_type) for row in rows]
    if value.type == "octet-string":
        return value.octets
    return value.value


def _row(row: Any, kind: Any) -> Any:
    if kind == "octet-string":
        return bytes.fromhex(row)
    if isinstance(kind, str):
        return row
    parts = cast("dict[str, Any]", kind)
    kinds = parts["structure"] if "structure" in parts else [parts["array"][1]] * len(row)
    return [_row(item, inner) for item, inner in zip(row, kinds, strict=True)]
