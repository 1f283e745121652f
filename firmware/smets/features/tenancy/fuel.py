# What the tenancy machine knows of one fuel, and the record in which it survives a restart.
# Dates are UTC seconds since 2000 or None; in the record 0xFFFFFFFF stands for None.
from smets import record
from smets.compat import const
from smets.features.tenancy.purge import Purge

_NONE = const(0xFFFFFFFF)

# Names of the records, by fuel.
RECORDS = ("tenancy.e", "tenancy.g")

RECORD = record.Table(
    "tenancy.fuel",
    (
        ("eui", record.octets(8), bytes(8)),
        ("seen", record.U32, _NONE),
        ("control", record.U32, 0),
        ("intent", record.U32, _NONE),
        ("classes", record.U32, 0),
        ("applied", record.U32, _NONE),
        ("damaged", record.U8, 0),
        ("notice", record.U8, 0, 2),
    ),
    "history is hidden until the meter was read, then cleared (policy.DAMAGED_CLEARS)",
)


class Fuel:
    """State of one fuel; dates are UTC seconds since 2000 or None."""

    def __init__(self, number: int):
        self.number = number
        self.name = RECORDS[number]
        self.eui = 0
        self.seen: int | None = None
        self.control = 0
        self.intent: int | None = None
        self.classes = 0
        self.applied: int | None = None
        self.damaged = False  # its record was damaged, so its content is unknown
        self.notice = False  # nobody has confirmed yet that its data was cleared
        self.read = False  # since the start, waking, or for too long
        self.hint: int | None = None  # a date that was pushed and is not confirmed by a read
        self.purge: Purge | None = None
        self.forced = False  # purging without a recorded intent
        self.dirty = False  # the record is older than the state
        self.done = False  # a purge is complete, its record not yet written
        self.tries = 0
        self.skip = 0
        self.fault = 0

    def load(self, values: list):
        """Take the state from the values of its record."""
        eui, seen, self.control, intent, self.classes, applied, damaged, notice = values
        self.eui = int.from_bytes(eui, "big")
        self.damaged = bool(damaged)
        self.notice = bool(notice)
        self.seen, self.intent, self.applied = [
            None if date == _NONE else date for date in (seen, intent, applied)
        ]

    def values(self) -> list:
        """The values of its record."""
        seen, intent, applied = [
            _NONE if date is None else date for date in (self.seen, self.intent, self.applied)
        ]
        eui = self.eui.to_bytes(8, "big")
        flags = [int(self.damaged), int(self.notice)]
        return [eui, seen, self.control, intent, self.classes, applied] + flags

    def floor(self) -> int:
        """The newest date that was ever put into effect; 0 for none."""
        return max(self.applied or 0, self.intent or 0)

    def is_pending(self) -> bool:
        """Whether the date last seen has not been put into effect."""
        return self.seen is not None and self.seen > self.floor()
