"""An electricity meter that begins with no state, as its remote parties use it.

What it is asked goes through genuine commands to a device process on either engine; answers are
opened and read here. What must come out is worked out by those who use this, from their inputs.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from remote_parties import KEYS, PARTIES
from setting_pairs import CASES, dlms_elements
from vectors import (
    DEVICE,
    SUPPLIER,
    Opened,
    Taker,
    access_request,
    command,
    key,
    range_descriptor,
)

from host_tools.bench import BenchClient, ProcessTransport, Silence
from smets import devices
from smets.bench import BenchLink
from smets.journal import Ring
from smets.ports.store import Store

START = 700002000  # 2022-03-07T21:00:00Z, a Monday
HALF_HOUR, DAY = 1800, 86400
END_OF_TIME = 0xFFFFFFFF
OPEN = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")

_SIZES = {0x05: (4, True), 0x06: (4, False), 0x0F: (1, True), 0x10: (2, True), 0x11: (1, False)}
_SIZES |= {0x12: (2, False), 0x16: (1, False), 0x03: (1, False)}


def _typed(taker: Taker, description: Any) -> Any:
    """A value of a compact-array, by the description of its type."""
    if isinstance(description, tuple):
        count, inner = description
        return [_typed(taker, inner) for _ in range(count)]
    if isinstance(description, list):
        return [_typed(taker, inner) for inner in description]
    return _simple(taker, description)


def _simple(taker: Taker, tag: int) -> Any:
    if tag in (0x09, 0x0A, 0x0C):
        return taker.string()
    size, signed = _SIZES[tag]
    return int.from_bytes(taker.take(size), "big", signed=signed)


def _description(taker: Taker) -> Any:
    tag = taker.number(1)
    if tag == 0x02:
        return [_description(taker) for _ in range(taker.length())]
    if tag == 0x01:
        count = taker.number(2)
        return count, _description(taker)
    return tag


def value_of(taker: Taker) -> Any:
    """The next A-XDR value: a number, octets, or a list of them."""
    tag = taker.number(1)
    if tag == 0x00:
        return None
    if tag in (0x01, 0x02):
        return [value_of(taker) for _ in range(taker.length())]
    if tag == 0x04:
        count = taker.length()
        return bin(int.from_bytes(b"\x01" + taker.take((count + 7) // 8), "big"))[3 : 3 + count]
    if tag == 0x13:
        description = _description(taker)
        rows = Taker(taker.string())
        found = []
        while rows.data:
            found.append(_typed(rows, description))
        return found
    return _simple(taker, tag)


def date_time(seconds: int) -> bytes:
    """The 12 octets of a UTC time since 2000, without a clock status."""
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    date = at.year.to_bytes(2, "big") + bytes((at.month, at.day, 0xFF))
    return date + bytes((at.hour, at.minute, at.second, 0, 0x80, 0, 0xFF))


def iso(seconds: int) -> str:
    """The text of a UTC time since 2000."""
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(text: str) -> bytes:
    """The octets of "class/A-B:C.D.E.F/attribute"."""
    class_id, obis, attribute = text.split("/")
    return key(int(class_id), [int(part) for part in re.split("[-:.]", obis)], int(attribute))


class Refused(Exception):
    """An element of a command was answered with this result."""


class InProcess:
    """A device of this process, where coverage sees it; what is left is as after a kill."""

    def __init__(self, role: str, flash: Path | None) -> None:
        store = Store(str(flash)) if flash else None
        self._text = ""
        self._lines: deque[str] = deque()
        ring = Ring(store) if store else None
        self._bench = BenchLink(devices.build(role, store), self._write, ring)
        if store:
            store.check()

    def _write(self, text: str) -> None:
        *lines, self._text = (self._text + text).split("\n")
        self._lines.extend(lines)

    def send(self, line: str) -> None:
        """The device carries it out at once."""
        self._bench.line(line)

    def receive(self, timeout: float) -> str:
        """The next line that it has written."""
        if not self._lines:
            raise Silence(f"no line from the device within {timeout:g} s")
        return self._lines.popleft()

    def close(self) -> None:
        """Nothing: the device is no longer asked."""


class Meter:
    """A device with keys and a time, and nothing else: a process, or one of this process."""

    role = "esme"

    def __init__(self, engine: str, flash: Path | None = None, start: int = START) -> None:
        self.engine, self.flash = engine, flash
        self.counter = 1000
        self.now = start
        self.alerts: list[bytes] = []
        self.told: list[bytes] = []  # HAN frames
        self._begin()

    def _begin(self) -> None:
        flash = self.flash
        if self.engine == "cpython":
            self.client = BenchClient(InProcess(self.role, flash))
        else:
            self.client = BenchClient(ProcessTransport(self.role, self.engine, str(flash or "")))
        self.client.on_alert = self.alerts.append
        self.client.on_frame = self.told.append
        self.client.control("KEYS", KEYS)
        self.client.control("CLOCK", {"time": iso(self.now), "status": "reliable"})

    def close(self) -> None:
        """End the process."""
        self.client.transport.close()

    def restart(self) -> None:
        """Cut the power; the clock goes on."""
        self.close()
        self._begin()

    def set(self, **inputs: Any) -> None:
        """Simulation inputs."""
        self.client.control("SET", inputs)

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds
        while seconds > 0:
            self.client.control("ADVANCE", {"seconds": min(seconds, DAY)})
            seconds -= DAY

    def ask(self, use_case: str, payload: Any, role: str = "", counter: int = 0) -> Opened:
        """Send a command; `payload` is a function of its counter and of who asks."""
        case = CASES[use_case]
        if not counter:
            counter = self.counter = self.counter + 1
        roles = [PARTIES[name][0] for name in case["roles"] if name in PARTIES]
        party = PARTIES[role][0] if role else roles[0] if roles else SUPPLIER
        data = command(
            int(case["code"], 16),
            payload(counter, party),
            counter,
            party,
            sign=bool(case["critical"]),
        )
        return Opened(self.exchange(data), party)

    def exchange(self, data: bytes) -> bytes:
        """Send a command as it is; the response."""
        return self.client.respond(data)

    def send(self, use_case: str, values: dict[str, bytes]) -> list[int]:
        """Set and invoke with A-XDR octets by key, in the order of the use case; the results."""
        elements = []
        for letter, place in dlms_elements("ESME")[use_case]:
            if place in values:
                choice = {"s": 2, "a": 3, "g": 1}[letter]
                elements.append((choice, key_of(place), None, values[place]))
        assert len(elements) == len(values), f"{use_case} has not all of {sorted(values)}"
        opened = self.ask(use_case, lambda counter, _: access_request(elements, counter))
        return list(opened.payload[-2 * len(elements) + 1 :: 2])

    def read(self, use_case: str, start: int = 0, end: int = END_OF_TIME) -> list[Any]:
        """The values of a use case that reads, in its order; Refused."""
        elements = dlms_elements("ESME")[use_case]
        if elements[0][0] == "p":
            return self._protected(use_case, [place for _, place in elements], start, end)
        asked = []
        for letter, place in elements:
            selection = range_descriptor(start, end) if letter == "l" else None
            asked.append((4 if selection else 1, key_of(place), selection, b"\x00"))
        opened = self.ask(use_case, lambda counter, _: access_request(asked, counter))
        results = opened.payload[-2 * len(asked) + 1 :: 2]
        if any(results):
            raise Refused(f"{use_case}: {list(results)}")
        taker = Taker(opened.payload)
        taker.take(7)
        assert taker.length() == len(asked)
        return [value_of(taker) for _ in asked]

    def _protected(self, use_case: str, places: list[str], start: int, end: int) -> list[Any]:
        wanted = b""
        for place in places:
            key = key_of(place)
            restriction = b"\x16\x00\x00"
            if place.startswith("7/"):
                limits = [OPEN if at in (0, END_OF_TIME) else date_time(at) for at in (start, end)]
                restriction = b"\x16\x01\x02\x02" + b"".join(b"\x09\x0c" + at for at in limits)
            wanted += b"\x02\x05\x12" + key[:2] + b"\x09\x06" + key[2:8] + b"\x0f" + key[8:]
            wanted += b"\x12\x00\x00\x02\x02" + restriction
        body = next(item for item in CASES[use_case]["dlms"] if item["op"] == "action")
        outer = key_of("%d/%s/%d" % (body["class"], body["obis"], body["attr"]))

        def payload(counter: int, party: bytes) -> bytes:
            count = bytes((1, len(places)))
            data = b"\x02\x02" + count + wanted + parameters(counter, party, DEVICE)
            return access_request([(3, outer, None, data)], counter)

        opened = self.ask(use_case, payload)
        if opened.payload[-1]:
            raise Refused(f"{use_case}: {opened.payload[-1]}")
        taker = Taker(opened.payload)
        taker.take(8)
        taker.take(2)
        head = parameters(opened.counter, DEVICE, opened.target)
        assert taker.take(len(head)) == head
        assert taker.take(1) == b"\x09"
        plain = Taker(opened.decrypt(taker.string(), opened.target))
        return value_of(plain)


def parameters(counter: int, originator: bytes, target: bytes) -> bytes:
    """The protection parameters of a block."""
    return (
        bytes.fromhex("0101 0202 1602 0205 0909 04")
        + counter.to_bytes(8, "big")
        + b"".join(b"\x09\x08" + party for party in (originator, target))
        + bytes.fromhex("0900 0202 1602 0202 0901 02 0900")
    )
