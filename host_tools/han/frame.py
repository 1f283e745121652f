"""The HAN frame and its one-line text form on the bench link.

``ZCL:FRAME#<n>:<len>:<HEX>`` where ``<n>`` is a decimal message number, ``<len>`` the count of
octets and ``<HEX>`` the octets, all integers big-endian::

    0   1  version, 0x01
    1   1  flags: bit 0 APS security, bit 1 broadcast, bit 2 group; the others are zero
    2   8  source EUI-64
   10   8  destination EUI-64 (broadcast: all ones; group: the low 16 bits hold the group)
   18   1  source endpoint
   19   1  destination endpoint
   20   2  profile (0x0109 Smart Energy, 0x0000 ZDO)
   22   2  cluster
   24   -  ZCL payload (ZDO: transaction sequence number and ZDP data)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from host_tools.eui import parse_eui

VERSION: Final = 0x01
PROFILE_SMART_ENERGY: Final = 0x0109
PROFILE_ZDO: Final = 0x0000
BROADCAST_EUI: Final = 0xFFFF_FFFF_FFFF_FFFF
PAYLOAD_MAX: Final = 8192  # octets; the largest tunnelled GBCS message fits with room to spare

_FLAG_APS_SECURITY: Final = 0x01
_FLAG_BROADCAST: Final = 0x02
_FLAG_GROUP: Final = 0x04
_FLAGS_KNOWN: Final = _FLAG_APS_SECURITY | _FLAG_BROADCAST | _FLAG_GROUP
_HEADER_LEN: Final = 24
_NUMBER_MAX: Final = 0xFFFF_FFFF
_LINE: Final = re.compile(r"ZCL:FRAME#([0-9]{1,10}):([0-9]{1,5}):((?:[0-9A-Fa-f]{2})*)")


class FrameError(Exception):
    """A text line, its octets or a field value is not a HAN frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One HAN frame. EUI-64s are integers whose hexadecimal form is the printed address."""

    source: int
    destination: int
    source_endpoint: int
    destination_endpoint: int
    cluster: int
    payload: bytes
    profile: int = PROFILE_SMART_ENERGY
    aps_security: bool = False
    broadcast: bool = False
    group: bool = False

    def __post_init__(self) -> None:
        """Refuse field values that the octets cannot hold (FrameError)."""
        fields = (
            ("source", self.source, BROADCAST_EUI),
            ("destination", self.destination, BROADCAST_EUI),
            ("source endpoint", self.source_endpoint, 0xFF),
            ("destination endpoint", self.destination_endpoint, 0xFF),
            ("cluster", self.cluster, 0xFFFF),
            ("profile", self.profile, 0xFFFF),
        )
        for name, value, highest in fields:
            if not 0 <= value <= highest:
                raise FrameError(f"{name} out of range")
        if len(self.payload) > PAYLOAD_MAX:
            raise FrameError("payload too long")

    @property
    def group_address(self) -> int:
        """The 16-bit group of a group frame: the low octets of its destination."""
        return self.destination & 0xFFFF


def to_octets(frame: Frame) -> bytes:
    """Encode a frame into the octets of its text line."""
    flags = (
        _FLAG_APS_SECURITY * frame.aps_security
        | _FLAG_BROADCAST * frame.broadcast
        | _FLAG_GROUP * frame.group
    )
    return b"".join(
        (
            bytes((VERSION, flags)),
            frame.source.to_bytes(8, "big"),
            frame.destination.to_bytes(8, "big"),
            bytes((frame.source_endpoint, frame.destination_endpoint)),
            frame.profile.to_bytes(2, "big"),
            frame.cluster.to_bytes(2, "big"),
            frame.payload,
        )
    )


def from_octets(octets: bytes) -> Frame:
    """Decode the octets of a text line; FrameError when they are not a version 1 frame."""
    if len(octets) < _HEADER_LEN:
        raise FrameError("frame too short")
    if octets[0] != VERSION:
        raise FrameError(f"unknown frame version {octets[0]}")
    flags = octets[1]
    if flags & ~_FLAGS_KNOWN:
        raise FrameError(f"unknown flags 0x{flags:02X}")
    return Frame(
        source=int.from_bytes(octets[2:10], "big"),
        destination=int.from_bytes(octets[10:18], "big"),
        source_endpoint=octets[18],
        destination_endpoint=octets[19],
        profile=int.from_bytes(octets[20:22], "big"),
        cluster=int.from_bytes(octets[22:24], "big"),
        payload=octets[24:],
        aps_security=bool(flags & _FLAG_APS_SECURITY),
        broadcast=bool(flags & _FLAG_BROADCAST),
        group=bool(flags & _FLAG_GROUP),
    )


def to_line(number: int, frame: Frame) -> str:
    """Format a frame as its bench-link line, without the line end. ``number``: 0 to 2**32 - 1."""
    if not 0 <= number <= _NUMBER_MAX:
        raise FrameError("message number out of range")
    octets = to_octets(frame)
    return f"ZCL:FRAME#{number}:{len(octets)}:{octets.hex().upper()}"


def from_line(line: str) -> tuple[int, Frame]:
    """Parse one bench-link line into (message number, frame); FrameError when malformed."""
    match = _LINE.fullmatch(line.rstrip("\r\n"))
    if match is None:
        raise FrameError("not a ZCL:FRAME line")
    number = int(match[1])
    if number > _NUMBER_MAX:
        raise FrameError("message number out of range")
    octets = bytes.fromhex(match[3])
    if len(octets) != int(match[2]):
        raise FrameError(f"length says {match[2]}, found {len(octets)} octets")
    return number, from_octets(octets)


def eui_number(text: str) -> int:
    """The number of an EUI-64 in any of its usual notations (`host_tools.eui`)."""
    try:
        return int.from_bytes(parse_eui(text), "big")
    except ValueError:
        raise FrameError("an EUI-64 has 16 hexadecimal digits") from None


def format_eui(eui: int) -> str:
    """Format an EUI-64 as 16 upper-case hexadecimal digits."""
    return f"{eui:016X}"
