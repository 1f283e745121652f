# engines: cpython unix
# A-XDR octets from the value notation of STATE.json.
from testkit import raises
from vectors import h

from smets.codec import Reader
from smets.dlms import axdr, values


def encoded(type_name, value):
    return values.encode({"type": type_name, "value": value})


def refused(notation):
    with raises(ValueError) as caught:
        values.encode(notation)
    return str(caught.error)


def test_simple_values():
    """spec: tags and sizes of IEC 62056-6-2."""
    for name, value, octets in (
        ("null-data", None, "00"),
        ("boolean", True, "03FF"),
        ("boolean", False, "0300"),
        ("bit-string", "", "0400"),
        ("bit-string", "0101", "040450"),
        ("bit-string", "111111110", "0409FF00"),
        ("double-long", -1, "05FFFFFFFF"),
        ("double-long", 0x7FFFFFFF, "057FFFFFFF"),
        ("double-long-unsigned", 0xFFFFFFFF, "06FFFFFFFF"),
        ("octet-string", "", "0900"),
        ("octet-string", "00ffAB", "090300FFAB"),
        ("visible-string", "gas", "0A03676173"),
        ("utf8-string", "£", "0C02C2A3"),
        ("integer", -128, "0F80"),
        ("long", -2, "10FFFE"),
        ("unsigned", 255, "11FF"),
        ("long-unsigned", 258, "120102"),
        ("long64", -1, "14FFFFFFFFFFFFFFFF"),
        ("long64-unsigned", 1 << 63, "158000000000000000"),
        ("enum", 1, "1601"),
    ):
        assert encoded(name, value) == h(octets), name


def test_long_strings_have_long_lengths():
    for size in (127, 128, 255, 256):
        octets = encoded("octet-string", "ab" * size)
        reader = Reader(octets)
        assert axdr.skip(reader) == axdr.OCTET_STRING
        assert reader.left() == 0
        assert octets[-size:] == b"\xab" * size


def test_structures_and_arrays():
    item = {"type": "structure", "value": [{"type": "enum", "value": 1}, {"type": "null-data"}]}
    assert encoded("array", [item, item]) == h("0102 0202160100 0202160100")
    assert encoded("array", []) == h("0100")
    many = encoded("array", [{"type": "unsigned", "value": 7}] * 200)
    assert many[:3] == h("0181C8")
    assert len(many) == 403


def test_compact_array_becomes_a_buffer():
    element = {"structure": ["double-long-unsigned", {"array": [2, "long"]}, "octet-string"]}
    rows = [[10, [1, -1], "abcd"], [20, [2, -2], ""]]
    buffer = values.encode({"type": "compact-array", "element_type": element, "value": rows})
    assert buffer.description == h("0203 06 01 0002 10 09")
    assert buffer.rows == [h("0000000A 0001FFFF 02ABCD"), h("00000014 0002FFFE 00")]


def test_compact_array_of_simple_elements():
    notation = {"type": "compact-array", "element_type": "double-long-unsigned", "value": [1]}
    buffer = values.encode(notation)
    assert (buffer.description, buffer.rows) == (h("06"), [h("00000001")])


def test_numbers_that_do_not_fit():
    for name, value in (
        ("integer", 128),
        ("integer", -129),
        ("unsigned", 256),
        ("unsigned", -1),
        ("long", 32768),
        ("long-unsigned", 65536),
        ("double-long", 1 << 31),
        ("double-long-unsigned", 1 << 32),
        ("long64", 1 << 63),
        ("long64-unsigned", 1 << 64),
        ("enum", 256),
    ):
        assert refused({"type": name, "value": value}) == "%d does not fit %s" % (value, name)


def test_values_of_another_kind():
    for name, value, what in (
        ("unsigned", "1", "unsigned is not an integer"),
        ("unsigned", True, "unsigned is not an integer"),
        ("unsigned", None, "unsigned is not an integer"),
        ("boolean", 1, "boolean is not true or false"),
        ("octet-string", 5, "octet-string is not text"),
        ("octet-string", None, "octet-string is not text"),
        ("bit-string", "0120", "bit-string holds other than 0 and 1"),
        ("visible-string", ["a"], "visible-string is not text"),
        ("structure", "x", "not a list"),
        ("array", {"type": "unsigned"}, "not a list"),
        ("compact-array", None, "no A-XDR type None"),
    ):
        assert refused({"type": name, "value": value}) == what


def test_octet_string_that_is_not_hexadecimal():
    for text in ("a", "zz", "0g"):
        with raises(ValueError):
            encoded("octet-string", text)


def test_notation_of_another_shape():
    for notation, what in (
        (5, 'not {"type", "value"}'),
        ([], 'not {"type", "value"}'),
        ({"value": 5}, 'not {"type", "value"}'),
        ({"type": "unsigned", "value": 5, "unit": 1}, "unknown member unit"),
        ({"type": "uint", "value": 5}, "no A-XDR type uint"),
        ({"type": 17, "value": 5}, "no A-XDR type 17"),
        ({"type": "structure", "value": [5]}, 'not {"type", "value"}'),
    ):
        assert refused(notation) == what


def compact(element, rows):
    return refused({"type": "compact-array", "element_type": element, "value": rows})


def test_compact_arrays_of_another_shape():
    two = {"structure": ["unsigned", "unsigned"]}
    assert compact(two, [[1]]) == "row of 1 values, expected 2"
    assert compact(two, [[1, 2, 3]]) == "row of 3 values, expected 2"
    assert compact({"array": [2, "unsigned"]}, [[1]]) == "row of 1 values, expected 2"
    assert compact(two, [5]) == "not a list"
    assert compact(two, 5) == "not a list"
    assert compact(two, [[1, 256]]) == "256 does not fit unsigned"
    assert compact({"list": []}, []).startswith("no A-XDR type")
    assert compact({"structure": "unsigned"}, []) == "not a list"
    assert compact({"structure": ["thing"]}, []) == "no A-XDR type thing"
    for element in (
        {"array": ["2", "unsigned"]},
        {"array": [0, "unsigned"]},
        {"array": [-1, "unsigned"]},
        {"array": [65536, "unsigned"]},
        {"array": [2]},
        {"array": 2},
        None,
        [],
    ):
        with raises(ValueError):
            values.encode({"type": "compact-array", "element_type": element, "value": []})


def well_formed(buffer):
    reader = Reader(b"".join(bytes(chunk) for chunk in buffer.select(0, 0xFFFFFFFF).chunks()))
    assert axdr.skip(reader) == axdr.COMPACT_ARRAY
    reader.finish("value")


def test_what_a_state_holds_is_what_the_wire_takes():
    """Each encoded value is well-formed A-XDR."""
    for notation in (
        {"type": "structure", "value": [{"type": "bit-string", "value": "1"}] * 3},
        {"type": "array", "value": [{"type": "octet-string", "value": "00" * 200}] * 2},
        {"type": "visible-string", "value": "x" * 130},
    ):
        reader = Reader(values.encode(notation))
        axdr.skip(reader)
        reader.finish("value")
    element = {"structure": ["double-long-unsigned", "bit-string", {"array": [3, "enum"]}]}
    rows = [[n, "1" * n, [1, 2, 3]] for n in range(20)]
    buffer = values.encode({"type": "compact-array", "element_type": element, "value": rows})
    well_formed(buffer)
    wide = [list(range(150))] * 3
    element = {"structure": ["double-long-unsigned"] + ["unsigned"] * 149}
    buffer = values.encode({"type": "compact-array", "element_type": element, "value": wide})
    assert buffer.description[:4] == h("02819606")
    well_formed(buffer)
