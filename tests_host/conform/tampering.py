"""A proxy between the bench and a device that damages what the device says, in named ways.

It stands on raw lines and octets, with the keys of the test home, so that a message that it
changes can have a MAC that fits: then the change itself has to be found, and not the MAC.
"""

import time
from dataclasses import dataclass, field
from hashlib import sha256

import line_ends
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.bench import BenchError

SUITE = bytes.fromhex("60857406080300")
UNASKED = ("ZCL:FRAME", "GBCS:ALERT")
LATE = 1.3  # seconds; the bench of the tests waits 1


@dataclass
class Line:
    head: str
    number: str
    body: str

    @classmethod
    def of(cls, text):
        head, _, rest = text.partition("#")
        number, _, rest = rest.partition(":")
        return cls(head, number, rest.partition(":")[2])

    def __str__(self):
        size = len(self.body) // 2 if self.head in ("GBCS:DATA", "ZCL:FRAME") else len(self.body)
        return f"{self.head}#{self.number}:{size}:{self.body}"


@dataclass
class Proxy:
    """`answers` takes a line to the device and gives those that answer it.

    `secret` gives Z of the device and a party, by the party's EUI-64.
    """

    answers: object
    secret: object
    damage: object
    before: str = ""  # a response that was given before
    held: list = field(default_factory=list)

    def line(self, text):
        """(seconds to wait, line) of all that the bench gets."""
        out = []
        for answer in self.answers(text):
            out += self.damage(self, Line.of(text), Line.of(answer), answer)
        return out

    def resealed(self, octets, change):
        """A response with its protected part changed, and a MAC that fits."""
        if octets[0] != 0xDD:
            return octets  # it is signed, and the line has no key for that
        start = 9 if octets[7] < 128 else 8 + (octets[7] & 0x7F) + 1
        start += 4
        part = change(bytearray(octets[start:-12]))
        counter, sender, receiver = bytes(part[3:11]), bytes(part[12:20]), bytes(part[21:29])
        party = octets[start + 21 : start + 29]
        info = SUITE + sender + b"\x09" + bytes([part[2]]) + counter + receiver
        key = sha256(b"\x00\x00\x00\x01" + self.secret(party) + info).digest()[:16]
        seal = Cipher(algorithms.AES(key), modes.GCM(sender + bytes(4))).encryptor()
        seal.authenticate_additional_data(b"\x11" + bytes(5) + bytes(part))
        seal.finalize()
        size = 5 + len(part) + 12
        if size > 255:
            head = b"\x82" + size.to_bytes(2, "big")
        else:
            head = bytes([size]) if size < 128 else b"\x81" + bytes([size])
        return b"\xdd" + bytes(6) + head + b"\x11" + bytes(4) + bytes(part) + seal.tag[:12]


def honest(proxy, asked, line, text):
    """A line that damages nothing."""
    return [(0, text)]


def responses(change):
    """A damage of the octets of each response."""

    def damage(proxy, asked, line, text):
        if line.head == "GBCS:DATA":
            line.body = change(proxy, bytes.fromhex(line.body)).hex().upper()
            return [(0, str(line))]
        return [(0, text)]

    return damage


def protected(change):
    """One of the protected part, with a MAC that fits."""
    return responses(lambda proxy, octets: proxy.resealed(octets, change))


def frames(change):
    """One of the octets of each HAN frame; None drops it."""

    def damage(proxy, asked, line, text):
        if line.head != "ZCL:FRAME":
            return [(0, text)]
        octets = change(bytearray(bytes.fromhex(line.body)))
        if octets is None:
            return []
        line.body = octets.hex().upper()
        return [(0, str(line))]

    return damage


def data_lines(change):
    """One of the text of each line that answers a GBCS:DATA."""
    return lambda proxy, asked, line, text: (
        change(text, line) if asked.head == "GBCS:DATA" else [(0, text)]
    )


def put(at, octets):
    def change(part):
        part[at : at + len(octets)] = octets
        return part

    return change


def counter(part):
    part[10] ^= 1
    part[9] ^= 0x40
    return part


def code(part):
    at = 29 + 1 + part[29] + 1
    part[at : at + 2] = b"\x0f\xfe"
    return part


def no_stamp(part):
    size = part[29]
    del part[30 : 30 + size]
    part[29] = 0
    return part


def swapped(proxy, octets):
    old, proxy.before = proxy.before or octets, octets
    return old


def flip(octets, at=-1):
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)


def signature(proxy, octets):
    """A bit of the signature; a signed response has no MAC."""
    return flip(octets) if octets[0] == 0xDF and octets[-65] == 64 else octets


def broken_document(proxy, asked, line, text):
    if line.head != "CTRL:OK" or len(line.body) < 3:
        return [(0, text)]
    line.body = line.body[:-1]
    return [(0, str(line))]


def longer_length(text, line):
    head = text.split(":")
    head[2] = str(int(head[2]) + 1)
    return [(0, ":".join(head))]


def other_number(text, line):
    line.number = str(int(line.number) + 5000)
    return [(0, str(line))]


def refuses(text, line):
    return [(0, f"GBCS:NONE#{line.number}:15:battery is flat")]


def hangs_up(text, line):
    raise ConnectionError


def sequence(frame):
    if frame[20:22] == b"\x01\x09":
        frame[25] ^= 0x55  # after the frame control
    return frame


# Each damage, and the words that the first screen of the report has for it.
GBCS = {
    "mac": (responses(lambda proxy, octets: flip(octets)), "MAC"),
    "counter": (protected(counter), "counter"),
    "code": (protected(code), "message code 0x0FFE"),
    "command": (protected(put(2, b"\x01")), "is a Command, not a Response"),
    "alert": (protected(put(2, b"\x03")), "is an Alert, not a Response"),
    "from another": (protected(put(18, b"\xee\xee")), "not from the device"),
    "to another": (protected(put(27, b"\xee\xee")), "not to the party"),
    "no stamp": (protected(no_stamp), "stamp"),
    "cut octets": (responses(lambda proxy, octets: octets[:-20]), "octets follow"),
    "more octets": (responses(lambda proxy, octets: octets + b"\x00"), "octets follow"),
    "header": (responses(lambda proxy, octets: b"\xdc" + octets[1:]), "0xDC begins no message"),
    "swapped": (responses(swapped), "responses swapped"),
}
LINES = {
    "length": (data_lines(longer_length), "another length than they say"),
    "cut line": (data_lines(lambda text, line: [(0, text[:-9])]), "another length than they say"),
    "not hexadecimal": (data_lines(lambda text, line: [(0, text[:-2] + "??")]), "not hexadecimal"),
    "garbage": (
        data_lines(lambda text, line: [(0, "\x15\x07 boot: %%"), (0, text)]),
        "no event of the bench link",
    ),
    "twice": (data_lines(lambda text, line: [(0, text), (0, text)]), "answered twice"),
    "silent": (data_lines(lambda text, line: []), "no line from the device within"),
    "late": (data_lines(lambda text, line: [(LATE, text)]), "come late"),
    "other number": (data_lines(other_number), "lines that were never sent"),
    "other kind": (
        data_lines(lambda text, line: [(0, f"CTRL:OK#{line.number}:0:")]),
        "answers of another kind (CTRL:OK to GBCS:DATA)",
    ),
    "refuses": (data_lines(refuses), "battery is flat"),
    "hangs up": (data_lines(hangs_up), "the device is gone"),
}
# These need a device with controls, signed responses or a HAN.
OWN = {
    "signature": (responses(signature), "signature"),
    "document": (broken_document, "without a JSON object"),
}
HAN = {
    "frame cut": (frames(lambda frame: frame[:20]), "frame too short"),
    "frame version": (frames(put(0, b"\x07")), "unknown frame version 7"),
    "frame from another": (frames(put(4, b"\xee\xee")), "frames from"),
    "frame to another": (frames(put(12, b"\xee\xee")), "frames to"),
    "frame dropped": (frames(lambda frame: None), "finds no cluster"),
    "frame in clear": (frames(put(1, b"\x00")), "without APS security"),
    "frame sequence": (frames(sequence), "sequence"),
}


def on_tcp(proxy):
    """`host:port` of the device behind the proxy."""
    return line_ends.tcp(lambda lines, _: talk(proxy, lines))


def talk(proxy, file):
    for line in file:
        for wait, answer in proxy.line(line.rstrip("\n")):
            time.sleep(wait)
            file.write(answer + "\n")
        file.flush()


def own(transport):
    """The answers of a device process of ours."""

    def answers(text):
        transport.send(text)
        number, found = Line.of(text).number, []
        while True:
            try:
                found.append(transport.receive(10))
            except BenchError:
                return found
            last = Line.of(found[-1])
            if last.head not in UNASKED and last.number == number:
                return found

    return answers
