"""boards/recipes/uf2.py: what a boot loader gets of an ELF file, read back by another decoder."""

import struct
from pathlib import Path

import pytest
import uf2
from uf2_reader import blocks, memory

RAM = 0x20000000
FLASH = 0x10000000


def elf(path: Path, *segments: tuple[int, int, bytes]) -> Path:
    """An ELF file of 32 bits with (type, load address, octets) as its program headers."""
    start = 52 + 32 * len(segments)
    headers = b""
    body = b""
    for kind, address, octets in segments:
        # Type, offset, virtual and load address, size in the file and in memory, flags, alignment.
        offset = start + len(body)
        size = len(octets)
        headers += struct.pack("<8I", kind, offset, 0xDEAD0000, address, size, size + 64, 5, 4)
        body += octets
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    fields = (2, 40, 1, FLASH, 52, 0, 0, 52, 32, len(segments), 0, 0, 0)
    path.write_bytes(head + struct.pack("<2H5I6H", *fields) + headers + body)
    return path


@pytest.fixture
def firmware(tmp_path) -> Path:
    """Three pages of text, data for RAM from an odd place on, and what is not for the flash."""
    return elf(
        tmp_path / "firmware.elf",
        (1, FLASH, bytes(range(256)) * 3),
        (1, FLASH + 0x455, b"data"),
        (1, RAM, b"not for the flash"),
        (6, FLASH + 0x9000, b"not to be loaded"),
    )


def test_the_blocks_of_a_pico_hold_the_segments_of_flash(firmware):
    """All octets at their load addresses, in whole pages that are numbered through."""
    assert uf2.convert(firmware, 0x10000, uf2.RP2040) == 0x500
    found = blocks(firmware.with_suffix(".uf2"))
    assert [block[1] - FLASH for block in found] == [0, 0x100, 0x200, 0x400]
    assert [block[3:5] for block in found] == [(number, 4) for number in range(4)]
    assert {(block[0], block[2], block[5]) for block in found} == {(0x2000, 256, 0xE48BFF56)}
    octets = memory(found)
    assert bytes(octets[FLASH + at] for at in range(0x300)) == bytes(range(256)) * 3
    assert bytes(octets[FLASH + 0x455 + at] for at in range(4)) == b"data"
    assert sum(octets.values()) == 3 * sum(range(256)) + sum(b"data")


def test_the_bin_is_the_same_flash_from_its_beginning(firmware):
    """Octets between the segments' pages are as erased."""
    uf2.convert(firmware, 0x10000, uf2.RP2040)
    flat = firmware.with_suffix(".bin").read_bytes()
    octets = memory(blocks(firmware.with_suffix(".uf2")))
    assert flat == bytes(octets.get(FLASH + at, 0xFF) for at in range(0x500))


def test_a_pico_2_gets_a_first_block_that_it_ignores(firmware):
    """The workaround of RP2350-E10, in the form of pico-sdk's boot/uf2.h and of picotool."""
    uf2.convert(firmware, 0x10000, uf2.RP2350_ARM)
    first, *others = blocks(firmware.with_suffix(".uf2"))
    assert first[:6] == (0xA000, 0x10FFFF00, 256, 0, 2, 0xE48BFF57)
    assert first[6] == b"\xef" * 256 + bytes.fromhex("04e35799") + bytes(216)
    assert [block[3:6] for block in others] == [(n, 4, 0xE48BFF59) for n in range(4)]


def test_firmware_that_would_reach_the_files_is_refused_and_nothing_written(firmware):
    """The last page ends at 0x500: that fits a room of as much, and no smaller one."""
    with pytest.raises(ValueError, match="256 octets too long, they would lie in the file system"):
        uf2.convert(firmware, 0x400, uf2.RP2040)
    assert not firmware.with_suffix(".uf2").exists() and not firmware.with_suffix(".bin").exists()
    assert uf2.convert(firmware, 0x500, uf2.RP2040) == 0x500
