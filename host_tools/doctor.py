"""Finds out what is wrong with a board: from its port up to the keys of its device.

Nothing here changes a board, except that `fix` starts a device that does not run, and that a board
at its REPL is looked at with a few lines there.
"""

from __future__ import annotations

import errno
import grp
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import serial
from serial.tools import list_ports

from host_tools import flash, install
from host_tools.bench import AT_REPL, BenchClient, BenchError, open_port
from host_tools.doctor_device import (
    BAD,
    FLASH_AGAIN,
    OK,
    WARN,
    Finding,
    Json,
    of_board,
    of_device,
)
from host_tools.ports import open_serial, why
from host_tools.raw_repl import GUARD, RawRepl, ReplError, reset_to_main

__all__ = ["BAD", "OK", "WARN", "Finding", "candidates", "examine"]

# A device answers within this time, in seconds, unless it computes for long.
_PATIENCE = 3.0
# Seconds for which a board that is silent may still be starting.
_START = 30.0
# A raw REPL answers Ctrl-A at once.
_RAW = 1.0

# What the board says of itself at its REPL; the same as a device that runs (ports/about.py).
_ABOUT = """
import gc, os, sys, json
gc.collect()
r = os.statvfs('/')
n = os.listdir('/')
def t(p):
    try:
        with open(p) as f: return f.read().strip()
    except OSError: return ''
def h(p):
    try: return 'smets' in os.listdir(p)
    except OSError: return False
def u():
    try: import smets
    except ImportError: return False
    return smets.__file__.startswith('/lib/')
print(json.dumps({'micropython': sys.version.split('; ')[-1],
    'machine': getattr(sys.implementation, '_machine', sys.platform), 'heap': gc.mem_free(),
    'flash': r[0] * r[3] * (r[3] <= r[2]), 'flash_size': r[0] * r[2],
    'slots': [x for x in ('a', 'b') if x in n],
    'lib': h('/lib') and (h('/' + t('/slot')) or not u()), 'slot': t('/slot'),
    'trial': t('/slot.try'), 'main': 'main.py' in n}))
"""


def candidates() -> list[tuple[str, str]]:
    """(serial port, what it is) of this machine's USB ports."""
    return [
        (port.device, port.description or "")
        for port in sorted(list_ports.comports())
        if port.vid is not None
    ]


def examine(port: str, fix: bool = False, slots: bool = False) -> Iterator[Finding]:
    """Yield what is found at a port, from the ground up, until something leaves no more to see.

    With `fix` a device that does not run is started. With `slots` a device that runs is
    interrupted, so that its files can be compared, and started again.
    """
    host, _, number = port.rpartition(":")
    local = not (host and number.isdecimal())
    if local:
        found = list(_port(port))
        yield from found
        if any(each.verdict == BAD for each in found):
            return
    state, text = _who_by_now(port)
    if state == "absent":
        yield Finding("port", BAD, text, "start `smets serve` there, or name its address")
        return
    if state != "running":
        yield from _not_running(port, state, text, local and fix, local)
        if not (local and fix):
            return
        state, text = _who(port)
        if state != "running":
            yield Finding("device", BAD, f"does not start: {text or state}", FLASH_AGAIN)
            return
    elif local and slots:
        yield from _slots(port, True)
    with BenchClient(open_port(port), timeout=30) as client:
        yield from of_device(client)


# --- The port ------------------------------------------------------------------------------------


def _port(port: str) -> Iterator[Finding]:
    """Whether a serial port is there, and ours."""
    path = Path(port)
    try:
        status = path.stat()
    except OSError as error:
        others = ", ".join(f"{name} ({what})" for name, what in candidates())
        advice = f"there are: {others}" if others else "plug the board in; no USB port is there"
        yield Finding("port", BAD, f"{port}: {error.strerror}", advice)
        return
    if not stat.S_ISCHR(status.st_mode):
        yield Finding("port", BAD, f"{port} is no serial port", "smets doctor lists the ports")
        return
    ours = os.access in os.supports_effective_ids
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=ours):
        yield Finding("port", BAD, f"{port}: no permission", _permission(status))
        return
    users = _users(path)
    try:
        with open_serial(port, timeout=0):
            pass
    except (OSError, serial.SerialException) as error:
        who = f"end {' and '.join(users)}" if users else "end what has it open"
        text = "in use" if error.errno == errno.EAGAIN else why(error)
        yield Finding("port", BAD, f"{port}: {text}", who)
        return
    if users:
        text = f"{port} is also open in {' and '.join(users)}"
        yield Finding("port", WARN, text, "end it: two readers share what the board says")
        return
    yield Finding("port", OK, port)


def _permission(status: os.stat_result) -> str:
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if status.st_mode & stat.S_IRGRP and status.st_mode & stat.S_IWGRP:
        return f"sudo usermod -aG {group} $USER, then log in again"
    return "its mode gives it to its owner only: look at your udev rules"


def _users(path: Path) -> list[str]:
    """Other processes that have the port open, as far as this user may see them."""
    wanted = os.path.realpath(path)
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        links: set[str] = set()
        with suppress(OSError):
            for link in (folder / "fd").iterdir():
                with suppress(OSError):
                    links.add(os.readlink(link))
        # Who has the other end of a pty is the board.
        if wanted in links and "/dev/ptmx" not in links and "/dev/pts/ptmx" not in links:
            with suppress(OSError):
                name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name} (process {folder.name})")
    return sorted(found)


# --- Who answers ---------------------------------------------------------------------------------


def _who_by_now(port: str) -> tuple[str, str]:
    """See _who; a board that is silent or late may have been plugged in just now."""
    deadline = time.monotonic() + _START
    while True:
        found = _who(port)
        if found[0] not in ("silent", "late") or time.monotonic() > deadline:
            return found


def _who(port: str) -> tuple[str, str]:
    """("running", "repl", "raw", "silent", "late", "other" or "absent", what it said)."""
    try:
        transport = open_port(port)
    except BenchError as error:
        return "absent", str(error)
    with BenchClient(transport, timeout=_PATIENCE) as client:
        try:
            client.control("HELLO")
        except BenchError as error:
            said = str(error)
        else:
            return "running", ""
    if said.startswith(AT_REPL):
        return "repl", ""
    with (
        suppress(OSError, serial.SerialException),
        open_serial(port, timeout=0.05) as line,
    ):
        line.write(b"\r\x01")
        deadline = time.monotonic() + _RAW
        answer = b""
        while b"raw REPL" not in answer and time.monotonic() < deadline:
            answer += line.read(256)
        if b"raw REPL" in answer:
            # At the friendly REPL, too, which is as it was afterwards.
            if b">>> " in answer:
                line.write(b"\x02")
                return "repl", ""
            return "raw", ""
    if re.search(r"it said: (CTRL|LOG|GBCS|ZCL):", said):
        return "late", said  # a device, which has answered what was asked before
    return ("other", said) if "it said" in said else ("silent", said)


_NOT_RUNNING = {
    "repl": "the board is at its REPL: no device runs",
    "raw": "the board is at its raw REPL, where a program left it: no device runs",
    "silent": "nothing answers",
    "late": "a device answers, but late",
    "other": "what answers is no device",
}


def _not_running(port: str, state: str, text: str, fix: bool, local: bool) -> Iterator[Finding]:
    """A board that does not answer HELLO: what it is, and starting it."""
    at_repl = state in ("repl", "raw")
    said = _NOT_RUNNING[state] + (f" ({text})" if state == "other" else "")
    if not local:
        yield Finding("device", BAD, said, "restart what serves this address")
        return
    advice = "smets doctor PORT --fix starts its device"
    if state == "raw":
        advice += f"; it was looked at, so it starts by itself after {GUARD:g} s"
    if not at_repl:
        advice = "reset it (its button), wait, or --fix: it interrupts what runs and restarts it"
    yield Finding("device", WARN if fix else BAD, said, "" if fix else advice)
    if at_repl:
        yield from _slots(port, False, state == "raw")
    if fix:
        try:
            reset_to_main(port)
            flash.hello(port, restart=False)
        except (ReplError, BenchError) as error:
            yield Finding("fix", BAD, f"it was restarted: {error}", FLASH_AGAIN)
        else:
            yield Finding("fix", OK, "the device was started")


def _slots(port: str, restart: bool, raw: bool = False) -> Iterator[Finding]:
    """Look at a board through its raw REPL; compare the files of its install.

    It is restarted or left as it was: with `raw` it restarts by itself after a while (GUARD).
    """
    try:
        with RawRepl(port, soft_reset=False) as repl:
            told: Json = json.loads(repl.exec(_ABOUT))
            if not restart:
                yield from of_board(told)
                if not told["main"]:
                    text = "main.py is missing: nothing starts by itself"
                    yield Finding("main.py", BAD, text, FLASH_AGAIN)
            if told["slot"] in told["slots"]:
                yield _whole(repl, str(told["slot"]))
            if restart:
                repl.to_main()
            elif not raw:
                repl.to_friendly()
        if restart:
            flash.hello(port, restart=False)
    except (ReplError, BenchError, ValueError) as error:
        yield Finding("board", BAD, f"does not answer at its REPL: {error}", "reset it")


def _whole(repl: RawRepl, slot: str) -> Finding:
    """Whether the files of a slot are those of its build."""
    files = flash.Files(repl, flash.Report())
    folder = f"/{slot}/"
    text = files.read(f"{folder}device.json")
    sums = {path.removeprefix(folder): each for path, each in files.tree(f"/{slot}").items()}
    sums.pop("device.json", None)
    try:
        device = json.loads(text)
        build = device.pop("build")
    except (ValueError, KeyError):
        return Finding("files", BAD, f"{folder}device.json is damaged", FLASH_AGAIN)
    if install.build_of(device, sums) != build:
        return Finding("files", BAD, f"slot {slot} is not build {build}: damaged", FLASH_AGAIN)
    return Finding("files", OK, f"slot {slot} is whole: {len(sums)} files of build {build}")
