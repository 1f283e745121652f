# engines: cpython unix
# Boards on one wire: loss, doubles, frames that overtake, collisions, restarts, sleep, forgeries.
import random

from link_wire import KEY, Line, Station, run, settle
from testkit import tmpdir

from smets.ports import link_frames
from smets.ports.link_frames import Link, next_start
from smets.zcl.han_frame import APS_SECURED, BROADCAST, PROFILE_ZDO, HanFrame

ALL = b"\xff" * 8


def stations(line, count):
    return [Station(line, number + 1) for number in range(count)]


def everybody_to_everybody(line, boards, frames):
    """Each board sends numbered frames to each other; all arrive once and in their order."""
    for index in range(frames):
        for one in boards:
            for other in boards:
                if one is not other:
                    one.say(other, bytes((index, 0xC0, 0xDB, index * 7 & 255)) * (index % 9))
        settle(line, boards)
    for other in boards:
        for one in boards:
            if one is not other:
                got = [frame.payload for frame in other.got if frame.source == one.eui]
                assert got == [
                    bytes((i, 0xC0, 0xDB, i * 7 & 255)) * (i % 9) for i in range(frames)
                ]


def test_two_boards_on_a_quiet_wire():
    line = Line()
    a, b = boards = stations(line, 2)
    everybody_to_everybody(line, boards, 12)
    for board in boards:
        status = board.link.status()
        assert status["counts"] == {
            "sent": 12, "delivered": 12, "received": 12, "repeats": 0, "duplicates": 0,
            "given up": 0,
        }  # fmt: skip
        assert status["joined"] and status["waiting"] == 0 and status["errors"] == {}
        assert status["line"]["broken"] == 0
    frame = a.got[3]
    assert (frame.source, frame.destination) == (b.eui, a.eui)
    assert (frame.source_endpoint, frame.destination_endpoint, frame.cluster) == (1, 2, 0x0702)
    assert (frame.profile, frame.flags) == (0x0109, APS_SECURED)


def test_two_boards_with_every_fault():
    for seed in range(2):
        line = Line(seed, loss=0.2, double=0.1, overtake=0.1)
        boards = stations(line, 2)
        everybody_to_everybody(line, boards, 12)
        assert sum(board.link.counts["repeats"] for board in boards)
        assert sum(board.link.counts["duplicates"] for board in boards)
        assert sum(board.link.counts["given up"] for board in boards) == 0


def test_five_boards_with_every_fault():
    for echo in (False, True):
        line = Line(5, loss=0.05, double=0.05, overtake=0.05, echo=echo)
        boards = stations(line, 5)
        everybody_to_everybody(line, boards, 2)


def test_who_speaks_at_the_same_time_speaks_again():
    """All begin in the same millisecond; a board that hears itself notices, others infer it."""
    for echo in (False, True):
        line = Line(echo=echo)
        boards = stations(line, 5)
        for index in range(5):
            boards[index].say(boards[index - 1], bytes((index,)) * 30)
        for board in boards:
            board.link.pump(board, 50)  # the line has been quiet
        took = settle(line, boards)
        assert line.clashes and took < 3000
        assert [[frame.payload[0] for frame in board.got] for board in boards] == [
            [1], [2], [3], [4], [0],
        ]  # fmt: skip
        noticed = [board.bus.counts["collisions"] for board in boards]
        assert all(noticed) if echo else not any(noticed)


def test_the_longest_frame_and_one_that_is_longer():
    line = Line()
    a, b = boards = stations(line, 2)
    for octet in (0xC0, 0xDB, 0x00):
        a.say(b, bytes((octet,)) * link_frames.PAYLOAD)
    a.say(b, bytes(link_frames.PAYLOAD + 1))
    settle(line, boards)
    assert [frame.payload[0] for frame in b.got] == [0xC0, 0xDB, 0x00]
    assert a.link.errors == {"too long": 1}
    assert a.link.fault == "too long: payload of 256 octets"


def test_a_frame_to_all_goes_out_three_times_and_is_taken_once():
    line = Line()
    boards = stations(line, 3)
    frame = HanFrame(boards[0].eui, ALL, 1, 0, 6, b"\x07\x09", PROFILE_ZDO, BROADCAST)
    boards[0].outbox.append(frame)
    settle(line, boards)
    for board in boards[1:]:
        assert [(f.payload, f.profile, f.flags) for f in board.got] == [
            (b"\x07\x09", PROFILE_ZDO, BROADCAST)
        ]
        assert board.link.counts["duplicates"] == 2
        assert board.tap.sent == []
    assert boards[0].got == []
    assert boards[0].link.counts["sent"] == 1 and boards[0].link.counts["repeats"] == 2


def test_a_frame_to_all_does_not_hide_an_older_one_that_comes_late():
    line = Line()
    a, b = boards = stations(line, 2)
    b.tap.deaf = True
    a.say(b, b"early")
    run(line, boards, 60)
    b.tap.deaf = False
    a.say(ALL, b"all", BROADCAST)
    settle(line, boards)
    assert sorted(frame.payload for frame in b.got) == [b"all", b"early"]


def test_a_board_that_restarts():
    """It has forgotten all but the number of its start; what was recorded before is refused."""
    line = Line()
    a, b = boards = stations(line, 2)
    for number in range(5):
        a.say(b, bytes((number,)))
    settle(line, boards)
    recorded = list(a.tap.sent)
    a.boot(2)
    a.say(b, b"new")
    settle(line, boards)
    assert [frame.payload for frame in b.got][5:] == [b"new"]
    answered = len(b.tap.sent)
    for octets in recorded:
        b.tap.coming.extend(octets)
    run(line, boards, 100)
    assert len(b.got) == 6 and len(b.tap.sent) == answered
    assert b.link.errors == {"earlier start": 5}
    b.boot(2)
    a.say(b, b"again")
    b.say(a, b"back")
    settle(line, boards)
    assert b.got[-1].payload == b"again" and a.got[-1].payload == b"back"


def test_a_board_that_restarts_while_frames_wait_for_it():
    line = Line(7, loss=0.1)
    a, b = boards = stations(line, 2)
    b.tap.deaf = True
    for number in range(10):
        a.say(b, bytes((number,)))
    run(line, boards, 3000)
    b.boot(2)
    b.tap.deaf = False
    settle(line, boards)
    assert [frame.payload[0] for frame in b.got] == list(range(10))


def test_frames_wait_for_a_board_that_sleeps():
    line = Line()
    a, b, c = boards = stations(line, 3)
    b.awake = False
    a.say(b, b"for later")
    a.say(c, b"now")
    run(line, boards, 30000)
    assert b.got == [] and [frame.payload for frame in c.got] == [b"now"]
    b.awake = True
    b.say(c, b"awake")  # for another one: that it speaks is enough
    run(line, boards, 200)
    assert [frame.payload for frame in b.got] == [b"for later"]
    assert a.link.counts["given up"] == 0


def test_what_nobody_answers_is_given_up():
    line = Line()
    a, b = boards = stations(line, 2)
    a.say(b"\x00" * 7 + b"\x77", b"nobody")
    run(line, boards, 119000)
    assert a.link.status()["waiting"] == 1
    run(line, boards, 10000)
    assert a.link.status()["waiting"] == 0 and a.link.counts["given up"] == 1
    # The times between two sends grow: two minutes are not filled with one frame.
    assert a.link.counts["repeats"] < 50


def test_a_device_that_says_too_much_loses_the_oldest():
    line = Line()
    a, b = boards = stations(line, 2)
    b.tap.deaf = True
    for number in range(100):
        a.say(b, bytes((number,)))
    run(line, boards, 100)
    assert len(a.outbox) <= 32 and a.link.counts["given up"] == 68
    b.tap.deaf = False
    settle(line, boards)
    assert [frame.payload[0] for frame in b.got] == list(range(68, 100))


def test_another_key_and_forged_octets_are_counted_and_ignored():
    line = Line()
    a, b = boards = stations(line, 2)
    a.boot(1, bytes(reversed(KEY)))
    a.say(b, b"\x00\x21\x00")
    run(line, boards, 500)
    assert b.got == [] and b.tap.sent == []
    assert b.link.errors["wrong key"] >= 1 and b.link.fault == "wrong key"
    # Any bit of a good frame that is turned, with a CRC that fits again.
    a.boot(2)
    a.say(b, b"good", flags=0)
    settle(line, boards)
    assert b.got.pop().payload == b"good"
    seen = []

    class Listener:
        limit, ready, patience, counts, stream = 288, True, 50, {}, None

        def pass_time(self, ms):
            pass

        def receive(self):
            return seen.pop() if seen else None

        def send(self, octets, urgent):
            sent.append(octets)
            return True

    sent = []
    sender = Link(Listener(), KEY, b"\x00\x03")
    a.link = sender
    a.say(b, b"good", flags=0)
    sender.pump(a, 10)
    good = sent.pop()
    target = Link(Listener(), KEY, b"\x00\x01")
    for index in range(len(good)):
        for bit in range(8):
            forged = bytearray(good)
            forged[index] ^= 1 << bit
            seen.append(bytes(forged))
            target.pump(b, 10)
            assert b.got == [] and sent == [], (index, bit)
    seen.append(good)
    target.pump(b, 10)
    assert len(b.got) == 1 and len(sent) == 1


def test_answers_are_only_taken_for_what_was_sent_to_who_answers():
    line = Line()
    a, b, c = boards = stations(line, 3)
    c.tap.deaf = True
    a.say(b, b"1")
    settle(line, [a, b])
    a.say(c, b"2")
    run(line, [a, b], 100)
    # The answer of b once more does not answer what waits for c.
    a.tap.coming.extend(b.tap.sent[0])
    run(line, [a, b], 20)
    assert a.link.status()["waiting"] == 1
    assert len(boards) == 3


def test_noise_does_no_harm():
    random.seed(20221103)
    line = Line()
    a, b = boards = stations(line, 2)
    for _ in range(300):
        octets = bytes(random.getrandbits(8) for _ in range(random.getrandbits(6)))
        b.tap.coming.extend(octets + (b"\xc0" if random.getrandbits(1) else b""))
        run(line, boards, 10)
    b.tap.coming.extend(b"\x55" * 2000)
    run(line, boards, 300)
    assert b.bus.counts["broken"] > 50 and b.got == []
    a.say(b, b"after it")
    settle(line, boards)
    assert [frame.payload for frame in b.got] == [b"after it"]


def test_a_device_without_an_address_says_nothing():
    line = Line()
    a, b = boards = stations(line, 2)
    eui, a.eui = a.eui, b""
    a.outbox.append(HanFrame(eui, b.eui, 1, 1, 6, b"x"))
    run(line, boards, 500)
    assert not a.link.status()["joined"] and a.tap.sent == [] and b.link.status()["joined"]
    a.eui = eui
    settle(line, boards)
    assert len(b.got) == 1


def test_each_start_has_a_higher_number():
    folder = tmpdir() + "/state/link"
    assert [next_start(folder) for _ in range(3)] == [b"\x00\x01", b"\x00\x02", b"\x00\x03"]
    with open(folder + "/start", "r+b") as file:
        file.write(b"\x55\x55")
    assert next_start(folder) == b"", "what cannot be read may have been any number"
    line = Line()
    a, b = boards = stations(line, 2)
    a.link = Link(a.bus, KEY, b"")
    a.say(b, b"x")
    b.say(a, b"y")
    run(line, boards, 300)
    assert a.tap.sent == [] and b.got == [] and len(a.got) == 1
    assert "not kept" in a.link.status()["fault"] and not a.link.status()["joined"]


def test_numbers_do_not_begin_again():
    line = Line()
    a, b = boards = stations(line, 2)
    a.link._count = 0xFFFFFD
    for number in range(4):
        a.say(b, bytes((number,)))
    run(line, boards, 3000)
    assert 1 <= len(b.got) <= 2 and "restart the board" in a.link.status()["fault"]
    assert not a.link.status()["joined"]
    a.boot(2)
    a.say(b, b"on")
    settle(line, boards)
    assert b.got[-1].payload == b"on"
