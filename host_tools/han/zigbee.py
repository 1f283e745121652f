"""ZigBee frames for captures: IEEE 802.15.4 data frame, NWK and APS, with AES-CCM* security.

Every HAN frame becomes one PHY frame of at most 127 octets, or several APS fragments where it
is longer. NWK security is always on (the network key); APS security is on where the HAN frame's
flag is set, with the data key of key identifier 0 (the link key itself). Security level 5,
ENC-MIC-32. The bench link carries no acknowledgements, so none are made up.

Sources: IEEE 802.15.4-2006 clause 7.2; ZigBee specification (053474) clauses 2.2.5, 3.3, 4.5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from host_tools.han.frame import Frame

# Test keys: printable on purpose, so that nobody takes them for the keys of a real home.
TEST_NETWORK_KEY: Final = b"smets test nwk 1"
TEST_LINK_KEY: Final = b"smets test link1"
TEST_PAN_ID: Final = 0x5ECA

COORDINATOR_ADDRESS: Final = 0x0000
PHY_FRAME_MAX: Final = 127  # octets with the FCS: aMaxPHYPacketSize

_MAC_BROADCAST: Final = 0xFFFF
_NWK_BROADCAST_AWAKE: Final = 0xFFFD  # all devices whose receiver is on when idle
_SHORT_LOWEST: Final = 0x0001
_SHORT_HIGHEST: Final = 0xFFF7
_SHORT_ADDRESSES: Final = _SHORT_HIGHEST - _SHORT_LOWEST + 1

_MAC_DATA: Final = 0x8841  # data, PAN ID compression, short addresses, 2003 version
_MAC_ACK_REQUEST: Final = 0x0020
_NWK_DATA: Final = 0x0208  # data, protocol version 2, security on
_NWK_DISCOVER_ROUTE: Final = 0x0040
_NWK_RADIUS: Final = 30

_APS_BROADCAST: Final = 0x08
_APS_GROUP: Final = 0x0C
_APS_SECURITY: Final = 0x20
_APS_ACK_REQUEST: Final = 0x40
_APS_EXTENDED: Final = 0x80
_FRAGMENT_FIRST: Final = 1
_FRAGMENT_LATER: Final = 2

_LEVEL_ENC_MIC_32: Final = 5  # used in the nonce and the authentication, sent as 0
_KEY_LINK: Final = 0 << 3
_KEY_NETWORK: Final = 1 << 3
_EXTENDED_NONCE: Final = 0x20
_MIC_LEN: Final = 4

_MAC_LEN: Final = 9 + 2  # header and FCS
_NWK_LEN: Final = 8 + 14 + _MIC_LEN  # header, auxiliary header, MIC
_APS_LEN: Final = 8  # header; one more with a group address
_APS_SECURITY_LEN: Final = 13 + _MIC_LEN
_EXTENDED_HEADER_LEN: Final = 2


class ZigbeeError(Exception):
    """A HAN frame cannot be put into ZigBee frames."""


def _shifted(octet: int) -> int:
    for _ in range(8):
        octet = (octet >> 1) ^ (0x8408 if octet & 1 else 0)
    return octet


_FCS = tuple(map(_shifted, range(256)))


def fcs(data: bytes) -> int:
    """The 16-bit ITU-T frame check sequence of IEEE 802.15.4-2006 clause 7.2.1.9."""
    remainder = 0
    for octet in data:
        remainder = (remainder >> 8) ^ _FCS[(remainder ^ octet) & 0xFF]
    return remainder


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """The fields of an auxiliary security header; the extended nonce is always present."""

    key_field: int  # the key identifier in its place in the security control
    source: int  # EUI-64
    counter: int
    sequence: bytes = b""  # key sequence number, with the network key only


def secure(key: bytes, auxiliary: Auxiliary, header: bytes, data: bytes) -> bytes:
    """Auxiliary header and data under AES-CCM* with a 4-octet MIC (ZigBee clause 4.3.1).

    ``header`` is authenticated only. The security level counts as 5 and is sent as 0.
    """
    control = auxiliary.key_field | _EXTENDED_NONCE
    level_control = control | _LEVEL_ENC_MIC_32
    rest = struct.pack("<IQ", auxiliary.counter, auxiliary.source) + auxiliary.sequence
    nonce = struct.pack("<QIB", auxiliary.source, auxiliary.counter, level_control)
    covered = header + bytes((level_control,)) + rest
    sealed = AESCCM(key, tag_length=_MIC_LEN).encrypt(nonce, data, covered)
    return bytes((control,)) + rest + sealed


@dataclass(slots=True)
class _Node:
    """The counters of one sender."""

    short: int
    mac: int = 0
    nwk: int = 0
    nwk_frame: int = 0
    aps: int = 0
    aps_frame: int = 0


def _overhead(frame: Frame) -> int:
    """Octets around the payload of an unfragmented HAN frame."""
    return _MAC_LEN + _NWK_LEN + _APS_LEN + frame.group + _APS_SECURITY_LEN * frame.aps_security


def _fragments(payload: bytes, room: int) -> list[tuple[bytes, bytes]]:
    """(extended header, block) of each fragment; the first one tells how many there are.

    A frame's PAYLOAD_MAX keeps them well below the 255 that the block number can count.
    """
    blocks = [payload[i : i + room] for i in range(0, len(payload), room)]
    extended = [bytes((_FRAGMENT_FIRST, len(blocks)))]
    extended += [bytes((_FRAGMENT_LATER, index)) for index in range(1, len(blocks))]
    return list(zip(extended, blocks, strict=True))


def _next8(value: int) -> int:
    return (value + 1) & 0xFF


@dataclass(slots=True)
class Network:
    """Gives every EUI-64 a short address and turns HAN frames into frames on the air.

    The coordinator, when known, has 0x0000. Any other device has the low 16 bits of its EUI-64,
    or the next free address where these are taken or reserved.
    """

    network_key: bytes = TEST_NETWORK_KEY
    link_key: bytes = TEST_LINK_KEY
    pan_id: int = TEST_PAN_ID
    key_sequence: int = 0
    coordinator: int | None = None
    _nodes: dict[int, _Node] = field(default_factory=dict[int, _Node], init=False)
    _taken: set[int] = field(default_factory=set[int], init=False)

    def short_address(self, eui: int) -> int:
        """The short address of a device, assigned when it is first asked for."""
        return self._node(eui).short

    def addresses(self) -> list[tuple[int, int]]:
        """(EUI-64, short address) of every device met so far, in that order."""
        return [(eui, node.short) for eui, node in self._nodes.items()]

    def encode(self, frame: Frame) -> list[bytes]:
        """The PHY frames, FCS included, that carry one HAN frame.

        ZigbeeError when a broadcast or group frame does not fit into one.
        """
        unicast = not (frame.broadcast or frame.group)
        room = PHY_FRAME_MAX - _overhead(frame)
        if len(frame.payload) <= room:
            parts: list[tuple[bytes, bytes]] = [(b"", frame.payload)]
        elif not unicast:
            raise ZigbeeError("a broadcast or group frame cannot be fragmented")
        else:
            parts = _fragments(frame.payload, room - _EXTENDED_HEADER_LEN)
        sender = self._node(frame.source)
        target = self.short_address(frame.destination) if unicast else _NWK_BROADCAST_AWAKE
        sender.aps = _next8(sender.aps)
        return [
            self._phy(sender, frame, target, self._aps(sender, frame, extended, block))
            for extended, block in parts
        ]

    def _node(self, eui: int) -> _Node:
        node = self._nodes.get(eui)
        if node is None:
            if eui == self.coordinator:
                short = COORDINATOR_ADDRESS
            elif len(self._taken) - (COORDINATOR_ADDRESS in self._taken) == _SHORT_ADDRESSES:
                raise ZigbeeError("no short address is free")
            else:
                short = eui & 0xFFFF
                while short in self._taken or not _SHORT_LOWEST <= short <= _SHORT_HIGHEST:
                    short = (short + 1) & 0xFFFF
            self._taken.add(short)
            node = self._nodes[eui] = _Node(short)
        return node

    def _aps(self, sender: _Node, frame: Frame, extended: bytes, data: bytes) -> bytes:
        control = 0  # data frame, unicast
        if frame.group:
            control |= _APS_GROUP
        elif frame.broadcast:
            control |= _APS_BROADCAST
        else:
            control |= _APS_ACK_REQUEST
        if frame.aps_security:
            control |= _APS_SECURITY
        if extended:
            control |= _APS_EXTENDED
        header = bytes((control,))
        header += (
            struct.pack("<H", frame.group_address)
            if frame.group
            else bytes((frame.destination_endpoint,))
        )
        header += struct.pack(
            "<HHBB", frame.cluster, frame.profile, frame.source_endpoint, sender.aps
        )
        header += extended
        if not frame.aps_security:
            return header + data
        sender.aps_frame += 1
        auxiliary = Auxiliary(_KEY_LINK, frame.source, sender.aps_frame)
        return header + secure(self.link_key, auxiliary, header, data)

    def _phy(self, sender: _Node, frame: Frame, target: int, data: bytes) -> bytes:
        unicast = target != _NWK_BROADCAST_AWAKE
        sender.nwk = _next8(sender.nwk)
        sender.nwk_frame += 1
        nwk = struct.pack(
            "<HHHBB",
            _NWK_DATA | _NWK_DISCOVER_ROUTE * unicast,
            target,
            sender.short,
            _NWK_RADIUS,
            sender.nwk,
        )
        sequence = bytes((self.key_sequence,))
        auxiliary = Auxiliary(_KEY_NETWORK, frame.source, sender.nwk_frame, sequence)
        nwk += secure(self.network_key, auxiliary, nwk, data)
        sender.mac = _next8(sender.mac)
        mac = struct.pack(
            "<HBHHH",
            _MAC_DATA | _MAC_ACK_REQUEST * unicast,
            sender.mac,
            self.pan_id,
            target if unicast else _MAC_BROADCAST,
            sender.short,
        )
        whole = mac + nwk
        return whole + struct.pack("<H", fcs(whole))
