"""The model of XBee modules; the firmware's driver against it, in virtual time and over real ptys.

The examples and figures of the user guide (90001539) are `spec`; the rest is the model's own.
"""

import json
import os
import re
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from host_tools.bench import micropython
from host_tools.xbee_model import Air, Fault, Ptys
from smets.devices import build
from smets.ports import link_xbee, xbee_setup
from smets.ports.link_xbee import XBeeLink
from smets.zcl import clusters, discovery, han_frame
from smets.zcl.han_frame import HanFrame

TESTS = Path(__file__).resolve().parents[1]
PAN = bytes.fromhex("00005EC000000001")
KEY = bytes(range(0x30, 0x40))
ONE, TWO, THREE = (bytes.fromhex(f"0013A2004052AA0{n}") for n in (1, 2, 3))
READ = bytes.fromhex("0021000002")


def frames(octets, escaped=False):
    """The data of the frames that a module sent."""
    from xbee_wire import unframed

    return unframed(octets, escaped)


def framed(text):
    """Octets of a frame in API mode 1 around data in hexadecimal."""
    data = bytes.fromhex(text)
    return b"\x7e" + len(data).to_bytes(2, "big") + data + bytes([255 - sum(data) % 256])


def ask(module, text):
    """The answers of a module to frame data in hexadecimal."""
    module.feed(framed(text))
    return [data.hex(" ") for data in frames(module.take())]


def command(name, value=""):
    """AT command frame data."""
    return "0801" + name.encode().hex() + value


# --- The model -----------------------------------------------------------------------------------


def network(count=3, **options):
    """An air with a network of modules that are set up by hand, in API mode 1."""
    air = Air(**options)
    modules = [air.add(address) for address in (ONE, TWO, THREE)[:count]]
    for number, module in enumerate(modules):
        for name, value in (
            ("AO", "03"),
            ("ZS", "02"),
            ("ID", PAN.hex()),
            ("EE", "01"),
            ("EO", "02"),
            ("KY", KEY.hex()),
            ("CE", "00" if number else "01"),
        ):
            ask(module, command(name, value))
    for module in modules:
        assert module.joined
        module.take()
    return air, modules


def explicit(destination, payload, options=0, hint="FFFE", profile="0109", frame_id="01"):
    """Data of an 0x11 frame to endpoint 3, cluster 0x0708."""
    return f"11{frame_id}{destination.hex()}{hint}010307 08{profile}00{options:02x}{payload}"


def test_power_up_says_what_the_guide_shows():
    module = Air().add(ONE)
    assert module.take() == bytes.fromhex("7E 0002 8A 00 75")


def test_registers():
    module = Air().add(ONE)
    module.take()
    assert ask(module, command("SH")) == ["88 01 53 48 00 00 13 a2 00"]
    assert ask(module, command("SL")) == ["88 01 53 4c 00 40 52 aa 01"]
    assert ask(module, command("MY")) == ["88 01 4d 59 00 ff fe"]
    assert ask(module, command("NP")) == ["88 01 4e 50 00 00 ff"]
    assert ask(module, command("AI")) == ["88 01 41 49 00 21"]
    assert ask(module, command("ZS", "03")) == ["88 01 5a 53 03"], "invalid parameter"
    assert ask(module, command("SH", "00")) == ["88 01 53 48 03"], "read only"
    assert ask(module, command("QQ")) == ["88 01 51 51 02"], "invalid command"
    assert ask(module, command("KY", KEY.hex())) == ["88 01 4b 59 00"]
    assert ask(module, command("KY")) == ["88 01 4b 59 00"], "never read back"
    assert ask(module, "0800" + b"SH".hex()) == [], "frame identifier 0 asks for no answer"


def test_queued_writes_wait_and_stored_ones_survive_a_reset():
    module = Air().add(ONE)
    module.take()
    ask(module, "0901" + b"AO".hex() + "03")
    assert ask(module, command("AO"))[0].endswith("00 00"), "not applied yet"
    # The command that asked was an 0x08, and applies what is queued.
    assert ask(module, command("AO"))[0].endswith("00 03")
    ask(module, "0901" + b"AO".hex() + "01")
    ask(module, "0901" + b"AC".hex())
    assert module.registers[b"AO"] == 1
    assert ask(module, command("FR"))[1] == "8a 00"
    assert module.registers[b"AO"] == 0
    ask(module, command("AO", "03"))
    ask(module, command("WR"))
    module.reset()
    assert module.registers[b"AO"] == 3 and module.writes == 1
    ask(module, command("RE"))
    assert module.registers[b"AO"] == 0


def test_networks_form_join_and_end():
    air, (one, two, three) = network()
    assert one.network == 0 and len({one.network, two.network, three.network}) == 3
    ask(two, command("ID", "01"))
    assert not two.joined and ask(two, command("AI"))[0].endswith(" 22")
    ask(two, command("ID", "00"))
    assert two.joined, "any network"
    ask(three, command("KY", "55"))
    assert ask(three, command("AI"))[0].endswith(" 27"), "another key"
    two.take()
    ask(one, command("CE", "00"))
    assert not one.joined and not two.joined
    assert frames(two.take()) == [b"\x8a\x03"]
    one.reset()
    assert ask(one, command("AI"))[1].endswith(" 21"), "nobody forms a network"


def test_transmission_and_status():
    air, (one, two, _) = network()
    answers = ask(one, explicit(TWO, "aabb", 0x20))
    assert answers == [
        f"8b 01 {two.network:04x} 00 00 01"[:6] + two.network.to_bytes(2).hex(" ") + " 00 00 01"
    ]
    (received,) = frames(two.take())
    assert received == b"\x91" + ONE + bytes.fromhex("0000 0103 0708 0109 21 AABB")
    hint = f"{two.network:04x}"
    assert ask(one, explicit(TWO, "00", hint=hint))[0].endswith("00 00 00"), "no discovery"
    assert ask(one, explicit(TWO, "00", frame_id="00")) == []
    assert len(frames(two.take())) == 2
    ask(two, explicit(bytes(8), "01"))
    assert len(frames(one.take())) == 1, "the coordinator's own address"
    assert [sent.packets for sent in air.log] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("destination", "size", "options", "status"),
    [
        (ONE, 1, 0, "23"),
        (bytes.fromhex("0013A20040999999"), 1, 0, "24"),
        (bytes.fromhex("000000000000FFFF"), 1, 0x20, "2d"),
        (bytes.fromhex("000000000000FFFF"), 74, 0, "00"),
        (bytes.fromhex("000000000000FFFF"), 75, 0, "74"),
        (TWO, 255, 0x20, "00"),
        (TWO, 256, 0, "74"),
    ],
)
def test_statuses(destination, size, options, status):
    """spec: the delivery statuses, and payload sizes with EE = 1."""
    _, (one, _, _) = network()
    (answer,) = ask(one, explicit(destination, "00" * size, options))
    assert answer.split()[5] == status


def test_statuses_without_network_and_without_security():
    air = Air()
    module = air.add(ONE)
    module.take()
    assert ask(module, explicit(TWO, "00"))[0].split()[5] == "22"
    ask(module, command("CE", "01"))
    assert ask(module, explicit(TWO, "00", 0x20))[0].split()[5] == "2e"
    air.add(TWO).take()
    module.take()
    broadcast = bytes.fromhex("000000000000FFFF")
    assert ask(module, explicit(broadcast, "00" * 92))[0].split()[5] == "00"
    assert ask(module, explicit(broadcast, "00" * 93))[0].split()[5] == "74"


def test_a_wrong_network_address_is_not_acknowledged():
    _, (one, two, _) = network()
    assert ask(one, explicit(TWO, "00", hint="0102"))[0].split()[5] == "21"
    assert two.take() == b""


def test_packets_of_a_payload():
    """spec: 84, 66 or 57 octets a packet; firmware without fragmentation sends one only."""
    air, (one, two, _) = network()
    for size, options, packets in (
        (66, 0, 1),
        (67, 0, 2),
        (57, 0x20, 1),
        (58, 0x20, 2),
        (255, 0x20, 5),
    ):
        ask(one, explicit(TWO, "00" * size, options))
        assert air.log[-1].packets == packets, size
    one.fragments = False
    assert ask(one, command("NP")) == ["88 01 4e 50 00 00 42"]
    assert ask(one, explicit(TWO, "00" * 67))[0].split()[5] == "74"
    two.take()


def test_faults_by_script():
    air, (one, two, three) = network()
    air.faults.append(Fault(source=one, destination=two, skip=1, times=2))
    air.faults.append(Fault(status=0, destination=three))
    air.faults.append(Fault(status=None, arrives=True, source=three))
    statuses = [ask(one, explicit(TWO, "00"))[0].split()[5] for _ in range(4)]
    assert statuses == ["00", "21", "21", "00"]
    assert len(frames(two.take())) == 2
    assert ask(one, explicit(THREE, "00"))[0].split()[5] == "00"
    assert three.take() == b"", "told delivered, and lost"
    assert ask(three, explicit(TWO, "00")) == [], "no status"
    assert len(frames(two.take())) == 1


def test_lost_packets_are_tried_again_and_a_lost_fragment_loses_the_whole():
    air, (one, two, _) = network(seed=5)
    air.loss = 0.5
    statuses = [ask(one, explicit(TWO, "00" * 255))[0].split() for _ in range(60)]
    arrived = len(frames(two.take()))
    assert [status[5] for status in statuses].count("00") == arrived
    assert 0 < arrived < 60 and {status[5] for status in statuses} == {"00", "21"}
    assert any(status[4] != "00" for status in statuses), "retries are counted"


def test_group_and_broadcast():
    air, (one, two, three) = network()
    three.groups.add(0x8123)
    ask(one, explicit(b"\xff" * 8, "00", 0x08, hint="8123"))
    assert two.take() == b"" and len(frames(three.take())) == 1
    ask(one, explicit(bytes.fromhex("000000000000FFFF"), "00"))
    for module in (two, three):
        (data,) = frames(module.take())
        assert data[17] == 0x02


def zdo(one, cluster, payload):
    one.feed(framed(f"1100{TWO.hex()}FFFE0000{cluster:04x}00000000{payload}"))
    return [data.hex(" ") for data in frames(one.take())]


def test_zdo_requests_are_passed_on_or_answered_as_ao_says():
    """spec: AO bits 0, 1, 2 and 5."""
    _, (one, two, _) = network()
    where = two.network.to_bytes(2, "little")
    match = "21" + where.hex() + "0901" + "010807" + "00"
    assert zdo(one, 0x0006, match) == []
    assert frames(two.take())[0][11:17] == bytes.fromhex("00 00 0006 0000")
    ask(two, command("AO", "01"))
    (answer,) = zdo(one, 0x0006, match)
    assert answer.endswith("21 00 " + where.hex(" ") + " 00"), "nothing of Smart Energy in it"
    assert zdo(one, 0x0006, "21fdff0901010807" + "00") == [], "no match, asked of each"
    assert zdo(one, 0x0005, "22" + where.hex())[0].endswith("02 e6 e8")
    assert zdo(one, 0x0004, "23" + where.hex() + "e8")[0].endswith("08 e8 05 c1 00 00 00 00 00")
    assert zdo(one, 0x0004, "23" + where.hex() + "01")[0].endswith("83 " + where.hex(" ") + " 00")
    assert zdo(one, 0x0005, "220102")[0].endswith("22 81 01 02 00")
    assert zdo(one, 0x0031, "24000000")[0].endswith("24 84 00 00")
    assert zdo(one, 0x0005, "22") == []
    assert two.take() == b""
    ask(two, command("AO", "05"))
    assert zdo(one, 0x0031, "24000000") == [] and len(frames(two.take())) == 1
    ask(one, command("AO", "21"))
    ask(two, command("AO", "01"))
    assert zdo(one, 0x0005, "22" + where.hex()) == [], "no ZDO to the UART"
    ask(one, command("AO", "00"))
    assert zdo(one, 0x0005, "22" + where.hex()) == []


def test_without_explicit_output_the_addressing_is_lost():
    _, (one, two, _) = network()
    ask(two, command("AO", "00"))
    ask(one, explicit(TWO, "aabb"))
    assert frames(two.take()) == [b"\x90" + ONE + bytes.fromhex("0000 01 AABB")]


def test_transparent_mode_takes_frames_for_data():
    module = Air().add(ONE, mode=0)
    module.take()
    module.feed(framed(command("AP", "02")))
    assert module.take() == b"" and module.transparent == framed(command("AP", "02"))


def test_frames_of_either_mode_with_garbage_before_and_a_cut_inside():
    for mode in (1, 2):
        module = Air().add(ONE, mode)
        module.take()
        frame = framed(command("SH"))
        module.feed(b"\x00\x01" + frame[:3])
        module.feed(frame[3:])
        assert len(frames(module.take(), mode == 2)) == 1
        broken = bytearray(frame)
        broken[5] ^= 1
        module.feed(bytes(broken) + frame)
        assert len(frames(module.take(), mode == 2)) == 1 and module.bad_frames == 1
    module.feed(frame[:5] + frame)
    assert len(frames(module.take(), True)) == 1 and module.bad_frames == 2
    module.feed(b"\x7e\x00\x00\xff" + frame)
    assert len(frames(module.take(), True)) == 1


def test_escapes():
    air = Air()
    module = air.add(bytes.fromhex("7E7D1113007E7D11"), 2)
    module.take()
    module.feed(framed(command("SH")))
    octets = module.take()
    assert not set(octets[1:]) & {0x7E, 0x11, 0x13}
    assert frames(octets, True)[0][5:] == bytes.fromhex("7E7D1113")


# --- The driver in virtual time ------------------------------------------------------------------


class Uart:
    """A module's UART as the driver's transport."""

    def __init__(self, module):
        self.module = module
        self.waiting = b""

    def readinto(self, buffer):
        self.waiting += self.module.take()
        count = min(len(buffer), len(self.waiting))
        buffer[:count] = self.waiting[:count]
        self.waiting = self.waiting[count:]
        return count or None

    def write(self, data):
        self.module.feed(bytes(data))
        return len(data)


class Lab:
    """Modules with a driver each, the first of which forms the network."""

    def __init__(self, count=2, escaped=True, **options):
        self.air = Air(**options)
        self.links = []
        for number, address in enumerate((ONE, TWO, THREE)[:count]):
            module = self.air.add(address, 2 if number else 1)
            table = xbee_setup.registers(PAN, KEY, number == 0, escaped)
            self.links.append(XBeeLink(Uart(module), table))
        self.run(3000)

    def run(self, milliseconds, step=20):
        """Let time pass; returns the frames that each link received."""
        received = [[] for _ in self.links]
        for _ in range(milliseconds // step):
            for link, taken in zip(self.links, received):
                frame = link.poll(step)
                while frame is not None:
                    taken.append(frame)
                    frame = link.poll()
        return received


@pytest.mark.parametrize("escaped", [True, False])
def test_links_set_their_modules_up_and_form_a_network(escaped):
    lab = Lab(3, escaped)
    assert [link.joined for link in lab.links] == [True] * 3
    assert [link.eui for link in lab.links] == [ONE, TWO, THREE]
    assert [module.registers[b"AO"] for module in lab.air.modules] == [3] * 3
    assert {module.writes for module in lab.air.modules} == {1}
    assert [link.module.network for link in lab.links] == [m.network for m in lab.air.modules]
    for module in lab.air.modules:
        module.reset()
    lab.run(3000)
    assert [link.joined for link in lab.links] == [True] * 3
    assert {module.writes for module in lab.air.modules} == {1}, "nothing had to be written again"
    assert lab.air.modules[0].registers[b"AP"] == (2 if escaped else 1)


@pytest.mark.parametrize("escaped", [True, False])
def test_a_frame_of_every_size_arrives_as_it_was_sent(escaped):
    lab = Lab(escaped=escaped)
    one, two = lab.links
    specials = bytes.fromhex("7E7D1113") * 64
    for size in range(256):
        frame = HanFrame(ONE, TWO, 1, 3, 0x0708, specials[:size])
        assert one.send(frame), one.fault
        (arrived,) = lab.run(60)[1]
        assert arrived.encode() == frame.encode()
    assert not one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, specials))
    assert one.errors == {"too long": 1} and two.errors == {}
    assert one.counts["delivered"] == 256 and lab.air.log[-1].packets == 5


def test_limits_of_the_driver_are_those_of_the_module():
    """spec: no payload that the driver takes is too large for a module, at each setting."""
    for fragments in (True, False):
        lab = Lab()
        lab.air.modules[0].fragments = fragments
        lab.air.modules[0].reset()
        lab.run(3000)
        one = lab.links[0]
        for flags in (0, han_frame.APS_SECURED, han_frame.BROADCAST):
            target = b"\xff" * 8 if flags == han_frame.BROADCAST else TWO
            frame = HanFrame(ONE, target, 1, 3, 0x0708, b"", flags=flags)
            frame.payload = bytes(one.limit(frame))
            assert one.send(frame)
            lab.run(100)
            frame.payload += b"\0"
            assert not one.send(frame)
        assert one.errors == {"too long": 3} and one.counts["delivered"] == 3


def test_failures_are_counted_and_addresses_looked_for_again():
    lab = Lab()
    one, _ = lab.links
    frame = HanFrame(ONE, TWO, 1, 3, 0x0708, READ)
    one.send(frame)
    lab.run(100)
    # The peer leaves and comes back with another 16-bit address.
    module = lab.air.modules[1]
    before = module.network
    module.leave()
    lab.air.settle()
    assert module.network != before
    one.send(frame)
    lab.run(100)
    assert one.errors == {"not delivered": 1} and one.fault.endswith("status 21")
    one.send(frame)
    assert len(lab.run(100)[1]) == 1
    lab.air.faults.append(Fault(status=None))
    one.send(frame)
    lab.run(16000, 100)
    assert one.errors == {"not delivered": 1, "no status": 1} and one.room() == 4


def test_lossy_air():
    lab = Lab(seed=3)
    one, two = lab.links
    lab.air.loss = 0.6
    arrived = 0
    for number in range(200):
        one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, bytes([number]) * 60))
        arrived += len(lab.run(60)[1])
    assert one.counts["sent"] == 200
    assert one.counts["delivered"] == arrived == 200 - one.errors["not delivered"]
    assert 0 < arrived < 200 and one.counts["retries"] > 0
    assert two.errors == {}


def test_garbled_uart():
    """Octets lost, turned and inserted on the UART: frames are lost, nothing else."""
    lab = Lab(seed=9)
    one, two = lab.links
    stream = lab.air.random

    def garble(frame):
        octets = bytearray(frame)
        if stream.random() < 0.3:
            position = stream.randrange(len(octets))
            kind = stream.randrange(3)
            if kind == 0:
                del octets[position]
            elif kind == 1:
                octets[position] ^= 1 << stream.randrange(8)
            else:
                octets[position:position] = stream.randbytes(stream.randrange(9))
        return bytes(octets)

    for module in lab.air.modules:
        module.mangle = garble
    sent = {bytes([number]) * 5 for number in range(150)}
    arrived = []
    for payload in sorted(sent):
        one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, payload))
        arrived += [frame.payload for frame in lab.run(600)[1]]
    assert 30 < len(arrived) < 150 and set(arrived) <= sent
    assert two.broken > 10
    for module in lab.air.modules:
        module.mangle = None
    lab.run(30000, 100)
    assert one.joined and two.joined
    one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, READ))
    assert len(lab.run(600)[1]) == 1


def test_a_module_that_resets_at_any_moment():
    lab = Lab()
    one, two = lab.links
    for moment in range(0, 1200, 60):
        lab.air.modules[1].reset(moment // 60 % 2)
        lab.run(moment)
        lab.air.modules[1].reset()
        lab.run(9000, 100)
        assert two.joined, (moment, two.fault)
        one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, READ))
        lab.run(100)
        one.send(HanFrame(ONE, TWO, 1, 3, 0x0708, READ))
        assert lab.run(100)[1], moment


def test_discovery_over_the_air_and_past_a_module_that_answers_itself():
    lab = Lab()
    one, two = lab.links
    table = {1: (0x0500, (clusters.DEVICE_MANAGEMENT,), ())}

    def search(sequence):
        question = discovery.match_request(ONE, TWO, sequence, 0x0109, (0x0708,))
        one.send(question)
        received = lab.run(100)
        for frame in received[1]:
            two.send(discovery.answer(two.eui, table, frame))
        answers = received[0] + lab.run(100)[0]
        return [discovery.parse_match_response(frame) for frame in answers]

    # Twice: its 16-bit address is not known at first, and then it is.
    assert search(7) == [(7, (1,))]
    assert search(8) == [(8, (1,))]
    one.send(discovery.simple_request(ONE, TWO, 9, 1))
    for frame in lab.run(100)[1]:
        two.send(discovery.answer(two.eui, table, frame))
    (frame,) = lab.run(100)[0]
    assert discovery.parse_simple_response(frame)[1][:3] == (1, 0x0109, 0x0500)
    # What AO bit 1 is for: without it the module says that it has no such cluster.
    lab.air.modules[1].registers[b"AO"] = 1
    assert search(10) == [(10, ())]


def test_a_broadcast_search_finds_who_has_it():
    lab = Lab(3)
    one = lab.links[0]
    question = discovery.match_request(ONE, b"\xff" * 8, 3, 0x0109, (0x0708,))
    question.flags = han_frame.BROADCAST
    one.send(question)
    received = lab.run(100)
    for number, endpoint in ((1, 5), (2, 6)):
        (frame,) = received[number]
        link = lab.links[number]
        answer = discovery.answer(link.eui, {endpoint: (0x0500, (0x0708,), ())}, frame)
        link.send(answer)
    found = {frame.source: discovery.parse_match_response(frame) for frame in lab.run(100)[0]}
    assert found == {TWO: (3, (5,)), THREE: (3, (6,))}


def test_a_proxy_is_read_over_the_air():
    lab = Lab()
    one, two = lab.links
    proxy = build("gpf")
    proxy.eui = TWO
    one.send(HanFrame(ONE, TWO, 1, 1, clusters.DEVICE_MANAGEMENT, READ))
    answers = []
    for _ in range(20):
        link_xbee.pump(two, proxy, 20)
        frame = one.poll(20)
        if frame is not None:
            answers.append(frame)
    (answer,) = answers
    assert (answer.source, answer.source_endpoint, answer.cluster) == (TWO, 1, 0x0708)
    assert answer.flags == han_frame.APS_SECURED and answer.payload[1:3] == b"\x21\x01"


# --- The Unix port over real ptys ----------------------------------------------------------------


class Process:
    """tests_host/xbee_lab.py on MicroPython; `latest` is the last thing that it said."""

    def __init__(self, path, role, forms, folder, meter=""):
        self.latest = {}
        self.output = []
        self._process = subprocess.Popen(
            [
                *(*micropython(), "-X", "heapsize=384wk", TESTS / "xbee_lab.py"),
                *(path, role, "forms" if forms else "joins", folder, meter),
            ],
            env=os.environ | {"MICROPYPATH": f"{TESTS.parent / 'firmware'}:.frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            self.output.append(line)
            if line.startswith("{"):
                self.latest = json.loads(line)

    def wait(self, condition, seconds=40):
        """Wait until what it said fulfils a condition; returns that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            latest = self.latest
            if latest and condition(latest):
                return latest
            assert self._process.poll() is None, "".join(self.output[-20:])
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {self.latest or self.output[-20:]}")

    def close(self):
        """End it as a person would; returns its exit status."""
        self._process.stdin.close()
        try:
            status = self._process.wait(10)
        finally:
            self._process.kill()
        self._thread.join(10)
        self._process.stdout.close()
        return status


class PtyLab:
    """A meter and a display, each a MicroPython process with a modelled module on a pty."""

    def __init__(self, folder, roles=("esme", "ihd"), **options):
        self.air = Air(**options)
        self.meter, self.display = (self.air.add(address, 2) for address in (ONE, TWO))
        self.ptys = Ptys([self.meter, self.display])
        self.esme = Process(self.ptys.paths[0], roles[0], True, folder)
        self.ihd = Process(self.ptys.paths[1], roles[1], False, folder, ONE.hex())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        statuses = [process.close() for process in (self.esme, self.ihd)]
        self.ptys.close()
        if error is None:
            assert statuses == [0, 0], self.esme.output[-20:] + self.ihd.output[-20:]


def shown(said):
    """The register that the display shows."""
    return said["summary"].get("electricity", {}).get("register")


def test_a_display_finds_and_reads_its_meter_over_ptys(tmp_path):
    with PtyLab(tmp_path) as lab:
        said = lab.ihd.wait(lambda said: shown(said) == 4711)
        assert said["joined"] and said["eui"] == TWO.hex()
        # Only the frames that it sent before its module joined the network are lost.
        assert set(said["errors"]) <= {"not joined"} and lab.esme.latest["errors"] == {}
        assert said["broken"] == 0 and said["noise"] == 0
        with lab.ptys.lock:
            log = list(lab.air.log)
        assert {(sent.profile, sent.options) for sent in log} == {(0x0109, 0x20), (0, 0)}
        assert {sent.cluster for sent in log if sent.profile == 0} == {0x0006, 0x8006}
        assert {0x0702, 0x0708} <= {sent.cluster for sent in log if sent.profile}


def test_fragments_limits_and_delivery_failures_over_ptys(tmp_path):
    """Every payload comes back as it was sent, in as many packets as it takes, or is refused."""
    with PtyLab(tmp_path, ("echo", "sizes")) as lab:
        with lab.ptys.lock:
            lab.air.faults.append(Fault(skip=6, times=2, source=lab.display))
            lab.air.faults.append(Fault(status=0x74, skip=11, source=lab.display))
            lab.air.faults.append(Fault(status=None, skip=15, source=lab.display))
        said = lab.ihd.wait(lambda said: said["summary"].get("left") == 0)
        said = lab.ihd.wait(lambda said: said["summary"]["left"] == 0 and said["errors"])
        sizes = sorted([*range(0, 249, 8), 255, 57, 58, 66, 67, 1, 2, 3])
        assert said["summary"]["good"] == sizes
        errors = said["errors"]
        assert errors["too long"] >= 1 and errors["not delivered"] == 3
        assert set(errors) <= {"too long", "not delivered", "not joined", "no status"}
        with lab.ptys.lock:
            packets = {len(sent.payload): sent.packets for sent in lab.air.log}
        assert [packets[size] for size in (0, 57, 58, 248, 255)] == [1, 1, 2, 5, 5]
        assert max(packets) == 255, "what is too long never reached the module"


def test_a_module_that_restarts_while_a_display_runs(tmp_path):
    with PtyLab(tmp_path) as lab:
        lab.ihd.wait(lambda said: shown(said) == 4711)
        with lab.ptys.lock:
            lab.display.reset(1)
        lab.ptys.wake()
        before = lab.ihd.latest["counts"]["received"]
        lab.ihd.wait(lambda said: said["joined"] and said["counts"]["received"] > before + 1)


@pytest.mark.slow
def test_a_bad_air_and_a_bad_line_over_ptys(tmp_path):
    with PtyLab(tmp_path, seed=11, loss=0.3) as lab:
        stream = lab.air.random

        def garble(frame):
            if stream.random() < 0.1:
                return stream.randbytes(stream.randrange(1, 40)) + frame[: stream.randrange(9)]
            return frame

        for module in (lab.meter, lab.display):
            module.mangle = garble
        lab.ihd.wait(lambda said: shown(said) == 4711, 120)
        said = lab.ihd.wait(lambda said: said["counts"]["received"] > 20, 120)
        assert said["broken"] + said["noise"] > 0


def test_the_board_is_described_as_it_is_set_up():
    folder = TESTS.parent / "boards" / "xbee3"
    board = runpy.run_path(str(folder / "board.py"))
    assert board["PORTS"]["han"] == "xbee"
    assert {"uart", "tx", "rx", "cts", "rts"} <= set(board["PINS"]["xbee"])
    table = re.findall(r"^\| ([A-Z]{2}) \| (.+?) \|", (folder / "README.md").read_text(), re.M)
    rows = xbee_setup.registers(PAN, KEY)
    assert [name.encode() for name, _ in table] == [name for name, _ in rows]
    for (name, text), (_, value) in zip(table, rows):
        if text.isdecimal():
            assert int(text) == value[0], name


def test_the_model_as_a_program():
    process = subprocess.Popen(
        [sys.executable, "-m", "host_tools.xbee_model", "2", "--mode", "1"],
        cwd=TESTS.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline().split() for _ in range(2)]
        assert [line[0] for line in lines] == ["0013A20040000001", "0013A20040000002"]
        descriptor = os.open(lines[1][1], os.O_RDWR | os.O_NOCTTY)
        try:
            octets = b""
            os.write(descriptor, framed(command("SL")))
            while octets.count(b"\x7e") < 2:
                octets += os.read(descriptor, 100)
        finally:
            os.close(descriptor)
        assert frames(octets) == [b"\x8a\x00", bytes.fromhex("88 01 534C 00 40000002")]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
