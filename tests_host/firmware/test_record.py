# engines: cpython unix
# Records as tables of fields: every kind of field, versions, and every record of the firmware.
import os

from testkit import Skip, raises, tmpdir

from smets import record
from smets.ports.store import Store, StoreError

SAMPLE = (
    ("number", record.U16, 7),
    ("signed", record.I32, -5),
    ("key", record.octets(3), b"abc"),
    ("text", record.up_to(9), b""),
    ("rows", record.rows(2, record.U8, record.up_to(4), record.I8), ()),
)
VALUES = [0xABCD, -2, b"xyz", b"text", [(1, b"", -128), (255, b"four", 127)]]
# What VALUES are as octets, by hand: version, then each field, big endian.
OCTETS = b"\x01\xab\xcd\xff\xff\xff\xfexyz\x00\x04text\x00\x02\x01\x00\x00\x80\xff\x00\x04four\x7f"


def table(fields, kind="test"):
    """A table that the registry does not keep."""
    made = record.Table(kind, fields, "nothing")
    del record.TABLES[kind]
    return made


def example(kind, seed):
    """A value of a kind, as full as it may be."""
    if kind[0] == 0:
        bits = 8 * kind[1]
        value = (0x9E3779B97F4A7C15 * (seed + 1)) % (1 << bits)
        return value - (1 << bits) if kind[2] and value >> (bits - 1) else value
    if kind[0] == 3:
        return [
            tuple([example(each, seed + row + column) for column, each in enumerate(kind[2])])
            for row in range(min(kind[1], 3))
        ]
    count = kind[1] if kind[0] == 1 else min(kind[1], 40)
    return bytes([(seed * 37 + index) & 0xFF for index in range(count)])


def plain(values):
    """Values with lists in the place of tuples: what matters is what is in them."""
    return [
        [list(row) for row in value] if isinstance(value, (list, tuple)) else value
        for value in values
    ]


def test_the_octets_of_every_kind():
    made = table(SAMPLE)
    assert made.version == 1 and made.pack(VALUES) == OCTETS, made.pack(VALUES)
    assert made.unpack(OCTETS) == VALUES
    assert made.defaults() == [7, -5, b"abc", b"", ()]
    assert made.unpack(made.pack(made.defaults())) == [7, -5, b"abc", b"", []]


def test_the_ends_of_every_number():
    for kind, low, high in (
        (record.U8, 0, 0xFF),
        (record.U16, 0, 0xFFFF),
        (record.U32, 0, 0xFFFFFFFF),
        (record.U64, 0, 0xFFFFFFFFFFFFFFFF),
        (record.I8, -0x80, 0x7F),
        (record.I16, -0x8000, 0x7FFF),
        (record.I32, -0x80000000, 0x7FFFFFFF),
        (record.I64, -0x8000000000000000, 0x7FFFFFFFFFFFFFFF),
    ):
        made = table((("n", kind, 0),))
        for value in (low, high, 0):
            assert made.unpack(made.pack([value])) == [value], value
        for value in (low - 1, high + 1):
            with raises(ValueError) as caught:
                made.pack([value])
            assert str(caught.error) == "record test: n does not fit"


def test_what_does_not_fit_is_refused():
    made = table(SAMPLE)
    for index, value in (
        (2, b"ab"),
        (2, b"abcd"),
        (3, b"0123456789"),
        (4, [(1, b"", 0)] * 3),
        (4, [(1, b"12345", 0)]),
        (4, [(1, b"")]),
        (4, [(256, b"", 0)]),
    ):
        values = list(VALUES)
        values[index] = value
        with raises(ValueError):
            made.pack(values)
    for values in (VALUES[:4], VALUES + [1]):
        with raises((ValueError, IndexError)):
            made.pack(values)


def test_a_record_that_is_cut_or_longer_is_none():
    made = table(SAMPLE)
    for count in range(len(OCTETS)):
        with raises(record.RecordError):
            made.unpack(OCTETS[:count])
    with raises(record.RecordError):
        made.unpack(OCTETS + b"\x00")
    with raises(record.RecordError):
        made.unpack(OCTETS[:10] + b"\x00\x0a0123456789\x00\x00")


def test_versions():
    """A later field is a default in an older record; a newer record is refused as a whole."""
    made = table(SAMPLE)
    later = table(SAMPLE + (("more", record.U8, 9, 2), ("most", record.up_to(3), b"m", 3)))
    assert later.version == 3
    assert later.unpack(OCTETS) == VALUES + [9, b"m"]
    assert later.unpack(b"\x02" + OCTETS[1:] + b"\x05") == VALUES + [5, b"m"]
    whole = later.pack(VALUES + [5, b"x"])
    assert whole == b"\x03" + OCTETS[1:] + b"\x05\x00\x01x"
    with raises(record.RecordError) as caught:
        made.unpack(whole)
    assert caught.error.reason == "version 3, known are 1 to 1"
    for octets in (b"", b"\x00" + OCTETS[1:]):
        with raises(record.RecordError):
            later.unpack(octets)
    with raises(ValueError):
        table((("a", record.U8, 0, 2), ("b", record.U8, 0)))


def test_a_store_is_told_of_what_cannot_be_read():
    path = tmpdir() + "/s"
    store = Store(path)
    made = table(SAMPLE)
    told = []
    store.on_fault = lambda name, why: told.append((name, why))
    assert made.read(store) is None and made.read(store, "other") is None
    made.write(store, VALUES)
    made.write(store, made.defaults(), "other")
    assert made.read(store) == VALUES and made.read(store, "other")[0] == 7
    with open(path + "/test", "r+b") as file:
        file.seek(6)
        file.write(b"\x11")
    store.put("other", b"\x09" + OCTETS[1:])
    for _ in range(2):
        for name in ("test", "other"):
            with raises(record.RecordError) as caught:
                made.read(store, name)
            assert caught.error.damaged
    assert told == [("test", "damaged"), ("other", "version 9, known are 1 to 1")]
    assert store.faults == {"test": "damaged", "other": "version 9, known are 1 to 1"}
    os.remove(path + "/test")
    os.mkdir(path + "/test")
    with raises(StoreError):
        made.read(store)
    assert store.faults["test"] == "error 21"


def modules(folder, package="smets"):
    """Names of the modules in a folder, and in those below it, that make a table of records."""
    found = []
    for name in sorted(os.listdir(folder)):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            found += modules(path, package + "." + name)
            continue
        stem, _, kind = name.rpartition(".")
        if kind not in ("py", "mpy"):
            continue
        with open(path, "rb") as file:
            octets = file.read()
        # A compiled module holds the names that it uses.
        if b"record.Table(" in octets if kind == "py" else b"Table" in octets:
            found.append(package + "." + stem)
    return found


def tables():
    """Every table of the firmware by its kind."""
    try:
        names = modules(record.__file__.rpartition("/")[0])
    except OSError:
        raise Skip("the firmware is frozen: no files to look at")
    for name in names:
        __import__(name)
    assert len(record.TABLES) > 15
    return record.TABLES


def test_a_field_can_be_added_to_every_record_of_the_firmware():
    """issue: what is stored is read by firmware with one more field, and with one more again."""
    for kind, old in tables().items():
        values = [example(row[1], index) for index, row in enumerate(old.fields)]
        octets = old.pack(values)
        assert plain(old.unpack(octets)) == plain(values), kind
        added = old.fields + (("added", record.U16, 4711, old.version + 1),)
        new = record.Table(kind, added, "nothing")
        added = new.fields + (("again", record.up_to(5), b"later", old.version + 2),)
        newest = record.Table(kind, added, "nothing")
        record.TABLES[kind] = old
        assert plain(new.unpack(octets)) == plain(values) + [4711], kind
        assert plain(newest.unpack(octets)) == plain(values) + [4711, b"later"], kind
        octets = new.pack(values + [42])
        assert plain(newest.unpack(octets)) == plain(values) + [42, b"later"], kind
        with raises(record.RecordError):
            old.unpack(octets)


def test_every_record_says_what_follows_damage():
    for kind, made in tables().items():
        assert made.kind == kind and len(made.damaged) > 8, kind


def test_the_page_on_storage_names_every_record():
    """docs/storage.md: kind, version and what follows damage, of each table."""
    try:
        from pathlib import Path
    except ImportError:
        raise Skip("looks at a page, on a host")
    page = Path(record.__file__).parents[2] / "docs" / "storage.md"
    rows = [line.split(" | ") for line in page.read_text().splitlines()]
    told = {row[1]: (row[2], row[4].rstrip(" |")) for row in rows if len(row) == 5}
    told.pop("record")
    assert told == {
        "`%s`" % kind: (str(made.version), made.damaged) for kind, made in tables().items()
    }
