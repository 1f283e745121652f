"""A film (GIF) of the screens of the displays, as the firmware draws them on a colour panel."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from host_tools.screens import Picture, png

__all__ = ["Film"]

_SCALE = 2
_MARGIN = 12
_LINE = 34
_TEXT = 20
_GROUND, _INK = (24, 27, 34), (230, 233, 240)
# Milliseconds that a picture stays, and the last one.
_FRAME, _LAST = 110, 4000


class Film:
    """Pictures of both displays side by side, a line of text below; `save` writes them."""

    def __init__(self) -> None:
        self._frames: list[Image.Image] = []
        self._times: list[int] = []
        self._font = ImageFont.load_default(_TEXT)

    def add(self, pictures: list[Picture], caption: str) -> None:
        """Take the next moment; if it equals the last one, that picture stays longer."""
        width = sum(one.width * _SCALE + _MARGIN for one in pictures) + _MARGIN
        height = max(one.height for one in pictures) * _SCALE + 2 * _MARGIN + _LINE
        frame = Image.new("RGB", (width, height), _GROUND)
        left = _MARGIN
        for one in pictures:
            with Image.open(BytesIO(png(one, _SCALE))) as shown:
                frame.paste(shown.convert("RGB"), (left, _MARGIN))
            left += one.width * _SCALE + _MARGIN
        ImageDraw.Draw(frame).text(
            (_MARGIN, height - _LINE), caption, fill=_INK, font=self._font, anchor="lt"
        )
        small = frame.quantize(32, dither=Image.Dither.NONE)
        if self._frames and small.tobytes() == self._frames[-1].tobytes():
            self._times[-1] += _FRAME
            return
        self._frames.append(small)
        self._times.append(_FRAME)

    def save(self, path: Path) -> None:
        """Write the GIF; OSError."""
        times = [*self._times[:-1], _LAST]
        self._frames[0].save(
            path, save_all=True, append_images=self._frames[1:], duration=times, loop=0
        )
