# engines: cpython unix
# The table of pending requests: sequence numbers, answers of others, time, retries, late answers.
from testkit import raises

from smets.codec import DecodeError
from smets.zcl.client import LIMIT, Client, Read, Request, Search, refusal
from smets.zcl.han_frame import HanFrame

OWN = bytes.fromhex("02534D45545300B0")
METER = bytes.fromhex("02534D45545300A0")
OTHER = bytes.fromhex("02534D45545300A3")
HERE = 1
THERE = 3


class Display:
    """A device with one table, and what was said to those who asked."""

    def __init__(self):
        self.eui = OWN
        self.outbox = []
        self.client = Client(self, HERE)
        self.told = []
        self.keep = False  # whether the next answer is said to be incomplete

    def done(self, request, answer):
        if answer is not None and not isinstance(answer, tuple):
            answer = bytes(answer.payload)
        self.told.append((request, answer))
        return not self.keep

    def read(self, now=0, timeout=10, retries=0, to=(METER, THERE)):
        request = Read(to, 0x0702, (0x0000, 0x0301), self.done)
        request.timeout, request.retries = timeout, retries
        self.client.ask(now, request)
        return request

    def act(self, now=0):
        request = Request((METER, THERE), 0x0705, 0x03, b"\x02\x14", self.done)
        self.client.ask(now, request)
        return request

    def sent(self):
        frames = list(self.outbox)
        del self.outbox[:]
        return frames

    def give(self, payload, **changes):
        how = {"source": METER, "there": THERE, "here": HERE, "cluster": 0x0702, "profile": 0x0109}
        how.update(changes)
        frame = HanFrame(
            how["source"],
            OWN,
            how["there"],
            how["here"],
            how["cluster"],
            payload,
            how["profile"],
        )
        return self.client.take(frame)


def _values(sequence, command=0x01, control=0x18):
    return bytes((control, sequence, command)) + b"\x00\x00\x86"


def test_what_is_sent():
    """spec: frame control 00 for Read Attributes, 01 for a command of the cluster."""
    display = Display()
    display.read()
    display.act()
    display.client.send((METER, THERE), 0x0708, b"\x00\x25\x0b\x00\x00")
    display.client.ask(0, Search(METER, 0x0708, display.done))
    read, act, told, search = display.sent()
    assert read.payload == b"\x00\x01\x00\x00\x00\x01\x03"
    assert act.payload == b"\x01\x02\x03\x02\x14"
    assert told.payload == b"\x00\x25\x0b\x00\x00" and told.cluster == 0x0708
    for frame in (read, act, told):
        assert (frame.source, frame.destination) == (OWN, METER)
        assert (frame.source_endpoint, frame.destination_endpoint) == (HERE, THERE)
        assert (frame.profile, frame.flags) == (0x0109, 1)
    assert search.payload == b"\x03\xa0\x00\x09\x01\x01\x08\x07\x00"
    assert (search.profile, search.cluster, search.destination_endpoint) == (0, 0x0006, 0)


def test_sequence_numbers_wrap_and_skip_what_waits():
    """spec: one octet; a number that waits for its answer is not given out again."""
    display = Display()
    first, second = display.read(), display.read()
    assert (first.sequence, second.sequence) == (1, 2)
    given = []
    for _ in range(254):
        request = display.read()
        given.append(request.sequence)
        display.client.cancel(request)
    assert given == list(range(3, 256)) + [0]
    assert display.read().sequence == 3, "1 and 2 wait still"
    assert display.give(_values(1)) and display.told[-1][0] is first
    assert display.give(_values(2)) and display.told[-1][0] is second
    assert [frame.payload[1] for frame in display.sent()] == [1, 2] + given + [3]


def test_each_answer_goes_to_its_request():
    """spec: by sequence number, in any order, each once."""
    display = Display()
    requests = [display.read() for _ in range(3)]
    for sequence in (2, 3, 1):
        assert display.give(_values(sequence))
        assert not display.give(_values(sequence)), "a second answer is not asked for"
    assert [row[0] for row in display.told] == [requests[1], requests[2], requests[0]]
    assert not display.client.busy


def test_answers_of_others():
    """spec: another device, endpoint, cluster, profile, side, manufacturer or kind is none."""
    display = Display()
    display.read()
    act = display.act()
    for changes in (
        {"source": OTHER},
        {"there": THERE + 1},
        {"here": HERE + 1},
        {"cluster": 0x0705},
        {"profile": 0x0104},
    ):
        assert not display.give(_values(1), **changes), changes
    assert not display.give(_values(1, control=0x10)), "the client's side"
    assert not display.give(b"\x1c\x21\x10\x01\x01\x00\x00\x86"), "of a manufacturer"
    assert not display.give(_values(1, command=0x04)), "another command"
    assert not display.give(_values(1, control=0x19)), "a command of the cluster"
    assert not display.give(b"\x18\x01\x0b\x0a\x00"), "Default Response to another command"
    assert not display.give(_values(3)), "a number that waits for nothing"
    assert not display.give(_values(2), cluster=0x0705), "no attributes were asked for"
    assert not display.give(b"\x00\x01\x00\x00\x01\x03", profile=0, there=0), "a ZDO frame"
    assert display.told == [] and display.client.busy
    assert display.give(b"\x19\x02\x01\x00", cluster=0x0705)
    assert display.told == [(act, b"\x00")]
    assert display.give(_values(1, control=0x08)) and not display.client.busy


def test_default_response():
    """spec: it names the command; its status says why there is no other answer."""
    display = Display()
    statuses = []

    def done(request, answer):
        statuses.append(refusal(answer))

    for payload in (b"\x18\x01\x0b\x00\xc3", _values(2)):
        display.client.ask(0, Read((METER, THERE), 0x0702, (0,), done))
        assert display.give(payload)
    display.client.ask(0, Request((METER, THERE), 0x0702, 0x08, b"", done))
    for payload in (b"\x18\x03\x0b", b"\x18\x03\x0b\x08", b"\x18\x03\x0b\x08\x00\x00"):
        with raises(DecodeError):
            display.give(payload)
    assert display.client.busy, "what is malformed answers nothing"
    assert display.give(b"\x18\x03\x0b\x08\x8b")
    assert statuses == [0xC3, None, 0x8B] and not display.client.busy
    for payload in (b"", b"\x18", b"\x18\x01", b"\x1a\x01\x01"):
        with raises(DecodeError):
            display.give(payload)


def test_given_up_in_time():
    """project: after the timeout, not a second before; each once, and its answer is late then."""
    display = Display()
    early, late = display.read(0, 10), display.read(4, 10)
    display.client.tick(9)
    assert display.told == []
    display.client.tick(10)
    assert display.told == [(early, None)]
    display.client.tick(13)
    assert len(display.told) == 1 and display.client.busy
    assert not display.give(_values(1)), "late"
    display.client.tick(1000)
    assert display.told == [(early, None), (late, None)] and not display.client.busy
    assert not display.give(_values(2))
    assert len(display.sent()) == 2


def test_sent_again():
    """project: with a number of its own each time; an answer to an earlier one is late."""
    display = Display()
    request = display.read(0, 10, 2)
    assert [frame.payload[1] for frame in display.sent()] == [1]
    display.client.tick(10)
    again = display.sent()
    assert [frame.payload for frame in again] == [b"\x00\x02\x00\x00\x00\x01\x03"]
    assert not display.give(_values(1)) and display.told == []
    display.client.tick(19)
    assert display.sent() == []
    display.client.tick(20)
    assert [frame.payload[1] for frame in display.sent()] == [3]
    display.client.tick(29)
    assert display.give(_values(3)) and len(display.told) == 1
    silent = display.read(100, 10, 2)
    for now in range(101, 200):
        display.client.tick(now)
    assert [frame.payload[1] for frame in display.sent()] == [4, 5, 6]
    assert display.told[1:] == [(silent, None)] and not display.client.busy
    assert request.tries == silent.tries == 3


def test_more_is_still_to_come():
    """spec: ConsumerTopUp is acknowledged first and answered then; bad octets change nothing."""
    display = Display()
    request = display.act()
    display.keep = True
    assert display.give(b"\x18\x01\x0b\x03\x00", cluster=0x0705)
    assert display.client.holds(request)
    display.keep = False
    assert display.give(b"\x19\x01\x01\x07", cluster=0x0705)
    assert [row[1] for row in display.told] == [b"\x03\x00", b"\x07"]
    assert not display.client.holds(request) and not display.client.holds(None)

    def bad(request, answer):
        raise DecodeError(0, "bad")

    display.client.ask(0, Read((METER, THERE), 0x0702, (0,), bad))
    with raises(DecodeError):
        display.give(_values(2))
    assert display.client.busy


def test_search():
    """spec: Match_Desc_rsp of the device asked, from endpoint 0; none is an answer, too."""
    display = Display()
    zdo = {"there": 0, "here": 0, "cluster": 0x8006, "profile": 0}
    request = Search(METER, 0x0708, display.done)
    display.client.ask(0, request)
    answer = b"\x01\x00\xa0\x00\x02\x05\x06"
    assert not display.give(answer, source=OTHER, there=0, here=0, cluster=0x8006, profile=0)
    assert not display.give(b"\x02" + answer[1:], **zdo)
    assert not display.give(answer[:-1], **zdo), "cut short"
    assert not display.give(_values(1), there=0), "no ZDO frame"
    assert display.give(answer, **zdo)
    assert display.told == [(request, (5, 6))]
    for payload in (b"\x02\x00\xa0\x00\x00", b"\x03\x81\xa0\x00\x00"):
        display.client.ask(0, Search(METER, 0x0708, display.done))
        assert display.give(payload, **zdo) and display.told[-1][1] == ()
    display.read()
    assert not display.give(b"\x04" + answer[1:], **zdo), "that was no search"
    assert display.client.busy


def test_who_asks_too_much_loses_the_oldest():
    """project: the table is bounded; what would be given up first goes, and is told so."""
    display = Display()
    requests = [display.read(now) for now in range(LIMIT)]
    assert display.told == []
    display.read(LIMIT, 10, 5)
    assert display.told == [(requests[0], None)]
    assert not display.give(_values(1)) and display.give(_values(2))


def test_a_peer_that_leaves():
    """project: what waits for it is given up at once, the rest waits; a cancelled one is mute."""
    display = Display()
    gone = [display.read(), display.read()]
    stays = display.read(0, 10, 0, (OTHER, THERE))
    mute = display.read(0, 10, 0, (OTHER, THERE))
    display.client.cancel(mute)
    display.client.cancel(mute)
    display.client.forget(METER)
    assert sorted([row[0].sequence for row in display.told]) == [1, 2]
    assert [row[1] for row in display.told] == [None, None]
    assert gone[0] is not stays and display.client.holds(stays)
    assert not display.give(_values(4), source=OTHER)
    assert display.give(_values(3), source=OTHER) and display.told[-1][0] is stays


def test_to_ask_while_being_told():
    """project: an answer or a silence may make the next request, also in the middle of a tick."""
    display = Display()
    order = []

    def done(request, answer):
        order.append((request.sequence, answer is not None))
        if len(order) < 6:
            display.client.ask(display.now, Read((METER, THERE), 0x0702, (0,), done))

    display.now = 0
    for _ in range(2):
        display.client.ask(0, Read((METER, THERE), 0x0702, (0,), done))
    display.now = 11
    display.client.tick(11)
    assert sorted(order) == [(1, False), (2, False)] and len(display.outbox) == 4
    assert display.give(_values(3)) and display.give(_values(4))
    display.now = 22
    display.client.tick(22)
    assert sorted(order[2:]) == [(3, True), (4, True), (5, False), (6, False)]
