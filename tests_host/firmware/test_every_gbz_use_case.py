"""Every use case in GBZ of the facts: the firmware's rows against theirs, and the answers to
commands that read attributes or set something, also where there is no vector.

The facts are read from `spec/use_cases.json` beside RTDS_DIR.
Evidence: spec, and rtds for the rules of failing components.
"""

import random

import gas_commands
import pytest
from remote_parties import KEYS, PARTIES
from test_every_dlms_use_case import ROWS
from vectors import BROKER, DEVICE, SUPPLIER, Opened, command, counter_octets, gbz, read_frame

from host_tools import fragments
from host_tools.bench import BenchClient, open_transport
from host_tools.schemas import validate
from smets.gbcs import table_gas, table_proxy, use_cases

DEVICES = {"GSME": "G", "GPF": "P"}
CASES = {
    row["use_case"]: row
    for row in ROWS
    if row["kind"] == "remote_party"
    and row.get("gbz_request")
    and row["message_code"]
    and set(row["targets"]) & set(DEVICES)
}
pytestmark = pytest.mark.needs_facts
# Octets of a type, signed or not; those of the attributes that GBCS reads.
SIZES = {"enum8": 1, "bitmap8": 1, "bitmap16": 2, "bitmap24": 3, "bitmap32": 4, "UTCTime": 4}
SIZES |= {f"uint{bits}": bits // 8 for bits in (8, 16, 24, 32, 40, 48, 56)}
SIZES |= {f"int{bits}": bits // 8 for bits in (8, 16, 24, 32)}


def row_of(name):
    code = int(CASES[name]["message_code"], 16)
    return next(row for row in table_gas.ROWS + table_proxy.ROWS if row[0] == code)


@pytest.mark.parametrize("name", CASES or [""])
def test_row_is_that_of_the_facts(name):
    """spec: components in order, what answers each, what is encrypted; the !FC is rtds."""
    row, facts = row_of(name), CASES[name]
    parts = [part.split() for part in row[4].split(";")]
    components = [
        (
            component["cluster"][2:],
            f"{component['frame_control'][2:]}.{component['command'][2:]}"
            f">{answer['frame_control'][2:]}.{answer['command'][2:]}"
            + "e"
            * bool(answer["encrypted"]),
            [attribute[2:] for attribute in component.get("attributes") or ()],
        )
        for component, answer in zip(facts["gbz_request"], facts["gbz_response"], strict=True)
    ]
    if name == "GCS04":  # one row stands for its three components, which are alike
        components = components[:1]
    assert [(part[0], part[1].partition("!")[0], part[2:]) for part in parts] == components
    assert ("c" in row[3]) == bool(facts["critical"])
    assert ("t" in row[3] or "d" in row[3]) == (12 in facts["rtds"]["response_date_time_lengths"])
    assert {DEVICES[item] for item in facts["targets"] if item in DEVICES} <= {
        word[0] for word in row[2].split()
    }


def simple(facts):
    """Whether reads and Default Responses are all that there is to it."""
    return all(
        answer["command"] == "0x0B" or component.get("attributes")
        for component, answer in zip(facts["gbz_request"], facts["gbz_response"], strict=True)
    )


SIMPLE = [
    pytest.param(name, device, id=f"{name}-{device}")
    for name, facts in CASES.items()
    if simple(facts)
    for device in DEVICES
    if device in facts["targets"]
]


class Made:
    """A command, the state it needs, the answer it must get."""

    def __init__(self, name, device):
        self.facts = CASES[name]
        self.device = device
        self.rng = random.Random(name)
        self.attributes = {}
        self.requests = []
        self.replies = []
        if name in gas_commands.MADE:
            self._settings(name)
            components = ()
        else:
            components = zip(self.facts["gbz_request"], self.facts["gbz_response"], strict=True)
        for sequence, (component, answer) in enumerate(components):
            cluster = int(component["cluster"], 16)
            if component.get("attributes"):
                self._read(cluster, sequence, component, answer)
            else:
                self._set(cluster, sequence, component, answer)
        code = int(self.facts["message_code"], 16)
        found = use_cases.find((table_gas.ROWS, table_proxy.ROWS), code, DEVICES[device])
        roles = [PARTIES[role] for role in self.facts["roles"] if role in PARTIES]
        letters = {party: use_cases.ROLES[name] for party, name in roles}
        self.parties = [party for party in letters if letters[party] in found.roles] or [SUPPLIER]
        self.forwarded = 2 not in self.facts["rtds"]["other_information_lengths"]
        self.code = code

    def _read(self, cluster, sequence, component, answer):
        names = [int(text, 16) for text in component["attributes"]]
        self.requests.append((cluster, read_frame(sequence, *names)))
        records = b""
        for name, field in zip(names, answer["fields"], strict=True):
            type_id, type_name = field["type"].split()[:2]
            octets, value = self._value(type_name)
            place = self.attributes.setdefault(f"0x{cluster:04X}", {})
            place[f"0x{name:04X}"] = {"type": type_id, "value": value}
            record = bytes((int(type_id, 16),)) + octets
            records += name.to_bytes(2, "little") + b"\x00" + record
        head = bytes((int(answer["frame_control"], 16), sequence, 1))
        self.replies.append((cluster, head + records, bool(answer["encrypted"])))

    def _value(self, type_name):
        """(octets, value in the notation of a state)."""
        if type_name in ("octet", "character"):  # string
            text = "".join(self.rng.choice("abcdef") for _ in range(9))
            return b"\x09" + text.encode(), text
        octets = self.rng.randbytes(SIZES[type_name])
        return octets, int.from_bytes(octets, "little", signed=type_name.startswith("int"))

    def _settings(self, name):
        """A use case that sets something: each component gets a Default Response."""
        for sequence, item in enumerate(gas_commands.Maker(name).of(name)):
            frame = bytes((item.control, sequence, item.command)) + item.payload
            dated = () if item.from_date_time is None else (item.from_date_time,)
            self.requests.append((item.cluster, frame, *dated))
            head = bytes((0x00 if item.control == 0x09 else 0x08, sequence, 0x0B))
            self.replies.append((item.cluster, head + bytes((item.command, 0)), False))

    def _set(self, cluster, sequence, component, answer):
        control, number = int(component["frame_control"], 16), int(component["command"], 16)
        payload = self.rng.randbytes(8)
        self.requests.append((cluster, bytes((control, sequence, number)) + payload))
        head = bytes((int(answer["frame_control"], 16), sequence, 0x0B))
        self.replies.append((cluster, head + bytes((number, 0)), False))

    def state(self):
        """The STATE.json."""
        return {
            "device": self.device,
            "device_eui": DEVICE.hex().upper(),
            "clock": {"time": "2015-01-01T00:00:00Z", "status": "reliable"},
            "stamp": {"source": "GSME", "time": "2015-01-01T00:00:00Z", "status": "reliable"},
            "zcl": self.attributes,
        } | ({} if self.device == "GPF" else {"stamp": None})

    def ask(self, client, party, state):
        """The components of the answer; all else of it is checked."""
        state = {name: value for name, value in state.items() if value is not None}
        validate(state, "state")
        validate(KEYS, "keys")
        client.control("FORGET")
        fragments.load(client.control, state, KEYS)
        other = SUPPLIER + counter_octets(77) if self.forwarded else b""
        critical = bool(self.facts["critical"])
        data = command(self.code, gbz(*self.requests), 1000, party, other=other, sign=critical)
        opened = Opened(client.respond(data), party)
        assert opened.code == self.code and opened.counter == 1000 and opened.other == other
        assert opened.authenticated != critical
        size = 12 if 12 in self.facts["rtds"]["response_date_time_lengths"] else 0
        assert len(opened.date_time) == size
        return opened.components(SUPPLIER if self.forwarded else None)


@pytest.fixture(scope="module")
def clients():
    made = {}
    yield made
    for client in made.values():
        client.transport.close()


def client_of(clients, engine, device):
    if (engine, device) not in clients:
        clients[(engine, device)] = BenchClient(open_transport(device.lower(), engine))
    return clients[(engine, device)]


# Commands that a feature of the device takes only as they are meant; other tests send those.
FEATURES = ("GCS06", "GCS09")


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), SIMPLE or [("", "")])
def test_success(clients, engine, name, device):
    """Each party that may ask gets values and statuses in the order asked for."""
    if name in FEATURES:
        pytest.skip("has tests of its own")
    made = Made(name, device)
    for party in [BROKER] if made.forwarded else made.parties:
        found = made.ask(client_of(clients, engine, device), party, made.state())
        assert found == made.replies


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), SIMPLE or [("", "")])
def test_a_read_fails(clients, engine, name, device):
    """rtds: the attribute has its status in its place; what follows gets FF with FAILURE."""
    made = Made(name, device)
    reads = [index for index, item in enumerate(made.facts["gbz_request"]) if "attributes" in item]
    reads = [index for index in reads if made.facts["gbz_request"][index]["attributes"]]
    if not reads:
        pytest.skip("reads nothing")
    party = BROKER if made.forwarded else made.parties[0]
    for index in reads:
        component = made.facts["gbz_request"][index]
        cluster, attribute = component["cluster"], component["attributes"][-1]
        state = made.state()
        state["faults"] = {"zcl": {cluster: {attribute: "0xC0"}}}
        found = made.ask(client_of(clients, engine, device), party, state)
        assert found[:index] == made.replies[:index]
        kind = made.facts["gbz_response"][index]["fields"][-1]["type"].split()[1]
        size = SIZES.get(kind, 10)
        wanted = made.replies[index][1][: -size - 2] + b"\xc0"
        assert found[index] == (int(cluster, 16), wanted, made.replies[index][2])
        for later in range(index + 1, len(made.replies)):
            request = made.facts["gbz_request"][later]
            control = 0 if request["frame_control"] == "0x09" else 8
            default = bytes((control, later, 0x0B, 0xFF, 0x01))
            assert found[later] == (int(request["cluster"], 16), default, False)
