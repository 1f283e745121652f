# Records: what a store keeps under a name, as a table of fields behind a version octet.
# A field is added at the end with the version that brings it; what older firmware wrote is read.
from smets.codec import DecodeError, Reader, Writer
from smets.ports.store_error import StoreError

_DAMAGED = 74  # EBADMSG
_OCTETS, _UP_TO, _ROWS = 1, 2, 3

# Kinds of fields. A number: (0, octets, whether it has a sign).
U8, U16, U32, U64 = (0, 1, False), (0, 2, False), (0, 4, False), (0, 8, False)
I8, I16, I32, I64 = (0, 1, True), (0, 2, True), (0, 4, True), (0, 8, True)

# Every table of records by its kind, in the order in which their modules were imported.
TABLES = {}

# Octets of the buffer that stays: a large record is rare, and a heap is small.
_BUFFER_KEPT = 512
_writer = Writer(_BUFFER_KEPT)


def octets(count: int) -> tuple:
    """A field of exactly `count` octets."""
    return (_OCTETS, count)


def up_to(count: int) -> tuple:
    """A field of 0 to `count` octets, at most 65,535."""
    return (_UP_TO, count)


def rows(count: int, *kinds) -> tuple:
    """A field of 0 to `count` rows (at most 65,535), each with a value of every kind."""
    return (_ROWS, count, kinds)


def ends(kind: tuple) -> tuple:
    """The lowest and the highest value of a kind of number."""
    low = -(1 << 8 * kind[1] - 1) if kind[2] else 0
    return low, low + (1 << 8 * kind[1]) - 1


class RecordError(StoreError):
    """The record exists but cannot be read: `reason` is why. What it held is unknown.

    `newer`: it is whole, and of newer firmware.
    """

    def __init__(self, reason: str, newer=False):
        super().__init__(_DAMAGED)
        self.reason = reason
        self.newer = newer

    def __str__(self):
        return self.reason


class Table:
    """The fields of one kind of record, and what follows where such a record is damaged."""

    def __init__(self, kind: str, fields, damaged: str):
        """`fields`: rows of (name, kind, default), and of later ones (..., version, from 2 up).

        The version of the record is that of its newest field. `damaged` says in a few words
        what the device does without what the record said (docs/storage.md).
        """
        self.kind = kind
        self.damaged = damaged
        self.fields = tuple(fields)
        self.version = 1
        for row in self.fields:
            since = _since(row)
            if not self.version <= since <= 0xFF:
                raise ValueError("%s.%s: not at the end" % (kind, row[0]))
            self.version = since
        TABLES[kind] = self

    def defaults(self) -> list:
        """The values of a new record, in the order of the fields."""
        return [row[2] for row in self.fields]

    def pack(self, values) -> bytes:
        """The record of values in the order of the fields; ValueError for one that has no room."""
        writer = _writer
        writer.reset()
        writer.u8(self.version)
        at = 0
        for value in values:
            row = self.fields[at]
            if not _put(writer, row[1], value):
                raise ValueError("record %s: %s does not fit" % (self.kind, row[0]))
            at += 1
        if at != len(self.fields):
            raise ValueError("record %s: %d values" % (self.kind, at))
        record = bytes(writer.view())
        if len(writer.buffer) > _BUFFER_KEPT:
            writer.buffer = bytearray(_BUFFER_KEPT)
        return record

    def unpack(self, record) -> list:
        """The values of a record of this or an older version; RecordError, never in part."""
        if not len(record) or not record[0]:
            raise RecordError("no version")
        if record[0] > self.version:
            reason = "version %d, known are 1 to %d" % (record[0], self.version)
            raise RecordError(reason, True)
        reader = Reader(record, 1)
        try:
            values = [
                row[2] if _since(row) > record[0] else _get(reader, row[1]) for row in self.fields
            ]
            reader.finish("record")
        except DecodeError as error:
            raise RecordError(str(error))
        return values

    def read(self, store, name: str = ""):
        """The values of a record (of its kind without a name), or None.

        One that is damaged, or of newer firmware, is reported to the store; RecordError.
        """
        name = name or self.kind
        try:
            record = store.get(name)
            return None if record is None else self.unpack(record)
        except StoreError as error:
            if not isinstance(error, RecordError):
                damaged = error.errno == _DAMAGED
                error = RecordError("damaged" if damaged else "error %d" % error.errno)
            store.report(name, error.reason)
            raise error

    def write(self, store, values, name: str = ""):
        """Replace a record: old or new after a power cut. StoreError, and the old one stays."""
        store.put(name or self.kind, self.pack(values))


def _since(row) -> int:
    return row[3] if len(row) > 3 else 1


def _put(writer, kind, value) -> bool:
    # Whether the value fits.
    if kind[0] == 0:
        low, high = ends(kind)
        if not low <= value <= high:
            return False
        writer.be(value & high - low, kind[1])
    elif kind[0] == _ROWS:
        if len(value) > kind[1]:
            return False
        writer.be(len(value), 2)
        for row in value:
            if len(row) != len(kind[2]):
                return False
            for index in range(len(row)):
                if not _put(writer, kind[2][index], row[index]):
                    return False
    else:
        if len(value) > kind[1] or kind[0] == _OCTETS and len(value) != kind[1]:
            return False
        if kind[0] == _UP_TO:
            writer.be(len(value), 2)
        writer.put(value)
    return True


def _get(reader, kind):
    if kind[0] == 0:
        value = reader.be(kind[1], "number")
        if kind[2] and value >> 8 * kind[1] - 1:
            value -= 1 << 8 * kind[1]
        return value
    if kind[0] == _OCTETS:
        return bytes(reader.view(kind[1], "octets"))
    count = reader.be(2, "length")
    if count > kind[1]:
        raise DecodeError(reader.pos, "longer than %d" % kind[1])
    if kind[0] == _UP_TO:
        return bytes(reader.view(count, "octets"))
    return [tuple([_get(reader, each) for each in kind[2]]) for _ in range(count)]
