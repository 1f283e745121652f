# Commands that wait at a hub for a gas meter, which sleeps: it fetches them through its tunnel, or
# they are dropped after 24 hours (gas_proxy.md 5).
from smets import clock, record
from smets.compat import const
from smets.features.event_log import DONE, FAILED
from smets.ports.store_error import StoreError

HOLDS = const(86400)
NOT_RETRIEVED = const(0x819D)
# project-choice: commands that wait at one time, for all meters; another one is refused.
# Alternative: the oldest is dropped.
MOST = const(8)
# project-choice: a meter gets a command twice at most, where nothing is heard of the first time:
# the air may have lost it, or the meter may have refused it. Alternative: once.
_GIVEN = const(2)
_LONGEST = const(1500)

# project-choice: what waits outlasts a power cut, since nobody is told that it was lost.
# Alternative: it is lost, and the remote party sends it again.
_RECORD = record.Table(
    "waiting",
    (
        ("number", record.U32, 0),
        ("since", record.U32, 0),
        ("code", record.U16, 0),
        ("eui", record.octets(8), bytes(8)),
        ("message", record.up_to(_LONGEST), b""),
    ),
    "that command does not reach the gas meter",
)


class _Row:
    def __init__(self, slot: int, values):
        self.slot = slot
        self.number, self.since, self.code, self.eui, self.octets = values
        self.given = 0


class Waiting:
    """The commands, oldest first."""

    def __init__(self, device):
        self._device = device
        self._keeper = device.keeper
        self._rows = []
        for slot in range(MOST):
            try:
                held = self._keeper.read(_RECORD, _name(slot))
            except StoreError:
                continue  # it was reported
            if held:
                self._rows.append(_Row(slot, held))
        self._rows.sort(key=lambda row: row.number)

    @property
    def total(self) -> int:
        """How many wait."""
        return len(self._rows)

    def count(self, eui: bytes) -> int:
        """How many wait for a meter."""
        return len([row for row in self._rows if row.eui == eui])

    def add(self, eui: bytes, code: int, octets: bytes):
        """Keep a command of a message code for a meter; ValueError where that cannot be.

        StoreError, and it does not wait.
        """
        if len(octets) > _LONGEST:
            raise ValueError("longer than %d octets" % _LONGEST)
        used = [row.slot for row in self._rows]
        free = [slot for slot in range(MOST) if slot not in used]
        if not free:
            raise ValueError("too many messages wait")
        own = self._device.clock
        since = 0 if own.status == clock.INVALID else own.seconds
        number = self._rows[-1].number + 1 if self._rows else 1
        values = (number, since, code, eui, bytes(octets))
        self._keeper.write(_RECORD, values, _name(free[0]))
        self._rows.append(_Row(free[0], values))

    def next(self, eui: bytes):
        """The command that a meter gets now, or None."""
        for row in list(self._rows):
            if row.eui != eui:
                continue
            if row.given >= _GIVEN:
                self._drop(row)
                self._note(FAILED, row)
                continue
            if not row.given:
                self._note(DONE, row)
            row.given += 1
            return row.octets
        return None

    def answered(self, eui: bytes, told):
        """A meter has put a message (gbcs.message.Message): what it responds to waits no more.

        None is a block of a long response: that is to the command that it was given last, the
        only one at a time.
        """
        for row in self._rows:
            if row.eui == eui and row.given and (told is None or responds(told, row.octets)):
                self._drop(row)
                return

    def forget(self, log):
        """What is for a meter that has left the Device Log (HubLog) has failed."""
        for row in list(self._rows):
            if log.entry(row.eui) is None:
                self._drop(row)
                self._note(FAILED, row)

    def tick(self):
        """Drop what nobody has fetched; a time without a valid clock does not count."""
        own = self._device.clock
        if own.status == clock.INVALID:
            return
        for row in list(self._rows):
            row.since = row.since or own.seconds
            if own.seconds >= row.since + HOLDS:
                self._drop(row)
                self._device.feature("event_log").enter(NOT_RETRIEVED)

    def _note(self, event: int, row):
        self._device.feature("event_log").enter(event, row.code.to_bytes(2, "big"))

    def _drop(self, row):
        self._rows.remove(row)
        try:
            self._keeper.remove(_name(row.slot))
        except StoreError:
            pass  # it is given once more after a power cut, and protected against replay


def responds(told, octets: bytes) -> bool:
    """Whether a message (gbcs.message.Message) is the response to a command of such octets."""
    from smets.gbcs import message

    command = message.parse(octets)
    return (
        told.cra == message.RESPONSE
        and bytes(told.originator) == bytes(command.target)
        and bytes(told.target) == bytes(command.originator)
        and bytes(told.counter) == bytes(command.counter)
    )


def _name(slot: int) -> str:
    return "waiting.%d" % slot if slot else "waiting"
