# Data protection, class 30 method 1: attributes read together and encrypted (GBCS 8.5).
# Request: structure{array of objects, array(1) of protection parameters}, all in fixed form.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.dlms import axdr, objects
from smets.parts import Encrypted, Parts

# array(1) of structure{enum 2 (authentication and encryption), structure(5)}; the transaction-id
# of 9 octets follows: 04, then the originator counter.
_PARAMETERS = b"\x01\x01\x02\x02\x16\x02\x02\x05\x09\x09\x04"
# Other-information empty; agreed key, C(0e, 2s ECC CDH) 02, no parameters.
_KEY_INFO = b"\x09\x00\x02\x02\x16\x02\x02\x02\x09\x01\x02\x09\x00"

_SECURITY = b"\x31\x00\x00\x00\x00"
_AAD = b"\x31"
_TAG_SIZE = const(12)

_NO_RESTRICTION = const(0)
_DATE_RESTRICTION = const(1)
_END_OF_TIME = const(0xFFFFFFFF)


class Wanted:
    """One protected object of a request: its key, and a time range or (-1, -1)."""

    def __init__(self, key: bytes, start: int, end: int):
        self.key = key
        self.start = start
        self.end = end


def parse(data, session) -> list:
    """The objects that a request wants; DecodeError where it is not of the GBCS form.

    `session` has `counter` and `target` of the command and `reply_party`, who the answer is for:
    a party that the broker names, else the originator. Each has 8 octets.
    """
    reader = Reader(data)
    reader.literal(b"\x02\x02\x01", "protected request")
    wanted = []
    for _ in range(reader.length("object count")):
        wanted.append(_parse_object(reader))
    reader.literal(_PARAMETERS, "protection parameters")
    reader.literal(session.counter, "transaction-id")
    for octets in (session.reply_party, session.target):
        reader.literal(b"\x09\x08", "protection parameters")
        reader.literal(octets, "protection parties")
    reader.literal(_KEY_INFO, "protection key information")
    reader.finish("protected request")
    return wanted


def _parse_object(reader):
    reader.literal(b"\x02\x05\x12", "protected object")
    key = bytearray(9)
    key[0:2] = reader.view(2, "class")
    reader.literal(b"\x09\x06", "OBIS code")
    key[2:8] = reader.view(6, "OBIS code")
    reader.expect(axdr.INTEGER, "attribute")
    key[8] = reader.u8("attribute")
    reader.literal(b"\x12\x00\x00\x02\x02", "data index")
    reader.expect(axdr.ENUM, "restriction type")
    at = reader.pos
    kind = reader.u8("restriction type")
    if kind == _NO_RESTRICTION:
        reader.expect(axdr.NULL, "restriction")
        return Wanted(bytes(key), -1, -1)
    if kind != _DATE_RESTRICTION:
        raise DecodeError(at, "restriction type %d" % kind)
    reader.literal(b"\x02\x02", "restriction")
    limits = []
    for open_value in (0, _END_OF_TIME):
        reader.literal(b"\x09\x0c", "restriction limit")
        at = reader.pos
        limit = reader.view(12, "restriction limit")
        try:
            limits.append(objects.parse_limit(limit, open_value))
        except DecodeError as error:
            raise DecodeError(at + error.offset, error.what)
    return Wanted(bytes(key), limits[0], limits[1])


def read(wanted, model, session, head: bytes = b"\x02\x02"):
    """The answer: a stream, or the result code of the first object that cannot be given.

    It begins with `head`. `session.cipher()` is a fresh Gcm with the key of encrypted parts;
    `session.key_counter` is the counter that this key is made of, and names it in the answer.
    """
    plain = Parts()
    count = Writer(4)
    count.u8(axdr.STRUCTURE)
    count.length(len(wanted))
    plain.add(bytes(count.view()))
    for item in wanted:
        piece = model.get(item.key, item.start, item.end)
        if isinstance(piece, int):
            return piece
        plain.add(piece)
    writer = Writer(96 + len(head))
    writer.put(head)
    writer.put(_PARAMETERS)
    writer.put(session.key_counter)
    for octets in (session.target, session.reply_party):
        writer.u8(axdr.OCTET_STRING)
        writer.string(octets)
    writer.put(_KEY_INFO)
    writer.u8(axdr.OCTET_STRING)
    writer.length(len(_SECURITY) + plain.length + _TAG_SIZE)
    writer.put(_SECURITY)
    gcm = session.cipher()
    gcm.update_aad(_AAD)
    answer = Parts()
    answer.add(bytes(writer.view()))
    answer.add(Encrypted(plain, gcm, _TAG_SIZE))
    return answer
