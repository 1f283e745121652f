# Profile Data Log of an electricity meter: energy of each half hour, by the engine of the voltage.
# ESMETS 5.7.5.27, 5.13.2.7 (twin element); read by ECS22a (export), ECS22b (import), ECS22c
# (reactive import). Stamped with the end of the half hour, as the voltage is.
from smets import record
from smets.clock import INVALID
from smets.compat import const
from smets.dlms import objects
from smets.dlms.profile import Profile
from smets.features.keeper import Slot
from smets.features.quantities import QUANTITIES
from smets.features.voltage.consumption import HalfHourly
from smets.ports.store_error import StoreError

# project-choice: half hours kept. 31 days of all quantities take 41 KB. Alternative: 13 months of
# import (19,056) and three of the others (4,464), as ESMETS has.
ENTRIES = const(1488)

_TWIN = record.Table("twin", (("twin", record.U8, 0),), "a meter of one element")

_IMPORT = objects.key("7/0-0:99.1.0.255/2")
_EXPORT = objects.key("7/0-0:99.1.1.255/2")
_REACTIVE = objects.key("7/0-0:99.1.2.255/2")

# structure{double-long-unsigned, ...} of two and of three.
_TWO = b"\x02\x02\x06\x06"
_THREE = b"\x02\x03\x06\x06\x06"


class _Register:
    """One quantity: what the register counts, by half hours."""

    def __init__(self, newest: int):
        self.entries = []  # (stamp, Wh) since the last look
        self._engine = HalfHourly(self._entry, 0, newest)

    def _entry(self, stamp: int, energy: int):
        self.entries.append((stamp, energy))

    def pass_time(self, seconds: int, status: int, length: int, energy: int):
        """`energy` Wh were counted in the `length` ms from UTC `seconds` on."""
        self._engine.feed(seconds, 0, status, length, 1000 * energy)

    def skip_to(self, newest: int):
        """Entries up to `newest` are there already."""
        self._engine.newest = newest


class ProfileData:
    """The three logs of a meter with one element, or with two (a second column of import)."""

    def __init__(self, device):
        self._device = device
        self._keeper = keeper = device.keeper
        try:
            held = keeper.read(_TWIN)
        except StoreError:
            held = None  # it was reported
        self.twin = bool(held and held[0])
        self._import = Slot(keeper, "import", ENTRIES, 8)
        self._twin_import = Slot(keeper, "import2", ENTRIES, 12)
        self._export = Slot(keeper, "export", ENTRIES, 12)
        self._reactive = Slot(keeper, "reactive", ENTRIES, 8)
        # Of each quantity, once time passes: a command that opened all logs would go too deep.
        self._registers = ()
        self.storage_errors = 0

    def find(self, key):
        """The object of a key for dlms.Objects, or None."""
        if key == _IMPORT:
            self.active.open()
            return _ActiveImport(self)
        if key == _EXPORT:
            self._export.open()
            return Profile(self._export, _THREE, self.loaded)
        if key == _REACTIVE:
            self._reactive.open()
            return Profile(self._reactive, _TWO, self.loaded)
        return None

    @property
    def active(self) -> Slot:
        """The log of active import."""
        return self._twin_import if self.twin else self._import

    def _slot_of(self, name: str) -> Slot:
        if name in ("import", "secondary"):
            return self.active
        return self._reactive if name == "reactive_import" else self._export

    def be_twin(self, twin: bool):
        """Make the meter one of two elements, or of one."""
        if twin != self.twin:
            self.active.close()
            self.twin = twin
            self.active.open()
            self._keeper.write(_TWIN, (int(twin),))
            self.loaded()

    def loaded(self):
        """Go on from the entries that are there."""
        for name, register in zip(QUANTITIES, self._registers):
            register.skip_to(self._slot_of(name).open().newest)

    def pass_time(self, seconds: int):
        """Virtual time passed, up to what the device's clock shows now."""
        clock = self._device.clock
        now = clock.seconds if clock.status == INVALID else clock.seconds - seconds
        counted = self._device.feature("register").counted
        if not self._registers:
            self._registers = [_Register(self._slot_of(name).open().newest) for name in QUANTITIES]
        for register, energy in zip(self._registers, counted):
            register.pass_time(now, clock.status, 1000 * seconds, energy)
        active, secondary, export, reactive_export, reactive = [
            register.entries for register in self._registers
        ]
        try:
            if self.twin:
                _append(self.active, active, secondary)
            else:
                _append(self.active, active)
            _append(self._export, export, reactive_export)
            _append(self._reactive, reactive)
        except OSError:
            self.storage_errors += 1
        for register in self._registers:
            register.entries.clear()


def _append(slot, first, second=None):
    for index, (stamp, energy) in enumerate(first):
        row = stamp.to_bytes(4, "big") + _limited(energy)
        if second is not None:
            row += _limited(second[index][1])
        slot.open().append(row)


def _limited(value: int) -> bytes:
    return min(value, 0xFFFFFFFF).to_bytes(4, "big")


class _ActiveImport(Profile):
    """The import log: of two columns, or of three once the meter is a twin."""

    def __init__(self, data: ProfileData):
        super().__init__(data.active, _THREE if data.twin else _TWO, data.loaded)
        self._data = data

    def fits(self, value, further: bool = False):
        """See Profile: rows that replace those that are there may have the other width."""
        if further or getattr(value, "description", None) not in (_TWO, _THREE):
            super().fits(value, further)

    def load(self, buffer):
        """See Profile; rows of three columns make the meter a twin, rows of two a single one."""
        data = self._data
        data.be_twin(buffer.description == _THREE)
        super().__init__(data.active, _THREE if data.twin else _TWO, data.loaded)
        super().load(buffer)
