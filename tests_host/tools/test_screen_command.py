"""`smets screen`: a real display behind TCP, in a real terminal, in a pipe and for a browser."""

from __future__ import annotations

import http.client
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import BenchClient, ProcessTransport, TcpTransport
from host_tools.commands import screen as command
from host_tools.serve import Server
from host_tools.show.watch_screen import LEAVE, KeyReader
from host_tools.web.one_screen import OneScreen
from host_tools.web.server import Busy

SMETS = [sys.executable, "-m", "host_tools"]


class Served:
    """A device process at a TCP address, until it is closed."""

    def __init__(self, role: str, folder: Path) -> None:
        self._server = Server(ProcessTransport(role, "unix", str(folder)))
        self.address = f"127.0.0.1:{self._server.port}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._server.run, args=(self._stop.is_set,))
        self._thread.start()

    def close(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._server.close()


@contextmanager
def served(role: str, folder: Path) -> Iterator[Served]:
    device = Served(role, folder)
    try:
        yield device
    finally:
        device.close()


@pytest.fixture
def ihd(tmp_path: Path) -> Iterator[Served]:
    with served("ihd", tmp_path) as device:
        yield device


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        ([b"\x1b[C", b"\x1b[D", b"\x1bOC", b"\x1bOD"], ["next", "back", "next", "back"]),
        ([b"\x1b", b"[", b"C"], ["next"]),
        ([b"\x1b[B\x1b[A\r\n"], ["next", "back", "ok", "ok"]),
        ([b"q"], [LEAVE]),
        ([b"\x1b", b"q"], [LEAVE]),  # Escape alone, then q
        ([b"xyz\x1b[5~\x1b[1;5C\x1bOP\xff"], []),  # other keys
        ([b"\x1b[1;5", b"q"], []),  # the end of a sequence is no key
    ],
)
def test_what_a_terminal_sends_becomes_keys(pieces: list[bytes], keys: list[str]) -> None:
    reader = KeyReader()
    assert [key for piece in pieces for key in reader.take(piece)] == keys


def test_a_pipe_gets_one_picture(ihd: Served) -> None:
    """spec: as many dots as the display has lit pixels, in the lines of a 128 by 64 panel."""
    with BenchClient(TcpTransport(ihd.address)) as client:
        told = client.control("SCREEN", {"panel": "128x64"})
    done = CliRunner().invoke(cli.app, ["screen", "--port", ihd.address])
    assert done.exit_code == 0, done.output
    head, *lines = done.stdout.splitlines()
    assert head == f"IHD at {ihd.address}, page {told['page']}"
    assert [len(line) for line in lines] == [64] * 16
    dots = sum((ord(char) - 0x2800).bit_count() for line in lines for char in line)
    lit = int(told["pixels"], 16).bit_count()
    assert dots == lit > 100


def test_a_pipe_that_closes_ends_it_quietly(ihd: Served) -> None:
    """spec: 141, as a shell tells of it, and nothing on standard error."""
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-m", "host_tools", "screen", "--port", ihd.address]
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_has_no_screen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.3)

    def told(port: str) -> str:
        done = CliRunner().invoke(cli.app, ["screen", "--port", port])
        assert done.exit_code == 2 and done.stdout == "", done.output
        return done.stderr

    with served("gpf", tmp_path) as gpf:
        assert told(gpf.address) == f"smets screen: {gpf.address}: GPF has no screen\n"
    assert f"{gpf.address}: " in told(gpf.address), "gone"
    assert told("/dev/no-such-port") == "smets screen: /dev/no-such-port: there is no such port\n"
    host, device = pty.openpty()
    try:
        port = os.ttyname(device)
        with serial.Serial(port, exclusive=True):
            assert "another program uses it: smets doctor says which\n" in told(port)
        assert f"{port}: no line from the device within" in told(port)
    finally:
        os.close(host)
        os.close(device)


class Terminal:
    """A terminal in which the command runs; `seen` is all that was written to it."""

    def __init__(self, address: str) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self.before = termios.tcgetattr(slave)
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "", "LINES": ""}
        self.process = subprocess.Popen(
            [*SMETS, "screen", "--port", address],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # its terminal
        )
        self.slave, self.seen = slave, b""
        os.set_blocking(self.master, False)

    def until(self, words: str) -> None:
        """Wait until the terminal was shown these words."""
        deadline = time.monotonic() + 60
        while words.encode() not in self.seen:
            assert time.monotonic() < deadline, (words, self.seen[-3000:])
            if not self.read():
                time.sleep(0.02)

    def read(self) -> bool:
        """Whether there was more to see."""
        try:
            more = os.read(self.master, 65536)
        except BlockingIOError:
            return False
        self.seen += more
        return bool(more)

    def type(self, octets: bytes) -> None:
        os.write(self.master, octets)

    def ended(self) -> tuple[int, str]:
        """Status and last words; the terminal must be as it was."""
        # The kernel holds a few pages of it, and a read gives one of them: read until it is gone.
        deadline = time.monotonic() + 60
        while self.read() or self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen[-3000:]
            time.sleep(0.02)
        while self.read():
            pass
        status = self.process.wait()
        assert termios.tcgetattr(self.slave) == self.before
        shown, _, after = self.seen.decode().rpartition("\x1b[?1049l")
        assert shown.count("\x1b[?1049h") == 1 + shown.count("\x1b[?1049l"), "its own screen"
        assert self.seen.rindex(b"\x1b[?25h") > self.seen.rindex(b"\x1b[?25l"), "the cursor"
        os.close(self.master)
        os.close(self.slave)
        return status, re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", after).strip()


def test_keys_in_a_terminal_and_q(ihd: Served) -> None:
    terminal = Terminal(ihd.address)
    terminal.until("now")
    modes = termios.tcgetattr(terminal.slave)[3]
    assert not modes & (termios.ECHO | termios.ICANON)
    terminal.type(b"\x1b[C")
    terminal.until("electricity")
    terminal.type(b"\x1b")
    terminal.type(b"[D")
    terminal.type(b"\x1aq")  # Ctrl-Z is no signal here
    assert terminal.ended() == (0, "")


@pytest.mark.parametrize(
    "how", ["interrupt", pytest.param("terminate", marks=pytest.mark.slow), "gone"]
)
def test_a_terminal_is_restored_however_it_ends(ihd: Served, how: str) -> None:
    terminal = Terminal(ihd.address)
    terminal.until("now")
    if how == "interrupt":
        terminal.type(b"\x03")
        assert terminal.ended() == (0, "")
    elif how == "terminate":
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == (128 + signal.SIGTERM, "")
    else:
        ihd.close()
        status, words = terminal.ended()
        assert status == 2 and words.startswith(f"smets screen: {ihd.address}: the device is gone")


@pytest.mark.slow
def test_a_small_terminal_says_what_it_needs(ihd: Served) -> None:
    terminal = Terminal(ihd.address)
    termios.tcsetwinsize(terminal.slave, (10, 40))
    terminal.until("it needs 68 by 19")
    termios.tcsetwinsize(terminal.slave, (24, 80))
    terminal.until("now")
    terminal.type(b"q")
    assert terminal.ended()[0] == 0


# --- In the browser ------------------------------------------------------------------------------


def test_a_page_gets_pixels_and_presses_keys(ihd: Served) -> None:
    with BenchClient(TcpTransport(ihd.address)) as client:
        shown = OneScreen(client, "ihd")
        shown.start()
        try:
            seen, text = shown.feed.since(0, 10)
            first = json.loads(text)["screen_ihd"]
            assert (first["width"], first["height"], first["page"]) == (240, 135, "now")
            assert shown.ask({"do": "key", "role": "ihd", "key": "next"}) == "IHD: next"
            second = json.loads(shown.feed.since(seen, 10)[1])["screen_ihd"]
            assert second["page"] == "electricity" and second["pixels"] != first["pixels"]
            for asked, words in (
                ({"do": "cut"}, "do: not one of key"),
                ({"do": "key", "role": "ppmid", "key": "ok"}, "role: not one of ihd"),
                ({"do": "key", "role": "ihd", "key": "up"}, "key: not one of"),
            ):
                with pytest.raises(ValueError, match=words):
                    shown.ask(asked)
            ihd.close()
            assert shown.ended.wait(20) and "gone" in shown.failed
            with pytest.raises(Busy):
                shown.ask({"do": "key", "role": "ihd", "key": "ok"})
        finally:
            shown.close()


@pytest.mark.slow
def test_the_command_serves_a_page_and_ends_with_the_device(ihd: Served) -> None:
    process = subprocess.Popen(
        [*SMETS, "screen", "--port", ihd.address, "--web", "--web-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"The IHD is at http://127\.0\.0\.1:(\d+)/ \(this machine only\)", line)
    assert found, line
    link = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
    link.request("GET", "/")
    answer = link.getresponse()
    text = answer.read().decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert 'id="screen-ihd"' in text and "screen-ppmid" not in text and ihd.address in text
    link.close()
    ihd.close()
    rest = process.stdout.read()
    assert (
        process.wait(30) == 2 and "smets screen: the IHD has stopped: the device is gone" in rest
    )
