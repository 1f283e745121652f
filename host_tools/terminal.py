"""Tables, colours and bars on a terminal: rich's console, whose text is made harmless.

Rich takes longer to import than many a command takes to run, so this is no part of
`host_tools.console`, and commands import it where they print.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import rich.console
from rich.segment import Segment

from host_tools.console import lines

__all__ = ["Console"]


class Console(rich.console.Console):
    """A console whose text is made harmless, and in which brackets are no markup."""

    def __init__(self, **options: Any) -> None:
        """Take the options of rich's console."""
        options.setdefault("markup", False)
        super().__init__(**options)

    def on_broken_pipe(self) -> None:
        """Leave it to `run`, for all commands alike."""
        raise BrokenPipeError(errno.EPIPE, "closed")

    def render(
        self,
        renderable: rich.console.RenderableType,
        options: rich.console.ConsoleOptions | None = None,
    ) -> Iterator[Segment]:
        """Render, as rich does, to segments without control characters of the text's own."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=lines(segment.text))
