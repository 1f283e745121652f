"""A GPF of another maker: the link and the stamped reads, on `cryptography` alone.

It shares no line with the firmware or the host tools. What it knows of GBCS is restated here from
RTDS 4.5.0: CS10a, GCS13a to 13c, 14, 16a, 17, 60a, MAC, encryption. `fault` plants one mistake.
"""

import time
from functools import partial
from hashlib import sha256

import line_ends
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

EPOCH_2000 = 946684800
SUITE = bytes.fromhex("60857406080300")
METERING, PRICE, PREPAYMENT, EVENTS = 0x0702, 0x0700, 0x0705, 0x0709
# Message code: who may ask, whether a component is encrypted by cluster, ZCL frame control.
USE_CASES = {
    0x0074: (("supplier", "network_operator"), (METERING,), 0x18),
    0x00B8: (("supplier",), (METERING,), 0x18),
    0x00B6: (("supplier", "network_operator"), (METERING,), 0x18),
    0x0075: (("supplier",), (PREPAYMENT,), 0x08),
    0x012A: (("supplier",), (), 0x08),
    0x0014: (("supplier", "network_operator"), (), 0x19),
    0x0077: (("supplier",), (METERING,), 0x19),
    0x0078: (("supplier", "network_operator"), (METERING,), 0x19),
}
PUBLISH_SNAPSHOT, GET_SAMPLES, SAMPLES, PUBLISH_EVENTS = 0x06, 0x08, 0x07, 0x01
HALF_HOUR, DAY = 1800, 86400
KEPT_SAMPLES, KEPT_SNAPSHOTS = 50, 5
SIZES = {0x18: 1, 0x21: 2, 0x22: 3, 0x23: 4, 0x25: 6, 0x2B: 4, 0x30: 1}
VALUES = {
    (METERING, 0x0302): (0x22, 1000),
    (METERING, 0x0301): (0x22, 1),
    (METERING, 0x0300): (0x30, 1),
    (METERING, 0x0000): (0x25, 7654321),
    **{(METERING, 0x0700 + n): (0x25, 1000 * n) for n in range(4)},
    **{(METERING, 0x0100 + 2 * n): (0x25, 500 * n) for n in range(4)},
    (METERING, 0x0A00): (0x23, 4200),
    (PRICE, 0x0617): (0x18, 0x50),
    (PRICE, 0x0616): (0x21, 826),
    (PREPAYMENT, 0x0005): (0x2B, 0),
    (PREPAYMENT, 0x0002): (0x2B, 500000),
    (PREPAYMENT, 0x0001): (0x2B, 1234000),
    (PREPAYMENT, 0x0231): (0x23, 0),
    (PREPAYMENT, 0x0211): (0x23, 20000),
    (PREPAYMENT, 0x0221): (0x23, 0),
}
UPDATED = 300  # seconds before the device was made: the last update of the mirror


class Refused(Exception):
    """No response; the text is the reason."""


def secret(private, public):
    return private.exchange(ec.ECDH(), public)


def gcm(shared, sender, kind, counter, receiver, plain, extra):
    """Ciphertext and 12-octet tag."""
    info = SUITE + sender + b"\x09" + bytes([kind]) + counter + receiver
    key = sha256(b"\x00\x00\x00\x01" + shared + info).digest()[:16]
    encryptor = Cipher(algorithms.AES(key), modes.GCM(sender + bytes(4))).encryptor()
    encryptor.authenticate_additional_data(extra)
    sealed = encryptor.update(plain) + encryptor.finalize()
    return sealed, encryptor.tag[:12]


def length(number):
    """As DER has it."""
    if number < 0x80:
        return bytes([number])
    return bytes([0x81, number]) if number < 0x100 else b"\x82" + number.to_bytes(2, "big")


def read_length(octets, at):
    """A length, and where what it counts begins."""
    more = octets[at] - 0x80
    if more < 0:
        return octets[at], at + 1
    return int.from_bytes(octets[at + 1 : at + 1 + more], "big"), at + 1 + more


def little(part):
    return int.from_bytes(part, "little")


def octets(*values):
    """(value, size) one after another, the least octet first."""
    return b"".join(value.to_bytes(size, "little") for value, size in values)


class ForeignGpf:
    """`parties` are {EUI-64: (role, public key)}, that of the broker among them."""

    def __init__(self, eui, private, parties, fault=""):
        self.eui, self.private, self.parties, self.fault = eui, private, parties, fault
        self.broker = next(key for role, key in parties.values() if role == "broker")
        self.updated = time.time() - UPDATED
        now = int(time.time()) - EPOCH_2000
        half, day = now - now % HALF_HOUR, now - now % DAY
        self.samples = [(half - n * HALF_HOUR, 100 + n) for n in range(KEPT_SAMPLES, 0, -1)]
        # Two of them at one time.
        self.events = [(now - 9000 + 700 * (n // 2), 0x8010 + n) for n in range(1, 8)]
        self.snapshots = [
            (day - n * DAY, 90000 - 700 * n) for n in reversed(range(KEPT_SNAPSHOTS))
        ]

    def line(self, text):
        """The lines that answer one."""
        head, _, rest = text.partition("#")
        number, _, rest = rest.partition(":")
        if head != "GBCS:DATA":
            return [f"LOG:ERROR#{number}:12:what is this"]
        try:
            response = self.respond(bytes.fromhex(rest.partition(":")[2])).hex().upper()
            return [f"GBCS:DATA#{number}:{len(response) // 2}:{response}"]
        except (Refused, ValueError, LookupError) as reason:
            word = str(reason) if isinstance(reason, Refused) else "malformed"
            return [f"GBCS:NONE#{number}:{len(word)}:{word}"]

    def respond(self, command):
        fault = self.fault
        size, at = read_length(command, 7)
        if command[:7] != b"\xdd" + bytes(6) or command[at : at + 7] != b"\x11\0\0\0\0\xdf\x09":
            raise Refused("malformed")
        if size != len(command) - at and fault != "any-end":
            raise Refused("malformed")
        end = at + size
        protected, mac = command[at + 5 : end - 12], command[end - 12 : end]
        cra, counter = protected[2], protected[3:11]
        if protected[11] != 8 or protected[20] != 8 or protected[29:31] != b"\x00\x02":
            raise Refused("malformed")
        sender, target, code = protected[12:20], protected[21:29], protected[31:33]
        if cra != 1 and fault != "any-kind":
            raise Refused("not-a-command")
        if target != self.eui and fault != "any-target":
            raise Refused("other-target")
        if int.from_bytes(code, "big") not in USE_CASES:
            raise Refused("no-such-use-case")
        roles, encrypted, control = USE_CASES[int.from_bytes(code, "big")]
        if sender not in self.parties and fault != "any-party":
            raise Refused("unknown-party")
        role, public = self.parties.get(sender, ("supplier", self.broker))
        size, at = read_length(protected, 33)
        if size != len(protected) - at - 1 or protected[-1]:
            raise Refused("malformed")
        shared = secret(self.private, self.broker)
        expected = gcm(shared, sender, cra, counter, target, b"", b"\x11" + bytes(5) + protected)
        if mac != expected[1] and fault != "any-mac":
            raise Refused("bad-mac")
        if role not in roles and fault != "any-role":
            raise Refused("role")
        answer = self.content(protected[at:-1], secret(self.private, public), sender, counter,
                              encrypted, control)  # fmt: skip
        stamp = self.stamp()
        head = b"\xdf\x09\x02" + counter + b"\x08" + self.eui + b"\x08" + sender
        body = head + bytes([len(stamp)]) + stamp + b"\x02" + code
        body += length(len(answer)) + answer + b"\x00"
        tag = gcm(secret(self.private, public), self.eui, 2, counter, sender, b"",
                  b"\x11" + bytes(5) + body)[1]  # fmt: skip
        if fault == "wrong-mac":
            tag = bytes([tag[0] ^ 1]) + tag[1:]
        return b"\xdd" + bytes(6) + length(5 + len(body) + 12) + b"\x11" + bytes(4) + body + tag

    def stamp(self):
        """Time of the last update, from the GSME."""
        when = time.time() if self.fault == "stamped-when-read" else self.updated
        if self.fault == "no-stamp":
            return b""
        t = time.gmtime(when + 7200 * (self.fault == "stamp-ahead"))
        day = t.tm_wday + 1 if self.fault == "weekday" else 0xFF
        deviation = b"\x00\x00" if self.fault == "deviation" else b"\x80\x00"
        status = 0x14 if self.fault == "status-bit" else 0x04
        parts = bytes([t.tm_mon, t.tm_mday, day, t.tm_hour, t.tm_min, t.tm_sec, 0])
        return t.tm_year.to_bytes(2, "big") + parts + deviation + bytes([status])

    def content(self, asked, shared, sender, counter, encrypted, control):
        if asked[:2] != b"\x01\x09":
            raise Refused("malformed")
        out, at, sealed = asked[:3], 3, 0
        for _ in range(asked[2]):
            cluster = int.from_bytes(asked[at + 1 : at + 3], "big")
            size = int.from_bytes(asked[at + 3 : at + 5], "big")
            frame, last = asked[at + 5 : at + 5 + size], asked[at] & 1
            at += 5 + size
            command, plain = self.answer(cluster, frame)
            if command is None:
                body = bytes([0x08, frame[1], 0x0B, frame[2], 0x8B])
                out += bytes([last]) + cluster.to_bytes(2, "big") + b"\0\5" + body
                continue
            zcl = bytes([control, frame[1], command])
            if cluster in encrypted and self.fault != "in-clear":
                text, tag = gcm(shared, self.eui, 4, counter, sender, plain, b"\x31")
                inner = b"\x31" + bytes(4) + text + tag
                body = bytes([0, sealed]) + zcl + len(inner).to_bytes(2, "big") + inner
                last, sealed = last | 2, sealed + 1
            else:
                body = zcl + plain
            out += bytes([last]) + cluster.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
        if at != len(asked):
            raise Refused("malformed")
        return out

    def answer(self, cluster, frame):
        """Command and payload that answer a frame; no command where nothing is found."""
        asked = frame[3:]
        if frame[0] == 0x00:
            ids = [int.from_bytes(asked[n : n + 2], "little") for n in range(0, len(asked), 2)]
            return 1, b"".join(self.attribute(cluster, number) for number in self.ordered(ids))
        if cluster == EVENTS:
            return self.logged(little(asked[3:7]), little(asked[7:11]))
        if frame[2] == GET_SAMPLES:
            return self.sampled(little(asked[2:6]), little(asked[7:9]))
        return self.snapshot(little(asked[:4]), little(asked[4:8]), asked[8])

    def logged(self, first, last):
        first += self.fault == "event-start-out"
        last -= self.fault == "event-end-out"
        found = [row for row in self.events if first <= row[0] <= last]
        if self.fault == "event-any":
            found = self.events
        if not found:
            return None, b""
        head = [(len(found) + (self.fault == "event-count"), 2), (0, 1), (1, 1), (0, 1)]
        rows = [
            part for when, number in found for part in ((3, 1), (number, 2), (when, 4), (0, 1))
        ]
        return PUBLISH_EVENTS, octets(*head, *rows)

    def sampled(self, earliest, number):
        if self.fault == "sample-before":
            earliest -= HALF_HOUR - 1
        if self.fault == "sample-after":
            earliest += 1
        found = [row for row in self.samples if row[0] >= earliest]
        found = found[: number + (self.fault == "sample-too-many")]
        if self.fault == "sample-last":
            found = [row for row in self.samples if row[0] >= earliest][-number:]
        if not found:
            return None, b""
        head = [(0, 2), (found[0][0], 4), (0, 1), (HALF_HOUR, 2), (len(found), 2)]
        return SAMPLES, octets(*head, *((value, 3) for _, value in found))

    def snapshot(self, first, last, offset):
        first += self.fault == "snapshot-start-out"
        last -= self.fault == "snapshot-end-out"
        found = [row for row in self.snapshots if first <= row[0] <= last]
        if self.fault == "snapshot-any":
            found = self.snapshots
        if offset >= len(found):
            return None, b""
        when, register = found[offset]
        total = 31 if self.fault == "snapshot-count" else len(found)
        head = [(offset + 1, 4), (when, 4), (total, 1), (0, 1), (1, 1), (1, 4), (6, 1)]
        tiers = [(register, 6), (4, 1), (register, 6), *[(0, 6)] * 3]
        blocks = [(0x14, 1), *[(0, 6)] * 4]
        return PUBLISH_SNAPSHOT, octets(*head, *tiers, *blocks)

    def ordered(self, ids):
        return ids[::-1] if self.fault == "order" else ids

    def attribute(self, cluster, number):
        kind, value = VALUES[cluster, number]
        if self.fault == "unit" and number == 0x0300 and cluster == METERING:
            value = 0
        if self.fault == "scale" and number == 0x0302 and cluster == METERING:
            value = 0
        if self.fault == "type" and kind == 0x25:
            kind = 0x23
        octets = value.to_bytes(SIZES[kind], "little")
        return number.to_bytes(2, "little") + b"\x00" + bytes([kind]) + octets


def on_tcp(gpf):
    """`host:port` of the device."""
    return line_ends.tcp(partial(talk, gpf))


def on_pty(gpf):
    """Path of a serial port that the device is behind."""
    return line_ends.pty(partial(talk, gpf))


def talk(gpf, lines, out):
    for line in lines:
        for answer in gpf.line(line.rstrip("\n")):
            out.write(answer + "\n")
        out.flush()
