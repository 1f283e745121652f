"""How panels and keys are wired to a board: a table and a picture, both made from its board.py.

`make wiring` writes them; a test compares them with what lies in the folders of the boards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from host_tools import boards
from host_tools.boards import Board

__all__ = ["HEADERS", "Wire", "page", "picture", "wires", "write"]

# The pins on both sides of each board, from the end with the USB connector: left, right.
_PICO = (
    "GP0 GP1 GND GP2 GP3 GP4 GP5 GND GP6 GP7 GP8 GP9 GND GP10 GP11 GP12 GP13 GND GP14 GP15",
    "VBUS VSYS GND 3V3_EN 3V3 ADC_VREF GP28 AGND GP27 GP26 RUN GP22 GND GP21 GP20 GP19 GP18 GND "
    "GP17 GP16",
)
# Its headers J3 and J1, whose first pins are at the other end (Espressif's user guide).
_DEVKIT = (
    "NC G 12 13 G 9 18 19 20 21 22 23 15 RX TX G",
    "NC G 5V 3 2 11 10 8 1 0 7 6 5 4 RST 3V3",
)
HEADERS = {
    "rpi_pico": _PICO,
    "rpi_pico_w": _PICO,
    "rpi_pico2": _PICO,
    "esp32_c6": _DEVKIT,
}

# Members of PINS and what the pads of such a part are called; power beside them.
_PADS = {
    "st7789": {
        "clock": "SCL",
        "data": "SDA",
        "select": "CS",
        "command": "DC",
        "reset": "RES",
        "light": "BLK",
    },
    "ssd1306": {"clock": "SCL", "data": "SDA"},
    "keys": {"next": "next", "back": "back", "ok": "OK"},
}
_PARTS = {"st7789": "ST7789", "ssd1306": "SSD1306", "keys": "key"}
_COLOURS = {"st7789": "#0a58ca", "ssd1306": "#137547", "keys": "#a03c00", "": "#222"}
_GROUND = ("GND", "G")
_POWER = "3V3"
_BEGIN, _END = "<!-- made by make wiring -->\n", "<!-- end -->\n"

_STEP, _TOP = 22, 46
_LEFT, _WIDE, _OUT = 250, 190, 60

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" \
font-family="sans-serif" font-size="12">
<title>{{ title }}: wiring of a panel and three keys</title>
<rect width="{{ width }}" height="{{ height }}" fill="#fff"/>
<text x="{{ middle }}" y="22" text-anchor="middle" font-size="14" fill="#222">{{ title }}</text>
<rect x="{{ left }}" y="34" width="{{ wide }}" height="{{ height - 44 }}" rx="8" fill="#eef3ee" \
stroke="#567"/>
<text x="{{ middle }}" y="{{ 48 }}" text-anchor="middle" fill="#567">USB</text>
{% for pin in pins -%}
<text x="{{ pin.inner }}" y="{{ pin.y + 4 }}" text-anchor="{{ pin.inward }}" \
fill="{{ '#222' if pin.tags else '#89a' }}">{{ pin.name }}</text>
<circle cx="{{ pin.x }}" cy="{{ pin.y }}" r="4" fill="{{ pin.colour if pin.tags else '#fff' }}" \
stroke="#567"/>
{% if pin.tags -%}
<path d="M{{ pin.x }} {{ pin.y }}H{{ pin.end }}" stroke="{{ pin.colour }}" stroke-width="2"/>
<text x="{{ pin.outer }}" y="{{ pin.y + 4 }}" text-anchor="{{ pin.outward }}" \
fill="{{ pin.colour }}">{{ pin.tags }}</text>
{% endif -%}
{% endfor -%}
</svg>
"""


@dataclass(frozen=True)
class Wire:
    """From a pin of the board to a pad of a part (a member of _PADS), or power."""

    pin: str
    part: str
    pad: str


def wires(board: Board) -> list[Wire]:
    """All wires of a board's panels and keys, by its PINS."""
    prefix = "" if "G" in HEADERS[board.name][0].split() else "GP"
    return [
        Wire(f"{prefix}{board.pins[part][member]}", part, pad)
        for part, pads in _PADS.items()
        for member, pad in pads.items()
    ]


def _tags(board: Board) -> dict[str, list[tuple[str, str]]]:
    """Pin -> (part, what it is wired to)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for wire in wires(board):
        found.setdefault(wire.pin, []).append((wire.part, f"{_PARTS[wire.part]} {wire.pad}"))
    found[_POWER] = [("", "VCC of the panel")]
    return found


def _grounds(board: Board) -> tuple[int, int]:
    """(side, place) of the pin for the ground of panel and keys: the first on the left."""
    left = HEADERS[board.name][0].split()
    return 0, next(at for at, name in enumerate(left) if name in _GROUND)


def table(board: Board) -> str:
    """The wiring as a table of Markdown."""
    rows = ["| pin | for |", "|---|---|"]
    tags = _tags(board)
    for side, names in enumerate(HEADERS[board.name]):
        for at, name in enumerate(names.split()):
            if (side, at) == _grounds(board):
                told = "GND of the panel, and the other side of each key"
                rows.append(f"| {_label(board, side, at)} | {told} |")
            elif name in tags:
                told = ", ".join(_code(tag) if part else tag for part, tag in tags[name])
                rows.append(f"| {_label(board, side, at)} | {told} |")
    return "\n".join(rows) + "\n"


def _code(tag: str) -> str:
    """A tag with the name of its pad as code."""
    part, _, pad = tag.partition(" ")
    return f"{part} `{pad}`"


def _label(board: Board, side: int, at: int) -> str:
    """The name of a pin and its number on the header."""
    names = HEADERS[board.name][side].split()
    if HEADERS[board.name] is _PICO:
        return f"{names[at]} ({at + 1 if side == 0 else 40 - at})"
    name = names[at] if not names[at].isdecimal() else f"GPIO{names[at]}"
    return f"{name} (J{'31'[side]}, {len(names) - at})"


def picture(board: Board) -> str:
    """The wiring as an SVG picture."""
    tags = _tags(board)
    pins: list[dict[str, object]] = []
    rows = 0
    for side, names in enumerate(HEADERS[board.name]):
        x = _LEFT + side * _WIDE
        out = 1 if side else -1
        for at, name in enumerate(names.split()):
            rows = max(rows, at + 1)
            told = tags.get(name, [])
            if (side, at) == _grounds(board):
                told = [("", "GND of panel and keys")]
            pins.append(
                {
                    "name": _label(board, side, at),
                    "x": x,
                    "y": _TOP + 18 + at * _STEP,
                    "inner": x - out * 10,
                    "inward": "end" if side else "start",
                    "end": x + out * _OUT,
                    "outer": x + out * (_OUT + 6),
                    "outward": "start" if side else "end",
                    "tags": ", ".join(tag for _, tag in told),
                    "colour": _COLOURS[told[0][0]] if told else "",
                }
            )
    template = Environment(autoescape=True).from_string(_SVG)
    return template.render(
        title=board.title,
        pins=pins,
        width=2 * _LEFT + _WIDE,
        height=_TOP + 24 + rows * _STEP,
        left=_LEFT,
        wide=_WIDE,
        middle=_LEFT + _WIDE // 2,
    )


def page(board: Board, text: str) -> str:
    """A board's README with the table of today between the two marks; ValueError without them."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{board.name}: no {_BEGIN.strip()} and {_END.strip()} in README.md")
    shown = f"![wiring of a panel and three keys](wiring.svg)\n\n{table(board)}"
    return f"{before}{begin}\n{shown}\n{end}{after}"


def write(folder: Path = boards.BOARDS) -> None:
    """Write the picture and the table of every board that has a panel."""
    for name in HEADERS:
        board = boards.load(name)
        (folder / name / "wiring.svg").write_text(picture(board), encoding="utf-8")
        readme = folder / name / "README.md"
        text = page(board, readme.read_text(encoding="utf-8"))
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
