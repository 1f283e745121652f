"""A pcapng writer for one or more interfaces (draft-ietf-opsawg-pcapng).

Blocks: section header, interface description, enhanced packet; little-endian, times in
milliseconds (if_tsresol 3).
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

LINKTYPE_IEEE802_15_4_WITHFCS: Final = 195
LINKTYPE_WIRESHARK_UPPER_PDU: Final = 252  # "exported PDU": the packet names its dissector

INBOUND: Final = 1  # directions of a packet, seen from who captures
OUTBOUND: Final = 2

_BLOCK_SECTION: Final = 0x0A0D0D0A
_BLOCK_INTERFACE: Final = 0x00000001
_BLOCK_PACKET: Final = 0x00000006
_BYTE_ORDER: Final = 0x1A2B3C4D
_OPTION_END: Final = 0
_OPTION_COMMENT: Final = 1
_OPTION_APPLICATION: Final = 4  # shb_userappl
_OPTION_NAME: Final = 2  # if_name
_OPTION_RESOLUTION: Final = 9  # if_tsresol
_OPTION_FLAGS: Final = 2  # epb_flags: the two low bits are the direction
_MILLISECONDS: Final = b"\x03"  # 10 to the power of -3
_TIME_MAX: Final = 2**64 - 1


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _options(*pairs: tuple[int, bytes]) -> bytes:
    present = [(code, value) for code, value in pairs if value]
    if not present:
        return b""
    body = b"".join(
        struct.pack("<HH", code, len(value)) + _padded(value) for code, value in present
    )
    return body + struct.pack("<HH", _OPTION_END, 0)


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def packet_block(utc_ms: int, data: bytes, interface: int = 0, direction: int = 0) -> bytes:
    """The block of one whole packet captured at ``utc_ms`` (milliseconds since 1970, UTC).

    ``direction`` is INBOUND, OUTBOUND or 0 (not known).
    """
    if not 0 <= utc_ms <= _TIME_MAX:
        raise ValueError("time out of range")
    when = (utc_ms >> 32, utc_ms & 0xFFFFFFFF)
    header = struct.pack("<IIIII", interface, *when, len(data), len(data))
    flags = _options((_OPTION_FLAGS, struct.pack("<I", direction) if direction else b""))
    return _block(_BLOCK_PACKET, header + _padded(data) + flags)


class PcapngWriter:
    """Writes packets to an open binary file; interface 0 is there from the start."""

    def __init__(
        self,
        out: BinaryIO,
        link_type: int = LINKTYPE_IEEE802_15_4_WITHFCS,
        *,
        application: str = "",
        interface: str = "",
        comment: str = "",
    ) -> None:
        """Write the section and interface blocks to ``out``, which the caller closes."""
        self._out = out
        section = struct.pack("<IHHq", _BYTE_ORDER, 1, 0, -1)  # version 1.0, length not given
        section += _options(
            (_OPTION_COMMENT, comment.encode()), (_OPTION_APPLICATION, application.encode())
        )
        out.write(_block(_BLOCK_SECTION, section))
        self._interfaces = 0
        self.interface(link_type, interface)

    def interface(self, link_type: int, name: str) -> int:
        """Begin another interface; its number."""
        description = struct.pack("<HHI", link_type, 0, 0)  # no snap length: packets are whole
        description += _options((_OPTION_NAME, name.encode()), (_OPTION_RESOLUTION, _MILLISECONDS))
        self._out.write(_block(_BLOCK_INTERFACE, description))
        self._interfaces += 1
        return self._interfaces - 1

    def packet(self, utc_ms: int, data: bytes, interface: int = 0, direction: int = 0) -> None:
        """Write one packet; see `packet_block`."""
        self._out.write(packet_block(utc_ms, data, interface, direction))
