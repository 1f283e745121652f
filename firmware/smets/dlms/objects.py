# The DLMS objects of a device: attribute values as A-XDR octets, hooks, profiles, faults.
# A key is 9 octets as on the wire: class (2), OBIS code (6), attribute or method (1).
from smets import cosem_time
from smets.codec import Reader, length_octets
from smets.compat import const
from smets.dlms import axdr

# Data-Access-Result and Action-Result codes.
SUCCESS = const(0)
HARDWARE_FAULT = const(1)
READ_WRITE_DENIED = const(3)
OBJECT_UNDEFINED = const(4)
OBJECT_UNAVAILABLE = const(11)
TYPE_UNMATCHED = const(12)
OTHER_REASON = const(250)

# Operations, as in a STATE.json fault; LOAD is that of a state.
GET = "get"
SET = "set"
ACTION = "action"
LOAD = "load"


def key(text: str) -> bytes:
    """The key of "7/1-0:32.24.0.255/2" (class/A-B:C.D.E.F/attribute)."""
    class_id, code, attribute = text.split("/")
    octets = obis(code)
    if len(octets) != 6:
        raise ValueError("OBIS code " + code)
    number = int(class_id)
    return bytes((number >> 8, number & 0xFF)) + octets + bytes((int(attribute),))


def obis(text: str) -> bytes:
    """The octets of "1-0:32.24.0.255", or of the beginning of an OBIS code such as "1-0:32"."""
    media, rest = text.split(":")
    first, second = media.split("-")
    return bytes([int(first), int(second)] + [int(part) for part in rest.split(".")])


def describe(object_key) -> str:
    """The text form of a key, for logs."""
    octets = bytes(object_key)
    return "%d/%d-%d:%d.%d.%d.%d/%d" % ((octets[0] << 8 | octets[1],) + tuple(octets[2:]))


class Rows:
    """Rows of a buffer between two times, in the order they were taken: a piece of a response."""

    def __init__(self, buffer, start: int, end: int):
        self._buffer = buffer
        self._start = start
        self._end = end
        size = 0
        for row in self._wanted():
            size += len(row)
        self._head = b"\x13" + buffer.description + length_octets(size)
        self.length = len(self._head) + size

    def _wanted(self):
        for row in self._buffer.views():
            if self._start <= int.from_bytes(row[:4], "big") <= self._end:
                yield row

    def chunks(self):
        """Yield the octets in order."""
        yield self._head
        for row in self._wanted():
            yield row


class Buffer:
    """The buffer of a profile: rows of one type, the first column being UTC seconds (dlu).

    The octets of all rows lie in one bytearray: a log of thousands of rows has to fit a board.
    """

    def __init__(self, description: bytes):
        self.description = description
        self._octets = bytearray()

    def append(self, row: bytes):
        """Take one row, already encoded by the description."""
        self._octets.extend(row)

    def extend(self, other):
        """Take the rows of another buffer of the same description."""
        self._octets.extend(other._octets)

    def views(self):
        """Yield each row, oldest first, as a view that is valid until rows are added."""
        reader = Reader(self._octets)
        while reader.left():
            start = reader.pos
            axdr.skip_row(reader, self.description)
            yield reader.data[start : reader.pos]

    @property
    def rows(self) -> list:
        """Copies of all rows."""
        return [bytes(row) for row in self.views()]

    def select(self, start: int, end: int) -> Rows:
        """The rows with start <= time <= end, both inclusive (GBCS mapping rows 620, 641)."""
        return Rows(self, start, end)


class Served:
    """A DLMS object that a feature serves; whatever it does not define is refused."""

    def get(self, start: int, end: int):
        """A piece (octets or a stream) or a result code; `start` is -1 for a plain get."""
        return READ_WRITE_DENIED

    def set(self, data) -> int:
        """Set it to A-XDR octets; a result code."""
        return READ_WRITE_DENIED

    def invoke(self, data) -> int:
        """Invoke the method; a result code."""
        return OBJECT_UNDEFINED

    def fits(self, value, further: bool = False):
        """Check a value of a state, octets or a Buffer: ValueError where `load` cannot take it.

        With `further`, whether `extend` can. Nothing changes.
        """
        raise ValueError("no such object in this device")

    def load(self, value):
        """Take a value of a state that fits; StoreError.

        What has rows has extend(buffer) as well, which takes further ones.
        """


class Objects:
    """All attributes and methods, and what reading, setting or invoking them does.

    What no feature serves is a value: it is kept as it was set or loaded.

    `values`   key -> A-XDR octets, or a Buffer
    `faults`   (operation, key) -> result
    `kept`     dlms.kept.Kept, for what no feature serves; None: it stands in `values` alone
    """

    def __init__(self, registry=None, default=None):
        """`registry` (smets.features.registry) knows which feature serves an object.

        `default(key)` gives what an object holds that nothing has set, None where it is
        unavailable.
        """
        self.values = {}
        self.faults = {}
        self.registry = registry
        self.kept = None
        self.settings = self._make = None
        self._default = default

    def keep_in(self, settings, make):
        """Let what use cases set be kept in `settings`; what it holds is served from now on.

        `make()` gives a dlms.kept.Kept of them.
        """
        self.settings = settings
        self._make = make
        if settings.values:
            self.keeping()

    def keeping(self):
        """The dlms.kept.Kept, loaded when something is set; None where there are no settings."""
        if self.kept is None and self._make is not None:
            self.kept = self._make()
        return self.kept

    def _served(self, object_key, operation):
        registry = self.registry
        feature = registry.of_object(object_key) if registry else None
        return feature.find(object_key, operation) if feature else None

    def _gives(self, object_key) -> bool:
        registry = self.registry
        return registry is None or registry.gives(registry.of_object(object_key))

    def check(self, object_key, value, append: bool = False):
        """Check a value of a state: ValueError where `load`, or `append`, cannot take it."""
        served = self._served(object_key, LOAD)
        known = served or self.values.get(object_key)
        rows = hasattr(value, "views")
        further = append and rows and hasattr(known, "extend")
        if served:
            if self._gives(object_key):
                if rows and not hasattr(served, "extend"):
                    raise ValueError("this object has no rows")
                served.fits(value, further)
        elif further and self._extends(object_key):
            check_rows(known, value)

    def load(self, object_key, value):
        """Take a value from a state: octets or a Buffer; ValueError, StoreError.

        A feature gets what it serves.
        """
        self.check(object_key, value)
        served = self._served(object_key, LOAD)
        if served:
            if self._gives(object_key):
                served.load(value)
        elif self.kept is None or self.kept.loadable(object_key):
            self.values[object_key] = value

    def append(self, object_key, value):
        """Take further rows of a Buffer from a state; anything else as `load` does."""
        self.check(object_key, value, True)
        served = self._served(object_key, LOAD)
        known = served or self.values.get(object_key)
        if not (known and hasattr(value, "views") and hasattr(known, "extend")):
            self.load(object_key, value)
        elif self._gives(object_key) if served else self._extends(object_key):
            known.extend(value)

    def _extends(self, object_key) -> bool:
        return self.kept is None or self.kept.extends(object_key)

    def get(self, object_key, start: int = -1, end: int = -1):
        """A piece (octets or a stream), or a result code where there is nothing to give.

        A profile buffer is readable by selective access alone: `start`, `end` in UTC seconds.
        """
        fault = self.faults.get((GET, object_key))
        if fault is not None:
            return fault
        served = self._served(object_key, GET)
        if served:
            return served.get(start, end)
        value = self.kept.value(object_key) if self.kept else self.values.get(object_key)
        if value is None and self._default:
            value = self._default(object_key)
        if value is None:
            return OBJECT_UNAVAILABLE
        selective = start >= 0
        if hasattr(value, "select"):
            return value.select(start, end) if selective else READ_WRITE_DENIED
        return READ_WRITE_DENIED if selective else value

    def set(self, object_key, data) -> int:
        """Set an attribute to A-XDR octets; returns the result code."""
        fault = self.faults.get((SET, object_key))
        if fault is not None:
            return fault
        served = self._served(object_key, SET)
        if served:
            return served.set(data)
        kept = self.keeping()
        if kept is not None:
            return kept.set(object_key, data)
        self.values[object_key] = bytes(data)
        return SUCCESS

    def invoke(self, object_key, data) -> int:
        """Invoke a method; returns the result code."""
        fault = self.faults.get((ACTION, object_key))
        if fault is not None:
            return fault
        served = self._served(object_key, ACTION)
        if served:
            return served.invoke(data)
        kept = self.keeping()
        return kept.invoke(object_key, data) if kept else SUCCESS

    def returned(self, object_key, result: int):
        """What a method without an argument gives after `invoke`, or its result code."""
        served = self._served(object_key, ACTION)
        told = getattr(served, "returned", None) if served else None
        return told() if told else self.values.get(object_key, result)

    def acts_at_once(self, object_key, operation) -> bool:
        """Whether a feature carries out what is set or invoked there, before `commit`."""
        return self._served(object_key, operation) is not None


# The restricting object of a range: 0-0:94.44.100.255, attribute 2.
_RANGE = b"\x02\x04\x02\x04\x12\x00\x01\x09\x06\x00\x00\x5e\x2c\x64\xff\x0f\x02\x12\x00\x00"


def parse_range(data) -> tuple:
    """(from, to) of a range descriptor, the selective access of every GBCS log read.

    structure{structure{1, 0-0:94.44.100.255, 2, 0}, from dlu, to dlu, array(0)}; DecodeError
    for any other selection. Times are UTC seconds since 2000.
    """
    reader = Reader(data)
    reader.literal(_RANGE, "range descriptor")
    reader.expect(axdr.DOUBLE_LONG_UNSIGNED, "from value")
    start = reader.be(4, "from value")
    reader.expect(axdr.DOUBLE_LONG_UNSIGNED, "to value")
    end = reader.be(4, "to value")
    reader.literal(b"\x01\x00", "selected values")
    reader.finish("range descriptor")
    return start, end


def parse_limit(data, open_value: int) -> int:
    """UTC seconds of a 12-octet restriction limit; `open_value` where all of it is FF."""
    if len(data) == cosem_time.SIZE and bytes(data[:9]) == b"\xff" * 9:
        return open_value
    return cosem_time.parse(data)


def check_rows(known, value):
    """Check that a value of a state has rows of the type of a Buffer; ValueError."""
    if getattr(value, "description", None) != known.description:
        raise ValueError("not the rows of this log")


def unmatched(data, tag: int) -> bool:
    """Whether A-XDR octets are not of the outer type `tag`."""
    return not len(data) or data[0] != tag
