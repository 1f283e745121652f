# ZCL data types: sizes, decoding and encoding of values (ZCL specification 2.6.2).
# Integers are little-endian; strings begin with their length, FF (FFFF) meaning "no value".
from smets.codec import DecodeError
from smets.compat import const

NO_DATA = const(0x00)
BITMAP8 = const(0x18)
BITMAP16 = const(0x19)
BITMAP32 = const(0x1B)
UINT8 = const(0x20)
UINT16 = const(0x21)
UINT24 = const(0x22)
UINT32 = const(0x23)
UINT48 = const(0x25)
INT8 = const(0x28)
INT24 = const(0x2A)
INT32 = const(0x2B)
ENUM8 = const(0x30)
OCTET_STRING = const(0x41)
CHAR_STRING = const(0x42)
LONG_OCTET_STRING = const(0x43)
UTC_TIME = const(0xE2)

# Octets of each fixed-size type; ranges are those of the ZCL table (first id, count, first size).
_SIZES = {0x00: 0, 0x10: 1, 0x38: 2, 0x39: 4, 0x3A: 8}
for _first, _count, _size in (
    (0x08, 8, 1),  # data8 to data64
    (0x18, 8, 1),  # map8 to map64
    (0x20, 8, 1),  # uint8 to uint64
    (0x28, 8, 1),  # int8 to int64
    (0x30, 2, 1),  # enum8, enum16
):
    for _index in range(_count):
        _SIZES[_first + _index] = _size + _index
for _type in (0xE0, 0xE1, 0xE2, 0xEA):  # time of day, date, UTC, BACnet object id
    _SIZES[_type] = 4
_SIZES[0xE8] = _SIZES[0xE9] = 2  # cluster id, attribute id
_SIZES[0xF0] = 8  # IEEE address
_SIZES[0xF1] = 16  # 128-bit key

# String types: how many octets their length takes.
_STRINGS = {OCTET_STRING: 1, CHAR_STRING: 1, LONG_OCTET_STRING: 2, 0x44: 2}


def is_known(type_id: int) -> bool:
    """Whether values of this type can be read and written here."""
    return type_id in _SIZES or type_id in _STRINGS


def is_string(type_id: int) -> bool:
    """Octet and character strings, short and long."""
    return type_id in _STRINGS


def _is_signed(type_id: int) -> bool:
    return INT8 <= type_id <= 0x2F


def read_value(reader, type_id: int):
    """Read one value: an integer, octets for strings (None for "no value") and wide types.

    Raises DecodeError for an unknown type or a value that passes the end.
    """
    prefix = _STRINGS.get(type_id)
    if prefix:
        length = reader.le(prefix, "string length")
        if length == (1 << (8 * prefix)) - 1:
            return None
        return bytes(reader.view(length, "string"))
    size = _SIZES.get(type_id)
    if size is None:
        raise DecodeError(reader.pos, "unknown data type %02X" % type_id)
    value = reader.le(size, "value")
    if _is_signed(type_id) and value >> (8 * size - 1):
        value -= 1 << (8 * size)
    return value


def encode(type_id: int, value) -> bytes:
    """Octets of a value: an integer, or bytes (None for "no value") for string types.

    Raises ValueError where the value does not fit the type.
    """
    prefix = _STRINGS.get(type_id)
    if prefix:
        limit = (1 << (8 * prefix)) - 1
        if value is None:
            return limit.to_bytes(prefix, "little")
        if not isinstance(value, (bytes, bytearray)) or len(value) >= limit:
            raise ValueError("not a string that fits type %02X" % type_id)
        return len(value).to_bytes(prefix, "little") + value
    size = _SIZES.get(type_id)
    if size is None:
        raise ValueError("unknown data type %02X" % type_id)
    if not isinstance(value, int):
        raise ValueError("not an integer")
    span = 1 << (8 * size)
    low = -(span >> 1) if _is_signed(type_id) else 0
    if not low <= value < low + span:
        raise ValueError("%d does not fit type %02X" % (value, type_id))
    return (value % span).to_bytes(size, "little")
