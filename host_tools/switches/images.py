"""Dormant switches in what is frozen: the compiled modules, and images that were built.

text    a text of the image that calls itself a feature switch
module  a module that is frozen and has no source here
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from host_tools.switches.finding import Finding, suspicious

__all__ = ["find_compiled", "find_image", "payload"]

_TEXT = re.compile(rb"[\x21-\x7e]{4,64}")
_MODULE = re.compile(rb"smets(?:/[a-z0-9_]+)+\.py")
_UF2 = struct.Struct("<8I")
_UF2_START, _UF2_BLOCK = 0x0A324655, 512


def payload(data: bytes) -> bytes:
    """The octets that an image puts into flash: those of its blocks where it is a .uf2."""
    if len(data) % _UF2_BLOCK or data[:4] != struct.pack("<I", _UF2_START):
        return data
    out: list[bytes] = []
    for start in range(0, len(data), _UF2_BLOCK):
        size = _UF2.unpack_from(data, start)[4]
        out.append(data[start + _UF2.size : start + _UF2.size + min(size, 476)])
    return b"".join(out)


def _texts(where: str, octets: bytes) -> Iterator[Finding]:
    found = {match.group().decode("ascii") for match in _TEXT.finditer(octets)}
    for text in sorted(found):
        # Neighbours of a short name may be octets of code that happen to be letters.
        for word in re.findall(r"[A-Za-z][A-Za-z0-9_-]+", text):
            if suspicious(word, on_device=len(word) > 5):
                yield Finding(where, "text", word, what="calls itself a switch")


def find_compiled(modules: Iterable[tuple[str, bytes]]) -> Iterator[Finding]:
    """What compiled modules (.mpy) hold: names that their sources may hide, such as of exec."""
    for path, octets in modules:
        yield from _texts(path, octets)


def find_image(where: str, image: Path, sources: Iterable[str]) -> Iterator[Finding]:
    """What a built image holds; `sources` are the modules that there are (smets/...py)."""
    octets = payload(image.read_bytes())
    yield from _texts(where, octets)
    known = set(sources)
    for name in sorted({match.decode("ascii") for match in _MODULE.findall(octets)} - known):
        yield Finding(where, "module", name, what="is frozen and has no source")
