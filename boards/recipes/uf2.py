"""The flash part of a firmware ELF as UF2, the format that a Pico's boot loader takes."""

import struct
from pathlib import Path

_PAGE = 256
_XIP = 0x10000000
_XIP_END = 0x15000000
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_PRESENT = 0x2000
_RP2040 = 0xE48BFF56
_PT_LOAD = 1


def pages(elf: bytes) -> dict[int, bytearray]:
    """The flash pages that the loadable segments touch, by address."""
    start = struct.unpack_from("<I", elf, 0x1C)[0]
    count = struct.unpack_from("<H", elf, 0x2C)[0]
    found: dict[int, bytearray] = {}
    for index in range(count):
        kind, offset, _, address, size = struct.unpack_from("<5I", elf, start + 32 * index)
        if kind != _PT_LOAD or not _XIP <= address < _XIP_END:
            continue
        for at in range(size):
            page = (address + at) & -_PAGE
            found.setdefault(page, bytearray(_PAGE))[(address + at) % _PAGE] = elf[offset + at]
    return found


def convert(source: Path, target: Path, room: int) -> int:
    """Write `target`, the UF2 of the ELF file `source`; octets of `room` that it leaves free."""
    found = sorted(pages(source.read_bytes()).items())
    free = _XIP + room - (found[-1][0] + _PAGE)
    if free < 0:
        raise ValueError(f"{source}: {-free} octets too long, they would lie in the file system")
    with target.open("wb") as file:
        for number, (address, data) in enumerate(found):
            head = (*_MAGIC, _FAMILY_PRESENT, address, _PAGE, number, len(found), _RP2040)
            file.write(struct.pack("<8I476sI", *head, bytes(data), _MAGIC_END))
    return free
