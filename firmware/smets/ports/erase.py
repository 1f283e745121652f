# Forgets a store so that its keys leave the medium: CTRL:FORGET {"store": true}. On littlefs a
# change never reaches the old octets: what is free is overwritten instead, as a purge of a display
# does, and both blocks of the folder itself, since small files lie in them. Elsewhere each file is
# overwritten before it is removed.
import os

from smets import alive
from smets.ports import files
from smets.ports.disk import FILLER, Disk
from smets.ports.store_error import StoreError

_FILE = 0x8000  # bit of st_mode
_SMALL = 64  # octets of a file that littlefs keeps in its folder


def forget(store, overwrite: bool = True):
    """Remove all that a store holds, and overwrite it; the next start completes it. StoreError."""
    if not overwrite:
        store.clear()
        return
    mark = store.path + "/" + files.ERASING
    try:
        open(mark, "wb").close()
    except OSError:
        pass  # a full file system: it has room again afterwards
    if not files.ON_FLASH:
        _overwrite(store.path)
    store.clear()
    # The remains of records that a power cut interrupted.
    for name in _names(store.path):
        if name[0] == files.TEMPORARY and name != files.ERASING:
            files.remove(store.path + "/" + name)
    if files.ON_FLASH:
        _free(store.path)
    files.remove(mark)


def _names(folder: str) -> list:
    try:
        return os.listdir(folder)
    except OSError as error:
        if error.errno == 2:  # ENOENT: a full file system had no room for the folder
            return []
        raise StoreError(error.errno)


def _overwrite(folder: str):
    """Write zeros over the files in a folder and in those below it."""
    try:
        for name in _names(folder):
            path = folder + "/" + name
            status = os.stat(path)
            if not status[0] & _FILE:
                _overwrite(path)
            elif name != files.ERASING:
                with open(path, "r+b") as file:
                    for at in range(0, status[6], 512):
                        file.write(bytes(min(512, status[6] - at)))
                    files.settle(file)
    except OSError as error:
        raise StoreError(error.errno)


def _free(folder: str):
    """Overwrite all that a file system on flash has free, and the blocks of the folder."""
    disk = Disk(folder, True)
    small = bytes(_SMALL)
    # A folder has two blocks, which take what is added in turns.
    for _ in range(2 * disk.block // _SMALL + 2):
        disk.write(FILLER, 0, (small,))
    while not disk.fill():
        alive.tell()
    disk.end_fill()
