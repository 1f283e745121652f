# Files and folders of what is kept, for ports/store.py and ports/disk.py: OSError as StoreError.
import sys

from smets import alive
from smets.ports.store_error import StoreError

try:
    import os
except ImportError:  # a board without file systems has no use for them
    pass

_ABSENT = 2  # ENOENT
_EXISTS = 17  # EEXIST
_FULL = 28  # ENOSPC
# Desktop file systems have no blocks of ours to overwrite: see disk.Disk.
ON_FLASH = sys.platform not in ("linux", "darwin", "win32")
# While a store is being overwritten (erase.py): the next start completes it.
ERASING = "~erase"
CLEARING = "~clear"  # while every record is removed
TEMPORARY = "~"  # nothing that is kept can have a name that begins with it


def make(path: str) -> bool:
    """Make a folder; False where a full file system has no room for it. StoreError."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno == _FULL:
            return False
        if error.errno != _EXISTS:
            raise StoreError(error.errno)
    return True


def make_folders(path: str):
    """Make a folder, and those above it that are missing; StoreError."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno == _EXISTS:
            return
        above = path.rpartition("/")[0]
        if error.errno != _ABSENT or not above:
            raise StoreError(error.errno)
        make_folders(above)
        if not make(path):
            raise StoreError(_FULL)


def remove(path: str):
    """Remove a file; nothing happens where it is absent. StoreError."""
    alive.tell()
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != _ABSENT:
            raise StoreError(error.errno)


def names_in(path: str) -> list:
    """The names in a folder but those of temporaries, sorted; StoreError."""
    try:
        return sorted(name for name in os.listdir(path) if name[0] != TEMPORARY)
    except OSError as error:
        raise StoreError(error.errno)


def settle(file):
    """Make written octets of a file reach the medium."""
    alive.tell()
    # MicroPython's flush reaches the medium; CPython's only the operating system.
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())
