# Storage port: small named records that survive power cuts, and the files of larger data.
# On boards both lie on littlefs, which commits a file when it is closed and renames atomically.
from binascii import crc32

from smets import alive

try:
    import os
except ImportError:  # a board without file systems: StoreError alone is of use there
    pass

_ABSENT = 2  # ENOENT
_IO = 5  # EIO
_EXISTS = 17  # EEXIST
_INVALID = 22  # EINVAL
_FULL = 28  # ENOSPC
_DAMAGED = 74  # EBADMSG
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789._-"
_NAME_MAX = 32
_TEMPORARY = "~"  # no record can have this name

# A larger file system is never filled up to overwrite what is free: no board's flash is so large.
FILL_MAX = 64 << 20
# Blocks that stay free for others between two steps of a fill.
FILL_RESERVE = 4
_FILLER = "~fill"


class StoreError(Exception):
    """Storage failed: `errno` is that of the file system, or 74 (EBADMSG) for a damaged record."""

    def __init__(self, errno: int | None):
        self.errno = errno or _IO
        super().__init__(self.errno)

    @property
    def damaged(self) -> bool:
        """The record is there, but its check value is wrong: its content is unknown."""
        return self.errno == _DAMAGED


def _make(path: str):
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != _EXISTS:
            raise StoreError(error.errno)


def _remove(path: str):
    alive.tell()
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != _ABSENT:
            raise StoreError(error.errno)


def _names(path: str) -> list:
    try:
        return sorted(name for name in os.listdir(path) if name[0] != _TEMPORARY)
    except OSError as error:
        raise StoreError(error.errno)


def _check(name: str, data: bytes) -> bytes:
    # The name is covered too, so that a record under another's name is damaged.
    return crc32(data, crc32(name.encode())).to_bytes(4, "big")


def _settle(file):
    alive.tell()
    # MicroPython's flush reaches the medium; CPython's only the operating system.
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


class Store:
    """Named records of a few octets to a few kilooctets, one file each.

    After a power cut at any moment a record has its old or its new content. Every method raises
    StoreError when the file system fails. Names are 1 to 32 of the characters a-z 0-9 . _ -
    (ValueError for others). What belongs to a tenant goes into the vault, not here: a purge
    does not look for it in records.
    """

    def __init__(self, path: str):
        """`path` is the folder; it is made where it is absent, its parent must exist."""
        self.path = path
        _make(path)
        _remove(path + "/" + _TEMPORARY)

    def _file(self, name: str) -> str:
        if not 1 <= len(name) <= _NAME_MAX or any(char not in _NAME for char in name):
            raise ValueError("record name")
        return self.path + "/" + name

    def get(self, name: str) -> bytes | None:
        """The content of a record; None where there is none.

        A damaged record raises StoreError with `damaged` set and is never returned, not even in
        part: whoever reads it has to treat what it said as unknown.
        """
        try:
            with open(self._file(name), "rb") as file:
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
        except StoreError as error:
            if not error.damaged:
                raise
        temporary = self.path + "/" + _TEMPORARY
        try:
            with open(temporary, "wb") as file:
                file.write(_check(name, data) + data)
                _settle(file)
            os.rename(temporary, path)
        except OSError as error:
            try:
                _remove(temporary)
            except StoreError:
                pass  # the next put overwrites it
            raise StoreError(error.errno)

    def delete(self, name: str):
        """Remove a record; nothing happens where there is none."""
        _remove(self._file(name))

    def names(self) -> list:
        """The names of all records, sorted."""
        return _names(self.path)

    def clear(self, kept: str = ""):
        """Remove every record but `kept`, and what features keep in folders of their own."""
        for name in self.names():
            if name == kept:
                continue
            try:
                self.delete(name)
            except StoreError:
                self._clear_folder(self.path + "/" + name)

    def _clear_folder(self, folder: str):
        try:
            for inner in os.listdir(folder):
                _remove(folder + "/" + inner)
            os.rmdir(folder)
        except OSError as error:
            raise StoreError(error.errno)


class Disk:
    """Files of a folder, changed in place; each method raises StoreError when that fails.

    On littlefs a change is atomic: the file has its old content until it is closed. On other
    file systems a power cut may leave a mixture, which whoever reads has to detect.
    """

    def __init__(self, path: str, flash: bool):
        """`flash`: the folder is on littlefs, over blocks that are erased before they are used.

        Only then can `fill` reach what is free. Elsewhere, `remove` overwrites the file first,
        which is as much as a program can do there. StoreError 22 (EINVAL) where `flash` is said
        of a file system above FILL_MAX.
        """
        self.path = path
        self.flash = flash
        self.blocks = 0  # of the file system, free or not, where `fill` overwrites the free ones
        self._fill = None
        self._left = 0
        self._zeros = b""
        _make(path)
        if flash:
            block, _, blocks, _ = self._space()
            if block * blocks > FILL_MAX:
                raise StoreError(_INVALID)
            self.blocks = blocks
            self._zeros = bytes(min(block, 512))
        _remove(path + "/" + _FILLER)

    def _space(self) -> tuple:
        try:
            return tuple(os.statvfs(self.path)[:4])
        except OSError as error:
            raise StoreError(error.errno)

    def names(self) -> list:
        """The names of all files, sorted."""
        return _names(self.path)

    def size(self, name: str) -> int:
        """Octets of a file, 0 where it is absent."""
        try:
            return os.stat(self.path + "/" + name)[6]
        except OSError as error:
            if error.errno == _ABSENT:
                return 0
            raise StoreError(error.errno)

    def read(self, name: str, offset: int, buffer) -> int:
        """Fill `buffer` from `offset` on; the octets that were there (0 for an absent file)."""
        try:
            with open(self.path + "/" + name, "rb") as file:
                file.seek(offset)
                return file.readinto(buffer)
        except OSError as error:
            if error.errno == _ABSENT:
                return 0
            raise StoreError(error.errno)

    def write(self, name: str, offset: int, parts):
        """Write the octets of `parts`, in order, from `offset` on; the rest of a file stays.

        A new file begins at offset 0.
        """
        path = self.path + "/" + name
        try:
            try:
                file = open(path, "r+b")
            except OSError as error:
                if error.errno != _ABSENT:
                    raise
                file = open(path, "wb")
            with file:
                file.seek(offset)
                for part in parts:
                    file.write(part)
                _settle(file)
        except OSError as error:
            raise StoreError(error.errno)

    def remove(self, name: str):
        """Remove a file; nothing happens where it is absent."""
        if not self.flash:
            size = self.size(name)
            if size:
                self.write(name, 0, [bytes(size)])
        _remove(self.path + "/" + name)

    def fill(self) -> bool:
        """One step of overwriting every free block of the file system; True when all are.

        A step erases and writes one block, the last one FILL_RESERVE blocks and a few more. Where
        a fill ends with an error or a power cut, the next step begins a new one.
        """
        if not self.flash:
            return True
        try:
            if self._fill is None:
                block, _, _, free = self._space()
                self._left = free - FILL_RESERVE
                self._rounds = (block + len(self._zeros) - 1) // len(self._zeros)
                self._fill = open(self.path + "/" + _FILLER, "wb")
            while True:
                for _ in range(self._rounds):
                    self._fill.write(self._zeros)
                self._left -= 1
                if self._left > 0:
                    return False
        except OSError as error:
            self.end_fill()
            if error.errno != _FULL:
                raise StoreError(error.errno)
            return True

    def end_fill(self):
        """Give the blocks of a fill back, complete or not."""
        file, self._fill = self._fill, None
        if file is not None:
            try:
                file.close()
            except OSError:
                pass  # what matters is that its blocks are free again, and remove tells
        _remove(self.path + "/" + _FILLER)
