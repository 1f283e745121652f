"""Use cases in GBZ whose answers are logs, snapshots, calendars and prices: from the contents that
a state holds, against octets written by the host's data table; also where there is no vector.

The facts are read from `spec/use_cases.json` beside RTDS_DIR.
Evidence: spec, and rtds for the rules of failing components.
"""

import copy
import random

import gas_commands
import pytest
from test_every_dlms_use_case import BROKER, KEYS, SUPPLIER
from test_every_gbz_use_case import CASES, DEVICES, SIZES, client_of, clients, row_of, simple
from vectors import DEVICE, Opened, command, counter_octets, gbz, read_frame

from host_tools import fragments
from host_tools.gbcs import zcl_fields, zcl_table
from host_tools.schemas import SchemaProblem, validate

__all__ = ["clients"]
pytestmark = pytest.mark.needs_facts

# The answers of these depend on an account or a valve; they have tests of their own.
FEATURES = ("CS01b", "PCS01", "CS11")
LOGS = [
    pytest.param(name, device, id=f"{name}-{device}")
    for name, facts in CASES.items()
    if not simple(facts) and name not in FEATURES
    for device in DEVICES
    if device in facts["targets"]
]
NOT_FOUND, FAULTY, LATER = 0x8B, 0xC0, 0xFF
CODE = "12345678901234567890"


def value_of(name, kind, rng, entries=3):
    """A made value of a field of the data table."""
    if isinstance(kind, dict):
        if "record" in kind:
            return {name: value_of(name, inner, rng) for name, inner in kind["record"]}
        if "of" in kind:
            count = 4 if "Summation" in name else entries
            return [value_of(name, kind["of"], rng) for _ in range(count)]
        return [
            {name: value_of(name, inner, rng) for name, inner in kind["list"]}
            for _ in range(entries)
        ]
    if kind == "octstr":
        return CODE if "Code" in name else ""
    if kind == "hexstr":
        return rng.randbytes(rng.randrange(3)).hex().upper()
    if kind == "date":
        return rng.randbytes(4).hex().upper()
    if kind == "event":
        return f"0x81{rng.randrange(256):02X}"
    if name.startswith(("Total Number of Schedule", "Total Number of SpecialDays", "NumberOf")):
        return entries
    made = rng.randbytes(4 if kind == "utc" else int(kind.lstrip("abcdefghijklmnopqrstu")) // 8)
    return int.from_bytes(made, "little", signed=kind.startswith("int"))


class Made:
    """A command, the state that it needs, and the answers to each of its components."""

    def __init__(self, name, device, found=2, fault=None):
        self.facts = CASES[name]
        self.rng = random.Random(name)
        self.requests, self.expected = [], []
        self.published, self.attributes, self.faults = [], {}, []
        failed = False
        parts = zip(self.facts["gbz_request"], self.facts["gbz_response"], strict=True)
        for place, (component, answer) in enumerate(parts):
            self.asked = int(component.get("instances", "1").split("-")[-1])
            if component.get("attributes"):
                self._read(component, answer, failed)
            else:
                failed |= self._publish(component, answer, found, fault == place, failed)
        self.code = int(self.facts["message_code"], 16)
        self.critical = bool(self.facts["critical"])
        sizes = self.facts["rtds"]["other_information_lengths"]
        self.forwarded = 2 not in sizes
        self.state = {
            "device": device,
            "device_eui": DEVICE.hex().upper(),
            "clock": {"time": "2015-01-01T00:00:00Z", "status": "reliable"},
            "zcl": self.attributes,
            "zcl_commands": self.published,
        }
        if self.faults:
            self.state["faults"] = {"zcl_commands": self.faults}

    def _read(self, component, answer, failed):
        cluster, sequence = int(component["cluster"], 16), len(self.requests)
        names = [int(text, 16) for text in component["attributes"]]
        self.requests.append((cluster, read_frame(sequence, *names)))
        records = b""
        for name, field in zip(names, answer["fields"], strict=True):
            type_id, type_name = field["type"].split()[:2]
            octets = self.rng.randbytes(SIZES[type_name])
            value = int.from_bytes(octets, "little", signed=type_name.startswith("int"))
            place = self.attributes.setdefault(component["cluster"], {})
            place[f"0x{name:04X}"] = {"type": type_id, "value": value}
            records += name.to_bytes(2, "little") + b"\x00" + bytes((int(type_id, 16),)) + octets
        assert not failed, "reads come first"
        head = bytes((int(answer["frame_control"], 16), sequence, 1))
        self.expected.append((cluster, head + records, bool(answer["encrypted"])))

    def _publish(self, component, answer, found, faulty, failed):
        cluster = int(component["cluster"], 16)
        control, number = int(component["frame_control"], 16), int(component["command"], 16)
        reply = int(answer["command"], 16)
        table = zcl_table.command(cluster, bool(int(answer["frame_control"], 16) & 8), reply)
        own = own_control(self.facts)
        payloads = []
        for _ in range(0 if faulty or failed else found):
            fields = {name: value_of(name, kind, self.rng) for name, kind in table.fields}
            self.published.append(
                {
                    "cluster": component["cluster"],
                    "command": answer["command"],
                    "name": table.name,
                    "fields": fields,
                }
            )
            payloads.append(zcl_fields.write_fields(table.fields, fields))
        if faulty:
            place = {"cluster": component["cluster"], "command": component["command"]}
            self.faults.append({**place, "status": f"0x{FAULTY:02X}"})
        for index in range(self.asked):
            sequence = len(self.requests)
            request = bytes((control, sequence, number)) + self._asks(component)
            dated = (474000000,) if component["from_date_time"] else ()
            self.requests.append((cluster, request, *dated))
            mine = payloads if self.asked == 1 else payloads[index : index + 1]
            head = bytes((int(answer["frame_control"], 16), sequence, reply))
            for payload in mine:
                self.expected.append((cluster, head + payload, bool(answer["encrypted"])))
            if not mine:
                status = 0x01 if failed else FAULTY if faulty else NOT_FOUND
                default = 0x00 if control & 8 else 0x08
                default = default if own is None else own
                body = bytes((default, sequence, 0x0B, LATER if failed else number, status))
                self.expected.append((cluster, body, False))
                failed |= faulty
        return faulty

    def _asks(self, component):
        """The content of a request: the values that the table fixes, else any."""
        octets = b""
        for field in component["fields"]:
            size = int(field.get("octets", 4))
            fixed = (field.get("value_or_rule") or "any").split()[0]
            if fixed.startswith("0x"):
                octets += int(fixed, 16).to_bytes(size, "little")
            else:
                octets += self.rng.randbytes(size)
        return octets

    def ask(self, client, party=None):
        """The components of the answer."""
        validate(self.state, "state")
        validate(KEYS, "keys")
        client.control("FORGET")
        fragments.load(client.control, self.state, KEYS)
        party = party or (BROKER if self.forwarded else SUPPLIER)
        other = SUPPLIER + counter_octets(77) if self.forwarded else b""
        payload = gbz(*self.requests)
        data = command(self.code, payload, 1000, party, other=other, sign=self.critical)
        opened = Opened(client.respond(data), party)
        assert opened.code == self.code and opened.other == other
        return opened.components(SUPPLIER if self.forwarded else None)


def own_control(facts):
    """The frame control of a failure where RTDS has another than its rule (GCS20r), or None."""
    text = row_of(facts["use_case"])[4].partition("!")[2][:2]
    return int(text, 16) if text else None


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), LOGS or [("", "")])
def test_contents_are_published(clients, engine, name, device):
    """One and several: in order, counted, encrypted as the use case says."""
    client = client_of(clients, engine, device)
    for found in (1, 2):
        made = Made(name, device, found)
        assert made.ask(client) == made.expected


# A gas meter answers these by itself, whatever a state holds: test_setting_pairs.py.
ANSWERED = ("GCS02", "GCS03", "GCS32", "GCS39")


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), LOGS or [("", "")])
def test_nothing_is_found(clients, engine, name, device):
    """NOT_FOUND is no failure: what follows is carried out (rtds)."""
    known = [item["replaces_index"] for item in CASES[name].get("gbz_alternate_responses") or ()]
    commands = [part for part in CASES[name]["gbz_request"] if not part.get("attributes")]
    if len(known) < len(commands) or name in ANSWERED:
        pytest.skip("something is always found")
    if name in gas_commands.MADE and device == "GSME":
        pytest.skip("sets something: test_setting_pairs")
    made = Made(name, device, 0)
    assert made.ask(client_of(clients, engine, device)) == made.expected


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), LOGS or [("", "")])
def test_each_component_fails(clients, engine, name, device):
    """rtds: its Default Response has the status; what follows gets FF with FAILURE."""
    client = client_of(clients, engine, device)
    for place, component in enumerate(CASES[name]["gbz_request"]):
        if not component.get("attributes"):
            made = Made(name, device, 1, place)
            assert made.ask(client) == made.expected, place


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_fault_counts_whatever_is_published(clients, engine):
    """One request: a device that cannot carry it out publishes nothing."""
    made = Made("GCS17", "GPF", 1)
    place = {"cluster": "0x0702", "command": "0x08"}
    made.state["faults"] = {"zcl_commands": [{**place, "status": "0xC0"}]}
    found = made.ask(client_of(clients, engine, "GPF"))
    assert found == [(0x0702, b"\x08\x00\x0b\x08\xc0", False)]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("code", [CODE, {"hex": CODE.encode().hex()}, CODE.encode().hex()])
def test_code_of_a_top_up(clients, engine, code):
    """Text, as strings of a state are, or octets in hexadecimal."""
    made = Made("GCS15e", "GPF", 1)
    for entry in made.published[0]["fields"]["Top Up Payload"]:
        entry["Top Up Code"] = code
    assert made.ask(client_of(clients, engine, "GPF")) == made.expected


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("notation", [lambda text: text, lambda text: {"hex": text}])
def test_price_with_octets_that_are_ignored(clients, engine, notation):
    """GBCS 4.0: 19 meaningless octets may follow the price."""
    made = Made("GCS21f", "GPF", 1)
    made.published[-1]["fields"]["Ignored"] = notation("AB" * 19)
    cluster, frame, encrypted = made.expected[-1]
    made.expected[-1] = (cluster, frame + b"\xab" * 19, encrypted)
    assert made.ask(client_of(clients, engine, "GPF")) == made.expected


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_entries_may_have_other_names(clients, engine):
    """No RTDS state shows how the entries of a calendar are named: their order is what counts."""
    made = Made("GCS21b", "GSME", 1)
    for item in made.published:
        for name, value in item["fields"].items():
            if isinstance(value, list):
                renamed = [
                    {f"x{at}": leaf for at, leaf in enumerate(row.values())} for row in value
                ]
                item["fields"][name] = {"entries": renamed}
    assert made.ask(client_of(clients, engine, "GSME")) == made.expected


def test_entries_that_do_not_fit():
    state = Made("GCS21b", "GSME", 1).state
    seasons = next(item for item in state["zcl_commands"] if item["command"] == "0x03")
    for wrong in ({"a": "00000000"}, {"a": "00000000", "b": 256}, {"a": "000000", "b": 1}, 5):
        document = copy.deepcopy(state)
        place = state["zcl_commands"].index(seasons)
        document["zcl_commands"][place]["fields"]["Season Entry"] = [wrong]
        with pytest.raises(SchemaProblem, match=rf"zcl_commands\[{place}\].*Season Entry"):
            validate(document, "state")
