"""`smets command` and the remote party: what is built, what is signed, which answers count."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from host_home import (
    CONSUMPTION,
    ESME,
    GPF,
    GSME,
    HOME,
    OPERATOR,
    RING,
    RTDS,
    SUPPLIER,
    answer,
    component,
    encrypted,
    gas_answer,
    gbz,
    protocol_params,
    rtds_message,
    rtds_rows,
    voltage_answer,
)
from typer import Typer
from typer.testing import CliRunner

from host_tools.commands import command as command_module
from host_tools.commands import keygen
from host_tools.gbcs import build_asn1, build_dlms, build_gbz, crypto, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.params import ParameterError, Parameters
from host_tools.keys import KeyRing
from host_tools.remote import (
    RemoteParty,
    ResponseError,
    build_command,
    needed_parameters,
    seal,
    verify_response,
)

APP = Typer()
for module in (command_module, keygen):
    module.register(APP)
RUN = CliRunner()

NOW = datetime(2026, 11, 6, 10, tzinfo=UTC)
SPAN = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-06T00:00:00Z"}
FROM, TO = 846806400, 847238400


def content(message):
    """The payload octets of a message."""
    return message.envelope.data[slice(*message.header.content)]


@pytest.mark.parametrize(
    ("use_case", "payload"),
    [
        ("GCS13a", "0109 01 01 0702 000B 000000 0203 0103 0003 0000"),
        ("GCS13b", "0109 01 01 0702 0011 000000 0007 0107 0207 0307 0203 0103 0003"),
        ("GCS13c", "0109 01 01 0702 0011 000000 0203 0103 0003 0001 0201 0401 0601"),
        (
            "GCS14",
            "0109 02 00 0700 0007 000000 1706 1606 01 0705 000F 000100"
            "0500 0200 0100 3102 1102 2102",
        ),
        ("GCS60", "0109 02 00 0702 0005 000000 000A 01 0705 0005 000100 0100"),
        ("GCS60a", "0109 02 00 0702 0005 000000 000A 01 0705 0005 000100 0100"),
    ],
)
def test_the_gas_reads_have_the_attributes_of_their_templates(use_case, payload):
    """spec: GBCS use case templates."""
    message = decode(SUPPLIER.command(use_case, GPF, 1000), RING)
    assert content(message).hex().upper() == payload.replace(" ", "")
    assert message.use_case.id == use_case and message.header.date_time == b""
    assert [(check.name, check.passed) for check in message.checks] == [("MAC", True)]
    assert message.envelope.signature == b"", "not critical"


def test_the_mac_of_a_command_is_the_brokers_and_not_the_originators():
    """rtds: ACB x device, with the ids of the message's own header."""
    message = decode(SUPPLIER.command("GCS13a", GPF, 1000))
    head = message.header
    ids = (head.originator, head.cra, head.counter, head.target)
    broker = RING.brokers[0]
    right = crypto.derive_key(RING.secret(broker, GPF), *ids)
    wrong = crypto.derive_key(RING.secret(SUPPLIER.id, GPF), *ids)
    part, mac = message.envelope.mac_part, message.envelope.mac
    assert crypto.mac_valid(right, head.originator, part, mac)
    assert not crypto.mac_valid(wrong, head.originator, part, mac)


def test_a_pre_command_is_what_the_signature_covers():
    params = {"ConversionFactor": 1, "CalorificValue": 2}
    message = decode(SUPPLIER.command("GCS23", GSME, 5, params, NOW), RING)
    bare = seal(message.header, content(message), None, None)
    assert bare[1:] == message.envelope.signed_part
    assert decode(bare, unsigned=True).header.counter == 5


def test_a_critical_command_is_signed_by_the_originator_and_maced():
    """spec: signature over the header without its DF tag and the payload; rtds."""
    params = {"ConversionFactor": 102264, "CalorificValue": "0x188"}
    message = decode(SUPPLIER.command("GCS23", GSME, 5, params, NOW), RING)
    assert [(c.name, c.passed) for c in message.checks] == [("MAC", True), ("signature", True)]
    signed = message.envelope.signed_part
    assert signed[0] == 9 and signed.endswith(content(message))
    stranger = HOME.parties().party("network_operator").ds_private.public_key()
    assert not crypto.signature_valid(stranger, signed, message.envelope.signature)
    factor, value = message.gbz.frames
    assert factor.fields["Conversion Factor"] == 102264 and value.fields["Calorific Value"] == 392
    assert factor.fields["Issuer Event ID"] == FROM + 5 * 86400 + 36000, "now"


def test_a_change_of_tenancy_for_gas_and_for_electricity():
    """spec: GCS09 constants, ECS12 date-time."""
    moment = "2026-11-05T00:00:00Z"
    gas = decode(SUPPLIER.command("GCS09", GPF, 6, {"ImplementationDateTime": moment}, NOW))
    assert gas.gbz.frames[0].fields == {
        "Provider ID": 0,
        "Issuer Event ID": 847274400,
        "Tariff Type": 0,
        "Implementation Date/Time": 847152000,
        "Proposed Tenancy Change Control": 0x200,
    }
    power = decode(SUPPLIER.command("ECS12", ESME, 6, {"restrictDataDateTime": moment}))
    assert power.dlms.items[0].label() == "set class 1 Data 0-0:94.44.3.2 attribute 2"
    assert power.dlms.data[0].octets.hex() == "07ea0b05ff000000008000ff"
    assert power.dlms.invoke_id == 0x20000006


@pytest.mark.parametrize(("use_case", "sets", "resets"), [
    ("ECS29a", 11, 2), ("ECS29b", 17, 6), ("ECS29c", 11, 0), ("ECS29d", 17, 0),
])  # fmt: skip
def test_voltage_configurations_take_each_value_by_name(use_case, sets, resets):
    """spec: the elements of ECS29a to d in their order."""
    names = needed_parameters(use_cases.by_name(use_case))
    assert len(names) == sets
    values = {name: 200 + index for index, name in enumerate(names)}
    message = decode(OPERATOR.command(use_case, ESME, 7, values), RING)
    assert [item.op for item in message.dlms.items] == ["set"] * sets + ["action"] * resets
    assert [value.value for value in message.dlms.data[:sets]] == list(values.values())
    assert [value.to_json() for value in message.dlms.data[sets:]] == [
        {"type": "integer", "value": 0}
    ] * resets
    for name in names:
        with pytest.raises(ParameterError, match="is missing"):
            OPERATOR.command(use_case, ESME, 7, {k: v for k, v in values.items() if k != name})


def test_a_log_read_carries_its_range():
    """spec: selective access 1 on the time column, seconds since 2000."""
    message = decode(OPERATOR.command("ECS23", ESME, 8, SPAN), RING)
    selection = message.dlms.items[4].selection.to_json()["value"]
    assert [item["value"] for item in selection[1:]] == [FROM, TO, []]
    column = [item["value"] for item in selection[0]["value"]]
    assert column == [1, "00005E2C64FF", 2, 0]
    gas = decode(SUPPLIER.command("GCS61", GPF, 8, {"from": SPAN["from"], "NumberOfSamples": 48}))
    assert gas.gbz.frames[0].fields["EarliestSampleTime"] == FROM
    snapshots = decode(SUPPLIER.command("GCS16b", GPF, 8, SPAN))
    fields = [frame.fields for frame in snapshots.gbz.frames]
    assert len(fields) == 31 and [item["Snapshot Offset"] for item in fields] == list(range(31))
    assert {(item["Earliest Start Time"], item["Latest End Time"]) for item in fields} == {
        (FROM, TO)
    }


def test_a_protected_read_says_who_may_open_the_answer():
    message = decode(SUPPLIER.command("ECS22b", ESME, 9, SPAN), RING)
    objects, parameters = (value.items for value in message.dlms.data[0].items)
    restriction = objects[0].items[4].items
    assert restriction[0].value == 1
    assert [item.octets.hex()[:16] for item in restriction[1].items] == [
        "07ea0b01ff000000",
        "07ea0b06ff000000",
    ]
    same = SUPPLIER.command("ECS22b", ESME, 9, {"from": FROM, "to": TO})
    assert content(decode(same)) == content(message)
    who = parameters[0].items[1].items
    assert [item.octets for item in who[:4]] == [
        b"\x04" + (9).to_bytes(8, "big"),
        SUPPLIER.id,
        ESME,
        b"",
    ]


def test_the_clock_command_is_a_structure_of_fields():
    times = {
        "validity_interval_start": "2026-11-06T09:55:00Z",
        "validity_interval_end": "2026-11-06T10:05:00Z",
    }
    message = decode(SUPPLIER.command("ECS70", ESME, 10, times), RING)
    octets = [item.octets.hex() for item in message.dlms.data[1].items]
    assert octets == [
        "ffffffffffffffffff8000ff",
        "07ea0b06ff0937" + "0000" + "8000ff",
        "07ea0b06ff0a05" + "0000" + "8000ff",
    ]
    assert message.dlms.data[0].to_json() == {"type": "enum", "value": 5}
    gas = {
        "validityIntervalStart": "2026-11-06T09:55:00Z",
        "validityIntervalEnd": "2026-11-06T10:05:00Z",
    }
    message = decode(SUPPLIER.command("GCS28", GSME, 10, gas), RING)
    assert content(message)[:4] == b"\x30\x22\x18\x0f"


def test_asn1_commands_of_simple_fields():
    message = decode(SUPPLIER.command("CS02c", GSME, 1, {"keyUsage": "keyAgreement"}), RING)
    assert content(message).hex() == "300403020308"
    image = {"manufacturerImageHash": "ab" * 32}
    message = decode(SUPPLIER.command("CS06", GSME, 300, image), RING)
    assert content(message).hex() == "3026" + "0420" + "ab" * 32 + "0202012c"
    image["executionDateTime"] = "2027-01-01T00:00:00Z"
    assert content(decode(SUPPLIER.command("CS06", GSME, 300, image))).endswith(b"20270101000000Z")
    with pytest.raises(ParameterError, match="is not one of digitalSignature"):
        SUPPLIER.command("CS02c", GSME, 1, {"keyUsage": "both"})
    with pytest.raises(ParameterError, match="give the payload itself, as hex"):
        SUPPLIER.command("CS02b-supplierBySupplier", GSME, 1)
    assert content(decode(SUPPLIER.command("CS08", GSME, 1))) == b"\x05\x00"


def test_components_that_repeat_take_lists_of_records():
    day = {"Day ID": 1, "Total Number of Schedule Entries": 1}
    days = [
        {**day, "Day Schedule Entries": [{"Start Time": 0, "Price Tier": 1}]},
        {**day, "Day ID": 2, "Day Schedule Entries": [{"Start Time": 60, "Price Tier": 2}]},
    ]
    names = needed_parameters(use_cases.by_name("GCS05"))
    values = {name: 1 for name in names if "Entr" not in name and "Day" not in name}
    values |= {"Season Entry": [], "Special Day Entry": [], "PublishDayProfile": days}
    values |= {"Total Number of SpecialDays": 0, "from": "2026-11-06T00:00:00Z"}
    values |= {f"Number of {kind} Profiles": 0 for kind in ("Week", "Day")}
    values.pop("From Date Time", None)
    message = decode(SUPPLIER.command("GCS05", GSME, 3, values, NOW), RING)
    found = [frame.fields for frame in message.gbz.frames if frame.name == "PublishDayProfile"]
    assert [item["Day ID"] for item in found] == [1, 2]
    sequence = [frame.header.sequence for frame in message.gbz.frames]
    assert sequence == list(range(len(sequence)))
    for wrong, text in (
        ([], "not a list of 1 to 5 records"),
        ([5], r"PublishDayProfile\[0\]: 5 is not a record"),
        ([{**days[0], "Colour": 1}], "no parameter 'Colour' here"),
        ([{**days[0], "Day ID": "x"}], "Day ID: 'x' is not an integer"),
    ):
        with pytest.raises(ParameterError, match=text):
            SUPPLIER.command("GCS05", GSME, 3, {**values, "PublishDayProfile": wrong}, NOW)


@pytest.mark.parametrize(
    ("use_case", "params", "text"),
    [
        ("GCS09", {}, r"parameter 'Implementation Date/Time' is missing \(utc\)"),
        ("GCS09", {"When": 1, "ImplementationDateTime": 0}, "no parameter 'When' here; there are"),
        ("GCS09", {"ImplementationDateTime": "today"}, "'today' is not an integer"),
        ("GCS09", {"ImplementationDateTime": "1999-12-31T00:00:00Z"}, "outside 2000 to 2136"),
        ("GCS09", {"ImplementationDateTime": "2026-13-01T00:00:00Z"}, "is not a UTC time"),
        (
            "GCS09",
            {"ImplementationDateTime": 1 << 32},
            "Implementation Date/Time: 4294967296 does",
        ),
        ("GCS09", {"Tariff Type": 1, "tarifftype": 1}, "two parameters with the same name"),
        ("GCS23", {"ConversionFactor": -1, "CalorificValue": 1}, "-1 does not fit uint32"),
        ("GCS36", {"CustomerID Number": 5}, "neither text nor"),
        ("ECS12", {}, r"parameter 'restrictDataDateTime' is missing \(octet-string\(12\)\)"),
        ("ECS12", {"value": "2026"}, "a date-time has 12 octets, not 2"),
        ("ECS12", {"value": "2026x"}, "'2026x' is not hex"),
        ("ECS12", {"value": 5}, "5 is not a UTC time"),
        ("ECS12", {"#0": {"type": "unsigned", "value": 256}}, "256 does not fit unsigned"),
        ("ECS29e", {"x": 1}, "no parameter 'x' here; there are: none"),
        ("ECS23", {"from": "never"}, "parameter 'to' is missing"),
        ("ECS46a", {}, "all accesses of this use case are optional"),
        ("ECS37", {}, "is missing"),
        ("ECS37", {"#0": 5}, "give it as JSON"),
        ("GCS13a", {"payload": "0x"}, None),
        ("GCS13a", {"payload": "xy"}, "payload: 'xy' is not hex"),
        ("CS05a", {}, "is no command of a remote party"),
        ("CCS08", {}, "is no command of a remote party"),
    ],
)
def test_parameters_that_are_wrong_are_named(use_case, params, text):
    if text is None:
        assert SUPPLIER.command(use_case, ESME, 1, params)
        return
    with pytest.raises(ParameterError, match=text):
        SUPPLIER.command(use_case, ESME, 1, params)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("boolean", "true", True),
        ("boolean", False, False),
        ("unsigned", "0x10", 16),
        ("double-long", "-5", -5),
        ("bit-string(8)", "10100000", "10100000"),
        ("bit-string(8)", "0xA0", "10100000"),
        ("visible-string(4)", "text", "text"),
        ("octet-string(3)", "text:abc", "616263"),
        ("octet-string(3)", "010203", "010203"),
        ("octet-string(3)", "0x010203", "010203"),
        ("octet-string(12)", "now", "0000000000000000008000ff"),
        ("octet-string(12)", "never", "ffffffffffffffffff8000ff"),
        ("octet-string(12)", "07EA0B06FF093700008000FF", "07ea0b06ff093700008000ff"),
    ],
)
def test_plain_values_become_axdr_values(kind, value, expected):
    assert build_dlms.typed(kind, value, "x") == {
        "type": kind.partition("(")[0],
        "value": expected,
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("boolean", "maybe"),
        ("unsigned", True),
        ("bit-string(8)", "102"),
        ("bit-string(8)", 5),
        ("octet-string(3)", "0x0"),
        ("octet-string(3)", "abc"),
        ("octet-string(3)", 5),
        ("composite", 1),
    ],
)
def test_plain_values_that_do_not_fit_are_refused(kind, value):
    with pytest.raises(ParameterError):
        build_dlms.typed(kind, value, "x")


def test_every_use_case_without_parameters_is_built_as_it_stands():
    built = 0
    for name in use_cases.names():
        row = use_cases.by_name(name)
        if row.kind != "remote_party" or row.code is None or not {"gbz", "dlms"} & set(row.table):
            continue
        if needed_parameters(row):
            with pytest.raises(ParameterError, match="is missing|are optional"):
                SUPPLIER.command(row, ESME, 1, {}, NOW)
            continue
        message = decode(SUPPLIER.command(row, ESME, 1, {}, NOW), RING)
        assert message.use_case.id == name and not message.failed
        assert bool(message.envelope.signature) == row.critical
        built += 1
    assert built > 40


# Supplementary remote parties


def certificate():
    """A key agreement certificate of a party that the device does not know."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "02")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_broker_asks_for_another_party():
    unknown = bytes.fromhex("02534D4554530300")
    der = certificate()
    for supplementary, cert in (
        ((unknown, None), None),
        ((unknown, 5), None),
        ((unknown, 5), der),
    ):
        data = build_command(
            "GCS61",
            parties=HOME.parties(),
            originator="access_control_broker",
            target=GPF,
            counter=12,
            params={"from": 1, "NumberOfSamples": 2},
            supplementary=supplementary,
            certificate=cert,
        )
        message = decode(data, RING)
        head = message.header
        assert (head.supplementary_party, head.supplementary_counter) == supplementary
        assert head.certificate == cert and not message.failed
    assert message.tree.find("key agreement certificate").text == "OU=02"
    response = answer(data, gbz(component(1, 0x0702, b"\x08\x00\x0b\x08\x8b")))
    assert verify_response(response, data, RING).header.supplementary_party == unknown
    with pytest.raises(ResponseError, match="another supplementary remote party"):
        verify_response(answer(data, b"\x05\x00", supplementary_party=GSME), data, RING)


# Verification


def test_a_genuine_answer_is_accepted():
    for party, pair in ((SUPPLIER, gas_answer()), (OPERATOR, voltage_answer())):
        command, response = pair
        assert party.verify(response, command).header.kind == "Response"
        assert party.is_genuine(response, command)


def test_an_answer_that_is_none_is_refused():
    command, response = gas_answer()
    payload = gbz(encrypted(3, 0x0702, CONSUMPTION, command))
    other = SUPPLIER.command("GCS13c", GPF, 1000)
    later = SUPPLIER.command("GCS13a", GPF, 1001)
    for data, asked, text in (
        (command, command, "it is a Command, not a Response"),
        (response, other, "message code 0x0074, asked was 0x00B6"),
        (response, later, "counter 1000, asked was 1001"),
        (answer(command, payload, originator=GSME), command, "not from the device asked"),
        (answer(command, payload, target=OPERATOR.id), command, "not to the party that asked"),
        (response[:-1] + bytes([response[-1] ^ 1]), command, "MAC INVALID"),
        (answer(command, payload[:-1] + b"\0"), command, "component 0 INVALID: wrong tag"),
    ):
        with pytest.raises(ResponseError, match=text):
            SUPPLIER.verify(data, asked)
        assert not SUPPLIER.is_genuine(data, asked)
    with pytest.raises(DecodeError):
        SUPPLIER.verify(response[:-1], command)
    assert not SUPPLIER.is_genuine(b"", command)
    with pytest.raises(ResponseError, match="MAC not checked: no keys for"):
        verify_response(response, command, KeyRing())


def test_a_signed_answer_is_verified_with_the_devices_key():
    command = SUPPLIER.command("GCS23", GSME, 1, {"ConversionFactor": 1, "CalorificValue": 2})
    done = [component(n, 0x0700, bytes([0, n, 0x0B, 2 + n, 0])) for n in (0, 1)]
    response = answer(command, gbz(*done))
    assert response[0] == 0xDF
    assert SUPPLIER.verify(response, command).checks[0].name == "signature"
    spoilt = response[:-1] + bytes([response[-1] ^ 1])
    with pytest.raises(ResponseError, match="signature INVALID"):
        SUPPLIER.verify(spoilt, command)


# The command line


@pytest.fixture(scope="module")
def parties(tmp_path_factory):
    """A parties.json made by keygen."""
    out = tmp_path_factory.mktemp("home")
    assert RUN.invoke(APP, ["keygen", "--out", str(out), "--seed", "7"]).exit_code == 0
    return out / "parties.json"


def run(*arguments):
    return RUN.invoke(APP, ["command", *map(str, arguments)])


def test_a_command_is_printed_as_hex_and_nothing_else(parties):
    to = ("--to", GPF.hex(), "--keys", parties, "--counter", "1000")
    result = run("gcs13a", *to)
    assert result.exit_code == 0 and result.stderr == ""
    ring = KeyRing.load([parties])
    message = decode(bytes.fromhex(result.stdout.strip()), ring)
    assert result.stdout == result.stdout.upper() and message.checks[0].passed
    assert message.header.originator == bytes.fromhex("02534D4554530100")
    arguments = ("--as", "network_operator", "--time", "2026-11-06T10:00:00Z")
    result = run(
        "GCS09", *to, *arguments, "--param", "ImplementationDateTime=2026-11-05T00:00:00Z"
    )
    assert result.exit_code == 0
    assert "note: GCS09 is for Supplier; a device refuses a network operator" in result.stderr
    pence = ("--param", f"PrepaymentCredit={bytes(20).hex()}")
    top_up = run("CS01a", *to, *pence)
    assert top_up.exit_code == 0 and "note" not in top_up.stderr, "its table names no role"
    again = run("GCS09", *to, *arguments, "--param", "Implementation Date/Time=847152000")
    assert again.stdout == result.stdout


def test_json_parameters_files_and_supplementary_parties(parties, tmp_path):
    to = ("--to", ESME.hex(), "--keys", parties, "--counter", "0x10"[2:])
    value = '{"type": "octet-string", "value": "07EA0B05FF000000008000FF"}'
    result = run("ECS12", *to, "--param", f"value={value}")
    assert result.exit_code == 0 and "090C07EA0B05FF000000008000FF00" in result.stdout
    (tmp_path / "ka.der").write_bytes(certificate())
    broker = ("--as", "access_control_broker", "--supplementary", "02534D4554530300:9")
    extra = ("--certificate", tmp_path / "ka.der", "--param", "from=0", "--param", "to=never")
    result = run("ECS23", *to, *broker, *extra)
    assert result.exit_code == 0, result.stderr
    head = decode(bytes.fromhex(result.stdout)).header
    assert head.supplementary_counter == 9 and head.certificate is not None


def test_the_parameters_of_a_use_case_are_listed():
    result = run("GCS09", "--params")
    assert result.exit_code == 0 and result.stdout == "Implementation Date/Time\n"
    assert run("GCS28", "--params").stdout == "validityIntervalStart\nvalidityIntervalEnd\n"
    assert run("ECS22b", "--params").stdout == "from\nto\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["GCS13z"], "no use case 'GCS13z'; near: GCS13"),
        (["XYZ"], "no use case 'XYZ'"),
        (["GCS13a"], "--counter, --to and --keys are needed"),
        (["GCS13a", "--to", "12"], "--to 12: an EUI-64 is 16 hex digits"),
        (["GCS13a", "--to", "x" * 16], "an EUI-64 is 16 hex digits"),
        (["GCS13a", "--to", "0" * 16], "no device 0000000000000000; there are: "),
        (["GCS13a", "--as", "boss"], "no party 'boss'; there are: access_control_broker"),
        (["GCS13a", "--param", "x"], "--param x: expected NAME=VALUE"),
        (["GCS13a", "--param", "x=1", "--param", "x=2"], "--param x is given twice"),
        (["GCS13a", "--param", "x=1"], "no parameter 'x' here"),
        (["GCS13a", "--param", "x=[1"], "'[1' is not JSON"),
        (["GCS13a", "--time", "noon"], "'noon' is not a UTC time"),
        (["GCS13a", "--supplementary", "12:1"], "--supplementary 12:1: "),
        (["GCS13a", "--keys", "missing.json"], "missing.json"),
        (["GCS13a", "--counter", "-1"], ""),
        (["GCS13a", "--counter", str(1 << 64)], "is not a 64-bit number"),
    ],
)
def test_wrong_arguments_are_exit_2(parties, arguments, text):
    name, *rest = arguments
    options = {"--counter": "1", "--to": GPF.hex(), "--keys": str(parties)}
    if text.startswith("--counter, --to"):
        options = {}
    given = rest[::2]
    for option, value in options.items():
        if option not in given:
            rest += [option, value]
    result = run(name, *rest)
    assert result.exit_code == 2 and result.stdout == "" and text in result.stderr, result.stderr


def test_a_remote_party_has_an_id():
    assert RemoteParty(HOME.parties(), "02534d4554530200").id == OPERATOR.id


# RTDS


@pytest.mark.needs_rtds
def test_rtds_commands_are_rebuilt_from_their_values():
    """rtds: payloads of all DLMS and GBZ commands, and of ASN.1 commands of simple fields."""
    ring = KeyRing.load(sorted((RTDS / "keys").glob("*.json")))
    counts = {"GBZ": 0, "DLMS": 0, "ASN.1": 0}
    for row in rtds_rows():
        if row["kind"] != "command":
            continue
        data = rtds_message(row)
        message = decode(data, ring)
        parameters = Parameters(protocol_params(message), NOW)
        if message.protocol == "GBZ":
            built = build_gbz.build(message.use_case, parameters)
        elif message.protocol == "DLMS":
            built = build_dlms.build(message.use_case, message.header, parameters)
        else:
            try:
                built = build_asn1.build(message.use_case, message.header, parameters)
            except ParameterError:
                assert message.use_case.id.startswith(("CS02a", "CS02b", "CS02f", "CS02g"))
                continue
        parameters.finish()
        assert built == content(message), row["file"]
        counts[message.protocol] += 1
    assert all(counts.values()), counts
