"""GBCS messages of a pcapng capture: exported PDUs that name the dissector `gbcs`.

`smets capture` and Wireshark write such; other packets are passed over. A file is read block by
block.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from host_tools.han.capture import DISSECTOR
from host_tools.han.pcapng import LINKTYPE_WIRESHARK_UPPER_PDU

MAGIC = b"\x0a\x0d\x0d\x0a"
_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_RESOLUTION = 9
_TAG_DISSECTOR, _TAG_DIRECTION, _TAG_END = 12, 35, 0
_MOST = 1 << 24  # octets of a block
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CaptureError(ValueError):
    """A file that is no pcapng capture; the text says where."""


@dataclass(frozen=True)
class Packet:
    """A message, or a block of one, when it was captured and in which direction."""

    number: int
    time: datetime
    direction: int
    octets: bytes


def read(path: Path) -> Iterator[Packet]:
    """Every GBCS packet of a capture; OSError, or CaptureError at what is no block."""
    with path.open("rb") as file:
        interfaces: list[tuple[int, int]] = []  # link type, ticks a second
        number = 0
        for place, kind, body, order in _blocks(file):
            if kind == _SECTION:
                interfaces = []
            elif kind == _INTERFACE:
                interfaces.append(_interface(body, order))
            elif kind == _PACKET:
                number += 1
                packet = _packet(number, body, order, interfaces, place)
                if packet is not None:
                    yield packet


def _blocks(file: BinaryIO) -> Iterator[tuple[int, int, bytes, str]]:
    order = "<"
    while True:
        place = file.tell()
        head = file.read(8)
        if not head:
            return
        if head[:4] == MAGIC:
            mark = file.read(4)
            file.seek(-4, 1)
            if mark not in _ORDER:
                raise CaptureError(f"octet {place}: no section of pcapng")
            order = _ORDER[mark]
        elif place == 0 or len(head) < 8:
            raise CaptureError(f"octet {place}: no block of pcapng")
        kind, length = struct.unpack(f"{order}II", head)
        if not 12 <= length <= _MOST or length % 4:
            raise CaptureError(f"octet {place}: a block of {length} octets")
        body = file.read(length - 8)
        if len(body) < length - 8:
            raise CaptureError(f"octet {place}: the block is cut off")
        yield place, kind, body[:-4], order


def _interface(body: bytes, order: str) -> tuple[int, int]:
    link = struct.unpack_from(f"{order}H", body)[0] if len(body) >= 8 else -1
    ticks, at = 10**6, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(f"{order}HH", body, at)
        if code == _RESOLUTION and size == 1:
            power = body[at + 4]
            ticks = 2 ** (power & 0x7F) if power & 0x80 else 10**power
        at += 4 + size + -size % 4
    return link, ticks


def _packet(
    number: int, body: bytes, order: str, interfaces: list[tuple[int, int]], place: int
) -> Packet | None:
    if len(body) < 20:
        raise CaptureError(f"octet {place}: a packet of {len(body)} octets")
    interface, high, low, size = struct.unpack_from(f"{order}IIII", body)
    if interface >= len(interfaces):
        raise CaptureError(f"octet {place}: a packet of interface {interface}, which is not there")
    link, ticks = interfaces[int(interface)]
    if link != LINKTYPE_WIRESHARK_UPPER_PDU:
        return None
    found = _exported(body[20 : 20 + size])
    if found is None:
        return None
    try:
        time = _EPOCH + timedelta(seconds=((high << 32) + low) / ticks)
    except OverflowError:
        raise CaptureError(f"octet {place}: no time") from None
    return Packet(number, time, *found)


def _exported(data: bytes) -> tuple[int, bytes] | None:
    """Direction and octets of an exported PDU for our dissector; None for another one."""
    at, direction, ours = 0, 0, False
    while at + 4 <= len(data):
        tag, size = struct.unpack_from(">HH", data, at)
        value = data[at + 4 : at + 4 + size]
        at += 4 + size
        if tag == _TAG_END:
            return (direction, data[at:]) if ours else None
        if tag == _TAG_DISSECTOR:
            ours = value.rstrip(b"\0") == DISSECTOR
        elif tag == _TAG_DIRECTION:
            direction = int.from_bytes(value, "big")
    return None
