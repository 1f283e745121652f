"""Build MicroPython for QEMU's MPS2 board, with our modules frozen in; picos.py has the others.

The same sources and compiler should make the same octets, in whatever folder and whenever.
"""

import email.utils
import os
import re
import shutil
import sys
from pathlib import Path

import debian

ROOT = debian.ROOT
BUILD = ROOT / "build"
BOARDS = ROOT / "boards"
COMPILER = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "dpkg-dev", "make", "gcc", "libc6-dev")
# More than a Pico has: tests keep models of flash on the heap. What they use of it is printed.
# What is counted is counted with a Pico's heap, so that it has a Pico's garbage collections.
QEMU_HEAPS = {"firmware": 512 * 1024, "pico_heap": 242 * 1024}
# What cryptolib and hashlib take of mbedtls: the port of QEMU has no AES.
MBEDTLS = ("aes.c", "platform_util.c", "sha256.c")


def jobs() -> str:
    """One compiler for each processor."""
    return f"-j{len(os.sched_getaffinity(0))}"


def tree() -> Path:
    """Debian's MicroPython, with its submodules where their packages are."""
    top = debian.fetch("micropython")["micropython"]
    # A manifest's require() looks here; Debian's source leaves out nearly all of it.
    (top / "lib" / "micropython-lib" / "README.md").touch()
    # Modules are frozen in the order in which a folder lists them, unless it is put in order.
    manifests = top / "tools" / "manifestfile.py"
    walk = 'os.walk(package_path or ".", followlinks=True)'
    edit(manifests, f"in {walk}:", f"in sorted({walk}):")
    edit(manifests, "for file in filenames:", "for file in sorted(filenames):")
    # The commit of this project is none of MicroPython's, and the date is that of the sources.
    version, date = changelog(top)
    os.environ["MICROPY_GIT_TAG"] = "v" + version.split("+")[0]
    os.environ["MICROPY_GIT_HASH"] = version
    os.environ["SOURCE_DATE_EPOCH"] = date
    # Names of pins pass through sets, whose order is otherwise another in each run.
    os.environ["PYTHONHASHSEED"] = "0"
    # mpy-cross is a program of this machine: not with the variables of a port's build.
    debian.run("nice", "make", "-C", top / "mpy-cross", jobs())
    return top


def changelog(top: Path) -> tuple[str, str]:
    """Debian's version of the source, and when that was made, in seconds of Unix time."""
    text = (top / "debian" / "changelog").read_text(encoding="utf-8")
    version = re.match(r"\S+ \((\S+)\)", text)
    date = re.search(r"^ -- .*  (.+)$", text, re.MULTILINE)
    if version is None or date is None:
        sys.exit(f"{top}/debian/changelog begins with no version, or has no date")
    return version[1], str(int(email.utils.parsedate_to_datetime(date[1]).timestamp()))


def edit(path: Path, old: str, new: str) -> None:
    """Put `new` where a source has `old`, unless that was done before."""
    text = path.read_text(encoding="utf-8")
    if new in text:
        return
    if text.count(old) != 1:
        sys.exit(f"{path} has {text.count(old)} times what is to be changed: {old}")
    path.write_text(text.replace(old, new), encoding="utf-8")


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
    mbedtls = debian.fetch("mbedtls")["mbedtls"]
    out = BUILD / "qemu_mps2_an385"
    modules = out / "c_modules"
    shutil.rmtree(modules, ignore_errors=True)
    shutil.copytree(BOARDS / "qemu_mps2_an385" / "c_modules", modules)
    shutil.copytree(ROOT / "firmware" / "native", modules / "p256")
    for name in MBEDTLS:
        shutil.copy(mbedtls / "library" / name, modules / "cryptolib")
    settings = [
        *("BOARD=MPS2_AN385", f"BUILD={out}/micropython"),
        f"MPY_LIB_DIR={top}/lib/micropython-lib",
        f"FROZEN_MANIFEST={BOARDS}/qemu_mps2_an385/manifest.py",
        # The board has no flash; littlefs is for block devices in its memory.
        "MICROPY_VFS_LFS2=1",
        f"LDSCRIPT={BOARDS}/qemu_mps2_an385/mps2.ld",
        *(f"USER_C_MODULES={modules}", f"MBEDTLS={mbedtls}"),
    ]
    fresh(out / "micropython", settings)
    for name, heap in QEMU_HEAPS.items():
        # Only this file knows the size, and make does not see that it is another.
        (out / "micropython" / "main.o").unlink(missing_ok=True)
        size = f"MICROPY_HEAP_SIZE={heap}"
        debian.run("nice", "make", "-C", top / "ports" / "qemu", jobs(), *settings, size)
        shutil.copy(out / "micropython" / "firmware.elf", out / f"{name}.elf")
    print(debian.run("arm-none-eabi-size", out / "firmware.elf"), end="")


if __name__ == "__main__":
    qemu_mps2_an385()
