# Storage port: small named records that survive power cuts; disk.py has the files of larger data.
# On boards both lie on littlefs, which commits a file when it is closed and renames atomically.
from smets import alive
from smets.ports.changes import CHANGES, Changes, check_of
from smets.ports.files import CLEARING as _CLEARING
from smets.ports.files import ERASING, make, make_folders, names_in, remove
from smets.ports.files import TEMPORARY as _TEMPORARY
from smets.ports.store_error import StoreError

try:
    import os
except ImportError:  # a board without file systems has no use for a store
    pass

# The folder in which a meter keeps its logs (features/keeper.py).
LOGS = "logs"
# Folders of features that keep files of their own; elsewhere a folder is no record.
_FOLDERS = (LOGS, "history", "settings")
# Faults that are told of; further ones are counted.
_FAULTS_MAX = 32


class Store(Changes):
    """Named records of a few octets to a few kilooctets, one file each.

    After a power cut at any moment a record has its old or its new content; what is put between
    `begin` and `commit` is old or new as a whole. Every method raises StoreError when the file
    system fails. Names are 1 to 32 of the characters a-z 0-9 . _ - (ValueError for others). What
    belongs to a tenant goes into the vault, not here: a purge does not look for it in records.
    """

    def __init__(self, path: str, above: str = ""):
        """`path` is the folder, `above` the one that it lies in; both are made where absent.

        What is above that must exist. On a full file system they are made with the first record.
        """
        super().__init__(path)
        self.faults = {}  # record or log -> why it could not be read, since the start
        self.on_fault = None  # called with both
        self._made = (not above or make(above)) and make(path)
        if self._made:
            self._recover()

    def _recover(self):
        """Complete what a power cut interrupted, or remove what was not yet complete."""
        try:
            left = [name for name in os.listdir(self.path) if name[0] == _TEMPORARY]
        except OSError as error:
            raise StoreError(error.errno)
        try:
            if ERASING in left:
                from smets.ports.erase import forget

                forget(self)
            elif _CLEARING in left:
                kept = self.load(self.path + "/" + _CLEARING, _CLEARING)
                self.clear((kept or b"").decode())
            elif CHANGES in left:
                self._resume()
        except StoreError as error:
            if not error.damaged:
                raise
            # Torn: the power went before it was whole, and nothing had been replaced.
        for name in left:
            remove(self.path + "/" + name)

    # --- Records ------------------------------------------------------------------------------

    def get(self, name: str) -> bytes | None:
        """The content of a record, or None.

        A damaged record raises StoreError with `damaged` set and is never returned, not even in
        part: the reader has to treat its content as unknown.
        """
        path = self._file(name)
        if name in self._changed:
            if not self._changed[name]:
                return None
            path = self.path + "/" + self._changed[name]
        return self.load(path, name)

    def put(self, name: str, data: bytes):
        """Write a record; nothing is written where it already has this content (flash wears)."""
        path = self._file(name)
        try:
            if self.get(name) == data:
                return
        except StoreError:
            pass  # what cannot be read is replaced
        self._finish()
        if not self._made:
            make_folders(self.path)
            self._made = True
        later = _TEMPORARY + str(self._number) if self._marks else ""
        temporary = self.path + "/" + (later or _TEMPORARY)
        try:
            # Not in functions of their own: a Pico's stack is almost full here. See settle.
            alive.tell()
            with open(temporary, "wb") as file:
                file.write(check_of(name, data))
                file.write(data)
                file.flush()
                if hasattr(os, "fsync"):
                    os.fsync(file.fileno())
            if not later:
                os.rename(temporary, path)
        except OSError as error:
            self._drop(temporary)
            raise StoreError(error.errno)
        if later:
            self._number += 1
            self._change(name, later)

    def delete(self, name: str):
        """Remove a record, if it is there."""
        path = self._file(name)
        self._finish()
        if not self._marks:
            remove(path)
        elif name in self.names():
            self._change(name, "")

    def names(self) -> list:
        """The names of all records, sorted."""
        if not self._made:
            return []
        names = names_in(self.path)
        if not self._changed:
            return names
        names = [name for name in names if self._changed.get(name, name)]
        return sorted(set(names + [name for name in self._changed if self._changed[name]]))

    def restart(self):
        """A device begins over this store: give up what was under way, report damage again."""
        self.rollback()
        self.faults = {}
        self.on_fault = None

    # --- Damage -------------------------------------------------------------------------------

    def report(self, name: str, why: str):
        """Report that a record or a log, or a part of it, cannot be read, and why."""
        if self.faults.get(name) == why:
            return
        if len(self.faults) >= _FAULTS_MAX:
            name, why = "others", "damaged too"
        self.faults[name] = why
        if self.on_fault:
            self.on_fault(name, why)

    def files(self, folder: str) -> list:
        """The names of the files in a folder of the store; none where there is no such folder."""
        try:
            return sorted(os.listdir(self.path + "/" + folder))
        except OSError:
            return []

    def prepare(self):
        """Make the folder of the logs at the start: mkdir within a command is too deep for a Pico.

        Where that fails, it is made with the first entry.
        """
        try:
            if self._made:
                make(self.path + "/" + LOGS)
        except StoreError:
            pass

    def check(self, besides: str = ""):
        """Look at each record except those whose names begin with `besides`, and report damage."""
        for name in self.names():
            if name in _FOLDERS or besides and name.startswith(besides):
                continue
            try:
                self.get(name)
            except StoreError as error:
                self.report(name, "damaged" if error.damaged else "error %d" % error.errno)

    # --- All of it ----------------------------------------------------------------------------

    def clear(self, kept: str = ""):
        """Remove every record but `kept`, and what features keep in folders of their own.

        What a power cut interrupts is completed at the next start: no half of it counts.
        """
        self.faults = {}
        if not self._made:
            return
        mark = self.path + "/" + _CLEARING
        try:
            self._write(mark, _CLEARING, kept.encode())
        except StoreError:
            pass  # a full file system: it has room again afterwards
        for name in self.names():
            if name == kept:
                continue
            try:
                self.delete(name)
            except StoreError:
                self._clear_folder(self.path + "/" + name)
        remove(mark)

    def _clear_folder(self, folder: str):
        try:
            for inner in os.listdir(folder):
                remove(folder + "/" + inner)
            os.rmdir(folder)
        except OSError as error:
            raise StoreError(error.errno)
