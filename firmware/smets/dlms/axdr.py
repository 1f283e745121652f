# A-XDR data (IEC 62056-6-2 Data): checking, skipping, reading simple values.
# Values travel as the octets they are sent in; only what a device must understand is decoded.
from smets.codec import DecodeError, Reader
from smets.compat import const

NULL = const(0x00)
ARRAY = const(0x01)
STRUCTURE = const(0x02)
BOOLEAN = const(0x03)
BIT_STRING = const(0x04)
DOUBLE_LONG = const(0x05)
DOUBLE_LONG_UNSIGNED = const(0x06)
OCTET_STRING = const(0x09)
VISIBLE_STRING = const(0x0A)
INTEGER = const(0x0F)
LONG = const(0x10)
UNSIGNED = const(0x11)
LONG_UNSIGNED = const(0x12)
COMPACT_ARRAY = const(0x13)
ENUM = const(0x16)

# Octets of each fixed-size type.
SIZES = {
    0x00: 0,  # null-data
    0x03: 1,  # boolean
    0x05: 4,  # double-long
    0x06: 4,  # double-long-unsigned
    0x0D: 1,  # bcd
    0x0F: 1,  # integer
    0x10: 2,  # long
    0x11: 1,  # unsigned
    0x12: 2,  # long-unsigned
    0x14: 8,  # long64
    0x15: 8,  # long64-unsigned
    0x16: 1,  # enum
    0x17: 4,  # float32
    0x18: 8,  # float64
    0x19: 12,  # date-time
    0x1A: 5,  # date
    0x1B: 4,  # time
    0xFF: 0,  # don't-care
}
_STRINGS = (OCTET_STRING, VISIBLE_STRING, 0x0C)  # 0C is utf8-string
# How deep arrays and structures may nest: RTDS needs 5; a board's stack has a floor.
_DEPTH = const(12)


def skip(reader, depth: int = 0) -> int:
    """Pass over one value, tag included, checking its form; returns the tag."""
    at = reader.pos
    tag = reader.u8("data tag")
    _skip_content(reader, tag, at, depth)
    return tag


def _skip_content(reader, tag, at, depth):
    # Without recursion: a Pico's stack would end before the limit does.
    left = []  # elements to come, of each array and structure that is open
    while True:
        if depth + len(left) > _DEPTH:
            raise DecodeError(at, "data nested too deep")
        if tag in (ARRAY, STRUCTURE):
            left.append(reader.length("element count"))
        else:
            _skip_simple(reader, tag, at, depth + len(left))
        while left and not left[-1]:
            left.pop()
        if not left:
            return
        left[-1] -= 1
        at = reader.pos
        tag = reader.u8("data tag")


def _skip_simple(reader, tag, at, depth):
    size = SIZES.get(tag)
    if size is not None:
        reader.skip(size, "data")
    elif tag in _STRINGS:
        reader.string("string")
    elif tag == BIT_STRING:
        reader.skip((reader.length("bit-string") + 7) // 8, "bit-string")
    elif tag == COMPACT_ARRAY:
        start = reader.pos
        skip_description(reader, depth + 1)
        description = reader.data[start : reader.pos]
        end = reader.length("compact-array length") + reader.pos
        if end > reader.end:
            raise DecodeError(reader.pos, "compact-array cut short")
        while reader.pos < end:
            skip_row(reader, description)
        if reader.pos != end:
            raise DecodeError(end, "compact-array row passes the end")
    else:
        raise DecodeError(at, "unknown data tag %02X" % tag)


def skip_description(reader, depth=0):
    """Pass over a compact-array type description."""
    at = reader.pos
    tag = reader.u8("type description")
    if depth > _DEPTH:
        raise DecodeError(at, "type description nested too deep")
    if tag == STRUCTURE:
        count = reader.length("structure size")
        if not count:
            raise DecodeError(at, "empty structure in a type description")
        for _ in range(count):
            skip_description(reader, depth + 1)
    elif tag == ARRAY:
        if not reader.be(2, "array size"):
            raise DecodeError(at, "empty array in a type description")
        skip_description(reader, depth + 1)
    elif not (tag in _STRINGS or tag == BIT_STRING or SIZES.get(tag)):
        raise DecodeError(at, "type %02X in a compact-array" % tag)


def skip_row(reader, description):
    """Pass over one compact-array element of the type `description`."""
    _skip_typed(reader, description, 0)


def _skip_typed(reader, description, at) -> int:
    """Pass over content of the type described from `at`; returns where that description ends."""
    tag = description[at]
    if tag == STRUCTURE:
        size = Reader(description, at + 1)
        count = size.length("structure size")
        at = size.pos
        for _ in range(count):
            at = _skip_typed(reader, description, at)
        return at
    if tag == ARRAY:
        count = description[at + 1] << 8 | description[at + 2]
        end = at
        for _ in range(count):
            end = _skip_typed(reader, description, at + 3)
        return end
    _skip_content(reader, tag, reader.pos, 0)
    return at + 1


def unsigned(data) -> int:
    """The value of an unsigned, long-unsigned, double-long-unsigned or enum; else DecodeError."""
    if not len(data) or data[0] not in (UNSIGNED, LONG_UNSIGNED, DOUBLE_LONG_UNSIGNED, ENUM):
        raise DecodeError(0, "not an unsigned number")
    if len(data) != 1 + SIZES[data[0]]:
        raise DecodeError(0, "number of the wrong length")
    return int.from_bytes(data[1:], "big")
