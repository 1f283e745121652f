"""What is printed, and where it goes: text from outside is made harmless, streams end quietly.

What a device says may hold control characters (of a terminal, of a spreadsheet, of markup). Each
kind of output has its one function here; HTML is escaped by its templates.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = [
    "EXIT_INTERNAL",
    "EXIT_USAGE",
    "cell",
    "complain",
    "distinct",
    "in_colour",
    "lines",
    "plain",
    "reason",
    "run",
    "say",
    "xml_text",
]

EXIT_USAGE = 2
EXIT_INTERNAL = 70  # an error of this program, as sysexits.h has it
EXIT_PIPE = 141  # as a shell tells a process that a closed pipe ended

# Controls (C0, DEL, C1), separators that break a line, marks that turn the order of text, and
# halves of surrogate pairs.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EFFECTIVE = os.access in os.supports_effective_ids  # not everywhere
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def plain(text: str) -> str:
    """One line of text for a terminal or log: what is no printable character is escaped."""
    return _UNSAFE.sub(_escape, text)


def lines(text: str) -> str:
    """The same for text of several lines."""
    return "\n".join(plain(line) for line in text.split("\n"))


def cell(text: str) -> str:
    """Text for a cell of a table: a spreadsheet takes it for no formula."""
    safe = plain(text)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe


def xml_text(text: str) -> str:
    """Text for XML 1.0, which has no place for most control characters."""
    return _NOT_XML.sub("\ufffd", text)


def in_colour() -> bool:
    """Whether what is printed goes to a terminal, or FORCE_COLOR wants it as for one."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def say(text: str = "") -> None:
    """Print lines that may hold what came from outside."""
    print(lines(text))


def complain(text: str) -> None:
    """The same on standard error; there is no other place to tell that it cannot be written."""
    try:
        print(lines(text), file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError:
        pass


def reason(error: BaseException) -> str:
    """What an error says, in words: a file's name before what is wrong with it, no numbers."""
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror}"
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])  # str() of it would be quoted
    return str(error)


def distinct(outputs: Iterable[Path | None], inputs: Iterable[Path | str | None] = ()) -> None:
    """Raise ValueError where an output is an input, or two outputs are one: one would be lost.

    "-" is standard input, None a path that is not given. Where an output cannot be written, it
    raises OSError, or ValueError for a folder that is not there.
    """
    given = [path for path in inputs if path is not None]
    read = [Path(path) for path in given if path != "-"]
    written: list[Path] = []
    for path in outputs:
        if path is None:
            continue
        _check_place(path)
        for other in read:
            if _same(path, other):
                raise ValueError(f"{path}: is an input, and would be overwritten")
        if "-" in given and _is_stdin(path):
            raise ValueError(f"{path}: is standard input, and would be overwritten")
        for other in written:
            if _same(path, other):
                raise ValueError(f"{path}: two outputs have this name")
        written.append(path)


def _check_place(path: Path) -> None:
    """Raise what writing the file would raise, before the work that makes its content."""
    number = 0
    if path.is_dir():
        number = errno.EISDIR
    elif not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    elif not os.access(path if path.exists() else path.parent, os.W_OK, effective_ids=_EFFECTIVE):
        number = errno.EACCES
    if number:
        raise OSError(number, os.strerror(number), str(path))


def _same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists():
            return one.samefile(other) and not _endless(one)
        return one.resolve() == other.resolve()
    except (OSError, ValueError):  # there is no such name, and opening it will tell
        return False


def _is_stdin(path: Path) -> bool:
    try:
        found = os.fstat(0)
        return stat.S_ISREG(found.st_mode) and os.path.samestat(found, path.stat())
    except (OSError, ValueError):  # standard input is closed, or the output not there yet
        return False


def _endless(path: Path) -> bool:
    return path.is_char_device() or path.is_fifo()  # a terminal, /dev/null: nothing is lost


def run(command: Callable[[], object]) -> int:
    """Run a command line in a process of its own; returns its exit status.

    Characters that the output cannot show are replaced. An output that cannot be written is one
    line and status 2, a pipe that closes ends quietly, any error of this program is status 70.
    """
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = _status(command)
        sys.stdout.flush()
    except BrokenPipeError:
        status = EXIT_PIPE
    except OSError as error:
        status = EXIT_USAGE
        complain(f"smets: {'' if error.filename else 'output: '}{reason(error)}")
    except Exception:
        status = EXIT_INTERNAL
        complain(traceback.format_exc().rstrip())
        complain("smets: an error of this program, not of its input: please report it")
    _let_go(sys.stdout)
    _let_go(sys.stderr)
    return status


def _open_closed() -> None:
    """Give streams that were closed from the start a place, else the next file would take it.

    Writing to such a standard output fails, as the system has it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        null = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
        if null != number:  # the lowest that is free, so it is only where others were opened
            os.dup2(null, number)
            os.close(null)
        mode = "r" if name == "stdin" else "w"
        stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)


def _status(command: Callable[[], object]) -> int:
    out = sys.stdout
    try:
        command()
    except SystemExit as end:
        # So typer says that a pipe has closed; rich says it with a status of its own.
        if sys.stdout is not out or isinstance(end.__context__, BrokenPipeError):
            raise BrokenPipeError(errno.EPIPE, "closed") from None
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        complain(str(end.code))
        return 1
    return 0


def _let_go(stream: object) -> None:
    """Flush, or drop what cannot be: the interpreter would complain of it as it ends."""
    try:
        stream.flush()  # pyright: ignore
    except (OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1 if stream is sys.stdout else 2)
        os.close(null)
