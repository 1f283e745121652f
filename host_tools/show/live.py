"""The screens of the displays while virtual time passes: live in a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.console import Console
from host_tools.gbcs.times import iso_2000
from host_tools.home import Home
from host_tools.screens import Picture, picture_of
from host_tools.show.film import Film

__all__ = ["COLUMNS", "Screens", "braille"]

# The panel shown in a terminal, where a Braille character is two by four of its pixels; and that
# of a film.
PANEL, FILM_PANEL = "128x64", "240x135"
WIDTH, HEIGHT = 128, 64
DISPLAYS = ("ihd", "ppmid")
# Both screens side by side, with their frames; and one.
COLUMNS = 2 * (WIDTH // 2 + 4) + 1
_COLUMNS_OF_ONE = WIDTH // 2 + 4
# The least seconds between two pictures; no terminal is faster.
_FRAME = 1 / 12
# Bits of a Braille character's dots, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# The most key presses until a page must have come.
_PRESSES = 16


def braille(picture: Picture) -> list[str]:
    """Lines of Braille characters of the pixels of a mono panel."""
    width, pixels = picture.width, picture.pixels
    lines: list[str] = []
    for top in range(0, picture.height, 4):
        line = ""
        for left in range(0, width, 2):
            dots = 0
            for row, columns in enumerate(_DOTS):
                at = (top + row) * width + left
                dots |= pixels[at] * columns[0] | pixels[at + 1] * columns[1]
            line += chr(0x2800 + dots)
        lines.append(line)
    return lines


class Screens:
    """What the displays of a home show; use as a context manager.

    In a terminal that is wide enough the pictures follow the home, at most twelve a second. What
    is printed meanwhile goes above them. Elsewhere nothing is drawn. With a `film`, it gets the
    pictures, of the colour panel, and the terminal none.
    """

    def __init__(self, console: Console, home: Home, film: Film | None = None) -> None:
        self._console = console
        self._home = home
        self._film = film
        self._panel = PANEL if film is None else FILM_PANEL
        self._shown: dict[str, dict[str, Any]] = {}
        self._pictures: dict[str, Picture] = {}
        self._caption = ""
        self._drawn = 0.0
        wide = film is None and console.is_terminal and console.width >= _COLUMNS_OF_ONE
        tall = console.height >= HEIGHT // 4 + 5
        self._live = (
            Live(console=console, auto_refresh=False, vertical_overflow="crop")
            if wide and tall
            else None
        )

    def __enter__(self) -> Screens:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def caption(self, text: str) -> None:
        """Print under the pictures what is going on."""
        self._caption = text

    def look(self) -> None:
        """Draw what the displays show now, unless the last picture is too young."""
        if self._film is not None:
            self._ask_all()
            text = f"{iso_2000(self._home.now)}  {self._caption}"
            self._film.add(list(self._pictures.values()), text)
        if self._live is None:
            return
        left = self._drawn + _FRAME - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._drawn = time.monotonic()
        self._ask_all()
        self._live.update(self._picture(), refresh=True)

    def turn(self, role: str, page: str) -> bool:
        """Press a display's key until it shows a page; whether it has that page."""
        self._ask(role, passed=1000)
        for _ in range(_PRESSES):
            if self._shown[role]["page"] == page:
                return True
            notice = self._shown[role]["page"] == "notice"
            self._ask(role, press=["ok" if notice else "next"])
        return False

    def _ask_all(self) -> None:
        for role in DISPLAYS:
            if role in self._home.devices:
                self._ask(role, passed=1000)

    def _ask(self, role: str, **what: Any) -> None:
        before = self._shown.get(role, {})
        document = {"panel": self._panel, "seen": before.get("check"), **what}
        answer = self._home.devices[role].control("SCREEN", document)
        self._shown[role] = answer
        if "pixels" in answer:
            self._pictures[role] = picture_of(answer)

    def _picture(self) -> RenderableType:
        frames: list[Panel] = []
        for role, picture in self._pictures.items():
            page = self._shown[role]["page"]
            text = Text("\n".join(braille(picture)), style="bold white", no_wrap=True)
            frames.append(Panel(text, title=role.upper(), subtitle=page, width=WIDTH // 2 + 4))
        if self._console.width < COLUMNS:
            frames = frames[:1]
        grid = Table.grid(padding=(0, 1, 0, 0))
        for _ in frames:
            grid.add_column()
        grid.add_row(*frames)
        said = Text.assemble((iso_2000(self._home.now), "bold"), "  ", self._caption)
        said.no_wrap, said.overflow = True, "ellipsis"
        return Group(grid, said)
