"""Many homes on one machine: `smets home --homes N`."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import cli, open_files
from host_tools.bench import BenchError, ProcessTransport
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.roles import JUDGED
from host_tools.show import fleet
from host_tools.show.fleet import Fleet

HOUR = 3600
KB = 1024


def refused(*words: str) -> str:
    """What the command says as it refuses to begin."""
    done = CliRunner().invoke(cli.app, ["home", *words])
    assert done.exit_code == 2, done.output
    return " ".join(re.sub("[│╭╰╮╯─]", " ", done.stderr).split())


def pids(home: Home) -> list[int]:
    """The processes of a home."""
    found: list[int] = []
    for device in home.devices.values():
        assert isinstance(device.client.transport, ProcessTransport)
        found.append(device.client.transport.process.pid)
    return found


def test_homes_are_independent_and_live_in_one_time(tmp_path: Path) -> None:
    """Two clean homes do the same, frame for frame; one whose air loses frames does not."""
    with Fleet(3, tmp_path, lambda number: Hub(7, loss=0.2 * (number == 1))) as homes:
        began = homes.now
        before = [home.frames for home in homes.homes]
        for _ in range(2):
            homes.advance(HOUR // 2, 60)
            assert {home.now for home in homes.homes} == {homes.now}
        assert homes.now == began + HOUR
        clean, lossy, other = homes.homes
        assert lossy.hub.statistics.lost and not clean.hub.statistics.lost
        assert clean.frames == other.frames != lossy.frames
        registers = [
            home.devices["ihd"].control("QUERY")["summary"]["electricity"]["register"]
            for home in (clean, other)
        ]
        assert registers[0] == registers[1] and isinstance(registers[0], int)
        told = homes.figures()
        assert (told.homes, told.virtual) == (3, HOUR)
        assert told.frames == sum(home.frames for home in homes.homes) - sum(before) > 1000
        assert told.seconds > 0
        processes = [pid for home in homes.homes for pid in pids(home)]
        assert len(set(processes)) == 3 * len(JUDGED)
        # MicroPython's heap is 4 MB, of which little is touched.
        if Path("/proc/self/smaps_rollup").exists():
            assert 15 * 500 * KB < told.device_memory < 15 * 20_000 * KB
            assert told.host_memory > 10_000 * KB
    for pid in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_home_that_fails_is_named_and_none_is_left_behind(tmp_path: Path) -> None:
    with Fleet(2, tmp_path, Hub) as homes:
        processes = [pid for home in homes.homes for pid in pids(home)]
        os.kill(pids(homes.homes[1])[0], 9)
        with pytest.raises(BenchError, match=r"^home 2: .*the device is gone"):
            homes.advance(60, 60)
    for pid in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_home_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"^home 1: .*no engine nowhere"):
        Fleet(2, tmp_path, Hub, "nowhere")


def test_too_few_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    monkeypatch.setattr(resource, "setrlimit", pytest.fail)
    with pytest.raises(BenchError, match=r"100 homes need 2600 open files, 1024 are allowed"):
        Fleet(100, tmp_path, Hub)
    assert not list(tmp_path.iterdir())


def test_more_open_files_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    open_files.allow(250, "6 homes")
    assert asked == []
    open_files.allow(275, "7 homes")
    assert asked == [(275, 4096)]


def test_memory_of_a_process_and_its_children() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell")
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', "
        "\"x = b'x' * 50_000_000; print('ready', flush=True); input()\"], stdin=subprocess.PIPE)\n"
        "input()\n"
        "child.communicate()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        octets = fleet.memory([process.pid])
        process.communicate()
    assert 50_000_000 < octets < 150_000_000
    assert fleet.memory([process.pid]) == 0


def test_command() -> None:
    done = CliRunner().invoke(cli.app, ["home", "--homes", "2", "--duration", "600"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "2 homes, 10 devices: 600 s of virtual time"
    found = re.fullmatch(r"([\d,]+) HAN frames in ([\d,.]+) s: ([\d,]+) a second", lines[1])
    assert found
    frames, seconds, rate = (float(text.replace(",", "")) for text in found.groups())
    assert frames > 100 and seconds > 0 and rate > 0
    assert re.fullmatch(
        r"memory: \d+ MB of the host, \d+ MB of the devices, [\d.]+ MB each"
        r"|memory: this system does not tell",
        lines[2],
    )
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ("--homes", "0"),
            "Invalid value for '--homes': Input should be greater than or equal to 1",
        ),
        (("--homes", "1001"), "'--homes': Input should be less than or equal to 1000"),
        (("--homes", "many"), "'--homes': Input should be a valid integer"),
        (("--homes", "2", "--web"), "--homes 2: --web is for one home alone"),
        (("--homes", "2", "--real"), "--homes 2: --real is for one home alone"),
        (("--homes", "2", "--log", "x", "--web"), "--web, --log is for one home alone"),
        (("--homes", "2", "--board", "ihd=virtual"), "--board is for one home alone"),
        (("--homes", "2", "--engine", "h:1"), "'--engine': 'h:1' is not one of unix, cpython"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], why: str) -> None:
    assert why in refused(*words)
