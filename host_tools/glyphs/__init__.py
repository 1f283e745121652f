"""The glyphs of the screens: drawn in text files, packed into the firmware's `font_data.py`.

A glyph in a file begins with `= U+0041 name`; then come its rows, `#` for ink. Text glyphs have 7
rows, or 9 where they go below the baseline; digits have 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from host_tools.places import FIRMWARE

__all__ = ["Glyph", "font_data", "parse"]

FOLDER = Path(__file__).resolve().parent
FONT_DATA = FIRMWARE / "smets" / "screen" / "font_data.py"
_FACES = (("TEXT", "text.txt", 9, 1), ("DIGITS", "digits.txt", 20, 2))
_LINE = 88


@dataclass(frozen=True)
class Glyph:
    """A character and its rows, all as long as it is wide."""

    char: str
    rows: tuple[str, ...]


def parse(text: str) -> list[Glyph]:
    """The glyphs of a file, in the order of their code points; ValueError where one is wrong."""
    glyphs: list[Glyph] = []
    for block in text.split("= U+")[1:]:
        head, *rows = block.split("\n")
        rows = [row for row in rows if row]
        glyph = Glyph(chr(int(head.split()[0], 16)), tuple(rows))
        if len({len(row) for row in rows}) != 1 or set("".join(rows)) - set(".#"):
            raise ValueError(f"glyph {head}: rows of one length, made of . and #")
        glyphs.append(glyph)
    return sorted(glyphs, key=lambda glyph: glyph.char)


def _pack(glyph: Glyph, rows: int, octets: int) -> bytes:
    if not 7 <= len(glyph.rows) <= rows or len(glyph.rows[0]) > 8 * octets:
        raise ValueError(f"glyph {glyph.char!r} does not fit")
    packed = bytearray((len(glyph.rows[0]),))
    for row in (*glyph.rows, *([""] * (rows - len(glyph.rows)))):
        bits = row.replace(".", "0").replace("#", "1").ljust(8 * octets, "0")
        packed += int(bits, 2).to_bytes(octets, "big")
    return bytes(packed)


def _literal(data: bytes) -> str:
    return 'b"' + "".join(f"\\x{octet:02x}" for octet in data) + '"'


def _text(chars: str) -> str:
    plain = [char if " " < char <= "~" else f"\\u{ord(char):04x}" for char in chars]
    return "".join("\\" + char if char in '"\\' else char for char in plain)


def _chars(name: str, chars: list[str]) -> list[str]:
    parts = [""]
    for char in chars:
        if len(parts[-1]) + len(char) > _LINE:
            parts.append("")
        parts[-1] += char
    if len(parts) == 1:
        return [f'{name} = "{parts[0]}"']
    return [f"{name} = (", *(f'    "{part}"' for part in parts), ")"]


def font_data() -> str:
    """The source of the firmware's `font_data.py`."""
    lines = [
        "# Glyphs, drawn in host_tools/glyphs/*.txt, packed by `smets screens --font`.",
        "# A record is the width of a glyph, then its rows (MONO_HLSB); CHARS gives the order.",
    ]
    for name, file, rows, octets in _FACES:
        glyphs = parse((FOLDER / file).read_text(encoding="utf-8"))
        chars = [_text(glyph.char) for glyph in glyphs]
        lines += ["", f"{name}_ROWS = {rows}", *_chars(f"{name}_CHARS", chars), f"{name} = ("]
        for glyph in glyphs:
            record = _pack(glyph, rows, octets)
            for at in range(0, len(record), 21):
                lines.append("    " + _literal(record[at : at + 21]))
        lines.append(")")
    return "\n".join(lines) + "\n"
