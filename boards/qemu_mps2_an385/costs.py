# The cases of `make bench-qemu`: each makes a function of no arguments from keys of its own.
from array import array

from smets import clock, devices
from smets.crypto import ecdsa, gcm, kdf, p256
from smets.features.voltage import rms
from smets.gbcs.keys import Keys, Party
from smets.gbcs.session import Session
from smets.zcl import types

_DEVICE = b"\x0a\x00\x00\x00\x00\x00\x00\x01"
_BROKER = b"\x0a\x00\x00\x00\x00\x00\x00\x02"
_SUPPLIER = b"\x0a\x00\x00\x00\x00\x00\x00\x03"
_PRIVATE = b"\x00" + bytes(range(1, 32))
_OTHER = b"\x00" + bytes(range(101, 132))
_SECRET = bytes(range(200, 232))
_COUNTER = (1000).to_bytes(8, "big")
# GCS13a: Read Attributes of the Metering cluster, for 0x0302, 0x0301, 0x0300, 0x0000.
_FRAME = b"\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x00"
_PAYLOAD = b"\x01\x09\x01\x01\x07\x02" + len(_FRAME).to_bytes(2, "big") + _FRAME


def _inner():
    """A GCS13a command from the grouping header on, up to its MAC."""
    head = b"\xdf\x09\x01" + _COUNTER + b"\x08" + _SUPPLIER + b"\x08" + _DEVICE
    # Neither a date-time nor a signature.
    return head + b"\x00\x02\x00\x74" + bytes((len(_PAYLOAD),)) + _PAYLOAD + b"\x00"


def _mac(inner):
    key = kdf.derive(_SECRET, _SUPPLIER, 1, _COUNTER, _DEVICE)
    return gcm.mac(key, _SUPPLIER + bytes(4), b"\x11" + bytes(5), inner)


def command():
    """A whole GCS13a command."""
    inner = _inner()
    body = b"\x11" + bytes(4) + inner + _mac(inner)
    return b"\xdd" + bytes(6) + bytes((len(body),)) + body


def session():
    """A session of a gas meter that can answer it."""
    device = devices.build("gsme")
    device.eui = _DEVICE
    device.clock.set(clock.to_seconds(2015, 1, 1, 0, 0, 0), clock.RELIABLE)
    for attribute, kind, value in (
        (0x0000, types.UINT48, 4711),
        (0x0300, types.ENUM8, 1),
        (0x0301, types.UINT24, 1),
        (0x0302, types.UINT24, 1000),
    ):
        device.zcl.set(0x0702, attribute, kind, value)
    keys = Keys(_DEVICE)
    for party, role in ((_BROKER, "access_control_broker"), (_SUPPLIER, "supplier")):
        keys.add(Party(party, role, b"", None, _SECRET))
    return Session(device, keys)


def _agreement():
    public = p256.public_key(_OTHER)
    return lambda: p256.shared_secret(_PRIVATE, public)


def _signature():
    digest = ecdsa.sha256(b"message")
    return lambda: ecdsa.sign(_PRIVATE, digest)


def _verification():
    public = p256.public_key(_PRIVATE)
    digest = ecdsa.sha256(b"message")
    signature = ecdsa.sign(_PRIVATE, digest)

    def verify():
        assert ecdsa.verify(public, digest, signature)

    return verify


def _derivation():
    return lambda: kdf.derive(_SECRET, _SUPPLIER, 1, _COUNTER, _DEVICE)


def _command_mac():
    inner = _inner()
    return lambda: _mac(inner)


def _sealing():
    plain = bytes(1024)
    return lambda: gcm.seal(_SECRET[:16], bytes(12), b"", plain)


def _exchange():
    made = session()
    octets = command()

    def exchange():
        made._repeats.clear()
        made._claims = None
        made.device.counters._known.clear()
        assert sum(len(chunk) for chunk in made.handle(octets).chunks()) > 60

    return exchange


def _samples():
    codes = array("H", (2048 + (i * 37 & 511) for i in range(1000)))
    out = array("i", (0, 0))
    sums = rms.Accumulator()

    def fold():
        for start in range(0, 1000, 50):
            rms.fold(codes, start, 1, 50, out)
            sums.add(50, out[0], out[1])

    return fold


CASES = (
    ("P-256 key agreement", _agreement),
    ("ECDSA signature", _signature),
    ("ECDSA verification", _verification),
    ("key derivation", _derivation),
    ("MAC of a GCS13a command, with its key", _command_mac),
    ("AES-GCM, 1 KB sealed", _sealing),
    ("GCS13a command to response", _exchange),
    ("RMS sums of 1,000 samples", _samples),
)
