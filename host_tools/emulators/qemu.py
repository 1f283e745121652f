"""The Cortex-M3 board of QEMU: a UART, no file system, and no end to a program but its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from host_tools.emulators.board import BUILD, EmulatedBoard, EmulatorError

__all__ = ["PICO_HEAP", "ROM_ADDRESS", "QemuBoard"]

FIRMWARE = BUILD / "qemu_mps2_an385" / "firmware.elf"
# The same with the heap of a Pico, 242 KB.
PICO_HEAP = FIRMWARE.with_name("pico_heap.elf")
# PSRAM of the MPS2 board, 16 MB, which MicroPython does not use: files lie there.
ROM_ADDRESS = 0x21000000


class QemuBoard(EmulatedBoard):
    """MicroPython on QEMU's mps2-an385; `machine.reset()` restarts it."""

    on_streams = True

    def __init__(
        self,
        folder: Path,
        firmware: Path = FIRMWARE,
        rom: Path | None = None,
        count: bool = False,
    ) -> None:
        """`rom` is a ROMFS image to put at ROM_ADDRESS; `count` makes an instruction 1 ns."""
        self._emulator = shutil.which("qemu-system-arm")
        if self._emulator is None:
            raise EmulatorError("no qemu-system-arm here: make qemu-firmware installs it")
        if not firmware.exists():
            raise EmulatorError(f"no {firmware}: run make qemu-firmware")
        self._arguments = ["-machine", "mps2-an385", "-display", "none", "-monitor", "none"]
        # The semihosting of the port ends QEMU where a chip would reset.
        self._arguments += ["-semihosting", "-kernel", str(firmware)]
        if rom is not None:
            self._arguments += [
                *("-device", f"loader,file={rom},addr={ROM_ADDRESS:#x},force-raw=on"),
            ]
        if count:
            self._arguments += ["-icount", "shift=0"]
        super().__init__(folder)

    def command(self, line: int) -> list[str]:
        """QEMU with its first UART on its standard streams."""
        assert self._emulator is not None
        return [self._emulator, *self._arguments, "-serial", "stdio"]

    def ended(self, status: int) -> bool:
        """A reset ends QEMU with status 0."""
        return status == 0
