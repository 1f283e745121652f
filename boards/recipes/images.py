"""Print what the images take of their boards, and what they were made from: images.py BOARD..."""

import gzip
import hashlib
import re
import sys
from pathlib import Path

import debian
import picos

KB = 1024
COLUMNS = ("image", "flash", "used", "free", "files", "heap", "SHA-256 of the .uf2")


def heap(elf: Path) -> int:
    """Octets of RAM that the image leaves to MicroPython's heap."""
    said = debian.run("arm-none-eabi-nm", elf)
    symbols = {
        name: int(address, 16)
        for address, name in re.findall(r"^(\S+) \S (\S+)$", said, re.MULTILINE)
    }
    return symbols["__GcHeapEnd"] - symbols["__GcHeapStart"]


def row(name: str, variant: str = "firmware") -> tuple[str, ...]:
    """The line of one image: sizes in KB (1,024 octets), and its hash."""
    data = picos.RP2[name]
    folder = debian.ROOT / "build" / name
    used = (folder / f"{variant}.bin").stat().st_size
    sizes = (
        data.flash,
        used,
        data.flash - data.files - used,
        data.files,
        heap(folder / f"{variant}.elf"),
    )
    digest = hashlib.sha256((folder / f"{variant}.uf2").read_bytes()).hexdigest()
    return (f"build/{name}/{variant}.uf2", *(f"{size / KB:,.0f}" for size in sizes), digest)


def versions() -> dict[str, str]:
    """The packages that decide what an image is, with their versions."""
    found: dict[str, str] = {}
    for name in debian.SOURCES:
        text = (debian.HOME / name / "debian" / "changelog").read_text(encoding="utf-8")
        found[name] = re.findall(r"\((\S+)\)", text)[0]
    for name in debian.BINARIES:
        path = debian.HOME / name / f"usr/share/doc/{name}/changelog.Debian.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found[name] = re.findall(r"\((\S+)\)", file.readline())[0]
    for name in ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi"):
        found[name] = debian.run("dpkg-query", "--show", "--showformat", "${Version}", name)
    return found


def packages() -> str:
    """The same as a text."""
    return ", ".join(f"{name} {version}" for name, version in versions().items())


def main() -> None:
    """The table of the images that are named, which are built."""
    rows = [COLUMNS, *(row(name) for name in sys.argv[1:])]
    widths = [max(len(line[column]) for line in rows) for column in range(len(COLUMNS))]
    for first, *numbers, digest in rows:
        cells = (cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=False))
        print(first.ljust(widths[0]), *cells, digest, sep="  ")
    print(f"KB; made from {packages()}")


if __name__ == "__main__":
    main()
