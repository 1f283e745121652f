"""Messages as a command line takes them: hexadecimal, a file of lines, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["InputError", "read_messages"]


class InputError(Exception):
    """What was given is neither hexadecimal nor a file of it; says where."""


def read_messages(source: str) -> list[bytes]:
    """The messages of `source`: "-", hexadecimal digits, or a path; one message a line.

    Blank lines are passed over. InputError names the line and the first wrong character.
    """
    if source == "-":
        text, name = sys.stdin.read(), "stdin"
    elif _is_hex("".join(source.split())):
        text, name = source, "argument"
    else:
        try:
            text, name = Path(source).read_text(encoding="ascii"), source
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise InputError(f"{source[:64]}: neither hexadecimal nor a file: {reason}") from error
    messages: list[bytes] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = "".join(line.split())
        if line:
            messages.append(_octets(line, f"{name}, line {number}"))
    if not messages:
        raise InputError(f"{name}: no message")
    return messages


def _is_hex(text: str) -> bool:
    return bool(text) and all(char in "0123456789abcdefABCDEF" for char in text)


def _octets(digits: str, where: str) -> bytes:
    for index, char in enumerate(digits):
        if char not in "0123456789abcdefABCDEF":
            raise InputError(f"{where}: character {index + 1} is {char!r}, not hexadecimal")
    if len(digits) % 2:
        raise InputError(f"{where}: an odd number of digits")
    return bytes.fromhex(digits)
