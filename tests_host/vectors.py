# Commands and opened responses for tests on both engines, made with keys of their own.
# Formats are restated here from the specification, not taken from the firmware; only the
# cryptography is the firmware's, which has vectors of its own.
from binascii import unhexlify
from hashlib import sha256

from smets.crypto import gcm, kdf
from smets.gbcs.keys import Keys, Party

BROKER = b"\x02\x5e\xca\x00\x00\x00\xac\x0b"
SUPPLIER = b"\x02\x5e\xca\x00\x00\x00\x05\x01"
OTHER_SUPPLIER = b"\x02\x5e\xca\x00\x00\x00\x05\x02"
OPERATOR = b"\x02\x5e\xca\x00\x00\x00\x0e\x01"
STRANGER = b"\x02\x5e\xca\x00\x00\x00\x99\x99"
DEVICE = b"\x02\x5e\xca\x00\x00\x00\x00\x03"

READ = "00.00"

_ROLES = (
    (BROKER, "access_control_broker"),
    (SUPPLIER, "supplier"),
    (OTHER_SUPPLIER, "supplier"),
    (OPERATOR, "network_operator"),
)


def h(text):
    """Octets of hexadecimal text, spaces allowed."""
    return unhexlify(text.replace(" ", ""))


def octets(response):
    """The octets of a response or another stream; its length must have been told truly."""
    joined = b"".join(bytes(chunk) for chunk in response.chunks())
    assert len(joined) == response.length, "length told %d, sent %d" % (
        response.length,
        len(joined),
    )
    return joined


def secret(party):
    """A value in place of the ECDH secret of the device and a party."""
    return sha256(b"secret of " + party).digest()


def signing_key(party):
    """The private signing key of a party (below the order of P-256)."""
    return b"\x00" + sha256(b"signing key of " + party).digest()[1:]


def keys(device=DEVICE):
    """Keys of a device that knows the parties above; signing keys are added by `let_sign`."""
    ring = Keys(device)
    for party, role in _ROLES:
        ring.add(Party(party, role, b"", None, secret(party)))
    return ring


_PUBLIC = {}
_SIGNATURES = {}


def public_of(private):
    """The public key of a private one, worked out once: on the Unix port that takes a while."""
    if private not in _PUBLIC:
        from smets.crypto import p256

        _PUBLIC[private] = p256.public_key(private)
    return _PUBLIC[private]


def signature_of(party, data):
    """What a party signs with (RFC 6979: always the same), made once."""
    from smets.crypto import ecdsa

    digest = ecdsa.sha256(data)
    if (party, digest) not in _SIGNATURES:
        _SIGNATURES[(party, digest)] = ecdsa.sign(signing_key(party), digest)
    return _SIGNATURES[(party, digest)]


def let_sign(ring, party=SUPPLIER):
    """Give a party its public signing key, and the device one of its own."""
    ring.find(party).ds_public = public_of(signing_key(party))
    ring.ds_private_key = signing_key(ring.device_id)


def length(value):
    """A DLMS length: below 128 one octet, else 81, 82 or 83 before the fewest octets."""
    if value < 0x80:
        return bytes((value,))
    count = 1 if value < 0x100 else 2 if value < 0x10000 else 3
    return bytes((0x80 + count,)) + value.to_bytes(count, "big")


def string(data):
    """A length, then the octets."""
    return length(len(data)) + data


def counter_octets(counter):
    """The 8 octets of an originator counter."""
    return counter.to_bytes(8, "big")


def mac(key_secret, originator, cra, counter, target, header_to_signature):
    """The MAC of a message (docs/evidence/messages.md#keys)."""
    key = kdf.derive(key_secret, originator, cra, counter_octets(counter), target)
    return gcm.mac(key, originator + bytes(4), b"\x11" + bytes(5), header_to_signature)


def grouping(  # noqa: PLR0913 - the fields of a message
    code,
    payload,
    counter=1000,
    originator=SUPPLIER,
    target=DEVICE,
    other=b"",
    date_time=b"",
    cra=1,
):
    """Grouping header and payload, DF first."""
    return (
        b"\xdf\x09"
        + bytes((cra,))
        + counter_octets(counter)
        + string(originator)
        + string(target)
        + string(date_time)
        + string(code.to_bytes(2, "big") + other)
        + string(payload)
    )


def protect(inner, originator, cra, counter, target, key_secret):
    """Put a MAC header before DF.. and a MAC behind."""
    tag = mac(key_secret, originator, cra, counter, target, inner)
    return b"\xdd" + bytes(6) + string(b"\x11" + bytes(4) + inner + tag)


def command(  # noqa: PLR0913 - the fields of a message
    code,
    payload,
    counter=1000,
    originator=SUPPLIER,
    target=DEVICE,
    other=b"",
    date_time=b"",
    cra=1,
    sign=False,
    key_secret=None,
):
    """A whole command, its MAC made with the broker's secret (or `key_secret`)."""
    inner = grouping(code, payload, counter, originator, target, other, date_time, cra)
    if sign:
        from smets.crypto import ecdsa

        inner += b"\x40" + ecdsa.sign(signing_key(originator), sha256(inner[1:]).digest())
    else:
        inner += b"\x00"
    return protect(inner, originator, cra, counter, target, key_secret or secret(BROKER))


class Taker:
    """Cuts octets from the front; an assertion fails where they are short."""

    def __init__(self, data):
        self.data = bytes(data)

    def take(self, count):
        """The next `count` octets."""
        assert count <= len(self.data), "%d octets wanted, %d left" % (count, len(self.data))
        taken = self.data[:count]
        self.data = self.data[count:]
        return taken

    def number(self, count):
        """The next `count` octets as a big-endian number."""
        return int.from_bytes(self.take(count), "big")

    def length(self):
        """A DLMS length."""
        first = self.number(1)
        return first if first < 0x80 else self.number(first & 0x7F)

    def string(self):
        """A length, then that many octets."""
        return self.take(self.length())


class Opened:
    """A response taken apart; the MAC has been verified where there is one."""

    def __init__(self, response, party=SUPPLIER, device=DEVICE, cra=2):
        data = response if isinstance(response, bytes) else octets(response)
        self.octets = data
        self.authenticated = data[0] == 0xDD
        taker = Taker(data)
        tag = b""
        if self.authenticated:
            assert taker.take(7) == b"\xdd" + bytes(6)
            body = taker.string()
            assert not taker.data, "octets after the ciphered service"
            assert body[:5] == b"\x11" + bytes(4)
            tag = body[-12:]
            inner = body[5:-12]
            taker = Taker(inner)
        assert taker.take(2) == b"\xdf\x09"
        self.cra = taker.number(1)
        assert self.cra == cra
        self.counter = taker.number(8)
        self.originator = taker.string()
        self.target = taker.string()
        self.date_time = taker.string()
        other = taker.string()
        self.code = int.from_bytes(other[:2], "big")
        self.other = other[2:]
        self.payload = taker.string()
        self.signature = taker.string()
        assert not taker.data, "octets after the signature"
        assert self.originator == device
        if self.authenticated:
            expected = mac(secret(party), device, cra, self.counter, self.target, inner)
            assert tag == expected, "MAC of the response"

    def cipher_key(self, party=None):
        """The key of encrypted parts."""
        who = party or self.target
        return kdf.derive(secret(who), self.originator, 4, counter_octets(self.counter), who)

    def decrypt(self, ciphered, party=None):
        """The plaintext of ciphered information: 31, counter 0, ciphertext, tag."""
        assert ciphered[:5] == b"\x31" + bytes(4)
        iv = self.originator + bytes(4)
        return gcm.open_sealed(
            self.cipher_key(party), iv, b"\x31", ciphered[5:-12], ciphered[-12:]
        )

    def components(self, party=None):
        """(cluster, ZCL frame, encrypted) of each component of a GBZ payload."""
        taker = Taker(self.payload)
        assert taker.number(2) == 0x0109
        count = taker.number(1)
        found = []
        encrypted = 0
        for index in range(count):
            control = taker.number(1)
            assert (control & 1) == (index == count - 1), "last flag"
            assert control < 4
            cluster = taker.number(2)
            body = Taker(taker.take(taker.number(2)))
            if control & 2:
                assert body.take(2) == bytes((0, encrypted)), "additional header"
                encrypted += 1
                frame = body.take(3)
                ciphered = body.take(body.number(2))
                assert not body.data
                frame += self.decrypt(ciphered, party)
            else:
                frame = body.data
            found.append((cluster, frame, bool(control & 2)))
        assert not taker.data, "octets after the last component"
        return found


def records(frame):
    """{attribute: type and value octets, or status} of a Read Attributes Response, and ids."""
    from smets.codec import Reader
    from smets.zcl import types

    reader = Reader(frame, 3)
    values = {}
    order = []
    while reader.left():
        attribute = reader.le(2, "attribute")
        order.append(attribute)
        status = reader.u8("status")
        if status:
            values[attribute] = status
            continue
        start = reader.pos
        types.read_value(reader, reader.u8("type"))
        values[attribute] = bytes(frame[start : reader.pos])
    return values, order


def gbz(*components):
    """A GBZ payload of (cluster, ZCL frame) or (cluster, ZCL frame, From Date Time)."""
    payload = b"\x01\x09" + bytes((len(components),))
    for index in range(len(components)):
        cluster, frame = components[index][:2]
        control = 1 if index == len(components) - 1 else 0
        dated = b""
        if len(components[index]) > 2:
            control |= 0x10
            dated = components[index][2].to_bytes(4, "big")
        body = dated + frame
        payload += bytes((control,)) + cluster.to_bytes(2, "big")
        payload += len(body).to_bytes(2, "big") + body
    return payload


def read_frame(sequence, *attributes):
    """A Read Attributes frame."""
    ids = b"".join(attribute.to_bytes(2, "little") for attribute in attributes)
    return bytes((0, sequence, 0)) + ids


# The payloads of the reads that carry a stamp (docs/evidence/messages.md#frame-control).
GCS13A = 0x0074
GCS13B = 0x00B8
GCS13C = 0x00B6
GCS14 = 0x0075
GCS60 = 0x008D
GCS60A = 0x012A
GCS09 = 0x0072


def gas_payload(code):
    """The payload of a command of one of these codes."""
    if code == GCS13A:
        return gbz((0x0702, read_frame(0, 0x0302, 0x0301, 0x0300, 0x0000)))
    if code == GCS13B:
        ids = (0x0700, 0x0701, 0x0702, 0x0703, 0x0302, 0x0301, 0x0300)
        return gbz((0x0702, read_frame(0, *ids)))
    if code == GCS13C:
        ids = (0x0302, 0x0301, 0x0300, 0x0100, 0x0102, 0x0104, 0x0106)
        return gbz((0x0702, read_frame(0, *ids)))
    if code == GCS14:
        price = read_frame(0, 0x0617, 0x0616)
        ids = (0x0005, 0x0002, 0x0001, 0x0231, 0x0211, 0x0221)
        return gbz((0x0700, price), (0x0705, read_frame(1, *ids)))
    assert code in (GCS60, GCS60A)
    return gbz((0x0702, read_frame(0, 0x0A00)), (0x0705, read_frame(1, 0x0001)))


def gas_read(code, counter=1000, originator=SUPPLIER, target=DEVICE):
    """A whole command of one of the codes above."""
    return command(code, gas_payload(code), counter, originator, target)


def tenancy_set(date, sequence=0):
    """The payload of GCS09: PublishChangeOfTenancy with an implementation date."""
    fields = bytes(9) + date.to_bytes(4, "little") + (0x200).to_bytes(4, "little")
    return gbz((0x0708, b"\x09" + bytes((sequence, 0)) + fields))


def access_request(elements, counter=1000, options=0x20):
    """An Access-Request of (choice, key octets, selection or None, data octets)."""
    payload = b"\xd9" + bytes((options,)) + counter.to_bytes(3, "big") + b"\x00"
    payload += length(len(elements))
    for choice, key, selection, _ in elements:
        payload += bytes((choice,)) + key
        if selection is not None:
            payload += b"\x01" + selection
    payload += length(len(elements))
    for _, _, _, data in elements:
        payload += data
    return payload


def key(class_id, obis, attribute):
    """The 9 octets of an attribute or method: class, OBIS code as six numbers, number."""
    return class_id.to_bytes(2, "big") + bytes(obis) + bytes((attribute,))


def range_descriptor(start, end):
    """Selective access by range of the first column, UTC seconds since 2000."""
    restricting = h("0204 1200 01 0906 00005E2C64FF 0F02 120000")
    limits = b"\x06" + start.to_bytes(4, "big") + b"\x06" + end.to_bytes(4, "big")
    return b"\x02\x04" + restricting + limits + b"\x01\x00"
