# DER of the ASN.1 use cases: read as views, written as octets. No schema: the callers know it.
from smets.codec import DecodeError, Reader

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_ID = 0x06
ENUMERATED = 0x0A
TIME = 0x18  # GeneralizedTime
SEQUENCE = 0x30


class Element:
    """One element: its tag, its content as a Reader, and `whole`, tag and length included."""

    def __init__(self, tag: int, content: Reader, whole):
        self.tag = tag
        self.content = content
        self.whole = whole

    def octets(self) -> bytes:
        """The content."""
        return bytes(self.content.data[self.content.pos : self.content.end])

    def number(self) -> int:
        """The content as a number below 2^64; DecodeError for a negative one and for none."""
        octets = self.octets()
        value = int.from_bytes(octets, "big")
        if not octets or octets[0] & 0x80 or value >> 64:
            raise DecodeError(self.content.pos, "INTEGER")
        return value

    def items(self) -> list:
        """The elements of a constructed one."""
        found = []
        reader = Reader(self.content.data, self.content.pos, self.content.end)
        while reader.left():
            found.append(read(reader))
        return found


def read(reader: Reader, tag: int = -1) -> Element:
    """The next element, of a tag where one is given; DecodeError.

    A length need not be in its shortest form: RTDS has 82 00 DE.
    """
    start = reader.pos
    found = reader.u8("tag")
    if tag not in (-1, found) or found & 0x1F == 0x1F:
        raise DecodeError(start, "tag %02X" % found)
    at = reader.pos
    length = reader.u8("length")
    if length & 0x80:
        if not 0x81 <= length <= 0x83:
            raise DecodeError(at, "length octet %02X" % length)
        length = reader.be(length & 0x7F, "length")
    first = reader.skip(length, "element")
    content = Reader(reader.data, first, reader.pos)
    return Element(found, content, reader.data[start : reader.pos])


def whole(data, tag: int = -1) -> Element:
    """The one element that the octets are; DecodeError."""
    reader = Reader(data)
    element = read(reader, tag)
    reader.finish("DER")
    return element


def number(element) -> int:
    """The value of an INTEGER; DecodeError for another element."""
    if element.tag != INTEGER:
        raise DecodeError(element.content.pos, "INTEGER")
    return element.number()


def element(tag: int, *parts) -> bytes:
    """An element of the parts put together; a length above 127 is 82 xx xx, as in RTDS."""
    content = b"".join([bytes(part) for part in parts])
    size = len(content)
    head = bytes((tag, size)) if size < 0x80 else bytes((tag, 0x82, size >> 8, size & 0xFF))
    return head + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER (or ENUMERATED), 0 or more."""
    size = 1
    while value >> (8 * size - 1):
        size += 1
    return element(tag, value.to_bytes(size, "big"))


def sequence(*parts) -> bytes:
    """A SEQUENCE of parts that are elements already."""
    return element(SEQUENCE, *parts)


def octet_string(octets) -> bytes:
    """An OCTET STRING."""
    return element(OCTET_STRING, octets)
