# The logs of features/meter_logs.py: rows of registers and of money, as their reads have them
# (ECS20b, ECS20c, ECS21a, ECS21c, ECS66), of a meter with one element or with two.
from smets.compat import const
from smets.dlms import objects
from smets.dlms.profile import Profile
from smets.features import quantities
from smets.features.codes import BILLED, BILLED_ALERT
from smets.features.keeper import Slot
from smets.features.quantities import BLOCKS, EXPORT, IMPORT, SECONDARY
from smets.ports.store_error import StoreError

_BLOCK_TYPES = b"\x01\x00\x08\x06" * 4
_MATRIX = b"\x01\x00\x30\x06" + _BLOCK_TYPES
_MATRIX_2 = b"\x01\x00\x30\x06\x01\x00\x04\x06" + _BLOCK_TYPES
_MONEY = b"\x05" * 6
_PAIR = b"\x02\x02\x06\x06"
_WIDTH, _WIDTH_2 = const(328), const(348)  # of the registers, with their time
_MONEY_WIDTH = const(24)

# Key -> name, rows, (width, description) of one element and, where it differs, of two.
_REGISTERS = (_WIDTH, b"\x02\x07\x06\x06" + _MATRIX)
_REGISTERS_2 = (_WIDTH_2, b"\x02\x09\x06\x06\x06" + _MATRIX_2)
_CHANGE = (_WIDTH + _MONEY_WIDTH, b"\x02\x0d\x06\x06" + _MATRIX + _MONEY)
_CHANGE_2 = (_WIDTH_2 + _MONEY_WIDTH, b"\x02\x0f\x06\x06\x06" + _MATRIX_2 + _MONEY)
LOGS = (
    ("7/0-0:98.1.0.255/2", "billing", 12, _REGISTERS, _REGISTERS_2),
    ("7/0-0:98.1.1.255/2", "money", 12, (4 + _MONEY_WIDTH, b"\x02\x07\x06" + _MONEY), None),
    ("7/0-0:98.1.2.255/2", "change", 12, _CHANGE, _CHANGE_2),
    ("7/0-0:98.1.9.255/2", "daily", 31, _REGISTERS, _REGISTERS_2),
    ("7/0-0:98.1.10.255/2", "export-day", 31, (8, _PAIR), None),
    ("7/0-0:99.1.3.255/2", "consumed", 731, (8, _PAIR), None),
)


class DailyLogs:
    """All of them; a log is open only while it is used, since a heap is small."""

    def __init__(self, device):
        self._device = device
        self.storage_errors = 0
        self._slots = {}  # name -> Slot

    @property
    def twin(self) -> bool:
        """Whether the meter has two elements."""
        return self._device.feature("profile_data").data.twin

    def slot(self, row, twin: bool):
        """(the log of a row of LOGS, its description)."""
        second = twin and row[4] is not None
        name = row[1] + "2" * second
        width, description = row[4] if second else row[3]
        slot = self._slots.get(name)
        if slot is None:
            slot = self._slots[name] = Slot(self._device.keeper, name, row[2], width)
        return slot, description

    def find(self, key):
        """The object of a key, or None."""
        for row in LOGS:
            if objects.key(row[0]) == key:
                return _Log(self, row)
        return None

    def be_twin(self, twin: bool):
        """Make the meter one of two elements, or of one."""
        self._device.feature("profile_data").data.be_twin(twin)

    def _append(self, name: str, octets: bytes):
        """Enter a row, once for its time: one that a power cut left there is not entered again."""
        try:
            for row in LOGS:
                if row[1] == name:
                    slot = self.slot(row, self.twin)[0]
                    log = slot.open()
                    newest = log.load(log.head() - 1) if log.head() else None
                    if newest is None or bytes(newest[:4]) != octets[:4]:
                        log.append(octets)
                    if self._device.keeper.stores:
                        slot.close()
        except OSError:
            self.storage_errors += 1

    def _registers(self, due: int) -> bytes:
        held = self._device.feature("register")
        twin = self.twin
        octets = _number(due) + _number(held.totals[IMPORT])
        if twin:
            octets += _number(held.totals[SECONDARY])
        octets += bytes(held.matrix[: 4 * (BLOCKS if twin else quantities.RATES)])
        for block in range(4):
            first = BLOCKS + 2 * block * quantities.GROUP
            octets += bytes(held.matrix[4 * first : 4 * (first + quantities.GROUP)])
        return octets

    def _money(self) -> bytes:
        account = self._device.feature("prepayment")
        if account is None or account.meter is None:
            return bytes(_MONEY_WIDTH)
        return account.meter.money()

    def bill(self, due: int):
        """A billing period ended at UTC `due`."""
        self._append("billing", self._registers(due))
        self._append("money", _number(due) + self._money())
        self._device.alert(BILLED, due, "supplier", BILLED_ALERT, Billed(self._device, due))

    def change(self, now: int):
        """Mode, tariff or supplier changed at UTC `now`."""
        self._append("change", self._registers(now) + self._money())

    def end_day(self, due: int):
        """A day of UTC ended at `due`."""
        held = self._device.feature("register")
        self._append("daily", self._registers(due))
        self._append("export-day", _number(due) + _number(held.totals[EXPORT]))
        self._append("consumed", _number(due) + _number(held.day))
        held.day = 0
        held.keep()

    def reset_counters(self):
        """The block counters begin anew."""
        held = self._device.feature("register")
        try:
            held.change(quantities.reset_counters, held.matrix)
        except StoreError:
            self.storage_errors += 1


def _number(value: int) -> bytes:
    return (value & 0xFFFFFFFF).to_bytes(4, "big")


class Billed:
    """The alert that a billing period ended at UTC `due` (ECS68)."""

    def __init__(self, device, due: int):
        self._device = device
        self._due = due

    def __call__(self, session):
        """Its structure: code, time, the row of the log, encrypted for who gets it."""
        from smets.dlms import protected
        from smets.features.causes_table import structure

        head = structure(BILLED, self._due)
        wanted = [protected.Wanted(objects.key(LOGS[0][0]), self._due, self._due)]
        return protected.read(wanted, self._device.dlms, session, b"\x02\x04" + head[2:])


class _Log(Profile):
    """One log, of a meter with one element or, where its rows are wider then, with two."""

    def __init__(self, logs: DailyLogs, row):
        slot, description = logs.slot(row, logs.twin)
        super().__init__(slot, description)
        self._logs = logs
        self._row = row

    def get(self, start: int, end: int):
        """See Profile."""
        try:
            self._slot.open()
        except OSError:
            return objects.HARDWARE_FAULT
        return super().get(start, end)

    def fits(self, value, further: bool = False):
        """See Profile: rows that replace those that are there may have the other width."""
        kinds = [self.description] if further else [kind[1] for kind in self._row[3:] if kind]
        if getattr(value, "description", None) not in kinds:
            objects.check_rows(self, value)

    def load(self, buffer):
        """See Profile; wide rows make the meter a twin, narrow ones a single one."""
        if self._row[4]:
            twin = buffer.description == self._row[4][1]
            self._logs.be_twin(twin)
            slot, description = self._logs.slot(self._row, twin)
            super().__init__(slot, description)
        super().load(buffer)

    def extend(self, buffer):
        """See Profile."""
        self._slot.open()
        super().extend(buffer)
