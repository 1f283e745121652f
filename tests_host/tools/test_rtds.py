"""The RTDS vectors: what the devices answer to them, and what their bytes say of the format.

Nothing of the test set is in the project: all of it is read from RTDS_DIR. Everything here is
evidence of the kind `rtds`, unless a test says otherwise.
Cryptography is that of the host (`cryptography`), so the firmware is not its own judge.
"""

import csv
import json
import re
from functools import cache
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from outside import RTDS
from vectors import gas_payload, grouping, string

from host_tools import fragments
from host_tools.bench import BenchClient, Refusal, open_transport
from host_tools.gbcs import use_cases
from smets.codec import DecodeError
from smets.gbcs import message as firmware_message

pytestmark = pytest.mark.needs_rtds
ENGINES = ("unix", "cpython")

STAMPED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
CODES = {
    "GCS13a": 0x0074,
    "GCS13b": 0x00B8,
    "GCS13c": 0x00B6,
    "GCS14": 0x0075,
    "GCS60": 0x008D,
    "GCS60a": 0x012A,
}
# Use cases of the release that must be answered to the octet; a name stands for its pairs.
REQUIRED = (
    *CODES,
    "GCS09",
    "ECS12",
    "ECS23",
    "ECS23b",
    "ECS26b",
    "ECS26k",
    *("ECS29" + letter for letter in "abcdef"),
    "ECS35e",
    "ECS25b",
    "ECS25b3",
    "ECS25r2",
    "ECS22a",
    "ECS22b",
    "ECS22c",
)
SIGNATURE = 64
# Pairs in ASN.1 whose answer follows from the command, the clock and the keys. The others rest on
# what a state does not hold: a certificate, a firmware version, an outcome.
ASN1_EXACT = {
    ("GCS28", "SUCCESS"),
    ("GCS28", "ERROR"),
    ("CS02b-networkOperatorByNetworkOperator", "SUCCESS"),
    ("CS02b-supplierBySupplier", "CANCELLATION_SUCCESS"),
    ("CS02b-supplierBySupplier", "FUTURE_DATED_SUCCESS"),
    ("CS02b-accessControlBrokerByACB", "SUCCESS"),
    ("CS02g-loadControllerBySupplier", "FUTURE_DATED_SUCCESS"),
    ("CS02c", "ERROR"),
    ("CS02e", "ERROR"),
    ("CS03A1", "SUCCESS"),
    ("CS04AC", "SUCCESS"),
    ("CS04B", "SUCCESS"),
    ("CS07", "ERROR"),
}


class Pair:
    """A command and its response, with the files of the device's state and keys."""

    def __init__(self, name, rows):
        self.name = name
        self.use_case = rows["command"]["use_case"]
        self.variant = rows["command"]["variant"]
        self.index = rows
        self.state_file = RTDS / "state" / f"{name}.json"

    def message(self, kind):
        row = self.index[kind]
        return bytes.fromhex((RTDS / row["folder"] / row["file"]).read_text(encoding="ascii"))

    def state(self):
        return json.loads(self.state_file.read_text(encoding="utf-8"))

    def keys(self):
        return keys_of(self.state()["device_eui"])


@cache
def keys_of(eui):
    return json.loads((RTDS / "keys" / f"{eui}.json").read_text(encoding="utf-8"))


def secret(keys, party):
    """Z of a device and a party (or of the party of a role)."""
    for item in keys["parties"]:
        if party in (item["id"], item["role"]):
            return bytes.fromhex(item["shared_secret"])
    raise KeyError(party)


@cache
def pairs():
    """Every pair of the index whose files and state are there."""
    if not (RTDS / "index.csv").is_file():
        return {}
    rows = {}
    with (RTDS / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["pair_id"], {})[row["kind"]] = row
    found = [Pair(name, kinds) for name, kinds in sorted(rows.items()) if "command" in kinds]
    return {
        pair.name: pair for pair in found if "response" in pair.index and pair.state_file.is_file()
    }


def of(*use_cases, success=None):
    """The pairs of some use cases; of those that succeed or fail, if that is asked for."""
    chosen = [pair for pair in pairs().values() if pair.use_case in use_cases]
    return [p for p in chosen if success is None or ("ERROR" not in p.name) == success]


def first(*use_cases, **how):
    """One of these pairs; a test is skipped where the part of the set has none."""
    found = of(*use_cases, **how)
    if not found:
        pytest.skip(f"no pair of {', '.join(use_cases)} in this part of the set")
    return found[0]


class Clients:
    """One device process for each role of each engine, made new for each pair."""

    def __init__(self):
        self.open = {}

    def respond(self, engine, state, keys, *commands):
        """The answers of a fresh device to some commands, Refusal objects included."""
        role = state["device"].lower()
        client = self.open.get((engine, role))
        if client is None:
            client = self.open[(engine, role)] = BenchClient(open_transport(role, engine))
        client.control("FORGET")
        fragments.load(client.control, state, keys)
        answers = []
        for command in commands:
            try:
                answers.append(client.respond(command))
            except Refusal as refusal:
                answers.append(refusal)
        return answers

    def close(self):
        for client in self.open.values():
            client.transport.close()


@pytest.fixture(scope="module")
def clients():
    made = Clients()
    yield made
    made.close()


def every_pair(*use_cases):
    """Parametrize by pair and engine; one item without vectors, which is left out."""
    chosen = [pair.name for pair in (of(*use_cases) if use_cases else pairs().values())]
    return pytest.mark.parametrize(
        ("engine", "name"),
        [(engine, name) for engine in ENGINES for name in chosen] or [("", "no vectors")],
    )


def without_signature(data):
    return data[:-SIGNATURE] if data[0] == 0xDF else data


@every_pair()
def test_pair_is_answered_exactly(clients, engine, name):
    """G3-G8, G32-G34, G41 and all other pairs: byte for byte, except an ECDSA signature.

    A use case without a table may be refused as such, but never answered wrongly.
    """
    pair = pairs()[name]
    if pair.state()["device"] not in ("GSME", "GPF", "ESME", "CHF"):
        pytest.skip(f"no {pair.state()['device']} here")
    if pair.index["command"]["originator"] not in {i["id"] for i in pair.keys()["parties"]}:
        pytest.skip("the test set has no key of the originator")
    answer = clients.respond(engine, pair.state(), pair.keys(), pair.message("command"))[0]
    expected = pair.message("response")
    if isinstance(answer, Refusal) and pair.use_case not in REQUIRED:
        assert str(answer).startswith("no-such-use-case"), str(answer)
        return
    assert not isinstance(answer, Refusal), str(answer)
    kind = use_cases.by_name(pair.use_case).table.get("protocol")
    if kind == "ASN1" and (pair.use_case, pair.variant) not in ASN1_EXACT:
        assert decoded(answer).code == decoded(expected).code
        return
    assert without_signature(answer).hex() == without_signature(expected).hex()
    assert len(answer) == len(expected)


def test_no_pair_of_a_required_use_case_is_left_out():
    """Each command of the index with a response has its state, and is a test above.

    The set may be a part of the whole: not every use case has vectors in it.
    """
    listed = {}
    with (RTDS / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["use_case"] in REQUIRED:
                listed.setdefault(row["pair_id"], set()).add(row["kind"])
    wanted = {name for name, kinds in listed.items() if {"command", "response"} <= kinds}
    assert wanted == {pair.name for pair in of(*REQUIRED)}
    assert wanted


def decoded(data):
    """Header fields and payload, taken apart by the firmware's parser."""
    return firmware_message.parse(data)


@pytest.mark.parametrize(
    ("variant", "octets", "responder"),
    [
        ("SUCCESS_RELIABLE_GSME", "07DF0101FF00000000800004", 3),
        ("SUCCESS_RELIABLE_GPF", "07DF0101FF00000000800000", 3),
        ("SUCCESS_UNRELIABLE", "07DF0101FF09000000800002", 1),
        ("ERROR", "07DF0101FF00000000800000", 1),
    ],
)
def test_g03_g04_g05_g06_stamp_of_each_variant(variant, octets, responder):
    """rtds: the stamp of five use cases, four variants: date, clock_status and who answers."""
    # GCS60a calls it SUCCESS_UNRELIABLE_GSME.
    found = [p for p in of(*STAMPED) if re.fullmatch(variant + "(_GSME)?", p.variant)]
    if not found:
        pytest.skip(f"no {variant} in this part of the set")
    for pair in found:
        response = decoded(pair.message("response"))
        assert bytes(response.date_time) == bytes.fromhex(octets)
        assert response.originator[7] & 0x0F == responder


def test_g07_g08_gcs60_is_gcs60a_without_a_stamp():
    """rtds: the same payload, another code."""
    plain = decoded(first("GCS60", success=True).message("response"))
    stamped = decoded(first("GCS60a", success=True).message("response"))
    assert (plain.code, stamped.code) == (0x008D, 0x012A)
    assert (len(plain.date_time), len(stamped.date_time)) == (0, 12)
    assert bytes(plain.payload) == bytes(stamped.payload)


def test_g41_other_responses_carry_no_status():
    """rtds: of all vectors only the five use cases have a clock_status other than FF."""
    for pair in pairs().values():
        try:
            date_time = bytes(decoded(pair.message("response")).date_time)
        except DecodeError:
            continue
        if pair.use_case not in STAMPED:
            assert date_time == b"" or date_time[-1] == 0xFF, pair.name


def messages():
    """(name, octets) of every message of the index."""
    with (RTDS / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = RTDS / row["folder"] / row["file"]
            yield row, bytes.fromhex(path.read_text(encoding="ascii"))


def test_g01_every_message_is_parsed_and_encodes_back():
    """rtds, by the firmware: all files of the set, headers of every form; pre-commands aside."""
    count = 0
    for row, data in messages():
        if row["kind"] == "precommand":
            continue
        parsed = decoded(data)
        header = firmware_message.Header(
            parsed.cra, parsed.counter, parsed.originator, parsed.target, parsed.code
        )
        header.date_time = bytes(parsed.date_time)
        end = len(parsed.authenticated) - len(parsed.payload) - len(parsed.signature)
        other_size = int(row["other_info_len"])
        start = bytes(data).find(parsed.code.to_bytes(2, "big"), 40)
        header.other = b""
        if other_size > 2:
            head = bytes(parsed.party) + bytes(parsed.party_counter)
            at = bytes(data).find(head, start) + len(head)
            header.other = head + bytes(data[at : at + other_size - 2 - len(head)])
        encoded = header.encode(len(parsed.payload)) + bytes(parsed.payload)
        encoded += string(bytes(parsed.signature))
        assert encoded == bytes(parsed.authenticated), row["file"]
        assert end > 0
        count += 1
    assert count


def derive(z, originator, cra, counter, target):
    """The key of one message (docs/evidence/messages.md#keys)."""
    other = bytes.fromhex("60857406080300") + originator + bytes((9, cra)) + counter + target
    return sha256(b"\x00\x00\x00\x01" + z + other).digest()[:16]


PREFIX = bytes.fromhex("110000000000")  # what the MAC covers before the grouping header


def mac_of(z, data, prefix=PREFIX):
    """The MAC of a whole message, worked out with `cryptography`."""
    parsed = decoded(data)
    originator = bytes(parsed.originator)
    key = derive(z, originator, parsed.cra, bytes(parsed.counter), bytes(parsed.target))
    aad = prefix + bytes(parsed.authenticated)
    return AESGCM(key).encrypt(originator + bytes(4), b"", aad)[:12]


def with_mac(inner, z, data):
    """A message of `inner` (DF to the signature length) with a right MAC."""
    framed = b"\xdd" + bytes(6) + string(b"\x11" + bytes(4) + inner + bytes(12))
    return framed[:-12] + mac_of(z, framed)


def test_g02_every_command_is_built_from_its_facts():
    """rtds: use case, counter and target alone make the octets of each command."""
    for pair in of(*CODES):
        command = pair.message("command")
        parsed = decoded(command)
        inner = grouping(
            CODES[pair.use_case],
            gas_payload(CODES[pair.use_case]),
            int.from_bytes(parsed.counter, "big"),
            bytes(parsed.originator),
            bytes(parsed.target),
        )
        broker = secret(pair.keys(), "access_control_broker")
        assert with_mac(inner + b"\x00", broker, command) == command, pair.name


def test_g12_without_the_five_zero_octets_no_mac_fits():
    """rtds: the text of GBCS v0.8.1 leaves them out; the vectors need them."""
    for pair in of(*CODES):
        for kind, who in (("command", "access_control_broker"), ("response", "supplier")):
            data = pair.message(kind)
            z = secret(pair.keys(), who)
            assert mac_of(z, data) == data[-12:], pair.name
            assert mac_of(z, data, b"\x11") != data[-12:], pair.name


def test_g14_cra_octets_make_different_keys():
    """spec: the KDF takes the CRA octet in."""
    pair = first("GCS13a", success=True)
    command = decoded(pair.message("command"))
    z = secret(pair.keys(), "access_control_broker")
    ids = bytes(command.originator), bytes(command.counter), bytes(command.target)
    assert len({derive(z, ids[0], cra, ids[1], ids[2]) for cra in (1, 2, 3, 4)}) == 4


def test_g10_flipped_clock_status_breaks_the_mac():
    """rtds with one bit changed: all eight."""
    for pair in of(*STAMPED):
        data = bytearray(pair.message("response"))
        z = secret(pair.keys(), "supplier")
        at = 0x36 + (1 if data[7] & 0x80 else 0)
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            assert mac_of(z, changed) != bytes(data[-12:]), pair.name


@pytest.mark.parametrize("engine", ENGINES)
def test_g11_g42_changed_and_cut_vectors_get_no_response(clients, engine):
    """rtds changed: a bit of each octet, each prefix, a trailing octet of a GCS13a command."""
    pair = first("GCS13a", success=True)
    command = pair.message("command")
    wrong = [command[:size] for size in range(len(command))] + [command + b"\x00"]
    for at in range(len(command)):
        changed = bytearray(command)
        changed[at] ^= 1 << (at % 8)
        wrong.append(bytes(changed))
    answers = clients.respond(engine, pair.state(), pair.keys(), *wrong, command)
    assert all(isinstance(answer, Refusal) for answer in answers[:-1])
    assert answers[-1] == pair.message("response")


@pytest.mark.parametrize("engine", ENGINES)
def test_g13_command_with_the_suppliers_mac_is_refused(clients, engine):
    """spec: the broker's key makes it."""
    for pair in of("GCS13a", "GCS60", success=True):
        command = pair.message("command")
        forged = command[:-12] + mac_of(secret(pair.keys(), "supplier"), command)
        answer = clients.respond(engine, pair.state(), pair.keys(), forged)[0]
        assert str(answer) == "bad-mac"


def test_g42_every_prefix_of_every_vector_is_refused():
    """rtds cut short, by the firmware's parser, on CPython: DecodeError and nothing else."""
    for pair in of(*CODES):
        for kind in ("command", "response"):
            data = pair.message(kind)
            for size in range(len(data)):
                with pytest.raises(DecodeError):
                    firmware_message.parse(data[:size])
            with pytest.raises(DecodeError):
                firmware_message.parse(data + b"\x00")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("source", "status", "time", "date_time"),
    [
        ("GSME", "unreliable", "2015-01-01T00:00:00Z", "07DF0101FF00000000800006"),
        ("GSME", "invalid", None, "FFFFFFFFFFFFFFFFFF800005"),
        ("GPF", "unreliable", "2015-01-01T00:00:00Z", "07DF0101FF00000000800002"),
        ("GPF", "invalid", None, "FFFFFFFFFFFFFFFFFF800001"),
    ],
)
def test_g43_states_that_have_no_vector(clients, engine, source, status, time, date_time):
    """project-choice (synthetic): only the stamp and the MAC differ from a vector."""
    pair = first("GCS13a", success=True)
    state = pair.state()
    if state["device"] != "GPF":
        pytest.skip("no pair of a GPF in this part of the set")
    state["stamp"] = {"source": source, "status": status, "time": time}
    vector = pair.message("response")
    old = bytes(decoded(vector).date_time)
    inner = bytes(decoded(vector).authenticated).replace(old, bytes.fromhex(date_time))
    expected = with_mac(inner, secret(pair.keys(), "supplier"), vector)
    assert expected != vector
    answer = clients.respond(engine, state, pair.keys(), pair.message("command"))[0]
    assert answer == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_g38_repeated_vector_gets_the_same_octets(clients, engine):
    """project-choice: also where a register has changed meanwhile."""
    pair = first("GCS14", success=True)
    command = pair.message("command")
    answers = clients.respond(engine, pair.state(), pair.keys(), command, command)
    assert answers == [pair.message("response")] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_g44_lengths_of_the_largest_responses(clients, engine):
    """rtds: the lengths of the vectors."""
    lengths = {}
    for pair in of(*STAMPED, success=True):
        answer = clients.respond(engine, pair.state(), pair.keys(), pair.message("command"))[0]
        lengths[pair.use_case] = len(answer)
    largest = {"GCS13a": 133, "GCS13b": 164, "GCS13c": 164, "GCS14": 172, "GCS60a": 107}
    assert lengths == {name: largest[name] for name in lengths}
    assert lengths


@pytest.mark.parametrize("engine", ENGINES)
def test_alerts_of_commands_to_come(engine):
    """issue: alerts come by the command and by time passing, exact but the signature."""
    from host_tools import rtds

    told = list(rtds.load_alerts(RTDS))
    for role, least in (("esme", 16), ("gsme", 7)):
        assert len([alert for alert in told if alert.pair.role == role]) >= least
    verdicts = {alert.name: verdict for alert, verdict, _ in rtds.replay_alerts(told, engine)}
    assert set(verdicts.values()) == {"exact"} and len(verdicts) == len(told)


@pytest.mark.parametrize("engine", ENGINES)
def test_alerts_by_their_causes(engine):
    """issue: what no command announces comes by its cause, exact but for a signature."""
    from host_tools import rtds_causes

    verdicts = {}
    for alert, verdict, why in rtds_causes.replay(list(rtds_causes.load(RTDS)), engine):
        verdicts.setdefault((alert.use_case, alert.role), set()).add(verdict)
        assert verdict != "skipped" or "no cause of" in why
    for case in (("CCS08", "chf"), ("CS09", "ppmid"), ("DBCH09", "chf"), ("ECS100", "sapc")):
        assert verdicts[case] == {"exact"}, case
    for case in (("ECS101", "esme"), ("ECS102", "esme"), ("ECS102", "sapc")):
        assert verdicts[case] == {"exact"}, case
    assert {"differing"} not in verdicts.values()


def test_another_alert_differs():
    """A verdict depends on what came: the alert of another counter is not the one of the file."""
    from dataclasses import replace

    from host_tools import rtds_causes

    (alert,) = [each for each in rtds_causes.load(RTDS) if each.use_case == "CCS08"]
    wrong = replace(alert, counter=alert.counter + 1)
    assert [verdict for _, verdict, _ in rtds_causes.replay([wrong], "cpython")] == ["differing"]
