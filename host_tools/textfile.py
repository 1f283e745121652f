"""Text as the tools of other systems write it: with a byte order mark, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import io
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

__all__ = ["decode_text", "open_again", "read_stdin", "read_text"]

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
    """The text of a file; OSError, or ValueError that names the file and the wrong octet."""
    data = path.read_bytes()
    try:
        return decode_text(data, errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not text: octet {error.start}: {error.reason}") from error


def read_stdin(errors: str = "strict") -> str:
    """The text of standard input; ValueError that names the wrong octet."""
    data = sys.stdin.buffer.read()
    try:
        return decode_text(data, errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"standard input: not text: octet {error.start}") from error


@contextmanager
def open_again(path: Path | None) -> Generator[TextIO]:
    """Open a file, or standard input without a path, whose lines can be read more than once.

    What cannot be read again from its start (a pipe) goes to a temporary file first. Octets that
    are no text are replaced. OSError.
    """
    with tempfile.TemporaryFile() as kept:
        source = sys.stdin.buffer if path is None else path.open("rb")
        try:
            data: BinaryIO = source
            if path is None or not source.seekable():
                shutil.copyfileobj(source, kept)
                kept.seek(0)
                data = kept
            yield _text_of(data)
        finally:
            if path is not None:
                source.close()


def _text_of(data: BinaryIO) -> TextIO:
    """Lines of a file that is at its start; a byte order mark is none of them."""
    begin = data.read(max(len(mark) for mark, _ in _MARKS))
    data.seek(0)
    for mark, encoding in _MARKS:
        if begin.startswith(mark):
            # These two take the mark away, also where the file is read again.
            known = "utf-8-sig" if encoding == "utf-8" else "utf-16"
            return io.TextIOWrapper(data, encoding=known, errors="replace")
    return io.TextIOWrapper(data, encoding="utf-8", errors="replace")
