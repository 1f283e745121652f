"""The flash part of a firmware ELF as UF2, which a Pico's boot loader takes, and as .bin."""

import struct
from pathlib import Path

# Families of UF2: the chip and the code that its boot loader shall take the file for.
RP2040 = 0xE48BFF56
RP2350_ARM = 0xE48BFF59
FLASH = 0x10000000

_ABSOLUTE = 0xE48BFF57
_PAGE = 256
_FLASH_END = 0x11000000
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_PRESENT = 0x2000
_EXTENSION_PRESENT = 0x8000
_IGNORE_BLOCK = 0x9957E304
_PT_LOAD = 1


def pages(elf: bytes) -> dict[int, bytes]:
    """The flash pages that the loadable segments touch, by address in ascending order."""
    start = struct.unpack_from("<I", elf, 0x1C)[0]
    count = struct.unpack_from("<H", elf, 0x2C)[0]
    found: dict[int, bytearray] = {}
    for index in range(count):
        kind, offset, _, address, size = struct.unpack_from("<5I", elf, start + 32 * index)
        if kind != _PT_LOAD or not FLASH <= address < _FLASH_END:
            continue
        for at in range(size):
            page = (address + at) & -_PAGE
            found.setdefault(page, bytearray(_PAGE))[(address + at) % _PAGE] = elf[offset + at]
    return {page: bytes(found[page]) for page in sorted(found)}


def _block(page: tuple[int, bytes], number: int, count: int, family: int) -> bytes:
    address, data = page
    head = (*_MAGIC, _FAMILY_PRESENT, address, _PAGE, number, count, family)
    return struct.pack("<8I476sI", *head, data, _MAGIC_END)


def _first_block() -> bytes:
    """What stops RP2350-E10 from erasing a sector too much: one block that the chip ignores.

    The same as that of picotool: block 0 of 2, at the end of the 16 MB of flash addresses.
    """
    flags = _FAMILY_PRESENT | _EXTENSION_PRESENT
    head = (*_MAGIC, flags, _FLASH_END - _PAGE, _PAGE, 0, 2, _ABSOLUTE)
    data = b"\xef" * _PAGE + struct.pack("<I", _IGNORE_BLOCK)
    return struct.pack("<8I476sI", *head, data, _MAGIC_END)


def convert(source: Path, room: int, family: int) -> int:
    """Write the ELF file `source` as .uf2 and .bin beside it; the octets of flash that it takes.

    ValueError where that is more than `room`, with which the file system begins.
    """
    found = pages(source.read_bytes())
    used = max(found) + _PAGE - FLASH
    if used > room:
        raise ValueError(
            f"{source}: {used - room} octets too long, they would lie in the file system"
        )
    flat = bytearray(b"\xff" * used)
    for address, data in found.items():
        flat[address - FLASH : address - FLASH + _PAGE] = data
    source.with_suffix(".bin").write_bytes(flat)
    first = _first_block() if family == RP2350_ARM else b""
    blocks = [
        _block(page, number, len(found), family) for number, page in enumerate(found.items())
    ]
    source.with_suffix(".uf2").write_bytes(first + b"".join(blocks))
    return used
