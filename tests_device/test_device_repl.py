"""`smets repl` at a terminal: the device gives way to MicroPython's prompt, and comes back."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rig import Rig

from host_tools import flash
from host_tools.bench import BenchError

SMETS = Path(sys.executable).with_name("smets")
END = b"\x1d"  # Ctrl-]
PROMPT = b">>> "


class Terminal:
    """A terminal with `smets repl` in it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.screen = screen
        self.text = b""

    def until(self, wanted: bytes, timeout: float = 60, again: bytes = b"") -> bytes:
        """What is printed up to and with this; nothing of it is read again.

        `again` is typed while nothing is printed: keys pressed too early are lost.
        """
        deadline = time.monotonic() + timeout
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.text!r}"
            if not select.select([self.screen], [], [], 2)[0]:
                self.type(again)
                continue
            try:
                self.text += os.read(self.screen, 4096)
            except OSError:  # the program has ended
                raise AssertionError(f"no {wanted!r} in {self.text!r}") from None
        found, _, self.text = self.text.partition(wanted)
        return found + wanted

    def type(self, octets: bytes) -> None:
        """Press keys."""
        os.write(self.screen, octets)


@contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    """A terminal in which the command with these words runs; it has to end by itself."""
    screen, keyboard = pty.openpty()
    command = [SMETS, "repl", *words]
    process = subprocess.Popen(command, stdin=keyboard, stdout=keyboard, stderr=keyboard)
    os.close(keyboard)
    try:
        yield Terminal(process, screen)
    finally:
        os.close(screen)
        process.kill()
        process.wait()


@pytest.mark.needs("flash")
def test_repl_interrupts_a_device_and_starts_it_again(rig: Rig) -> None:
    """One types at the prompt what the board carries out; after Ctrl-] its firmware answers."""
    rig.start("gpf")
    with terminal("--port", rig.port) as shell:
        shell.until(b"Ctrl-]")
        shell.until(PROMPT, again=b"\r")
        shell.type(b"print(6 * 7, 'smets' in __import__('sys').modules)\r")
        shell.until(b"\n42 True")
        shell.until(PROMPT)
        shell.type(END)
        said = shell.until(b" runs again")
        assert b"GPF" in said
        assert shell.process.wait(20) == 0
    assert flash.hello(rig.port, restart=False)["device"] == "GPF"


@pytest.mark.needs("flash")
def test_repl_leaves_the_device_alone_where_asked(rig: Rig) -> None:
    """With --no-start nobody answers afterwards; the command says how the device is started."""
    rig.start("gpf")
    with terminal("--port", rig.port, "--no-start") as shell:
        shell.until(b"Ctrl-]")
        shell.until(PROMPT, again=b"\r")
        shell.type(END)
        shell.until(b"Ctrl-D at the prompt")
        assert shell.process.wait(20) == 0
    with pytest.raises(BenchError):
        flash.hello(rig.port, timeout=2, restart=False)
    assert flash.hello(rig.port)["device"] == "GPF"


def test_repl_needs_a_terminal_and_a_board(rig: Rig) -> None:
    """Without a terminal it is a mistake in use; without a board, status 1 with the reason."""
    done = subprocess.run(
        [SMETS, "repl", "--port", rig.port], stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 2 and b"needs a terminal" in done.stderr
    with terminal("--port", "/dev/none") as shell:
        shell.until(b"there is no prompt: /dev/none")
        assert shell.process.wait(20) == 1
