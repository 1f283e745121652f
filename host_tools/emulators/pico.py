"""A Raspberry Pi Pico without a Pico: its real firmware under rp2040js, flash in an image file."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from host_tools.emulators.board import BUILD, EmulatedBoard, EmulatorError

__all__ = ["PACES", "EmulatedPico"]

PACES = ("wall", "busy", "none")
_ANSWER = 60.0  # s; its host may be busy

FIRMWARE = BUILD / "rpi_pico" / "firmware.uf2"
PLAIN = BUILD / "rpi_pico" / "plain.uf2"
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
        uart: int = -1,
        trace: bool = False,
    ) -> None:
        """`adc` is a wave for the inputs (boards/pico_emulator/wave.js says how it is written).

        `pace` is what the chip's time follows: the clock on the wall; "busy": that clock while it
        is idle, and its own cycles while it is not; "none": a sleep takes no time. `cut` cuts the
        power of the first run after so many flash operations, 0 never. `uart` is the descriptor
        of the socket that its UART 1 is wired to (BusLine.attach). With `trace` something may be
        wired to its other pins: see `traced`, `press` and `answers`.
        """
        for path in (firmware, _PACKAGE):
            if not path.exists():
                raise EmulatorError(f"no {path}: run make pico-firmware")
        node = shutil.which("node")
        if node is None:
            raise EmulatorError("no node here: make pico-firmware installs it")
        self.image = folder / "flash.img"
        self._arguments = [node, str(_SCRIPT), "--firmware", str(firmware)]
        self._arguments += ["--flash", str(self.image)]
        self._arguments += ["--pace", pace]
        if adc is not None:
            self._arguments += ["--adc", str(adc)]
        if uart >= 0:
            self._arguments += ["--uart", str(uart)]
            self.inherited = (uart,)
        self._trace = folder / "trace" if trace else None
        if self._trace is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._trace.write_bytes(b"")
            self._arguments += ["--trace", str(self._trace)]
        self._traced = 0  # octets of the trace that were read
        self._cut = cut
        self.resets = 0  # of the chip, by itself or its watchdog
        self._done = threading.Event()
        self._answer = ""
        super().__init__(folder)

    def command(self, line: int) -> list[str]:
        """The emulator with its USB serial on `line`."""
        cut, self._cut = self._cut, 0
        return [*self._arguments, "--fd", str(line), "--cut", str(cut)]

    def cut_power(self, operations: int) -> None:
        """Cut the power between two flash operations: after the n-th erase or program from now."""
        self._ask(f"cut {operations}")

    def no_cut(self) -> None:
        """Let the power on, whatever `cut_power` was told before."""
        if self.powered:
            self._ask("cut 0")

    def traced(self) -> list[str]:
        """The lines of the trace (boards/pico_emulator/wires.js) since this was asked last."""
        assert self._trace is not None, "this board has no trace"
        with self._trace.open("rb") as file:
            file.seek(self._traced)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._traced += len(whole)
        return whole.decode("ascii").splitlines()

    def press(self, pin: int, milliseconds: int) -> None:
        """Hold the key that is wired to a pin down for so long, by the chip's clock."""
        self._ask(f"press {pin} {milliseconds}")

    def answers(self, address: int) -> None:
        """Wire something to I2C that acknowledges this address."""
        self._ask(f"answers {address}")

    def silent(self) -> None:
        """Take everything off I2C."""
        self._ask("silent")

    def stack_used(self) -> int:
        """The most octets of the stack (8,192) that were in use since this was asked last."""
        return int(self._ask("stack"))

    def _ask(self, text: str) -> str:
        """Tell the emulator something and wait until it has done it; its answer."""
        self._done.clear()
        self.say(text)
        if not self._done.wait(_ANSWER):
            raise EmulatorError(f"the emulator does not answer: {text}")
        return self._answer

    def told(self, line: str) -> None:
        """A Pico on USB takes its port away when it restarts."""
        word, _, answer = line.partition(" ")
        if word == "done":
            self._answer = answer
            self._done.set()
        if line == "reset":
            self.resets += 1
            self.replug()
