"""DLMS APDUs of GBCS: Access-Request (D9), Access-Response (DA), Data-Notification (0F)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from host_tools.gbcs import axdr, times
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node

ACCESS_REQUEST, ACCESS_RESPONSE, DATA_NOTIFICATION = 0xD9, 0xDA, 0x0F
NAMES = {
    ACCESS_REQUEST: "Access-Request",
    ACCESS_RESPONSE: "Access-Response",
    DATA_NOTIFICATION: "Data-Notification",
}

OPERATIONS = {1: "get", 2: "set", 3: "action", 4: "get", 5: "set"}  # 4, 5: with selection

RESULTS = {
    0: "success",
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-get-aborted",
    16: "no-long-get-in-progress",
    17: "long-set-aborted",
    18: "no-long-set-in-progress",
    19: "data-block-number-invalid",
    250: "other-reason",
}

CLASSES = {
    1: "Data",
    3: "Register",
    4: "Extended register",
    6: "Register activation",
    7: "Profile generic",
    8: "Clock",
    9: "Script table",
    10: "Schedule",
    11: "Special days table",
    15: "Association LN",
    18: "Image transfer",
    20: "Activity calendar",
    21: "Register monitor",
    22: "Single action schedule",
    30: "Data protection",
    40: "Push setup",
    64: "Security setup",
    70: "Disconnect control",
    71: "Limiter",
    111: "Account",
    112: "Credit",
    113: "Charge",
    115: "Token gateway",
    9000: "Extended data",
}


def obis_text(raw: bytes) -> str:
    """An OBIS code as A-B:C.D.E.F."""
    a, b, c, d, e, f = raw
    return f"{a}-{b}:{c}.{d}.{e}.{f}"


def obis_octets(text: str) -> bytes:
    """The six octets of an OBIS code written A-B:C.D.E.F."""
    return bytes(int(part) for part in text.replace("-", ".").replace(":", ".").split("."))


@dataclass
class Item:
    """One access: what is asked of which attribute or method, and with which selection."""

    choice: int
    class_id: int
    obis: str
    attr: int
    selector: int | None = None
    selection: axdr.Value | None = None

    @property
    def op(self) -> str:
        """get, set or action."""
        return OPERATIONS[self.choice]

    def label(self) -> str:
        """For people: class, object, attribute or method."""
        part = "method" if self.op == "action" else "attribute"
        name = CLASSES.get(self.class_id, "")
        return f"{self.op} class {self.class_id} {name} {self.obis} {part} {self.attr}"


@dataclass
class Apdu:
    """A decoded APDU: `items` of a request, `data` of both, `results` of a response."""

    tag: int = 0
    invoke_id: int = 0
    date_time: bytes = b""
    items: list[Item] = field(default_factory=lambda: list[Item]())
    data: list[axdr.Value] = field(default_factory=lambda: list[axdr.Value]())
    results: list[tuple[int, int]] = field(default_factory=lambda: list[tuple[int, int]]())
    nodes: list[Node] = field(default_factory=lambda: list[Node]())  # of `data`
    access_nodes: list[Node] = field(default_factory=lambda: list[Node]())  # of `items`

    def to_json(self) -> dict[str, Json]:
        """What the APDU says, values in the notation of STATE.json."""
        data: list[Json] = [value.to_json() for value in self.data]
        out: dict[str, Json] = {
            "apdu": NAMES[self.tag].lower() if self.tag else None,
            "invoke_id": self.invoke_id,
        }
        if self.items:
            items: list[Json] = []
            for item in self.items:
                entry: dict[str, Json] = {
                    "op": item.op,
                    "class": item.class_id,
                    "obis": item.obis,
                    "attr": item.attr,
                }
                if item.selection is not None:
                    entry["selector"] = item.selector
                    entry["selection"] = item.selection.to_json()
                items.append(entry)
            out["items"] = items
        out["data"] = data
        if self.results:
            out["results"] = [
                {"op": OPERATIONS.get(choice), "result": result} for choice, result in self.results
            ]
        return out


def read(apdu: Apdu, reader: Reader, node: Node) -> None:
    """Read one APDU to the end of the reader, into `apdu` as far as it can be read."""
    start = reader.pos
    tag = reader.uint(1, "APDU tag")
    if tag not in NAMES:
        raise reader.error(f"0x{tag:02X} is not a DLMS APDU of GBCS", start)
    apdu.tag = tag
    node.child("APDU", reader, start, tag, NAMES[tag])
    start = reader.pos
    invoke = reader.uint(4, "long-invoke-id-and-priority")
    node.child("long-invoke-id", reader, start, invoke, _invoke_text(invoke))
    apdu.invoke_id = invoke
    apdu.date_time = _date_time(reader, node)
    if tag == DATA_NOTIFICATION:
        _read_data(reader, apdu, node, "body")
    elif tag == ACCESS_REQUEST:
        _read_request(reader, apdu, node)
    else:
        _read_response(reader, apdu, node)
    reader.finish(NAMES[tag])


def _invoke_text(invoke: int) -> str:
    words = [f"{invoke & 0xFFFFFF}"]
    for bit, word in ((28, "self-descriptive"), (29, "break on error"), (30, "confirmed")):
        if invoke >> bit & 1:
            words.append(word)
    if invoke >> 31:
        words.append("high priority")
    return ", ".join(words)


def _date_time(reader: Reader, node: Node) -> bytes:
    start = reader.pos
    raw = reader.take(reader.length("length of APDU date-time"), "APDU date-time")
    text = "none"
    if raw:
        text = raw.hex().upper()
        try:
            value = times.cosem_date_time(raw)
        except ValueError as error:
            reader.fault(f"APDU date-time: {error}", start)
        else:
            text = value.text()
            if value.problem:
                reader.fault(f"APDU date-time: {value.problem}", start)
    node.child("date-time", reader, start, raw.hex().upper() or None, text)
    return raw


def _read_specification(reader: Reader, node: Node, apdu: Apdu) -> None:
    start = reader.pos
    count = reader.length("count of access specifications")
    node.child("specifications", reader, start, count, str(count))
    for index in range(count):
        start = reader.pos
        choice = reader.uint(1, f"access specification {index}")
        if choice not in OPERATIONS:
            raise reader.error(f"access specification {index}: choice {choice}", start)
        class_id = reader.uint(2, "class id")
        obis = obis_text(reader.take(6, "OBIS code"))
        attr = reader.uint(1, "attribute or method")
        item = Item(choice, class_id, obis, attr)
        if choice in (4, 5):
            item.selector = reader.uint(1, "access selector")
            item.selection = axdr.read(reader, "access parameters")
        apdu.items.append(item)
        child = node.child(f"access {index}", reader, start, None, item.label())
        apdu.access_nodes.append(child)
        if item.selection is not None:
            child.children.append(value_node("selection", item.selection, reader))


def _read_data(reader: Reader, apdu: Apdu, node: Node, name: str) -> None:
    value = axdr.read(reader, name)
    apdu.data.append(value)
    child = value_node(name, value, reader)
    node.children.append(child)
    apdu.nodes.append(child)


def _read_list(reader: Reader, apdu: Apdu, node: Node) -> None:
    start = reader.pos
    count = reader.length("count of data")
    node.child("data", reader, start, count, str(count))
    for index in range(count):
        _read_data(reader, apdu, node, f"data {index}")


def _read_request(reader: Reader, apdu: Apdu, node: Node) -> None:
    _read_specification(reader, node, apdu)
    _read_list(reader, apdu, node)
    if len(apdu.data) != len(apdu.items):
        reader.fault(f"{len(apdu.items)} accesses, but {len(apdu.data)} data")


def _read_response(reader: Reader, apdu: Apdu, node: Node) -> None:
    _read_specification(reader, node, apdu)
    _read_list(reader, apdu, node)
    start = reader.pos
    count = reader.length("count of results")
    node.child("results", reader, start, count, str(count))
    for index in range(count):
        start = reader.pos
        choice = reader.uint(1, f"result {index}")
        if choice not in (1, 2, 3):
            reader.fault(f"result {index}: choice {choice}", start)
        result = reader.uint(1, f"result {index}")
        apdu.results.append((choice, result))
        operation = OPERATIONS.get(choice, f"choice {choice}")
        text = f"{operation}: {RESULTS.get(result, 'reserved')} ({result})"
        node.child(f"result {index}", reader, start, result, text)
    if count != len(apdu.data):
        reader.fault(f"{len(apdu.data)} data, but {count} results")


def value_node(name: str, value: axdr.Value, reader: Reader) -> Node:
    """A tree of an A-XDR value; date-times are read out, rows of compact-arrays listed."""
    node = Node(name, value.offset, value.length, space=reader.space)
    if value.type in ("array", "structure"):
        node.text = f"{value.type} of {len(value.items)}"
        node.children = [
            value_node(f"[{index}]", item, reader) for index, item in enumerate(value.items)
        ]
    elif value.type == "compact-array" and isinstance(value.value, list):
        node.text = f"compact-array of {len(value.value)} rows"
        node.value = {"element_type": value.element_type}
        for index, (row, place) in enumerate(zip(value.value, value.rows, strict=True)):
            child = Node(f"[{index}]", place[0], place[1], row, space=reader.space)
            child.text = row_text(row)
            node.children.append(child)
        if value.rest:
            shown = value.rest.hex().upper()
            place = value.offset + value.length - len(value.rest)
            lost = Node("not read", place, len(value.rest), shown, space=reader.space)
            lost.text = f"{shown} (no row of this array)"
            node.children.append(lost)
    else:
        node.value = value.value
        node.text = simple_text(value)
    return node


def row_text(row: Json) -> str:
    """A compact-array row for people, without meaning."""
    if isinstance(row, list):
        return ", ".join(
            f"({row_text(item)})" if isinstance(item, list) else str(item) for item in row
        )
    return str(row)


def simple_text(value: axdr.Value) -> str:
    """A simple A-XDR value with its type, for people."""
    if value.type in ("null-data", "dont-care"):
        return value.type
    if value.type == "octet-string":
        moment = times.likely_text(value.octets)
        if moment:
            return f"{moment} ({value.value})"
        text = octets_text(value.octets)
        quoted = f' "{text}"' if text else ""
        return f"{value.value or 'empty'}{quoted} (octet-string, {len(value.octets)})"
    if isinstance(value.value, dict):  # text that is no UTF-8
        raw = bytes.fromhex(str(value.value["hex"]))
        return f'hex {raw.hex().upper()} ({value.type}; as Latin-1 "{raw.decode("latin-1")}")'
    if value.type == "date-time" and isinstance(value.value, str):
        shown = times.cosem_date_time(bytes.fromhex(value.value)).text()
        return f"{shown} ({value.value}, {value.type})"
    if value.type in ("float32", "float64") and isinstance(value.value, str):
        (number,) = struct.unpack(
            ">f" if value.type == "float32" else ">d", bytes.fromhex(value.value)
        )
        return f"{number} ({value.value}, {value.type})"
    return f"{value.value} ({value.type})"


def octets_text(raw: bytes) -> str:
    """The octets as UTF-8 text; "" where they are not readable text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
