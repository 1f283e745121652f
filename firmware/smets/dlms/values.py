# A-XDR octets from the value notation of STATE.json: {"type": name, "value": ...}.
# Used when a state is loaded; values read and set over the wire never pass through here.
from binascii import unhexlify

from smets.codec import length_octets
from smets.dlms import axdr
from smets.dlms.objects import Buffer

# Type names to (tag, octets of an integer; 0 for the others, negative if signed).
_TYPES = {
    "null-data": (0x00, 0),
    "array": (0x01, 0),
    "structure": (0x02, 0),
    "boolean": (0x03, 0),
    "bit-string": (0x04, 0),
    "double-long": (0x05, -4),
    "double-long-unsigned": (0x06, 4),
    "octet-string": (0x09, 0),
    "visible-string": (0x0A, 0),
    "utf8-string": (0x0C, 0),
    "integer": (0x0F, -1),
    "long": (0x10, -2),
    "unsigned": (0x11, 1),
    "long-unsigned": (0x12, 2),
    "compact-array": (0x13, 0),
    "long64": (0x14, -8),
    "long64-unsigned": (0x15, 8),
    "enum": (0x16, 1),
}


def _type(name):
    if not isinstance(name, str) or name not in _TYPES:
        raise ValueError("no A-XDR type %s" % (name,))
    return _TYPES[name]


def _list(value):
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def encode(notation):
    """A-XDR octets of {"type", "value"}, or a Buffer for a compact-array; else ValueError."""
    if not isinstance(notation, dict) or "type" not in notation:
        raise ValueError('not {"type", "value"}')
    allowed = ("type", "value", "element_type")
    for member in notation:
        if member not in allowed:
            raise ValueError("unknown member " + member)
    name = notation["type"]
    tag, size = _type(name)
    value = notation.get("value")
    if tag in (axdr.ARRAY, axdr.STRUCTURE):
        items = _list(value)
        return bytes((tag,)) + length_octets(len(items)) + b"".join(encode(item) for item in items)
    if tag == axdr.COMPACT_ARRAY:
        element = notation.get("element_type")
        buffer = Buffer(_describe(element))
        for row in _list(value):
            buffer.append(_row(element, row))
        return buffer
    return bytes((tag,)) + _content(name, tag, size, value)


def _content(name, tag, size, value) -> bytes:
    """The octets after the tag of a simple value."""
    if size:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("%s is not an integer" % name)
        span = 1 << (8 * abs(size))
        low = 0 if size > 0 else -(span >> 1)
        if not low <= value < low + span:
            raise ValueError("%d does not fit %s" % (value, name))
        return (value % span).to_bytes(abs(size), "big")
    if tag == axdr.NULL:
        return b""
    if tag == axdr.BOOLEAN:
        if not isinstance(value, bool):
            raise ValueError("boolean is not true or false")
        return b"\xff" if value else b"\x00"
    if not isinstance(value, str):
        raise ValueError("%s is not text" % name)
    if tag == axdr.OCTET_STRING:
        try:
            octets = unhexlify(value)
        except ValueError:
            raise ValueError("octet-string is not hexadecimal")
        return length_octets(len(octets)) + octets
    if tag == axdr.BIT_STRING:
        return length_octets(len(value)) + _bits(value)
    try:
        octets = value.encode()
    except ValueError:  # half of a surrogate pair
        raise ValueError("%s is not text that UTF-8 can hold" % name)
    return length_octets(len(octets)) + octets


def _bits(text: str) -> bytes:
    octets = bytearray((len(text) + 7) // 8)
    for index in range(len(text)):
        if text[index] not in "01":
            raise ValueError("bit-string holds other than 0 and 1")
        if text[index] == "1":
            octets[index // 8] |= 0x80 >> (index % 8)
    return bytes(octets)


def _describe(element) -> bytes:
    """The type description of a compact-array element."""
    if isinstance(element, dict):
        if "structure" in element:
            parts = _list(element["structure"])
            head = bytes((axdr.STRUCTURE,)) + length_octets(len(parts))
            return head + b"".join(_describe(part) for part in parts)
        if "array" in element:
            parts = _list(element["array"])
            if len(parts) != 2 or not isinstance(parts[0], int) or not 0 < parts[0] <= 0xFFFF:
                raise ValueError("array is not [1 to 65535 elements, type]")
            count, inner = parts
            return bytes((axdr.ARRAY,)) + count.to_bytes(2, "big") + _describe(inner)
    return bytes((_type(element)[0],))


def _row(element, value) -> bytes:
    """One compact-array element, without tags."""
    if isinstance(element, dict):
        items = _list(value)
        if "structure" in element:
            inner = element["structure"]
        else:
            inner = [element["array"][1]] * element["array"][0]
        if len(items) != len(inner):
            raise ValueError("row of %d values, expected %d" % (len(items), len(inner)))
        return b"".join(_row(part, item) for part, item in zip(inner, items))
    tag, size = _type(element)
    return _content(element, tag, size, value)
