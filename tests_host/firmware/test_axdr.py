# engines: cpython unix
# A-XDR data: what is passed over, what is refused and where.
from testkit import raises
from vectors import h, length

from smets.codec import DecodeError, Reader
from smets.dlms import axdr


def skipped(data):
    """The tag, and how many octets were passed over."""
    reader = Reader(data)
    tag = axdr.skip(reader)
    return tag, reader.pos


def refused(data):
    with raises(DecodeError) as caught:
        axdr.skip(Reader(data))
    return caught.error.offset, caught.error.what


def nested(kind, depth, inner=b"\x00"):
    return (bytes((kind,)) + b"\x01") * depth + inner


def test_fixed_sizes():
    """spec: IEC 62056-6-2 Data."""
    for tag, size in axdr.SIZES.items():
        data = bytes((tag,)) + bytes(size)
        assert skipped(data + b"\xaa\xaa") == (tag, 1 + size)
        if size:
            assert refused(data[:-1])[1].startswith("data: ")


def test_known_sizes_by_name():
    """spec: double-long 4, long 2, date-time 12, date 5, time 4, booleans and enums 1."""
    names = {0x00: 0, 0x03: 1, 0x05: 4, 0x06: 4, 0x0F: 1, 0x10: 2, 0x11: 1, 0x12: 2, 0x14: 8}
    names.update({0x15: 8, 0x16: 1, 0x17: 4, 0x18: 8, 0x19: 12, 0x1A: 5, 0x1B: 4})
    for tag, size in names.items():
        assert axdr.SIZES[tag] == size


def test_strings_at_each_length_form():
    for tag in (axdr.OCTET_STRING, axdr.VISIBLE_STRING, 0x0C):
        for size in (0, 1, 127, 128, 255, 256, 300):
            data = bytes((tag,)) + length(size) + bytes(size)
            assert skipped(data) == (tag, len(data))
            if size:
                assert refused(data[:-1])[1].startswith("string: ")


def test_bit_strings_count_bits():
    for bits, octets in ((0, 0), (1, 1), (8, 1), (9, 2), (16, 2), (127, 16), (128, 16), (129, 17)):
        data = b"\x04" + length(bits) + bytes(octets)
        assert skipped(data + b"\x55") == (axdr.BIT_STRING, len(data))
        if octets:
            assert refused(data[:-1])[1].startswith("bit-string: ")


def test_arrays_and_structures():
    data = h("01 02 02 03 0F 01 10 0002 06 00000003 02 00")
    assert skipped(data) == (axdr.ARRAY, len(data))
    assert skipped(h("0100")) == (1, 2)
    for size in range(len(data)):
        refused(data[:size])


def test_array_of_many():
    data = b"\x01" + length(300) + b"\x00" * 300
    assert skipped(data) == (axdr.ARRAY, len(data))
    assert refused(data[:-1]) == (len(data) - 1, "data tag: 1 octets missing")


def test_huge_counts_end_with_the_data():
    for data in (h("01 83FFFFFF 00"), h("02 83FFFFFF"), h("09 83FFFFFF 00"), h("04 83FFFFFF 00")):
        assert refused(data)[1].endswith("octets missing")


def test_nesting_has_a_floor():
    """Deep enough for GBCS (RTDS needs 5), not so deep that a board's stack ends."""
    for kind in (axdr.ARRAY, axdr.STRUCTURE):
        assert skipped(nested(kind, 12)) == (kind, 25)
        assert refused(nested(kind, 13)) == (26, "data nested too deep")
        assert refused(nested(kind, 500))[1] == "data nested too deep"
    assert refused(nested(axdr.STRUCTURE, 12, h("02010001")))[1] == "data nested too deep"


def test_unknown_tags_are_refused():
    known = set(axdr.SIZES) | {0x01, 0x02, 0x04, 0x09, 0x0A, 0x0C, 0x13}
    for tag in range(256):
        if tag not in known:
            data = b"\x01\x01" + bytes((tag,)) + bytes(20)
            assert refused(data) == (2, "unknown data tag %02X" % tag)


def test_compact_array_of_numbers():
    data = h("13 06 08 00000001 00000002")
    assert skipped(data + b"\x00") == (axdr.COMPACT_ARRAY, len(data))
    assert skipped(h("13 06 00")) == (axdr.COMPACT_ARRAY, 3)


def test_compact_array_of_structures():
    """A row of double-long-unsigned, octet-string, structure{bit-string, array(2) of long}."""
    description = h("02 03 06 09 02 02 04 01 0002 10")
    row = h("1C374A80 02 ABCD 09 FF80 0001 0002")
    for rows in (0, 1, 2, 20):
        data = b"\x13" + description + length(len(row) * rows) + row * rows
        assert skipped(data) == (axdr.COMPACT_ARRAY, len(data))
        for cut in (1, 2, len(row) // 2):
            refused(data[:-cut] if rows else data[: -cut - 1])


def test_compact_array_row_that_passes_the_end():
    assert refused(h("13 06 07 00000001 000000 00"))[1] == "compact-array row passes the end"
    assert refused(h("13 06 05 00000001 00000002"))[1] == "compact-array row passes the end"
    assert refused(h("13 06 08 00000001"))[1] == "compact-array cut short"


def test_compact_array_of_what_it_cannot_hold():
    for description, what in (
        (h("13"), "type 13 in a compact-array"),
        (h("00"), "type 00 in a compact-array"),
        (h("FF"), "type FF in a compact-array"),
        (h("7E"), "type 7E in a compact-array"),
        (h("0200"), "empty structure in a type description"),
        (h("01000006"), "empty array in a type description"),
        (h("01"), "array size: 2 octets missing"),
        (h("0202 06"), "type description: 1 octets missing"),
    ):
        assert refused(b"\x13" + description)[1] == what


def test_compact_array_of_a_large_structure():
    """Its size takes two octets from 128 on."""
    for size in (127, 128, 130, 200, 255, 256):
        data = b"\x13\x02" + length(size) + b"\x11" * size + length(2 * size) + bytes(2 * size)
        assert skipped(data) == (axdr.COMPACT_ARRAY, len(data))
        refused(data[:-1])


def test_type_descriptions_nest_as_data_does():
    assert skipped(b"\x13" + b"\x02\x01" * 11 + b"\x11\x02\x01\x02")[0] == axdr.COMPACT_ARRAY
    assert refused(b"\x13" + b"\x02\x01" * 12 + b"\x11\x02\x01\x02")[1] == (
        "type description nested too deep"
    )
    assert refused(b"\x13" + b"\x01\x00\x01" * 400)[1] == "type description nested too deep"


def test_unsigned_numbers():
    for data, value in (
        (h("11 FF"), 255),
        (h("12 0102"), 0x0102),
        (h("06 FFFFFFFF"), 0xFFFFFFFF),
        (h("16 03"), 3),
    ):
        assert axdr.unsigned(data) == value
        assert axdr.unsigned(memoryview(data)) == value


def test_what_is_not_an_unsigned_number():
    for data in (b"", h("0F 01"), h("09 01 01"), h("00")):
        with raises(DecodeError) as caught:
            axdr.unsigned(data)
        assert caught.error.what == "not an unsigned number"
    for data in (h("11"), h("11 0000"), h("06 000000"), h("12 000000")):
        with raises(DecodeError) as caught:
            axdr.unsigned(data)
        assert caught.error.what == "number of the wrong length"
