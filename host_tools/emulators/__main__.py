"""`python -m host_tools.emulators BOARD FOLDER`: run an emulated board until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from host_tools.emulators import BOARDS, EmulatorError, start
from host_tools.emulators.pico import PACES


def main() -> None:
    """Start a board and print the path of its serial port."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.emulators", description=__doc__)
    parser.add_argument("board", choices=list(BOARDS))
    parser.add_argument("folder", type=Path, nargs="?", help="keeps the port and the flash")
    parser.add_argument("--firmware", type=Path, help="another ELF file")
    parser.add_argument("--adc", type=Path, help="rpi_pico: the wave on the ADC's inputs")
    parser.add_argument("--cut", type=int, help="rpi_pico: power fails after so many flash writes")
    parser.add_argument("--pace", choices=PACES, help="rpi_pico: what its time follows")
    parser.add_argument("--rom", type=Path, help="qemu_mps2_an385: a ROMFS image")
    parser.add_argument(
        "--count", action="store_true", help="qemu_mps2_an385: 1 ns an instruction"
    )
    words = vars(parser.parse_args())
    name, folder = words.pop("board"), words.pop("folder")
    options: dict[str, Any] = {key: value for key, value in words.items() if value}
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    with tempfile.TemporaryDirectory(prefix="smets-board-") as temporary:
        try:
            board = start(name, folder or Path(temporary), **options)
        except (EmulatorError, TypeError) as error:
            sys.exit(str(error))
        with board:
            print(board.port, flush=True)
            while not stopped.wait(0.5):
                if not board.powered:
                    sys.exit(f"the board is off: {board.messages.strip()}")


if __name__ == "__main__":
    main()
