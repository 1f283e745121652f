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


def decode_text(data: bytes, errors: str = "strict") -> str:
    """The text without its byte order mark, by which UTF-16 is known.

    Octets that are no text raise UnicodeDecodeError, unless `errors` says "replace".
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors)
    return data.decode(errors=errors)


def read_text(path: Path, errors: str = "strict") -> str:
    """The text of a file; OSError, or UnicodeDecodeError (a ValueError)."""
    return decode_text(path.read_bytes(), errors)


def read_stdin(errors: str = "strict") -> str:
    """The text of standard input; UnicodeDecodeError (a ValueError)."""
    return decode_text(sys.stdin.buffer.read(), errors)
