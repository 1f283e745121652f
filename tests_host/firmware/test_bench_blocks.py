# engines: cpython unix
# The bench link with a limit (CTRL:LINK), and the alerts that a device sends over it.
import json
from binascii import hexlify

from vectors import BROKER, DEVICE, GCS13A, OPERATOR, SUPPLIER, Opened, gas_read, h, keys, secret

from smets import bench, clock, devices
from smets.gbcs.gbt import Assembler, Blocks
from smets.gbcs.session import Session
from smets.ports.store import StoreError

NEW_YEAR = 0x1C374A80


def text(octets):
    return hexlify(octets).decode().upper()


class Link:
    """A GPF behind the link, and what it has written."""

    def __init__(self):
        self.written = []
        self.bench = bench.BenchLink(devices.build("gpf"), self.written.append)
        self.device = self.bench.device
        self.device.clock.set(NEW_YEAR, clock.RELIABLE)
        self.bench.session = Session(self.device, keys())

    def lines(self, line):
        del self.written[:]
        self.bench.line(line)
        written = "".join(self.written)
        assert written.endswith("\n"), written
        return written[:-1].split("\n")

    def control(self, verb, document):
        body = json.dumps(document)
        return self.lines("CTRL:%s#1:%d:%s" % (verb, len(body), body))[-1]


def data(octets, event="DATA", number=7):
    return "GBCS:%s#%d:%d:%s" % (event, number, len(octets), text(octets))


def body(line, event, number=7):
    """The octets of a line, its length checked."""
    head = "GBCS:%s#%d:" % (event, number)
    assert line.startswith(head), line
    length, _, digits = line[len(head) :].partition(":")
    assert len(digits) == 2 * int(length)
    return h(digits)


class Whole:
    """Octets as a stream."""

    def __init__(self, octets):
        self.length = len(octets)
        self._octets = octets

    def chunks(self):
        yield self._octets


def test_messages_stay_whole_until_the_link_has_a_limit():
    """project-choice: the limit of GBCS is secondary evidence; RTDS has whole messages."""
    link = Link()
    (line,) = link.lines(data(gas_read(GCS13A, 1)))
    whole = body(line, "DATA")
    assert Opened(whole).counter == 1
    answer = link.control("LINK", {}).split(":", 3)[3]
    assert json.loads(answer) == {"block": 0, "limit": 1200}


def test_response_in_blocks():
    """spec: General-Block-Transfer; the blocks make the same octets as the whole message."""
    link = Link()
    command = gas_read(GCS13A, 1)
    whole = body(link.lines(data(command))[0], "DATA")
    link.control("LINK", {"block": 64})
    lines = link.lines(data(command))
    assembler = Assembler(1000)
    found = [assembler.take(body(line, "BLOCK")) for line in lines]
    assert len(lines) == 3 and found[:2] == [None, None]
    assert found[2] == whole
    link.control("LINK", {"block": len(whole)})
    assert body(link.lines(data(command))[0], "DATA") == whole, "not over the limit"
    link.control("LINK", {"block": 64})
    link.control("LINK", {"block": 0})
    assert body(link.lines(data(command))[0], "DATA") == whole


def test_command_in_blocks():
    link = Link()
    command = gas_read(GCS13A, 1)
    whole = body(link.lines(data(command))[0], "DATA")
    apdus = [bytes(apdu) for apdu in Blocks(Whole(command), 64).apdus()]
    assert len(apdus) == 2
    (line,) = link.lines(data(apdus[0], "BLOCK", 8))
    assert body(line, "BLOCK", 8) == h("E0 01 0000 0001 00")
    (line,) = link.lines(data(apdus[1], "BLOCK", 9))
    assert body(line, "DATA", 9) == whole
    # A block out of turn loses the message; the next one begins a new message.
    (line,) = link.lines(data(apdus[1], "BLOCK", 8))
    assert line.startswith("LOG:ERROR#8:") and line.endswith("block 2 after block 0")
    for number, apdu in enumerate(apdus):
        (line,) = link.lines(data(apdu, "BLOCK", number))
    assert body(line, "DATA", 1) == whole
    (line,) = link.lines(data(apdus[0], "BLOCK", 8))
    (line,) = link.lines(data(apdus[0], "BLOCK", 8))
    assert line.endswith("block 1 after block 1")


def test_limits_that_cannot_be():
    link = Link()
    for block in (63, 1, -1, 65536, "x", None):
        line = link.control("LINK", {"block": block})
        assert line.startswith("LOG:ERROR#1:"), block
    assert link.lines(data(gas_read(GCS13A, 1)))[0].startswith("GBCS:DATA")


def test_alerts_leave_before_the_answer():
    """spec: to the network operator, by a counter of the device's own."""
    link = Link()
    link.device.alerts += [(0x8002, NEW_YEAR), (0x8085, NEW_YEAR + 1800)]
    del link.written[:]
    link.bench.line("CTRL:ADVANCE#4:14:" + '{"seconds": 1}')
    lines = "".join(link.written)[:-1].split("\n")
    assert lines[-1] == "CTRL:OK#4:2:{}" and len(lines) == 3
    for number, code in ((1, 0x8002), (2, 0x8085)):
        opened = Opened(body(lines[number - 1], "ALERT", number), OPERATOR, cra=3)
        assert (opened.counter, opened.code, opened.target) == (number, 0x1001, OPERATOR)
        assert opened.payload[8:11] == b"\x12" + code.to_bytes(2, "big")
    assert link.device.alerts == []


def test_alerts_wait_for_keys_and_are_not_sent_without_an_operator():
    """project-choice"""
    link = Link()
    link.bench.session = None
    link.device.alerts.append((0x8002, NEW_YEAR))
    assert link.control("ADVANCE", {"seconds": 1}) == "CTRL:OK#1:2:{}"
    assert len(link.device.alerts) == 1, "it waits"
    body = {"device_id": text(DEVICE)}
    parties = []
    for party, role in ((BROKER, "access_control_broker"), (SUPPLIER, "supplier")):
        item = {"id": text(party), "role": role, "ka_public": "04" * 65}
        item["shared_secret"] = text(secret(party))
        parties.append(item)
    body["parties"] = parties
    assert link.control("KEYS", body) == "CTRL:OK#1:2:{}"
    assert link.device.alerts == [] and link.bench.unsent_alerts == 1
    answer = json.loads(link.control("QUERY", {}).split(":", 3)[3])
    assert answer["unsent_alerts"] == 1


def test_alerts_wait_where_their_counter_cannot_be_kept():
    link = Link()

    class Store:
        fails = True

        def report(self, name, why):
            pass

        def get(self, name):
            if self.fails:
                raise StoreError(5)

        def put(self, name, data):
            if self.fails:
                raise StoreError(5)

    store = link.device.store = Store()
    link.device.alerts.append((0x8002, NEW_YEAR))
    assert link.control("ADVANCE", {"seconds": 1}) == "CTRL:OK#1:2:{}"
    assert len(link.device.alerts) == 1
    store.fails = False
    del link.written[:]
    link.bench.line('CTRL:ADVANCE#4:14:{"seconds": 1}')
    assert "GBCS:ALERT#1:85:" in "".join(link.written)
