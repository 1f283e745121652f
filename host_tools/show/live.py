"""The screens of the displays while virtual time passes: live in a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.gbcs.times import iso_2000
from host_tools.home import Home
from host_tools.screen_link import ScreenLink
from host_tools.screens import Picture, picture_of
from host_tools.show.film import Film
from host_tools.terminal import Console

__all__ = ["COLUMNS", "ONE_HIGH", "ONE_WIDE", "PANEL", "Screens", "braille", "framed"]

# The panel shown in a terminal, where a Braille character is two by four of its pixels; and that
# of a film.
PANEL, FILM_PANEL = "128x64", "240x135"
WIDTH, HEIGHT = 128, 64
DISPLAYS = ("ihd", "ppmid")
# A screen with its frame, and both side by side.
ONE_WIDE, ONE_HIGH = WIDTH // 2 + 4, HEIGHT // 4 + 2
COLUMNS = 2 * ONE_WIDE + 1
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


def framed(picture: Picture, title: str, page: str) -> Panel:
    """A picture of PANEL in a frame: ONE_WIDE columns, ONE_HIGH lines."""
    text = Text("\n".join(braille(picture)), style="bold white", no_wrap=True)
    return Panel(text, title=title, subtitle=page, width=ONE_WIDE)


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
        self._links: dict[str, ScreenLink] = {}
        self._pictures: dict[str, Picture] = {}
        self._caption = ""
        self._drawn = 0.0
        wide = film is None and console.is_terminal and console.width >= ONE_WIDE
        tall = console.height >= ONE_HIGH + 3
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
        self._ask(role)
        for _ in range(_PRESSES):
            shown = self._links[role].answer["page"]
            if shown == page:
                return True
            self._ask(role, ["ok" if shown == "notice" else "next"])
        return False

    def _ask_all(self) -> None:
        for role in DISPLAYS:
            if role in self._home.devices:
                self._ask(role)

    def _ask(self, role: str, press: Sequence[str] = ()) -> None:
        """Press keys, or let a second pass at the keys, and take the picture if it is new."""
        if role not in self._links:

            def control(verb: str, document: Any) -> dict[str, Any]:
                return self._home.devices[role].control(verb, document)

            self._links[role] = ScreenLink(control, self._panel)
        if self._links[role].look(press, 0 if press else 1000):
            self._pictures[role] = picture_of(self._links[role].answer)

    def _picture(self) -> RenderableType:
        frames: list[Panel] = []
        for role, picture in self._pictures.items():
            frames.append(framed(picture, role.upper(), self._links[role].answer["page"]))
        if self._console.width < COLUMNS:
            frames = frames[:1]
        grid = Table.grid(padding=(0, 1, 0, 0))
        for _ in frames:
            grid.add_column()
        grid.add_row(*frames)
        said = Text.assemble((iso_2000(self._home.now), "bold"), "  ", self._caption)
        said.no_wrap, said.overflow = True, "ellipsis"
        return Group(grid, said)
