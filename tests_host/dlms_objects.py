"""Values of DLMS objects that use cases set, within their types and ranges, from a seed.

Shapes are those of the GBCS use case tables (`host_tools/data/use_cases.json`) and of RTDS bytes,
restated here and not taken from the firmware. A value is its A-XDR with the notation of a state.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

NOW = bytes.fromhex("090C 000000000000000000 8000FF")
SCRIPTS = {"13": "00000A0064FF", "12.0.0": "00000A8064FF", "12.0.1": "00000A006AFF"}


@dataclass
class Value:
    """A value: as a state has it, and as it travels."""

    state: dict[str, Any]
    octets: bytes


def number(kind: str, value: int) -> Value:
    """A number, boolean or enum."""
    tags = {"double-long": (5, 4), "double-long-unsigned": (6, 4), "integer": (15, 1)}
    tags |= {"long": (16, 2), "unsigned": (17, 1), "long-unsigned": (18, 2), "enum": (22, 1)}
    if kind == "boolean":
        return Value({"type": kind, "value": bool(value)}, b"\x03" + (b"\xff" if value else b"\0"))
    tag, size = tags[kind]
    octets = (value % (1 << 8 * size)).to_bytes(size, "big")
    return Value({"type": kind, "value": value}, bytes((tag,)) + octets)


def octets(data: bytes) -> Value:
    """An octet string."""
    notation = {"type": "octet-string", "value": data.hex().upper()}
    return Value(notation, b"\x09" + bytes((len(data),)) + data)


def text(data: str) -> Value:
    """A visible string."""
    return Value(
        {"type": "visible-string", "value": data}, b"\x0a" + bytes((len(data),)) + data.encode()
    )


def bits(pattern: str) -> Value:
    """A bit string of ones and zeros, the first bit sent first."""
    count = len(pattern)
    head = bytes((count,)) if count < 0x80 else b"\x82" + count.to_bytes(2, "big")
    padded = pattern + "0" * (-count % 8)
    body = bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))
    return Value({"type": "bit-string", "value": pattern}, b"\x04" + head + body)


def several(kind: str, items: list[Value]) -> Value:
    """An array or a structure."""
    count = len(items)
    head = bytes((1 if kind == "array" else 2,))
    head += bytes((count,)) if count < 0x80 else bytes((0x81, count))
    notation = {"type": kind, "value": [item.state for item in items]}
    return Value(notation, head + b"".join(item.octets for item in items))


def structure(*items: Value) -> Value:
    """A structure."""
    return several("structure", list(items))


# (class, OBIS, attribute) -> least and most of a number; others are from 1 up to 100,000.
RANGES = {
    (1, "0-0:94.44.0.1", 2): (1, 1799),
    (7, "1-0:32.24.0.255", 4): (60, 86400),
    (7, "1-0:52.24.0.255", 4): (60, 86400),
    (7, "1-0:72.24.0.255", 4): (60, 86400),
    (113, "0-0:19.20.3.255", 13): (1, 10000),
    (9000, "0-0:94.44.128.12", 4): (1, 0xFFFF),
    (9000, "0-0:94.44.128.13", 4): (604800, 604800),
    (9000, "0-0:94.44.128.22", 4): (-100000, -1000),
    (104, "0-0:30.3.0.255", 3): (1, 0xFFFF),
}


class Maker:
    """Makes values; the same seed makes the same ones."""

    def __init__(self, seed: object) -> None:
        self.rng = random.Random(str(seed))

    def of(self, item: dict[str, Any], use_case: str = "") -> Value:
        """The value to set an object to: `item` is its element in `use_cases.json`."""
        place = (item["class"], item["obis"], item["attr"])
        made = self._composite(item, use_case)
        if made:
            return made
        kind = item.get("type") or ""
        size = int((re.search(r"\((\d+)\)", kind) or [0, 0])[1])
        if kind.startswith("octet-string(12)"):
            return Value({"type": "octet-string", "value": NOW[2:].hex().upper()}, NOW)
        if kind.startswith("bit-string"):
            return bits("".join(self.rng.choice("01") for _ in range(size)))
        if kind.startswith("visible-string"):
            return text("".join(self.rng.choice("abcdefghij ") for _ in range(size)))
        if kind.startswith("octet-string"):
            return octets(bytes(self.rng.randrange(0x30, 0x3A) for _ in range(size)))
        if kind == "boolean":
            return number(kind, self.rng.randrange(2))
        low, high = RANGES.get(place, (1, 200 if kind == "unsigned" else 60000))
        return number(kind, self.rng.randint(low, high))

    def _composite(self, item: dict[str, Any], use_case: str) -> Value | None:
        place = (item["class"], item["attr"])
        if place == (22, 4):
            return self._each(self.rng.randint(1, 4), self._execution)
        if place == (111, 2):
            mode = 1 if use_case == "ECS02" else 2
            return structure(number("enum", mode), number("enum", 1))
        if place == (111, 11):
            return self._each(3, self._charge)
        if place == (20, 7) or place == (20, 3):
            return self._each(2, self._season)
        if place == (20, 8) or place == (20, 4):
            return self._each(2, self._week)
        if place == (20, 9) or place == (20, 5):
            return self._each(4, self._day)
        if item["class"] == 11:
            return self._each(self.rng.randint(1, 5), self._special_day)
        if item["class"] == 10:
            script = SCRIPTS["12.0.0"] if item["obis"].startswith("0-0:12.0.0") else "00000A006AFF"
            return self._each(2, lambda index: self._schedule(index, bytes.fromhex(script)))
        if item["class"] == 21:
            count = 2 if item["obis"] == "0-0:16.0.0.255" else 3
            values = sorted(self.rng.randint(1, 10**6) for _ in range(count))
            return several("array", [number("double-long-unsigned", each) for each in values])
        if item["class"] == 113 and item["attr"] in (5, 6):
            return self._charges(item)
        if item.get("fields") and item["fields"][0][0].startswith("subGhzConfig"):
            return self._members(item)
        return None

    def _each(self, count: int, make: Any) -> Value:
        return several("array", [make(index) for index in range(count)])

    def _execution(self, index: int) -> Value:
        date = bytes((0xFF, 0xFF, 1 + 3 * index, self.rng.randint(1, 28), 0xFF))
        return structure(octets(bytes(4)), octets(date))

    def _charge(self, index: int) -> Value:
        credit = bytes.fromhex("0000130A0%dFF" % index)
        charge = bytes.fromhex("000013140%dFF" % self.rng.randint(1, 4))
        return structure(octets(credit), octets(charge), bits("%d%d0" % self._pair()))

    def _pair(self) -> tuple[int, int]:
        return self.rng.randrange(2), self.rng.randrange(2)

    def _season(self, index: int) -> Value:
        start = bytes((0xFF, 0xFF, 3 + 6 * index, self.rng.randint(1, 28), 0xFF))
        name = bytes(self.rng.randrange(0x41, 0x5B) for _ in range(8))
        return structure(
            octets(name), octets(start + bytes.fromhex("00000000 8000FF")), octets(b"%d" % index)
        )

    def _week(self, index: int) -> Value:
        days = [number("unsigned", self.rng.randint(1, 4)) for _ in range(7)]
        return structure(octets(b"%d" % index), *days)

    def _day(self, index: int) -> Value:
        switches = [
            structure(
                octets(bytes((hour, 0, 0, 0))),
                octets(bytes.fromhex(SCRIPTS["13"])),
                number("long-unsigned", self.rng.randint(1, 48)),
            )
            for hour in (0, self.rng.randint(1, 23))
        ]
        return structure(number("unsigned", index + 1), several("array", switches))

    def _special_day(self, index: int) -> Value:
        date = bytes((0xFF, 0xFF, self.rng.randint(1, 12), self.rng.randint(1, 28), 0xFF))
        day = number("unsigned", self.rng.randint(1, 4))
        return structure(number("long-unsigned", index + 1), octets(date), day)

    def _schedule(self, index: int, script: bytes) -> Value:
        return structure(
            number("long-unsigned", index + 1),
            number("boolean", 1),
            octets(script),
            number("long-unsigned", 1 + index),
            octets(bytes((self.rng.randint(1, 23), self.rng.randint(0, 59), 0, 0))),
            number("long-unsigned", 0xFFFF),
            bits("".join(self.rng.choice("01") for _ in range(7))),
            bits(""),
            octets(bytes.fromhex("FFFF0101FF")),
            octets(b"\xff" * 5),
        )

    def _charges(self, item: dict[str, Any]) -> Value:
        debt = item["obis"] in ("0-0:19.20.1.255", "0-0:19.20.2.255")
        standing = item["obis"] == "0-0:19.20.4.255"
        if debt or standing:
            head = structure(number("integer", 0), number("integer", -5))
            what = structure(number("long-unsigned", 0), octets(bytes(6)), number("integer", 0))
            names = [b""]
        else:
            head = structure(number("integer", 3), number("integer", -5))
            register = octets(bytes.fromhex("0100010800FF"))
            what = structure(number("long-unsigned", 3), register, number("integer", 2))
            second = item["obis"] == "0-0:19.20.5.255"
            names = [bytes((index,)) for index in range(1, 5 if second else 49)]
            if not second:
                names += [
                    bytes((row + t,)) for row in (0xA0, 0xB0, 0xC0, 0xD0) for t in range(1, 9)
                ]
        table = [
            structure(octets(name), number("long", self.rng.randint(1, 0x7FFF))) for name in names
        ]
        return structure(head, what, several("array", table))

    def _members(self, item: dict[str, Any]) -> Value:
        found = []
        for _, kind, *_ in item["fields"]:
            if kind.startswith("bit-string"):
                found.append(bits("".join(self.rng.choice("01") for _ in range(32))))
            else:
                found.append(number(kind, self.rng.randint(1, 200)))
        return structure(*found)
