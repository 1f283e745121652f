"""Turns a frame log into a pcapng file, and tells Wireshark the test keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from host_tools.han.frame import format_eui
from host_tools.han.framelog import COORDINATOR_ROLES, BadLine, DeviceEntry, Entry, FrameEntry
from host_tools.han.pcapng import PcapngWriter
from host_tools.han.zigbee import TEST_LINK_KEY, TEST_NETWORK_KEY, Network, ZigbeeError

APPLICATION = "smets capture"

# Wireshark 4.0.17 and later show this; without the note the bits would mislead a reader.
BYTE_ORDER_NOTE = (
    "Wireshark takes the change-control word of PublishChangeOfTenancy as big-endian: it shows "
    "0x00000200, Clear IHD Data - Consumer, as 0x00020000. Attribute 0x0201 it shows right."
)


@dataclass(slots=True)
class Summary:
    """What a capture holds, and the lines of the log that it could not hold."""

    frames: int = 0
    packets: int = 0
    devices: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    bad_lines: list[str] = field(default_factory=list[str])


def write_capture(
    entries: Iterable[Entry], out: BinaryIO, coordinator: int | None = None
) -> Summary:
    """Write the frames of a log as a pcapng file of IEEE 802.15.4 packets.

    ``coordinator`` is the EUI-64 that gets short address 0x0000; without it, the device that the
    log names with the role gpf or chf. Fragments of one frame are a millisecond apart.
    """
    summary = Summary()
    roles: dict[int, str] = {}
    packets: list[tuple[int, bytes]] = []
    log = list(entries)
    for entry in log:
        if isinstance(entry, DeviceEntry):
            roles[entry.eui] = entry.role
    if coordinator is None:
        coordinator = next((eui for eui in roles if roles[eui] in COORDINATOR_ROLES), None)
    network = Network(coordinator=coordinator)
    for entry in log:
        if isinstance(entry, BadLine):
            summary.bad_lines.append(f"line {entry.line}: {entry.reason}")
        elif isinstance(entry, FrameEntry):
            try:
                encoded = network.encode(entry.frame)
            except ZigbeeError as error:
                summary.bad_lines.append(f"frame {entry.number}: {error}")
                continue
            summary.frames += 1
            packets += [(entry.utc_ms + late, packet) for late, packet in enumerate(encoded)]
    summary.packets = len(packets)
    summary.devices = [
        (eui, short, roles.get(eui, "device")) for eui, short in network.addresses()
    ]
    comment = "\n".join(
        f"0x{short:04x} {format_eui(eui)} {role}" for eui, short, role in summary.devices
    )
    writer = PcapngWriter(out, application=APPLICATION, interface="han", comment=comment)
    for utc_ms, packet in packets:
        writer.packet(utc_ms, packet)
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
