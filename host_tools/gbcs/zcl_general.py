"""Payloads of the general (profile-wide) ZCL commands: attributes read, written, reported."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.gbcs import zcl_table, zcl_types
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.gbcs.zcl_fields import read_fields
from host_tools.gbcs.zcl_frame import Attribute, Frame


def _attribute(
    reader: Reader, frame: Frame, status: int | None = None, type_id: int | None = None
) -> Attribute:
    """Read an attribute's number; those of a manufacturer are not the standard's."""
    number = reader.uint_le(2, "attribute id")
    maker = frame.header.manufacturer
    name = zcl_table.attribute(frame.cluster, number)[0] if maker is None else ""
    return Attribute(number, name, status, type_id, None, maker)


def _ids(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        item = _attribute(reader, frame)
        frame.attributes.append(item)
        node.child("attribute", reader, start, item.id, item.label)


def _value(reader: Reader, frame: Frame, node: Node, start: int, item: Attribute) -> None:
    type_id = reader.uint(1, "data type")
    value = zcl_types.read(reader, type_id, item.label)
    known = None if zcl_types.is_no_value(type_id, value) else value
    child = node.child(item.label, reader, start, known)
    text = zcl_types.text(type_id, value)
    if known is None and not text.startswith("no value"):
        text = f"no value: {text}"
    child.text = f"{text} ({zcl_types.type_name(type_id)})"
    read = Attribute(item.id, item.name, item.status, type_id, value, item.manufacturer, child)
    frame.attributes.append(read)


def _read_response(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        item = _attribute(reader, frame)
        status = reader.uint(1, "attribute status")
        item = Attribute(item.id, item.name, status, manufacturer=item.manufacturer)
        if status == 0:
            _value(reader, frame, node, start, item)
            continue
        frame.attributes.append(item)
        node.child(item.label, reader, start, None, zcl_table.status_name(status))


def _values(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        _value(reader, frame, node, start, _attribute(reader, frame))


def _structured(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        item = _attribute(reader, frame)
        where = _selector(reader)
        if frame.header.command == zcl_table.WRITE_ATTRIBUTES_STRUCTURED:
            _value(reader, frame, node, start, item)
            node.children[-1].text += where
            continue
        frame.attributes.append(item)
        node.child("attribute", reader, start, item.id, f"{item.label}{where}")


def _selector(reader: Reader) -> str:
    # Which element of an array or structure is meant; the high bits add to or take from a set.
    indicator = reader.uint(1, "selector")
    indices = [reader.uint_le(2, "index") for _ in range(indicator & 0x0F)]
    action = {0x00: "", 0x10: ", add to the set", 0x20: ", remove from the set"}
    said = action.get(indicator & 0xF0, f", indicator 0x{indicator:02X}")
    return "".join(f"[{index}]" for index in indices) + said


def _write_response(reader: Reader, frame: Frame, node: Node) -> None:
    if reader.left == 1:
        start = reader.pos
        status = reader.uint(1, "status")
        node.child("status", reader, start, status, zcl_table.status_name(status))
        return
    while reader.left:
        start = reader.pos
        status = reader.uint(1, "attribute status")
        item = _attribute(reader, frame, status)
        where = (
            _selector(reader)
            if frame.header.command == zcl_table.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE
            else ""
        )
        frame.attributes.append(item)
        shown = zcl_table.status_name(status)
        node.child(f"{item.label}{where}", reader, start, status, shown)


def _configure(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        direction = reader.uint(1, "direction")
        item = _attribute(reader, frame)
        rule = _rule(reader, direction)
        frame.attributes.append(item)
        node.child(item.label, reader, start, None, rule)


def _rule(reader: Reader, direction: int) -> str:
    if direction:
        return f"expected at least every {reader.uint_le(2, 'timeout')} s"
    type_id = reader.uint(1, "data type")
    least = reader.uint_le(2, "minimum interval")
    most = reader.uint_le(2, "maximum interval")
    rule = f"every {least} to {most} s"
    if _is_analogue(type_id):
        change = zcl_types.read(reader, type_id, "reportable change")
        rule += f", on a change of {change}"
    return rule


def _is_analogue(type_id: int) -> bool:
    return 0x20 <= type_id <= 0x2F or 0x38 <= type_id <= 0x3A or 0xE0 <= type_id <= 0xE2


def _configure_response(reader: Reader, frame: Frame, node: Node) -> None:
    if reader.left == 1:
        _write_response(reader, frame, node)
        return
    while reader.left:
        start = reader.pos
        status = reader.uint(1, "status")
        reader.uint(1, "direction")
        item = _attribute(reader, frame, status)
        frame.attributes.append(item)
        node.child(item.label, reader, start, status, zcl_table.status_name(status))


def _asked_rules(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        direction = reader.uint(1, "direction")
        item = _attribute(reader, frame)
        frame.attributes.append(item)
        node.child("attribute", reader, start, item.id, f"{item.label}, {_way(direction)}")


def _rules(reader: Reader, frame: Frame, node: Node) -> None:
    while reader.left:
        start = reader.pos
        status = reader.uint(1, "status")
        direction = reader.uint(1, "direction")
        item = _attribute(reader, frame, status)
        said = zcl_table.status_name(status) if status else _rule(reader, direction)
        frame.attributes.append(item)
        node.child(item.label, reader, start, status, f"{said}, {_way(direction)}")


def _way(direction: int) -> str:
    return {0: "reports that are sent", 1: "reports that are received"}.get(
        direction, f"direction 0x{direction:02X}"
    )


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
    extended = frame.header.command == zcl_table.DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE
    while reader.left:
        start = reader.pos
        item = _attribute(reader, frame)
        shown = f"{item.label}: {zcl_types.type_name(reader.uint(1, 'data type'))}"
        if extended:
            access = reader.uint(1, "access control")
            words = [word for bit, word in enumerate(_ACCESS) if access >> bit & 1]
            shown += f", {', '.join(words) or 'no access'} (0x{access:02X})"
        frame.attributes.append(item)
        node.child("attribute", reader, start, item.id, shown)


_ACCESS = ("readable", "writeable", "reportable")


def _discover_commands(reader: Reader, frame: Frame, node: Node) -> None:
    fields = (("Start Command", "uint8"), ("Maximum", "uint8"))
    frame.fields = read_fields(reader, fields, node)


def _commands(reader: Reader, frame: Frame, node: Node) -> None:
    fields = (("Discovery Complete", "uint8"), ("Commands", {"of": "uint8"}))
    frame.fields = read_fields(reader, fields, node)


READERS: dict[int, Callable[[Reader, Frame, Node], None]] = {
    0x00: _ids,
    0x01: _read_response,
    0x02: _values,
    0x03: _values,
    0x04: _write_response,
    0x05: _values,
    0x06: _configure,
    0x07: _configure_response,
    0x08: _asked_rules,
    0x09: _rules,
    0x0A: _values,
    0x0B: _default_response,
    0x0C: _discover,
    0x0D: _discover_response,
    0x0E: _structured,
    0x0F: _structured,
    0x10: _write_response,
    0x11: _discover_commands,
    0x12: _commands,
    0x13: _discover_commands,
    0x14: _commands,
    0x15: _discover,
    0x16: _discover_response,
}
