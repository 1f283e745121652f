"""A Raspberry Pi Pico without a Pico: its real firmware under rp2040js, flash in an image file."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from host_tools.emulators.board import BUILD, EmulatedBoard, EmulatorError

__all__ = ["PACES", "EmulatedPico"]

PACES = ("wall", "busy", "none")
_ANSWER = 10.0

FIRMWARE = BUILD / "rpi_pico" / "firmware.elf"
PLAIN = BUILD / "rpi_pico" / "plain.elf"
_SCRIPT = BUILD.parent / "boards" / "pico_emulator" / "emulator.js"
_PACKAGE = BUILD / "pico_emulator" / "node_modules" / "rp2040js"


class EmulatedPico(EmulatedBoard):
    """A Pico with the frozen build, or another; `folder`/flash.img is its flash."""

    usb = True

    def __init__(
        self,
        folder: Path,
        firmware: Path = FIRMWARE,
        adc: Path | None = None,
        pace: str = "wall",
        cut: int = 0,
    ) -> None:
        """`adc` is a wave for the inputs (boards/pico_emulator/wave.js says how it is written).

        `pace` is what the chip's time follows: the clock on the wall; "busy": that clock while it
        is idle, and its own cycles while it is not; "none": a sleep takes no time. `cut` cuts the
        power of the first run after so many flash operations, 0 never.
        """
        for path in (firmware, _PACKAGE):
            if not path.exists():
                raise EmulatorError(f"no {path}: run make pico-firmware")
        node = shutil.which("node")
        if node is None:
            raise EmulatorError("no node here: make pico-firmware installs it")
        self.image = folder / "flash.img"
        self._arguments = [node, str(_SCRIPT), "--elf", str(firmware), "--flash", str(self.image)]
        self._arguments += ["--pace", pace]
        if adc is not None:
            self._arguments += ["--adc", str(adc)]
        self._cut = cut
        self.resets = 0  # of the chip, by itself or its watchdog
        self._stack = threading.Event()
        self._stack_used = 0
        super().__init__(folder)

    def command(self, line: int) -> list[str]:
        """The emulator with its USB serial on `line`."""
        cut, self._cut = self._cut, 0
        return [*self._arguments, "--fd", str(line), "--cut", str(cut)]

    def cut_power(self, operations: int) -> None:
        """Cut the power between two flash operations: after the n-th erase or program from now."""
        self.say(f"cut {operations}")

    def no_cut(self) -> None:
        """Let the power on, whatever `cut_power` was told before."""
        if self.powered:
            self.say("cut 0")

    def stack_used(self) -> int:
        """The most octets of the stack (8,192) that were in use since this was asked last."""
        self._stack.clear()
        self.say("stack")
        if not self._stack.wait(_ANSWER):
            raise EmulatorError("the emulator does not say how deep the stack is")
        return self._stack_used

    def told(self, line: str) -> None:
        """A Pico on USB takes its port away when it restarts."""
        word, _, number = line.partition(" ")
        if word == "stack":
            self._stack_used = int(number)
            self._stack.set()
        if line == "reset":
            self.resets += 1
            self.replug()
