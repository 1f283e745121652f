"""ZCL frames (general and cluster commands) inside GBZ components and on the HAN."""

from __future__ import annotations

from host_tools.gbcs import zcl_general, zcl_table
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node, rest_as_octets, sheltered
from host_tools.gbcs.zcl_fields import read_fields
from host_tools.gbcs.zcl_frame import (
    DEFAULT_RESPONSE,
    READ,
    READ_RESPONSE,
    Attribute,
    Frame,
    Header,
)

__all__ = [
    "DEFAULT_RESPONSE",
    "READ",
    "READ_RESPONSE",
    "Attribute",
    "Frame",
    "Header",
    "examine_frame",
    "read_frame",
    "read_header",
    "read_payload",
]


def read_header(reader: Reader, node: Node) -> Header:
    """Read frame control, [manufacturer code,] sequence number, command id."""
    start = reader.pos
    control = reader.uint(1, "ZCL frame control")
    kinds = {0: "profile-wide", 1: "cluster-specific"}
    if control & 3 not in kinds:
        raise reader.error(f"ZCL frame type {control & 3} is reserved", start)
    direction = "server to client" if control & 8 else "client to server"
    response = "default response disabled" if control & 16 else "default response allowed"
    words = f"0x{control:02X}: {kinds[control & 3]}, {direction}, {response}"
    node.child("frame control", reader, start, control, words)
    manufacturer: int | None = None
    if control & 4:
        start = reader.pos
        manufacturer = reader.uint_le(2, "manufacturer code")
        node.child("manufacturer code", reader, start, manufacturer, f"0x{manufacturer:04X}")
    start = reader.pos
    sequence = reader.uint(1, "ZCL sequence number")
    node.child("sequence number", reader, start, sequence, str(sequence))
    start = reader.pos
    command = reader.uint(1, "ZCL command id")
    node.child("command", reader, start, command, f"0x{command:02X}")
    return Header(control, sequence, command, manufacturer)


def read_payload(reader: Reader, cluster: int, header: Header, node: Node) -> Frame:
    """Read what follows the ZCL header, to the end of the reader."""
    if not header.is_cluster_command:
        name = zcl_table.GENERAL_COMMANDS.get(header.command, "")
        frame = Frame(cluster, header, name)
        if not name:
            return _unknown(reader, frame, node)
        with sheltered(reader, node):
            zcl_general.READERS[header.command](reader, frame, node)
            reader.finish(name)
        return frame
    command = zcl_table.command(cluster, header.from_server, header.command)
    if command is None or header.manufacturer is not None:
        return _unknown(reader, Frame(cluster, header, ""), node)
    frame = Frame(cluster, header, command.name)
    with sheltered(reader, node):
        frame.fields = read_fields(reader, command.fields, node)
        if command.tail and reader.left:
            if reader.left > command.tail:
                raise reader.error(f"{reader.left} octets after {command.name}")
            start = reader.pos
            reader.take(reader.left, "ignored octets")
            node.child("ignored", reader, start, None, "octets without meaning here (GBCS)")
        reader.finish(command.name)
    return frame


def _unknown(reader: Reader, frame: Frame, node: Node) -> Frame:
    raw = rest_as_octets(reader, node, "payload", "command not in the table")
    frame.fields = {"payload": raw.hex().upper()}
    return frame


def examine_frame(data: bytes, cluster: int) -> tuple[Frame, Node, list[DecodeError]]:
    """Decode a ZCL frame, as it travels on the HAN, as far as it can be; its tree, its faults.

    Raises DecodeError where not even its header can be read.
    """
    reader = Reader(data)
    node = Node("ZCL frame", 0, len(data))
    header = read_header(reader, node)
    frame = read_payload(reader, cluster, header, node)
    node.text = f"{zcl_table.cluster_name(cluster)} {frame.name}".strip()
    return frame, node, reader.faults


def read_frame(data: bytes, cluster: int) -> tuple[Frame, Node]:
    """Decode a whole ZCL frame; DecodeError if any of it is malformed."""
    frame, node, faults = examine_frame(data, cluster)
    if faults:
        raise faults[0]
    return frame, node
