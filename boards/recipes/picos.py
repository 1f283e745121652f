"""Build MicroPython's rp2 port: picos.py rpi_pico [plain] | rpi_pico_w | rpi_pico2.

The port is Debian's, but for a few lines that let a build leave features out.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import debian
import firmware
import uf2

NEEDED = (*firmware.COMPILER, "libstdc++-arm-none-eabi-newlib", "cmake", "g++", "python3")
KB = 1024


class Board(NamedTuple):
    """A board with MicroPython's rp2 port."""

    name: str  # that of the port
    family: int  # of its UF2
    flash: int  # octets
    # Octets of flash for the file system. But for the Pico's as in MicroPython's own images: files
    # stay where one image replaces the other.
    files: int
    # What a build sets to save flash.
    defines: tuple[str, ...] = ()
    # Folder of what the port has no board definition for; empty: the port's own.
    definition: str = ""


# What a Pico has no flash for beside our modules, which use none of it.
LEFT_OUT = (
    "MICROPY_EMIT_INLINE_THUMB",
    "MICROPY_HW_ENABLE_USB_RUNTIME_DEVICE",
    "MICROPY_PY_BUILTINS_COMPLEX",
    "MICROPY_PY_CMATH",
    "MICROPY_PY_MACHINE_BITSTREAM",
    "MICROPY_PY_MACHINE_DHT_READINTO",
    "MICROPY_PY_MACHINE_I2S",
    "MICROPY_PY_MACHINE_PULSE",
    "MICROPY_PY_MATH_SPECIAL_FUNCTIONS",
    "MICROPY_PY_ONEWIRE",
    "MICROPY_PY_RE",
    "MICROPY_VFS_FAT",
)
# Of these, what the port's configuration has on without asking.
SWITCHES = (
    "MICROPY_EMIT_INLINE_THUMB",
    "MICROPY_PY_MACHINE_BITSTREAM",
    "MICROPY_PY_MACHINE_DHT_READINTO",
    "MICROPY_PY_MACHINE_I2S",
    "MICROPY_PY_MACHINE_PULSE",
    "MICROPY_PY_ONEWIRE",
    "MICROPY_VFS_FAT",
)
RP2 = {
    "rpi_pico": Board(
        "RPI_PICO",
        uf2.RP2040,
        flash=2048 * KB,
        # Its own image has 1,408 KB; all roles need more than the 640 KB that are left then.
        files=1152 * KB,
        defines=(
            f"MICROPY_HW_FLASH_STORAGE_BYTES={1152 * KB}",
            *(f"{name}=0" for name in LEFT_OUT),
            # The list of frozen modules that picotool reads.
            "MICROPY_FROZEN_LIST=0",
            # One table of AES in each direction, and a rotation instead of three more.
            "MBEDTLS_AES_FEWER_TABLES",
        ),
    ),
    "rpi_pico_w": Board(
        "RPI_PICO_W",
        uf2.RP2040,
        flash=2048 * KB,
        files=848 * KB,
        definition="rpi_pico_w/no_radio",
    ),
    "rpi_pico2": Board("RPI_PICO2", uf2.RP2350_ARM, flash=4096 * KB, files=3072 * KB),
}


def link(top: Path, name: str, target: Path) -> None:
    """Put a package where MicroPython has a submodule."""
    place = top / "lib" / name
    path = os.path.relpath(target, place.parent)
    if place.is_symlink():
        if os.readlink(place) == path:
            return
        place.unlink()
    else:
        place.rmdir()
    place.symlink_to(path)


def switchable(header: Path, name: str) -> None:
    """Let the compiler's command line set what a port's or a board's configuration defines."""
    text = header.read_text(encoding="utf-8")
    found = re.search(rf"^#define {name} +\(.+\).*\n", text, re.MULTILINE)
    if found is None:
        sys.exit(f"{header} does not define {name}")
    firmware.edit(header, f"\n{found[0]}", f"\n#ifndef {name}\n{found[0]}#endif\n")


def guard(source: Path, beginning: str, name: str) -> None:
    """Compile the line with this beginning only where `name` is not 0."""
    text = source.read_text(encoding="utf-8")
    (line,) = re.findall(rf"^ *{re.escape(beginning)}.*\n", text, re.MULTILINE) or [""]
    firmware.edit(source, f"\n{line}", f"\n#if !defined({name}) || {name}\n{line}#endif\n")


def build(board: str, variant: str = "firmware") -> None:
    """The rp2 port for a board of RP2, with our modules frozen into it; variant plain: without."""
    debian.need(*NEEDED)
    top = firmware.tree()
    parts = debian.fetch("mbedtls", *debian.BINARIES)
    link(top, "mbedtls", parts["mbedtls"])
    link(top, "tinyusb", parts["tinyusb-source"] / "usr/src/tinyusb")
    header = top / "ports" / "rp2" / "mpconfigport.h"
    for name in SWITCHES:
        switchable(header, name)
    guard(header, "#define MICROPY_FROZEN_LIST_ITEM(name, file) bi_decl(", "MICROPY_FROZEN_LIST")
    for call in ("machine_i2s_init0();", "machine_i2s_deinit_all();"):
        guard(top / "ports" / "rp2" / "main.c", call, "MICROPY_PY_MACHINE_I2S")
    data = RP2[board]
    if not data.definition:
        own = top / "ports" / "rp2" / "boards" / data.name / "mpconfigboard.h"
        switchable(own, "MICROPY_HW_FLASH_STORAGE_BYTES")
    out = firmware.BUILD / board
    # Variants differ in their frozen modules: they share all other objects.
    work = out / "micropython"
    manifest = {"firmware": "manifest.py", "plain": "manifest_plain.py"}[variant]
    settings = [
        *(f"-DMICROPY_BOARD={data.name}", "-DPICO_NO_PICOTOOL=1"),
        f"-DPICO_SDK_PATH_OVERRIDE={parts['pico-sdk-source']}/usr/src/pico-sdk",
        f"-DUSER_C_MODULES={debian.ROOT}/firmware/native/micropython.cmake",
    ]
    if data.definition:
        settings.append(f"-DMICROPY_BOARD_DIR={firmware.BOARDS}/{data.definition}")
    flags = " ".join(
        (f"-ffile-prefix-map={debian.ROOT}=.", *(f"-D{define}" for define in data.defines))
    )
    os.environ["CFLAGS_EXTRA"] = flags
    firmware.fresh(work, [*settings, flags])
    # Made anew, because it does not follow a change of the manifest.
    (work / "frozen_content.c").unlink(missing_ok=True)
    frozen = f"-DMICROPY_FROZEN_MANIFEST={firmware.BOARDS}/{board}/{manifest}"
    debian.run("nice", "cmake", "-S", top / "ports" / "rp2", "-B", work, *settings, frozen)
    debian.run("nice", "make", "-C", work, firmware.jobs())
    elf = out / f"{variant}.elf"
    shutil.copy(work / "firmware.elf", elf)
    room = data.flash - data.files
    used = uf2.convert(elf, room, data.family)
    print(f"{elf.with_suffix('.uf2')}: {room - used} octets of flash are left for more firmware")


if __name__ == "__main__":
    build(*sys.argv[1:])
