"""What went over the link during a check, line by line with its time, and what it means.

A trace is bounded: the first and the last lines of a check, and of a long answer its beginning.
Lines to the device are whole, so that `smets replay` can send them again, but for private keys and
shared secrets: a report may be given away.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from host_tools.conform.model import Exchange
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import examine
from host_tools.gbcs.tree import Node
from host_tools.han.describe import describe
from host_tools.han.frame import FrameError, from_octets
from host_tools.keys import KeyRing

__all__ = ["BENCH", "TO_DEVICE", "WITHHELD", "Trace", "explain", "secrets_mapped"]

Json = dict[str, Any]

FIRST, LAST = 120, 80  # lines of a check that are kept: from its beginning, and from its end
LONGEST = 3000  # characters of a line from the device
TREES = 16  # messages of a check that are decoded, of the first and of the last lines each
ROWS = 80  # fields of a decoded message that are told
WITHHELD = "(not shown)"  # in the place of a private key or a shared secret
TO_DEVICE, FROM_DEVICE, BENCH = "to device", "from device", "bench"


class Trace:
    """Lines of one check after another; `begin` forgets those of the one before."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A check begins."""
        self._started = time.monotonic()
        self._first: list[Json] = []
        self._last: deque[Json] = deque(maxlen=LAST)
        self._number = 0

    def line(self, way: str, text: str) -> None:
        """Keep a line: TO_DEVICE, FROM_DEVICE, or what the BENCH did besides."""
        if way == TO_DEVICE:
            text = secrets_mapped(text, lambda _owner, _member, _value: WITHHELD)
        kept: Json = {"at": round(time.monotonic() - self._started, 3), "way": way, "line": text}
        if way == FROM_DEVICE and len(text) > LONGEST:
            kept |= {"line": text[:LONGEST], "characters": len(text)}
        self._number += 1
        if len(self._first) < FIRST:
            self._first.append(kept)
        else:
            self._last.append(kept)

    def bench(self, text: str) -> None:
        """Note what the bench did to the device: new flash, power cut."""
        self.line(BENCH, text)

    def exchange(self, expected: str) -> Exchange | None:
        """The last message sent and what came: for a check that ended before it noted it."""
        lines = [*self._first, *self._last]
        for index in range(len(lines) - 1, -1, -1):
            head, _, rest = lines[index]["line"].partition("#")
            if lines[index]["way"] == TO_DEVICE and head in ("GBCS:DATA", "ZCL:FRAME"):
                came = [line["line"] for line in lines[index + 1 :] if line["way"] == FROM_DEVICE]
                return Exchange(
                    rest.rpartition(":")[2], expected, "\n".join(came[:3]) or "nothing"
                )
        return None

    def to_json(self, ring: KeyRing) -> Json:
        """The lines, decoded as far as the keys allow."""
        lines = [dict(line) for line in (*self._first, *self._last)]
        for part in (lines[:FIRST], lines[FIRST:][::-1]):
            for line in [item for item in part if _message(item) is not None][:TREES]:
                line["tree"] = explain(line, ring)
        return {"left_out": self._number - len(lines), "lines": lines}


def secrets_mapped(text: str, change: Callable[[str, str, str], str]) -> str:
    """A line with each secret of a CTRL:KEYS changed; other lines as they are.

    `change` takes the EUI-64 of its owner in upper case ("" where a fragment names none), the
    member, and the value.
    """
    head, _, rest = text.partition(":{")
    if not head.startswith("CTRL:KEYS#"):
        return text
    document: Json = json.loads("{" + rest)
    for entry in (document, *document.get("parties", [])):
        owner = str(entry.get("id", entry.get("device_id", ""))).upper()
        for member in entry:
            if "private" in member or "secret" in member:
                entry[member] = change(owner, member, entry[member])
    body = json.dumps(document, separators=(",", ":"))
    return f"{head.rpartition(':')[0]}:{len(body)}:{body}"


def _message(line: Json) -> tuple[str, str] | None:
    """(kind, octets in hex) of a line that carries a message in whole."""
    head, _, rest = line["line"].partition("#")
    if line["way"] == BENCH or head not in ("GBCS:DATA", "GBCS:ALERT", "ZCL:FRAME"):
        return None
    return None if "characters" in line else (head, rest.rpartition(":")[2])


def explain(line: Json, ring: KeyRing) -> list[str]:
    """What a line carries, a field a line of text."""
    found = _message(line)
    if found is None:
        return []
    try:
        octets = bytes.fromhex(found[1])
        if found[0] == "ZCL:FRAME":
            said = describe(from_octets(octets))
            way = f"{said.source} to {said.destination}: {said.cluster}, {said.command}"
            return [f"{way}: {said.carries}" if said.carries else way]
        message = examine(octets, ring)
    except (ValueError, FrameError, DecodeError) as error:
        return [f"cannot be read: {error}"]
    told = list(_fields(message.tree, 0))
    more = [f"... {len(told) - ROWS} more fields"] if len(told) > ROWS else []
    checks = [f"{check.name}: {check.word} {check.reason}".rstrip() for check in message.checks]
    stamp = [f"time stamp: {message.stamp.text()}"] if message.stamp is not None else []
    faults = [f"malformed: {fault}" for fault in message.faults]
    return [*told[:ROWS], *more, *checks, *stamp, *faults]


def _fields(node: Node, depth: int) -> Iterator[str]:
    said = f"{'  ' * depth}{node.name}: {node.text}" if node.text else f"{'  ' * depth}{node.name}"
    yield said[:200]
    for child in node.children:
        yield from _fields(child, depth + 1)
