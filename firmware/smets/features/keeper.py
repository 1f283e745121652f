# Where a meter keeps its logs and settings: in files of its store, or in memory without one.
# Logs are rings (ring) in files of a folder; settings are records: old or new, never a mixture.
from smets.compat import const

_SEGMENT = const(4096)
_SPARE = const(32)  # slots beyond the rows of a log, and of one with wide rows
_SPARE_WIDE = const(1)
_WIDE = const(256)  # octets of a slot


class Keeper:
    """Keeps what a device must not lose; without a store it is lost with the power."""

    def __init__(self, store):
        """`store` is that of the device, or None."""
        self._store = store
        self._path = ""
        if self._store:
            from smets.ports.store import LOGS

            # Made at the start (Store.prepare) or, on a full file system, with the first entry.
            self._path = self._store.path + "/" + LOGS

    @property
    def stores(self) -> bool:
        """Whether anything is kept through a power cut."""
        return self._store is not None

    def read(self, table, name: str = ""):
        """The values of a record, None where there is none; RecordError, see record.Table."""
        return table.read(self._store, name) if self._store else None

    def write(self, table, values, name: str = ""):
        """Write a record; StoreError."""
        if self._store:
            table.write(self._store, values, name)

    def put(self, name: str, octets: bytes):
        """Write a record that is packed; StoreError."""
        if self._store:
            self._store.put(name, octets)

    def remove(self, name: str):
        """Remove a record, if it is there; StoreError."""
        if self._store:
            self._store.delete(name)

    def begin(self) -> int:
        """What is written from here to `commit` is old or new as a whole; see ports/store.py."""
        return self._store.begin() if self._store else 0

    def commit(self):
        """Put what was written since `begin` into effect; StoreError."""
        if self._store:
            self._store.commit()

    def rollback(self, mark: int):
        """Forget what was written since the `begin` that returned `mark`."""
        if self._store:
            self._store.rollback(mark)

    def undo(self, restore, value, owner=None):
        """How to take back what is written since `begin`, in memory; see ports/changes.py."""
        if self._store:
            self._store.undo(restore, value, owner)

    def open(self, name: str, rows: int, width: int):
        """The log `name`; OSError."""
        # A board holds the code of one kind in its heap.
        if not self._store:
            from smets.features.memory_ring import MemoryRing

            return MemoryRing(rows, width)
        from smets.features import ring

        slot = 16
        while slot < width + 8:
            slot *= 2
        spare = _SPARE if slot < _WIDE else _SPARE_WIDE
        size = -(-(rows + spare) * slot // _SEGMENT) * _SEGMENT
        region = ring.FileRegion(self._path + "/" + name, size, _SEGMENT)
        return ring.RingLog(region, rows, width, lambda: self._report(name))

    def _report(self, name: str):
        if self._store:
            logs = self._path.rpartition("/")[2]
            self._store.report(logs + "/" + name, "entries are damaged")

    def wipe(self, name: str):
        """Remove the files of a log."""
        if self._store:
            import os

            for file in os.listdir(self._path):
                if file.rpartition(".")[0] == name:
                    os.remove(self._path + "/" + file)


class Slot:
    """A log that a device has or, while `log` is None, does not have."""

    def __init__(self, keeper: Keeper, name: str, rows: int, width: int):
        self.log = None
        self._keeper = keeper
        self._name = name
        self._rows = rows
        self._width = width

    def open(self):
        """Open the log; OSError."""
        log = self.log
        if log is None:
            log = self.log = self._keeper.open(self._name, self._rows, self._width)
        return log

    def close(self):
        """Stop using the log. Its files stay."""
        self.log = None

    def renew(self):
        """Begin an empty log for the rows of a state."""
        self._keeper.wipe(self._name)
        self.log = self._keeper.open(self._name, self._rows, self._width)


def as_log(log, rows: int, width: int):
    """A log as it is; or the log that is opened in a region (ring.RingLog)."""
    if hasattr(log, "append"):
        return log
    from smets.features.ring import RingLog

    return RingLog(log, rows, width)
