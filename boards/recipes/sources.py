"""Fetch the sources and tools of the emulated boards; exit status 1 where that fails.

Builds fetch them by themselves. CI calls this first, to learn whether there is a mirror.
"""

import subprocess
import sys

import debian
import emulator
import picos


def main() -> None:
    """Packages of this machine, Debian's sources, and those of npm."""
    try:
        debian.need(*picos.NEEDED, "qemu-system-arm")
        debian.fetch("micropython", "mbedtls", *debian.BINARIES)
        emulator.main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
