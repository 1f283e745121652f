"""Compile firmware/native to a file that MicroPython imports: native.py ARCH.

The compiler is Debian's; MicroPython's linker needs pyelftools, so this runs in the venv.
"""

import sys

import debian
import firmware

SOURCE = firmware.ROOT / "firmware" / "native"
HOST = ("gcc", "libc6-dev", "make", "dpkg-dev")
RISC_V = ("gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf")
# The packages of a compiler, by ARCH of a board; what is not here is the Arm one.
COMPILERS = {"x64": HOST, "rv32imc": (*RISC_V, *HOST)}


def native(arch: str) -> None:
    """Make build/native/ARCH/smets_p256.mpy."""
    debian.need(*COMPILERS.get(arch, firmware.COMPILER))
    top = firmware.tree()
    out = firmware.BUILD / "native" / arch
    out.mkdir(parents=True, exist_ok=True)
    settings = (f"MPY_DIR={top}", f"ARCH={arch}", f"PYTHON={sys.executable}", "OPTIMISE=-O2")
    debian.run("nice", "make", "-C", out, "-f", SOURCE / "Makefile", *settings)


if __name__ == "__main__":
    native(*sys.argv[1:])
