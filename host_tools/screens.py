"""The screens of the displays: drawn by the firmware on an engine, kept as hashes, shown as PNG.

An engine runs `tests_host/screen_cases.py`, which draws every golden case and prints the pixels.
Where a hash is not the stored one, a report shows the old screen, the new one and what differs.
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment

from host_tools.bench import HEAP, BenchError, micropython

__all__ = [
    "GOLDEN",
    "Change",
    "Picture",
    "changes",
    "difference",
    "load_golden",
    "picture_of",
    "png",
    "render",
    "report",
    "stored_pictures",
    "write_golden",
]

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests_host" / "screen_cases.py"
GOLDEN = ROOT / "tests_host" / "golden" / "screens.json"

Colour = tuple[int, int, int]

# How a lit and a dark pixel of a mono panel look in a picture.
_MONO: tuple[Colour, ...] = ((8, 10, 16), (216, 240, 255))
# In a difference: pixels that are the same are darkened, others stand out.
_CHANGED: Colour = (255, 0, 200)
_TIMEOUT = 300


@dataclass(frozen=True)
class Picture:
    """A screen: its name (LAYOUT/CASE/PAGE.PART), its hash, and a colour number for each pixel."""

    name: str
    digest: str
    width: int
    height: int
    pixels: bytes
    palette: tuple[Colour, ...]

    @property
    def file(self) -> str:
        """A file name made of the name."""
        return _file(self.name)


def _file(name: str) -> str:
    return name.replace("/", "_") + ".png"


def render(
    engine: str = "unix", case: str = "", layout: str = "", root: Path = ROOT
) -> list[Picture]:
    """Draw the golden cases on an engine, "unix" or "cpython"; BenchError if it fails.

    `case` (one, or several with commas between) and `layout` choose some of them.
    `root` holds the firmware and the cases: this checkout, or another version of it.
    """
    firmware, cases = root / "firmware", root / "tests_host"
    environment = dict(os.environ, MICROPYPATH=f"{firmware}:{cases}:.frozen")
    environment["PYTHONPATH"] = f"{firmware}:{cases}"
    if engine == "unix":
        command = [*micropython(), "-X", f"heapsize={HEAP}"]
    elif engine == "cpython":
        command = [sys.executable, "-S"]
    else:
        raise BenchError(f"no engine {engine}: unix or cpython")
    done = subprocess.run(
        [*command, str(cases / "screen_cases.py"), case, layout],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode or "PALETTE" not in done.stdout:
        raise BenchError(f"the cases were not drawn: {(done.stderr or done.stdout)[-2000:]}")
    return _parse(done.stdout)


def _parse(output: str) -> list[Picture]:
    lines = [line.split() for line in output.splitlines()]
    palette = next(line[1:] for line in lines if line and line[0] == "PALETTE")
    colours = tuple((int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)) for c in palette)
    pictures: list[Picture] = []
    for line in lines:
        if line and line[0] == "SCREEN":
            _, layout, title, digest, text = line
            width, height = (int(part) for part in layout.split("x"))
            octets = bytes.fromhex(text)
            mono = len(octets) * 8 == width * height
            pixels = _from_mono(octets, width, height) if mono else _from_colour(octets)
            name = f"{layout}/{title}"
            shown = _MONO if mono else colours
            pictures.append(Picture(name, digest, width, height, pixels, shown))
    return pictures


def _from_mono(octets: bytes, width: int, height: int) -> bytes:
    """MONO_VLSB: an octet is eight rows of a column."""
    return bytes(
        octets[(y >> 3) * width + x] >> (y & 7) & 1 for y in range(height) for x in range(width)
    )


def _from_colour(octets: bytes) -> bytes:
    """GS4_HMSB: an octet is two pixels."""
    return bytes(half for octet in octets for half in (octet >> 4, octet & 15))


def picture_of(answer: dict[str, Any]) -> Picture:
    """The picture in an answer to CTRL:SCREEN that has pixels."""
    panel = str(answer["panel"])
    width, height = (int(part) for part in panel.split("x"))
    octets = bytes.fromhex(answer["pixels"])
    name = f"{panel}/{answer['page']}"
    text = answer.get("palette")
    if text is None:
        return Picture(name, "", width, height, _from_mono(octets, width, height), _MONO)
    rows = bytes.fromhex(text)
    palette = tuple((rows[at], rows[at + 1], rows[at + 2]) for at in range(0, len(rows), 3))
    return Picture(name, "", width, height, _from_colour(octets), palette)


# --- PNG -----------------------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(picture: Picture, scale: int = 1) -> bytes:
    """A PNG of a picture, each of its pixels `scale` wide and high: 4 bits a pixel, a palette."""
    width, height = picture.width * scale, picture.height * scale
    rows = bytearray()
    for y in range(picture.height):
        row = picture.pixels[y * picture.width : (y + 1) * picture.width]
        wide = bytes(colour for colour in row for _ in range(scale)) + b"\0"
        packed = bytes(wide[x] << 4 | wide[x + 1] for x in range(0, width, 2))
        rows += (b"\0" + packed) * scale
    palette = b"".join(bytes(colour) for colour in picture.palette)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def difference(old: Picture, new: Picture) -> Picture:
    """What differs: pixels of another colour stand out, the others are the new ones in grey."""
    same = (old.width, old.height) == (new.width, new.height)
    pixels = bytearray()
    for at, colour in enumerate(new.pixels):
        if same and old.palette[old.pixels[at]] == new.palette[colour]:
            pixels.append(1 if sum(new.palette[colour]) > 192 else 0)
        else:
            pixels.append(2)
    palette: tuple[Colour, ...] = ((0, 0, 0), (80, 80, 80), _CHANGED)
    return Picture(new.name, "", new.width, new.height, bytes(pixels), palette)


# --- Golden hashes -------------------------------------------------------------------------------


def load_golden(path: Path = GOLDEN) -> dict[str, str]:
    """The stored hashes by name; none where there is no file."""
    return json.loads(path.read_text(encoding="ascii")) if path.exists() else {}


def write_golden(pictures: Sequence[Picture], path: Path = GOLDEN) -> None:
    """Store the hashes, one a line, in the order in which the screens are drawn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hashes = {picture.name: picture.digest for picture in pictures}
    path.write_text(json.dumps(hashes, indent=0) + "\n", encoding="ascii")


@dataclass(frozen=True)
class Change:
    """A screen that differs from the stored one; `new` or `old` is None where it is not known."""

    name: str
    kind: str  # changed, new or gone
    new: Picture | None
    old: Picture | None = None


def changes(pictures: Sequence[Picture], golden: dict[str, str]) -> list[Change]:
    """What differs from the stored hashes; the old pictures are looked up elsewhere."""
    drawn = {picture.name: picture for picture in pictures}
    found = [
        Change(name, "changed" if name in golden else "new", picture)
        for name, picture in drawn.items()
        if golden.get(name) != picture.digest
    ]
    return found + [Change(name, "gone", None) for name in golden if name not in drawn]


def stored_pictures(golden: dict[str, str], root: Path = ROOT) -> dict[str, Picture]:
    """The pictures that have the stored hashes, by name, drawn by the commit that stored them.

    Empty where this is no git checkout, or where the hashes were stored but not committed.
    """
    path = GOLDEN.relative_to(ROOT).as_posix()
    try:
        commit = _git(root, "log", "-1", "--format=%H", "--", path).decode().strip()
        archive = _git(root, "archive", commit, "firmware", "tests_host") if commit else b""
    except (OSError, subprocess.CalledProcessError):
        return {}
    if not archive:
        return {}
    with tempfile.TemporaryDirectory(prefix="smets-screens-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            # Before Python 3.11.4 (Debian 12 has 3.11.2) there is no filter to give.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(folder)
        try:
            pictures = render("cpython", root=Path(folder))
        except (BenchError, ValueError):
            return {}  # an older form of the cases
    return {one.name: one for one in pictures if golden.get(one.name) == one.digest}


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, check=True
    ).stdout


# --- Report --------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Screens</title>
<style>
body { font: 14px sans-serif; margin: 2em; background: #222; color: #ddd }
img { image-rendering: pixelated; display: block; border: 1px solid #555 }
figure { display: inline-block; margin: 4px 12px 12px 0; vertical-align: top }
figcaption { margin-bottom: 3px; color: #aaa }
h2 { margin: 1em 0 .3em }
</style>
<h1>Screens</h1>
<p>{{ count }} screens; {{ changes|length }} not as stored.</p>
{% for change in changes %}
<h2>{{ change.name }}: {{ change.kind }}</h2>
{% if change.kind != "new" and not change.old %}<p>The old screen is not at hand: its hash was
stored, but never committed.</p>{% endif %}
{% for label, file, width in change.shown %}
<figure><figcaption>{{ label }}</figcaption><img src="{{ file }}" width="{{ width }}" alt="">
</figure>
{% endfor %}
{% endfor %}
{% for case, pictures in cases.items() %}
<h2>{{ case }}</h2>
{% for picture in pictures %}
<figure><figcaption>{{ picture.label }}</figcaption>
<img src="{{ picture.file }}" width="{{ picture.width }}" alt=""></figure>
{% endfor %}
{% endfor %}
</html>
"""


def report(pictures: Sequence[Picture], found: Sequence[Change], folder: Path) -> Path:
    """Write every screen as PNG, and a page that shows the changed ones first; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    cases: dict[str, list[dict[str, str | int]]] = {}
    for picture in pictures:
        layout, case, page = picture.name.split("/")
        (folder / picture.file).write_bytes(png(picture))
        shown = {"file": picture.file, "label": page, "width": picture.width * 2}
        cases.setdefault(f"{layout} {case}", []).append(shown)
    rows = [
        {"name": c.name, "kind": c.kind, "old": c.old is not None, "shown": _shown(c, folder)}
        for c in found
    ]
    page = Environment(autoescape=True).from_string(_PAGE)
    path = folder / "index.html"
    text = page.render(count=len(pictures), changes=rows, cases=cases)
    path.write_text(text, encoding="utf-8")
    return path


def _shown(change: Change, folder: Path) -> list[tuple[str, str, int]]:
    """(label, file, width) of the pictures of a change, side by side."""
    shown: list[tuple[str, str, int]] = []
    if change.old is not None:
        file = "old_" + _file(change.name)
        (folder / file).write_bytes(png(change.old))
        shown.append(("old", file, change.old.width * 2))
    if change.new is not None:
        shown.append(("new", change.new.file, change.new.width * 2))
    if change.old is not None and change.new is not None:
        file = "difference_" + change.new.file
        (folder / file).write_bytes(png(difference(change.old, change.new)))
        shown.append(("difference", file, change.new.width * 2))
    return shown
