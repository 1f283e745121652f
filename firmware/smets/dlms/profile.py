# Profile generic (class 7): a buffer whose rows lie in a log, read by range and streamed.
# The log is that of features/ring.py or a similar one: rows of one width, UTC seconds first.
from smets.codec import length_octets
from smets.compat import const
from smets.dlms import objects

_COMPACT_ARRAY = b"\x13"
_CHUNK = const(480)


def compact_array_head(description: bytes, size: int) -> bytes:
    """The octets before `size` octets of rows in a compact-array."""
    return _COMPACT_ARRAY + description + length_octets(size)


class _Stream:
    """The rows of a range as a compact-array: a piece of a response, of any length."""

    def __init__(self, description: bytes, selection):
        self._head = compact_array_head(description, selection.length)
        self._selection = selection
        self.length = len(self._head) + selection.length

    def chunks(self):
        """Yield the octets in order; a chunk is valid until the next one is asked for."""
        yield self._head
        for chunk in self._selection.chunks(_CHUNK):
            yield chunk


class Profile(objects.Served):
    """Attribute 2 of a profile as dlms.Objects serves it; a plain get of it is refused.

    `slot` holds the log (features/keeper.py): `slot.log` is None where the device has no such
    object, `slot.renew()` makes it empty. `changed()` is called when a state was loaded.
    """

    def __init__(self, slot, description: bytes, changed=None):
        self.description = description
        self._slot = slot
        self._changed = changed

    def get(self, start: int, end: int):
        """The rows with start <= time <= end as a stream, or a result code."""
        log = self._slot.log
        if log is None:
            return objects.OBJECT_UNDEFINED
        if start < 0:
            return objects.READ_WRITE_DENIED
        try:
            return _Stream(self.description, log.select(start, end))
        except OSError:
            return objects.HARDWARE_FAULT

    def fits(self, value, further: bool = False):
        """See Served."""
        if self._slot.log is None:
            raise ValueError("no such object in this device")
        objects.check_rows(self, value)

    def load(self, buffer):
        """Take the rows of a state in the place of those that are there."""
        self._slot.renew()
        self.extend(buffer)

    def extend(self, buffer):
        """Take further rows of a state."""
        log = self._slot.log
        for row in buffer.views():
            log.append(row)
        if self._changed:
            self._changed()
