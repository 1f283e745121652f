"""Emulated boards: `start("rpi_pico", folder)` is a board with a serial port, and no hardware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from host_tools.emulators.board import EmulatedBoard, EmulatorError
from host_tools.emulators.pico import EmulatedPico
from host_tools.emulators.qemu import QemuBoard

__all__ = ["BOARDS", "EmulatedBoard", "EmulatedPico", "EmulatorError", "QemuBoard", "start"]

BOARDS: dict[str, type[EmulatedBoard]] = {
    "qemu_mps2_an385": QemuBoard,
    "rpi_pico": EmulatedPico,
}


def start(name: str, folder: Path, **options: Any) -> EmulatedBoard:
    """Start the emulated board `name`; EmulatorError where what it needs was not built."""
    if name not in BOARDS:
        raise EmulatorError(f"no emulator of {name}: {', '.join(BOARDS)}")
    return BOARDS[name](folder, **options)
