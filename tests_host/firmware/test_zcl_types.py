# engines: cpython unix
# ZCL data types: sizes, signs, strings, and what does not fit.
from testkit import Skip, raises

from smets.codec import DecodeError, Reader
from smets.zcl import types

# spec: ZCL 2.6.2; type, value, octets
VALUES = (
    (0x00, 0, b""),
    (0x08, 0xA5, b"\xa5"),
    (0x0F, 1, b"\x01\0\0\0\0\0\0\0"),
    (0x10, 1, b"\x01"),
    (0x18, 0x50, b"\x50"),
    (0x19, 0x0102, b"\x02\x01"),
    (0x1B, 0x200, b"\x00\x02\x00\x00"),
    (0x1F, 1 << 63, b"\0\0\0\0\0\0\0\x80"),
    (0x20, 255, b"\xff"),
    (0x21, 826, b"\x3a\x03"),
    (0x22, 1000, b"\xe8\x03\x00"),
    (0x23, 0xFFFFFFFF, b"\xff\xff\xff\xff"),
    (0x24, 1 << 32, b"\0\0\0\0\x01"),
    (0x25, 12345, b"\x39\x30\0\0\0\0"),
    (0x26, 1, b"\x01\0\0\0\0\0\0"),
    (0x27, (1 << 64) - 1, b"\xff" * 8),
    (0x28, -1, b"\xff"),
    (0x28, 127, b"\x7f"),
    (0x29, -2, b"\xfe\xff"),
    (0x2A, -8388608, b"\x00\x00\x80"),
    (0x2B, -1, b"\xff\xff\xff\xff"),
    (0x2B, 2500000, b"\xa0\x25\x26\x00"),
    (0x2B, -0x80000000, b"\x00\x00\x00\x80"),
    (0x2F, -1, b"\xff" * 8),
    (0x30, 1, b"\x01"),
    (0x31, 0x0102, b"\x02\x01"),
    (0x38, 0x3C00, b"\x00\x3c"),
    (0x39, 0x3F800000, b"\x00\x00\x80\x3f"),
    (0x3A, 1, b"\x01\0\0\0\0\0\0\0"),
    (0xE0, 1, b"\x01\0\0\0"),
    (0xE1, 1, b"\x01\0\0\0"),
    (0xE2, 0x1C374A80, b"\x80\x4a\x37\x1c"),
    (0xE2, 0xFFFFFFFF, b"\xff\xff\xff\xff"),
    (0xE8, 0x0702, b"\x02\x07"),
    (0xE9, 0xFFFE, b"\xfe\xff"),
    (0xEA, 7, b"\x07\0\0\0"),
    (0xF0, 1, b"\x01\0\0\0\0\0\0\0"),
    (0xF1, 1, b"\x01" + bytes(15)),
    (0x41, b"", b"\x00"),
    (0x41, b"\x01\x02", b"\x02\x01\x02"),
    (0x41, None, b"\xff"),
    (0x42, b"gas", b"\x03gas"),
    (0x42, bytes(254), b"\xfe" + bytes(254)),
    (0x43, bytes(256), b"\x00\x01" + bytes(256)),
    (0x43, None, b"\xff\xff"),
    (0x44, b"x", b"\x01\x00x"),
)


def test_values_both_ways():
    for type_id, value, octets in VALUES:
        assert types.is_known(type_id)
        assert types.encode(type_id, value) == octets, "%02X" % type_id
        reader = Reader(octets + b"\xee")
        assert types.read_value(reader, type_id) == value, "%02X" % type_id
        assert reader.left() == 1


def test_g35_negative_credit_and_large_bill():
    """spec: FFFFFFFF is -1 in int32, and 4294967295 in uint32."""
    assert types.encode(types.INT32, -1) == types.encode(types.UINT32, 0xFFFFFFFF)
    assert types.read_value(Reader(b"\xff\xff\xff\xff"), types.INT32) == -1
    assert types.read_value(Reader(b"\xff\xff\xff\xff"), types.UINT32) == 0xFFFFFFFF


def test_every_size_of_the_integer_families():
    for first, low_of in ((types.UINT8, 0), (types.INT8, 1), (types.BITMAP8, 0), (0x08, 0)):
        for extra in range(8):
            bits = 8 * (extra + 1)
            low = -(1 << (bits - 1)) if low_of else 0
            high = low + (1 << bits) - 1
            for value in (low, high):
                octets = types.encode(first + extra, value)
                assert len(octets) == extra + 1
                assert types.read_value(Reader(octets), first + extra) == value
            for value in (low - 1, high + 1):
                with raises(ValueError):
                    types.encode(first + extra, value)


def test_values_that_do_not_fit():
    for type_id, value, what in (
        (types.UINT8, 256, "256 does not fit type 20"),
        (types.UINT8, -1, "-1 does not fit type 20"),
        (types.INT8, 128, "128 does not fit type 28"),
        (types.UINT16, b"ab", "not an integer"),
        (types.UINT16, None, "not an integer"),
        (types.UINT16, "1", "not an integer"),
        (types.OCTET_STRING, 5, "not a string that fits type 41"),
        (types.OCTET_STRING, "text", "not a string that fits type 41"),
        (types.OCTET_STRING, bytes(255), "not a string that fits type 41"),
        (0x48, 1, "unknown data type 48"),
        (0xFF, 1, "unknown data type FF"),
    ):
        with raises(ValueError) as caught:
            types.encode(type_id, value)
        assert str(caught.error) == what


def test_long_strings_have_a_limit_too():
    try:
        too_long = bytes(0xFFFF)
    except MemoryError:
        raise Skip("no 64 KiB of heap in one piece")
    with raises(ValueError):
        types.encode(types.LONG_OCTET_STRING, too_long)


def test_strings_that_pass_the_end_are_refused():
    for type_id, octets in (
        (0x41, b""),
        (0x41, b"\x01"),
        (0x42, b"\xfe" + bytes(253)),
        (0x43, b"\x01"),
        (0x43, b"\x00\x01"),
        (0x44, b"\x02\x00x"),
        (0x23, b"\x01\x02\x03"),
        (0x20, b""),
    ):
        with raises(DecodeError) as caught:
            types.read_value(Reader(octets), type_id)
        assert "missing" in caught.error.what


def test_unknown_types_are_refused_where_the_value_stands():
    known = 0
    for type_id in range(256):
        if types.is_known(type_id):
            known += 1
            continue
        assert not types.is_string(type_id)
        with raises(DecodeError) as caught:
            types.read_value(Reader(bytes(32), 2), type_id)
        assert caught.error.offset == 2
        assert caught.error.what == "unknown data type %02X" % type_id
    assert known == 51


def test_only_four_types_are_strings():
    """spec: octet and character strings, short and long."""
    assert [t for t in range(256) if types.is_string(t)] == [0x41, 0x42, 0x43, 0x44]


def test_bytearray_is_a_string_as_well():
    assert types.encode(types.OCTET_STRING, bytearray(b"ab")) == b"\x02ab"
