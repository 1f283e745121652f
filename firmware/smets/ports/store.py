# Storage port: small named records that survive power cuts; disk.py has the files of larger data.
# On boards both lie on littlefs, which commits a file when it is closed and renames atomically.
from binascii import crc32

from smets import alive
from smets.ports.files import TEMPORARY as _TEMPORARY
from smets.ports.files import make, make_folders, names_in, remove, settle
from smets.ports.store_error import DAMAGED as _DAMAGED
from smets.ports.store_error import StoreError

try:
    import os
except ImportError:  # a board without file systems has no use for a store
    pass

_ABSENT = 2  # ENOENT
_FOLDER = 21  # EISDIR
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789._-"
_NAME_MAX = 32
# The folder in which a meter keeps its logs (features/keeper.py).
LOGS = "logs"
# The names of several records that are replaced as a whole, while they are.
_CHANGES = "~~"
# While every record is removed.
_CLEARING = "~clear"
# Faults that are told of; further ones are counted.
_FAULTS_MAX = 32


def _check(name: str, data: bytes) -> bytes:
    # The name is covered too, so that a record under another's name is damaged.
    return crc32(data, crc32(name.encode())).to_bytes(4, "big")


class Store:
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
        self.path = path
        self.faults = {}  # record or log -> why it said nothing, since the start
        self.on_fault = None  # called with both
        self._changed = {}  # name -> the temporary of its new content, "" where it goes
        self._marks = []  # what was changed at each `begin`
        self._replaced = []  # temporaries of content that was changed again
        self._number = 0  # of the next temporary
        self._noted = False  # whether _CHANGES names what is changed
        self._made = (not above or make(above)) and make(path)
        if self._made:
            self._recover()

    # --- Records ------------------------------------------------------------------------------

    def _file(self, name: str) -> str:
        if not 1 <= len(name) <= _NAME_MAX or any(char not in _NAME for char in name):
            raise ValueError("record name")
        return self.path + "/" + name

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
        return self._load(path, name)

    def _load(self, path: str, name: str) -> bytes | None:
        try:
            with open(path, "rb") as file:
                octets = file.read()
        except OSError as error:
            if error.errno == _ABSENT:
                return None
            raise StoreError(error.errno)
        data = octets[4:]
        if octets[:4] != _check(name, data):
            raise StoreError(_DAMAGED)
        return data

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
            # Not in functions of their own: a Pico's stack is as good as full here. See settle.
            alive.tell()
            with open(temporary, "wb") as file:
                file.write(_check(name, data))
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

    def _write(self, path: str, name: str, data: bytes):
        try:
            with open(path, "wb") as file:
                file.write(_check(name, data))
                file.write(data)
                settle(file)
        except OSError as error:
            self._drop(path)
            raise StoreError(error.errno)

    def _drop(self, path: str):
        try:
            remove(path)
        except StoreError:
            pass  # the next start removes it

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

    # --- Several records as a whole -------------------------------------------------------------

    def begin(self) -> int:
        """What is put and deleted from here to `commit` is old or new as a whole.

        Within another such part this is part of that. Records read as they will be. The mark
        that is returned is for `rollback`.
        """
        self._finish()
        self._marks.append(dict(self._changed))
        return len(self._marks) - 1

    def commit(self):
        """Put into effect what was changed since `begin`.

        StoreError: nothing of it holds then, or, where the file system failed amid it, the next
        `begin` or start completes it.
        """
        if len(self._marks) > 1 or not self._changed:
            self._marks.pop()
            return
        try:
            if len(self._changed) > 1:
                lines = [self._changed[name] + " " + name for name in self._changed]
                self._write(self.path + "/" + _CHANGES, _CHANGES, "\n".join(lines).encode())
                self._noted = True
            self._marks = []
            self._replace()
        except StoreError:
            if not self._noted:
                self.rollback()
            raise
        self._drop_replaced()

    def rollback(self, mark: int = 0):
        """Forget what was changed since the `begin` that returned `mark`."""
        if self._noted:
            return  # it holds already
        before = self._marks[mark] if mark < len(self._marks) else self._changed
        if not mark:
            before = {}
        self._marks = self._marks[:mark]
        kept = before.values()
        for temporary in self._changed.values():
            if temporary and temporary not in kept:
                self._drop(self.path + "/" + temporary)
        self._changed = before
        if not mark:
            self._drop_replaced()

    def _change(self, name: str, temporary: str):
        if self._changed.get(name):
            self._replaced.append(self._changed[name])
        self._changed[name] = temporary

    def _drop_replaced(self):
        for temporary in self._replaced:
            self._drop(self.path + "/" + temporary)
        self._replaced = []
        self._number = 0

    def _finish(self):
        """Complete what a failing file system left undone."""
        if self._noted:
            self._replace()

    def _replace(self):
        for name in list(self._changed):
            try:
                if self._changed[name]:
                    os.rename(self.path + "/" + self._changed[name], self._file(name))
                else:
                    remove(self._file(name))
            except OSError as error:
                # It was replaced before a power cut that came amid the others.
                if error.errno != _ABSENT or not self._noted:
                    raise StoreError(error.errno)
            del self._changed[name]
        if self._noted:
            remove(self.path + "/" + _CHANGES)
            self._noted = False

    def _recover(self):
        """Complete changes that a power cut interrupted, or remove what was not yet complete."""
        try:
            left = [name for name in os.listdir(self.path) if name[0] == _TEMPORARY]
        except OSError as error:
            raise StoreError(error.errno)
        if _CLEARING in left:
            try:
                kept = self._load(self.path + "/" + _CLEARING, _CLEARING)
                self.clear((kept or b"").decode())
            except StoreError as error:
                if not error.damaged:
                    raise
        elif _CHANGES in left:
            try:
                lines = self._load(self.path + "/" + _CHANGES, _CHANGES) or b""
                for line in lines.decode().split("\n"):
                    temporary, _, name = line.partition(" ")
                    if name:
                        self._changed[name] = temporary
                self._noted = True
                self._replace()
            except StoreError as error:
                if not error.damaged:
                    raise
                # Torn: the power went before it was whole, and nothing had been replaced.
        for name in left:
            remove(self.path + "/" + name)

    def restart(self):
        """A device begins over this store: give up what was under way, tell of damage anew."""
        self.rollback()
        self.faults = {}
        self.on_fault = None

    # --- Damage -------------------------------------------------------------------------------

    def report(self, name: str, why: str):
        """Tell that a record or a log says nothing, or not all that it said, and why."""
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

    def check(self, besides: str = ""):
        """Look at each record, but those whose names begin with `besides`, and report damage."""
        for name in self.names():
            if besides and name.startswith(besides):
                continue
            try:
                self.get(name)
            except StoreError as error:
                # A folder, of a feature that keeps files, is no record.
                if error.errno != _FOLDER:
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
