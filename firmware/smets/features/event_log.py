# The event log (ECS35a, CS10a) and the security log (ECS35b, CS10b) of a meter: 100 entries each
# of time, code and, of an event, other information. Displays read the events, see
# event_publish.py. Every command of a remote party is an event with its message code.
#
# A log lies in records of ten entries, used in turns: an entry writes one of them anew, and is old
# or new as a whole with what the command has set.
from smets import clock, record
from smets.compat import const
from smets.dlms import objects
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

_ENTRIES = const(100)
_PART = const(10)  # entries of a record
_PARTS = const(11)  # the last 100 entries lie in eleven of them at most
# Before version 2 one record had all entries.
_EVENTS = record.Table(
    "events",
    (
        ("rows", record.rows(_ENTRIES, record.up_to(64)), ()),
        ("first", record.U32, 0, 2),
    ),
    "the entries of that record are lost",
)
_SECURITY = record.Table(
    "security",
    (
        ("rows", record.rows(_ENTRIES, record.octets(6)), ()),
        ("first", record.U32, 0, 2),
    ),
    "the entries of that record are lost",
)
# structure{double-long-unsigned, long-unsigned}, and of an event an octet-string
_EVENT_ROW = b"\x02\x03\x06\x12\x09"
_SECURITY_ROW = b"\x02\x02\x06\x12"
_EVENTS_AT = objects.key("7/0-0:99.98.0.255/2")
_RESET = b"\x0f\x00"

DONE = const(0x8154)  # an immediate command was carried out
FAILED = const(0x8155)
_CLEARED = const(0x8F52)  # the event log
# Reasons why a command gets no answer for which nobody is to blame.
_OTHERS = ("storage", "no-memory", "no-key", "key-used", "not-a-command", "other-target")


class EventLog(objects.Served):
    """Entries, oldest first; also the object of the log as dlms.Objects serves it."""

    def __init__(self, keeper, table, description):
        self.description = description
        self._keeper = keeper
        self._table = table
        self.entries = []  # A-XDR rows
        self._end = 0  # number of the next entry
        self._read()

    def _read(self):
        parts = []
        for part in range(_PARTS):
            try:
                held = self._keeper.read(self._table, self._name(part))
            except StoreError:
                continue  # it was reported
            if held:
                parts.append((held[1], [row[0] for row in held[0]]))
        parts.sort(key=lambda part: part[0])
        for first, rows in parts:
            self.entries += rows[max(self._end - first, 0) :]
            self._end = first + len(rows)
        del self.entries[:-_ENTRIES]
        if parts and len(parts[0][1]) > _PART:
            try:
                self._keep(self.entries)
            except StoreError:
                pass  # it stays one record until there is room

    def _name(self, part: int) -> str:
        return "%s.%d" % (self._table.kind, part) if part else self._table.kind

    def add(self, seconds: int, code: int, information=None):
        """Enter an event. On StoreError it is not entered."""
        row = seconds.to_bytes(4, "big") + code.to_bytes(2, "big")
        if information is not None:
            row += bytes((len(information),)) + information
        entries = (self.entries + [row])[-_ENTRIES:]
        part, held = divmod(self._end, _PART)
        # Not by _keep: a Pico's stack is almost full when a top-up is logged.
        if self._keeper.stores:
            rows = [(each,) for each in entries[-1 - held :]]
            octets = self._table.pack((rows, self._end - held))
            self._keeper.put(self._name(part % _PARTS), octets)
        self._keeper.undo("entries", self.entries, self)
        self._keeper.undo("_end", self._end, self)
        self.entries = entries
        self._end += 1

    def _keep(self, entries: list):
        """Replace all of the log; StoreError."""
        keeper = self._keeper
        mark = keeper.begin()
        try:
            for part in range(_PARTS):
                first = part * _PART
                rows = [(row,) for row in entries[first : first + _PART]]
                if rows or not part:
                    keeper.write(self._table, (rows, first), self._name(part))
                else:
                    keeper.remove(self._name(part))
            keeper.undo("entries", self.entries, self)
            keeper.undo("_end", self._end, self)
            keeper.commit()
        except StoreError:
            keeper.rollback(mark)
            raise
        self.entries = entries
        self._end = len(entries)

    def get(self, start: int, end: int):
        """The entries of a range, as rows of a compact-array."""
        if start < 0:
            return objects.READ_WRITE_DENIED
        buffer = objects.Buffer(self.description)
        for row in self.entries:
            buffer.append(row)
        return buffer.select(start, end)

    def clear(self):
        """Empty the log; StoreError."""
        self._keep([])

    def fits(self, value, further: bool = False):
        """See Served."""
        objects.check_rows(self, value)

    def load(self, buffer):
        """Replace the entries by those of a state."""
        self._keep([bytes(row) for row in buffer.views()][-_ENTRIES:])

    def extend(self, buffer):
        """Take further entries of a state."""
        self._keep((self.entries + [bytes(row) for row in buffer.views()])[-_ENTRIES:])


class EventLogs(Feature):
    """Both logs; what is entered while the store fails is lost, and counted."""

    objects = ("7/0-0:99.98.0.255/1", "7/0-0:99.98.0.255/2", "7/0-0:99.98.1.255/2")
    records = ("events", "security")
    # Refused commands, see refusals.py; the log is cleared.
    alerts = ((0x8F1E, 0x8F1E), (0x8F30, 0x8F30), (0x8F3D, 0x8F3E), (_CLEARED, _CLEARED))

    def __init__(self, device):
        super().__init__(device)
        self.refusals = {}  # what refusals.py has told -> uptime
        self.storage_errors = 0
        self._logs = {}

    def _log(self, table, description) -> EventLog:
        log = self._logs.get(table.kind)
        if log is None:
            log = self._logs[table.kind] = EventLog(self.device.keeper, table, description)
        return log

    @property
    def events(self) -> EventLog:
        """The event log."""
        return self._log(_EVENTS, _EVENT_ROW)

    @property
    def security(self) -> EventLog:
        """The security log."""
        return self._log(_SECURITY, _SECURITY_ROW)

    def now(self) -> int:
        """UTC seconds, 0 while the clock is invalid."""
        own = self.device.clock
        return own.seconds if own.status != clock.INVALID else 0

    def enter(self, code: int, information: bytes = b"", when: int = -1):
        """Enter an event of UTC `when`, now without it."""
        try:
            self.events.add(self.now() if when < 0 else when, code, information)
        except StoreError:
            self.storage_errors += 1

    def secure(self, code: int, when: int = -1):
        """Enter a code of UTC `when` in the security log, now without it."""
        try:
            self.security.add(self.now() if when < 0 else when, code)
        except StoreError:
            self.storage_errors += 1

    def wipe(self):
        """Clear the event log, which the security log tells of; StoreError."""
        self.events.clear()
        self.secure(_CLEARED)

    def commanded(self, code: int, done: bool):
        """See Feature: it is an event."""
        self.enter(DONE if done else FAILED, code.to_bytes(2, "big"))

    def refused(self, reason: str, data):
        """A command of these octets got no answer, for a reason of gbcs.session.Refused."""
        if reason not in _OTHERS:
            from smets.features import refusals

            refusals.refused(self.device, self, reason, data)

    def find(self, key: bytes, operation: str):
        """See Feature."""
        if operation == objects.ACTION:
            return _Clearing(self)
        return self.events if key == _EVENTS_AT else self.security


class _Clearing(objects.Served):
    """The method that clears the event log (ECS15a)."""

    def __init__(self, logs: EventLogs):
        self._logs = logs

    def invoke(self, data) -> int:
        """See Served."""
        if bytes(data) != _RESET:
            return objects.TYPE_UNMATCHED
        try:
            self._logs.wipe()
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS


FEATURE = EventLogs
