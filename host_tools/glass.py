"""Panels as a person sees them: what a board sent over SPI or I2C, decoded into pixels.

Written from the controllers' data sheets (Sitronix ST7789V, section 9; Solomon Systech SSD1306,
section 10), not from the firmware's drivers. `follow` takes lines of the emulated Pico's trace
(boards/pico_emulator/wires.js).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Glass", "GlassError", "Ssd1306Glass", "St7789Glass", "glass_of"]

# Commands of the ST7789, and their parameters: of others this knows nothing.
_SWRESET, _SLPOUT, _NORON, _INVON, _DISPON = 0x01, 0x11, 0x13, 0x21, 0x29
_CASET, _RASET, _RAMWR, _MADCTL, _COLMOD = 0x2A, 0x2B, 0x2C, 0x36, 0x3A
_ST7789 = {
    **dict.fromkeys((_SWRESET, _SLPOUT, _NORON, _INVON, _DISPON, _RAMWR), 0),
    **dict.fromkeys((_MADCTL, _COLMOD), 1),
    **dict.fromkeys((_CASET, _RASET), 4),
}
_MY, _MX, _MV = 0x80, 0x40, 0x20
# The part of its memory that the glass of 240x135 shows.
_COLUMNS, _ROWS = range(52, 187), range(40, 280)
# Commands of the SSD1306, and parameters of those that have some.
_COLUMNS_FROM, _PAGES_FROM, _OFF, _ON = 0x21, 0x22, 0xAE, 0xAF
_SEGMENTS, _SEGMENTS_TURNED, _UP, _DOWN = 0xA0, 0xA1, 0xC0, 0xC8
_SSD1306 = {
    **dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1),
    **dict.fromkeys((_COLUMNS_FROM, _PAGES_FROM), 2),
}


class GlassError(Exception):
    """What was sent is not what the controller takes; the text says what."""


class Glass:
    """One panel; `lit`: whether a person sees anything; `misses`: how often it was not there."""

    width = height = 0

    def __init__(self) -> None:
        self.lit = False
        self.misses = 0
        self._pins = 0
        self._started = False

    def follow(self, lines: Iterable[str]) -> None:
        """Take what was on the wires; GlassError."""
        for line in lines:
            what, *rest = line.split()
            if what == "pins":
                self._pins = int(rest[0], 16)
                self.levels()
            elif rest:
                self.octets(what, rest)

    def level(self, pin: int) -> bool:
        """Whether a pin is high."""
        return bool(self._pins >> pin & 1)

    def levels(self) -> None:
        """Pins have changed."""

    def octets(self, bus: str, rest: list[str]) -> None:
        """Octets on a bus."""
        raise NotImplementedError

    def pixels(self) -> list[int]:
        """What the glass shows, row by row: 16-bit colours, or 0 and 1."""
        raise NotImplementedError


class St7789Glass(Glass):
    """An ST7789V of 240x135, seen in landscape with its connector on the left."""

    width, height = 240, 135

    def __init__(self, pins: dict[str, Any]) -> None:
        """`pins` as in PINS of a board.py."""
        super().__init__()
        self._at = pins
        self._memory: dict[tuple[int, int], int] = {}
        self._reset()

    def _reset(self) -> None:
        self._on = self._awake = False
        self._order, self._format = 0, 0x66
        self._window = [(0, 239), (0, 319)]
        self._command, self._given = -1, bytearray()
        self._x = self._y = 0

    def levels(self) -> None:
        """See Glass."""
        if not self.level(self._at["reset"]):
            self._reset()
        self.lit = self._on and self.level(self._at["light"])

    def octets(self, bus: str, rest: list[str]) -> None:
        """See Glass."""
        if bus != f"spi{self._at['spi']}" or self.level(self._at["select"]):
            return
        data = bytes.fromhex(rest[0])
        if self.level(self._at["command"]):
            self._data(data)
            return
        for command in data:
            if command not in _ST7789 or self._missing():
                raise GlassError(f"command {command:02X} after {self._command:02X}")
            self._command, self._given = command, bytearray()
            self._begin(command)

    def _missing(self) -> bool:
        wanted = _ST7789.get(self._command, 0)
        return self._command != _RAMWR and len(self._given) != wanted

    def _begin(self, command: int) -> None:
        if command == _SWRESET:
            self._reset()
        elif command == _SLPOUT:
            self._awake = True
        elif command == _DISPON:
            if not self._awake:
                raise GlassError("on while it sleeps")
            self._on = True
            self.lit = self.level(self._at["light"])
        elif command == _RAMWR:
            self._x, self._y = self._window[0][0], self._window[1][0]

    def _data(self, data: bytes) -> None:
        self._given += data
        if self._command == _RAMWR:
            if self._format & 7 != 5:
                raise GlassError(f"pixels of format {self._format:02X}")
            whole = len(self._given) & ~1
            self._paint(self._given[:whole])
            del self._given[:whole]
        elif not self._missing():
            if self._command == _MADCTL:
                self._order = self._given[0]
            elif self._command == _COLMOD:
                self._format = self._given[0]
            else:
                first, last = (int.from_bytes(self._given[at : at + 2], "big") for at in (0, 2))
                self._window[self._command - _CASET] = (first, last)

    def _paint(self, data: bytearray) -> None:
        (left, right), (top, bottom) = self._window
        for at in range(0, len(data), 2):
            column, row = (self._y, self._x) if self._order & _MV else (self._x, self._y)
            column = 239 - column if self._order & _MX else column
            row = 319 - row if self._order & _MY else row
            if column not in _COLUMNS or row not in _ROWS:
                raise GlassError(f"a pixel beside the glass, at {column}, {row}")
            self._memory[column, row] = data[at] << 8 | data[at + 1]
            self._x += 1
            if self._x > right:
                self._x = left
                self._y = top if self._y == bottom else self._y + 1

    def pixels(self) -> list[int]:
        """See Glass: -1 where nothing was ever written."""
        return [
            self._memory.get((_COLUMNS[-1] - y, _ROWS[0] + x), -1)
            for y in range(self.height)
            for x in range(self.width)
        ]


class Ssd1306Glass(Glass):
    """An SSD1306 of 128x64, its connector above."""

    width, height = 128, 64

    def __init__(self, pins: dict[str, Any]) -> None:
        """`pins` as in PINS of a board.py."""
        super().__init__()
        self._bus, self._address = f"i2c{pins['i2c']}", pins.get("address", 0x3C)
        self._memory = [0xA5] * 1024  # random after power-up
        self._registers: dict[int, bytes] = {}
        self._turned = self._down = False
        self._start = 0
        self._columns, self._pages = (0, 127), (0, 7)
        self._column = self._page = 0

    def octets(self, bus: str, rest: list[str]) -> None:
        """See Glass."""
        if bus != self._bus or int(rest[0], 16) != self._address:
            return
        if len(rest) == 1:
            self.misses += 1
            return
        data = bytes.fromhex(rest[1])
        if data[0] == 0x40:
            self._paint(data[1:])
        elif data[0] == 0x00:
            self._commands(data[1:])
        else:
            raise GlassError(f"control octet {data[0]:02X}")

    def _commands(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            command = data[at]
            given = data[at + 1 : at + 1 + _SSD1306.get(command, 0)]
            if len(given) != _SSD1306.get(command, 0):
                raise GlassError(f"command {command:02X} lacks parameters")
            at += 1 + len(given)
            self._registers[command] = given
            if command == _COLUMNS_FROM:
                self._columns, self._column = (given[0], given[1]), given[0]
            elif command == _PAGES_FROM:
                self._pages, self._page = (given[0], given[1]), given[0]
            elif 0x40 <= command < 0x80:
                self._start = command & 0x3F
            elif command in (_OFF, _ON):
                self.lit = command == _ON and self._registers.get(0x8D) == b"\x14"
            elif command in (_SEGMENTS, _SEGMENTS_TURNED):
                self._turned = command == _SEGMENTS_TURNED
            elif command in (_UP, _DOWN):
                self._down = command == _DOWN

    def _paint(self, data: bytes) -> None:
        if self._registers.get(0x20) != b"\x00":
            raise GlassError("not in horizontal addressing")
        for octet in data:
            self._memory[self._page * 128 + self._column] = octet
            self._column += 1
            if self._column > self._columns[1]:
                self._column = self._columns[0]
                self._page = self._pages[0] if self._page == self._pages[1] else self._page + 1

    def pixels(self) -> list[int]:
        """See Glass."""
        shown: list[int] = []
        for y in range(self.height):
            row = (y if self._down else 63 - y) + self._start & 63
            for x in range(self.width):
                column = x if self._turned else 127 - x
                shown.append(self._memory[(row >> 3) * 128 + column] >> (row & 7) & 1)
        return shown


def glass_of(driver: str, pins: dict[str, Any]) -> Glass:
    """The panel of a driver, one of install.PANELS."""
    return {"st7789": St7789Glass, "ssd1306": Ssd1306Glass}[driver](pins)
