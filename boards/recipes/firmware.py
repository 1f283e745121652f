"""Build MicroPython for an emulated board: firmware.py qemu_mps2_an385 | rpi_pico [plain]."""

import os
import re
import shutil
import sys
from pathlib import Path

import debian
import uf2

ROOT = debian.ROOT
BUILD = ROOT / "build"
BOARDS = ROOT / "boards"
COMPILER = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "dpkg-dev", "make", "gcc", "libc6-dev")
PICO = (*COMPILER, "libstdc++-arm-none-eabi-newlib", "cmake", "g++", "python3")
# More than a Pico has: tests keep models of flash on the heap. What they use of it is printed.
QEMU_HEAP = 512 * 1024
# Flash of a Pico before its file system: 2048 KB less 1408 KB (ports/rp2/boards/RPI_PICO).
PICO_ROOM = 640 * 1024
# What our modules leave no room for beside them, and do not use: erf and gamma, regular
# expressions, complex numbers. The port's build takes such flags from this variable.
PICO_WITHOUT = " ".join(
    f"-DMICROPY_PY_{name}=0"
    for name in ("MATH_SPECIAL_FUNCTIONS", "RE", "CMATH", "BUILTINS_COMPLEX")
)


def jobs() -> str:
    """One compiler for each processor."""
    return f"-j{len(os.sched_getaffinity(0))}"


def tree() -> Path:
    """Debian's MicroPython, with its submodules where their packages are."""
    top = debian.fetch("micropython")["micropython"]
    # A manifest's require() looks here; Debian's source leaves out nearly all of it.
    (top / "lib" / "micropython-lib" / "README.md").touch()
    # mpy-cross is a program of this machine: not with the variables of a port's build.
    debian.run("nice", "make", "-C", top / "mpy-cross", jobs())
    return top


def link(top: Path, name: str, target: Path) -> None:
    """Put a package where MicroPython has a submodule."""
    place = top / "lib" / name
    if place.is_symlink():
        return
    place.rmdir()
    place.symlink_to(target)


def leave_out(header: Path, name: str) -> None:
    """Switch a feature off that a port's configuration has on without asking."""
    text = header.read_text(encoding="utf-8")
    changed = re.sub(rf"(#define {name} +)\(1\)", r"\1(0)", text)
    if changed != text:
        header.write_text(changed, encoding="utf-8")


def fresh(work: Path, settings: list[str]) -> None:
    """Make the folder `work`, empty where it was built with other settings."""
    stamp = work / "settings"
    text = "\n".join(settings)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != text:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        stamp.write_text(text, encoding="utf-8")


def qemu_mps2_an385() -> None:
    """The port for QEMU's MPS2 board, a Cortex-M3."""
    debian.need(*COMPILER, "python3", "qemu-system-arm")
    top = tree()
    out = BUILD / "qemu_mps2_an385"
    settings = [
        *("BOARD=MPS2_AN385", f"BUILD={out}/micropython", f"MICROPY_HEAP_SIZE={QEMU_HEAP}"),
        f"MPY_LIB_DIR={top}/lib/micropython-lib",
        f"FROZEN_MANIFEST={BOARDS}/qemu_mps2_an385/manifest.py",
        # The board has no flash; littlefs is for block devices in its memory.
        "MICROPY_VFS_LFS2=1",
        f"LDSCRIPT={BOARDS}/qemu_mps2_an385/mps2.ld",
        f"USER_C_MODULES={BOARDS}/qemu_mps2_an385/c_modules",
    ]
    fresh(out / "micropython", settings)
    debian.run("nice", "make", "-C", top / "ports" / "qemu", jobs(), *settings)
    shutil.copy(out / "micropython" / "firmware.elf", out / "firmware.elf")
    print(debian.run("arm-none-eabi-size", out / "firmware.elf"), end="")


def rpi_pico(variant: str = "frozen") -> None:
    """The rp2 port for a Raspberry Pi Pico, with our modules frozen into it or without."""
    debian.need(*PICO)
    top = tree()
    parts = debian.fetch("mbedtls", *debian.BINARIES)
    link(top, "mbedtls", parts["mbedtls"])
    # The flash has littlefs, and no room for FAT beside all roles.
    leave_out(top / "ports" / "rp2" / "mpconfigport.h", "MICROPY_VFS_FAT")
    link(top, "tinyusb", parts["tinyusb-source"] / "usr/src/tinyusb")
    name = {"frozen": "firmware", "plain": "plain"}[variant]
    manifest = {"frozen": "manifest.py", "plain": "manifest_plain.py"}[variant]
    out = BUILD / "rpi_pico"
    work = out / variant
    settings = [
        *("-DMICROPY_BOARD=RPI_PICO", "-DPICO_NO_PICOTOOL=1"),
        f"-DPICO_SDK_PATH_OVERRIDE={parts['pico-sdk-source']}/usr/src/pico-sdk",
        f"-DMICROPY_FROZEN_MANIFEST={BOARDS}/rpi_pico/{manifest}",
    ]
    flags = PICO_WITHOUT if variant == "frozen" else ""
    os.environ["CFLAGS_EXTRA"] = flags
    fresh(work, [*settings, flags])
    debian.run("nice", "cmake", "-S", top / "ports" / "rp2", "-B", work, *settings)
    debian.run("nice", "make", "-C", work, jobs())
    shutil.copy(work / "firmware.elf", out / f"{name}.elf")
    free = uf2.convert(out / f"{name}.elf", out / f"{name}.uf2", PICO_ROOM)
    print(f"{out / name}.uf2: {free} octets of flash are left for more firmware")


if __name__ == "__main__":
    builders = {"qemu_mps2_an385": qemu_mps2_an385, "rpi_pico": rpi_pico}
    builders[sys.argv[1]](*sys.argv[2:])
