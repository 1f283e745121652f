"""Text as the tools of other systems write it: with a byte order mark, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

__all__ = ["decode_text", "read_stdin", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_text(data: bytes) -> str:
    """The text without its byte order mark, by which UTF-16 is known; UnicodeDecodeError."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    return data.decode()


def read_text(path: Path) -> str:
    """The text of a file; OSError, or UnicodeDecodeError (a ValueError)."""
    return decode_text(path.read_bytes())


def read_stdin() -> str:
    """The text of standard input; UnicodeDecodeError (a ValueError)."""
    return decode_text(sys.stdin.buffer.read())
