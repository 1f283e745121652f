"""The bench link of a board: whatever comes over the line, the next line gets its answer."""

from __future__ import annotations

import json
import random
import time

import pytest
from rig import Rig

from host_tools.bench import BenchClient, BenchError, SerialTransport

LINE_LIMIT = 8192
HELLO = b"CTRL:HELLO#%d:0:\n"


class Line:
    """The serial line itself, for what no client would send."""

    def __init__(self, rig: Rig) -> None:
        self.transport = SerialTransport(rig.port)
        self._number = 0

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *details: object) -> None:
        self.transport.close()

    def send(self, data: bytes) -> None:
        """Send octets, as a serial port takes them."""
        port = self.transport._port
        for start in range(0, len(data), 256):
            port.write(data[start : start + 256])

    def next(self, timeout: float = 20) -> str:
        """The next line of the device."""
        return self.transport.receive(timeout)

    def errors(self, data: bytes) -> list[str]:
        """The LOG:ERROR lines for these octets; what comes next is answered."""
        self._number += 1
        self.send(data + HELLO % self._number)
        errors: list[str] = []
        # An emulated board takes some thousand octets a second.
        timeout = 20 + len(data) / 1000
        while not (line := self.next(timeout)).startswith(f"CTRL:OK#{self._number}:"):
            assert line.startswith("LOG:ERROR#"), line
            errors.append(line)
        assert json.loads(line.split(":", 3)[3])["device"] == "GPF"
        return errors


@pytest.fixture
def line(rig: Rig) -> Line:
    """The line to a gas proxy."""
    rig.start("gpf")
    with rig.client() as client:
        client.control("FORGET")
        client.control("LOG", {"clear": True})
    return Line(rig)


BAD = (
    b"rubbish\n",
    b"CTRL:HELLO\n",
    b"CTRL:HELLO#1\n",
    b"CTRL:HELLO#x:0:\n",
    b"CTRL:HELLO#1:5:\n",
    b"CTRL:HELLO#99999999999:0:\n",
    b"CTRL:NOTHING#1:0:\n",
    b"NOTHING:HELLO#1:0:\n",
    b"CTRL:STATE#1:3:{x}\n",
    b'CTRL:STATE#1:10:{"zlc": 1}\n',
    b"CTRL:STATE#1:2:[]\n",
    b"CTRL:KEYS#1:2:{}\n",
    b"GBCS:DATA#1:2:0G00\n",
    b"GBCS:DATA#1:1:00\n",
    b"ZCL:FRAME#1:1:00\n",
    b"\xff\xfe\xfd\n",
    b"\x00\n",
)


@pytest.mark.rack
def test_bad_lines_get_an_error_each(line: Line) -> None:
    """And change nothing: the device has no keys afterwards."""
    with line:
        for bad in BAD:
            assert len(line.errors(bad)) == 1, bad
        assert len(line.errors(b"".join(BAD))) == len(BAD)
        assert line.errors(b"\n\r\n   \n") == [], "an empty line is no line"
        assert "no keys" in line.errors(b"GBCS:DATA#1:1:00\n")[0]


def test_long_lines_are_dropped_to_their_end(line: Line) -> None:
    """The longest line is taken; one octet more, or a hundred thousand, is an error."""
    with line:
        head = b"CTRL:OTHER#1:%d:" % (LINE_LIMIT - 18)
        assert len(head) == 18
        taken = line.errors(head + b"9" * (LINE_LIMIT - 18) + b"\n")
        assert len(taken) == 1 and "unknown event" in taken[0], taken
        for more in (1, 2, 5000, 100_000):
            errors = line.errors(b"x" * (LINE_LIMIT + more) + b"\n")
            assert len(errors) == 1 and "longer than 8192" in errors[0], errors


def test_noise_does_no_harm(line: Line, seed: int) -> None:
    """Random octets, Ctrl-C among them; it counts at the start of a line or twice only."""
    draw = random.Random(seed)
    with line:
        for size in (1, 10, 100, 1000, 5000):
            noise = bytearray(draw.randbytes(size))
            for index, octet in enumerate(noise):
                before = noise[index - 1] if index else ord("\n")
                if octet == 3 and before in b"\r\n\x03":
                    noise[index] = 0x83
            errors = line.errors(bytes(noise) + b"\n")
            assert len(errors) <= noise.count(b"\n") + noise.count(b"\r") + 1


def test_half_lines_wait_for_their_other_half(line: Line) -> None:
    """However long that takes; the watchdog does not mind."""
    with line:
        for pause in (0.0, 0.1, 1.0, 3.0):
            line.send(b"CTRL:HEL")
            time.sleep(pause)
            line.send(b"LO#5:0:\n")
            assert line.next().startswith("CTRL:OK#5:")


@pytest.mark.rack
def test_a_line_that_is_lost_with_its_host_spoils_one_line_at_most(line: Line, rig: Rig) -> None:
    """A host dies in the middle of a line; the next one opens the port and asks."""
    with line:
        line.send(b"GBCS:DATA#1:100:0011")
    with Line(rig) as second:
        second.send(HELLO % 7)
        assert second.next().startswith("LOG:ERROR#"), "the two halves are no line"
        assert second.errors(b"") == []
        second.send(b"CTRL:QUE")
    with Line(rig) as third:
        assert third.errors(b"\n")[0].startswith("LOG:ERROR#"), "an end first loses nothing"


def test_a_host_may_leave_in_the_middle_of_an_answer(line: Line, rig: Rig) -> None:
    """Its output may reach the next link first, which has numbers of its own."""
    line.transport.close()
    for number in range(20):
        with Line(rig) as leaving:
            leaving.send(b"".join(HELLO % (1000 + each) for each in range(5)))
        with BenchClient(SerialTransport(rig.port), timeout=10) as client:
            try:
                assert client.control("HELLO")["device"] == "GPF"
            except BenchError:
                # The rest of a line that the host before left unread.
                assert client.control("HELLO")["device"] == "GPF", number


def test_lines_sent_ahead_are_answered_in_order(line: Line) -> None:
    """A hundred of them, without waiting for an answer."""
    with line:
        line.send(b"".join(HELLO % number for number in range(100)))
        numbers = [int(line.next().split("#")[1].split(":")[0]) for _ in range(100)]
        assert numbers == list(range(100))
