"""Fields of cluster commands, read and written by the types of the data table.

A field type is a name (`uint8`, `utc`, `octstr`, ...) or an object: {"record": [[name, type]]},
{"list": [[name, type]], "count"?: field} for repeated records, and {"of": type, "count"? or
"low_nibble"?: field} for repeated values; without a count they run to the end of the payload.
Values are in the notation of STATE.json.
"""

from __future__ import annotations

import re
from typing import Any, cast

from host_tools.gbcs import zcl_types
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node

_ALIASES = {"utc": "UTC", "charstr": "string"}

Record = dict[str, Json]


def read_fields(reader: Reader, fields: Any, node: Node, scope: Record | None = None) -> Record:
    """Read fields in order, add a node for each, return their values by name."""
    values: Record = {}
    around = {} if scope is None else scope
    for name, kind in fields:
        values[name] = _read(reader, name, kind, node, {**around, **values})
    return values


def _read(reader: Reader, name: str, kind: Any, node: Node, scope: Record) -> Json:
    start = reader.pos
    if isinstance(kind, str):
        value, text = _read_plain(reader, kind, name)
        node.child(name, reader, start, value, text)
        return value
    group = node.child(name, reader, start)
    if "record" in kind:
        result: Json = cast("Json", read_fields(reader, kind["record"], group, scope))
    else:
        result = cast("Json", _read_many(reader, kind, group, scope))
    group.close(reader)
    if "of" in kind:  # one line, not one each
        group.value = result
        group.text = ", ".join(child.text for child in group.children)
        group.children = []
    return result


def _read_many(reader: Reader, kind: dict[str, Any], group: Node, scope: Record) -> list[Json]:
    items: list[Json] = []
    count = _count(kind, scope)
    while len(items) < count if count is not None else reader.left:
        name = f"[{len(items)}]"
        if "of" in kind:
            items.append(_read(reader, name, kind["of"], group, scope))
            continue
        start = reader.pos
        entry = group.child(name, reader, start)
        items.append(cast("Json", read_fields(reader, kind["list"], entry, scope)))
        entry.close(reader)
    return items


def _count(kind: dict[str, Any], scope: Record) -> int | None:
    if "count" in kind:
        return cast("int", scope[kind["count"]])
    if "low_nibble" in kind:
        return cast("int", scope[kind["low_nibble"]]) & 0x0F
    return None


def _read_plain(reader: Reader, kind: str, name: str) -> tuple[Json, str]:
    if kind == "event":
        code = f"0x{reader.uint_le(2, name):04X}"
        return code, code
    if kind == "hexstr":
        raw = reader.take(reader.uint(1, f"length of {name}"), name).hex().upper()
        return raw, raw or "empty"
    if kind == "date":
        raw = reader.take(4, name)
        return raw.hex().upper(), zcl_types.date_text(raw)
    type_id = zcl_types.TYPE_IDS[_ALIASES.get(kind, kind)]
    value = zcl_types.read(reader, type_id, name)
    text = zcl_types.text(type_id, value)
    if isinstance(value, int) and zcl_types.is_no_value(type_id, value) and kind != "utc":
        text = f"{value} ({text.partition('(')[2] or 'all ones)'}"  # a command gives it a meaning
    if kind == "utc":
        text = _time_text(value)
    elif name == "Issuer Event ID":  # the time of issue, by GBCS
        text = f"{text} ({zcl_types.text(0xE2, value)})"
    return value, text


def _time_text(value: Json) -> str:
    special = {0: "0 (now)", 0xFFFFFFFF: "0xFFFFFFFF (never)"}
    if isinstance(value, int) and value in special:
        return special[value]
    return zcl_types.text(0xE2, value)


def write_fields(fields: Any, values: Record) -> bytes:
    """The octets of fields from values by name; ValueError names the field that is wrong."""
    return b"".join(_write(name, kind, values.get(name)) for name, kind in fields)


def _write(name: str, kind: Any, value: Json) -> bytes:
    if value is None:
        raise ValueError(f"{name} is missing")
    try:
        if isinstance(kind, str):
            return write_plain(kind, value)
        if "record" in kind:
            return write_fields(kind["record"], cast("Record", _is(dict, value)))
        items = cast("list[Json]", _is(list, value))
        if "of" in kind:
            return b"".join(_write(f"[{i}]", kind["of"], item) for i, item in enumerate(items))
        rows = [cast("Record", _is(dict, item)) for item in items]
        return b"".join(write_fields(kind["list"], row) for row in rows)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _is(kind: type, value: Json) -> object:
    if not isinstance(value, kind):
        raise ValueError(f"is not a {'list' if kind is list else 'record'}")
    return value


def write_plain(kind: str, value: Json) -> bytes:
    """The octets of a field of a plain type; ValueError if the value does not fit."""
    if kind == "event":
        if not isinstance(value, str) or not re.fullmatch("0x[0-9A-Fa-f]{4}", value):
            raise ValueError(f"{value!r} is not an event code such as 0x8F1F")
        return zcl_types.write(0x21, int(value, 16))
    if kind == "hexstr":
        return zcl_types.write(0x41, {"hex": _hex(value).hex()})
    if kind == "date":
        raw = _hex(value)
        if len(raw) != 4:
            raise ValueError("a date is 4 octets")
        return raw
    return zcl_types.write(zcl_types.TYPE_IDS[_ALIASES.get(kind, kind)], value)


def _hex(value: Json) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("([0-9A-Fa-f]{2})*", value):
        raise ValueError(f"{value!r} is not octets in hex")
    return bytes.fromhex(value)
