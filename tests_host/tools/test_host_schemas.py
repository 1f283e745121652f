"""STATE.json, KEYS.json and PARTIES.json: what the schemas accept and how they refuse."""

import copy
import json

import pytest
from host_home import GPF, HOME, RTDS, edited
from typer import Typer
from typer.testing import CliRunner

from host_tools import keys, schemas
from host_tools.commands import parse, schema
from host_tools.gbcs import crypto
from host_tools.schemas import SchemaProblem

APP = Typer()
for module in (parse, schema):
    module.register(APP)
RUN = CliRunner()

KEYS = HOME.keys[GPF.hex().upper()]
STATE = {
    "device": "GPF",
    "device_eui": "02534D45545300A3",
    "clock": {"time": "2026-11-06T10:00:00Z", "status": "reliable"},
    "stamp": {"source": "GSME", "time": "2026-11-06T09:30:00Z", "status": "unreliable"},
    "zcl": {
        "0x0702": {
            "0x0000": {"type": "0x25", "value": 281474976710655},
            "0x0307": {"type": "0x41", "value": {"hex": "00FF"}},
            "0x0308": {"type": "0x41", "value": "A1"},
        },
        "0x0705": {"0x0001": {"type": "0x2B", "value": -2147483648}},
    },
    "zcl_commands": [
        {
            "cluster": "0x0702",
            "command": "0x07",
            "name": "GetSampledDataResponse",
            "fields": {"SampleID": 0, "Samples": [1, 2, 16777215]},
        },
        {
            "cluster": "0x0709",
            "command": "0x01",
            "name": "Publish Event Log",
            "fields": {
                "Log Payload": {
                    "entries": [
                        {"Log ID": 3, "Event ID": "0x8F1F", "Event Time": 0, "Event Data": ""}
                    ]
                }
            },
        },
    ],
    "dlms": [
        {
            "class": 3,
            "obis": "1-0:32.32.0.4",
            "attr": 2,
            "value": {"type": "double-long-unsigned", "value": 4294967295},
        },
        {
            "class": 7,
            "obis": "1-0:32.24.0.255",
            "attr": 2,
            "value": {
                "type": "compact-array",
                "element_type": {"structure": ["double-long-unsigned", {"array": [2, "enum"]}]},
                "value": [[1, [0, 255]], [2, [3, 4]]],
            },
        },
        {
            "class": 1,
            "obis": "0-0:94.44.3.2",
            "attr": 2,
            "value": {
                "type": "structure",
                "value": [
                    {"type": "array", "value": [{"type": "bit-string", "value": "0101"}]},
                    {"type": "boolean", "value": False},
                    {"type": "null-data", "value": None},
                    {"type": "visible-string", "value": "~ "},
                    {"type": "utf8-string", "value": "\u00a3"},
                    {"type": "octet-string", "value": "00ff"},
                    {"type": "long64", "value": -(1 << 63)},
                ],
            },
        },
    ],
    "faults": {
        "zcl": {"0x0702": {"0x0302": "0xC0"}},
        "zcl_commands": [{"cluster": "0x0700", "command": "0x06", "status": "0xC0"}],
        "dlms": [{"op": "set", "class": 113, "obis": "0-0:19.20.5.255", "attr": 7, "result": 1}],
    },
}


def problem(document, which):
    """The text of the problem, with path."""
    with pytest.raises(SchemaProblem) as caught:
        schemas.validate(document, which)
    return str(caught.value)


def test_a_state_with_every_member_is_valid():
    schemas.validate(STATE, "state")


@pytest.mark.parametrize("member", [m for m in STATE if m != "device"])
def test_members_a_device_does_not_need_may_be_missing(member):
    schemas.validate(edited(STATE, [member], ...), "state")


V = ["dlms", 0, "value"]
C = ["dlms", 1, "value"]
STATE_FAULTS = [
    (["device"], ..., '$: member "device" is missing'),
    (["device"], "gpf", 'device: "gpf" is not one of ESME, GSME, GPF'),
    (["device_eui"], "02534D45545300A", "device_eui: 15 hex digits, expected 16"),
    (["device_eui"], "02534D45545300AX", "device_eui: character 16 is not a hex digit"),
    (["device_eui"], "02534D45545300A3\n", "device_eui: character 17 is not a hex digit"),
    (["devise"], 1, '$: unknown member "devise"'),
    (["clock", "status"], ..., 'clock: member "status" is missing'),
    (["clock", "status"], "good", 'clock.status: "good" is not one of reliable'),
    (["clock", "time"], None, "clock.time: is null, expected text"),
    (["clock", "time"], "2026-11-06 10:00:00", "clock.time: "),
    (["clock", "time"], "2026-11-06T10:00:00+00:00", "clock.time: "),
    (["clock", "time"], "2026-11-06T10:00:00Z\n", "clock.time: "),
    (["clock", "time"], "2026-02-29T00:00:00Z", "clock.time: '2026-02-29T00:00:00Z' is not a UTC"),
    (["clock", "time"], "2026-11-06T24:00:00Z", "clock.time: "),
    (["clock", "zone"], "UTC", 'clock: unknown member "zone"'),
    (["stamp", "source"], "ESME", 'stamp.source: "ESME" is not one of GSME, GPF'),
    (["stamp", "time"], None, "stamp.status: "),
    (["stamp", "time"], 0, "stamp.time: is an integer, expected text or null"),
    (["stamp", "status"], ..., 'stamp: member "status" is missing'),
    (["zcl", "702"], {}, 'zcl: "702" is not a hexadecimal number'),
    (["zcl", "0x0702", "0x000"], {"type": "0x20", "value": 1}, "zcl.0x0702: "),
    (["zcl", "0x0702", "0x0000", "type"], "uint48", "zcl.0x0702.0x0000.type: "),
    (["zcl", "0x0702", "0x0000", "type"], "0x48", "zcl.0x0702.0x0000.type: "),
    (["zcl", "0x0702", "0x0000", "value"], 1 << 48, "zcl.0x0702.0x0000.value: 281474976710656 is"),
    (["zcl", "0x0702", "0x0000", "value"], -1, "zcl.0x0702.0x0000.value: -1 is below 0"),
    (["zcl", "0x0702", "0x0000", "value"], 1.0, "is a number with a fraction, expected an int"),
    (["zcl", "0x0702", "0x0000", "value"], True, "is true or false, expected an integer"),
    (["zcl", "0x0702", "0x0000", "value"], "1", "is text, expected an integer"),
    (["zcl", "0x0702", "0x0000", "status"], 0, 'unknown member "status"'),
    (["zcl", "0x0702", "0x0308", "value"], 5, "0x0308.value: is an integer, expected text or an"),
    (["zcl", "0x0702", "0x0307", "value", "hex"], "0", "0x0307.value.hex: "),
    (["zcl", "0x0702", "0x0307", "value", "text"], "0", 'unknown member "text"'),
    (["zcl", "0x0702", "0x0000", "type"], "0x2D", "value: 281474976710655 is above"),
    (["zcl", "0x0702", "0x0000"], 5, "zcl.0x0702.0x0000: is an integer, expected an object"),
    (["zcl_commands", 0, "name"], "Sampled", "zcl_commands[0].name: 'Sampled' is not command"),
    (["zcl_commands", 0, "command"], "0x7F", "zcl_commands[0].name: "),
    (["zcl_commands", 0, "fields", "X"], 1, "zcl_commands[0].fields: unknown member 'X'"),
    (["zcl_commands", 0, "fields", "Samples"], 1, "fields.Samples: is not a list"),
    (["zcl_commands", 0, "fields", "Samples", 2], 1 << 24, "Samples[2]: 16777216 does not fit"),
    (["zcl_commands", 0, "fields", "SampleID"], [1], "fields.SampleID: [1] is not an integer"),
    (["zcl_commands", 0, "fields", "SampleID"], 1.5, "fields.SampleID: is a number with a"),
    (["zcl_commands", 1, "fields", "Log Payload"], [], "Log Payload: is not a record"),
    (
        ["zcl_commands", 1, "fields", "Log Payload", "entries", 0, "Event ID"],
        "8F1F",
        "entries[0].Event ID: '8F1F' is not an event code",
    ),
    (
        ["zcl_commands", 1, "fields", "Log Payload", "entries", 0, "Event Data"],
        "0",
        "entries[0].Event Data: '0' is not octets in hex",
    ),
    (["zcl_commands", 1, "fields", "Log Payload", "entries", 0], 1, "entries[0]: is not a record"),
    (["zcl_commands", 0, "status"], "0x00", 'zcl_commands[0]: unknown member "status"'),
    (["dlms"], {}, "dlms: is an object, expected a list"),
    (["dlms", 0, "op"], "get", 'dlms[0]: unknown member "op"'),
    (["dlms", 0, "class"], "3", "dlms[0].class: is text, expected an integer"),
    (["dlms", 0, "class"], 65536, "dlms[0].class: 65536 is above 65535"),
    (["dlms", 0, "attr"], 0, "dlms[0].attr: 0 is below 1"),
    (["dlms", 0, "obis"], "1-0:32.32.0.256", "dlms[0].obis: "),
    (["dlms", 0, "obis"], "1.0.32.32.0.4", "dlms[0].obis: "),
    ([*V, "type"], "uint32", 'dlms[0].value.type: "uint32" is not one of null-data'),
    ([*V, "type"], "float64", "dlms[0].value.type: "),
    ([*V, "type"], "long-unsigned", "dlms[0].value.value: 4294967295 is above 65535"),
    ([*V, "value"], -1, "dlms[0].value.value: -1 is below 0"),
    ([*V, "value"], False, "dlms[0].value.value: is true or false, expected an integer"),
    ([*V, "value"], ..., 'dlms[0].value: member "value" is missing'),
    ([*V, "element_type"], "enum", "dlms[0].value.element_type: is not allowed with this type"),
    ([*C, "element_type"], ..., 'dlms[1].value: member "element_type" is missing'),
    ([*C, "element_type"], "array", 'dlms[1].value.element_type: "array" is not one of'),
    ([*C, "element_type"], {}, "dlms[1].value.element_type: is empty"),
    ([*C, "element_type"], 5, "dlms[1].value.element_type: is an integer, expected text or an"),
    ([*C, "element_type", "array"], [1, "enum"], "dlms[1].value.element_type: "),
    ([*C, "element_type", "structure"], [], "element_type.structure: has 0 items, expected at"),
    (
        [*C, "element_type", "structure", 1, "array"],
        [2],
        "array: has 1 items, expected at least 2",
    ),
    ([*C, "element_type", "structure", 1, "array", 0], "2", "array[0]: is text, expected an int"),
    ([*C, "value", 1], [2], "dlms[1].value.value[1]: has 1 elements, its element_type 2"),
    ([*C, "value", 1], 2, "dlms[1].value.value[1]: is not a list, but a row of type structure"),
    ([*C, "value", 0, 0], 1 << 32, "dlms[1].value.value[0][0]: 4294967296 is out of range"),
    ([*C, "value", 0, 0], "1", "dlms[1].value.value[0][0]: is not an integer"),
    ([*C, "value", 0, 1, 1], 256, "dlms[1].value.value[0][1][1]: 256 is out of range for enum"),
    (["dlms", 2, "value", "value", 0, "value", 0, "value"], "012", "value[0].value[0].value: "),
    (["dlms", 2, "value", "value", 1, "value"], 0, "value[1].value: is an integer, expected true"),
    (["dlms", 2, "value", "value", 2, "value"], 0, "value[2].value: is an integer, expected null"),
    (["dlms", 2, "value", "value", 3, "value"], "\n", "value[3].value: "),
    (["dlms", 2, "value", "value", 5, "value"], "0", "value[5].value: "),
    (["faults", "zcl", "0x0702", "0x0302"], "0x00", "faults.zcl.0x0702.0x0302: "),
    (["faults", "zcl", "0x0702", "0x0302"], 192, "faults.zcl.0x0702.0x0302: is an integer"),
    (["faults", "zcl_commands", 0, "name"], "x", 'faults.zcl_commands[0]: unknown member "name"'),
    (["faults", "dlms", 0, "op"], "read", "faults.dlms[0].op: "),
    (["faults", "dlms", 0, "result"], 0, "faults.dlms[0].result: 0 is below 1"),
    (["faults", "dlms", 0, "result"], 256, "faults.dlms[0].result: 256 is above 255"),
    (["faults", "x"], [], 'faults: unknown member "x"'),
]


@pytest.mark.parametrize(("path", "value", "text"), STATE_FAULTS)
def test_a_faulty_state_is_refused_with_its_place(path, value, text):
    found = problem(edited(STATE, path, value), "state")
    assert text in found, found


def test_a_stamp_without_a_time_is_invalid():
    state = edited(STATE, ["stamp"], {"source": "GPF", "time": None, "status": "invalid"})
    schemas.validate(state, "state")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("boolean", 1),
        ("null-data", 0),
        ("octet-string", "0G"),
        ("bit-string", "2"),
        ("visible-string", "\u00a3"),
        ("utf8-string", 1),
        ("integer", 128),
        ("long64", 1 << 63),
    ],
)
def test_rows_of_a_compact_array_have_the_values_of_their_type(kind, value):
    rows = {"type": "compact-array", "element_type": kind, "value": [value]}
    found = problem(edited(STATE, C, rows), "state")
    assert found.startswith("dlms[1].value.value[0]: "), found


def test_rows_may_be_of_any_simple_type():
    for kind, value in (
        ("boolean", True),
        ("null-data", None),
        ("octet-string", "0f"),
        ("bit-string", ""),
        ("visible-string", "a"),
        ("utf8-string", "\u00a3"),
    ):
        rows = {"type": "compact-array", "element_type": kind, "value": [value]}
        schemas.validate(edited(STATE, C, rows), "state")


def test_one_attribute_written_in_two_ways_is_refused():
    state = edited(STATE, ["zcl", "0x0702", "0x0A00"], {"type": "0x23", "value": 1})
    state["zcl"]["0x0702"]["0x0a00"] = {"type": "0x23", "value": 1}
    assert problem(state, "state") == "zcl.0x0702.0x0a00: is already 0x0A00"


def test_one_object_with_two_values_is_refused_and_a_repeat_is_not():
    state = copy.deepcopy(STATE)
    state["dlms"].append(copy.deepcopy(state["dlms"][0]))
    schemas.validate(state, "state")
    state["dlms"][-1]["value"]["value"] = 1
    found = problem(state, "state")
    assert found == "dlms[3]: class 3, 1-0:32.32.0.4, attribute 2 has another value in dlms[0]"


P = ["parties", 2]
KEYS_FAULTS = [
    (["device_id"], ..., '$: member "device_id" is missing'),
    (["device_type"], "GPF", '$: unknown member "device_type"'),
    (["private_key"], "00" * 31, "private_key: 62 hex digits, expected 64"),
    (["private_key"], "00" * 32, "private_key: is not a P-256 private key (1 to n-1)"),
    (
        ["private_key"],
        f"{crypto.ORDER:064x}",
        "private_key: is not a P-256 private key (1 to n-1)",
    ),
    (["private_key"], f"{1:064x}", "device_ka_public: is not the public key of private_key"),
    (["private_key"], 5, "private_key: is an integer, expected text"),
    (["device_ds_public"], "04" + "00" * 64, "device_ds_public: is not a point of P-256"),
    (["device_ds_public"], "02" + "00" * 64, "device_ds_public: is not an uncompressed point"),
    (["parties"], ..., '$: member "parties" is missing'),
    (["parties"], {}, "parties: is an object, expected a list"),
    ([*P, "role"], "boss", 'parties[2].role: "boss" is not one of supplier'),
    ([*P, "id"], "0" * 15, "parties[2].id: 15 hex digits, expected 16"),
    ([*P, "id"], "02534d4554530100", "parties[2].id: is already parties[1].id"),
    ([*P, "shared_secret"], "0" * 63, "parties[2].shared_secret: 63 hex digits, expected 64"),
    ([*P, "shared_secret"], "0" * 63 + "g", "parties[2].shared_secret: character 64 is not a hex"),
    (
        P,
        {"id": "02534D4554530199", "role": "recovery"},
        "parties[2]: ka_public, shared_secret or ds_public is missing",
    ),
    (
        [*P, "prepayment_ka_public"],
        "04" + "11" * 64,
        "parties[2].prepayment_ka_public: is not a point",
    ),
    ([*P, "ka_public"], "04" + "11" * 64, "parties[2].ka_public: is not a point of P-256"),
    ([*P, "ds_public"], None, "parties[2].ds_public: is null, expected text"),
    ([*P, "name"], "x", 'parties[2]: unknown member "name"'),
]


@pytest.mark.parametrize(("path", "value", "text"), KEYS_FAULTS)
def test_faulty_keys_are_refused_with_their_place(path, value, text):
    found = problem(edited(KEYS, path, value), "keys")
    assert found.startswith(text), found


def test_a_problem_never_shows_a_secret():
    secret = KEYS["private_key"][:-1] + "x"
    found = problem(edited(KEYS, ["private_key"], secret), "keys")
    assert secret[:20] not in found
    assert KEYS["private_key"] not in repr(HOME.device_keys(GPF.hex().upper()))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (["parties", 1, "ka_private"], "00" * 32, "parties[1].ka_private: is not a P-256"),
        (["parties", 1, "ka_private"], f"{7:064x}", "parties[1].ka_public: is not the public key"),
        (["parties", 1, "ds_private"], f"{7:064x}", "parties[1].ds_public: is not the public key"),
        (["parties", 0, "ka_private"], ..., "parties[0]: ka_private or ds_private is missing"),
        (["devices", 1, "ka_public"], "04" + "22" * 64, "devices[1].ka_public: is not a point"),
        (["devices", 1, "id"], "02534D45545300A0", "devices[1].id: is already devices[0].id"),
        (["devices"], ..., '$: member "devices" is missing'),
    ],
)
def test_faulty_parties_are_refused_with_their_place(path, value, text):
    found = problem(edited(HOME.parties_document, path, value), "parties")
    assert found.startswith(text), found


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{", "$: not JSON at line 1, column 2"),
        (b"\xff{}", "$: not UTF-8 at octet 0"),
        (b'{"parties": [], "parties": []}', '$: member "parties" occurs twice'),
        (b'{"device_id": NaN}', "$: NaN is not JSON"),
        (b"[" * 100000, "$: nested too deeply"),
        (b"[]", "$: is a list, expected an object"),
    ],
)
def test_a_file_that_is_no_json_document_is_refused(tmp_path, data, text):
    file = tmp_path / "keys.json"
    file.write_bytes(data)
    with pytest.raises(SchemaProblem) as caught:
        schemas.read_document(file, "keys")
    assert str(caught.value).startswith(f"{file}: {text}"), str(caught.value)


def test_the_schemas_are_printed():
    for which in schemas.NAMES:
        result = RUN.invoke(APP, ["schema", which])
        assert result.exit_code == 0
        assert json.loads(result.stdout)["$schema"].endswith("2020-12/schema")
    result = RUN.invoke(APP, ["schema", "stat"])
    assert result.exit_code == 2 and "not one of state, keys, parties" in result.stderr
    with pytest.raises(ValueError, match="no schema 'x'"):
        schemas.schema_text("x")


@pytest.mark.needs_rtds
def test_every_state_and_key_file_of_rtds_is_valid():
    """rtds: every shape that occurs there passes, and each state also fails with a member more."""
    states = sorted((RTDS / "state").glob("*/*.json"))
    assert len(states) > 200
    for file in states:
        document = schemas.read_document(file, "state")
        assert "unknown member" in problem({**document, "x": 1}, "state"), file
    files = sorted((RTDS / "keys").glob("*.json"))
    ring = keys.KeyRing.load(files)
    assert len(files) >= 5 and len(ring.brokers) == 1
