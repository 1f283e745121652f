"""The wiring on each board's page is that of its board.py, and leads to pins that are there."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import pytest

from host_tools import boards, install, wiring

NAMES = [name for name in boards.names() if "screen" in boards.load(name).ports]


@pytest.mark.parametrize("name", NAMES)
def test_the_pages_are_what_board_py_says(name: str) -> None:
    """`make wiring` would change nothing."""
    board = boards.load(name)
    folder = boards.BOARDS / name
    assert (folder / "wiring.svg").read_text(encoding="utf-8") == wiring.picture(board)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert wiring.page(board, text) == text


@pytest.mark.parametrize("name", NAMES)
def test_every_signal_is_in_the_picture_and_the_table_once(name: str) -> None:
    """Counted from PINS, not by the code that draws."""
    board = boards.load(name)
    texts = [node.text or "" for node in ElementTree.fromstring(wiring.picture(board)).iter()]
    tags = ", ".join(texts)
    for driver, part in (("st7789", "ST7789"), ("ssd1306", "SSD1306"), ("keys", "key")):
        signals = len(board.pins[driver]) - (driver in install.PANELS)  # the bus is no pin
        assert len(re.findall(rf"\b{part} \w+", tags)) == signals, part
        assert len(re.findall(rf"\b{part} `\w+`", wiring.table(board))) == signals, part
    number = board.pins["st7789"]["light"]
    row = next(line for line in wiring.table(board).splitlines() if "`BLK`" in line)
    assert re.match(rf"\| GP(IO)?{number} \(", row), row
    names = [pin for side in wiring.HEADERS[name] for pin in side.split()]
    for wire in wiring.wires(board):
        assert [wire.pin] == [pin for pin in names if pin == wire.pin], (
            f"{name} has no pin {wire.pin}"
        )


def test_another_pin_is_another_page() -> None:
    """What is drawn follows the data."""
    board = boards.load("rpi_pico")
    keys = {**board.pins["keys"], "ok": 22}
    other = dataclasses.replace(board, pins={**board.pins, "keys": keys})
    assert "| GP22 (29) | key `OK` |" in wiring.table(other)
    assert wiring.picture(other) != wiring.picture(board)
    with pytest.raises(ValueError, match="rpi_pico: no <!-- made by"):
        wiring.page(board, "# no marks")


def test_a_pico_has_forty_pins() -> None:
    """Numbered as its datasheet does: some that are known."""
    table = wiring.table(boards.load("rpi_pico"))
    for label in ("GP10 (14)", "GP0 (1)", "GP20 (26)", "GP16 (21)", "3V3 (36)", "GND (3)"):
        assert f"| {label} |" in table
    assert [len(side.split()) for side in wiring.HEADERS["rpi_pico"]] == [20, 20]
