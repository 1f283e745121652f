"""Every use case in DLMS of the facts, also those without a vector: the answer of the firmware to
a command made from its table row, against the answer that the facts alone call for.

The rows are read from `spec/use_cases.json` beside RTDS_DIR.
Evidence: spec (order, shapes, protection, recipients), rtds (rules of failing elements).
"""

import json
import random
import re

import pytest
from outside import USE_CASES
from remote_parties import KEYS, PARTIES
from vectors import (
    BROKER,
    DEVICE,
    SUPPLIER,
    Opened,
    Taker,
    access_request,
    command,
    counter_octets,
    key,
    length,
    range_descriptor,
    string,
)

from host_tools import fragments
from host_tools.bench import BenchClient, open_transport
from host_tools.schemas import validate

DEVICES = ("ESME", "CHF")
ROWS = json.loads(USE_CASES.read_text(encoding="utf-8")) if USE_CASES.is_file() else []
CASES = {
    row["use_case"]: row
    for row in ROWS
    if row["kind"] == "remote_party"
    and row.get("dlms_request")
    and "dlms" in (row["protocol"] or "").lower()
    and set(row["targets"]) & set(DEVICES)
}
pytestmark = pytest.mark.needs_facts

TAGS = {
    "null-data": 0x00,
    "array": 0x01,
    "structure": 0x02,
    "boolean": 0x03,
    "bit-string": 0x04,
    "double-long": 0x05,
    "double-long-unsigned": 0x06,
    "octet-string": 0x09,
    "visible-string": 0x0A,
    "utf8-string": 0x0C,
    "integer": 0x0F,
    "long": 0x10,
    "unsigned": 0x11,
    "long-unsigned": 0x12,
    "compact-array": 0x13,
    "enum": 0x16,
}
SIZES = {"double-long": 4, "double-long-unsigned": 4, "integer": 1, "long": 2, "unsigned": 1}
SIZES |= {"long-unsigned": 2, "enum": 1, "boolean": 1}


class Shape:
    """A shape of the facts, "array[2]{structure{enum,long}}", as a value of its own making."""

    def __init__(self, text, rng):
        self.text = text
        self.rng = rng
        self.pos = 0

    def value(self):
        """(value in the notation of a state, its A-XDR)."""
        name = self._name()
        count = self._count()
        if name == "compact-array":
            return self._compact(count)
        if name in ("array", "structure"):
            return self._several(name, count)
        return self.leaf(name, count)

    def _name(self):
        found = re.compile(r"[a-z0-9-]+").match(self.text, self.pos)
        self.pos = found.end()
        return found.group()

    def _count(self):
        found = re.compile(r"\[(\d+)\]|\((\d+)\)").match(self.text, self.pos)
        if not found:
            return None
        self.pos = found.end()
        return int(found.group(1) or found.group(2))

    def _inside(self):
        """The content of the braces, as a list of made values."""
        if self.text[self.pos : self.pos + 1] != "{":
            return []
        self.pos += 1
        found = []
        while self.text[self.pos] != "}":
            if self.text[self.pos] == ",":
                self.pos += 1
            found.append(self.value())
        self.pos += 1
        return found

    def _several(self, name, count):
        start = self.pos
        items = self._inside()
        while name == "array" and count is not None and items and len(items) < count:
            self.pos = start
            items += self._inside()
        items = items[:count] if name == "array" else items
        octets = bytes((TAGS[name],)) + length(len(items)) + b"".join(item[1] for item in items)
        return {"type": name, "value": [item[0] for item in items]}, octets

    def _compact(self, count):
        start = self.pos + 1
        rows = []
        octets = b""
        for index in range(min(count, 40)):
            self.pos = start
            value = self.value()[0]
            first = value["value"][0]
            if first["type"] == "double-long-unsigned":
                # A log is in order of time, its first column.
                first["value"] = 473299200 + 1800 * index
            rows.append(bare(value))
            octets += contents(value)
        self.pos += 1
        kinds, description = description_of(value)
        state = {"type": "compact-array", "element_type": kinds, "value": rows}
        return state, b"\x13" + description + string(octets)

    def leaf(self, name, count):
        """One value; a string without a size is of some size."""
        count = self.rng.randrange(1, 12) if count is None else count
        tag = bytes((TAGS[name],))
        if name == "bit-string":
            bits = "".join(self.rng.choice("01") for _ in range(count))
            padded = bits + "0" * (-len(bits) % 8)
            octets = bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))
            return {"type": name, "value": bits}, tag + length(count) + octets
        if name.endswith("string"):
            text = "".join(self.rng.choice("abcdef ") for _ in range(count))
            octets = text.encode()
            if name == "octet-string":
                octets = self.rng.randbytes(count)
                text = octets.hex().upper()
            return {"type": name, "value": text}, tag + string(octets)
        size = SIZES[name]
        value = self.rng.randrange(1, 1 << (8 * size - 2))
        if name == "boolean":
            value = self.rng.random() < 0.5
            return {"type": name, "value": value}, tag + (b"\xff" if value else b"\x00")
        return {"type": name, "value": value}, tag + value.to_bytes(size, "big")


def description_of(value):
    """(element_type of a state, type description) of a row, or of what is in it."""
    if value["type"] == "structure":
        inner = [description_of(item) for item in value["value"]]
        octets = bytes((2, len(inner))) + b"".join(item[1] for item in inner)
        return {"structure": [item[0] for item in inner]}, octets
    if value["type"] == "array":
        name, octets = description_of(value["value"][0])
        count = len(value["value"])
        return {"array": [count, name]}, b"\x01" + count.to_bytes(2, "big") + octets
    return value["type"], bytes((TAGS[value["type"]],))


def bare(value):
    """A row as a state has it: no types."""
    if value["type"] in ("structure", "array"):
        return [bare(item) for item in value["value"]]
    return value["value"]


def contents(value):
    """A row as a compact-array has it: no tags."""
    kind, inner = value["type"], value["value"]
    if kind in ("structure", "array"):
        return b"".join(contents(item) for item in inner)
    if kind == "octet-string":
        return string(bytes.fromhex(inner))
    if kind == "bit-string":
        padded = inner + "0" * (-len(inner) % 8)
        octets = bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))
        return length(len(inner)) + octets
    if kind == "boolean":
        return b"\xff" if inner else b"\x00"
    return int(inner).to_bytes(SIZES[kind], "big")


def obis(text):
    """The six numbers of an OBIS code; the facts leave the 255 at the end out."""
    numbers = [int(part) for part in re.split(r"[-:.]", text)]
    return tuple(numbers + [255] * (6 - len(numbers)))


FULL_YEAR = 0xFFFFFFFF
DATE_OPEN = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
# Objects of the measurement that keep to what they are: a period is not 0, a counter has no unit.
NO_UNIT = ({"type": "structure", "value": [{"type": "integer", "value": 0},
                                           {"type": "enum", "value": 255}]},
           bytes.fromhex("02020F0016FF"))  # fmt: skip

# The clock object tells the clock of the state, whatever a state says of the object.
CLOCK = {
    2: ({"type": "octet-string", "value": "07D00101FF000000008000FF"},
        bytes.fromhex("090C 07DF0101FF00000000 8000FF")),
    4: ({"type": "unsigned", "value": 1}, b"\x11\x00"),
}  # fmt: skip


# Values that must have a meaning: a method's integer 0, payment mode, a tenancy's date, and an
# interval around the time.
TAKEN = {
    (7, 1, "integer"): b"\x0f\x00",
    (8, 4, "integer"): b"\x0f\x00",
    (8, 5, "structure{octet-string(12),octet-string(12),octet-string(12)}"): (
        b"\x02\x03"
        + bytes.fromhex("090C FFFFFFFFFFFFFFFFFF 8000FF")
        + bytes.fromhex("090C 07DE0C1FFF173B0A00 8000FF")
        + bytes.fromhex("090C 07DF0101FF00000A00 8000FF")
    ),
    (3, 1, "integer"): b"\x0f\x00",
    (4, 1, "integer"): b"\x0f\x00",
    (112, 3, "integer"): b"\x0f\x00",
    (111, 2, "structure{enum,enum}"): bytes.fromhex("0202 1602 1601"),
    # A device with its install code, 1.
    (104, 1, "structure{octet-string(8),enum,octet-string(16),enum}"): bytes.fromhex(
        "0204 0908" + 8 * "11" + "1601 0910" + 16 * "22" + "1600"
    ),
    (111, 13, "octet-string(12)"): bytes.fromhex("090C 000000000000000000 8000FF"),
    (20, 10, "octet-string(12)"): bytes.fromhex("090C 000000000000000000 8000FF"),
    (113, 7, "octet-string(12)"): bytes.fromhex("090C 000000000000000000 8000FF"),
    (9000, 6, "octet-string(12)"): bytes.fromhex("090C 000000000000000000 8000FF"),
    (1, 2, "octet-string(12)"): bytes.fromhex("090C 07DF0201FF00000000 8000FF"),
}
# Other numbers are no controllers: the first switch closes, the first output has half its power.
CONTROLLED = {
    "ECS47": bytes.fromhex("12 0101"),
    "ECS47a": bytes.fromhex("12 1132"),
    "ECS47e": bytes.fromhex("12 1132"),
}


class Made:
    """A command of a use case with the state it needs and the answer it must get."""

    def __init__(self, row, device, party, on_behalf=False):
        self.row = row
        self.device = device
        self.rng = random.Random(row["use_case"])
        self.party = party
        self.on_behalf = on_behalf
        self.code = int(row["message_code"], 16)
        self.critical = bool(row["critical"])
        self.counter = 1000
        self.objects = {}
        self.elements = []
        self.answers = []  # A-XDR of each element, or a function of the opened block
        self.plain = None
        for item in row["dlms_request"]:
            self._element(item)

    def _made(self, item, shape):
        """The value of an object, the same however often it is read."""
        name = (item["class"], item["obis"], item["attr"])
        if name not in self.objects:
            value = Shape(shape, self.rng).value()
            if name[0] == 3 and name[2] == 3 and name[1].endswith(".0.4"):
                value = NO_UNIT
            if name[0] == 8:
                value = CLOCK[name[2]]
            self.objects[name] = value
        return self.objects[name][1]

    def _element(self, item):
        name = key(item["class"], obis(item["obis"]), item["attr"])
        if item.get("protected_objects"):
            self.elements.append((3, name, None, self._protected(item)))
            self.answers.append(self._block)
            return
        shape = item.get("rtds_axdr_response")
        answer = self._made(item, shape) if shape else b"\x00"
        self.answers.append(answer)
        if item["op"] == "get":
            selection = None
            if item.get("selector"):
                selection = self._selection(item["selector"])
            choice = 4 if selection else 1
            self.elements.append((choice, name, selection, b"\x00"))
            return
        wanted = item.get("rtds_axdr_request")
        data = Shape(wanted, self.rng).value()[1] if wanted else b"\x00"
        data = TAKEN.get((item["class"], item["attr"], wanted), data)
        if item["class"] == 9:
            data = CONTROLLED.get(self.row["use_case"], data)
        constant = item.get("fields", [{}])[0].get("const") or ""
        if wanted == "long-unsigned" and constant.startswith("0x"):
            data = b"\x12" + bytes.fromhex(constant[2:])
        self.elements.append((2 if item["op"] == "set" else 3, name, None, data))

    def _selection(self, selector):
        wanted = selector["restricting_object"]
        found = range_descriptor(0, FULL_YEAR)
        assert wanted["class"] == 1
        old = bytes.fromhex("00005E2C64FF")
        assert old in found
        return found.replace(old, bytes(obis(wanted["obis"])))

    def _protected(self, item):
        wanted = b""
        plain = []
        shapes = inner_shapes(item["rtds_axdr_decrypted"][0])
        for thing, shape in zip(item["protected_objects"], shapes, strict=True):
            place = key(thing["class"], obis(thing["obis"]), thing["attr"])
            head = b"\x02\x05\x12" + place[:2] + b"\x09\x06" + place[2:8]
            head += b"\x0f" + place[8:] + b"\x12\x00\x00\x02\x02\x16"
            limited = thing["class"] == 7
            head += b"\x01\x02\x02" + 2 * (b"\x09\x0c" + DATE_OPEN) if limited else b"\x00\x00"
            wanted += head
            plain.append(self._made(thing, shape))
        count = len(item["protected_objects"])
        self.plain = b"\x02" + bytes((count,)) + b"".join(plain)
        parameters = self._parameters(self.party, DEVICE)
        return b"\x02\x02\x01" + bytes((count,)) + wanted + parameters

    def _parameters(self, originator, target):
        return (
            bytes.fromhex("0101 0202 1602 0205 0909 04")
            + counter_octets(self.counter)
            + b"\x09"
            + string(originator)
            + b"\x09"
            + string(target)
            + bytes.fromhex("0900 0202 1602 0202 090102 0900")
        )

    def _block(self, opened, taker):
        """Check a protected block against the plaintext that it must hold."""
        assert taker.take(2) == b"\x02\x02"
        parameters = self._parameters(DEVICE, self.party)
        assert taker.take(len(parameters)) == parameters
        assert taker.take(1) == b"\x09"
        assert opened.decrypt(taker.string(), self.party) == self.plain

    def state(self, fault=None):
        """The STATE.json of a device that answers so."""
        found = {
            "device": self.device,
            "device_eui": DEVICE.hex().upper(),
            "clock": {"time": "2015-01-01T00:00:00Z", "status": "reliable"},
            "dlms": [
                {"class": name[0], "obis": full(name[1]), "attr": name[2], "value": value[0]}
                for name, value in self.objects.items()
            ],
        }
        if fault is not None:
            item = self.row["dlms_request"][fault]
            place = {"class": item["class"], "obis": full(item["obis"]), "attr": item["attr"]}
            found["faults"] = {"dlms": [{"op": item["op"], **place, "result": 1}]}
        return found

    def command(self):
        """The octets of the command."""
        party = self.party
        other = b""
        if self.on_behalf:
            party, other = BROKER, self.party + counter_octets(77)
        return command(
            self.code,
            access_request(self.elements, self.counter),
            self.counter,
            party,
            other=other,
            sign=self.critical,
        )

    def check(self, answer, fault=None):
        """The answer is the one that the facts call for."""
        party = BROKER if self.on_behalf else self.party
        opened = Opened(answer, party)
        assert opened.code == self.code and opened.counter == self.counter
        assert opened.target == party
        assert bool(opened.signature) == self.critical
        assert opened.authenticated != self.critical
        dated = 12 in self.row["rtds"]["response_date_time_lengths"]
        date_time = bytes.fromhex("07DF0101FF000000008000FF") if dated else b""
        assert opened.date_time == date_time
        assert opened.other == (self.party + counter_octets(77) if self.on_behalf else b"")
        taker = Taker(opened.payload)
        assert taker.take(6) == b"\xda\x20" + self.counter.to_bytes(3, "big") + b"\x00"
        assert taker.take(1) == b"\x00", "date-time"[:0] or "specifications are not repeated"
        count = len(self.elements)
        assert taker.length() == count
        done = count if fault is None else fault
        for wanted in self.answers[:done]:
            if callable(wanted):
                wanted(opened, taker)
            else:
                assert taker.take(len(wanted)) == wanted
        assert taker.take(count - done) == bytes(count - done)
        assert taker.length() == count
        choices = {1: 1, 4: 1, 2: 2, 3: 3}
        for index, element in enumerate(self.elements):
            code = 0 if index < done else 1 if index == done else 250
            assert taker.take(2) == bytes((choices[element[0]], code)), index
        assert not taker.data


def inner_shapes(text):
    """The shapes in the outermost structure of a decrypted block."""
    inside = text[text.index("{") + 1 : -1]
    found = []
    depth = start = 0
    for at, letter in enumerate(inside + ","):
        if letter in "{(":
            depth += 1
        elif letter in "})":
            depth -= 1
        elif letter == "," and not depth:
            found.append(inside[start:at])
            start = at + 1
    return found


def full(text):
    """An OBIS code as a state has it."""
    a, b, c, d, e, f = obis(text)
    return f"{a}-{b}:{c}.{d}.{e}.{f}"


@pytest.fixture(scope="module")
def clients():
    made = {}
    yield made
    for client in made.values():
        client.transport.close()


def respond(clients, engine, made, state):
    validate(state, "state")
    validate(KEYS, "keys")
    role = made.device.lower()
    if (engine, role) not in clients:
        clients[(engine, role)] = BenchClient(open_transport(role, engine))
    client = clients[(engine, role)]
    client.control("FORGET")
    fragments.load(client.control, state, KEYS)
    return client.respond(made.command())


def every_case():
    for name, row in CASES.items():
        for device in DEVICES:
            if device in row["targets"]:
                yield pytest.param(name, device, id=f"{name}-{device}")


def parties(row):
    found = [PARTIES[role][0] for role in row["roles"] if role in PARTIES]
    return found or [SUPPLIER]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), list(every_case()) or [("", "")])
def test_success(clients, engine, name, device):
    """Each party that may ask is answered, and so is the broker on its behalf where that is."""
    if name == "CS01a":
        pytest.skip("its token has to be genuine: test_prepayment_remote.py, test_vectors.py")
    row = CASES[name]
    for party in parties(row):
        if party == BROKER and max(row["rtds"]["other_information_lengths"]) > 2:
            continue
        made = Made(row, device, party)
        made.check(respond(clients, engine, made, made.state()))
    if 18 in row["rtds"]["other_information_lengths"]:
        made = Made(row, device, SUPPLIER, on_behalf=True)
        made.check(respond(clients, engine, made, made.state()))


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize(("name", "device"), list(every_case()) or [("", "")])
def test_each_element_fails(clients, engine, name, device):
    """rtds: result 1, what follows is 250, what preceded is told."""
    row = CASES[name]
    on_behalf = 2 not in row["rtds"]["other_information_lengths"]
    party = SUPPLIER if on_behalf else parties(row)[0]
    seen = set()
    for fault, item in enumerate(row["dlms_request"]):
        place = (item["op"], item["class"], item["obis"], item["attr"])
        if place in seen or (engine == "cpython" and fault not in (0, 1)):
            continue
        seen.add(place)
        made = Made(row, device, party, on_behalf)
        made.check(respond(clients, engine, made, made.state(fault)), fault)
