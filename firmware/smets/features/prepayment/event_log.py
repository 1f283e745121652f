# The event log of a meter: 100 entries of time, code and other information, kept as one record.
# ESMETS event log, read by ECS35a; displays read it with GetEventLog.
from smets import record
from smets.codec import Reader, Writer
from smets.compat import const
from smets.dlms import objects
from smets.ports.store_error import StoreError

_ENTRIES = const(100)
_RECORD = record.Table(
    "events",
    (("rows", record.rows(_ENTRIES, record.up_to(64)), ()),),
    "the event log begins empty",
)
# structure{double-long-unsigned, long-unsigned, octet-string}
_DESCRIPTION = b"\x02\x03\x06\x12\x09"
_LOG_ID = const(0x03)
# Events in one answer on the HAN: what fits a frame.
_SHOWN = const(5)


class EventLog(objects.Served):
    """Entries, oldest first; also the object 7/0-0:99.98.0.255/2 as dlms.Objects serves it."""

    description = _DESCRIPTION

    def __init__(self, keeper):
        self._keeper = keeper
        self.entries = []  # A-XDR rows
        try:
            held = keeper.read(_RECORD)
            if held:
                self.entries = [row[0] for row in held[0]]
        except StoreError:
            pass  # it was reported

    def add(self, seconds: int, code: int, information: bytes):
        """Enter an event. On StoreError it is not entered."""
        row = seconds.to_bytes(4, "big") + code.to_bytes(2, "big")
        entries = (self.entries + [row + bytes((len(information),)) + information])[-_ENTRIES:]
        # Not by _keep: a Pico's stack is almost full when a top-up is logged.
        octets = _RECORD.pack(([(row,) for row in entries],))
        self._keeper.put(_RECORD.kind, octets)
        self._keeper.undo("entries", self.entries, self)
        self.entries = entries

    def _keep(self, entries: list):
        self._keeper.write(_RECORD, ([(row,) for row in entries],))
        self._keeper.undo("entries", self.entries, self)
        self.entries = entries

    # --- As an object ---------------------------------------------------------------------------

    def get(self, start: int, end: int):
        """The entries of a range, as rows of a compact-array."""
        if start < 0:
            return objects.READ_WRITE_DENIED
        buffer = objects.Buffer(_DESCRIPTION)
        for row in self.entries:
            buffer.append(row)
        return buffer.select(start, end)

    def invoke(self, data) -> int:
        """Clear the log (ECS: reset, integer 0)."""
        if bytes(data) != b"\x0f\x00":
            return objects.TYPE_UNMATCHED
        try:
            self._keep([])
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def load(self, buffer):
        """Replace the entries by those of a state."""
        if getattr(buffer, "description", None) != _DESCRIPTION:
            raise ValueError("not the rows of this log")
        self._keep([bytes(row) for row in buffer.views()][-_ENTRIES:])

    def extend(self, buffer):
        """Take further entries of a state."""
        self._keep((self.entries + [bytes(row) for row in buffer.views()])[-_ENTRIES:])

    # --- On the HAN -----------------------------------------------------------------------------

    def publish(self, request, since: int) -> list:
        """PublishEventLog for the payload of GetEventLog: the newest entries that match.

        Entries before `since`, UTC seconds, are left out and not counted.
        """
        reader = Reader(request, 1)
        event = reader.le(2, "event id")
        start = max(reader.le(4, "start"), since)
        end = reader.le(4, "end")
        count = reader.u8("number of events") or _SHOWN
        skip = reader.le(2, "offset")
        found = []
        for row in self.entries:
            when = int.from_bytes(row[:4], "big")
            if event in (0, row[4] << 8 | row[5]) and start <= when <= (end or 0xFFFFFFFF):
                found.append(row)
        total = len(found)
        found.reverse()
        found = found[skip : skip + min(count, _SHOWN)]
        if not found:
            return []
        writer = Writer(96)
        writer.le(total, 2)
        writer.put(b"\x00\x01")
        writer.u8(len(found) << 4 | 1)
        for row in found:
            writer.u8(_LOG_ID)
            writer.le(row[4] << 8 | row[5], 2)
            writer.le(int.from_bytes(row[:4], "big"), 4)
            writer.put(row[6:])
        return [bytes(writer.view())]
