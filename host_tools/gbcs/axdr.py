"""A-XDR values of DLMS (Green Book `Data`): read, written, and in the notation of STATE.json."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader, encode_length
from host_tools.gbcs.tree import Json

MAX_DEPTH = 24  # nesting that no message needs; bounds the recursion

_INTEGERS = {
    "double-long": (0x05, 4, True),
    "double-long-unsigned": (0x06, 4, False),
    "integer": (0x0F, 1, True),
    "long": (0x10, 2, True),
    "unsigned": (0x11, 1, False),
    "long-unsigned": (0x12, 2, False),
    "long64": (0x14, 8, True),
    "long64-unsigned": (0x15, 8, False),
    "enum": (0x16, 1, False),
}
_TAGS = {
    "null-data": 0x00,
    "array": 0x01,
    "structure": 0x02,
    "boolean": 0x03,
    "bit-string": 0x04,
    "octet-string": 0x09,
    "visible-string": 0x0A,
    "utf8-string": 0x0C,
    "bcd": 0x0D,
    "compact-array": 0x13,
    "float32": 0x17,
    "float64": 0x18,
    "date-time": 0x19,
    "date": 0x1A,
    "time": 0x1B,
    "dont-care": 0xFF,
    **{name: tag for name, (tag, _, _) in _INTEGERS.items()},
}
_EMPTY = ("null-data", "dont-care")
_NAMES = {tag: name for name, tag in _TAGS.items()}
_TEXTS = ("visible-string", "utf8-string")  # {"hex": ...} where the octets are no UTF-8
_RAW = {"bcd": 1, "float32": 4, "float64": 8, "date-time": 12, "date": 5, "time": 4}


@dataclass
class Value:
    """A DLMS value. `value` is plain JSON for simple types and compact-array rows; `items` holds
    the elements of arrays and structures; `rows` the place of each compact-array row. Text that
    is not UTF-8 is {"hex": ...}.
    """

    type: str
    offset: int
    length: int
    value: Json = None
    items: list[Value] = field(default_factory=lambda: list[Value]())
    element_type: Json = None
    rows: list[tuple[int, int]] = field(default_factory=lambda: list[tuple[int, int]]())
    rest: bytes = b""  # of a compact-array: what follows the last row that could be read

    def to_json(self) -> dict[str, Json]:
        """The value in the notation of STATE.json: {"type", "value"[, "element_type"]}."""
        if self.type in ("array", "structure"):
            items: list[Json] = [cast("Json", item.to_json()) for item in self.items]
            return {"type": self.type, "value": items}
        if self.type == "compact-array":
            return {"type": self.type, "element_type": self.element_type, "value": self.value}
        return {"type": self.type, "value": self.value}

    def walk(self) -> Iterator[Value]:
        """This value and all inside it."""
        yield self
        for item in self.items:
            yield from item.walk()

    @property
    def octets(self) -> bytes:
        """The content of an octet-string; b"" for other types."""
        if self.type == "octet-string" and isinstance(self.value, str):
            return bytes.fromhex(self.value)
        return b""

    @property
    def shape(self) -> str:
        """The A-XDR shape, for example `array[2]{structure{unsigned,octet-string(4)}}`."""
        if self.type == "structure":
            return f"structure{{{','.join(item.shape for item in self.items)}}}"
        if self.type == "array":
            shapes = list(dict.fromkeys(item.shape for item in self.items))
            return f"array[{len(self.items)}]{{{','.join(shapes)}}}"
        if isinstance(self.value, str):
            return f"{self.type}({len(self.value) // (2 if self.type == 'octet-string' else 1)})"
        return self.type


def type_names() -> dict[int, str]:
    """The name of each type, by its tag."""
    return dict(_NAMES)


def read(reader: Reader, what: str, depth: int = 0) -> Value:
    """Read one value with its tag."""
    start = reader.pos
    if depth > MAX_DEPTH:
        raise reader.error(f"{what}: nested more than {MAX_DEPTH} deep")
    tag = reader.uint(1, f"type of {what}")
    kind = _NAMES.get(tag)
    if kind is None:
        raise reader.error(f"{what}: 0x{tag:02X} is not an A-XDR type", start)
    if kind in ("array", "structure"):
        count = reader.length(f"element count of {what}")
        if count > reader.left:
            raise reader.error(f"{what}: {count} elements cannot be in {reader.left} octets")
        items = [read(reader, f"{what}[{index}]", depth + 1) for index in range(count)]
        return Value(kind, start, reader.pos - start, items=items)
    if kind == "compact-array":
        return _read_compact(reader, what, start, depth)
    value = _read_content(reader, kind, what)
    return Value(kind, start, reader.pos - start, value)


def _read_content(reader: Reader, kind: str, what: str) -> Json:
    integer = _INTEGERS.get(kind)
    if integer is not None:
        _, size, signed = integer
        return reader.sint(size, what) if signed else reader.uint(size, what)
    if kind in _EMPTY:
        return None
    if kind == "boolean":
        return reader.uint(1, what) != 0
    if kind in _RAW:
        return reader.take(_RAW[kind], what).hex().upper()
    start = reader.pos
    count = reader.length(f"length of {what}")
    if kind == "bit-string":
        raw = reader.take((count + 7) // 8, what)
        bits = "".join(f"{octet:08b}" for octet in raw)
        if "1" in bits[count:]:
            reader.fault(f"{what}: unused bits of a bit-string are not 0", start)
        return bits[:count]
    raw = reader.take(count, what)
    if kind == "octet-string":
        return raw.hex().upper()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"hex": raw.hex().upper()}


def _read_compact(reader: Reader, what: str, start: int, depth: int) -> Value:
    element_type = _read_description(reader, what, depth)
    size = reader.length(f"content length of {what}")
    content = reader.part(size, what)
    rows: list[Json] = []
    places: list[tuple[int, int]] = []
    place = content.pos
    try:
        while content.left:
            place = content.pos
            row = _read_row(content, element_type, f"{what}[{len(rows)}]")
            if content.pos == place:
                raise content.error(f"{what}: rows of this type take no octets")
            rows.append(row)
            places.append((place, content.pos - place))
        place = content.pos
    except DecodeError as error:  # the array ends where it says, so what follows it is known
        reader.faults.append(error)
    rest = content.data[place : content.end]
    value = Value("compact-array", start, reader.pos - start, rows, rest=rest)
    value.element_type, value.rows = element_type, places
    return value


def _read_description(reader: Reader, what: str, depth: int) -> Json:
    start = reader.pos
    if depth > MAX_DEPTH:
        raise reader.error(f"{what}: type nested more than {MAX_DEPTH} deep")
    tag = reader.uint(1, f"type description of {what}")
    kind = _NAMES.get(tag, "compact-array")
    if kind == "compact-array":
        raise reader.error(f"{what}: 0x{tag:02X} is not a type of a compact-array", start)
    if kind == "array":
        count = reader.uint(2, f"array size in the type of {what}")
        inner = _read_description(reader, what, depth + 1)
        if not _takes_octets(inner):
            raise reader.error(f"{what}: the elements of an array take no octets", start)
        return {"array": [count, inner]}
    if kind == "structure":
        count = reader.length(f"element count in the type of {what}")
        return {"structure": [_read_description(reader, what, depth + 1) for _ in range(count)]}
    return kind


def _takes_octets(element_type: Json) -> bool:
    # Without this, a few octets of description could ask for any number of empty elements.
    if isinstance(element_type, str):
        return element_type not in _EMPTY
    return any(_takes_octets(kind) for kind in _row_types(element_type))


def _read_row(reader: Reader, element_type: Json, what: str) -> Json:
    if isinstance(element_type, str):
        return _read_content(reader, element_type, what)
    kinds = _row_types(element_type)
    if len(kinds) > reader.left:
        raise reader.error(f"{what}: {len(kinds)} elements cannot be in {reader.left} octets")
    return [_read_row(reader, kind, what) for kind in kinds]


def _row_types(element_type: Json) -> list[Json]:
    parts = cast("dict[str, Any]", element_type)
    if "structure" in parts:
        return parts["structure"]
    count, kind = parts["array"]
    return [kind] * count


def encode(value: Json) -> bytes:
    """The octets of a value in the notation of STATE.json; ValueError if it does not fit."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ValueError(f'{value!r} is not {{"type": ..., "value": ...}}')
    kind = cast("str", value["type"])
    content = value.get("value")
    if kind not in _TAGS:
        raise ValueError(f"{kind!r} is not an A-XDR type")
    tag = bytes([_TAGS[kind]])
    if kind in ("array", "structure"):
        if not isinstance(content, list):
            raise ValueError(f"the value of {kind} is not a list")
        return tag + encode_length(len(content)) + b"".join(encode(item) for item in content)
    if kind == "compact-array":
        element_type = value.get("element_type")
        if not isinstance(content, list):
            raise ValueError("the value of compact-array is not a list")
        rows = b"".join(_encode_row(element_type, row) for row in content)
        return tag + _encode_description(element_type) + encode_length(len(rows)) + rows
    return tag + _encode_content(kind, content)


def _encode_content(kind: str, value: Json) -> bytes:
    if kind in _INTEGERS:
        _, size, signed = _INTEGERS[kind]
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not an integer")
        try:
            return value.to_bytes(size, "big", signed=signed)
        except OverflowError:
            raise ValueError(f"{value} does not fit {kind}") from None
    if kind in _EMPTY:
        return b""
    if kind == "boolean":
        return b"\xff" if value else b"\x00"
    if kind in _TEXTS and isinstance(value, dict) and isinstance(value.get("hex"), str):
        raw = bytes.fromhex(cast("str", value["hex"]))
        return encode_length(len(raw)) + raw
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not the text of a {kind}")
    if kind == "bit-string":
        padded = value + "0" * (-len(value) % 8)
        octets = bytes(int(padded[i : i + 8], 2) for i in range(0, len(padded), 8))
        return encode_length(len(value)) + octets
    if kind in _RAW:
        raw = bytes.fromhex(value)
        if len(raw) != _RAW[kind]:
            raise ValueError(f"{kind} has {_RAW[kind]} octets, not {len(raw)}")
        return raw
    raw = bytes.fromhex(value) if kind == "octet-string" else value.encode()
    return encode_length(len(raw)) + raw


def _encode_description(element_type: Json) -> bytes:
    if isinstance(element_type, str):
        if element_type not in _TAGS:
            raise ValueError(f"{element_type!r} is not an A-XDR type")
        return bytes([_TAGS[element_type]])
    if not isinstance(element_type, dict):
        raise ValueError(f"{element_type!r} is not an element_type")
    if "structure" in element_type:
        kinds = cast("list[Json]", element_type["structure"])
        inner = b"".join(_encode_description(kind) for kind in kinds)
        return b"\x02" + encode_length(len(kinds)) + inner
    count, kind = cast("list[Any]", element_type["array"])
    return b"\x01" + int(count).to_bytes(2, "big") + _encode_description(kind)


def _encode_row(element_type: Json, row: Json) -> bytes:
    if isinstance(element_type, str):
        return _encode_content(element_type, row)
    kinds = _row_types(element_type)
    if not isinstance(row, list) or len(row) != len(kinds):
        raise ValueError(f"{row!r} does not have the {len(kinds)} elements of its type")
    return b"".join(_encode_row(kind, item) for kind, item in zip(kinds, row, strict=True))
