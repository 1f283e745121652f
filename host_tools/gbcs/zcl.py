"""ZCL frames (general and cluster commands) inside GBZ components and on the HAN."""

from __future__ import annotations

from dataclasses import dataclass, field

from host_tools.gbcs import zcl_table, zcl_types
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node
from host_tools.gbcs.zcl_fields import Record, read_fields

READ, READ_RESPONSE, WRITE_RESPONSE = 0x00, 0x01, 0x04
DEFAULT_RESPONSE, REPORT = 0x0B, 0x0A


@dataclass(frozen=True)
class Header:
    """The ZCL header; `from_server` is the direction bit."""

    frame_control: int
    sequence: int
    command: int
    manufacturer: int | None = None

    @property
    def is_cluster_command(self) -> bool:
        """Cluster-specific, as against profile-wide."""
        return self.frame_control & 3 == 1

    @property
    def from_server(self) -> bool:
        """Sent by the cluster's server."""
        return bool(self.frame_control & 8)


@dataclass(frozen=True)
class Attribute:
    """One attribute of a read, write or report; `type` and `value` are None without success."""

    id: int
    name: str
    status: int | None = None
    type: int | None = None
    value: Json = None
    node: Node | None = field(default=None, repr=False, compare=False)


@dataclass
class Frame:
    """A decoded frame: attributes, or a default response, or fields of a cluster command."""

    cluster: int
    header: Header
    name: str
    attributes: list[Attribute] = field(default_factory=lambda: list[Attribute]())
    fields: Record | None = None
    default_response: tuple[int, int] | None = None  # command id, status

    def attribute(self, attribute_id: int) -> Attribute | None:
        """The record of an attribute, if the frame has one."""
        return next((item for item in self.attributes if item.id == attribute_id), None)

    def to_json(self) -> dict[str, Json]:
        """What the frame says, in the notation of STATE.json."""
        out: dict[str, Json] = {
            "cluster": f"0x{self.cluster:04X}",
            "frame_control": f"0x{self.header.frame_control:02X}",
            "sequence": self.header.sequence,
            "command": f"0x{self.header.command:02X}",
            "name": self.name,
        }
        if self.default_response is not None:
            command, status = self.default_response
            out["default_response"] = {"command": f"0x{command:02X}", "status": f"0x{status:02X}"}
        if self.fields is not None:
            out["fields"] = dict(self.fields)
        if self.attributes:
            out["attributes"] = [_attribute_json(item) for item in self.attributes]
        return out


def _attribute_json(item: Attribute) -> Json:
    out: dict[str, Json] = {"id": f"0x{item.id:04X}", "name": item.name}
    if item.status is not None:
        out["status"] = f"0x{item.status:02X}"
    if item.type is not None:
        out["type"] = f"0x{item.type:02X}"
        out["value"] = item.value
    return out


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
        name = zcl_table.GENERAL_COMMANDS.get(header.command)
        if name is None:
            raise reader.error(f"profile-wide command 0x{header.command:02X} is not known")
        frame = Frame(cluster, header, name)
        _GENERAL[header.command](reader, frame, node)
        reader.finish(name)
        return frame
    command = zcl_table.command(cluster, header.from_server, header.command)
    if command is None or header.manufacturer is not None:
        start = reader.pos
        raw = reader.take(reader.left, "payload")
        shown = raw.hex().upper()
        node.child("payload", reader, start, shown, f"{shown} (command not in the table)")
        return Frame(cluster, header, "", fields={"payload": shown})
    frame = Frame(cluster, header, command.name)
    frame.fields = read_fields(reader, command.fields, node)
    if command.tail and reader.left:
        if reader.left > command.tail:
            raise reader.error(f"{reader.left} octets after {command.name}")
        start = reader.pos
        reader.take(reader.left, "ignored octets")
        node.child("ignored", reader, start, None, "octets without meaning here (GBCS)")
    reader.finish(command.name)
    return frame


def read_frame(data: bytes, cluster: int) -> tuple[Frame, Node]:
    """Decode a whole ZCL frame, as it travels on the HAN."""
    reader = Reader(data)
    node = Node("ZCL frame", 0, len(data))
    header = read_header(reader, node)
    frame = read_payload(reader, cluster, header, node)
    node.text = f"{zcl_table.cluster_name(cluster)} {frame.name}".strip()
    return frame, node


def _identify(reader: Reader, frame: Frame) -> tuple[int, int, str]:
    start = reader.pos
    attribute_id = reader.uint_le(2, "attribute id")
    return start, attribute_id, zcl_table.attribute(frame.cluster, attribute_id)[0]


def _label(attribute_id: int, name: str) -> str:
    return f"0x{attribute_id:04X} {name}".rstrip()


def _ids(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start, attribute_id, name = _identify(reader, frame)
        frame.attributes.append(Attribute(attribute_id, name))
        node.child("attribute", reader, start, attribute_id, _label(attribute_id, name))


def _value(
    reader: Reader, frame: Frame, node: Node, start: int, item: tuple[int, str, int | None]
) -> None:
    attribute_id, name, status = item
    type_id = reader.uint(1, "data type")
    value = zcl_types.read(reader, type_id, _label(attribute_id, name))
    child = node.child(_label(attribute_id, name), reader, start, value)
    child.text = f"{zcl_types.text(type_id, value)} ({zcl_types.type_name(type_id)})"
    frame.attributes.append(Attribute(attribute_id, name, status, type_id, value, child))


def _read_response(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start, attribute_id, name = _identify(reader, frame)
        status = reader.uint(1, "attribute status")
        if status == 0:
            _value(reader, frame, node, start, (attribute_id, name, status))
            continue
        frame.attributes.append(Attribute(attribute_id, name, status))
        shown = zcl_table.status_name(status)
        node.child(_label(attribute_id, name), reader, start, None, shown)


def _values(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start, attribute_id, name = _identify(reader, frame)
        _value(reader, frame, node, start, (attribute_id, name, None))


def _write_response(reader: Reader, frame: Frame, node: Node) -> None:
    if reader.left == 1:
        start = reader.pos
        status = reader.uint(1, "status")
        node.child("status", reader, start, status, zcl_table.status_name(status))
        return
    while reader.left:
        start = reader.pos
        status = reader.uint(1, "attribute status")
        _, attribute_id, name = _identify(reader, frame)
        frame.attributes.append(Attribute(attribute_id, name, status))
        shown = zcl_table.status_name(status)
        node.child(_label(attribute_id, name), reader, start, status, shown)


def _configure(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        direction = reader.uint(1, "direction")
        _, attribute_id, name = _identify(reader, frame)
        if direction:
            rule = f"expected at least every {reader.uint_le(2, 'timeout')} s"
        else:
            type_id = reader.uint(1, "data type")
            least = reader.uint_le(2, "minimum interval")
            most = reader.uint_le(2, "maximum interval")
            rule = f"every {least} to {most} s"
            if _is_analogue(type_id):
                change = zcl_types.read(reader, type_id, "reportable change")
                rule += f", on a change of {change}"
        frame.attributes.append(Attribute(attribute_id, name))
        node.child(_label(attribute_id, name), reader, start, None, rule)


def _is_analogue(type_id: int) -> bool:
    return 0x20 <= type_id <= 0x2F or 0xE0 <= type_id <= 0xE2


def _configure_response(reader: Reader, frame: Frame, node: Node) -> None:
    if reader.left == 1:
        _write_response(reader, frame, node)
        return
    while reader.left:
        start = reader.pos
        status = reader.uint(1, "status")
        reader.uint(1, "direction")
        _, attribute_id, name = _identify(reader, frame)
        frame.attributes.append(Attribute(attribute_id, name, status))
        shown = zcl_table.status_name(status)
        node.child(_label(attribute_id, name), reader, start, status, shown)


def _default_response(reader: Reader, frame: Frame, node: Node) -> None:
    start = reader.pos
    command = reader.uint(1, "command id")
    node.child("answers command", reader, start, command, f"0x{command:02X}")
    start = reader.pos
    status = reader.uint(1, "status")
    node.child("status", reader, start, status, zcl_table.status_name(status))
    frame.default_response = (command, status)


def _discover(reader: Reader, frame: Frame, node: Node) -> None:
    fields = (("Start Attribute", "uint16"), ("Maximum", "uint8"))
    frame.fields = read_fields(reader, fields, node)


def _discover_response(reader: Reader, frame: Frame, node: Node) -> None:
    frame.fields = read_fields(reader, (("Discovery Complete", "uint8"),), node)
    while reader.left:
        start, attribute_id, name = _identify(reader, frame)
        type_id = reader.uint(1, "data type")
        frame.attributes.append(Attribute(attribute_id, name))
        shown = f"{_label(attribute_id, name)}: {zcl_types.type_name(type_id)}"
        node.child("attribute", reader, start, attribute_id, shown)


_GENERAL = {
    0x00: _ids,
    0x01: _read_response,
    0x02: _values,
    0x03: _values,
    0x04: _write_response,
    0x05: _values,
    0x06: _configure,
    0x07: _configure_response,
    0x0A: _values,
    0x0B: _default_response,
    0x0C: _discover,
    0x0D: _discover_response,
}
