"""The figures of QEMU's Cortex-M3, with the heap of a Pico and what main.py sets."""

from __future__ import annotations

import tempfile
from pathlib import Path

from host_tools import boards
from host_tools.emulators import count
from host_tools.emulators.qemu import PICO_HEAP, QemuBoard
from host_tools.performance import programs
from host_tools.performance.figures import Figure, Subject
from host_tools.performance.mpy import octets
from host_tools.raw_repl import RawRepl

__all__ = ["measure"]

_BOARD = "qemu_mps2_an385"
_TIMEOUT = 120.0


def measure() -> dict[Subject, Figure]:
    """Instructions of each operation, and octets; EmulatorError without QEMU or its image.

    The firmware is frozen into the image: what lies on the heap is data.
    """
    data = boards.load(_BOARD)
    found: dict[Subject, Figure] = {}
    with tempfile.TemporaryDirectory(prefix="smets-bench-") as folder:
        for label, instructions in count.measure_all(Path(folder, "cases")).items():
            found.update([programs.subject(label, instructions, "instructions")])
        with QemuBoard(Path(folder, "roles"), PICO_HEAP, count=True) as board:
            for role in programs.ROLES:
                program = programs.START.format(role=role, flash=f"/{role}")
                with RawRepl(board.port) as repl:
                    repl.exec(data.prepare + "from ticks import measure")
                    printed = repl.exec(program, timeout=_TIMEOUT)
                found |= programs.figures_of_start(role, printed, "instructions")
    return found | octets(data.arch)
