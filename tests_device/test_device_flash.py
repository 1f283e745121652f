"""A board is flashed, and stays within reach whatever it does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import Rig

from host_tools import flash, install
from host_tools.bench import BenchError
from host_tools.raw_repl import ExecError, RawRepl

MPREMOTE = str(Path(sys.executable).with_name("mpremote"))


@pytest.mark.needs("flash")
def test_flash_and_reflash(rig: Rig) -> None:
    """Files that differ go over the line and run; equal files are not sent again."""
    rig.start("gpf")
    made = rig.build("gpf", label="another")
    report = flash.flash(rig.port, made, rig.board)
    assert report.hello is not None
    assert report.hello["build"] == made.build
    assert report.sent == 1, "device.json alone is another"
    again = flash.flash(rig.port, made, rig.board)
    assert (again.sent, again.copied, again.removed, again.slot) == (0, 0, 0, report.slot)
    rig.start("gpf", label="a third")
    with rig.client() as client:
        hello = client.control("HELLO")
    assert hello["firmware"] == install.firmware_version()
    assert hello["board"] == rig.board.name
    assert (hello["device"], hello["build"]) == ("GPF", rig.build("gpf", label="a third").build)


@pytest.mark.rack
@pytest.mark.needs("repl")
def test_the_repl_is_within_reach_and_the_firmware_comes_back(rig: Rig) -> None:
    """Ctrl-C while the device waits for lines; a soft reset, and it runs again."""
    rig.start("gpf")
    for _ in range(3):
        with RawRepl(rig.port, soft_reset=False) as repl:
            assert repl.exec("print(6 * 7)").strip() == "42"
            assert "smets" in repl.exec("import sys; print(list(sys.modules))")
            with pytest.raises(ExecError, match="ZeroDivisionError"):
                repl.exec("1 / 0")
            if rig.flashes:
                repl.to_main()
        if not rig.flashes:
            with rig.repl():
                pass
            rig.start("gpf")
        assert flash.hello(rig.port, restart=False)["device"] == "GPF"


@pytest.mark.needs("repl", "flash")
def test_mpremote_talks_to_a_board_that_runs(rig: Rig) -> None:
    """As a person would: exec and fs, then a reset into the firmware."""
    rig.start("gpf")
    done = subprocess.run(
        [MPREMOTE, "connect", rig.port, "exec", "print('here')", "+", "fs", "ls", "+", "reset"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "here" in done.stdout and "main.py" in done.stdout
    assert flash.hello(rig.port, restart=False)["device"] == "GPF"


@pytest.mark.needs("repl", "flash", "watchdog")
def test_the_watchdog_leaves_the_repl_alone(rig: Rig) -> None:
    """The firmware feeds it while it runs; at the REPL, where nothing does, it is off."""
    assert rig.board.watchdog is not None
    short = {**rig.board.watchdog, "ms": 1500}
    rig.start("gpf", watchdog=short)
    with rig.client() as client:
        time.sleep(2.5)
        client.control("CLOCK", {"time": "2026-11-06T10:00:00Z"})
    with RawRepl(rig.port, soft_reset=False) as repl:
        repl.exec("here = 1")
        time.sleep(2.5)
        assert repl.exec("print(here)").strip() == "1", "the board started anew"
        repl.to_main()
    assert flash.hello(rig.port, restart=False)["device"] == "GPF"


@pytest.mark.needs("repl", "flash", "watchdog")
def test_the_watchdog_restarts_a_program_that_hangs(rig: Rig) -> None:
    """Afterwards the firmware runs again by itself."""
    assert rig.board.watchdog is not None
    short = {**rig.board.watchdog, "ms": 1500}
    rig.start("gpf")
    with RawRepl(rig.port, soft_reset=False) as repl:
        repl.start(
            "from smets.ports.watchdog import Watchdog\n"
            f"Watchdog({short!r}).start()\n"
            "while True: pass"
        )
    assert flash.hello(rig.port, timeout=20, restart=False)["device"] == "GPF"


def test_a_device_resets_when_it_is_told_to(rig: Rig) -> None:
    """There is no answer; then it runs again."""
    rig.start("gpf")
    with rig.client(timeout=1) as client, pytest.raises(BenchError):
        client.control("RESET")
    rig._restarted()
    with rig.client() as client:
        assert client.control("HELLO")["device"] == "GPF"
