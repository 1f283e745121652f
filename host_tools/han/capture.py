"""Turns a log of a home into a pcapng file, and tells Wireshark the test keys.

Interface `han` has the frames of the home, `wan` the GBCS messages between the service side and
its devices, as exported PDUs: each packet names its dissector, so that no number of a user's own
link types (USER DLT) is taken up, none has to be set in Wireshark, and without the dissector
Wireshark still says what it is that it cannot show.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from host_tools.han.frame import format_eui
from host_tools.han.framelog import (
    COORDINATOR_ROLES,
    BadLine,
    DeviceEntry,
    Entry,
    FrameEntry,
    MessageEntry,
)
from host_tools.han.pcapng import (
    INBOUND,
    LINKTYPE_WIRESHARK_UPPER_PDU,
    OUTBOUND,
    PcapngWriter,
    packet_block,
)
from host_tools.han.zigbee import TEST_LINK_KEY, TEST_NETWORK_KEY, Network, ZigbeeError

APPLICATION = "smets capture"

# Wireshark 4.0.17 and later show this; without the note the bits would mislead a reader.
BYTE_ORDER_NOTE = (
    "Wireshark takes the change-control word of PublishChangeOfTenancy as big-endian: it shows "
    "0x00000200, Clear IHD Data - Consumer, as 0x00020000. Attribute 0x0201 it shows right."
)


# Tags of an exported PDU (Wireshark's epan/exported_pdu.h), and the name of our dissector.
_TAG_DISSECTOR, _TAG_DIRECTION, _TAG_END = 12, 35, 0
_SENT, _RECEIVED = 0, 1
DISSECTOR = b"gbcs"
_WAN = 1  # the number of the interface; that of the HAN is 0

MOST_BAD = 1000  # lines that a summary tells one by one
_MOST_LISTED = 1000  # devices that the file's comment names, whose length has 16 bits


def exported(octets: bytes, to_device: bool) -> bytes:
    """A GBCS message or block as an exported PDU, seen from the service side."""
    direction = struct.pack(">I", _SENT if to_device else _RECEIVED)
    tags = ((_TAG_DISSECTOR, DISSECTOR), (_TAG_DIRECTION, direction), (_TAG_END, b""))
    return b"".join(struct.pack(">HH", tag, len(data)) + data for tag, data in tags) + octets


@dataclass(slots=True)
class Summary:
    """What a capture holds, and the lines of the log that it could not hold."""

    frames: int = 0
    packets: int = 0  # of these frames
    messages: int = 0  # GBCS messages, or blocks of them
    devices: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    bad_lines: list[str] = field(default_factory=list[str])  # the first ones, MOST_BAD at most
    bad: int = 0  # all of them

    def leave_out(self, why: str) -> None:
        """Count a line that the capture cannot hold."""
        self.bad += 1
        if self.bad <= MOST_BAD:
            self.bad_lines.append(why)


def write_capture(
    entries: Iterable[Entry],
    out: BinaryIO,
    coordinator: int | None = None,
    roles: Mapping[int, str] | None = None,
) -> Summary:
    """Write the frames of a log as IEEE 802.15.4 packets, and its messages beside them.

    ``coordinator`` is the EUI-64 that gets short address 0x0000; without it, the device that the
    log names with the role gpf or chf. Fragments of one frame are a millisecond apart.
    ``roles`` are the devices that the log names: with them, the entries are taken one by one and
    memory does not grow with the log; without them, all are read first.
    """
    if roles is None:
        entries = list(entries)
        roles = {entry.eui: entry.role for entry in entries if isinstance(entry, DeviceEntry)}
    if coordinator is None:
        coordinator = next((eui for eui in roles if roles[eui] in COORDINATOR_ROLES), None)
    network = Network(coordinator=coordinator)
    # The file begins with all devices and interfaces, which are known at the log's end.
    with tempfile.TemporaryFile() as packets:
        summary = _write_packets(entries, packets, network)
        summary.devices = [
            (eui, short, roles.get(eui, "device")) for eui, short in network.addresses()
        ]
        comment = "\n".join(
            f"0x{short:04x} {format_eui(eui)} {role}"
            for eui, short, role in summary.devices[:_MOST_LISTED]
        )
        writer = PcapngWriter(out, application=APPLICATION, interface="han", comment=comment)
        if summary.messages:
            writer.interface(LINKTYPE_WIRESHARK_UPPER_PDU, "wan")
        packets.seek(0)
        shutil.copyfileobj(packets, out)
    return summary


def _write_packets(entries: Iterable[Entry], out: BinaryIO, network: Network) -> Summary:
    """Write the packets of a log without what stands before them in the file."""
    summary = Summary()
    for entry in entries:
        if isinstance(entry, MessageEntry):
            summary.messages += 1
            way = OUTBOUND if entry.to_device else INBOUND
            octets = exported(entry.octets, entry.to_device)
            out.write(packet_block(entry.utc_ms, octets, _WAN, way))
        elif isinstance(entry, BadLine):
            summary.leave_out(f"line {entry.line}: {entry.reason}")
        elif isinstance(entry, FrameEntry):
            try:
                encoded = network.encode(entry.frame)
            except ZigbeeError as error:
                summary.leave_out(f"frame {entry.number}: {error}")
                continue
            summary.frames += 1
            summary.packets += len(encoded)
            for late, packet in enumerate(encoded):
                out.write(packet_block(entry.utc_ms + late, packet))
    return summary


def key_records() -> list[str]:
    """The test keys as records of Wireshark's table zigbee_pc_keys."""
    return [
        f'"{key.hex()}","Normal","{label}"'
        for key, label in (
            (TEST_NETWORK_KEY, "smets test network key"),
            (TEST_LINK_KEY, "smets test link key"),
        )
    ]


def tshark_options() -> list[str]:
    """The arguments that let tshark or wireshark decrypt a capture."""
    return [part for record in key_records() for part in ("-o", f"uat:zigbee_pc_keys:{record}")]
