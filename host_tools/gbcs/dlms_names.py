"""Names and units for DLMS values, from the use case's list of objects."""

from __future__ import annotations

import re
from typing import Any, cast

from host_tools.gbcs import alert_bodies, dlms, times, units, zcl_table
from host_tools.gbcs.axdr import Value
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node
from host_tools.gbcs.use_cases import UseCase, by_code

Row = dict[str, Any]

_DATE_TIME = "octet-string(12)"
FDEA_DLMS = 0x00CC
_TIMES = ("timeStamp", "outageStart", "outageEnd", "start", "end")  # in alerts
PROFILE_GENERIC, REGISTER, EXTENDED_REGISTER = 7, 3, 4

# Objects whose unit is fixed (no scaler travels with them).
_FIXED_UNITS = (
    (71, r"0-0:17\.0\.[1-4]\.255", 4, "V"),  # threshold_normal
    (71, r"0-0:17\.0\.[1-4]\.255", 6, "s"),  # min_over_threshold_duration
    (1, r"1-0:[357]2\.3[15]\.0\.4", 2, "V"),  # average over/under voltage thresholds
    (7, r"1-0:[357]2\.24\.0\.255", 4, "s"),  # capture_period
)


def rows_for(use_case: UseCase | None, count: int) -> list[Row]:
    """The table rows of `count` accesses; [] if the use case has no such form."""
    if use_case is None:
        return []
    rows: list[Row] = use_case.table.get("dlms", [])
    if len(rows) == count:
        return rows
    for variant in use_case.table.get("variants", []):
        if len(variant) == count:
            keyed = {(row["class"], row["obis"], row["attr"]): row for row in rows}
            return [keyed.get((item[0], item[1], item[2]), _bare_row(item)) for item in variant]
    return []


def _bare_row(item: list[Any]) -> Row:
    op = "action" if item[3] == "method" else "set"
    return {"op": op, "class": item[0], "obis": item[1], "attr": item[2]}


def annotate(apdu: dlms.Apdu, use_case: UseCase | None, reader: Reader) -> None:
    """Name the data of a request or response and write units into their nodes.

    What a date-time cannot be is noted in `reader.faults`.
    """
    if apdu.tag == dlms.DATA_NOTIFICATION:
        _annotate_alert(apdu, use_case, reader)
        return
    rows = rows_for(use_case, len(apdu.data))
    for index, value in enumerate(apdu.data):
        node = apdu.nodes[index]
        row = rows[index] if rows else {}
        if index < len(apdu.items):
            item = apdu.items[index]
            if (row.get("class"), row.get("obis")) != (item.class_id, item.obis):
                row = {}
            row = {**row, "class": item.class_id, "obis": item.obis, "attr": item.attr}
            if "name" in row:
                apdu.access_nodes[index].text += f" ({row['name']})"
        if not row:
            continue
        part = "method" if row.get("op") == "action" else "attribute"
        node.name = f"{node.name}: {row.get('name') or 'class'} "
        node.name += f"[{row['class']}/{row['obis']}/{part} {row['attr']}]"
        _annotate_value(row, value, node)
        _check_times(row, value, node, reader)
    _annotate_registers(apdu, rows)


def _annotate_value(row: Row, value: Value, node: Node) -> None:
    key = (row["class"], row["obis"], row["attr"])
    if isinstance(value.value, int) and not isinstance(value.value, bool):
        unit = row.get("unit") or fixed_unit(*key)
        if unit:
            node.text = f"{value.value} {unit}"
    elif row["class"] == PROFILE_GENERIC and row["attr"] == 2:
        times_in_rows(value, node)
    fields = row.get("fields")
    if fields:
        _name_leaves(fields, node)
    _scale_inside(value, node)


def _check_times(row: Row, value: Value, node: Node, reader: Reader) -> None:
    # The table says that these twelve octets are a date-time.
    if row.get("type") == _DATE_TIME:
        _check_time(value, node, reader)
        return
    fields: list[list[str]] = row.get("fields", [])
    found = list(zip(_simple(value), _leaves(node), strict=False))
    if len(found) == len(fields):
        for (item, leaf), entry in zip(found, fields, strict=True):
            if entry[1] == _DATE_TIME:
                _check_time(item, leaf, reader)


def _check_time(value: Value, node: Node, reader: Reader) -> None:
    if value.type == "octet-string" and len(value.octets) == 12:
        moment = times.cosem_date_time(value.octets)
        node.text = f"{moment.text()} ({value.value})"
        if moment.problem:
            reader.fault(f"{node.name}: {moment.problem}", value.offset)


def _simple(value: Value) -> list[Value]:
    if not value.items:
        return [value]
    return [item for inner in value.items for item in _simple(inner)]


def fixed_unit(class_id: int, obis: str, attr: int) -> str:
    """The unit of an object that has no scaler, or ""."""
    for wanted_class, pattern, wanted_attr, unit in _FIXED_UNITS:
        if (class_id, attr) == (wanted_class, wanted_attr) and re.fullmatch(pattern, obis):
            return unit
    return ""


def times_in_rows(value: Value, node: Node) -> None:
    """Show the first column of a profile buffer as the time it is (seconds since 2000)."""
    if value.type == "compact-array" and isinstance(value.value, list):
        if not _begins_with_time(value.element_type):
            return
        for row, child in zip(value.value, node.children, strict=False):
            if isinstance(row, list) and row and isinstance(row[0], int):
                rest = dlms.row_text(cast("Json", row[1:]))
                child.text = f"{times.utc_text(row[0])}: {rest}"
    elif value.type == "array":
        for item, child in zip(value.items, node.children, strict=True):
            first = item.items[0] if item.items else None
            if first is not None and first.type == "double-long-unsigned":
                child.children[0].text = times.utc_text(cast("int", first.value))


def _begins_with_time(element_type: Json) -> bool:
    # UTC seconds since 2000 are of 32 bits; what is of another size is a number.
    parts = element_type.get("structure") if isinstance(element_type, dict) else None
    return isinstance(parts, list) and parts[:1] == ["double-long-unsigned"]


def name_protected(use_case: UseCase | None, index: int, value: Value, node: Node) -> None:
    """Name what a decrypted block holds: one value for each object of the request's list."""
    rows = rows_for(use_case, index + 1) or (use_case.table.get("dlms", []) if use_case else [])
    objects: list[Row] = rows[index].get("protected", []) if index < len(rows) else []
    if len(objects) != len(value.items):
        return
    for row, item, child in zip(objects, value.items, node.children, strict=True):
        child.name = f"{row['name']} [{row['class']}/{row['obis']}/attribute {row['attr']}]"
        _annotate_value(row, item, child)


def _leaves(node: Node) -> list[Node]:
    if not node.children:
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _name_leaves(fields: list[list[str]], node: Node) -> None:
    leaves = _leaves(node)
    if len(leaves) == len(fields) and len(leaves) > 1:
        for leaf, field in zip(leaves, fields, strict=True):
            leaf.name = field[0].rsplit(".", 1)[-1]


def _scale_inside(value: Value, node: Node) -> None:
    # {value, {scaler, unit}, value, {scaler, unit}, ...} as collections of registers have it.
    for index, item in enumerate(value.items):
        child = node.children[index]
        after = value.items[index + 1] if index + 1 < len(value.items) else None
        pair = units.scaler_unit(after) if after is not None else None
        if pair and isinstance(item.value, int):
            child.text = f"{units.scaled_text(item.value, *pair)} (raw {item.value})"
        _scale_inside(item, child)


def _annotate_registers(apdu: dlms.Apdu, rows: list[Row]) -> None:
    keys = [(row["class"], row["obis"], row["attr"]) for row in rows]
    for index, (class_id, obis, attr) in enumerate(keys):
        if class_id not in (REGISTER, EXTENDED_REGISTER) or attr != 2:
            continue
        if (class_id, obis, 3) not in keys:
            continue
        pair = units.scaler_unit(apdu.data[keys.index((class_id, obis, 3))])
        value = apdu.data[index].value
        if pair and isinstance(value, int):
            apdu.nodes[index].text = f"{units.scaled_text(value, *pair)} (raw {value})"


def future_dated_text(body: bytes) -> str:
    """What the body of a future-dated execution alert points to (message codes 0x00CC, 0x00CD)."""
    code, counter = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:10], "big")
    use_case = by_code(code)
    command = f"{use_case.id if use_case else f'0x{code:04X}'}, counter {counter}"
    if len(body) == 19:
        class_id, obis = int.from_bytes(body[10:12], "big"), dlms.obis_text(body[12:18])
        return f"{command}: class {class_id} {obis} attribute {body[18]}"
    if len(body) == 14:
        cluster = int.from_bytes(body[10:12], "big")
        entry = zcl_table.command(cluster, bool(body[12] & 8), body[13])
        name = entry.name if entry else f"command 0x{body[13]:02X}"
        return f"{command}: {zcl_table.cluster_name(cluster)} {name}"
    return body.hex().upper()


def _annotate_alert(apdu: dlms.Apdu, use_case: UseCase | None, reader: Reader) -> None:
    code = use_case.code if use_case is not None and use_case.code is not None else -1
    if not apdu.data:
        return
    body, node = apdu.data[0], apdu.nodes[0]
    if body.type != "structure":
        _annotate_rows(body, node)
        return
    names = alert_bodies.item_names(code, len(body.items))
    for index, (item, child) in enumerate(zip(body.items, node.children, strict=True)):
        if index < len(names):
            child.name = names[index]
        if index == 0 and isinstance(item.value, int):
            child.text = f"0x{item.value:04X}"
        elif len(item.octets) == 12 and child.name in _TIMES:
            _check_time(item, child, reader)
        elif index > 1:
            _name_parts(code, item, child)


def _annotate_rows(body: Value, node: Node) -> None:
    """Alert codes (and times of 32 bits) of an alert that is a compact-array."""
    kinds = body.element_type.get("structure") if isinstance(body.element_type, dict) else None
    if not isinstance(kinds, list) or kinds[:1] != ["long-unsigned"]:
        return
    for child in node.children:
        row = child.value
        if not isinstance(row, list) or not isinstance(row[0], int):
            continue
        parts = [f"alertCode 0x{row[0]:04X}"]
        for kind, item in zip(kinds[1:], row[1:], strict=True):
            if isinstance(item, int) and kind == "double-long-unsigned" and len(parts) == 1:
                parts.append(f"timeStamp {times.utc_text(item)}")
            else:
                parts.append(dlms.row_text(item))
        child.text = ", ".join(parts)


def _name_parts(code: int, value: Value, node: Node) -> None:
    """Name what is inside an item of an alert: octets by their fields, structures by position."""
    fields = alert_bodies.octet_fields(code, value.octets)
    if fields:
        node.text = future_dated_text(value.octets) if code == FDEA_DLMS else node.text
        start = value.offset + value.length - len(value.octets)
        reader = Reader(bytes(start) + value.octets, start, space=node.space)
        alert_bodies.add_fields(reader, node, fields)
    names = alert_bodies.part_names(code, len(value.items))
    for name, item, child in zip(names, value.items, node.children, strict=False):
        child.name = name
        for entry, row in zip(item.items, child.children, strict=True):
            inner = alert_bodies.entry_names(code, len(entry.items))
            for field, part in zip(inner, row.children, strict=False):
                part.name = field
