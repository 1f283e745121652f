"""Values made by rule: the same name always gets the same value, of the type that is asked for.

A name is that of a DLMS attribute or of a ZCL attribute or field, so that one register has one
value in every use case. Numbers are small enough for any meter, times lie on the half hours
before the clock of the device.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from host_tools.gbcs import times
from host_tools.gbcs.tree import Json

__all__ = ["BEGIN", "CLOCK", "END", "HALF_HOUR", "Shape", "fields", "zcl_value"]

# The clock of every device, the day that logs are of, and the range that is asked for.
CLOCK = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
BEGIN = datetime(2026, 3, 1, 0, 0, 0, tzinfo=UTC)
END = datetime(2026, 3, 2, 0, 0, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
# The last number of each type; small ones are counters, ids and days.
_LAST = {
    "double-long-unsigned": 99999,
    "double-long": 99999,
    "long-unsigned": 999,
    "long": 999,
    "unsigned": 9,
    "integer": 5,
    "enum": 1,
}
_BOOLEAN = {"true": True, "0x01": True, "1": True, "false": False, "0x00": False, "0": False}
_DATE = "07EA0301FF"  # 2026-03-01
_TIME = "0A1E0000"  # 10:30


def _number(name: str, last: int) -> int:
    digest = sha256(f"smets vector|{name}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % last


def _octets(name: str, count: int) -> bytes:
    out = b""
    while len(out) < count:
        out += sha256(f"smets vector|{name}|{len(out)}".encode()).digest()
    return out[:count]


class Shape:
    """A DLMS shape such as `array[2]{structure{enum,octet-string(4)}}`, and values of it.

    `constants` are those of its simple values in order (None: any), of one array element.
    """

    def __init__(self, text: str, constants: list[str | None] | None = None) -> None:
        self.text = text
        self._constants = constants or []
        self._pos = 0

    def value(self, name: str) -> dict[str, Json]:
        """A value in the notation of STATE.json."""
        self._pos = 0
        self._next = 0
        return self._value(name, "")

    def _value(self, name: str, row: str) -> dict[str, Json]:
        kind, count, inner = self._kind()
        if kind == "structure":
            items: list[Json] = []
            while self.text[self._pos] != "}":
                if self.text[self._pos] == ",":
                    self._pos += 1
                items.append(self._value(f"{name}.{len(items)}", row))
            self._pos += 1
            return {"type": kind, "value": items}
        if inner:
            start, leaf = self._pos, self._next
            elements: list[dict[str, Json]] = []
            for index in range(count or 0):
                self._pos, self._next = start, leaf
                elements.append(self._value(f"{name}[{index}]", f"{row}{index}"))
            self._pos += 1
            if kind == "compact-array":
                return _compact(elements)
            return {"type": kind, "value": list(elements)}
        constant = self._constants[self._next] if self._next < len(self._constants) else None
        self._next += 1
        return {"type": kind, "value": _leaf(kind, count, name, constant)}

    def _kind(self) -> tuple[str, int | None, bool]:
        found = re.compile(r"([a-z0-9-]+)(?:[\[(](\d+)[\])])?(\{?)").match(self.text, self._pos)
        if found is None:
            raise ValueError(f"{self.text}: no type at {self._pos}")
        self._pos = found.end()
        name, count, brace = found.groups()
        return name, None if count is None else int(count), bool(brace)

    def leaves(self) -> list[str]:
        """The simple types of one element, in order."""
        named = re.findall(r"[a-z][a-z0-9-]*", self.text)
        return [kind for kind in named if kind not in ("structure", "array", "compact-array")]


def _leaf(kind: str, count: int | None, name: str, constant: str | None) -> Json:
    if kind in _LAST:
        return _number(name, _LAST[kind]) if constant is None else int(constant, 0)
    if kind == "boolean":
        return True if constant is None else _BOOLEAN[constant.lower()]
    if kind == "null-data":
        return None
    if constant is not None and kind == "octet-string":
        return constant.removeprefix("0x").upper()
    size = 2 if count is None else count
    if kind == "bit-string":
        return "".join(f"{octet:08b}" for octet in _octets(name, (size + 7) // 8))[:size]
    if kind == "octet-string":
        return _octet_string(name, size)
    text = "".join(chr(0x41 + octet % 26) for octet in _octets(name, size))
    return text


def _octet_string(name: str, size: int) -> str:
    if size == 12:
        return times.encode_cosem(BEGIN + _number(name, 40) * HALF_HOUR).hex().upper()
    fixed = {5: _DATE, 4: _TIME}
    return fixed.get(size) or _octets(name, size).hex().upper()


def _compact(elements: list[dict[str, Json]]) -> dict[str, Json]:
    """Rows without their types; the first column of a log is its time."""
    rows: list[Json] = [_bare(element) for element in elements]
    for index, row in enumerate(rows):
        if isinstance(row, list):
            row[0] = times.seconds_2000(BEGIN + index * HALF_HOUR)
    return {"type": "compact-array", "element_type": _type(elements[0]), "value": rows}


def _bare(value: Any) -> Json:
    if value["type"] in ("structure", "array"):
        return [_bare(item) for item in value["value"]]
    return value["value"]


def _type(value: Any) -> Json:
    if value["type"] == "structure":
        return {"structure": [_type(item) for item in value["value"]]}
    if value["type"] == "array":
        return {"array": [len(value["value"]), _type(value["value"][0])]}
    return value["type"]


# ZCL fields whose value GBCS fixes, whatever their type.
_FIELDS: dict[str, int] = {
    "Command Index": 0,
    "Total Number of Commands": 1,
    "Total Commands": 1,
    "Total Snapshots Found": 2,
    "Total Number of Events": 2,
    "Number of Events / Log Payload Control": 0x20,
    "Total Number of SpecialDays": 2,
    "Number of Block Thresholds in Use": 2,
    "Result Type": 0,  # a top-up is accepted
    "Top Up Value": 1000000,  # ten pounds
    "Source of Top up": 0,
}
_ENTRIES = 2
_BLOCK_IDS = 3  # the last block of a price matrix
_SUMMATIONS = 4


def zcl_value(kind: str, name: str) -> Json:
    """A value of a plain ZCL type, in the notation of STATE.json."""
    if kind in ("UTC", "utc"):
        return times.seconds_2000(BEGIN + _number(name, 40) * HALF_HOUR)
    if kind in ("octstr", "charstr", "string"):
        return "".join(chr(0x41 + octet % 26) for octet in _octets(name, 8))
    if kind == "hexstr":
        return _octets(name, 2).hex().upper()
    if kind == "date":
        return f"7E03{_number(name, 28):02X}FF"  # a day of March 2026
    if kind == "event":
        return f"0x81{_number(name, 9):02X}"
    bits = int(re.sub(r"[a-z]", "", kind))
    if name.startswith("Tier/Block ID"):
        return _number(name, _BLOCK_IDS)
    return _number(name, 99999 if bits > 16 else 999 if bits > 8 else 9)


def field_value(name: str, kind: Any, around: dict[str, Json], index: str = "") -> Json:
    """A value of a field of a cluster command; counts that it implies are put into `around`."""
    if isinstance(kind, str):
        return _FIELDS[name] if name in _FIELDS else zcl_value(kind, name + index)
    if "record" in kind:
        return fields(kind["record"], index)
    count = _SUMMATIONS if "Summation" in name else _ENTRIES
    if name == "Block Threshold Sub-payload":
        count = 1  # the thresholds of all tiers
    if "count" in kind:
        around[kind["count"]] = count
    if "low_nibble" in kind:
        around[kind["low_nibble"]] = 0x10 | count
    if "of" in kind:
        return [zcl_value(kind["of"], f"{name}{index}[{i}]") for i in range(count)]
    return [fields(kind["list"], f"{index}[{i}]") for i in range(count)]


def fields(kinds: Any, index: str = "") -> dict[str, Json]:
    """Values of all fields of a command or record, in their order."""
    values: dict[str, Json] = {name: 0 for name, _ in kinds}
    for name, kind in kinds:
        if values[name] == 0:
            values[name] = field_value(name, kind, values, index)
    for name, kind in kinds:  # a count comes before what is counted
        if not isinstance(kind, str):
            field_value(name, kind, values, index)
    return values
