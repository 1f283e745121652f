"""Puts an install onto a board so that the board runs the old one or the new one, never a mixture.

The firmware lies in two slots, the folders a and b of the board; `/slot` names the one in use. A
new install goes into the other slot and is compared there file by file. Then `/slot.try` names it
for one start. When it answers HELLO it names itself in `/slot`; until then, any restart is of the
old one. Both names change by a rename, which littlefs does at once or not at all.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from host_tools import bench
from host_tools.boards import ARCHITECTURES, Board
from host_tools.install import RESERVE, Install
from host_tools.raw_repl import ExecError, RawRepl, ReplError, reset_to_main

__all__ = ["SLOTS", "Files", "FlashError", "Progress", "Report", "flash", "hello", "write"]

SLOTS = ("a", "b")
# Files go over the line in pieces of this many octets, which a small heap can compile.
_PIECE = 2048
# A board that starts has to import its firmware first.
_START_TIMEOUT = 30.0
_ASK_AGAIN = 0.3

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
        except OSError: pass
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


def _no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


def hello(port: str, timeout: float = 0, restart: bool = True) -> dict[str, Any]:
    """The answer to HELLO of the firmware on a board; BenchError if it gives none in time.

    `timeout` in seconds, 0 for what a board takes to start. With `restart`, a board that is at its
    REPL is made to run its firmware first.
    """
    deadline = time.monotonic() + (timeout or _START_TIMEOUT)
    error: bench.BenchError | None = None
    while time.monotonic() < deadline:
        try:
            with bench.BenchClient(bench.SerialTransport(port), timeout=_ASK_AGAIN) as client:
                return _ask(client, deadline if not restart else time.monotonic() + 1)
        except bench.BenchError as problem:
            error = problem
        if restart:
            restart = False
            with suppress(ReplError):
                reset_to_main(port)
        time.sleep(0.05)
    raise bench.BenchError(f"{port}: no answer to HELLO: {error}")


def _ask(client: bench.BenchClient, deadline: float) -> dict[str, Any]:
    """Ask until there is an answer: a board that starts may lose a question."""
    while True:
        try:
            return client.control("HELLO")
        except (bench.BenchError, ValueError) as error:
            if time.monotonic() > deadline or "within" not in str(error):
                raise bench.BenchError(str(error)) from error


class Files:
    """The files of a board, by its raw REPL."""

    def __init__(self, repl: RawRepl, report: Report, progress: Progress = _no_progress) -> None:
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
        """Octets of the file system that are free."""
        return int(self._exec("s = os.statvfs('/')\nprint(s[0] * s[3])"))

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
        found, wanted = self.tree(folder), _sums(folder, files)
        if not alone:
            found = {path: digest for path, digest in found.items() if path in wanted}
        differing = {path for path, _ in found.items() ^ wanted.items()}
        if differing:
            raise FlashError(f"not written as sent: {', '.join(sorted(differing))}")
        self._progress("comparing", 1, 1)


def _sums(folder: str, files: dict[str, bytes]) -> dict[str, str]:
    """What `Files.tree` gives for these files."""
    return {f"{folder}/{path}": hashlib.sha256(data).hexdigest() for path, data in files.items()}


def _check(repl: RawRepl, install: Install, board: Board) -> None:
    """Compare the board at hand with what is known of its kind; FlashError if they differ."""
    text = repl.exec("import sys, gc; print(getattr(sys.implementation, '_mpy', 0))")
    version, arch = int(text) & 0xFF, int(text) >> 10
    if version != 6:
        raise FlashError(f"the board takes .mpy files of version {version}, not 6")
    wanted = ARCHITECTURES.index(board.arch)
    arms = range(ARCHITECTURES.index("armv6"), ARCHITECTURES.index("armv7emdp") + 1)
    # A larger Arm runs the code of a smaller one.
    if wanted and not (wanted == arch or (wanted in arms and arch in arms and wanted < arch)):
        is_arch = ARCHITECTURES[arch] if arch < len(ARCHITECTURES) else str(arch)
        raise FlashError(
            f"this is no {board.name}: it runs {is_arch or 'no machine'} code, not {board.arch}"
        )
    if install.installed:
        _check_installed(repl, install, board)


def _check_installed(repl: RawRepl, install: Install, board: Board) -> None:
    """The firmware that is on the board already: its version, and the role in its heap."""
    text = repl.exec(
        "from smets import __version__, devices, runtime\n"
        f"made = devices.build({install.role!r}, runtime.open_store({install.role!r}))\n"
        "gc.collect()\n"
        "print(gc.mem_free(), __version__)"
    )
    free, _, version = text.strip().partition(" ")
    if version != install.version:
        raise FlashError(f"firmware {version} is on the board, not {install.version}")
    reserve = RESERVE * board.word // 4
    if int(free) < reserve:
        raise FlashError(f"a {install.role} leaves {free} octets of heap, it needs {reserve}")


def write(repl: RawRepl, install: Install, report: Report, progress: Progress) -> None:
    """Bring an install into the slot that is not in use, and name it for one start."""
    files = Files(repl, report, progress)
    in_use = files.read("/slot")
    # This comes first, because the slot that the file names is about to change.
    files.remove("/slot.try")
    if in_use and files.tree(f"/{in_use}") == _sums(f"/{in_use}", install.files):
        report.slot = in_use
        report.kept = len(install.files)
    else:
        report.slot = SLOTS[1] if in_use == SLOTS[0] else SLOTS[0]
        files.fill(f"/{report.slot}", install.files, f"/{in_use}" if in_use else "")
    for name, data in install.root.items():
        files.replace(f"/{name}", data)
    if report.slot != in_use:
        files.name("/slot.try", report.slot)


def flash(port: str, install: Install, board: Board, progress: Progress = _no_progress) -> Report:
    """Put an install onto the board at a port, and see it answer.

    FlashError says what happened; whatever did, the board runs an install that is whole.
    """
    report = Report()
    try:
        with RawRepl(port) as repl:
            try:
                _check(repl, install, board)
                write(repl, install, report, progress)
            except (FlashError, ReplError):
                # The line works, so the board goes on with the install that it has.
                with suppress(ReplError):
                    repl.to_main()
                raise
            repl.to_main()
    except ExecError as error:
        raise FlashError(f"the board says: {error}") from error
    except ReplError as error:
        raise FlashError(str(error)) from error
    progress("starting", 0, 1)
    try:
        answer = hello(port, restart=False)
    except bench.BenchError as error:
        raise FlashError(f"the new install does not answer; {_fall_back(port)}") from error
    expected = {"firmware": install.version, "device": install.role.upper()}
    expected["build"] = install.build
    if {key: answer.get(key) for key in expected} != expected:
        raise FlashError(
            f"another install answers: {json.dumps(answer)}, expected {json.dumps(expected)}"
        )
    progress("starting", 1, 1)
    report.hello = answer
    return report


def _fall_back(port: str) -> str:
    """Restart a board whose new install does not answer; says what runs then."""
    try:
        reset_to_main(port)
        return f"the older one runs again: {json.dumps(hello(port))}"
    except (bench.BenchError, ReplError) as error:
        return f"nor does an older one: {error}"
