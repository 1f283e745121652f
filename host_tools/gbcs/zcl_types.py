"""ZCL data types: names, and values read from and written to their little-endian octets."""

from __future__ import annotations

import re

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
    0xE0: "ToD",
    0xE1: "date",
    0xE2: "UTC",
    0xE8: "clusterId",
    0xE9: "attribId",
    0xF0: "EUI64",
    0xF1: "key128",
}
_FIXED = {0x00: 0, 0x10: 1, 0x30: 1, 0x31: 2, 0xE0: 4, 0xE1: 4, 0xE2: 4, 0xE8: 2, 0xE9: 2, 0xF0: 8}
for _index in range(8):
    for _base, _name in ((0x08, "data"), (0x18, "map"), (0x20, "uint"), (0x28, "int")):
        _NAMES[_base + _index] = f"{_name}{8 * (_index + 1)}"
        _FIXED[_base + _index] = _index + 1
_STRINGS = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}
TYPE_IDS = {name: type_id for type_id, name in _NAMES.items()}


def type_name(type_id: int) -> str:
    """The ZCL name of a data type, or its number."""
    return _NAMES.get(type_id, f"type 0x{type_id:02X}")


def _signed(type_id: int) -> bool:
    return 0x28 <= type_id <= 0x2F


def string_value(raw: bytes) -> Json:
    """A string as STATE.json writes it: printable ASCII as text, else {"hex": ...}."""
    if all(0x20 <= octet < 0x7F for octet in raw):
        return raw.decode("ascii")
    return {"hex": raw.hex().upper()}


def read(reader: Reader, type_id: int, what: str) -> Json:
    """Read a value: an integer, or a string as `string_value` gives it; null for "no value"."""
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
    if type_id == 0xE2 and isinstance(value, int):
        return times.utc_text(value)
    if type_id == 0xE1 and isinstance(value, int):
        return date_text(value.to_bytes(4, "little"))
    if type_id == 0xF0 and isinstance(value, int):
        return f"{value:016X}"
    if 0x18 <= type_id <= 0x1F and isinstance(value, int):
        return f"0x{value:0{2 * _FIXED[type_id]}X}"
    if isinstance(value, dict):
        return f"hex {value['hex']}"
    if isinstance(value, str):
        return f'"{value}"'
    return "no value" if value is None else str(value)


def date_text(raw: bytes) -> str:
    """A ZCL date (year - 1900, month, day, day of week); `*` for what is not specified."""
    year, month, day, weekday = raw
    shown = "****" if year == 0xFF else f"{1900 + year}"
    parts = [shown] + ["**" if part == 0xFF else f"{part:02d}" for part in (month, day)]
    return "-".join(parts) + ("" if weekday == 0xFF else f" (day {weekday} of the week)")
