"""Have all that the emulated boards are built with and run on; exit status 1 where it is not had.

Builds fetch it by themselves. This is for who wants to know before whether they can: CI, where
there may be no mirror.
"""

import subprocess
import sys

import debian
import emulator
import firmware


def main() -> None:
    """Packages of this machine, Debian's sources, and those of npm."""
    try:
        debian.need(*firmware.PICO, "qemu-system-arm")
        debian.fetch("micropython", "mbedtls", *debian.BINARIES)
        emulator.main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
