# Changes to several records as a whole: the new content of all is noted before the first is
# replaced. When a change is given up, its owners take back what they know of it.
from binascii import crc32

from smets.ports.files import remove, settle
from smets.ports.store_error import DAMAGED as _DAMAGED
from smets.ports.store_error import StoreError

try:
    import os
except ImportError:  # a board without file systems has no use for a store
    pass

_ABSENT = 2  # ENOENT
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789._-"
_NAME_MAX = 32
# The names of several records that are replaced as a whole, while they are.
CHANGES = "~~"
# What becomes of that where a file in place is part of the change: the last line is its number.
_SEALED = "sealed"


def check_of(name: str, data: bytes) -> bytes:
    """The check value of a record. It covers the name: a record under another name is damaged."""
    return crc32(data, crc32(name.encode())).to_bytes(4, "big")


class Changes:
    """What a store (store.py) is changed by, from `begin` to `commit`."""

    def __init__(self, path: str):
        self.path = path
        self._changed = {}  # name -> the temporary of its new content, "" where it goes
        self._marks = []  # what was changed, how much can be undone and the seal at each `begin`
        self._undo = []  # (function, argument) that takes back what the owner of a record knows
        self._seal = 0  # number of the change, where a file in place is part of it
        self._replaced = []  # temporaries of content that was changed again
        self._number = 0  # of the next temporary
        self._noted = False  # whether CHANGES names what is changed

    def _file(self, name: str) -> str:
        if not 1 <= len(name) <= _NAME_MAX or any(char not in _NAME for char in name):
            raise ValueError("record name")
        return self.path + "/" + name

    def load(self, path: str, name: str) -> bytes | None:
        """The content of a file as that of the record `name`; see `get`."""
        try:
            with open(path, "rb") as file:
                octets = file.read()
        except OSError as error:
            if error.errno == _ABSENT:
                return None
            raise StoreError(error.errno)
        data = octets[4:]
        if octets[:4] != check_of(name, data):
            raise StoreError(_DAMAGED)
        return data

    def _write(self, path: str, name: str, data: bytes):
        try:
            with open(path, "wb") as file:
                file.write(check_of(name, data))
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

    def begin(self) -> int:
        """What is put and deleted from here to `commit` is old or new as a whole.

        Within another such part this is part of that. Records read as they will be. The mark
        that is returned is for `rollback`.
        """
        self._finish()
        self._marks.append((dict(self._changed), len(self._undo), self._seal))
        return len(self._marks) - 1

    def undo(self, restore, value, owner=None):
        """Call `restore(value)` where what is changed since `begin` is given up; last one first.

        With an owner, `restore` is the name of its member that gets the value. Whoever keeps
        something calls it, so that what it knows is what the store holds.
        """
        if self._marks:
            self._undo.append((restore, value, owner))

    def seal(self, number: int) -> int:
        """Let the change under way have a number, above that of any before it; 0 without one.

        What is written into a file in place counts once `sealed` gives that number or more.
        """
        if not self._marks:
            return 0
        self._seal = number
        return number

    def sealed(self) -> int:
        """The number of the last change that had one and holds; -1 where that is damaged."""
        try:
            lines = self.load(self.path + "/" + _SEALED, _SEALED)
        except StoreError:
            return -1  # it is reported with the records
        return int(lines.decode().rpartition("\n")[2]) if lines else 0

    def commit(self):
        """Put into effect what was changed since `begin`.

        On StoreError nothing of it holds. Where the file system fails in the middle, the change
        holds, and the next `begin` or start completes it.
        """
        if len(self._marks) > 1:
            self._marks.pop()
            return
        try:
            if self._seal or len(self._changed) > 1:
                lines = [self._changed[name] + " " + name for name in self._changed]
                if self._seal:
                    lines.append(str(self._seal))
                self._write(self.path + "/" + CHANGES, _SEALED, "\n".join(lines).encode())
                self._noted = True
            self._replace()
        except StoreError:
            if not self._noted:
                self.rollback()
                raise
        self._marks = []
        self._undo = []
        if not self._noted:
            self._drop_replaced()

    def rollback(self, mark: int = 0):
        """Forget what was changed since the `begin` that returned `mark`."""
        if self._noted or mark and mark >= len(self._marks):
            return  # it holds already
        before, known, self._seal = self._marks[mark] if mark else ({}, 0, 0)
        self._marks = self._marks[:mark]
        kept = before.values()
        for temporary in self._changed.values():
            if temporary and temporary not in kept:
                self._drop(self.path + "/" + temporary)
        self._changed = before
        if not mark:
            self._drop_replaced()
        while len(self._undo) > known:
            restore, value, owner = self._undo.pop()
            if owner is None:
                restore(value)
            else:
                setattr(owner, restore, value)

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

    def _resume(self):
        """Complete the changes that are noted in a file."""
        lines = self.load(self.path + "/" + CHANGES, _SEALED) or b""
        for line in lines.decode().split("\n"):
            temporary, space, name = line.partition(" ")
            if space:
                self._changed[name] = temporary
            else:
                self._seal = int(temporary or 0)
        self._noted = True
        self._replace()

    def _replace(self):
        for name in list(self._changed):
            try:
                if self._changed[name]:
                    os.rename(self.path + "/" + self._changed[name], self._file(name))
                else:
                    remove(self._file(name))
            except OSError as error:
                # It was replaced before a power cut that came between the others.
                if error.errno != _ABSENT or not self._noted:
                    raise StoreError(error.errno)
            del self._changed[name]
        if self._noted:
            if self._seal:
                try:
                    os.rename(self.path + "/" + CHANGES, self.path + "/" + _SEALED)
                except OSError as error:
                    raise StoreError(error.errno)
            else:
                remove(self.path + "/" + CHANGES)
            self._noted = False
            self._seal = 0
