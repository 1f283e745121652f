"""The files of a board, over its raw REPL: sent in pieces, compared by hash, named by a rename."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from host_tools.raw_repl import RawRepl

__all__ = ["Files", "FlashError", "Progress", "Report", "no_progress", "sums"]

# Files go over the line in pieces of this many octets, which a small heap can compile.
_PIECE = 2048

# Defined on the board once; each name begins with _f, so that nothing there is overwritten.
_HELPERS = """
import os, sys, gc
import hashlib as _fh
def _fsum(p):
    h = _fh.sha256()
    b = bytearray(512)
    v = memoryview(b)
    with open(p, 'rb') as f:
        while True:
            n = f.readinto(b)
            if not n: break
            h.update(v[:n])
    return h.digest().hex()
def _ftree(d):
    try: l = list(os.ilistdir(d))
    except OSError: l = []
    for e in l:
        p = d + '/' + e[0]
        if e[1] & 0x4000: _ftree(p)
        else: print(_fsum(p), p)
def _fempty(d):
    try: l = list(os.ilistdir(d))
    except OSError: return
    for e in l:
        if e[1] & 0x4000: _fempty(d + '/' + e[0])
    try: os.rmdir(d)
    except OSError: pass
def _fdirs(p):
    i = p.find('/', 1)
    while i > 0:
        try: os.mkdir(p[:i])
        except OSError as e:
            if e.args[0] != 17: raise  # EEXIST; a full flash has no room for a folder
        i = p.find('/', i + 1)
def _fcopy(a, b):
    _fdirs(b)
    with open(a, 'rb') as f, open(b, 'wb') as g:
        while True:
            d = f.read(512)
            if not d: break
            g.write(d)
def _fput(p, d, m='wb'):
    with open(p, m) as f: f.write(d)
def _fname(p, t):
    _fput(p + '.new', t)
    os.rename(p + '.new', p)
def _fgone(p):
    try: os.remove(p)
    except OSError: pass
def _ftry(p):
    try: return _fsum(p)
    except OSError: return ''
def _fread(p):
    try:
        with open(p) as f: return f.read().strip()
    except OSError: return ''
"""


class FlashError(Exception):
    """The board does not take the install; the text says why, and what the board runs now."""


@dataclass
class Report:
    """Figures of what was done."""

    slot: str = ""
    sent: int = 0  # files over the line
    copied: int = 0  # files from the other slot
    kept: int = 0  # files that were there
    removed: int = 0
    octets: int = 0  # over the line
    hello: dict[str, Any] | None = None


# Called with (what is being done, octets or files done, of how many).
Progress = Callable[[str, int, int], None]


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


class Files:
    """The files of a board, by its raw REPL."""

    def __init__(self, repl: RawRepl, report: Report, progress: Progress = no_progress) -> None:
        self.report = report
        self._exec = repl.exec
        self._progress = progress
        self._exec(_HELPERS)

    def tree(self, folder: str) -> dict[str, str]:
        """Path -> hash of the files below a folder."""
        lines = self._exec(f"_ftree({folder!r})").split("\n")
        pairs = [line.strip().partition(" ") for line in lines if line.strip()]
        return {path: digest for digest, _, path in pairs}

    def fill(
        self, folder: str, files: dict[str, bytes], other: str = "", alone: bool = True
    ) -> None:
        """Make a folder hold these files, and no others if `alone`; FlashError where that failed.

        What lies in the folder `other` as well is copied on the board. What changes is not safe
        from power cuts meanwhile: fill a folder that is not in use.
        """
        wanted = {f"{folder}/{path}": data for path, data in files.items()}
        there = self.tree(folder)
        sources = {digest: path for path, digest in self.tree(other).items()} if other else {}
        unwanted = set(there) - set(wanted) if alone else set[str]()
        for path in unwanted:
            self._exec(f"_fgone({path!r})")
            self.report.removed += 1
        if unwanted:
            # A folder without files takes two blocks of littlefs.
            self._exec(f"_fempty({folder!r})")
        missing: dict[str, bytes] = {}
        copies: list[tuple[str, str]] = []
        for path, data in wanted.items():
            digest = hashlib.sha256(data).hexdigest()
            if there.get(path) == digest:
                self.report.kept += 1
            elif digest in sources:
                copies.append((sources[digest], path))
            else:
                missing[path] = data
        for number, (source, path) in enumerate(copies, 1):
            self._progress("copying on the board", number, len(copies))
            self._exec(f"_fcopy({source!r}, {path!r})")
            self.report.copied += 1
        total = sum(map(len, missing.values()))
        for path, data in missing.items():
            self._send(path, data, total)
        self._compare(folder, files, alone)

    def free(self) -> int:
        """Octets of the file system that are free.

        littlefs counts blocks that two files share twice, so that a full one may have fewer than
        none free: a large number.
        """
        return int(self._exec("s = os.statvfs('/')\nprint(s[0] * s[3] * (s[3] <= s[2]))"))

    def replace(self, path: str, data: bytes) -> None:
        """Give a file this content, at once or not at all."""
        digest = hashlib.sha256(data).hexdigest()
        if self._exec(f"print(_ftry({path!r}))").strip() == digest:
            return
        self._send(path + ".new", data, 0)
        if self._exec(f"print(_fsum({path + '.new'!r}))").strip() != digest:
            raise FlashError(f"not written as sent: {path}")
        self._exec(f"os.rename({path + '.new'!r}, {path!r})")

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        self._exec(f"_fgone({path!r})")

    def read(self, path: str) -> str:
        """The text of a short file without white space around it; empty without a file."""
        return self._exec(f"print(_fread({path!r}))").strip()

    def name(self, path: str, text: str) -> None:
        """Write a short text, at once or not at all."""
        self._exec(f"_fname({path!r}, {text!r})")

    def _send(self, path: str, data: bytes, total: int) -> None:
        """Send a file to a place on the board that is not in use."""
        self._exec(f"_fdirs({path!r})\n_fput({path!r}, {data[:_PIECE]!r})")
        self._sent(len(data[:_PIECE]), total)
        for start in range(_PIECE, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            self._exec(f"_fput({path!r}, {piece!r}, 'ab')")
            self._sent(len(piece), total)
        self.report.sent += 1

    def _sent(self, octets: int, total: int) -> None:
        self.report.octets += octets
        self._progress("sending", self.report.octets, max(total, self.report.octets))

    def _compare(self, folder: str, files: dict[str, bytes], alone: bool) -> None:
        self._progress("comparing", 0, 1)
        found, wanted = self.tree(folder), sums(folder, files)
        if not alone:
            found = {path: digest for path, digest in found.items() if path in wanted}
        differing = {path for path, _ in found.items() ^ wanted.items()}
        if differing:
            raise FlashError(f"not written as sent: {', '.join(sorted(differing))}")
        self._progress("comparing", 1, 1)


def sums(folder: str, files: dict[str, bytes]) -> dict[str, str]:
    """What `Files.tree` gives for these files."""
    return {f"{folder}/{path}": hashlib.sha256(data).hexdigest() for path, data in files.items()}
