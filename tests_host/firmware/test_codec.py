# engines: cpython unix
# The cursor reader and writer: bounds, length octets, offsets of errors.
from testkit import raises

from smets.codec import DecodeError, Reader, Writer, length_octets, length_size

# value, its shortest form (spec: DLMS)
LENGTHS = (
    (0, b"\x00"),
    (1, b"\x01"),
    (127, b"\x7f"),
    (128, b"\x81\x80"),
    (255, b"\x81\xff"),
    (256, b"\x82\x01\x00"),
    (65535, b"\x82\xff\xff"),
    (65536, b"\x83\x01\x00\x00"),
    (0xFFFFFF, b"\x83\xff\xff\xff"),
)


def test_g31_lengths_are_read_in_their_shortest_form():
    """spec: 127 is 7F, 128 is 81 80, 255 is 81 FF, 256 is 82 01 00."""
    for value, octets in LENGTHS:
        reader = Reader(octets)
        assert reader.length("x") == value
        assert reader.left() == 0


def test_g31_lengths_are_written_in_their_shortest_form():
    """spec: each form begins where the one before cannot hold the value."""
    for value, octets in LENGTHS:
        writer = Writer(1)
        writer.length(value)
        assert bytes(writer.view()) == octets
        assert length_size(value) == len(octets)


def test_length_in_a_longer_form_is_refused():
    for octets in (
        b"\x81\x00",
        b"\x81\x7f",
        b"\x82\x00\x80",
        b"\x82\x00\xff",
        b"\x83\x00\xff\xff",
        b"\x83\x00\x00\x00",
    ):
        with raises(DecodeError) as caught:
            Reader(octets).length("size")
        assert caught.error.offset == 0
        assert caught.error.what == "size: length not in its shortest form"


def test_length_octets_80_and_84_up_are_refused():
    for first in (0x80, 0x84, 0x88, 0xFE, 0xFF):
        with raises(DecodeError) as caught:
            Reader(b"\x00" + bytes((first,)) + bytes(200), 1).length("size")
        assert caught.error.offset == 1
        assert caught.error.what == "size: bad length octet %02X" % first


def test_length_cut_short_is_refused():
    for octets in (b"", b"\x81", b"\x82\x01", b"\x83\x01\x00"):
        with raises(DecodeError) as caught:
            Reader(octets).length("size")
        assert "octets missing" in caught.error.what


def test_error_says_where_and_what():
    error = DecodeError(7, "month 13")
    assert (error.offset, error.what) == (7, "month 13")
    assert str(error) == "offset 7: month 13"


def test_reader_reads_both_orders():
    reader = Reader(b"\x01\x02\x03\x04\x05\x06\x07")
    assert reader.u8("a") == 1
    assert reader.be(2, "b") == 0x0203
    assert reader.le(2, "c") == 0x0504
    assert reader.left() == 2
    assert bytes(reader.view(2, "d")) == b"\x06\x07"
    reader.finish("e")


def test_numbers_above_the_small_integers_of_a_board():
    reader = Reader(b"\xff" * 16)
    assert reader.be(8, "a") == 0xFFFFFFFFFFFFFFFF
    assert reader.le(8, "b") == 0xFFFFFFFFFFFFFFFF
    writer = Writer()
    writer.be(0x8000000000000001, 8)
    writer.le(0x80000001, 4)
    assert bytes(writer.view()) == b"\x80\0\0\0\0\0\0\x01\x01\0\0\x80"


def test_reader_never_passes_its_end():
    data = b"\x01\x02\x03\x04"
    for size in range(4):
        for call in ("be", "le", "view", "skip"):
            reader = Reader(data, 0, size)
            with raises(DecodeError) as caught:
                getattr(reader, call)(size + 1, "field")
            assert caught.error.offset == 0
            assert caught.error.what == "field: 1 octets missing"
            assert reader.pos == 0
    with raises(DecodeError) as caught:
        Reader(data, 4).u8("field")
    assert caught.error.offset == 4


def test_reader_of_a_part_keeps_offsets_of_the_whole():
    reader = Reader(b"\xaa\xbb\xcc\xdd", 1, 3)
    assert reader.left() == 2
    assert reader.u8("a") == 0xBB
    with raises(DecodeError) as caught:
        reader.be(2, "b")
    assert caught.error.offset == 2


def test_expect_points_at_the_octet():
    reader = Reader(b"\x01\x02")
    reader.expect(1, "first")
    with raises(DecodeError) as caught:
        reader.expect(3, "second")
    assert caught.error.offset == 1
    assert caught.error.what == "second: not 03"


def test_string_and_what_is_left():
    reader = Reader(b"\x02ab\x01")
    assert bytes(reader.string("text")) == b"ab"
    with raises(DecodeError) as caught:
        reader.finish("all")
    assert (caught.error.offset, caught.error.what) == (3, "all: 1 trailing octets")
    with raises(DecodeError):
        reader.string("text")


def test_view_does_not_copy():
    data = bytearray(b"\x01\x02\x03")
    view = Reader(data).view(3, "x")
    data[1] = 9
    assert view[1] == 9


def test_reader_takes_bytes_bytearray_and_memoryview():
    for data in (b"\x05", bytearray(b"\x05"), memoryview(b"\x05")):
        assert Reader(data).u8("x") == 5


def test_writer_grows_and_is_used_again():
    writer = Writer(2)
    for index in range(300):
        writer.u8(index & 0xFF)
    writer.put(b"xyz")
    writer.string(b"ab")
    octets = bytes(writer.view())
    assert len(octets) == 306
    assert octets[:4] == b"\x00\x01\x02\x03"
    assert octets[-6:] == b"xyz\x02ab"
    grown = len(writer.buffer)
    writer.reset()
    assert bytes(writer.view()) == b""
    writer.put(b"q")
    assert bytes(writer.view()) == b"q"
    assert len(writer.buffer) == grown


def test_writer_gives_room_to_fill_later():
    writer = Writer(4)
    writer.u8(1)
    start = writer.room(3)
    assert start == 1
    writer.buffer[start : start + 3] = b"\x07\x08\x09"
    writer.u8(2)
    assert bytes(writer.view(1)) == b"\x07\x08\x09\x02"


def test_written_strings_at_each_length_form_read_back():
    writer = Writer()
    for size in (0, 127, 128, 255, 256, 1000):
        writer.reset()
        writer.string(bytes(size))
        reader = Reader(bytes(writer.view()))
        assert len(reader.string("x")) == size
        reader.finish("x")


def test_octets_that_have_to_be_there():
    """project: the error names the first octet that differs, or is missing."""
    reader = Reader(b"\x02\x04\x12\x00")
    reader.literal(b"\x02\x04", "head")
    reader.literal(b"", "nothing")
    with raises(DecodeError) as caught:
        reader.literal(b"\x12\x01\x00", "tail")
    assert (caught.error.offset, caught.error.what) == (3, "tail: not 01")
    with raises(DecodeError) as caught:
        Reader(b"\x02").literal(memoryview(b"\x02\x03"), "short")
    assert caught.error.offset == 1


def test_length_octets():
    for value, octets in LENGTHS:
        assert length_octets(value) == octets and length_size(value) == len(octets)
