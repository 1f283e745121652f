"""Where a picture is drawn: SVG text or PNG pixels, by the same few strokes.

Colours are "#rrggbb"; coordinates are pixels from the upper left corner.
"""

from __future__ import annotations

import io
from typing import Protocol
from xml.etree import ElementTree

from PIL import Image, ImageDraw, ImageFont

from host_tools.console import xml_text

__all__ = ["PngSurface", "Surface", "SvgSurface"]

Point = tuple[float, float]

# The PNG is drawn larger by this and then reduced: smooth lines and letters.
_SCALE = 3


class Surface(Protocol):
    """Takes strokes."""

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        ...

    def line(self, points: list[Point], colour: str, width: float, dash: float = 0) -> None:
        """An open line through points; with `dash`, dashes and gaps of that length."""
        ...

    def polygon(self, points: list[Point], colour: str) -> None:
        """A filled polygon."""
        ...

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, anchor: str = "start"
    ) -> None:
        """Text whose baseline is at y; `anchor` is start, middle or end."""
        ...

    def finish(self) -> bytes:
        """The octets of the picture's file."""
        ...


class SvgSurface:
    """Draws SVG."""

    def __init__(self, width: int, height: int, title: str) -> None:
        """`title` is what a screen reader says of the picture."""
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": str(width),
                "height": str(height),
                "viewBox": f"0 0 {width} {height}",
                "role": "img",
                "font-family": "sans-serif",
            },
        )
        ElementTree.SubElement(self._root, "title").text = xml_text(title)

    def _add(self, tag: str, **attributes: str) -> ElementTree.Element:
        named = {name.replace("_", "-"): value for name, value in attributes.items()}
        return ElementTree.SubElement(self._root, tag, named)

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """See Surface."""
        self._add("rect", x=_n(x), y=_n(y), width=_n(width), height=_n(height), fill=colour)

    def line(self, points: list[Point], colour: str, width: float, dash: float = 0) -> None:
        """See Surface."""
        more = {"stroke_dasharray": _n(dash)} if dash else {}
        self._add(
            "polyline",
            points=_points(points),
            fill="none",
            stroke=colour,
            stroke_width=_n(width),
            **more,
        )

    def polygon(self, points: list[Point], colour: str) -> None:
        """See Surface."""
        self._add("polygon", points=_points(points), fill=colour)

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, anchor: str = "start"
    ) -> None:
        """See Surface."""
        made = self._add(
            "text", x=_n(x), y=_n(y), font_size=_n(size), fill=colour, text_anchor=anchor
        )
        made.text = xml_text(text)

    def finish(self) -> bytes:
        """See Surface."""
        ElementTree.indent(self._root, " ")
        return ElementTree.tostring(self._root, encoding="utf-8", xml_declaration=True) + b"\n"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _points(points: list[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


class PngSurface:
    """Draws pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width * _SCALE, height * _SCALE), "#ffffff")
        self._draw = ImageDraw.Draw(self._image)

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """See Surface."""
        corners = [(x * _SCALE, y * _SCALE), ((x + width) * _SCALE, (y + height) * _SCALE)]
        self._draw.rectangle(corners, fill=colour)

    def line(self, points: list[Point], colour: str, width: float, dash: float = 0) -> None:
        """See Surface."""
        wide = max(1, round(width * _SCALE))
        if not dash:
            scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
            self._draw.line(scaled, fill=colour, width=wide, joint="curve")
            return
        for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
            length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
            at = 0.0
            while at < length:
                end = min(at + dash, length)
                ends = [
                    (
                        (x1 + (x2 - x1) * part / length) * _SCALE,
                        (y1 + (y2 - y1) * part / length) * _SCALE,
                    )
                    for part in (at, end)
                ]
                self._draw.line(ends, fill=colour, width=wide)
                at += 2 * dash

    def polygon(self, points: list[Point], colour: str) -> None:
        """See Surface."""
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour)

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, anchor: str = "start"
    ) -> None:
        """See Surface."""
        font = ImageFont.load_default(size * _SCALE)
        side = {"start": "l", "middle": "m", "end": "r"}[anchor]
        self._draw.text((x * _SCALE, y * _SCALE), text, fill=colour, font=font, anchor=side + "s")

    def finish(self) -> bytes:
        """See Surface."""
        out = io.BytesIO()
        self._image.reduce(_SCALE).save(out, "PNG", optimize=True)
        return out.getvalue()
