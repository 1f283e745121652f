# GBCS message: MAC header, grouping header, payload, signature, MAC (GBCS 7.2.5, 7.2.7).
# Non-critical: DD ... DF ... 00 MAC. Critical command: DD ... DF ... 40 signature MAC.
from hashlib import sha256

from smets.codec import DecodeError, Reader, Writer, length_size
from smets.compat import const

COMMAND = const(1)
RESPONSE = const(2)
ALERT = const(3)
# CRA octet that the KDF takes for encrypted parts of a response.
ENCRYPTION = const(4)

MAC_SIZE = const(12)
_SIGNATURE_SIZE = const(64)

_GENERAL_CIPHERING = const(0xDD)
_GENERAL_SIGNING = const(0xDF)
# Five empty octet-strings of general-ciphering, then key-info absent.
_EMPTY = b"\x00\x00\x00\x00\x00\x00"
# Security control 11: authenticated only, suite 1; then the invocation counter.
_SECURITY = b"\x11\x00\x00\x00\x00"
_NO_SIGNATURE = b"\x00"
_SIGNATURE_FOLLOWS = b"\x40"
# What the MAC covers before the grouping header: security control and the five empty fields.
AAD_PREFIX = b"\x11\x00\x00\x00\x00\x00"

# Other-information lengths beyond the bare message code: party; party and its counter; both and
# the supplementary originator counter; anything longer ends in a key agreement certificate.
_PARTY = const(10)
_PARTY_COUNTER = const(18)
_ORIGINATOR_COUNTER = const(26)


_NOTHING = memoryview(b"")


class Message:
    """A parsed message; every member but the numbers is a view of the octets it came from."""

    def __init__(self):
        self.cra = 0
        self.counter = _NOTHING  # 8 octets
        self.originator = _NOTHING
        self.target = _NOTHING
        self.date_time = _NOTHING  # empty, or 12 octets
        self.code = 0
        self.party = _NOTHING  # supplementary remote party, or empty
        self.party_counter = _NOTHING
        self.certificate = _NOTHING
        self.payload = _NOTHING
        self.signature = _NOTHING  # empty, or 64 octets
        self.mac = _NOTHING  # 12 octets, or empty for a message without a MAC
        self.signed = _NOTHING  # what a signature covers: DF excluded, payload included
        self.authenticated = _NOTHING  # what the MAC covers after AAD_PREFIX


def parse(data) -> Message:
    """Parse a whole message; DecodeError names the offset and what is wrong there."""
    reader = Reader(data)
    message = Message()
    mac_at = reader.end
    if reader.left() and reader.data[0] == _GENERAL_CIPHERING:
        reader.skip(1, "general-ciphering")
        reader.literal(_EMPTY, "general-ciphering field")
        start = reader.pos
        length = reader.length("ciphered-service length")
        if length != reader.left():
            raise DecodeError(start, "ciphered-service length %d" % length)
        reader.literal(_SECURITY, "security header")
        mac_at = reader.end - MAC_SIZE
        if mac_at < reader.pos:
            raise DecodeError(reader.pos, "no room for the MAC")
        message.mac = reader.data[mac_at:]
        reader.end = mac_at
    start = reader.pos
    _grouping_header(reader, message)
    message.payload = reader.string("content")
    message.signed = reader.data[start + 1 : reader.pos]
    at = reader.pos
    message.signature = reader.string("signature")
    if len(message.signature) not in (0, _SIGNATURE_SIZE):
        raise DecodeError(at, "signature of %d octets" % len(message.signature))
    reader.finish("message")
    message.authenticated = reader.data[start:mac_at]
    return message


def _grouping_header(reader, message):
    reader.expect(_GENERAL_SIGNING, "general-signing")
    reader.expect(9, "transaction-id length")
    at = reader.pos
    message.cra = reader.u8("CRA flag")
    if not COMMAND <= message.cra <= ALERT:
        raise DecodeError(at, "CRA flag %02X" % message.cra)
    message.counter = reader.view(8, "originator counter")
    reader.expect(8, "originator length")
    message.originator = reader.view(8, "originator")
    reader.expect(8, "target length")
    message.target = reader.view(8, "target")
    at = reader.pos
    message.date_time = reader.string("date-time")
    if len(message.date_time) not in (0, 12):
        raise DecodeError(at, "date-time of %d octets" % len(message.date_time))
    at = reader.pos
    size = reader.length("other-information length")
    if size < 2 or (size != 2 and size != _PARTY and size < _PARTY_COUNTER):
        raise DecodeError(at, "other-information of %d octets" % size)
    other = Reader(reader.data, reader.skip(size, "other-information"), reader.pos)
    message.code = other.be(2, "message code")
    if size >= _PARTY:
        message.party = other.view(8, "supplementary remote party")
    if size >= _PARTY_COUNTER:
        message.party_counter = other.view(8, "supplementary remote party counter")
    if size == _ORIGINATOR_COUNTER:
        other.skip(8, "supplementary originator counter")
    elif size > _PARTY_COUNTER:
        message.certificate = other.view(other.left(), "certificate")


class Header:
    """The header of a response or an alert; ids and counters are 8 octets."""

    def __init__(self, cra: int, counter, originator, target, code: int):
        self.cra = cra
        self.counter = bytes(counter)
        self.originator = bytes(originator)
        self.target = bytes(target)
        self.code = code
        self.date_time = b""
        self.other = b""  # the octets after the message code in other-information

    def encode(self, content_length: int) -> bytes:
        """The grouping header, from DF to the content length."""
        writer = Writer(80)
        writer.put(b"\xdf\x09")
        writer.u8(self.cra)
        writer.put(self.counter)
        writer.string(self.originator)
        writer.string(self.target)
        writer.string(self.date_time)
        writer.length(2 + len(self.other))
        writer.be(self.code, 2)
        writer.put(self.other)
        writer.length(content_length)
        return bytes(writer.view())


class Authenticated:
    """A message with a MAC, ready to leave: its length is known before its first octet."""

    def __init__(self, header: Header, parts, mac):
        """`parts` is the payload (smets.parts); `mac` a fresh Gcm with the key of the message."""
        self._header = header.encode(parts.length)
        self._parts = parts
        self._mac = mac
        inner = len(_SECURITY) + len(self._header) + parts.length + 1 + MAC_SIZE
        self.length = 1 + len(_EMPTY) + length_size(inner) + inner
        writer = Writer(16)
        writer.u8(_GENERAL_CIPHERING)
        writer.put(_EMPTY)
        writer.length(inner)
        writer.put(_SECURITY)
        self._prefix = bytes(writer.view())

    def chunks(self):
        """Yield the octets in order; each chunk is valid until the next one is asked for."""
        mac = self._mac
        yield self._prefix
        mac.update_aad(AAD_PREFIX)
        mac.update_aad(self._header)
        yield self._header
        for chunk in self._parts.chunks():
            mac.update_aad(chunk)
            yield chunk
        mac.update_aad(_NO_SIGNATURE)
        yield _NO_SIGNATURE
        yield mac.tag(MAC_SIZE)


class Signed:
    """A message with a signature and no MAC, ready to leave."""

    def __init__(self, header: Header, parts, sign):
        """`sign(digest)` returns the 64 octets r and s for a SHA-256 digest."""
        self._header = header.encode(parts.length)
        self._parts = parts
        self._sign = sign
        self.length = len(self._header) + parts.length + 1 + _SIGNATURE_SIZE

    def chunks(self):
        """Yield the octets in order; each chunk is valid until the next one is asked for."""
        digest = sha256(memoryview(self._header)[1:])
        yield self._header
        for chunk in self._parts.chunks():
            digest.update(chunk)
            yield chunk
        yield _SIGNATURE_FOLLOWS
        yield self._sign(digest.digest())
