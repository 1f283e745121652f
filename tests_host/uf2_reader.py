"""What UF2 files hold, read by the rules of the format: github.com/microsoft/uf2."""

import struct
from pathlib import Path

__all__ = ["Block", "blocks", "memory"]

Block = tuple[int, int, int, int, int, int, bytes]


def blocks(path: Path) -> list[Block]:
    """(flags, address, size, number, count, family, data of 476 octets) of each block."""
    octets = path.read_bytes()
    assert len(octets) % 512 == 0
    found = []
    for at in range(0, len(octets), 512):
        words = struct.unpack_from("<8I", octets, at)
        assert octets[at : at + 8] == b"UF2\x0a" + bytes.fromhex("57515d9e")
        assert octets[at + 508 : at + 512] == bytes.fromhex("306fb10a")
        found.append((*words[2:], octets[at + 32 : at + 508]))
    return found


def memory(found: list[Block]) -> dict[int, int]:
    """Each octet of flash by its address."""
    return {
        address + at: data[at] for _, address, size, _, _, _, data in found for at in range(size)
    }
