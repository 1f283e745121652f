# A device on an XBee link, on MicroPython's Unix port: what a board does, with a pty for its UART.
# Run as: micropython xbee_lab.py PTY ROLE FORMS FOLDER PEER. Prints what it knows as JSON lines;
# ends with its standard input. Time of the device runs ten times as fast as the wall clock.
# Roles: those of smets.devices, "echo", and "sizes", which sends payloads of growing size to PEER.
import json
import select
import sys
import time
from binascii import hexlify, unhexlify

from smets import clock
from smets.devices import build
from smets.ports import link_xbee, xbee_setup
from smets.ports.store import Store
from smets.zcl import clusters, types
from smets.zcl.han_frame import HanFrame

PAN = unhexlify("00005EC000000001")
KEY = bytes(range(0x20, 0x30))
STEP_MS = 100  # for a second of the device
REPORT_MS = 200


class Pty:
    """A transport that returns at once."""

    def __init__(self, path):
        self._file = open(path, "r+b", 0)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def readinto(self, buffer):
        count = 0
        view = memoryview(buffer)
        while count < len(buffer) and self._poll.poll(0):
            if not self._file.readinto(view[count : count + 1]):
                break
            count += 1
        return count or None

    def write(self, data):
        return self._file.write(data)


class Echo:
    """Sends back what it gets."""

    def __init__(self):
        self.eui = b""
        self.outbox = []
        self.frames = 0

    def receive(self, frame):
        self.frames += 1
        self.outbox.append(frame.reply(frame.payload))

    def advance(self, seconds):
        pass

    def summary(self):
        return {"frames": self.frames}


class Sizes(Echo):
    """Sends payloads full of special octets, each until it comes back."""

    SIZES = tuple(range(0, 257, 8)) + (255, 57, 58, 66, 67, 1, 2, 3)

    def __init__(self, peer):
        super().__init__()
        self.peer = peer
        self.left = list(self.SIZES)
        self.good = []
        self.wrong = 0

    def payload(self):
        return (b"\x7e\x7d\x11\x13" * 65)[: self.left[0]]

    def receive(self, frame):
        if self.left and frame.payload == self.payload() and frame.source == self.peer:
            self.good.append(self.left.pop(0))
            self.again()
        else:
            self.wrong += 1

    def again(self):
        if self.left:
            self.outbox.append(HanFrame(self.eui, self.peer, 1, 2, 0x0704, self.payload()))

    def advance(self, seconds):
        if self.left and self.left[0] > 255:
            # It is refused, and would never come back.
            self.again()
            self.left.pop(0)
        elif self.left:
            self.again()

    def summary(self):
        return {"good": sorted(self.good), "wrong": self.wrong, "left": len(self.left)}


def report(link, device):
    """Print the state of link and device."""
    print(
        json.dumps(
            {
                "joined": link.joined,
                "eui": hexlify(link.eui).decode(),
                "counts": link.counts,
                "errors": link.errors,
                "noise": link.noise,
                "broken": link.broken,
                "summary": device.summary(),
            }
        )
    )


def make(role, folder, peer):
    if role == "echo":
        return Echo()
    if role == "sizes":
        return Sizes(unhexlify(peer))
    device = build(role, Store(folder) if role in ("ihd", "ppmid") else None)
    if role == "esme":
        device.clock.set(clock.to_seconds(2022, 11, 1, 10, 10, 0), clock.RELIABLE)
        for attribute, type_id, value in (
            (0x0000, types.UINT48, 4711),
            (0x0300, types.ENUM8, 0),
            (0x0301, types.UINT24, 1),
            (0x0302, types.UINT24, 1000),
        ):
            device.zcl.set(clusters.METERING, attribute, type_id, value)
    return device


def main(path, role, forms, folder, peer):
    table = xbee_setup.registers(PAN, KEY, forms == "forms")
    link = link_xbee.XBeeLink(Pty(path), table)
    device = make(role, folder, peer)
    keyboard = select.poll()
    keyboard.register(sys.stdin, select.POLLIN)
    last = second = told = time.ticks_ms()
    while not keyboard.poll(5):
        now = time.ticks_ms()
        if link.eui and not device.eui:
            device.eui = link.eui
            if role == "ihd":
                pair = {"fuel": "electricity", "eui": peer}
                device.registry.give("inputs", {"pair": pair})
        link_xbee.pump(link, device, time.ticks_diff(now, last))
        last = now
        while link.joined and time.ticks_diff(now, second) >= STEP_MS:
            second = time.ticks_add(second, STEP_MS)
            device.advance(1)
        if not link.joined:
            second = now
        if time.ticks_diff(now, told) >= REPORT_MS:
            told = now
            report(link, device)


main(*sys.argv[1:])
