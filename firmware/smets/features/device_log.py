# The Device Log: which devices of the home are joined (CS03, CS04, GCS59), kept as one record.
from smets import record
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

# project-choice: entries of a Device Log (CS03, GCS59): a GPF or a meter pairs with a handful of
# devices. Alternative: any larger number; each entry takes flash.
_DEVICE_LOG_ENTRIES = const(16)

_RECORD = record.Table(
    "joined",
    (("devices", record.rows(_DEVICE_LOG_ENTRIES, record.octets(8), record.U32), ()),),
    "the Device Log begins empty, and cannot be read until a device joins",
)


class DeviceLog(Feature):
    """(EUI-64, device type) of each device, in the order in which they joined."""

    records = ("joined",)

    def __init__(self, device):
        super().__init__(device)
        self._store = device.store
        self.entries = []

    def restore(self):
        """See Feature."""
        if self._store:
            try:
                held = _RECORD.read(self._store)
            except StoreError:
                held = None  # it was reported
            if held:
                self.entries = held[0]

    def has(self, identifier: bytes) -> bool:
        """Whether a device is joined."""
        return any(entry[0] == identifier for entry in self.entries)

    def enter(self, identifier: bytes, kind: int) -> bool:
        """Enter a device, or its new type; False where the log is full. StoreError."""
        known = self.has(identifier)
        if not known and len(self.entries) >= _DEVICE_LOG_ENTRIES:
            return False
        if known:
            entries = [
                (identifier, kind) if entry[0] == identifier else entry for entry in self.entries
            ]
        else:
            entries = self.entries + [(identifier, kind)]
        self._keep(entries)
        return True

    def leave(self, identifier: bytes):
        """Forget a device. On StoreError it is still there."""
        if self.has(identifier):
            self._keep([entry for entry in self.entries if entry[0] != identifier])

    def _keep(self, entries):
        if self._store:
            _RECORD.write(self._store, (entries,))
            self._store.undo("entries", self.entries, self)
        self.entries = entries


FEATURE = DeviceLog
