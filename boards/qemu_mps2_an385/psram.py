# The 16 MB of PSRAM of the MPS2 board, which MicroPython leaves alone: the first half for a
# ROMFS image that QEMU loads, the second for files, lost without power. AN385 3.5 (memory map).
# ruff: noqa: F821
import os

import micropython
import uctypes
import vfs

_ROM = 0x21000000
_BLOCK = 4096
_BLOCKS = 352  # as many as the file system of a Pico has


class Disk:
    """Block device in PSRAM. Nothing is allocated: the collector closes forgotten files."""

    @micropython.viper
    def readblocks(self, block: int, buffer, offset: int):
        source = ptr8(0x21800000 + block * 4096 + offset)
        target = ptr8(buffer)
        for i in range(int(len(buffer))):
            target[i] = source[i]

    @micropython.viper
    def writeblocks(self, block: int, buffer, offset: int):
        target = ptr8(0x21800000 + block * 4096 + offset)
        source = ptr8(buffer)
        for i in range(int(len(buffer))):
            target[i] = source[i]

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return _BLOCKS
        return _BLOCK if operation == 5 else 0


def mount_files(path: str):
    """Mount the files at `path`; they are made again after power-on."""
    disk = Disk()
    try:
        files = vfs.VfsLfs2(disk)
    except OSError:
        vfs.VfsLfs2.mkfs(disk)
        files = vfs.VfsLfs2(disk)
    vfs.mount(files, path)
    os.chdir(path)


def mount_rom(path: str, size: int):
    """Mount the ROMFS image of `size` octets that QEMU has loaded."""
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(_ROM, size)), path)
