"""The session against code of its own kind of wrong: every bit, every length, and random payloads.

Commands and the judgement of responses are the host's (`cryptography`), the answers the
firmware's. On CPython every bit of several commands; on the Unix port every bit of a short one.
"""

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from host_tools import fragments
from host_tools.bench import BenchClient, Refusal, open_transport
from host_tools.gbcs import crypto
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import decode
from host_tools.remote import RemoteParty, seal
from host_tools.testkeys import make_home
from smets import clock, devices, state
from smets.gbcs.session import Refused, Session

HOME = make_home(seed="tests of the session")
SUPPLIER = RemoteParty(HOME.parties(), "supplier")
OPERATOR = RemoteParty(HOME.parties(), "network_operator")
BROKER = RemoteParty(HOME.parties(), "access_control_broker")
ESME, GSME, GPF = (bytes.fromhex(f"02534D45545300A{n}") for n in (0, 1, 3))
EUIS = {"esme": ESME, "gsme": GSME, "gpf": GPF}
RELIABLE, INVALID, UNRELIABLE = "reliable", "invalid", "unreliable"

TYPES = {
    0x0702: {
        **dict.fromkeys((0x0000, 0x0100, 0x0102, 0x0104, 0x0106), 0x25),
        **dict.fromkeys((0x0700, 0x0701, 0x0702, 0x0703), 0x25),
        **dict.fromkeys((0x0301, 0x0302), 0x22),
        0x0300: 0x30,
        0x0A00: 0x23,
    },
    0x0700: {0x0616: 0x21, 0x0617: 0x18},
    0x0705: {
        **dict.fromkeys((0x0001, 0x0002, 0x0005), 0x2B),
        **dict.fromkeys((0x0211, 0x0221, 0x0231), 0x23),
    },
}
RANGES = {0x18: 8, 0x21: 16, 0x22: 24, 0x23: 32, 0x25: 48, 0x30: 8}
READS = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60", "GCS60a")


def state_document(role="gpf", values=None, **members):
    document = {
        "device": role.upper(),
        "clock": {"time": "2026-11-06T10:00:00Z", "status": RELIABLE},
        "zcl": {
            f"0x{cluster:04X}": {
                f"0x{attribute:04X}": {
                    "type": f"0x{kind:02X}",
                    "value": (values or {}).get((cluster, attribute), attribute & 0xFF),
                }
                for attribute, kind in attributes.items()
            }
            for cluster, attributes in TYPES.items()
        },
    }
    if role == "gpf":
        document["stamp"] = {
            "source": "GSME",
            "time": "2026-11-06T09:30:00Z",
            "status": RELIABLE,
        }
    if role == "esme":
        del document["zcl"]
    document.update(members)
    return document


def session(role="gpf", document=None):
    device = devices.build(role)
    keys = state.load_keys(None, HOME.keys[EUIS[role].hex().upper()])
    device.eui = keys.device_id
    state.load(device, document or state_document(role))
    return Session(device, keys)


def answer(made, command):
    response = made.handle(command)
    joined = b"".join(bytes(chunk) for chunk in response.chunks())
    assert len(joined) == response.length
    return joined


def picture(made):
    """All that a command may change, as values that can be compared."""
    device = made.device
    mirror = device.feature("mirror")
    tenancy = device.feature("tenancy")
    attributes = {cluster: dict(found) for cluster, found in device.zcl.attributes.items()}
    return (
        attributes,
        dict(device.settings.values),
        {k: v for k, v in device.dlms.values.items() if isinstance(v, bytes)},
        (device.clock.seconds, device.clock.status),
        mirror and (mirror.stamp.source, mirror.stamp.seconds, mirror.stamp.status),
        tenancy and (tenancy.date, tenancy.control, tenancy.provider, tenancy.issuer_event),
        [device.counters.get(party.id) for party in (SUPPLIER, OPERATOR, BROKER)],
        [len(device.outbox), made.answered, made.counter_reused, len(made._repeats)],
    )


DATE = "2026-11-05T00:00:00Z"
COMMANDS = {
    "GCS13a": lambda counter: SUPPLIER.command("GCS13a", GPF, counter),
    "GCS14": lambda counter: SUPPLIER.command("GCS14", GSME, counter),
    "GCS09": lambda counter: SUPPLIER.command(
        "GCS09", GPF, counter, {"Implementation Date/Time": DATE}
    ),
    "ECS12": lambda counter: SUPPLIER.command(
        "ECS12", ESME, counter, {"restrictDataDateTime": DATE}
    ),
    "GCS39": lambda counter: SUPPLIER.command("GCS39", GSME, counter),  # signed
}
ROLE = {"GCS13a": "gpf", "GCS14": "gsme", "GCS09": "gpf", "ECS12": "esme", "GCS39": "gsme"}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_carried_out_when_nothing_is_wrong_with_it(name):
    role, make = ROLE[name], COMMANDS[name]
    made = session(role)
    before = picture(made)
    command = make(1)
    response = answer(made, command)
    assert response[0] in (0xDD, 0xDF)
    if response[0] == 0xDD:
        assert SUPPLIER.is_genuine(response, command)
    assert picture(made) != before


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flipped_bit_gets_no_response_and_changes_nothing(name):
    """G11 (spec): nothing is raised but Refused, and each refusal is counted."""
    role, make = ROLE[name], COMMANDS[name]
    made = session(role)
    command = make(1)
    before = picture(made)
    for bit in range(8 * len(command)):
        changed = bytearray(command)
        changed[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(Refused):
            made.handle(bytes(changed))
    assert picture(made) == before
    assert sum(made.refusals.values()) == 8 * len(command)
    assert made.refusals["bad-mac"] > 3 * len(command)
    assert answer(made, command)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_length_gets_no_response_and_changes_nothing(name):
    """G42 (spec): cut at any length, or longer by any of some endings."""
    role, make = ROLE[name], COMMANDS[name]
    made = session(role)
    command = make(1)
    before = picture(made)
    wrong = [command[:size] for size in range(len(command))]
    wrong += [command + more for more in (b"\x00", b"\xdd", bytes(12), command)]
    for octets in wrong:
        with pytest.raises(Refused) as caught:
            made.handle(octets)
        assert caught.value.reason in ("malformed", "bad-mac", "no-mac")
    assert picture(made) == before
    assert sum(made.refusals.values()) == len(wrong)


def sealed(role, code, payload, counter=1, sender=SUPPLIER, signed=False, **header):
    """A command with any payload and a right MAC (and signature)."""
    device = EUIS[role]
    grouped = Header(1, counter, sender.id, device, b"", code, **header)
    broker = HOME.parties().party("access_control_broker")
    secret = crypto.shared_secret(broker.agreement_key, HOME.parties().device(device).ka_public)
    private = HOME.parties().party(sender.who).ds_private
    return seal(grouped, payload, secret, private if signed else None)


def taken(made, command):
    """Answered, or refused and then nothing has changed; never anything else raised."""
    before = picture(made)
    try:
        return answer(made, command)
    except Refused:
        assert picture(made) == before
        return None


def payload_of(command):
    """The content behind the grouping header."""
    return command[slice(*decode(command).header.content)]


@pytest.mark.parametrize("name", ["GCS13a", "GCS14", "GCS09", "ECS12"])
def test_every_flipped_bit_of_a_payload_with_a_right_mac(name):
    """Well-authenticated nonsense is answered or refused, and nothing else is raised."""
    role, make = ROLE[name], COMMANDS[name]
    code = {"GCS13a": 0x0074, "GCS14": 0x0075, "GCS09": 0x0072, "ECS12": 0x0022}[name]
    payload = payload_of(make(1))
    assert payload[0] in (0x01, 0xD9)
    made = session(role)
    outcomes = Counter()
    for bit in range(8 * len(payload)):
        changed = bytearray(payload)
        changed[bit // 8] ^= 1 << (bit % 8)
        command = sealed(role, code, bytes(changed), bit + 1)
        response = taken(made, command)
        outcomes[response is None] += 1
        if response is not None:
            assert SUPPLIER.is_genuine(response, command), changed.hex()
    assert outcomes[True] > len(payload) and outcomes[False]
    for size in range(len(payload)):
        assert taken(made, sealed(role, code, payload[:size], 10_000 + size)) is None


SLOW = settings(max_examples=200, suppress_health_check=list(HealthCheck))
SESSIONS = {role: session(role) for role in EUIS}


@SLOW
@given(
    st.sampled_from(sorted(EUIS)),
    st.sampled_from(
        [0x0074, 0x0075, 0x0072, 0x00A0, 0x0022, 0x0026, 0x0027, 0x0036, 0x0083, 0x0097]
    ),
    st.binary(max_size=120),
    st.sampled_from([b"", b"\x01\x09\x01", b"\x01\x09\x02", b"\xd9\x20\x00\x00\x01\x00\x01"]),
    st.sampled_from([SUPPLIER, OPERATOR, BROKER]),
    st.integers(1, (1 << 64) - 1),
)
@example("gpf", 0x0074, b"", b"\xd9", SUPPLIER, 1)
@example("esme", 0x0026, b"", b"\x01\x09\x01", OPERATOR, 1)
def test_any_payload_with_a_right_mac(role, code, rest, start, sender, counter):
    taken(SESSIONS[role], sealed(role, code, start + rest, counter, sender))


@SLOW
@given(st.binary(max_size=200))
@example(b"\xdd" + bytes(6))
@example(b"\xdf\x09\x01")
@example(b"\xdd\x00\x00\x00\x00\x00\x00\x83\xff\xff\xff\x11\x00\x00\x00\x00")
def test_any_octets(octets):
    assert taken(SESSIONS["gpf"], octets) is None


VALUES = st.fixed_dictionaries(
    {
        (cluster, attribute): st.integers(-(1 << 31), (1 << 31) - 1)
        if kind == 0x2B
        else st.integers(0, (1 << RANGES[kind]) - 1)
        for cluster, attributes in TYPES.items()
        for attribute, kind in attributes.items()
    }
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(VALUES, st.sampled_from(READS), st.sampled_from(["gpf", "gsme"]), st.integers(0, 1 << 63))
def test_host_reads_what_the_state_holds(values, name, role, counter):
    """The response is genuine and gives the values of the registers, for any values."""
    made = session(role, state_document(role, values))
    command = SUPPLIER.command(name, EUIS[role], counter)
    message = SUPPLIER.verify(answer(made, command), command)
    found = [
        (frame.cluster, item.id, item.type, item.value)
        for frame in message.gbz.frames
        for item in frame.attributes
    ]
    assert len(found) in (2, 4, 7, 8)
    for cluster, attribute, kind, value in found:
        assert kind == TYPES[cluster][attribute]
        assert value == values[(cluster, attribute)]


@pytest.mark.parametrize(
    ("role", "source", "status"),
    [
        ("gpf", source, status)
        for source in ("GSME", "GPF")
        for status in (RELIABLE, UNRELIABLE, INVALID)
    ]
    + [("gsme", "GSME", status) for status in (RELIABLE, UNRELIABLE, INVALID)],
)
def test_g40_host_reads_each_row_of_the_stamp(role, source, status):
    """rtds for four rows, project-choice for five: source and status as they were set."""
    when = None if status == INVALID else "2026-11-06T09:30:00Z"
    time = {"time": when, "status": status}
    members = {"clock": time} if role == "gsme" else {"stamp": {"source": source, **time}}
    made = session(role, state_document(role, **members))
    for name in ("GCS13a", "GCS14", "GCS60a"):
        command = SUPPLIER.command(name, EUIS[role], READS.index(name))
        stamp = SUPPLIER.verify(answer(made, command), command).stamp
        assert (stamp.source, stamp.clock_status) == (source, status)
        assert (stamp.moment is None) == (when is None)
        if when:
            assert stamp.to_json()["time"] == when


def test_g08_host_finds_no_stamp_in_gcs60():
    """rtds."""
    command = SUPPLIER.command("GCS60", GPF, 1)
    assert SUPPLIER.verify(answer(session(), command), command).stamp is None


def unix_client(role="gpf"):
    client = BenchClient(open_transport(role, "unix"))
    keys = HOME.keys[EUIS[role].hex().upper()]
    fragments.load(client.control, state_document(role), keys)
    return client


def refused_by(client, command):
    try:
        client.respond(command)
    except Refusal:
        return True
    return False


def test_unix_port_refuses_every_bit_and_length_of_a_short_command():
    """G11, G42 (spec) on MicroPython: GBCS:NONE for each, and then a genuine answer."""
    command = SUPPLIER.command("GCS13a", GPF, 1)
    with unix_client() as client:
        for bit in range(8 * len(command)):
            changed = bytearray(command)
            changed[bit // 8] ^= 1 << (bit % 8)
            assert refused_by(client, bytes(changed)), f"bit {bit}"
        for size in range(len(command)):
            assert refused_by(client, command[:size]), f"{size} octets"
        report = client.control("QUERY")
        assert report["answered"] == 0
        assert sum(report["refusals"].values()) == 9 * len(command)
        assert SUPPLIER.is_genuine(client.respond(command), command)


@pytest.mark.parametrize("name", ["GCS14", "GCS09", "ECS12", "GCS39"])
def test_unix_port_refuses_samples_of_other_commands(name):
    role, make = ROLE[name], COMMANDS[name]
    command = make(1)
    chance = random.Random(name)
    with unix_client(role) as client:
        for _ in range(60):
            changed = bytearray(command)
            for _ in range(chance.choice((1, 1, 2, 8))):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            if bytes(changed) != command:
                assert refused_by(client, bytes(changed)), changed.hex()
            assert refused_by(client, command[: chance.randrange(len(command))])
        assert client.control("QUERY")["answered"] == 0
        assert client.respond(command)


def test_unix_port_takes_any_payload_with_a_right_mac():
    """Each line gets GBCS:DATA or GBCS:NONE, never an error line."""
    chance = random.Random(8)
    with unix_client() as client:
        answered = 0
        for counter in range(1, 150):
            payload = bytearray(payload_of(SUPPLIER.command("GCS14", GPF, counter)))
            for _ in range(chance.choice((0, 1, 1, 2))):
                payload[chance.randrange(len(payload))] = chance.randrange(256)
            answered += not refused_by(client, sealed("gpf", 0x0075, bytes(payload), counter))
        assert client.control("QUERY")["answered"] == answered > 0


def test_clock_of_the_tests_is_virtual():
    made = session()
    assert clock.format_iso(made.device.clock.seconds) == "2026-11-06T10:00:00Z"
