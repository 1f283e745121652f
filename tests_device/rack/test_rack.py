"""A rack on one machine: labgrid's coordinator, its exporter, and two boards tested at once."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from host_tools.virtual_board import VirtualBoard

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "boards" / "rack" / "environment.yaml"
PLACES = ("first", "second")
# ser2net is not on the PATH of everybody.
ADMIN = ("/usr/sbin", "/usr/local/sbin")


def until(what: Callable[[], bool], name: str, seconds: float = 30) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"{name}: not within {seconds:g} s"
        time.sleep(0.2)


class Rack:
    """A coordinator, an exporter of two virtual boards, and a place for each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
            self.coordinator = f"127.0.0.1:{any_port.getsockname()[1]}"
        self._folder = folder
        self._stack = stack
        path = os.pathsep.join((os.environ["PATH"], *ADMIN))
        self.environment = dict(os.environ, PATH=path, LG_COORDINATOR=self.coordinator)
        boards = {name: stack.enter_context(VirtualBoard(folder / name)) for name in PLACES}
        # labgrid takes a port below /dev only.
        ports = {name: os.path.realpath(board.port) for name, board in boards.items()}
        text = "".join(f"{n}: {{RawSerialPort: {{port: {p}}}}}\n" for n, p in ports.items())
        exported = folder / "exporter.yaml"
        exported.write_text(text, encoding="utf-8")
        self._start("labgrid-coordinator", "-l", self.coordinator)
        until(lambda: self.client("places").returncode == 0, "coordinator")
        self._start(
            *("labgrid-exporter", "-c", self.coordinator, "-n", "here"),
            *("--hostname", "127.0.0.1", str(exported)),
        )
        until(lambda: all(name in self.client("resources").stdout for name in PLACES), "exporter")
        for name in PLACES:
            for words in (("create",), ("add-match", f"*/{name}/*"), ("acquire",)):
                done = self.client("-p", name, *words)
                assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
            stack.callback(self.client, "-p", name, "release")

    def _start(self, program: str, *words: str) -> None:
        log = (self._folder / f"{program}.log").open("w")
        started = subprocess.Popen(
            [BIN / program, *words], env=self.environment, stdout=log, stderr=log, cwd=self._folder
        )

        def end() -> None:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
            log.close()

        self._stack.callback(end)

    def client(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run labgrid-client."""
        return subprocess.run(
            [BIN / "labgrid-client", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    """A rack that is gone afterwards."""
    if not any(shutil.which("ser2net", path=path) for path in (os.environ["PATH"], *ADMIN)):
        pytest.skip("no ser2net here, by which labgrid shares serial ports (package ser2net)")
    with ExitStack() as stack:
        yield Rack(tmp_path, stack)


def test_the_suite_runs_on_both_boards_at_once(rack: Rack) -> None:
    """Two runs of the short suite, each over labgrid's port of its place; all of it passes."""
    runs = {
        name: subprocess.Popen(
            [
                *(BIN / "pytest", "-m", "rack", "tests_device", "--ignore=tests_device/rack"),
                *("--ignore=tests_device/emulated", "--lg-env", ENVIRONMENT, "--place", name),
                *("--exchanges", "50", "-p", "no:cacheprovider", "-p", "labgrid.pytestplugin"),
            ],
            cwd=ROOT,
            env=rack.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in PLACES
    }
    passed: dict[str, int] = {}
    for name, run in runs.items():
        output, _ = run.communicate(timeout=300)
        print(output)
        assert run.returncode == 0, f"{name}: {output[-3000:]}"
        counts = re.search(r"(\d+) passed", output)
        assert counts and "skipped" not in output, output[-500:]
        passed[name] = int(counts[1])
    assert passed["first"] == passed["second"] >= 4
