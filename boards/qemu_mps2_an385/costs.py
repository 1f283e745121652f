# The cases of `make bench-qemu`: each makes a function of no arguments from keys of its own.
from array import array

from smets import clock, devices
from smets.codec import length_octets
from smets.compat import const
from smets.crypto import aes, ecdsa, gcm, kdf, p256
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
_GCS13A = const(0x0074)
# GCS13a: Read Attributes of the Metering cluster, for 0x0302, 0x0301, 0x0300, 0x0000.
_FRAME = b"\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x00"
_PAYLOAD = b"\x01\x09\x01\x01\x07\x02" + len(_FRAME).to_bytes(2, "big") + _FRAME


def _inner(code: int = _GCS13A, payload: bytes = _PAYLOAD):
    """A command from the grouping header on, up to its MAC."""
    head = b"\xdf\x09\x01" + _COUNTER + b"\x08" + _SUPPLIER + b"\x08" + _DEVICE
    # Neither a date-time nor a signature.
    head += b"\x00\x02" + code.to_bytes(2, "big") + length_octets(len(payload))
    return head + payload + b"\x00"


def _mac(inner):
    key = kdf.derive(_SECRET, _SUPPLIER, 1, _COUNTER, _DEVICE)
    return gcm.mac(key, _SUPPLIER + bytes(4), b"\x11" + bytes(5), inner)


def command(code: int = _GCS13A, payload: bytes = _PAYLOAD):
    """A whole command of the supplier: GCS13a, or another code and payload."""
    inner = _inner(code, payload)
    body = b"\x11" + bytes(4) + inner + _mac(inner)
    return b"\xdd" + bytes(6) + length_octets(len(body)) + body


def device_of(role: str):
    """A device that has its name and its time: 1 January 2015."""
    device = devices.build(role)
    device.eui = _DEVICE
    device.clock.set(clock.to_seconds(2015, 1, 1, 0, 0, 0), clock.RELIABLE)
    return device


def session_of(device):
    """Its session with a supplier, whose secret is known."""
    keys = Keys(_DEVICE)
    for party, role in ((_BROKER, "access_control_broker"), (_SUPPLIER, "supplier")):
        keys.add(Party(party, role, b"", None, _SECRET))
    return Session(device, keys)


def session():
    """A session of a gas meter that can answer GCS13a."""
    device = device_of("gsme")
    for attribute, kind, value in (
        (0x0000, types.UINT48, 4711),
        (0x0300, types.ENUM8, 1),
        (0x0301, types.UINT24, 1),
        (0x0302, types.UINT24, 1000),
    ):
        device.zcl.set(0x0702, attribute, kind, value)
    return session_of(device)


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


def _sealing_python():
    # As on a board without cryptolib.
    plain = bytes(1024)

    def seal():
        chosen = gcm.Aes
        gcm.Aes = aes.PureAes
        try:
            gcm.seal(_SECRET[:16], bytes(12), b"", plain)
        finally:
            gcm.Aes = chosen

    return seal


def _exchange():
    made = session()
    octets = command()

    def exchange():
        made._repeats.clear()
        made._claims = None
        made.device.counters._known.clear()
        assert sum(len(chunk) for chunk in made.handle(octets).chunks()) > 60

    return exchange


def _repeat():
    made = session()
    octets = command()
    made.handle(octets)
    return lambda: made.handle(octets)


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
    ("the same, AES in Python", _sealing_python),
    ("GCS13a command to response", _exchange),
    ("the same command again", _repeat),
    ("RMS sums of 1,000 samples", _samples),
)
