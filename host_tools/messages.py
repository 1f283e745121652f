"""Messages as a command line takes them: an argument, a file of lines, or standard input.

A message is hexadecimal (octets may be apart by blanks, colons, dashes or commas, with or without
0x, in any case) or base64; dumps of `xxd` and `hexdump -C` are read, too. A line holds one message
or several; a line that begins none goes on with the one before it. Blocks of
General-Block-Transfer are joined.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from host_tools.gbcs import gbt, header
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.textfile import read_stdin, read_text

__all__ = ["Input", "InputError", "is_pre_command", "read_inputs", "read_messages", "to_octets"]

_PREFIX = re.compile(r"(?<![0-9a-f])0x|\\x", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s:,-]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
# A line of xxd, or of hexdump -C: place, octets, and the octets as text.
_DUMP = re.compile(
    r"[0-9a-f]{8}(?:: (?P<x>(?:[0-9a-f]{2,4} )+) .*|  (?P<h>(?:[0-9a-f]{2} {1,2})+) *\|.*\|)?",
    re.IGNORECASE,
)
_STARTS = (header.GENERAL_CIPHERING, header.GENERAL_SIGNING, gbt.TAG)


class InputError(Exception):
    """The input is neither a message nor a file of messages; the text says where."""


@dataclass(frozen=True)
class Input:
    """A message and its place; `error` says why there are no octets, `note` what was done."""

    where: str
    octets: bytes = b""
    error: str = ""
    note: str = ""


def to_octets(text: str) -> bytes:
    """The octets of one line, hexadecimal or base64; ValueError says what is wrong with it."""
    digits = _digits(text)
    wrong = re.search("[^0-9A-Fa-f]", digits)
    if not wrong:
        if len(digits) % 2:
            what = f"{len(digits)} hex digits: half an octet at the end"
            raise ValueError(f"an odd number of digits ({what})")
        return bytes.fromhex(digits)
    octets = _from_base64(text)
    if octets is not None and octets[:1] in (bytes([first]) for first in _STARTS):
        return octets
    place = text.index(wrong[0]) + 1
    raise ValueError(f"character {place} is {wrong[0]!r}, not hexadecimal")


def _digits(text: str) -> str:
    return _SEPARATORS.sub("", _PREFIX.sub("", text))


def _from_base64(text: str) -> bytes | None:
    packed = "".join(text.split())
    if not _BASE64.fullmatch(packed):
        return None
    padded = packed.rstrip("=") + "=" * (-len(packed.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.translate({45: "+", 95: "/"}), validate=True)
    except binascii.Error:
        return None


def is_pre_command(octets: bytes) -> bool:
    """Whether octets are a command before it is sent, without signature and MAC."""
    try:
        split = header.read(Reader(octets), Node("message", 0, len(octets)))
    except DecodeError:
        return False
    return split.pre_command and split.header.cra == 1


def read_inputs(source: str, argument: str = "argument") -> list[Input]:
    """The messages of `source`: "-" (standard input), a path, or the text of messages itself.

    Blank lines are passed over; text itself is called `argument`. InputError where there is
    nothing to read.
    """
    name, text = _read(source, argument)
    found: list[tuple[str, str]] = []  # place and text of each message
    for number, line in _undumped(list(enumerate(text.splitlines(), 1))):
        if not line.strip():
            continue
        if found and not _begins(line) and _joins(found[-1][1], line):
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        else:
            found.append((f"{name}, line {number}", line.strip()))
    if not found:
        raise InputError(f"{name}: no message given")
    return _joined(_input(where, line) for where, line in found)


def read_messages(source: str) -> list[Input]:
    """The same where each has to be a message; InputError names the first wrong one."""
    inputs = read_inputs(source)
    for item in inputs:
        if item.error:
            raise InputError(f"{item.where}: {item.error}")
    return inputs


def _undumped(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The numbered lines, or of a dump the octets of each file in it as one line."""
    found: list[tuple[int, str]] = []
    for number, line in lines:
        if not line.strip():
            continue
        # An octet's text may be cut off where it is blank.
        dump = _DUMP.fullmatch(line.strip()) or _DUMP.fullmatch(f"{line.strip()}  ")
        octets = dump and (dump["x"] or dump["h"])
        if not dump or (octets is None and not found):
            return lines
        if int(line.split()[0].rstrip(":"), 16) == 0 or not found:
            found.append((number, ""))
        found[-1] = (found[-1][0], found[-1][1] + (octets or ""))
    return found


def _read(source: str, argument: str) -> tuple[str, str]:
    try:
        if source == "-":
            return "stdin", read_stdin()
        if not source.strip() or (not _is_file(source) and _is_text(source)):
            return argument, source
        return source, read_text(Path(source))
    except ValueError:
        raise InputError(f"{source[:64]}: not text, so no file of messages") from None
    except OSError as error:
        what = f"neither hexadecimal nor a file: {error.strerror}"
        raise InputError(f"{source[:64]}: {what}") from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a character that none has
        return False


def _is_text(source: str) -> bool:
    """Whether an argument is meant as messages, be they right or not."""
    lines = [line for line in source.splitlines() if line.strip()]
    digits = [_digits(line) for line in lines]
    if lines and all(re.fullmatch("[0-9A-Fa-f]*", line) for line in digits):
        return True
    return bool(lines) and _begins(lines[0])


def _begins(line: str) -> bool:
    try:
        return to_octets(line)[:1] in (bytes([first]) for first in _STARTS)
    except ValueError:
        return False


def _joins(before: str, line: str) -> bool:
    """Whether a line goes on with a message that began on a line before it, and is not whole."""
    if not _begins(before.split("\n")[0]):
        return False
    try:
        to_octets(f"{before}\n{line}")
        octets = to_octets(before)
        if octets[0] == gbt.TAG:
            return not any(gbt.is_last(block) for block in gbt.cut(octets))
        header.read(Reader(octets), Node("message", 0, len(octets)))
    except DecodeError:
        return True
    except ValueError:
        pass
    return False


def _input(where: str, line: str) -> Input:
    try:
        return Input(where, to_octets(line))
    except ValueError as error:
        return Input(where, error=str(error))


def _joined(inputs: Iterable[Input]) -> list[Input]:
    """Join blocks: one message for those that belong together, an error for those that do not."""
    out: list[Input] = []
    blocks: list[bytes] = []
    first = ""
    for item in (piece for given in inputs for piece in _cut(given)):
        if item.error or item.octets[:1] != bytes([gbt.TAG]):
            if blocks:
                out.append(_broken(first, len(blocks), "the last block is missing"))
                blocks = []
            out.append(item)
            continue
        for block in gbt.cut(item.octets):
            first = first if blocks else item.where
            blocks.append(block)
            if not gbt.is_last(block):
                continue
            try:
                note = f"General-Block-Transfer: {len(blocks)} blocks joined"
                out.append(Input(first, gbt.join(blocks), note=note))
            except DecodeError as error:
                out.append(_broken(first, len(blocks), str(error)))
            blocks = []
    if blocks:
        out.append(_broken(first, len(blocks), "the last block is missing"))
    return out


def _cut(item: Input) -> list[Input]:
    """The messages of a line, apart; blocks that follow each other stay together."""
    pieces: list[bytes] = []
    rest = item.octets
    while rest:
        end = _end(rest)
        if end < len(rest) and rest[end] not in _STARTS:
            end = len(rest)
        if pieces and rest[0] == pieces[-1][0] == gbt.TAG:
            pieces[-1] += rest[:end]
        else:
            pieces.append(rest[:end])
        rest = rest[end:]
    if len(pieces) < 2:
        return [item]
    return [
        replace(item, where=f"{item.where}, message {number}", octets=piece)
        for number, piece in enumerate(pieces, 1)
    ]


def _end(octets: bytes) -> int:
    if octets[0] == gbt.TAG:
        return len(next(gbt.cut(octets)))
    try:
        return header.end(octets)
    except DecodeError:
        return len(octets)


def _broken(where: str, count: int, why: str) -> Input:
    return Input(where, error=f"General-Block-Transfer, {count} blocks, not joined: {why}")
