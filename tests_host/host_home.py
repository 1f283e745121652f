"""A test home for the host tools' tests: keys from a seed, commands, and answers made by hand."""

import copy
import csv

import pytest
from outside import RTDS

from host_tools.gbcs import axdr, crypto, times
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import decode
from host_tools.remote import RemoteParty, seal
from host_tools.testkeys import make_home

HOME = make_home(seed="tests of the host tools")
RING = HOME.ring()
SUPPLIER = RemoteParty(HOME.parties(), "supplier")
OPERATOR = RemoteParty(HOME.parties(), "network_operator")
ESME, GSME, GPF = (bytes.fromhex(f"02534D45545300A{n}") for n in (0, 1, 3))


def rtds_rows():
    """The rows of the RTDS index, or [] where the set is not there."""
    if not (RTDS / "index.csv").is_file():
        return []
    with open(RTDS / "index.csv", newline="") as file:
        return list(csv.DictReader(file))


def rtds_message(row):
    """The octets of a message of the RTDS index."""
    return bytes.fromhex((RTDS / row["folder"] / row["file"]).read_text())


def answer(command, payload, date_time=b"", **changes):
    """A genuine response to a command: MACed, or signed if the command is critical."""
    asked = decode(command).header
    device = asked.target
    facts = {
        "cra": 2,
        "counter": asked.counter,
        "originator": device,
        "target": asked.originator,
        "date_time": date_time,
        "message_code": asked.message_code,
        "supplementary_party": asked.supplementary_party,
        "supplementary_counter": asked.supplementary_counter,
    }
    header = Header(**{**facts, **changes})
    if decode(command).use_case.critical:
        return seal(header, payload, None, HOME.signing[device.hex().upper()])
    return seal(header, payload, RING.secret(device, header.target), None)


def component(control, cluster, frame):
    """A GBZ component that is not encrypted."""
    return bytes([control]) + cluster.to_bytes(2, "big") + len(frame).to_bytes(2, "big") + frame


def encrypted(control, cluster, frame, command, number=0):
    """A GBZ component encrypted for the one who asked: ZCL header in clear, payload ciphered."""
    asked = decode(command).header
    recipient = asked.supplementary_party or asked.originator
    secret = RING.secret(asked.target, recipient)
    key = crypto.derive_key(secret, asked.target, crypto.ENCRYPTION, asked.counter, recipient)
    ciphered = crypto.encrypt(key, asked.target, frame[3:])
    body = bytes([0, number]) + frame[:3] + len(ciphered).to_bytes(2, "big") + ciphered
    return component(control, cluster, body)


def gbz(*components):
    """A GBZ payload of components."""
    return b"\x01\x09" + bytes([len(components)]) + b"".join(components)


def edited(document, path, value):
    """A copy with one member set (or removed, by `...`)."""
    out = copy.deepcopy(document)
    inner = out
    for part in path[:-1]:
        inner = inner[part]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return out


def record(attribute, type_id, value, size):
    """A successful record of a Read Attributes Response."""
    head = attribute.to_bytes(2, "little") + bytes([0, type_id])
    return head + value.to_bytes(size, "little", signed=value < 0)


# A read response of the four attributes of GCS13a: 8123.456 m3.
CONSUMPTION = b"\x18\x00\x01" + b"".join(
    (
        record(0x0302, 0x22, 1000, 3),
        record(0x0301, 0x22, 1, 3),
        record(0x0300, 0x30, 1, 1),
        record(0x0000, 0x25, 8123456, 6),
    )
)
STAMP = bytes.fromhex("07EA0B06FF091E0000800004")  # 2026-11-06T09:30:00Z, 0x04


def gas_answer(date_time=STAMP, device=GPF):
    """A command GCS13a and a genuine answer to it."""
    command = SUPPLIER.command("GCS13a", device, 1000)
    payload = gbz(encrypted(3, 0x0702, CONSUMPTION, command))
    return command, answer(command, payload, date_time)


def access_response(counter, values, results=None):
    """An Access-Response of values in the notation of STATE.json."""
    codes = results or [(1, 0)] * len(values)
    out = b"\xda\x20" + counter.to_bytes(3, "big") + b"\0\0" + bytes([len(values)])
    out += b"".join(axdr.encode(value) for value in values) + bytes([len(codes)])
    return out + b"".join(bytes(pair) for pair in codes)


def voltage_answer():
    """A command ECS23 and a genuine answer: two counters, a log of 49 entries, a period."""
    span = {"from": "2026-11-06T00:00:00Z", "to": "2026-11-07T00:00:00Z"}
    command = OPERATOR.command("ECS23", ESME, 7, span)
    start = times.seconds_2000(times.parse_iso("2026-11-06T00:00:00Z"))
    scaler = {
        "type": "structure",
        "value": [{"type": "integer", "value": -1}, {"type": "enum", "value": 35}],
    }
    log = {
        "type": "compact-array",
        "element_type": {"structure": ["double-long-unsigned", "double-long-unsigned"]},
        "value": [[start + 1800 * n, 230 + n] for n in range(49)],
    }
    counter = {"type": "double-long-unsigned", "value": 2301}
    period = {"type": "double-long-unsigned", "value": 1800}
    values = (counter, scaler, counter, scaler, log, period)
    return command, answer(command, access_response(7, values), STAMP[:11] + b"\xff")


def alert(code, payload, device=GSME):
    """A signed alert to the supplier."""
    header = Header(3, 3000, device, SUPPLIER.id, b"", code)
    return seal(header, payload, None, HOME.signing[device.hex().upper()])


def nodes(message, name):
    """The fields of that name in a decoded message."""
    return [node for node in message.tree.walk() if node.name == name]


def text_of(message, name):
    """The text of the first field of that name."""
    found = nodes(message, name)
    assert found, f"no field {name}"
    return found[0].text


def refused(data, ring=RING):
    """The text of the DecodeError that the octets must raise."""
    with pytest.raises(DecodeError) as caught:
        decode(data, ring)
    return str(caught.value)


def uncovered(message, length):
    """How many octets no leaf of the tree covers; asserts that none is covered twice."""
    seen = bytearray(length)

    def visit(node):
        if node.space:
            return
        inner = [child for child in node.children if not child.space]
        if not inner:
            for place in range(node.offset, node.offset + node.length):
                seen[place] += 1
        for child in inner:
            visit(child)

    visit(message.tree)
    assert max(seen) == 1, "two fields claim the same octet"
    return seen.count(0)


_USAGES = {"1": "digitalSignature", "00001": "keyAgreement"}


def protocol_params(message):
    """The parameters that make a decoded command again."""
    if message.protocol == "GBZ":
        return _gbz_params(message)
    if message.protocol == "DLMS":
        return _dlms_params(message)
    out = {}
    first = message.tree.find("payload").children[0]
    for name, kind in message.use_case.table.get("asn1_request", []):
        node = next((item for item in first.walk() if item.name == name), None)
        if node is None or kind == "NULL":
            continue
        if kind.startswith("GeneralizedTime"):
            out[name] = node.text.split(" ")[0]
        else:
            out[name] = _USAGES.get(node.value, node.value)
    return out


def _gbz_params(message):
    out = {}
    rows = message.use_case.table["gbz"]
    several = {row["name"] for row in rows if "-" in row.get("instances", "")}
    for index, part in enumerate(message.gbz.components):
        if part.from_date_time is not None:
            out[f"#{index}.From Date Time"] = part.from_date_time
        if part.frame.name in several:
            out.setdefault(part.frame.name, []).append(part.frame.fields)
        elif part.frame.header.is_cluster_command:
            out |= {f"#{index}.{name}": value for name, value in part.frame.fields.items()}
    return out


def _dlms_params(message):
    out = {}
    rows = message.use_case.table["dlms"]
    places = {(row["op"], row["class"], row["obis"], row["attr"]): n for n, row in enumerate(rows)}
    for item, value in zip(message.dlms.items, message.dlms.data, strict=True):
        place = places[item.op, item.class_id, item.obis, item.attr]
        if item.selection is not None:
            out["from"], out["to"] = (limit.value for limit in item.selection.items[1:3])
        elif item.class_id == 30:
            for entry in value.items[0].items:
                restriction = entry.items[4].items
                if restriction[0].value:
                    out["from"], out["to"] = (limit.value for limit in restriction[1].items)
        elif item.op != "get":
            out[f"#{place}"] = value.to_json()
    return out
