# Files of larger data in a folder, changed in place; what they leave in flash is overwritten.
from smets.ports.files import make_folders, names_in, remove, settle
from smets.ports.store_error import StoreError

try:
    import os
except ImportError:  # a board without file systems
    pass

_ABSENT = 2  # ENOENT
_INVALID = 22  # EINVAL
_FULL = 28  # ENOSPC

# A larger file system is not filled up to overwrite its free blocks: no board's flash is so large.
FILL_MAX = 64 << 20
# Blocks that stay free for others between two steps of a fill.
FILL_RESERVE = 4
FILLER = "~fill"


def _make(path: str) -> bool:
    # Whether the folder is there now; False where a full file system has no room for it.
    try:
        make_folders(path)
    except StoreError as error:
        if error.errno != _FULL:
            raise
        return False
    return True


class Disk:
    """Files of a folder, changed in place; each method raises StoreError when that fails.

    On littlefs a change is atomic: the file has its old content until it is closed. On other
    file systems a power cut may leave a mixture, which the reader has to detect.
    """

    def __init__(self, path: str, flash: bool):
        """`flash`: the folder is on littlefs, over blocks that are erased before they are used.

        Only then can `fill` reach what is free. Elsewhere, `remove` overwrites the file first,
        which is as much as a program can do there. StoreError 22 (EINVAL) where `flash` is set for
        a file system above FILL_MAX.
        """
        self.path = path
        self.flash = flash
        self.block = 0  # octets of one; 0 where `fill` does not reach
        self.blocks = 0  # of the file system, free or not, where `fill` overwrites the free ones
        self._fill = None
        self._left = 0
        self._zeros = b""
        self._made = _make(path)
        if flash:
            block, _, blocks, _ = self._space()
            if block * blocks > FILL_MAX:
                raise StoreError(_INVALID)
            self.block, self.blocks = block, blocks
            self._zeros = bytes(min(block, 512))
        if self._made:
            remove(path + "/" + FILLER)

    def _space(self) -> tuple:
        path = self.path
        while True:
            try:
                return tuple(os.statvfs(path or "/")[:4])
            except OSError as error:
                # A full file system had no room for the folder: use its parent instead.
                if self._made or not path:
                    raise StoreError(error.errno)
                path = path.rpartition("/")[0]

    def names(self) -> list:
        """The names of all files, sorted."""
        return names_in(self.path) if self._made else []

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
        if not self._made:
            make_folders(self.path)
            self._made = True
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
                settle(file)
        except OSError as error:
            raise StoreError(error.errno)

    def remove(self, name: str):
        """Remove a file; nothing happens where it is absent."""
        if not self.flash:
            size = self.size(name)
            if size:
                self.write(name, 0, [bytes(size)])
        remove(self.path + "/" + name)

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
                self._fill = open(self.path + "/" + FILLER, "wb")
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
        remove(self.path + "/" + FILLER)
