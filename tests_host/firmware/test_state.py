# engines: cpython unix
# STATE.json and KEYS.json on the device: what is loaded, and errors that name their path.
from binascii import hexlify

from testkit import raises
from vectors import BROKER, DEVICE, SUPPLIER, h, key, secret, signing_key

from smets import clock, devices, state
from smets.dlms.objects import Buffer
from smets.document import DocumentError
from smets.features import stamp

NEW_YEAR = 0x1C374A80
ONE = {"class": 1, "obis": "0-0:96.1.0.255", "attr": 2}


def text(octets):
    return hexlify(octets).decode()


def refused(role, document, append=False):
    """The path and the message; a document that is refused changes nothing."""
    device = devices.build(role)
    before = picture(device)
    with raises(DocumentError) as caught:
        state.load(device, document, append)
    assert picture(device) == before, "something changed"
    error = caught.error
    assert str(error).startswith(error.path + ": ")
    return error.path, str(error)[len(error.path) + 2 :]


def assert_told(found, path, what):
    """The path, and the last words, which say what is allowed."""
    assert found[0] == path and found[1].endswith(what), found


def picture(device):
    mirror = getattr(device, "mirror", None)
    return (
        device.eui,
        (device.clock.seconds, device.clock.status),
        mirror and (mirror.stamp.source, mirror.stamp.seconds, mirror.stamp.status),
        sorted((cluster, len(found)) for cluster, found in device.zcl.attributes.items()),
        [len(found) for found in device.zcl.published.values()],
        len(device.dlms.values),
        len(device.zcl.faults) + len(device.zcl.command_faults) + len(device.dlms.faults),
    )


def loaded(role, document, append=False):
    device = devices.build(role)
    state.load(device, document, append)
    return device


def test_whole_state_of_a_gpf():
    """spec: each member."""
    device = loaded(
        "gpf",
        {
            "device": "GPF",
            "device_eui": text(DEVICE).upper(),
            "clock": {"time": "2015-01-01T00:30:00Z", "status": "unreliable"},
            "stamp": {"source": "GSME", "time": "2015-01-01T00:00:00Z", "status": "reliable"},
            "zcl": {
                "0x0702": {"0x0302": {"type": "0x22", "value": 1000}},
                "0x0705": {"0x0001": {"type": "0x2B", "value": -1}},
            },
            "faults": {"zcl": {"0x0702": {"0x0301": "0xC0"}}},
        },
    )
    assert device.eui == DEVICE
    assert (device.clock.seconds, device.clock.status) == (NEW_YEAR + 1800, clock.UNRELIABLE)
    made = device.feature("mirror").stamp
    assert (made.source, made.seconds, made.status) == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert device.zcl.get(0x0702, 0x0302) == 1000
    assert device.zcl.get(0x0705, 0x0001) == -1
    assert device.zcl.status(0x0702, 0x0301) == 0xC0
    assert device.zcl.get(0x0702, 0x0007) == NEW_YEAR


def test_fragments_add_up():
    device = devices.build("gpf")
    state.load(device, {"zcl": {"0x0702": {"0x0302": {"type": "0x22", "value": 1}}}})
    state.load(device, {"zcl": {"0x0702": {"0x0301": {"type": "0x22", "value": 2}}}})
    state.load(device, {})
    assert (device.zcl.get(0x0702, 0x0302), device.zcl.get(0x0702, 0x0301)) == (1, 2)


def test_empty_state_is_a_state():
    for role in ("esme", "gsme", "gpf", "chf"):
        device = devices.build(role)
        before = picture(device)
        state.load(device, {})
        assert picture(device) == before


def test_strings_as_text_and_as_hexadecimal():
    device = loaded(
        "gsme",
        {
            "zcl": {
                "0x0000": {
                    "0x0004": {"type": "0x42", "value": "Maker"},
                    "0x0005": {"type": "0x42", "value": {"hex": "00FF"}},
                    "0x0006": {"type": "0x41", "value": None},
                    "0x0003": {"type": 32, "value": 7},
                }
            }
        },
    )
    assert device.zcl.get(0x0000, 0x0004) == b"Maker"
    assert device.zcl.get(0x0000, 0x0005) == b"\x00\xff"
    assert device.zcl.get(0x0000, 0x0006) is None
    assert device.zcl.get(0x0000, 0x0003) == 7


def test_times_that_are_not_there():
    device = loaded("gpf", {"clock": {"time": None, "status": "invalid"}})
    assert (device.clock.seconds, device.clock.status) == (clock.UTC_INVALID, clock.INVALID)
    device = loaded("gpf", {"stamp": {"source": "GPF", "time": None, "status": "invalid"}})
    assert device.zcl.get(0x0702, 0x0007) == clock.UTC_INVALID
    device = loaded("gpf", {"clock": {"time": "2015-01-01T00:00:00Z"}})
    assert device.clock.status == clock.RELIABLE


def test_published_commands_in_their_order():
    device = loaded(
        "gsme",
        {
            "zcl_commands": [
                {"cluster": "0x0709", "command": "0x02", "name": "x", "fields": [5]},
                {"cluster": "0x0709", "command": "0x02", "name": "x", "fields": ["0x06"]},
                {"cluster": "0x0707", "command": "0x03", "name": "x", "fields": [1, 2, 3, 4, 5]},
                {
                    "cluster": "0x0707",
                    "command": "0x03",
                    "name": "x",
                    "fields": [1, 2, 3, 4, 5, "01020304", 9],
                },
            ]
        },
    )
    assert device.zcl.published[(0x0709, 0x02)] == [b"\x05", b"\x06"]
    assert [len(p) for p in device.zcl.published[(0x0707, 0x03)]] == [14, 19]


def test_dlms_values():
    device = loaded(
        "esme",
        {
            "dlms": [
                {
                    "class": 3,
                    "obis": "1-0:1.8.0.255",
                    "attr": 2,
                    "value": {"type": "double-long-unsigned", "value": 12345},
                },
                {
                    "class": 7,
                    "obis": "1-0:99.1.0.255",
                    "attr": 2,
                    "value": {
                        "type": "compact-array",
                        "element_type": {"structure": ["double-long-unsigned", "unsigned"]},
                        "value": [[1, 2], [3, 4]],
                    },
                },
            ]
        },
    )
    assert device.dlms.values[key(3, (1, 0, 1, 8, 0, 255), 2)] == h("06 00003039")
    buffer = device.dlms.values[key(7, (1, 0, 99, 1, 0, 255), 2)]
    assert isinstance(buffer, Buffer)
    assert buffer.rows == [h("00000001 02"), h("00000003 04")]


def log(rows):
    return {
        "dlms": [
            {
                "class": 7,
                "obis": "1-0:99.1.0.255",
                "attr": 2,
                "value": {
                    "type": "compact-array",
                    "element_type": "double-long-unsigned",
                    "value": rows,
                },
            }
        ]
    }


def test_rows_are_appended_or_replaced():
    log_key = key(7, (1, 0, 99, 1, 0, 255), 2)
    device = loaded("esme", log([1, 2]))
    state.load(device, log([3]), True)
    assert [row[-1] for row in device.dlms.values[log_key].rows] == [1, 2, 3]
    state.load(device, log([4]))
    assert [row[-1] for row in device.dlms.values[log_key].rows] == [4]
    device = loaded("esme", log([5]), True)
    assert [row[-1] for row in device.dlms.values[log_key].rows] == [5]
    with raises(DocumentError):
        state.load(device, log([6, "x"]), True)
    assert [row[-1] for row in device.dlms.values[log_key].rows] == [5]


def test_faults_of_each_kind():
    device = loaded(
        "gsme",
        {
            "faults": {
                "zcl": {"0x0702": {"0x0000": "0xC0", "0x0001": 1}},
                "zcl_commands": [{"cluster": "0x0705", "command": "0x02", "status": "0xC0"}],
            }
        },
    )
    assert device.zcl.faults == {0x0702: {0x0000: 0xC0, 0x0001: 1}}
    assert device.zcl.command_faults == {(0x0705, 0x02): 0xC0}
    named = key(1, (0, 0, 96, 1, 0, 255), 2)
    faults = [dict(ONE, op=op, result=result) for op, result in (("get", 1), ("set", "0x02"))]
    faults.append(dict(ONE, op="action", result=250))
    device = loaded("esme", {"faults": {"dlms": faults}})
    assert device.dlms.faults == {("get", named): 1, ("set", named): 2, ("action", named): 250}


def test_unknown_members_are_named():
    for document, path in (
        ({"devices": "GPF"}, "state.devices"),
        ({"clock": {"time": None, "status": "invalid", "zone": 1}}, "state.clock.zone"),
        ({"stamp": {"source": "GPF", "when": 1}}, "state.stamp.when"),
        (
            {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 1, "unit": 1}}}},
            "state.zcl.0x0702.0x0000.unit",
        ),
        (
            {"zcl": {"0x0702": {"0x0000": {"type": "0x41", "value": {"octets": ""}}}}},
            "state.zcl.0x0702.0x0000.value.octets",
        ),
        ({"zcl_commands": [{"cluster": "0x0709", "id": 1}]}, "state.zcl_commands[0].id"),
        ({"dlms": [{"class": 1, "index": 2}]}, "state.dlms[0].index"),
        ({"faults": {"gbz": {}}}, "state.faults.gbz"),
        ({"faults": {"dlms": [{"operation": "get"}]}}, "state.faults.dlms[0].operation"),
        ({"faults": {"zcl_commands": [{"name": ""}]}}, "state.faults.zcl_commands[0].name"),
    ):
        assert refused("gpf", document) == (path, "unknown member")


NUMBER = ', or "0x..." of it'
LIST = "is not a list"
OBJECT = "is not an object"
HEX = "is not octets in hexadecimal"
DIGITS = RANGE = NUMBER
OBIS = "not an OBIS code A-B:C.D.E.F"
STATUS = "is not one of reliable, invalid, unreliable"
ROLES = "supplier, transitional_cos, unknown, wan_provider"


def test_ill_typed_members_are_named():
    for document, path, what in (
        (5, "state", OBJECT),
        ([], "state", OBJECT),
        (None, "state", OBJECT),
        ("GPF", "state", OBJECT),
        ({"device": "ESME"}, "state.device", '"ESME" is not GPF, which the device is'),
        ({"device": 5}, "state.device", "5 is not GPF, which the device is"),
        ({"device_eui": "00"}, "state.device_eui", "1 octets, expected 8"),
        ({"device_eui": "0"}, "state.device_eui", HEX),
        ({"device_eui": 5}, "state.device_eui", HEX),
        ({"device_eui": None}, "state.device_eui", HEX),
        ({"device_eui": "zz" * 8}, "state.device_eui", HEX),
        ({"clock": 5}, "state.clock", OBJECT),
        ({"clock": {"time": 5}}, "state.clock.time", "5 is not a time YYYY-MM-DDThh:mm:ssZ"),
        (
            {"clock": {"time": "2015-01-01"}},
            "state.clock.time",
            "time is not YYYY-MM-DDThh:mm:ssZ",
        ),
        (
            {"clock": {"time": None}},
            "state.clock.time",
            "no time, but the status is not invalid",
        ),
        ({"clock": {"status": "good"}}, "state.clock.status", STATUS),
        ({"clock": {"status": ["reliable"]}}, "state.clock.status", STATUS),
        ({"clock": {"status": 0}}, "state.clock.status", STATUS),
        ({"stamp": []}, "state.stamp", OBJECT),
        ({"stamp": {}}, "state.stamp.source", "not one of GSME, GPF"),
        ({"stamp": {"source": "CHF"}}, "state.stamp.source", "not one of GSME, GPF"),
        ({"stamp": {"source": "GPF"}}, "state.stamp.status", STATUS),
        (
            {"stamp": {"source": "GPF", "status": "reliable"}},
            "state.stamp.time",
            "no time, but the status is not invalid",
        ),
        ({"zcl": []}, "state.zcl", OBJECT),
        ({"zcl": {"0x0702": []}}, "state.zcl.0x0702", OBJECT),
        ({"zcl": {"0702": {}}}, "state.zcl.0702", NUMBER),
        ({"zcl": {"0x": {}}}, "state.zcl.0x", DIGITS),
        ({"zcl": {"0x07g2": {}}}, "state.zcl.0x07g2", DIGITS),
        ({"zcl": {"0x1_0": {}}}, "state.zcl.0x1_0", DIGITS),
        ({"zcl": {"0x-1": {}}}, "state.zcl.0x-1", DIGITS),
        ({"zcl": {"0x10000": {}}}, "state.zcl.0x10000", RANGE),
        ({"zcl": {"0x0702": {"x": {}}}}, "state.zcl.0x0702.x", NUMBER),
        ({"zcl": {"0x0702": {"0x0000": 5}}}, "state.zcl.0x0702.0x0000", OBJECT),
        ({"zcl_commands": {}}, "state.zcl_commands", LIST),
        ({"zcl_commands": [5]}, "state.zcl_commands[0]", OBJECT),
        ({"zcl_commands": [{}]}, "state.zcl_commands[0].cluster", NUMBER),
        (
            {"zcl_commands": [{"cluster": True}]},
            "state.zcl_commands[0].cluster",
            NUMBER,
        ),
        ({"dlms": {}}, "state.dlms", LIST),
        ({"dlms": [5]}, "state.dlms[0]", OBJECT),
        ({"dlms": [{}]}, "state.dlms[0].class", NUMBER),
        ({"dlms": [{"class": 65536}]}, "state.dlms[0].class", RANGE),
        ({"dlms": [{"class": 1.5}]}, "state.dlms[0].class", NUMBER),
        ({"dlms": [{"class": 1, "attr": 2}]}, "state.dlms[0].obis", OBIS),
        ({"dlms": [dict(ONE, obis=5)]}, "state.dlms[0].obis", OBIS),
        ({"dlms": [dict(ONE, obis="1.2.3")]}, "state.dlms[0].obis", OBIS),
        ({"dlms": [dict(ONE, obis="0-0:1.2.3.256")]}, "state.dlms[0].obis", OBIS),
        ({"dlms": [dict(ONE, attr="x")]}, "state.dlms[0].attr", NUMBER),
        ({"dlms": [dict(ONE, attr=256)]}, "state.dlms[0].attr", RANGE),
        ({"dlms": [dict(ONE)]}, "state.dlms[0].value", 'not {"type", "value"}'),
        (
            {"dlms": [dict(ONE, value={"type": "unsigned", "value": 256})]},
            "state.dlms[0].value",
            "256 does not fit unsigned",
        ),
        ({"faults": 5}, "state.faults", OBJECT),
        ({"faults": {"zcl": 5}}, "state.faults.zcl", OBJECT),
        ({"faults": {"zcl": {"0x0702": 5}}}, "state.faults.zcl.0x0702", OBJECT),
        (
            {"faults": {"zcl": {"0x0702": {"0x0000": "0x100"}}}},
            "state.faults.zcl.0x0702.0x0000",
            RANGE,
        ),
        ({"faults": {"zcl_commands": 5}}, "state.faults.zcl_commands", LIST),
        ({"faults": {"dlms": "x"}}, "state.faults.dlms", LIST),
        ({"faults": {"dlms": [{}]}}, "state.faults.dlms[0].op", "not one of get, set, action"),
        (
            {"faults": {"dlms": [dict(ONE, op="get")]}},
            "state.faults.dlms[0].result",
            NUMBER,
        ),
        (
            {"faults": {"dlms": [{"op": "get", "result": 1}]}},
            "state.faults.dlms[0].class",
            NUMBER,
        ),
    ):
        assert_told(refused("gpf", document), path, what)


def attribute(type_id, **members):
    return {"zcl": {"0x0702": {"0x0000": dict(members, type=type_id)}}}


def test_attribute_values_that_do_not_fit():
    path = "state.zcl.0x0702.0x0000"
    for document, at, what in (
        (attribute("0x25"), path, "no value"),
        (attribute(None, value=1), path + ".type", NUMBER),
        (attribute("0x7F", value=1), path + ".value", "unknown data type 7F"),
        (
            attribute("0x25", value=1 << 48),
            path + ".value",
            "281474976710656 does not fit type 25",
        ),
        (attribute("0x25", value=True), path + ".value", "true is not an integer, text or octets"),
        (attribute("0x25", value=None), path + ".value", "not an integer"),
        (attribute("0x25", value="5"), path + ".value", "not an integer"),
        (attribute("0x25", value=[5]), path + ".value", "not an integer"),
        (attribute("0x25", value={"hex": "05"}), path + ".value", "not an integer"),
        (attribute("0x41", value={}), path + ".value.hex", HEX),
        (attribute("0x41", value={"hex": "0g"}), path + ".value.hex", HEX),
        (attribute("0x41", value=5), path + ".value", "not a string that fits type 41"),
    ):
        assert_told(refused("gsme", document), at, what)


def test_published_fields_that_do_not_fit():
    path = "state.zcl_commands[1].fields"
    good = {"cluster": "0x0709", "command": "0x02", "name": "x", "fields": [5]}
    for fields, at, what in (
        ([], path, "0 values, expected 1"),
        ([1, 2], path, "2 values, expected 1"),
        ([256], path, "256 does not fit type 20"),
        (["ab"], path, "not an integer"),
        (["0x100000000"], path + "[0]", RANGE),
        (["xy"], path, "not an integer"),
        ([{"hex": "xy"}], path + "[0].hex", HEX),
        ([True], path + "[0]", "is not an integer, text or octets"),
        ([None], path + "[0]", "is not an integer, text or octets"),
        ([[1]], path + "[0]", "is not an integer, text or octets"),
        ({"a": 1}, path, LIST),
        (5, path, LIST),
    ):
        document = {"zcl_commands": [good, dict(good, fields=fields)]}
        assert_told(refused("gsme", document), at, what)
    unknown = dict(good, command="0x7E")
    assert refused("gsme", {"zcl_commands": [good, unknown]}) == (
        path,
        "no response 7E of cluster 0709 is known",
    )


def test_document_that_is_wrong_at_its_end_changes_nothing():
    """All of it is taken, or nothing."""
    good = {
        "device_eui": text(SUPPLIER),
        "clock": {"time": "2015-01-01T00:00:00Z"},
        "stamp": {"source": "GSME", "time": "2015-01-01T00:00:00Z", "status": "reliable"},
        "zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 1}}},
        "dlms": [dict(ONE, value={"type": "unsigned", "value": 1})],
    }
    devices_before = loaded("gpf", good)
    assert devices_before.zcl.get(0x0702, 0x0000) == 1
    for member in good:
        document = {name: value for name, value in good.items() if name != member}
        document[member] = 5
        refused("gpf", document)
    document = dict(good, faults={"dlms": [5]})
    assert refused("gpf", document)[0] == "state.faults.dlms[0]"


def test_only_a_gpf_has_a_stamp():
    document = {"stamp": {"source": "GPF", "time": None, "status": "invalid"}}
    for role, name in (("gsme", "GSME"), ("esme", "ESME"), ("chf", "CHF")):
        assert refused(role, document) == ("state.stamp", "a %s has no stamp" % name)


def party(**members):
    item = {"id": text(SUPPLIER), "role": "supplier", "ka_public": "04" + "00" * 64}
    item.update(members)
    return item


def test_keys_of_a_device():
    """spec."""
    document = {
        "device_id": text(DEVICE),
        "private_key": text(signing_key(DEVICE)),
        "ds_private_key": "01" * 32,
        "device_ka_public": "04" + "11" * 64,
        "device_ds_public": "04" + "22" * 64,
        "parties": [
            party(shared_secret=text(secret(SUPPLIER)), ds_public="04" + "33" * 64),
            party(id=text(BROKER), role="access_control_broker", shared_secret=None),
        ],
    }
    keys = state.load_keys(None, document)
    assert keys.device_id == DEVICE
    assert keys.private_key == signing_key(DEVICE)
    assert keys.ds_private_key == b"\x01" * 32
    found = keys.find(SUPPLIER)
    assert (found.role, found.secret) == ("supplier", secret(SUPPLIER))
    assert found.ka_public == b"\x04" + bytes(64)
    assert found.ds_public == b"\x04" + b"\x33" * 64
    assert keys.broker().id == BROKER
    assert keys.broker().secret is None


def test_keys_in_fragments():
    keys = state.load_keys(None, {"device_id": text(DEVICE)})
    assert state.load_keys(keys, {"parties": [party()]}) is keys
    assert state.load_keys(keys, {"parties": [], "device_id": text(DEVICE)}) is keys
    assert keys.find(SUPPLIER).role == "supplier"
    state.load_keys(keys, {"parties": [party(role="network_operator")]})
    assert keys.find(SUPPLIER).role == "network_operator"


def keys_refused(document, keys=None):
    with raises(DocumentError) as caught:
        state.load_keys(keys, document, "ESME")
    return caught.error.path, str(caught.error)[len(caught.error.path) + 2 :]


def test_keys_that_are_wrong():
    good = {"device_id": text(DEVICE)}
    order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
    for document, path, what in (
        (5, "keys", OBJECT),
        ({}, "keys.device_id", "0 octets, expected 8"),
        ({"device_id": 5}, "keys.device_id", HEX),
        ({"device_id": "00"}, "keys.device_id", "1 octets, expected 8"),
        (dict(good, secret="00"), "keys.secret", "unknown member"),
        (dict(good, device="GPF"), "keys.device", '"GPF" is not ESME, which the device is'),
        (dict(good, private_key="00"), "keys.private_key", "1 octets, expected 32"),
        (dict(good, private_key="00" * 32), "keys.private_key", "private key range"),
        (dict(good, ds_private_key="00" * 32), "keys.ds_private_key", "private key range"),
        (dict(good, ds_private_key=order), "keys.ds_private_key", "private key range"),
        (dict(good, device_ka_public="04"), "keys.device_ka_public", "1 octets, expected 65"),
        (dict(good, device_ds_public=5), "keys.device_ds_public", HEX),
        (dict(good, parties=5), "keys.parties", LIST),
        (dict(good, parties={"a": 1}), "keys.parties", LIST),
        (dict(good, parties=[5]), "keys.parties[0]", OBJECT),
        (dict(good, parties=[party(name="x")]), "keys.parties[0].name", "unknown member"),
        (dict(good, parties=[party(role="king")]), "keys.parties[0].role", ROLES),
        (dict(good, parties=[party(role=[])]), "keys.parties[0].role", ROLES),
        (dict(good, parties=[party(role=None)]), "keys.parties[0].role", ROLES),
        (dict(good, parties=[party(id="00")]), "keys.parties[0].id", "1 octets, expected 8"),
        (
            dict(good, parties=[party(), party(ka_public="04")]),
            "keys.parties[1].ka_public",
            "1 octets, expected 65",
        ),
        (dict(good, parties=[party(ds_public=5)]), "keys.parties[0].ds_public", HEX),
        (
            dict(good, parties=[party(shared_secret="00")]),
            "keys.parties[0].shared_secret",
            "1 octets, expected 32",
        ),
    ):
        assert_told(keys_refused(document), path, what)


def test_keys_that_are_wrong_change_nothing():
    keys = state.load_keys(None, {"device_id": text(DEVICE)})
    document = {"private_key": "01" * 32, "parties": [party(), party(role="king")]}
    assert keys_refused(document, keys)[0] == "keys.parties[1].role"
    assert keys.private_key is None
    assert keys.find(SUPPLIER) is None
    assert keys_refused({"device_id": text(SUPPLIER)}, keys) == (
        "keys.device_id",
        "the device has another one",
    )
    assert keys.device_id == DEVICE
