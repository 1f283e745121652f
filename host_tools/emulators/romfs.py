"""ROMFS images: modules that a board imports where they lie, without a copy on its heap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from mpremote import romfs as _romfs  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["make_image"]


class _Writer(Protocol):
    """What is used of mpremote's VfsRomWriter."""

    def mkfile(self, filename: str, filedata: bytes) -> None: ...
    def finalise(self) -> bytes: ...


def make_image(files: Mapping[str, bytes], target: Path) -> int:
    """Write the image of a folder with these files to `target`; its length."""
    writer = cast(_Writer, _romfs.VfsRomWriter())
    for name, content in sorted(files.items()):
        writer.mkfile(name, content)
    return target.write_bytes(writer.finalise())
