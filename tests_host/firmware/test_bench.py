# engines: cpython unix
# The bench link: lines in, lines out, and that a wrong line changes nothing.
import json
from binascii import hexlify

from testkit import raises, unload
from vectors import (
    BROKER,
    DEVICE,
    GCS13A,
    OPERATOR,
    SUPPLIER,
    Opened,
    access_request,
    command,
    gas_read,
    h,
    key,
    range_descriptor,
    secret,
)

from smets import __version__, bench, clock, devices
from smets.dlms.objects import Buffer
from smets.zcl import types
from smets.zcl.han_frame import HanFrame

GSME = h("025ECA0000000001")
NEW_YEAR = 0x1C374A80


def text(octets):
    return hexlify(octets).decode().upper()


class Link:
    """A device behind the link, and what it has written."""

    def __init__(self, role="gpf"):
        self.written = []
        self.bench = bench.BenchLink(devices.build(role), self.written.append)
        self.device = self.bench.device

    def lines(self, line):
        """The outcome of a line."""
        self.written.clear()
        self.bench.line(line)
        written = "".join(self.written)
        assert written.endswith("\n"), written
        return written[:-1].split("\n")

    def line(self, line):
        lines = self.lines(line)
        assert len(lines) == 1, lines
        return lines[0]

    def control(self, verb, document=None, number=1):
        body = "" if document is None else json.dumps(document)
        return self.line("CTRL:%s#%d:%d:%s" % (verb, number, len(body), body))

    def answer(self, verb, document=None):
        line = self.control(verb, document)
        assert line.startswith("CTRL:OK#1:"), line
        length, _, body = line[len("CTRL:OK#1:") :].partition(":")
        assert len(body) == int(length)
        return json.loads(body)

    def error(self, verb, document=None):
        line = self.control(verb, document)
        assert line.startswith("LOG:ERROR#1:"), line
        length, _, body = line[len("LOG:ERROR#1:") :].partition(":")
        assert len(body) == int(length)
        return body

    def load_keys(self):
        self.answer("KEYS", {"device_id": text(DEVICE)})
        for party, role in (
            (BROKER, "access_control_broker"),
            (SUPPLIER, "supplier"),
            (OPERATOR, "network_operator"),
        ):
            item = {"id": text(party), "role": role, "ka_public": "04" * 65}
            item["shared_secret"] = text(secret(party))
            self.answer("KEYS", {"parties": [item]})


def event(head, what):
    """A whole line: the kind, verb and number, then the text with its length."""
    return "%s:%d:%s" % (head, len(what), what)


def data(octets, number=7):
    return "GBCS:DATA#%d:%d:%s" % (number, len(octets), text(octets))


def test_line_is_taken_apart():
    unload()
    assert bench.parse_line("CTRL:HELLO#12:0:") == ("CTRL", "HELLO", 12, "")
    assert bench.parse_line("GBCS:DATA#1:2:aBcD") == ("GBCS", "DATA", 1, b"\xab\xcd")
    assert bench.parse_line("LOG:X#999999999:3:a:#") == ("LOG", "X", 999999999, "a:#")


def test_malformed_lines_get_an_error_line():
    unload()
    link = Link()
    for line, what in (
        ("", "not KIND:VERB#n:len:body"),
        ("hello", "not KIND:VERB#n:len:body"),
        ("CTRL:HELLO", "not KIND:VERB#n:len:body"),
        ("CTRL:HELLO#1", "not KIND:VERB#n:len:body"),
        ("CTRL:HELLO#1:0", "not KIND:VERB#n:len:body"),
        ("CTRL#1:0:", "not KIND:VERB#n:len:body"),
        ("CTRL:HELLO#x:0:", "n and len must be decimal numbers of up to nine digits"),
        ("CTRL:HELLO#:0:", "n and len must be decimal numbers of up to nine digits"),
        ("CTRL:HELLO#-1:0:", "n and len must be decimal numbers of up to nine digits"),
        ("CTRL:HELLO#1: 0:", "n and len must be decimal numbers of up to nine digits"),
        ("CTRL:HELLO#1:1234567890:", "n and len must be decimal numbers of up to nine digits"),
        ("CTRL:HELLO#1:1:", "len is 1, the body has 0"),
        ("CTRL:HELLO#1:0:x", "len is 0, the body has 1"),
        ("GBCS:DATA#1:2:AB", "len is 2, the body has 1"),
        ("GBCS:DATA#1:1:A", "body is not hexadecimal"),
        ("GBCS:DATA#1:1:GG", "body is not hexadecimal"),
        ("ZCL:FRAME#1:1:zz", "body is not hexadecimal"),
        ("x" * 8193, "line longer than 8192 characters"),
    ):
        assert link.line(line) == event("LOG:ERROR#0", what), line


def test_unknown_events_get_an_error_line():
    unload()
    link = Link()
    for event in ("CTRL:JUMP", "GBCS:FRAME", "ZCL:DATA", "LOG:ERROR", "X:Y", ":"):
        body = "" if event[0] in "GZ" else "{}"
        line = link.line("%s#5:%d:%s" % (event, len(body), body))
        assert line.startswith("LOG:ERROR#5:"), line
        assert line.endswith("unknown event " + event)
    line = link.line("CTRL:%s#5:0:" % ("LONG" * 100))
    assert line.endswith("unknown event CTRL:LONGLONGLONGLONG")


def test_hello():
    unload()
    assert Link().answer("HELLO") == {"firmware": __version__, "device": "GPF"}
    assert Link("esme").answer("HELLO", {})["device"] == "ESME"


def test_command_and_response():
    unload()
    link = Link()
    link.load_keys()
    link.device.clock.set(NEW_YEAR, clock.RELIABLE)
    line = link.line(data(gas_read(GCS13A)))
    assert line.startswith("GBCS:DATA#7:")
    length, _, body = line[len("GBCS:DATA#7:") :].partition(":")
    assert body == body.upper()
    opened = Opened(h(body))
    assert (len(opened.octets), opened.code) == (int(length), GCS13A)


def test_refused_command():
    unload()
    link = Link()
    link.load_keys()
    line = link.line(data(gas_read(GCS13A, originator=GSME)))
    assert line == event("GBCS:NONE#7", "unknown-party")
    assert link.line(data(b"")).startswith("GBCS:NONE#7:")
    assert link.answer("QUERY")["refusals"] == {"unknown-party": 1, "malformed": 1}


def test_command_before_the_keys():
    unload()
    assert Link().line(data(gas_read(GCS13A))) == "LOG:ERROR#7:14:no keys loaded"


def test_keys_set_the_identity():
    unload()
    link = Link()
    link.load_keys()
    assert link.device.eui == DEVICE
    session = link.bench.session
    link.answer("KEYS", {"parties": []})
    assert link.bench.session is session


def test_keys_that_are_wrong():
    unload()
    link = Link()
    assert link.error("KEYS", {"parties": []}) == "keys.device_id: 0 octets, expected 8"
    assert link.bench.session is None
    link.load_keys()
    assert link.error("KEYS", {"device_id": text(GSME)}) == (
        "keys.device_id: the device has another one"
    )
    assert link.error("KEYS", [1]) == "the body is not an object"


def test_state_and_append():
    unload()
    link = Link("esme")
    item = {
        "class": 7,
        "obis": "1-0:99.1.0.255",
        "attr": 2,
        "value": {"type": "compact-array", "element_type": "unsigned", "value": [1]},
    }
    link.answer("STATE", {"dlms": [item]})
    link.answer("APPEND", {"dlms": [item]})
    buffer = link.device.dlms.values[key(7, (1, 0, 99, 1, 0, 255), 2)]
    assert buffer.rows == [b"\x01", b"\x01"]


SECONDS = " is not a whole number from 0 to 86400"


def test_wrong_documents_change_nothing():
    unload()
    link = Link()
    link.load_keys()
    link.answer("CLOCK", {"time": "2015-01-01T00:00:00Z"})
    before = link.answer("QUERY")
    for verb, body, what in (
        ("STATE", "{", None),
        ("STATE", "nonsense", None),
        ("STATE", "{} x", None),
        ("STATE", "[1]", "the body is not an object"),
        ("STATE", "5", "the body is not an object"),
        ("STATE", '{"clock": {"time": null, "status": "invalid"}, "zcl": 5}', None),
        ("STATE", '{"clock": {"time": null, "status": "invalid"}, "x": 5}', None),
        ("APPEND", '{"dlms": 5}', "state.dlms: 5 is not a list"),
        ("CLOCK", "5", "the body is not an object"),
        ("CLOCK", '{"time": "tomorrow"}', None),
        ("ADVANCE", "5", None),
        ("ADVANCE", "{}", None),
        ("ADVANCE", "[]", None),
        ("ADVANCE", '{"seconds": -1}', SECONDS),
        ("ADVANCE", '{"seconds": 1.5}', SECONDS),
        ("ADVANCE", '{"seconds": "1"}', SECONDS),
        ("ADVANCE", '{"seconds": true}', SECONDS),
        ("ADVANCE", '{"seconds": 86401}', SECONDS),
        ("ADVANCE", "{}", "ADVANCE.seconds: missing"),
        ("SET", "[]", "the body is not an object"),
        ("ACT", "7", "the body is not an object"),
        ("STATE", '"text"', "the body is not an object"),
        ("SET", '{"colour": 1}', "colour: not of the inputs here: gsme"),
        ("SET", "5", None),
        ("SET", "[5]", "the body is not an object"),
    ):
        line = link.line("CTRL:%s#3:%d:%s" % (verb, len(body), body))
        assert line.startswith("LOG:ERROR#3:"), line
        if what:
            assert line.endswith(what), line
    after = link.answer("QUERY")
    for name in ("clock_status", "time", "answered", "refusals"):
        assert after[name] == before[name], name


def test_documents_nested_without_end():
    """Whatever the engine's stack says of them, the link stays up."""
    unload()
    link = Link()
    deep = '{"type":"array","value":['
    for body in (
        "[" * 8000,
        '{"clock":' * 900,
        '{"dlms":[{"class":1,"obis":"0-0:96.1.0.255","attr":2,"value":%s%s}]}'
        % (deep * 200, "]}" * 200),
    ):
        lines = link.lines("CTRL:STATE#4:%d:%s" % (len(body), body))
        assert len(lines) == 1
        assert "#4:" in lines[0]
    assert link.answer("HELLO")["device"] == "GPF"


def test_clock_and_time():
    unload()
    link = Link()
    assert link.answer("QUERY")["clock_status"] == "invalid"
    assert "time" not in link.answer("QUERY")
    link.answer("CLOCK", {"time": "2015-01-01T00:00:00Z", "status": "unreliable"})
    link.answer("ADVANCE", {"seconds": 90})
    found = link.answer("QUERY")
    assert (found["time"], found["clock_status"]) == ("2015-01-01T00:01:30Z", "unreliable")
    link.answer("ADVANCE", {"seconds": 0})
    assert link.answer("QUERY")["time"] == "2015-01-01T00:01:30Z"


def test_query_counts():
    unload()
    link = Link()
    found = link.answer("QUERY")
    assert (found["answered"], found["refusals"], found["counter_reused"]) == (0, {}, 0)
    assert found["memory"] >= 0
    link.load_keys()
    link.line(data(gas_read(GCS13A)))
    assert link.answer("QUERY")["answered"] == 1


def test_forget():
    unload()
    link = Link()
    link.load_keys()
    link.answer("CLOCK", {"time": "2015-01-01T00:00:00Z"})
    link.answer("FORGET")
    assert link.bench.device is not link.device
    assert link.answer("QUERY")["clock_status"] == "invalid"
    assert link.line(data(gas_read(GCS13A))) == "LOG:ERROR#7:14:no keys loaded"
    assert link.answer("HELLO")["device"] == "GPF"


def gsme_link():
    link = Link("gsme")
    link.answer("KEYS", {"device_id": text(GSME)})
    link.answer("CLOCK", {"time": "2015-01-01T00:00:00Z"})
    link.answer("SET", {"gpf": text(DEVICE), "draw": 3})
    attribute = {"type": "0x25", "value": 100}
    link.answer("STATE", {"zcl": {"0x0702": {"0x0000": attribute}}})
    return link


def test_frames_of_the_device_leave_before_the_answer():
    unload()
    link = gsme_link()
    lines = link.lines('CTRL:ADVANCE#9:17:{"seconds": 1800}')
    assert lines[-1] == "CTRL:OK#9:2:{}"
    numbers = [int(line.split("#")[1].split(":")[0]) for line in lines[:-1]]
    assert numbers == list(range(1, len(lines)))
    assert lines[0].endswith("10010000000100"), "the hub's time is asked for"
    body = lines[-2].split(":")[-1]
    assert int(lines[-2].split(":")[2]) == len(body) // 2
    frame = h(body)
    assert frame[2:18] == GSME + DEVICE
    assert frame[24:].endswith(h("0700 E2 88513 71C FEFF 30 01"))
    assert h("18010A") in b"".join(h(line.split(":")[-1]) for line in lines[:-1])
    lines = link.lines('CTRL:ADVANCE#10:17:{"seconds": 1800}')
    assert lines[0].startswith("ZCL:FRAME#%d:" % (numbers[-1] + 1))


def test_long_advance_is_made_in_steps():
    """The reports of a long time never wait in the heap together."""
    unload()
    link = gsme_link()
    waiting = []
    advance = link.device.advance

    def watched(seconds):
        advance(seconds)
        waiting.append(len(link.device.outbox))

    link.device.advance = watched
    lines = link.lines('CTRL:ADVANCE#9:17:{"seconds": 7200}')
    first = len(waiting) and (len(lines) - 1) // 4
    assert len(lines) == 4 * first + 1
    assert max(waiting) <= 2 * first
    assert link.device.zcl.get(0x0702, 0x0000) == 100 + 4 * 3
    assert link.answer("QUERY")["time"] == "2015-01-01T02:00:00Z"


def test_frame_to_the_device():
    unload()
    link = Link()
    link.answer("KEYS", {"device_id": text(DEVICE)})
    link.device.zcl.set(0x0702, 0x0000, types.UINT48, 5)
    frame = HanFrame(GSME, DEVICE, 1, 2, 0x0702, h("00 05 00 0000")).encode()
    lines = link.lines("ZCL:FRAME#8:%d:%s" % (len(frame), text(frame)))
    assert lines[-1] == "ZCL:OK#8:0:"
    reply = h(lines[0].split(":")[-1])
    assert reply[2:18] == DEVICE + GSME
    assert reply[24:] == h("18 05 01 0000 00 25 050000000000")


def test_malformed_frame_is_an_error_line():
    unload()
    link = Link()
    what = "offset 0: HAN frame version: not 01"
    assert link.line("ZCL:FRAME#8:1:02") == event("LOG:ERROR#8", what)
    assert link.line("ZCL:FRAME#8:0:").startswith("LOG:ERROR#8:")


def test_inputs_of_a_role():
    unload()
    link = Link("gsme")
    link.answer("SET", {"sends_time": False})
    assert link.device.feature("gas_reports").sends_time is False
    told = link.error("SET", {"gpf": "zz"})
    assert told == 'gpf: "zz" is not an EUI-64 of 16 hexadecimal digits'
    assert Link("chf").error("SET", {"gpf": "00"}) == "gpf: not of the inputs here: none"


def test_long_response_leaves_in_pieces():
    unload()
    link = Link("esme")
    link.load_keys()
    buffer = Buffer(h("0202 06 06"))
    for index in range(100):
        buffer.append(index.to_bytes(4, "big") + bytes(4))
    log = key(7, (0, 17, 99, 98, 2, 255), 2)
    link.device.dlms.values[log] = buffer
    element = (4, log, range_descriptor(0, 0xFFFFFFFF), b"\x00")
    line = link.line(data(command(0x00BA, access_request([element]))))
    length, _, body = line[len("GBCS:DATA#7:") :].partition(":")
    assert len(body) == 2 * int(length)
    octets = h(body)
    link = line = body = log = element = buffer = None
    unload()
    assert len(Opened(octets).payload) > 800


def test_response_that_breaks_off_ends_its_line():
    unload()
    link = Link("esme")
    link.load_keys()

    class Broken:
        length = 100

        def chunks(self):
            yield b"\xda"
            raise MemoryError("no room")

    log = key(7, (0, 17, 99, 98, 2, 255), 2)

    class Log:
        def select(self, start, end):
            return Broken()

    link.device.dlms.values[log] = Log()
    element = (4, log, range_descriptor(0, 1), b"\x00")
    octets = command(0x00BA, access_request([element]))
    link.bench.session._keep = lambda digest, response: response
    lines = link.lines(data(octets))
    assert len(lines) == 2
    assert lines[0].startswith("GBCS:DATA#7:")
    assert lines[1].startswith("LOG:ERROR#7:")


def test_error_lines_are_one_line():
    unload()
    link = Link()
    body = json.dumps({"a\nb": 1})
    line = link.line("CTRL:STATE#3:%d:%s" % (len(body), body))
    assert line == event("LOG:ERROR#3", "state.a b: unknown member")


def test_parse_line_raises_line_errors_only():
    unload()
    for line in ("CTRL:X#1:1:\u00e9", "GBCS:DATA#1:1:\u00e9\u00e9", "\u00e9" * 50):
        if line.startswith("CTRL"):
            assert bench.parse_line(line)[3] == "\u00e9"
            continue
        with raises(bench.LineError):
            bench.parse_line(line)
