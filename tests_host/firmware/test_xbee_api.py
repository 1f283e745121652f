# engines: cpython unix
# XBee API frames: the examples of Digi's user guide octet by octet, escapes, garbage, bounds.
import random

from vectors import h
from xbee_wire import Wire, framed

from smets.ports import xbee_api
from smets.ports.xbee_api import Receiver, Sender

# Examples of the XBee 3 Zigbee RF Module User Guide (90001539), API mode 1.
SET_AO = "7E 0005 08 01 414F 01 65"
POWER_UP = "7E 0002 8A 00 75"
DELIVERED = "7E 0007 8B 01 7D84 00 00 01 71"
SET_NI = "7E 0005 88 01 4E49 00 DF"
LQI = "7E 0016 11 01 0013A20040401234 FFFE 00 00 0031 0000 00 00 76 00 CE"
# In mode 2, from the same guide's section on escaped characters.
ESCAPED_EXAMPLE = "7E 0002 23 7D31 CB"


def received(octets, escaped=False, step=4096, receiver=None):
    """The data of all frames in octets."""
    receiver = receiver or Receiver(escaped)
    wire = Wire(octets, step)
    found = []
    while receiver.fill(wire):
        data = receiver.take()
        while data is not None:
            found.append(bytes(data))
            data = receiver.take()
    return found


def test_examples_of_the_guide_are_read():
    data = received(h(POWER_UP + DELIVERED + SET_NI))
    assert data == [h("8A 00"), h("8B 01 7D84 00 00 01"), h("88 01 4E49 00")]
    assert xbee_api.transmit_status(data[1]) == (1, 0x7D84, 0, 0, 1)
    assert xbee_api.at_response(data[2]) == (1, b"NI", 0, b"")
    assert received(h(ESCAPED_EXAMPLE), escaped=True) == [h("23 11")]


def test_examples_of_the_guide_are_written():
    wire = Wire()
    sender = Sender(wire, False)
    assert sender.command(xbee_api.AT_COMMAND, 1, b"AO", b"\x01")
    assert bytes(wire.written) == h(SET_AO)
    wire.written = bytearray()
    assert sender.explicit(1, h("0013A20040401234"), 0xFFFE, 0, 0, 0x0031, 0, 0, h("7600"))
    assert bytes(wire.written) == h(LQI)


def test_explicit_receive_fields():
    # Broadcast of the guide's example: 0013A200 40522BAA, 7D84, endpoints E0, cluster 2211.
    data = h("91 0013A20040522BAA 7D84 E0 E1 2211 C105 02 527844617461")
    assert received(framed(data)) == [data]
    assert xbee_api.explicit_receive(data) == (
        h("0013A20040522BAA"),
        0x7D84,
        0xE0,
        0xE1,
        0x2211,
        0xC105,
        0x02,
    )
    assert xbee_api.received_payload(data) == b"RxData"
    assert xbee_api.received_payload(data[:18]) == b""


def test_what_is_sent_escaped_holds_no_special_octet():
    payload = bytes(range(255))
    wire = Wire(step=7)
    sender = Sender(wire, True)
    done = sender.explicit(0x7E, b"\x11" * 8, 0x1313, 0x7D, 0x7E, 0x7E7D, 0x1113, 0x20, payload)
    assert done, "a transport that takes a part is given the rest"
    written = bytes(wire.written)
    assert written[0] == 0x7E
    for octet in (0x7E, 0x11, 0x13):
        assert octet not in written[1:]
    (data,) = received(written, escaped=True)
    assert data[:2] == h("11 7E") and data[20:] == payload
    assert written == framed(data, True)


def test_a_transport_that_takes_nothing_gets_the_rest_later():
    wire = Wire(step=0)
    sender = Sender(wire, False)
    assert not sender.command(xbee_api.AT_COMMAND, 1, b"AO", b"\x01")
    wire.step = 3
    assert sender.flush()
    assert bytes(wire.written) == h(SET_AO)
    wire.step = 0
    assert not sender.command(xbee_api.AT_COMMAND, 1, b"AO", b"\x01")
    sender.drop()
    assert sender.flush()
    assert bytes(wire.written) == h(SET_AO)


def test_one_octet_at_a_time():
    for escaped in (False, True):
        data = [h("8A 7E"), bytes((0x91,)) + bytes(range(17)) + b"\x7e\x7d\x11\x13" * 60]
        octets = framed(data[0], escaped) + framed(data[1], escaped)
        assert received(octets, escaped, 1) == data


def test_the_longest_frames_pass_and_longer_ones_do_not():
    for escaped in (False, True):
        longest = b"\x91" + b"\x7e" * (xbee_api.LIMIT - 1)
        receiver = Receiver(escaped)
        octets = framed(longest, escaped)
        assert received(octets, escaped, 100, receiver) == [longest]
        assert (receiver.frames, receiver.noise, receiver.broken) == (1, 0, 0)
        longer = b"\x91" + b"\x55" * xbee_api.LIMIT
        octets = framed(longer, escaped) + framed(h("8A 00"), escaped)
        assert received(octets, escaped, 100, receiver) == [h("8A 00")]
        assert receiver.broken == 1
        # Neither are frames without a type and something after it.
        octets = framed(b"", escaped) + framed(b"\x8a", escaped) + framed(h("8A 06"), escaped)
        assert received(octets, escaped, 100, receiver) == [h("8A 06")]


def test_a_wrong_checksum_costs_one_frame():
    for escaped in (False, True):
        good = framed(h("8B 01 7D84 00 00 01"), escaped)
        bad = bytearray(good)
        bad[6] ^= 1
        receiver = Receiver(escaped)
        assert len(received(good + bytes(bad) + good, escaped, 5, receiver)) == 2
        assert (receiver.frames, receiver.broken) == (2, 1)


def test_a_frame_cut_short_does_not_take_the_next_one_with_it():
    long = b"\x91" + bytes(60)
    for escaped in (False, True):
        for cut in range(1, 40):
            receiver = Receiver(escaped)
            octets = framed(long, escaped)[:cut] + framed(h("8A 02"), escaped)
            # Two events end the wait in mode 1: later frames, or the gap after the last octet.
            found = received(octets, escaped, 11, receiver)
            while receiver.partial():
                receiver.give_up()
                found += received(b"", escaped, 11, receiver)
                data = receiver.take()
                if data is not None:
                    found.append(bytes(data))
            assert found == [h("8A 02")], (escaped, cut)
            assert receiver.broken == 1, (escaped, cut)
    receiver.give_up()
    assert receiver.broken == 1, "nothing to give up"


def test_an_octet_pair_lost_inside_escapes():
    octets = h("7E 0002 8A 7D") + framed(h("8A 03"), True)
    assert received(octets, True) == [h("8A 03")]


def test_no_octets_held_beyond_the_buffer():
    receiver = Receiver(False)
    wire = Wire(h("7E 0120 91") * 5000)
    while wire.incoming:
        before = len(wire.incoming)
        assert receiver.fill(wire) > 0, "the scan of a full buffer must get on"
        assert receiver.take() is None
        assert before - len(wire.incoming) <= 640
    assert receiver.frames == 0


def test_garbage_between_frames_never_hides_them():
    random.seed(41)
    for escaped in (False, True):
        for _ in range(150):
            frames, octets = [], b""
            for _ in range(3):
                count = random.getrandbits(5)
                noise = bytes(
                    [random.choice((0, 1, 0x7D, 0x8A, 0x91, 0xFF)) for _ in range(count)]
                )
                data = b"\x8b" + bytes([random.getrandbits(8) for _ in range(6)])
                frames.append(data)
                octets += noise + framed(data, escaped)
            assert received(octets, escaped, 1 + random.getrandbits(4)) == frames


def test_random_octets_with_delimiters_never_raise():
    random.seed(2022)
    alphabet = (0x7E, 0x7D, 0x00, 0x02, 0x05, 0x8A, 0x91, 0x88, 0x11)
    for escaped in (False, True):
        receiver = Receiver(escaped)
        for turn in range(60):
            count = 200
            if turn % 2:
                octets = bytes([random.choice(alphabet) for _ in range(count)])
            else:
                octets = bytes([random.getrandbits(8) for _ in range(count)])
            for data in received(octets, escaped, 1 + random.getrandbits(6), receiver):
                assert 2 <= len(data) <= xbee_api.LIMIT
            if turn % 7 == 0:
                receiver.give_up()
        # Frames that are whole still come through, once what looked like a start is given up.
        found = received(framed(h("8A 02"), escaped), escaped, 9, receiver)
        while receiver.partial():
            receiver.give_up()
            data = receiver.take()
            if data is not None:
                found.append(bytes(data))
        assert found[-1] == h("8A 02")


def test_receiving_allocates_per_read_not_per_octet():
    from testkit import Skip

    try:
        import gc

        gc.mem_alloc  # noqa: B018
    except AttributeError:
        raise Skip("this engine does not count its memory")

    class Steady:
        """Gives octets without allocating."""

        def __init__(self, octets):
            self.octets = octets
            self.position = 0

        def readinto(self, buffer):
            octets, position = self.octets, self.position
            left = len(octets) - position
            count = len(buffer) if len(buffer) < left else left
            for index in range(count):
                buffer[index] = octets[position + index]
            self.position = position + count
            return count

    for escaped in (False, True):
        costs = []
        for size in (10, 200):
            wire = Steady(framed(b"\x91" + b"\x55" * size, escaped))
            receiver = Receiver(escaped)
            gc.collect()
            before = gc.mem_alloc()
            receiver.fill(wire)
            data = receiver.take()
            costs.append(gc.mem_alloc() - before)
            assert len(data) == size + 1
        assert costs[0] == costs[1] <= 400, costs
