"""ZCL data types: names, and values read from and written to their little-endian octets."""

from __future__ import annotations

import calendar
import re
import struct
from typing import Any, cast

from host_tools.gbcs import times
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json

_NAMES = {
    0x00: "no data",
    0x10: "bool",
    0x30: "enum8",
    0x31: "enum16",
    0x41: "octstr",
    0x42: "string",
    0x43: "octstr16",
    0x44: "string16",
    0x38: "semi",
    0x39: "single",
    0x3A: "double",
    0x48: "array",
    0x4C: "struct",
    0x50: "set",
    0x51: "bag",
    0xE0: "ToD",
    0xE1: "date",
    0xE2: "UTC",
    0xE8: "clusterId",
    0xE9: "attribId",
    0xEA: "bacOID",
    0xF0: "EUI64",
    0xF1: "key128",
}
_FIXED = {0x00: 0, 0x10: 1, 0x30: 1, 0x31: 2, 0xE0: 4, 0xE1: 4, 0xE2: 4, 0xE8: 2, 0xE9: 2}
_FIXED.update({0xEA: 4, 0xF0: 8})
_FLOATS = {0x38: (2, "<e"), 0x39: (4, "<f"), 0x3A: (8, "<d")}
_LISTS = (0x48, 0x50, 0x51)  # array, set, bag: one type for all elements
_STRUCT = 0x4C
_MAX_DEPTH = 15  # nesting that ZCL allows
for _index in range(8):
    for _base, _name in ((0x08, "data"), (0x18, "map"), (0x20, "uint"), (0x28, "int")):
        _NAMES[_base + _index] = f"{_name}{8 * (_index + 1)}"
        _FIXED[_base + _index] = _index + 1
_TEXTS = (0x42, 0x44)
_STRINGS = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}
TYPE_IDS = {name: type_id for type_id, name in _NAMES.items()}


def type_name(type_id: int) -> str:
    """The ZCL name of a data type, or its number."""
    return _NAMES.get(type_id, f"type 0x{type_id:02X}")


def is_no_value(type_id: int, value: Json) -> bool:
    """Whether a value is the one that stands for "not available" in its type (ZCL 2.6.2)."""
    if value is None:
        return type_id != 0x00
    if isinstance(value, float):
        return value != value
    size = _FIXED.get(type_id, 0)
    if not isinstance(value, int) or not size or type_id <= 0x0F or 0x18 <= type_id <= 0x1F:
        return False  # of data and bitmaps any bits mean something
    if _signed(type_id):
        return value == -(1 << 8 * size - 1)
    return value == (1 << 8 * size) - 1


def _signed(type_id: int) -> bool:
    return 0x28 <= type_id <= 0x2F


def string_value(raw: bytes) -> Json:
    """A string as STATE.json writes it: printable ASCII as text, else {"hex": ...}."""
    if all(0x20 <= octet < 0x7F for octet in raw):
        return raw.decode("ascii")
    return {"hex": raw.hex().upper()}


def read(reader: Reader, type_id: int, what: str, depth: int = 0) -> Json:
    """Read a value: a number, or a string as `string_value` gives it; null for "no value".

    Arrays, sets and bags are {"element_type", "value": [...]}, structures lists of {"type",
    "value"}; of a number that stands for "no value" see `is_no_value`.
    """
    if type_id in _FLOATS:
        size, form = _FLOATS[type_id]
        return cast("float", struct.unpack(form, reader.take(size, what))[0])
    if type_id in _LISTS or type_id == _STRUCT:
        return _read_many(reader, type_id, what, depth)
    if type_id in _STRINGS:
        count = reader.uint_le(_STRINGS[type_id], f"length of {what}")
        if count == (1 << 8 * _STRINGS[type_id]) - 1:
            return None
        return string_value(reader.take(count, what))
    if type_id == 0xF1:
        return {"hex": reader.take(16, what).hex().upper()}
    size = _FIXED.get(type_id)
    if size is None:
        raise reader.error(f"{what}: data type 0x{type_id:02X} is not a known ZCL type")
    if _signed(type_id):
        return reader.sint_le(size, what)
    return reader.uint_le(size, what)


def _read_many(reader: Reader, type_id: int, what: str, depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise reader.error(f"{what}: nested more than {_MAX_DEPTH} deep")
    inner = None if type_id == _STRUCT else reader.uint(1, f"element type of {what}")
    count = reader.uint_le(2, f"element count of {what}")
    if count == 0xFFFF:
        return None
    least = 1 if inner is None else _FIXED.get(inner, 1)
    if count > reader.left or (not least and count):
        raise reader.error(f"{what}: {count} elements cannot be in {reader.left} octets")
    items: list[Json] = []
    for index in range(count):
        kind = reader.uint(1, f"element type of {what}") if inner is None else inner
        value = read(reader, kind, f"{what}[{index}]", depth + 1)
        items.append({"type": f"0x{kind:02X}", "value": value} if inner is None else value)
    return items if inner is None else {"element_type": f"0x{inner:02X}", "value": items}


def write(type_id: int, value: Json) -> bytes:
    """The octets of a value in the notation of `read`; ValueError if it does not fit."""
    if type_id in _STRINGS:
        width = _STRINGS[type_id]
        if value is None:
            return b"\xff" * width
        raw = string_octets(value)
        if len(raw) >= (1 << 8 * width) - 1:
            raise ValueError(f"{len(raw)} octets are too many for {type_name(type_id)}")
        return len(raw).to_bytes(width, "little") + raw
    size = _FIXED.get(type_id)
    if size is None:
        raise ValueError(f"{type_name(type_id)} cannot be written")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not an integer")
    try:
        return value.to_bytes(size, "little", signed=_signed(type_id))
    except OverflowError:
        raise ValueError(f"{value} does not fit {type_name(type_id)}") from None


def string_octets(value: Json) -> bytes:
    """The octets of a string given as text or as {"hex": ...}; ValueError otherwise."""
    if isinstance(value, str):
        return value.encode()
    raw = value.get("hex") if isinstance(value, dict) else None
    if isinstance(raw, str) and re.fullmatch("([0-9A-Fa-f]{2})*", raw):
        return bytes.fromhex(raw)
    raise ValueError(f'{value!r} is neither text nor {{"hex": ...}}')


def text(type_id: int, value: Json) -> str:
    """A value for people, without unit."""
    if type_id in _LISTS or type_id == _STRUCT:
        return _many_text(value)
    if type_id == 0xE2 and isinstance(value, int):
        return times.utc_text(value)
    if is_no_value(type_id, value):
        shown = f" (0x{_pattern(type_id):0{2 * _FIXED[type_id]}X})" if type_id in _FIXED else ""
        return f"no value{shown}"
    if type_id == 0xE0 and isinstance(value, int):
        return time_of_day_text(value.to_bytes(4, "little"))
    if type_id == 0xE1 and isinstance(value, int):
        return date_text(value.to_bytes(4, "little"))
    if type_id == 0xF0 and isinstance(value, int):
        return f"{value:016X}"
    if 0x18 <= type_id <= 0x1F and isinstance(value, int):
        return f"0x{value:0{2 * _FIXED[type_id]}X}"
    if isinstance(value, dict):
        readable = readable_text(type_id, bytes.fromhex(str(value["hex"])))
        return readable or f"hex {value['hex']}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _pattern(type_id: int) -> int:
    # The octets of "no value" as one number.
    bits = 8 * _FIXED[type_id]
    return 1 << bits - 1 if _signed(type_id) else (1 << bits) - 1


def readable_text(type_id: int, raw: bytes) -> str:
    """Text of a string's octets: UTF-8. Else, for a text type, Latin-1 and hex; "" for neither.

    An octet string is text where all of it can be read.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        if type_id in _TEXTS:
            return f'hex {raw.hex().upper()} (as Latin-1 "{raw.decode("latin-1")}")'
        return ""
    return f'"{text}"' if raw and (type_id in _TEXTS or text.isprintable()) else ""


def _many_text(value: Json) -> str:
    if value is None:
        return "no value"
    if isinstance(value, dict):
        kind = int(str(value["element_type"]), 16)
        items = [text(kind, item) for item in cast("list[Json]", value["value"])]
        return f"[{', '.join(items)}] of {type_name(kind)}"
    parts = [cast("dict[str, Any]", item) for item in cast("list[Json]", value)]
    kinds = [int(part["type"], 16) for part in parts]
    shown = [
        f"{text(kind, part['value'])} ({type_name(kind)})"
        for kind, part in zip(kinds, parts, strict=True)
    ]
    return f"{{{', '.join(shown)}}}"


def time_of_day_text(raw: bytes) -> str:
    """A ZCL time of day (hours, minutes, seconds, hundredths); `*` for what is not specified."""
    shown = ["**" if part == 0xFF else f"{part:02d}" for part in raw]
    wrong = [part for part, most in zip(raw, (23, 59, 59, 99), strict=True) if most < part < 0xFF]
    malformed = " (malformed)" if wrong else ""
    return ":".join(shown[:3]) + f".{shown[3]}{malformed}"


def date_text(raw: bytes) -> str:
    """A ZCL date (year - 1900, month, day, day of week); `*` for what is not specified."""
    year, month, day, weekday = raw
    shown = "****" if year == 0xFF else f"{1900 + year}"
    parts = [shown] + ["**" if part == 0xFF else f"{part:02d}" for part in (month, day)]
    out = "-".join(parts) + ("" if weekday == 0xFF else f" (day {weekday} of the week)")
    return out if _is_date(year, month, day, weekday) else f"{out} (malformed)"


def _is_date(year: int, month: int, day: int, weekday: int) -> bool:
    # Special values of month and day (odd, even, the last one) begin at 0x0D and 0x20.
    if month == 0 or 14 < month < 0xFF or day == 0 or 34 < day < 0xFF or weekday == 0:
        return False
    if 0xFF in (year, month, day) or month > 12 or day > 31:
        return True
    return day <= calendar.monthrange(1900 + year, month)[1]
