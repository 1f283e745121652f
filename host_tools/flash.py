"""Puts an install onto a board so that the board runs the old one or the new one, never a mixture.

The firmware lies in two slots, the folders a and b of the board; `/slot` names the one in use. A
new install goes into the other slot and is compared there file by file. Then `/slot.try` names it
for one start. When it answers HELLO it names itself in `/slot`; until then, any restart is of the
old one. Both names change by a rename, which littlefs does at once or not at all.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from typing import Any

from host_tools import bench, room
from host_tools.board_files import Files, FlashError, Progress, Report, no_progress, sums
from host_tools.boards import ARCHITECTURES, Board
from host_tools.install import PIXELS, RESERVE, Install
from host_tools.raw_repl import ExecError, RawRepl, ReplError, reset_to_main

__all__ = ["SLOTS", "Files", "FlashError", "Progress", "Report", "flash", "hello", "write"]

SLOTS = ("a", "b")
# A board that starts has to import its firmware first.
_START_TIMEOUT = 30.0
_ASK_AGAIN = 0.3
# An install that cannot run says so within so many seconds of its start.
_FAILS_WITHIN = 5.0
# ENOSPC, as MicroPython's ports tell it.
_FULL = re.compile(r"OSError: (\[Errno 28\]|28\b)")


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
    try:
        repl.exec("import smets")
    except ExecError as error:
        text = "make uf2 and mip bring it; without --installed it is sent"
        raise FlashError(f"the board has no firmware ({error.last}): {text}") from error
    text = repl.exec(
        "from smets import __version__, devices, runtime\n"
        f"made = devices.build({install.role!r}, runtime.open_store({install.role!r}))\n"
        "gc.collect()\n"
        "print(gc.mem_free(), __version__)"
    )
    free, _, version = text.strip().partition(" ")
    if version != install.version:
        raise FlashError(f"firmware {version} is on the board, not {install.version}")
    shown = json.loads(install.files["device.json"]).get("panel")
    reserve = RESERVE * board.word // 4 + (PIXELS[shown["driver"]] if shown else 0)
    if int(free) < reserve:
        raise FlashError(f"a {install.role} leaves {free} octets of heap, it needs {reserve}")


def write(repl: RawRepl, install: Install, report: Report, progress: Progress) -> None:
    """Bring an install into the slot that is not in use, and name it for one start."""
    files = Files(repl, report, progress)
    in_use = files.read("/slot")
    # This comes first, because the slot that the file names is about to change.
    files.remove("/slot.try")
    if in_use and files.tree(f"/{in_use}") == sums(f"/{in_use}", install.files):
        report.slot = in_use
        report.kept = len(install.files)
    else:
        report.slot = SLOTS[1] if in_use == SLOTS[0] else SLOTS[0]
        files.fill(f"/{report.slot}", install.files, f"/{in_use}" if in_use else "")
    for name, data in install.root.items():
        files.replace(f"/{name}", data)
    if report.slot != in_use:
        files.name("/slot.try", report.slot)


def flash(port: str, install: Install, board: Board, progress: Progress = no_progress) -> Report:
    """Put an install onto the board at a port, and see it answer.

    FlashError says what happened; whatever did, the board runs an install that is whole.
    """
    report = Report()
    try:
        with RawRepl(port, watchdog=board.watchdog) as repl:
            try:
                _check(repl, install, board)
                write(repl, install, report, progress)
            except (FlashError, ReplError) as error:
                # The line works, so the board goes on with the install that it has.
                full = _give_up(repl, port, report, error)
                with suppress(ReplError):
                    repl.to_main()
                if full:
                    raise FlashError(full) from error
                raise
            repl.to_main()
    except ExecError as error:
        raise FlashError(f"the board says: {error.last}") from error
    except ReplError as error:
        raise FlashError(str(error)) from error
    progress("starting", 0, 1)
    try:
        answer = hello(port, restart=False)
    except bench.BenchError as error:
        why = _why_not(port, report.slot)
        raise FlashError(f"the new install does not run{why}; {_fall_back(port)}") from error
    expected = {"firmware": install.version, "device": install.role.upper()}
    expected["build"] = install.build
    if {key: answer.get(key) for key in expected} != expected:
        why = _why_not(port, report.slot) or f": {json.dumps(answer)} answers"
        raise FlashError(f"the new install does not run{why}; {_fall_back(port)}")
    progress("starting", 1, 1)
    report.hello = answer
    return report


def _give_up(repl: RawRepl, port: str, report: Report, error: Exception) -> str:
    """On a flash that is full: take the half of an install away; says what else could go."""
    if not isinstance(error, ExecError) or not _FULL.match(error.last):
        return ""
    with suppress(FlashError, ReplError):
        files = Files(repl, Report())
        in_use = files.read("/slot")
        if report.slot and report.slot != in_use:
            files.fill(f"/{report.slot}", {})
        advice = room.advice(room.parse(repl.exec(room.SIZES)), port, in_use)
        return f"the flash is full (28, ENOSPC): the board keeps what it ran. {advice}"
    return ""


def _why_not(port: str, slot: str) -> str:
    """What an install raises as it starts, if that is the matter; it is left at its REPL."""
    code = f"import sys\nsys.path.insert(0, '/{slot}')\nfrom smets import runtime\n"
    try:
        with RawRepl(port) as repl:
            # One that does not fail serves its line until it is restarted.
            repl.exec(f"{code}runtime.main('/{slot}', None)", timeout=_FAILS_WITHIN)
    except ExecError as error:
        return f": {error.last}"
    except ReplError:
        pass
    return ""


def _fall_back(port: str) -> str:
    """Restart a board whose new install does not answer; says what runs then."""
    try:
        reset_to_main(port)
        return f"the older one runs again: {json.dumps(hello(port))}"
    except (bench.BenchError, ReplError) as error:
        return f"nor does an older one: {error}"
