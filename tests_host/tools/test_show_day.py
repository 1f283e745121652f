"""The day of `smets run`: the home is real, its screens are those that the firmware draws."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import uuid
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from host_tools.screens import Picture, png
from host_tools.show import day
from host_tools.show.film import Film
from host_tools.show.live import COLUMNS, Screens, braille
from host_tools.show.stage import Stage
from host_tools.show.tenancy import start_home

MONO = ((0, 0, 0), (255, 255, 255))


def console(width: int = COLUMNS, height: int = 40, terminal: bool = True) -> Console:
    """A console that keeps what it is given."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=height)


def written(target: Console) -> str:
    """The text that went to that console."""
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue()


def dots(text: str) -> bool:
    """Whether there are Braille characters with dots."""
    return any(0x2800 < ord(letter) < 0x2900 for letter in text)


def test_a_braille_character_is_two_by_four_pixels() -> None:
    """Each pixel of a cell has its dot, and cells follow their place."""
    bits = (0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80)  # Unicode: dots 1 4, 2 5, 3 6, 7 8
    for at, bit in enumerate(bits):
        pixels = bytearray(4 * 8)
        pixels[at // 2 * 4 + 2 + at % 2] = 1  # in the second cell of the first line
        lines = braille(Picture("own", "", 4, 8, bytes(pixels), MONO))
        assert lines == ["\u2800" + chr(0x2800 + bit), "\u2800\u2800"]


def test_a_day_passes_on_either_kind_of_console() -> None:
    """Every answer is verified; without a terminal there are neither pictures nor controls."""
    plain = console(terminal=False)
    stage = Stage(plain, "cpython")
    day.play(stage)
    text = written(plain)
    assert stage.failed == 0 and stage.verified > 12, text
    assert "\x1b" not in text and not dots(text)
    assert "ECS12" in text and "GCS09" in text and "10:30 to 11:00" in text


@pytest.mark.parametrize(
    ("width", "height", "screens"), [(138, 40, 2), (80, 24, 1), (60, 40, 0), (138, 15, 0)]
)
def test_screens_are_shown_where_they_fit(
    tmp_path: Path, width: int, height: int, screens: int
) -> None:
    """Both side by side, the IHD alone, or none in a terminal that is too small."""
    target = console(width, height)
    stage = Stage(Console(quiet=True), "cpython")
    with stage.home() as home, Screens(target, home) as shown:
        start_home(stage, home, tmp_path)
        home.advance(60)
        shown.caption("a caption")
        shown.look()
        assert shown.turn("ppmid", "credit") and not shown.turn("ihd", "top-up")
        shown.look()
    text = written(target)
    assert ("IHD" in text, "PPMID" in text) == (screens > 0, screens > 1)
    assert dots(text) == (screens > 0) and ("a caption" in text) == (screens > 0)


def test_a_film_holds_what_is_shown_as_long_as_it_is(tmp_path: Path) -> None:
    """Pictures that are alike are one frame that stays longer; pixels are those of the screens."""
    palette = ((0, 0, 0), (255, 0, 0), *((0, 0, 0),) * 14)
    dark = Picture("own", "", 24, 10, bytes(240), palette)
    red = Picture("own", "", 24, 10, b"\x01" * 240, palette)
    film = Film()
    for picture in (dark, dark, red):
        film.add([picture, dark], "")
    path = tmp_path / "day.gif"
    film.save(path)
    with Image.open(path) as shown, Image.open(io.BytesIO(png(red, 2))) as drawn:
        assert getattr(shown, "n_frames", 1) == 2
        assert shown.info["duration"] == 220
        shown.seek(1)
        assert shown.convert("RGB").getpixel((14, 14)) == drawn.convert("RGB").getpixel((2, 2))


def _alive(marker: str) -> list[int]:
    """Processes with a marker in their environment."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in environment:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.0, 0.7, 3.0, 9.0])
def test_ctrl_c_stops_everything(after: float) -> None:
    """In a terminal, at any moment: exit status 130, no process left, the cursor is back."""
    marker = f"SMETS_TEST={uuid.uuid4()}"
    name, _, value = marker.partition("=")
    pid, terminal = pty.fork()
    if pid == 0:
        # A run in the background may ignore the signal, and children inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.environ.update({name: value, "TERM": "xterm-256color"})
        os.execv(sys.executable, [sys.executable, "-m", "host_tools", "run"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    seen, pressed, limit = b"", 0.0, time.monotonic() + 120
    try:
        while time.monotonic() < limit:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(terminal, 65536)
                except OSError:  # the other end is closed
                    break
                seen += piece
            if not pressed and b"A day of the home" in seen:
                pressed = time.monotonic() + after
            if pressed and time.monotonic() >= pressed:
                os.write(terminal, b"\x03")
                pressed = limit
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        for left in _alive(marker):
            os.kill(left, signal.SIGKILL)
            seen += b"left behind: %d" % left
        os.close(terminal)
    assert status == 130, seen[-2000:].decode("utf-8", "replace")
    assert b"left behind" not in seen and b"Traceback" not in seen
    assert seen.count(b"\x1b[?25l") == seen.count(b"\x1b[?25h")
