# The Device Log: which devices of the home are joined (CS03, CS04, GCS59), kept as one record.
from smets import record
from smets.gbcs import policy
from smets.ports.store_error import StoreError

_RECORD = record.Table(
    "joined",
    (
        (
            "devices",
            record.rows(policy.DEVICE_LOG_ENTRIES, record.octets(8), record.U32),
            (),
        ),
    ),
    "the Device Log begins empty, and cannot be read until a device joins",
)


class DeviceLog:
    """(EUI-64, device type) of each device, in the order in which they joined."""

    def __init__(self, store=None):
        """`store` (smets.ports.store) keeps it; None keeps it in memory only."""
        self._store = store
        self.entries = []
        if store:
            try:
                held = _RECORD.read(store)
            except StoreError:
                held = None  # it was reported
            if held:
                self.entries = held[0]

    def has(self, identifier: bytes) -> bool:
        """Whether a device is joined."""
        return any(entry[0] == identifier for entry in self.entries)

    def enter(self, identifier: bytes, kind: int) -> bool:
        """Take a device up, or its new type; False where the log is full. StoreError."""
        known = self.has(identifier)
        if not known and len(self.entries) >= policy.DEVICE_LOG_ENTRIES:
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
        """Forget a device; StoreError, and it is still there."""
        if self.has(identifier):
            self._keep([entry for entry in self.entries if entry[0] != identifier])

    def _keep(self, entries):
        if self._store:
            _RECORD.write(self._store, (entries,))
            self._store.undo(self._take, self.entries)
        self._take(entries)

    def _take(self, entries):
        self.entries = entries
