"""A display of another maker: it answers `ZCL:FRAME` alone, on octets written out here.

When a meter of its home tells a date it asks for it, a moment later and by itself. `fault` plants
one mistake. It shares no line with the firmware or the host tools.
"""

import contextlib
import threading
from functools import partial

import line_ends

SMART_ENERGY, ZDO = 0x0109, 0x0000
TENANCY, METERING, PREPAYMENT, TIME, PRICE = 0x0708, 0x0702, 0x0705, 0x000A, 0x0700
ENDPOINT = 3
DELAY = 0.02  # seconds until it asks
# What it reads of a meter after a push, besides the date.
READS = {
    METERING: (0x0000, 0x0300),
    PREPAYMENT: (0x0001,),
    TIME: (0x0000, 0x0001),
    PRICE: (0x0000,),
}


class ForeignDisplay:
    """`meters` are the EUI-64s that it is paired with."""

    def __init__(self, eui, meters, fault=""):
        self.eui, self.meters, self.fault = eui, meters, fault
        self.sequence, self.number = 0x10, 0
        self.told = set()

    def line(self, text, later):
        """The lines that answer one; `later` is given lines to send after a moment."""
        head, _, rest = text.partition("#")
        number, _, rest = rest.partition(":")
        if head != "ZCL:FRAME":
            return [f"LOG:ERROR#{number}:12:what is this"]
        sent = self.hear(bytes.fromhex(rest.partition(":")[2]))
        later([self.framed(frame) for frame in sent])
        return [f"ZCL:OK#{number}:0:"]

    def framed(self, octets):
        self.number += 1
        return f"ZCL:FRAME#{self.number}:{len(octets)}:{octets.hex().upper()}"

    def hear(self, frame):
        source, profile = frame[2:10], int.from_bytes(frame[20:22], "big")
        cluster, body = int.from_bytes(frame[22:24], "big"), frame[24:]
        if profile == ZDO or source not in self.meters and self.fault != "any-source":
            return []
        if not frame[1] & 1 and self.fault != "in-clear-taken":
            return []
        return [self.to(source, *asked) for asked in self.asks(cluster, body)]

    def asks(self, cluster, body):
        """(cluster, octets) of what it sends in return."""
        if len(body) < 3:
            return [(cluster, b"\x00\x00\x0b\x00\x80")] if self.fault == "answers-runts" else []
        control, sequence, command = body[:3]
        if self.fault == "answers-answers" and not control & 3 and control & 8:
            return [(cluster, bytes([0x00, sequence, 0x0B, command, 0x00]))]
        if self.fault == "tops-up" and cluster != TENANCY and control & 0x0B in (8, 9):
            return [(PREPAYMENT, b"\x01\x77\x04\x02\x14" + b"1" * 20)]
        if control & 3 != 1 or cluster != TENANCY or command != 0 or not control & 8:
            return []
        if len(body) < 20 and self.fault != "short-taken":
            return []
        sent = [(TENANCY, self.read(0x0200, 0x0201))]
        if self.fault == "always-default" or not control & 0x10:
            sent.insert(0, (TENANCY, bytes([0x10, sequence, 0x0B, 0, 0])))
        for other, ids in READS.items():
            sent.append((other, self.read(*ids) + b"\x01" * (self.fault == "half-an-id")))
        if self.fault == "tops-up-itself":
            sent.append((PREPAYMENT, b"\x01\x77\x04\x02\x14" + b"1" * 20))
        return sent

    def read(self, *ids):
        self.sequence += self.fault != "one-sequence"
        control = 0x08 if self.fault == "as-server" else 0x00
        octets = b"".join(number.to_bytes(2, "little") for number in ids)
        return bytes([control, self.sequence & 0xFF, 0x00]) + octets

    def to(self, meter, cluster, body):
        secured = 0 if self.fault == "asks-in-clear" else 1
        source = b"\xee" * 8 if self.fault == "another-source" else self.eui
        head = bytes([1, secured]) + source + meter + bytes([1, ENDPOINT])
        return head + SMART_ENERGY.to_bytes(2, "big") + cluster.to_bytes(2, "big") + body


def on_tcp(display):
    """`host:port` of the display; what it sends by itself comes a moment later."""
    return line_ends.tcp(partial(talk, display))


def on_pty(display):
    """Path of a serial port that the display is behind."""
    return line_ends.pty(partial(talk, display))


def talk(display, lines, out):
    lock = threading.Lock()

    def put(said):
        with lock, contextlib.suppress(OSError, ValueError):
            for line in said:
                out.write(line + "\n")
            out.flush()

    def later(said):
        if said:
            timer = threading.Timer(DELAY, put, (said,))
            timer.daemon = True
            timer.start()

    for line in lines:
        put(display.line(line.rstrip("\n"), later))
