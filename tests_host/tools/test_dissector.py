"""The Wireshark dissector, judged by tshark: what it shows is what the messages say.

What is expected comes from `host_tools.gbcs`, the decoder in Python, and from the inputs of the
vectors and the JSON table of use cases; the dissector is Lua and shares no code with them.
"""

import io
import json
import os
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from host_tools.commands import capture, dissector
from host_tools.dissector import names, place
from host_tools.dissector.bundle import MARK, bundle
from host_tools.example import START
from host_tools.gbcs import gbt
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import examine
from host_tools.gbcs.times import seconds_2000
from host_tools.han.capture import exported, write_capture
from host_tools.han.frame import Frame
from host_tools.han.framelog import BadLine, FrameEntry, LogWriter, MessageEntry, read_log
from host_tools.han.hub import Hub
from host_tools.home import Home

VECTORS = Path(__file__).parents[1] / "data" / "vectors"
TABLE = Path(__file__).parents[2] / "host_tools" / "data" / "use_cases.json"
# What only the Python decoder looks into: texts, times and certificates inside a payload.
DEEPER = re.compile(
    r"is not text|is no time|not an X\.509|out of range|is not a date|not valid here"
)


def vectors():
    """(use case, device EUI, who asked, kind, octets) of every message of the project's own."""
    for file in ("esme", "gsme", "gpf", "chf"):
        for row in json.loads((VECTORS / f"{file}.json").read_text()):
            eui = row["state"]["device_eui"]
            fault = row.get("error", {})
            for member, text in (
                ("command", row.get("command")),
                ("response", row.get("response")),
                ("command", fault.get("command")),
                ("response", fault.get("response")),
            ):
                if text is not None:
                    octets = bytes.fromhex(text)
                    yield row["use_case"], eui, row["originator"], member.title(), octets
    for row in json.loads((VECTORS / "alerts.json").read_text()):
        for text in row["alerts"]:
            eui = row["state"]["device_eui"]
            yield row["use_case"], eui, None, "Alert", bytes.fromhex(text)


def tshark(folder, *arguments):
    """What tshark prints, with the dissector where its installer puts it and no other setting."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (Debian: apt-get install tshark)")
    home = folder / "home"
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    done = subprocess.run(
        ["tshark", *arguments],
        capture_output=True,
        env=environment,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def captured(folder, messages, name="gbcs.pcapng"):
    """A capture of messages, and the gbcs layer of each as tshark shows it."""
    place.install(folder / "home" / ".local" / "lib" / "wireshark" / "plugins")
    out = io.BytesIO()
    entries = [
        MessageEntry(1_772_445_600_000 + number, 0x02534D45545300A0, number % 2 == 0, octets)
        for number, octets in enumerate(messages)
    ]
    assert write_capture(entries, out).messages == len(messages)
    file = folder / name
    file.write_bytes(out.getvalue())
    pdml = tshark(folder, "-r", str(file), "-T", "pdml")
    assert "Lua Error" not in pdml
    layers = []
    for packet in ET.fromstring(pdml).findall("packet"):
        found = [item for item in packet.findall("proto") if item.get("name") == "gbcs"]
        assert found, "the capture did not choose the dissector"
        layers.append(found[-1])
    assert len(layers) == len(messages)
    return layers


HEAD = len(exported(b"", True))


class Shown:
    """The fields of one gbcs layer."""

    def __init__(self, layer):
        self.all = [item for item in layer.iter("field") if item.get("name", "")[:5] == "gbcs."]
        self.expert = [
            item.get("show")
            for item in layer.iter("field")
            if item.get("name") == "gbcs.malformed" or item.get("name") == "_ws.expert.message"
        ]
        self.malformed = any(item.get("name") == "gbcs.malformed" for item in layer.iter("field"))

    def items(self, *found):
        return [item for item in self.all if item.get("name")[5:] in found]

    def values(self, *found):
        return [item.get("show") for item in self.items(*found)]

    def numbers(self, *found):
        return [int(text, 0) for text in self.values(*found)]

    def octets(self, name):
        return [(item.get("value") or "").upper() for item in self.items(name)]

    def one(self, name):
        found = self.values(name)
        assert len(found) <= 1, name
        return found[0] if found else None


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    every = list(vectors())
    folder = tmp_path_factory.mktemp("dissector")
    layers = captured(folder, [row[-1] for row in every])
    return [(*row, Shown(layer)) for row, layer in zip(every, layers, strict=True)]


# ---- What is shown, and what the messages say


def number(value):
    return None if value is None else str(value)


def flat(value):
    """The simple values of an A-XDR value in the order of their octets, as the dissector has them.

    (kind, value); null-data has no octets.
    """
    if value.items or value.type in ("array", "structure"):
        return [leaf for item in value.items for leaf in flat(item)]
    if value.type == "compact-array":
        kinds = _kinds(value.element_type)
        return [
            leaf
            for row in value.value
            for leaf in _row(kinds, row)
            if leaf[0] not in ("null-data", "dont-care")
        ]
    return [] if value.type in ("null-data", "dont-care") else [(value.type, value.value)]


def _kinds(element_type):
    if isinstance(element_type, str):
        return element_type
    if "structure" in element_type:
        return [_kinds(item) for item in element_type["structure"]]
    count, inner = element_type["array"]
    return [_kinds(inner)] * count


def _row(kinds, row):
    if isinstance(kinds, str):
        return [(kinds, row)]
    return [leaf for kind, item in zip(kinds, row, strict=True) for leaf in _row(kind, item)]


def axdr_shown(kind, item):
    """A field of the dissector in the notation of the decoder, by the type that it is of."""
    name, show = item.get("name"), item.get("show")
    value = (item.get("value") or "").upper()
    expected = {
        "boolean": "axdr.boolean",
        "bit-string": "axdr.bits",
        "octet-string": "axdr.octets",
        "visible-string": "axdr.text",
        "utf8-string": "axdr.text",
    }
    field = expected.get(kind)
    if field is None and kind in ("integer", "long", "double-long", "long64"):
        field = "axdr.int"
    elif field is None and ("unsigned" in kind or kind == "enum"):
        field = "axdr.uint"
    assert name == f"gbcs.{field or 'axdr.raw'}", (kind, name)
    if field in ("axdr.int", "axdr.uint"):
        return int(show)
    if field == "axdr.boolean":
        return int(show) != 0
    return show if field in ("axdr.bits", "axdr.text") else value


def header_of(head):
    """What the header says, by the dissector's fields."""
    text = {
        "cra": str(head.cra),
        "originator_counter": str(head.counter),
        "originator": head.originator.hex(),
        "target": head.target.hex(),
        "date_time": head.date_time.hex() or None,
        "clock_status": f"0x{head.date_time[11]:02x}" if head.date_time else None,
        "message_code": f"0x{head.message_code:04x}",
        "party": head.supplementary_party and head.supplementary_party.hex(),
        "party_counter": number(head.supplementary_counter),
        "party_originator_counter": number(head.supplementary_originator_counter),
        "certificate": head.certificate and head.certificate.hex(),
        "content_length": str(head.content[1] - head.content[0]),
        "other_length": str(len(head.other_information())),
    }
    return text


def plain(text):
    return text and text.replace(":", "")


def test_headers_and_titles(judged):
    """Every field of the headers, and the title of the table (evidence: spec)."""
    titles = {
        int(row["code"], 16): (row["id"], row["title"])
        for row in json.loads(TABLE.read_text())["use_cases"]
        if row["code"] is not None
    }
    for use_case, eui, asked_by, kind, octets, shown in judged:
        message = examine(octets)
        head = message.header
        assert {name: plain(shown.one(name)) for name in header_of(head)} == header_of(head)
        if octets[0] == 0xDD:  # the length is that of what follows it
            width = 1 if octets[7] < 0x80 else 1 + octets[7] - 0x80
            assert shown.numbers("mac_header.length") == [len(octets) - 7 - width]
        assert plain(shown.one("signature")) == (message.envelope.signature.hex() or None)
        assert plain(shown.one("mac")) == (message.envelope.mac.hex() or None)
        assert shown.one("protocol") == message.protocol
        # And by the inputs of the vector.
        name, title = titles[head.message_code]
        (code,) = shown.items("message_code")
        assert code.get("showname") == f"Message code: {name}: {title} (0x{head.message_code:04x})"
        assert shown.one("use_case") == name and shown.one("kind") == kind
        if asked_by is None:
            assert plain(shown.one("originator")).upper() == eui
        else:
            pair = {plain(shown.one("originator")).upper(), plain(shown.one("target")).upper()}
            assert eui in pair
            assert name == use_case


def test_no_message_of_the_vectors_is_malformed(judged):
    assert len(judged) > 400
    assert not [row[0] for row in judged if row[-1].malformed]
    seen = {row[0] for row in judged}
    assert len(seen) > 180  # use cases


def test_dlms(judged):
    """Accesses, every value and every result, in order."""
    count = 0
    for *_, octets, shown in judged:
        message = examine(octets)
        if message.protocol != "DLMS":
            continue
        apdu = message.dlms
        assert shown.numbers("dlms.apdu") == [apdu.tag]
        assert shown.numbers("dlms.invoke_id") == [apdu.invoke_id]
        assert shown.octets("dlms.date_time") == (
            [apdu.date_time.hex().upper()] * bool(apdu.date_time)
        )
        accesses = zip(
            shown.numbers("dlms.choice"),
            shown.numbers("dlms.class"),
            shown.octets("dlms.obis"),
            shown.numbers("dlms.attribute"),
            strict=True,
        )
        assert list(accesses) == [
            (
                item.choice,
                item.class_id,
                bytes(map(int, re.split(r"[-:.]", item.obis))).hex().upper(),
                item.attr,
            )
            for item in apdu.items
        ]
        results = zip(
            shown.numbers("dlms.result_choice"), shown.numbers("dlms.result"), strict=True
        )
        assert list(results) == apdu.results
        chosen = [item.selection for item in apdu.items if item.selection is not None]
        leaves = [leaf for value in (*chosen, *apdu.data) for leaf in flat(value)]
        found = [item for item in shown.all if item.get("name", "")[:10] == "gbcs.axdr."]
        found = [item for item in found if item.get("name")[10:] not in ("group", "null")]
        assert len(found) == len(leaves)
        for (kind, value), item in zip(leaves, found, strict=True):
            assert axdr_shown(kind, item) == value
            count += 1
    assert count > 2000


def zcl_leaves(value):
    """The numbers and strings of fields or of an attribute, in order."""
    if isinstance(value, dict) and set(value) == {"hex"}:
        return [value["hex"]]
    if isinstance(value, dict) and set(value) == {"element_type", "value"}:
        return zcl_leaves(value["value"])
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in zcl_leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in zcl_leaves(item)]
    return [value]


def zcl_shown(item, expected):
    """A field in the form of what is expected: a number, hex digits, or text."""
    name = item.get("name")
    if name in ("gbcs.zcl.uint", "gbcs.zcl.int", "gbcs.zcl.time"):
        shown = int(item.get("show"))
        return f"0x{shown:04X}" if isinstance(expected, str) else shown  # an event code
    raw = bytes.fromhex(item.get("value") or "")
    if not raw and expected is None:
        return None
    text = raw.decode("ascii", "replace")
    return text if text == expected else raw.hex().upper()


def test_gbz(judged):
    """Components in clear and encrypted, attributes with status, type and value, fields."""
    count = 0
    for *_, octets, shown in judged:
        message = examine(octets)
        if message.protocol != "GBZ":
            continue
        payload = message.gbz
        parts = payload.components
        assert shown.numbers("gbz.control") == [part.control for part in parts]
        assert shown.numbers("gbz.cluster") == [part.cluster for part in parts]
        heads = [part.header for part in parts if part.header]
        assert shown.numbers("zcl.frame_control") == [head.frame_control for head in heads]
        assert shown.numbers("zcl.sequence") == [head.sequence for head in heads]
        assert shown.numbers("zcl.command") == [head.command for head in heads]
        begins = [part.from_date_time for part in parts if part.from_date_time is not None]
        assert shown.numbers("gbz.from") == begins
        counters = [part.frame_counter for part in parts if part.encrypted]
        assert shown.numbers("gbz.frame_counter") == counters
        secret = [node.value for node in message.tree.walk() if node.name in ("ciphertext", "tag")]
        both = shown.items("gbz.ciphertext", "gbz.tag")
        assert [(item.get("value") or "").upper() for item in both] == secret
        if payload.alert_code is not None:
            assert shown.numbers("alert_code") == [payload.alert_code]
            assert shown.numbers("alert_time") == [payload.alert_time]
        frames = payload.frames
        attributes = [item for frame in frames for item in frame.attributes]
        assert shown.numbers("zcl.attribute") == [item.id for item in attributes]
        named = [
            item.get("showname").partition(" ")[2][7:] for item in shown.items("zcl.attribute")
        ]
        assert named == [item.name for item in attributes]
        statuses = []
        for frame in frames:
            statuses += [item.status for item in frame.attributes if item.status is not None]
            statuses += [frame.default_response[1]] if frame.default_response else []
        assert shown.numbers("zcl.status") == statuses
        types = [item.type for item in attributes if item.type is not None]
        assert shown.numbers("zcl.type") == types
        expected = []
        for frame in frames:
            if frame.default_response:
                expected.append(frame.default_response[0])
            for item in frame.attributes:
                expected += zcl_leaves(item.value) if item.type is not None else []
            expected += zcl_leaves(frame.fields) if frame.fields else []
        found = shown.items("zcl.uint", "zcl.int", "zcl.time", "zcl.octets", "zcl.text")
        assert len(found) == len(expected)
        for item, value in zip(found, expected, strict=True):
            assert zcl_shown(item, value) == value
            count += 1
    assert count > 500


def test_asn1(judged):
    """Every primitive value in order."""
    count = 0
    for *_, octets, shown in judged:
        message = examine(octets)
        if message.protocol != "ASN.1":
            continue
        payload = message.tree.find("payload")
        leaves = [node for node in payload.walk() if not node.children and node is not payload]
        leaves = [node for node in leaves if node.value is not None]
        found = [item for item in shown.all if item.get("name", "")[:10] == "gbcs.asn1."]
        found = [item for item in found if item.get("name")[10:] not in ("group", "null")]
        assert len(found) == len(leaves)
        for node, item in zip(leaves, found, strict=True):
            start = int(item.get("pos")) - HEAD
            assert start + int(item.get("size")) == node.offset + node.length
            assert asn1_shown(item, node.value) == node.value
            count += 1
    assert count > 300


def asn1_shown(item, expected):
    name, show = item.get("name")[10:], item.get("show")
    value = (item.get("value") or "").upper()
    if name == "integer":
        return int(show)
    if name == "boolean":
        return int(show) != 0
    if name in ("oid", "text"):
        return show
    if name == "bits":
        bits = "".join(f"{octet:08b}" for octet in bytes.fromhex(value))
        return bits[: len(expected)] if len(bits) <= 64 else value
    return int(value, 16) if isinstance(expected, int) else value


# ---- Names, blocks, damage


def test_the_names_are_those_of_the_tables_as_they_are():
    assert names.shipped() == names.made(), "make dissector"


def test_blocks_are_joined(tmp_path):
    """A message in blocks is shown whole with its last block."""
    octets = max((row[-1] for row in vectors()), key=len)
    cut = list(gbt.split(octets, 300))
    assert len(cut) > 4
    messages = [piece for block in cut for piece in (block, octets)]  # the other way: whole
    layers = captured(tmp_path, messages)
    *blocks, last = [Shown(layer) for layer in layers[::2]]
    whole = Shown(layers[1])
    assert not any(shown.values("message_code") for shown in blocks)
    assert last.values("message_code") == whole.values("message_code")
    assert [item.get("value") for item in last.all] == [item.get("value") for item in whole.all]


def damaged():
    """Messages that are cut off, have other octets, or are none at all."""
    chance = random.Random(14)
    whole = [row[-1] for row in vectors()]
    shortest = {examine(octets).protocol: octets for octets in sorted(whole, key=len)[::-1]}
    out = [b"", b"\xdf", b"\xe0", b"\xe0\x81\0\1\0\0\5ab", b"\x00\x01", bytes(40)]
    for octets in shortest.values():
        out += [octets[:count] for count in range(1, len(octets))]
    for octets in chance.sample(whole, 300):
        changed = bytearray(octets)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        out.append(bytes(changed))
    return out


def test_damage_gives_an_expert_item_and_no_error_of_the_script(tmp_path):
    """`captured` looks for errors of the script; the decoder says which messages are damaged."""
    messages = damaged()
    told = 0
    for octets, layer in zip(messages, captured(tmp_path, messages), strict=True):
        try:
            faults = [fault.what for fault in examine(octets).faults]
        except DecodeError as error:
            faults = [error.what]
        shown = Shown(layer)
        told += shown.malformed
        if octets[:1] != b"\xe0":  # a block is none of the decoder's
            hard = [what for what in faults if not DEEPER.search(what)]
            assert shown.malformed or not hard, (octets.hex(), hard)
            assert faults or not shown.malformed, (octets.hex(), shown.expert)
    assert told > 300


# ---- The commands


APP = Typer()
for command in (capture, dissector):
    command.register(APP)
RUN = CliRunner()
GPF, IHD = 0x02534D45545300A3, 0x02534D45545300A4


def run(*arguments):
    return RUN.invoke(APP, [str(argument) for argument in arguments])


def test_a_log_has_messages_of_both_directions_and_nothing_else_of_the_link():
    out = io.StringIO()
    writer = LogWriter(out)
    for direction, line in (
        ("to device", "GBCS:DATA#1:3:DF0901\n"),
        ("from device", "GBCS:BLOCK#1:2:E0C1"),
        ("from device", "GBCS:ALERT#9:1:DF"),
        ("to device", "CTRL:KEYS#2:2:{}"),
        ("from device", "GBCS:NONE#1:4:late"),
        ("from device", "GBCS:DATA#1:3:DF09\x1b"),
    ):
        writer.bench_line(1000, GPF, direction, line)
    lines = [
        *out.getvalue().splitlines(),
        "1000 to 12 GBCS:DATA#1:0:",
        "1 from X GBCS:DATA#1:9:00",
    ]
    *found, first, second = read_log(lines)
    assert found == [
        MessageEntry(1000, GPF, True, bytes.fromhex("DF0901")),
        MessageEntry(1000, GPF, False, bytes.fromhex("E0C1")),
        MessageEntry(1000, GPF, False, b"\xdf"),
    ]
    assert first == BadLine(4, "an EUI-64 has 16 hexadecimal digits")
    assert second == BadLine(5, "length says 9, found 1 octets")


def test_a_home_notes_the_messages_of_its_devices():
    """A vector's command and response through a GPF of a home stand in the log as they went."""
    rows = json.loads((VECTORS / "gpf.json").read_text())
    row = next(row for row in rows if row["use_case"] == "GCS13a")
    eui = row["state"]["device_eui"]
    keys = json.loads((VECTORS / "keys" / f"{eui}.json").read_text())
    out = io.StringIO()
    with Home(Hub(1), seconds_2000(START), "cpython", LogWriter(out)) as home:
        home.add("gpf", eui, row["state"], keys)
        answer = home.command("gpf", bytes.fromhex(row["command"]))
    entries = list(read_log(out.getvalue().splitlines()))
    found = [entry for entry in entries if isinstance(entry, MessageEntry)]
    assert answer.hex().upper() == row["response"].upper()
    assert [(entry.to_device, entry.octets.hex().upper()) for entry in found] == [
        (True, row["command"].upper()),
        (False, row["response"].upper()),
    ]
    assert {f"{entry.device:016X}" for entry in found} == {eui}


def test_a_capture_has_the_home_and_the_remote_side(tmp_path):
    """Two interfaces of one file; tshark chooses ZigBee for one, the dissector for the other."""
    rows = [row for row in vectors() if row[0] == "GCS13a"][:2]
    log = tmp_path / "home.log"
    with log.open("w") as out:
        writer = LogWriter(out)
        writer.device(GPF, "gpf")
        writer.frame(5000, Frame(IHD, GPF, 1, 3, 0x0702, bytes.fromhex("0001000000")))
        for when, way, row in ((6000, "to device", rows[0]), (7000, "from device", rows[1])):
            text = f"GBCS:DATA#1:{len(row[-1])}:{row[-1].hex()}"
            writer.bench_line(when, GPF, way, text)
    assert (
        sum(isinstance(entry, FrameEntry) for entry in read_log(log.read_text().split("\n"))) == 1
    )
    file = tmp_path / "home.pcapng"
    done = run("capture", file, "--log", log)
    assert done.exit_code == 0, done.output
    assert "1 frames in 1 packets, 2 GBCS messages" in done.output
    place.install(tmp_path / "home" / ".local" / "lib" / "wireshark" / "plugins")
    columns = (
        "frame.interface_name",
        "frame.packet_flags_direction",
        "gbcs.use_case",
        "gbcs.kind",
    )
    wanted = [part for name in (*columns, "frame.protocols") for part in ("-e", name)]
    found = tshark(tmp_path, "-r", str(file), "-T", "fields", *wanted).splitlines()
    assert [line.split("\t")[:4] for line in found] == [
        ["han", "", "", ""],
        ["wan", "0x00000002", "GCS13a", "Command"],
        ["wan", "0x00000001", "GCS13a", "Response"],
    ]
    assert found[0].split("\t")[4].startswith("wpan") and "gbcs" in found[1]


def test_it_is_installed_renewed_and_removed_and_no_other_file_is_touched(tmp_path):
    folder = tmp_path / "new" / "plugins"
    assert "installed" in run("dissector", "--install", "--path", folder).output
    file = folder / "smets_gbcs.lua"
    assert file.read_text() == bundle() == run("dissector", "--print").output
    assert "is there already" in run("dissector", "--path", folder).output
    file.write_text(f"{MARK} 0.0.0\n")
    assert "renewed" in run("dissector", "--path", folder).output
    assert file.read_text() == bundle()
    for content in ("-- mine\n", ""):
        file.write_text(content)
        for option in ("--install", "--remove"):
            done = run("dissector", option, "--path", folder)
            assert done.exit_code == 2 and "not of this program" in done.output
            assert file.read_text() == content
    assert run("dissector", "--path", folder, "--force").exit_code == 0
    assert "removed" in run("dissector", "--remove", "--path", folder).output
    assert list(folder.iterdir()) == []
    assert "there is none" in run("dissector", "--remove", "--path", folder).output
    assert run("dissector", "--remove", "--print").exit_code == 2


def test_the_folder_is_what_tshark_says_else_wiresharks_rule(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert place.plugins_folder() == tmp_path / ".local" / "lib" / "wireshark" / "plugins"
    fake = tmp_path / "tshark"
    fake.write_text("#!/bin/sh\necho 'Personal Lua Plugins:\t/some/where else'\n")
    fake.chmod(0o755)
    assert place.plugins_folder() == Path("/some/where else")
    assert "/some/where else/smets_gbcs.lua" in run("dissector").output
    fake.write_text("#!/bin/sh\nexit 1\n")
    assert place.plugins_folder() == tmp_path / ".local" / "lib" / "wireshark" / "plugins"
