"""The firmware's use case tables against the host's, which others made from the same sources."""

import json
from importlib import resources

import pytest

from smets.dlms import objects
from smets.gbcs import table_asn1, table_chf, table_esme, table_gas, table_proxy, use_cases

TABLES = (table_gas.ROWS, table_proxy.ROWS, table_esme.ROWS, table_chf.ROWS)
DEVICES = {
    "ESME": "E",
    "GSME": "G",
    "GPF": "P",
    "CHF": "H",
    "PPMID": "D",
    "HCALCS": "L",
    "SAPC": "C",
}
ROLES = {
    "Supplier": "S",
    "Network Operator": "N",
    "Access Control Broker": "B",
    "Load Controller": "L",
    "Transitional CoS": "T",
    "PPMID": "I",
}
OPERATIONS = {"get": "g", "set": "s", "action": "a"}


def host_table():
    text = resources.files("host_tools.data").joinpath("use_cases.json").read_text("utf-8")
    return [
        row
        for row in json.loads(text)["use_cases"]
        if row["kind"] == "remote_party" and row.get("code") and ("dlms" in row or "gbz" in row)
    ]


ROWS = host_table()
CASES = [
    pytest.param(row, letter, id=f"{row['id']}-{device}")
    for row in ROWS
    for device, letter in DEVICES.items()
    if device in row["targets"]
]


def found(row, letter):
    return use_cases.find(TABLES, int(row["code"], 16), letter)


def test_the_host_table_is_there():
    assert len(CASES) > 150


@pytest.mark.parametrize(("row", "letter"), CASES)
def test_device_knows_the_use_case(row, letter):
    case = found(row, letter)
    assert case is not None
    assert case.name.rstrip("*") == row["id"] or row["code"] == f"0x{case.code:04X}"
    assert case.dlms == ("dlms" in row)


@pytest.mark.parametrize(("row", "letter"), CASES)
def test_critical_commands_are_signed(row, letter):
    assert found(row, letter).critical == bool(row["critical"])


@pytest.mark.parametrize(("row", "letter"), CASES)
def test_roles_are_among_those_of_the_use_case(row, letter):
    """A device may admit fewer: the GSME answers the supplier where the GPF answers two.

    Where the sources name nobody (CS01a, CS01b, GCS25) it is the supplier, who sends them in RTDS.
    """
    roles = {ROLES[name] for name in row["roles"] if name in ROLES}
    held = set(found(row, letter).roles)
    assert held - {"b"} <= (roles or {"S"}) and held - {"b"}
    if "b" in held:
        assert not row["critical"] and "B" not in held


def dlms_key(item):
    return f"{item['class']}/{item['obis']}/{item['attr']}"


def dlms_elements(row):
    """(letter, object) of each element as the host has it."""
    for item in row["dlms"]:
        letter = OPERATIONS[item["op"]]
        if "protected" in item:
            letter = "p"
        elif item.get("range"):
            letter = "l"
        yield letter, objects.key(dlms_key(item))


@pytest.mark.parametrize(("row", "letter"), [p for p in CASES if "dlms" in p.values[0]])
def test_dlms_elements_are_the_same(row, letter):
    here = set()
    inner = {}
    for word in found(row, letter).body.split():
        text, _, inside = word[1:].partition(">")
        if text.rfind(":") > text.rfind("/"):
            text = text.rsplit(":", 1)[0]
        here.add((word[0], objects.key(text)))
        if inside:
            inner[objects.key(text)] = {objects.key(name) for name in inside.split(",")}
    assert here == set(dlms_elements(row))
    for item in row["dlms"]:
        if "protected" in item:
            wanted = {objects.key(dlms_key(thing)) for thing in item["protected"]}
            assert inner[objects.key(dlms_key(item))] == wanted


@pytest.mark.parametrize(("row", "letter"), [p for p in CASES if "gbz" in p.values[0]])
def test_gbz_components_are_the_same(row, letter):
    here = set()
    for part in found(row, letter).body.split(";"):
        words = part.split()
        here.add((int(words[0], 16), int(words[1][:2], 16), int(words[1][3:5], 16)))
    there = set()
    attributes = set()
    for item in row["gbz"]:
        cluster, control = int(item["cluster"], 16), int(item["fc"], 16)
        there.add((cluster, control, int(item["command"], 16)))
        attributes |= {(cluster, int(name, 16)) for name in item.get("attributes", ())}
    assert here == there
    listed = set()
    for part in found(row, letter).body.split(";"):
        words = part.split()
        listed |= {(int(words[0], 16), int(word, 16)) for word in words[2:]}
    assert listed == attributes


ASN1 = {
    int(row["code"], 16): row
    for row in json.loads(
        resources.files("host_tools.data").joinpath("use_cases.json").read_text("utf-8")
    )["use_cases"]
    if row.get("code") and row.get("protocol") == "ASN1" and row["kind"] == "remote_party"
}


@pytest.mark.parametrize("firmware_row", table_asn1.ROWS, ids=lambda row: row[1])
def test_asn1_rows_are_those_of_the_host(firmware_row):
    """Codes, names, protection, devices at least; what is missing is of other devices or keys."""
    code, name, targets, flags, body = firmware_row
    row = ASN1[code]
    assert row["id"] == name
    assert bool(row["critical"]) == ("c" in flags)
    letters = {word[0] for word in targets.split()}
    assert {DEVICES[item] for item in row["targets"] if item in DEVICES} <= letters
    assert body[0] == "@"


def test_asn1_use_cases_that_are_not_answered():
    """Use cases of PPMID, HCALCS and SAPC, and those that no role of KEYS.json may send."""
    missing = {ASN1[code]["id"] for code in ASN1} - {row[1] for row in table_asn1.ROWS}
    ours = {row["id"] for row in ASN1.values() if set(row["targets"]) & set(DEVICES)}
    assert missing & ours == {
        "CS02b-anyByContingency",
    }
