# The fields of an organisation's certificate that a device needs (GBCS 12.4): owner, key and
# usage. Other fields are passed over.
from smets.codec import DecodeError
from smets.crypto import CryptoError
from smets.gbcs import der

_KEY_USAGE = b"\x55\x1d\x0f"  # 2.5.29.15
_KEY_IDENTIFIER = b"\x55\x1d\x0e"  # 2.5.29.14
_UNIQUE_ID = b"\x55\x04\x2d"  # 2.5.4.45
_UNIT = b"\x55\x04\x0b"  # 2.5.4.11: an organisation's RemotePartyRole, two hexadecimal digits
_POINT = 66  # octets of a BIT STRING that holds a P-256 point

DIGITAL_SIGNATURE = b"\x07\x80"
KEY_AGREEMENT = b"\x03\x08"


class Certificate:
    """A parsed certificate: `unique_id`, `key`, `usage`, `key_identifier`, as far as it has them.

    `role` is the RemotePartyRole of its owner, -1 where it names none. DecodeError for other
    octets.
    """

    def __init__(self, element: der.Element):
        try:
            self._parse(element)
        except IndexError:  # of a list that is shorter than that of a certificate
            raise DecodeError(element.content.pos, "certificate")

    def _parse(self, element):
        parts = element.items()
        if element.tag != der.SEQUENCE or len(parts) != 3 or parts[0].tag != der.SEQUENCE:
            raise DecodeError(element.content.pos, "certificate")
        self._signed = parts[0].whole
        self._signature = parts[2]
        self.unique_id = b""
        self.role = -1
        self.usage = b""
        self.key_identifier = b""
        fields = parts[0].items()
        if len(fields) < 7 or fields[0].tag != 0xA0:
            raise DecodeError(element.content.pos, "certificate fields")
        for name in fields[5].items():
            for pair in name.items():
                self._name(pair.items())
        key = fields[6].items()[-1].octets()
        if len(key) != _POINT or key[:2] != b"\x00\x04":
            raise DecodeError(fields[6].content.pos, "certificate key")
        self.key = key[1:]
        for field in fields[7:]:
            if field.tag == 0xA3:
                for extension in field.items()[0].items():
                    self._extension(extension.items())

    def _name(self, pair):
        if len(pair) == 2 and pair[0].octets() == _UNIQUE_ID:
            self.unique_id = pair[1].octets()[1:]
        elif len(pair) == 2 and pair[0].octets() == _UNIT:
            text = pair[1].octets()
            if len(text) == 2 and all(octet in b"0123456789abcdefABCDEF" for octet in text):
                self.role = int(str(text, "ascii"), 16)

    def _extension(self, parts):
        name = parts[0].octets()
        value = parts[-1].octets()
        if name == _KEY_USAGE:
            self.usage = der.whole(value, der.BIT_STRING).octets()
        elif name == _KEY_IDENTIFIER:
            self.key_identifier = der.whole(value, der.OCTET_STRING).octets()

    def has_a_point(self) -> bool:
        """Whether its key is a point of P-256."""
        from smets.crypto import p256

        try:
            p256.check_public(self.key)
        except CryptoError:
            return False
        return True

    def leads_to(self, anchors, path) -> bool:
        """Whether a chain of certificates of `path` leads from this one to a key of `anchors`.

        Without anchors any certificate of the path is one: see policy.PATH_WITHOUT_ANCHOR.
        """
        if any(self.signed_by(key) for key in anchors):
            return True
        for index in range(len(path)):
            issuer = path[index]
            if self.signed_by(issuer.key):
                rest = path[:index] + path[index + 1 :]
                if not anchors or issuer.leads_to(anchors, rest):
                    return True
        return False

    def signed_by(self, key) -> bool:
        """Whether a public key made the signature of this one (ECDSA, SHA-256)."""
        from hashlib import sha256

        from smets.crypto import ecdsa

        try:
            numbers = der.whole(self._signature.octets()[1:], der.SEQUENCE).items()
            raw = b"".join(_scalar(number) for number in numbers)
            return ecdsa.verify(key, sha256(self._signed).digest(), raw)
        except (DecodeError, CryptoError):
            return False


def _scalar(number) -> bytes:
    octets = number.octets()
    value = int.from_bytes(octets, "big")
    if not octets or len(octets) > 33 or octets[0] & 0x80 or value >> 256:
        raise DecodeError(number.content.pos, "signature")
    return value.to_bytes(32, "big")


def key_identifier(public) -> bytes:
    """The SubjectKeyIdentifier of a public key: 0100, then 60 bits of its SHA-1 (RFC 5280)."""
    digest = _sha1(bytes(public))
    return bytes((0x40 | digest[12] & 0x0F,)) + digest[13:20]


def _sha1(octets: bytes) -> bytes:
    import hashlib

    if hasattr(hashlib, "sha1"):
        return hashlib.sha1(octets).digest()
    return sha1(octets)


def sha1(octets: bytes) -> bytes:
    """SHA-1 (FIPS 180-4), for boards whose hashlib has none. It protects nothing here."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    padded = octets + b"\x80" + bytes(-(len(octets) + 9) % 64)
    padded += (8 * len(octets)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        words = [int.from_bytes(padded[i : i + 4], "big") for i in range(at, at + 64, 4)]
        a, b, c, d, e = state
        for step in range(80):
            if step >= 16:
                words.append(_turn(words[-3] ^ words[-8] ^ words[-14] ^ words[-16], 1))
            if step < 20:
                mixed = (b & c | ~b & d) + 0x5A827999
            elif step < 40:
                mixed = (b ^ c ^ d) + 0x6ED9EBA1
            elif step < 60:
                mixed = (b & c | b & d | c & d) + 0x8F1BBCDC
            else:
                mixed = (b ^ c ^ d) + 0xCA62C1D6
            a, b, c, d, e = (_turn(a, 5) + mixed + e + words[step]) & _WORD, a, _turn(b, 30), c, d
        state = [(old + new) & _WORD for old, new in zip(state, (a, b, c, d, e))]
    return b"".join(word.to_bytes(4, "big") for word in state)


_WORD = 0xFFFFFFFF


def _turn(word, bits):
    return (word << bits | word >> 32 - bits) & _WORD
