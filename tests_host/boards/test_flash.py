"""Flashing: what goes over the line, and that nothing leaves a board without a working install."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import serial

from host_tools import boards, flash, install, raw_repl
from host_tools.bench import BenchClient, BenchError, SerialTransport
from host_tools.install import Install
from host_tools.roles import ROLES
from host_tools.virtual_board import VirtualBoard
from smets import devices
from smets.ports.store import Store

SMETS = str(Path(sys.executable).with_name("smets"))
VIRTUAL = boards.load("virtual")
SEED = int(os.environ.get("SMETS_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)

# The smallest firmware that main.py can run and HELLO can ask.
SMALL = """
import json, sys

def main(folder, confirm):
    with open(folder + "/device.json") as file:
        settings = json.load(file)
    from smets import part
    while True:
        line = sys.stdin.readline().strip()
        if line.startswith("CTRL:HELLO#"):
            if confirm:
                confirm()
                confirm = None
            answer = {"firmware": part.VERSION, "device": "GPF", "build": settings["build"]}
            text = json.dumps(answer)
            print("CTRL:OK#%s:%d:%s" % (line[11:].partition(":")[0], len(text), text))
"""
PARTS = 3  # modules that do not change, in size like those of the firmware


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board without firmware."""
    with VirtualBoard(tmp_path / "board") as made:
        yield made


def small(version: str, main: str = "") -> Install:
    """An install that differs from one of another version in one module and device.json."""
    files = {
        "smets/__init__.py": b"",
        "smets/runtime.py": SMALL.encode(),
        "smets/part.py": f"VERSION = {version!r}\n".encode(),
        "device.json": json.dumps({"role": "gpf", "build": version}).encode(),
    }
    for number in range(PARTS):
        files[f"smets/inner/part{number}.mpy"] = random.Random(number).randbytes(3000)
    root = {"main.py": (install.FIRMWARE / "main.py").read_bytes() + main.encode()}
    return Install("gpf", "virtual", version, version, files, root)


def hello(board: VirtualBoard) -> dict[str, object]:
    """The answer of a board's firmware; a host may have left the board at its REPL."""
    return flash.hello(board.port, timeout=20)


def flashed(board: VirtualBoard, made: Install) -> flash.Report:
    """Flash an install."""
    return flash.flash(board.port, made, VIRTUAL)


def tree(board: VirtualBoard) -> dict[str, str]:
    """Hashes of all files of a board."""
    code = (
        "import os, hashlib\n"
        "def walk(d):\n"
        "    for e in os.ilistdir(d):\n"
        "        p = d + '/' + e[0]\n"
        "        if e[1] & 0x4000: walk(p)\n"
        "        else:\n"
        "            with open(p, 'rb') as f: print(p, hashlib.sha256(f.read()).digest().hex())\n"
        "walk('')\n"
    )
    with raw_repl.RawRepl(board.port, soft_reset=False) as repl:
        lines = repl.exec(code).splitlines()
        repl.to_main()
    return {path: digest for path, _, digest in (line.partition(" ") for line in lines)}


def sums(files: dict[str, bytes], folder: str) -> dict[str, str]:
    """What `tree` gives for these files."""
    return {folder + path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def test_a_first_flash_brings_a_device_to_an_empty_board(board: VirtualBoard) -> None:
    """All roles' way: compiled, sent, compared, started, asked."""
    made = install.build("gpf", VIRTUAL, {"tick": False})
    seen: list[tuple[str, int, int]] = []
    report = flash.flash(board.port, made, VIRTUAL, lambda *step: seen.append(step))
    assert report.sent == len(made.files) + 1, "main.py too"
    assert report.octets == sum(map(len, made.files.values())) + len(made.root["main.py"])
    assert (report.copied, report.kept, report.removed, report.slot) == (0, 0, 0, "a")
    assert report.hello == {
        "firmware": install.firmware_version(),
        "device": "GPF",
        "board": "virtual",
        "build": made.build,
    }
    complete = [what for what, done, total in seen if done == total]
    assert list(dict.fromkeys(complete)) == ["sending", "comparing", "starting"]
    assert all(0 <= done <= total for _, done, total in seen)
    files = {"slot": b"a", **made.root, **{f"a/{path}": data for path, data in made.files.items()}}
    assert tree(board) == sums(files, "/")


def test_the_same_again_sends_and_changes_nothing(board: VirtualBoard) -> None:
    """Flash wears: an install that is there is only asked."""
    flashed(board, small("1"))
    before = board.image.read_bytes()
    report = flashed(board, small("1"))
    assert (report.sent, report.copied, report.kept) == (0, 0, len(small("1").files))
    assert board.image.read_bytes() == before


def test_only_what_changed_goes_over_the_line(board: VirtualBoard) -> None:
    """Into the other slot the rest is copied on the board; the third time it is there."""
    flashed(board, small("1"))
    second = flashed(board, small("2"))
    assert (second.slot, second.sent, second.copied) == ("b", 2, PARTS + 2)
    third = flashed(board, small("3"))
    assert (third.slot, third.sent, third.copied, third.kept) == ("a", 2, 0, PARTS + 2)
    assert third.octets == sum(len(small("3").files[p]) for p in ("smets/part.py", "device.json"))


def test_another_role_leaves_nothing_of_the_first_behind(board: VirtualBoard) -> None:
    """A module that only one role has would shadow one that a later build leaves out."""
    for made in (install.build(role, VIRTUAL, {"tick": False}) for role in ("gsme", "chf")):
        report = flashed(board, made)
        assert hello(board)["device"] == made.role.upper()
        folder = f"/{report.slot}/"
        found = {path: each for path, each in tree(board).items() if path.startswith(folder)}
        assert found == sums(made.files, folder)


FOLDERS = """
import os
def folders(d):
    for e in os.ilistdir(d):
        if e[1] & 0x4000:
            print(d + '/' + e[0])
            folders(d + '/' + e[0])
"""


def test_no_folder_stays_behind_without_files(board: VirtualBoard) -> None:
    """Each takes two blocks, of which a small flash has few."""
    with raw_repl.RawRepl(board.port) as repl:
        files = flash.Files(repl, flash.Report())
        files.fill("/a", {"one/two/x": b"1", "one/y": b"2", "three/z": b"3"})
        files.fill("/a", {"one/y": b"2"})
        assert repl.exec(FOLDERS + "folders('/a')").split() == ["/a/one"]
        files.fill("/a", {})
        assert "/a" not in repl.exec(FOLDERS + "folders('')").split()
        files.fill("/a", {"one/y": b"2"})
        assert list(files.tree("/a")) == ["/a/one/y"]


def test_a_changed_main_is_replaced(board: VirtualBoard) -> None:
    """The one file that slots do not cover changes by a rename."""
    flashed(board, small("1"))
    report = flashed(board, small("1", "# changed\n"))
    assert (report.sent, report.octets) == (1, len(small("1", "# changed\n").root["main.py"]))
    assert sums(small("1", "# changed\n").root, "/").items() <= tree(board).items()
    assert hello(board)["build"] == "1"


def test_a_board_with_somebody_elses_main_takes_ours(board: VirtualBoard) -> None:
    """And one whose program never ends."""
    with raw_repl.RawRepl(board.port) as repl:
        repl.exec("with open('main.py', 'w') as f: f.write('while True: pass')")
        repl.to_main()
    flashed(board, small("1"))
    assert hello(board)["build"] == "1"


OLD = {"build": "1", "device": "GPF", "firmware": "1"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("import smets.absent\n", ": ImportError: no module named 'smets.absent'"),
        ("raise SystemExit\n", f": {json.dumps(OLD)} answers"),
        ("1 / 0\n", ": ZeroDivisionError: divide by zero"),
        ("while True: pass\n", ""),
    ],
    ids=["import", "exit", "exception", "loop"],
)
def test_an_install_that_does_not_run_is_left_for_the_old_one(
    board: VirtualBoard, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    """It was on trial: the board has gone back to what worked before flashing ends."""
    monkeypatch.setattr(flash, "_START_TIMEOUT", 4)
    flashed(board, small("1"))
    broken = small("2")
    broken.files["smets/part.py"] = fault.encode()
    monkeypatch.setattr(flash, "_FAILS_WITHIN", 2.0)
    with pytest.raises(flash.FlashError, match='"build": "1"') as told:
        flash.flash(board.port, broken, VIRTUAL)
    words = str(told.value)
    assert words.startswith(f"the new install does not run{said}; the older one runs again"), words
    assert hello(board)["build"] == "1"
    board.power_off()
    board.power_on()
    assert hello(board)["build"] == "1"
    assert flashed(board, small("3")).hello == {"firmware": "3", "device": "GPF", "build": "3"}


def test_a_board_of_another_kind_is_refused(board: VirtualBoard) -> None:
    """Machine code of another processor would crash it; what is there keeps running."""
    flashed(board, small("1"))
    pico = dataclasses.replace(VIRTUAL, name="rpi_pico", arch="armv6m")
    with pytest.raises(flash.FlashError, match="this is no rpi_pico: it runs x64 code"):
        flash.flash(board.port, small("2"), pico)
    assert hello(board)["build"] == "1"


def test_a_role_that_does_not_fit_the_heap_is_refused() -> None:
    """Before anything is sent, with the figures."""
    little = dataclasses.replace(VIRTUAL, heap=100_000)
    needed = install.heap_needed("gpf", word=8)
    text = f"a gpf needs {needed} octets of heap, virtual has 100000"
    with pytest.raises(install.InstallError, match=text):
        install.build("gpf", little)


def test_a_flash_that_is_full_keeps_the_old_install(tmp_path: Path) -> None:
    """The new one does not fit beside the old one."""
    with VirtualBoard(tmp_path / "board", blocks=24) as board:
        flashed(board, small("1"))
        large = small("2")
        large.files["smets/large.mpy"] = random.Random(1).randbytes(36_000)
        with raw_repl.RawRepl(board.port) as repl:
            repl.exec("with open('/notes', 'wb') as f: f.write(bytes(5000))")
        with pytest.raises(flash.FlashError, match=r"full.*: /notes \(8 KB\), with mpremote"):
            flash.flash(board.port, large, VIRTUAL)
        assert hello(board)["build"] == "1"
        assert not [path for path in tree(board) if path.startswith("/b/")], "half an install"
        with raw_repl.RawRepl(board.port) as repl:
            repl.exec("import os\nos.remove('/notes')")
            repl.to_main()
        # Only what runs is in the way now: that is said, and it helps.
        with pytest.raises(
            flash.FlashError, match="remove what runs now, with (mpremote .* :a), "
        ):
            flash.flash(board.port, large, VIRTUAL)
        assert hello(board)["build"] == "1"
        with raw_repl.RawRepl(board.port) as repl:
            flash.Files(repl, flash.Report()).fill("/a", {})
            repl.to_main()
        assert flashed(board, large).slot == "b"


def test_a_flash_without_room_for_a_folder_says_so(tmp_path: Path) -> None:
    """Not one block is free, so that the new install ends at its first folder."""
    with VirtualBoard(tmp_path / "board", blocks=40) as board:
        flashed(board, small("1"))
        with raw_repl.RawRepl(board.port) as repl:
            repl.exec(
                "def fill():\n"
                "    with open('/notes', 'wb') as f:\n"
                "        for _ in range(99): f.write(bytes(4096)), f.flush()\n"
                "try: fill()\n"
                "except OSError: pass\n"
            )
        with pytest.raises(flash.FlashError, match=r"full.*: /notes \(\d+ KB\), with mpremote"):
            flash.flash(board.port, small("2"), VIRTUAL)
        assert hello(board)["build"] == "1"


def test_octets_that_change_on_the_way_are_noticed(
    board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a slot and in the root."""
    flashed(board, small("1"))
    execute = raw_repl.RawRepl.exec

    def garbled(self: raw_repl.RawRepl, code: str, timeout: float = 20) -> str:
        return execute(
            self, code.replace("VERSION", "REVISION").replace("# new", "# old"), timeout
        )

    monkeypatch.setattr(raw_repl.RawRepl, "exec", garbled)
    with pytest.raises(flash.FlashError, match="not written as sent: /b/smets/part.py"):
        flash.flash(board.port, small("2"), VIRTUAL)
    with pytest.raises(flash.FlashError, match="not written as sent: /main.py"):
        flash.flash(board.port, small("1", "# new"), VIRTUAL)
    assert hello(board)["build"] == "1"


def test_there_must_be_a_board(tmp_path: Path) -> None:
    """No port, and a port at which nothing answers."""
    with pytest.raises(flash.FlashError, match="absent: there is no such port"):
        flash.flash(str(tmp_path / "absent"), small("1"), VIRTUAL)
    with VirtualBoard(tmp_path / "board") as board:
        with (
            serial.Serial(board.port, exclusive=True),
            pytest.raises(flash.FlashError, match=f"smets doctor {board.port} says why"),
        ):
            flash.flash(board.port, small("1"), VIRTUAL)
        board.power_off()
        with pytest.raises(BenchError, match="no answer to HELLO"):
            flash.hello(board.port, timeout=1)
        with pytest.raises(raw_repl.ReplError):
            raw_repl.reset_to_main(board.port + "absent")


# --- Cuts ----------------------------------------------------------------------------------------


class Cut(Exception):
    """The line was cut by the test."""


def seeded(folder: Path) -> Path:
    """The image of a board that runs version 1 and has run version 0."""
    with VirtualBoard(folder) as board:
        flashed(board, small("0"))
        flashed(board, small("1"))
    return folder / "flash.img"


def cut_once(
    folder: Path,
    image: Path,
    arm: Callable[[VirtualBoard], object],
    new: Install,
    old: str = "1",
    disarm: Callable[[VirtualBoard], object] = lambda board: None,
) -> tuple[str, bool]:
    """Flash `new` on a copy of an image with build `old`, with a cut that `arm` prepares.

    Returns the build that runs after the power came back, and whether the cut happened. The
    board must answer in any case, at two starts in a row, and take the install afterwards.
    """
    folder.mkdir()
    shutil.copyfile(image, folder / "flash.img")
    with VirtualBoard(folder) as board:
        arm(board)
        cut = False
        try:
            flash.flash(board.port, new, VIRTUAL)
        except (flash.FlashError, Cut):
            cut = True
        disarm(board)
        seen: list[object] = []
        for _ in range(2):
            board.power_off()
            board.plug()
            board.power_on()
            seen.append(hello(board)["build"])
        # One that is named for one start, not yet confirmed, is confirmed by this HELLO.
        assert seen[0] == seen[1] and seen[0] in (old, new.build), seen
        assert flash.flash(board.port, new, VIRTUAL).hello is not None
        assert board.crashes == []
    shutil.rmtree(folder)
    return str(seen[-1]), cut


def many(tries: list[Callable[[], tuple[str, bool]]]) -> list[tuple[str, bool]]:
    """The results of all; most of their time they wait."""
    with ThreadPoolExecutor(4) as pool:
        return [future.result() for future in [pool.submit(each) for each in tries]]


class CutRepl:
    """Cuts the line of a board before (`late` false) or after its n-th exec has been sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plans: dict[str, tuple[VirtualBoard, int, bool]] = {}
        self.counts: dict[str, int] = {}
        self.ports: dict[int, str] = {}
        begin, execute = raw_repl.RawRepl.__init__, raw_repl.RawRepl.exec

        def init(repl: raw_repl.RawRepl, port: str, **options: Any) -> None:
            begin(repl, port, **options)
            self.ports[id(repl)] = port

        def cutting(repl: raw_repl.RawRepl, code: str, timeout: float = 20) -> str:
            port = self.ports.get(id(repl), "")
            self.counts[port] = self.counts.get(port, 0) + 1
            board, number, late = self.plans.get(port, (None, -1, False))
            if board is None or self.counts[port] != number:
                return execute(repl, code, timeout)
            del self.plans[port]
            if late:
                repl._transport.exec_raw_no_follow(code)  # type: ignore[attr-defined]
                time.sleep(0.05)
            board.unplug()
            raise Cut

        monkeypatch.setattr(raw_repl.RawRepl, "__init__", init)
        monkeypatch.setattr(raw_repl.RawRepl, "exec", cutting)


def test_the_line_may_be_cut_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step, and while the board carries it out: the old install runs, or the new."""
    image = seeded(tmp_path / "seed")
    repl = CutRepl(monkeypatch)
    new = small("2", "# changed\n")
    arm = _counting(repl)
    assert cut_once(tmp_path / "whole", image, arm, new) == ("2", False)
    steps = arm.steps
    assert steps > 12

    def plan(number: int, late: bool) -> Callable[[], tuple[str, bool]]:
        def arm(board: VirtualBoard) -> None:
            repl.plans[board.port] = (board, number, late)

        return lambda: cut_once(tmp_path / f"{number}{late}", image, arm, new)

    order = [(number, late) for number in range(1, steps + 1) for late in (False, True)]
    results = many([plan(*each) for each in order])
    assert all(cut for _, cut in results)
    # The last step names the new one. It runs at one start then, and is not confirmed.
    assert [build for build, _ in results[:-1]] == ["1"] * (len(results) - 1)
    print(f"line cut at {len(results)} points of {steps} steps")


class _counting:
    """Counts the steps of a flash that is not cut."""

    def __init__(self, repl: CutRepl) -> None:
        self._repl = repl
        self._port = ""

    def __call__(self, board: VirtualBoard) -> None:
        self._port = board.port
        self._repl.plans[board.port] = (board, 0, False)

    @property
    def steps(self) -> int:
        """How many there were; the second flash of `cut_once` finds all done."""
        return self._repl.counts[self._port] - UNCHANGED_STEPS


# Calls for an install that is there already: check, helpers, name, trial, tree, main.py.
UNCHANGED_STEPS = 6


def cut_points(plan: Callable[[int], Callable[[], tuple[str, bool]]]) -> int:
    """How many points there are to cut at: `plan` makes the trial of point 1, 2, ... in turn."""
    number = 0
    while True:
        results = many([plan(number + each) for each in range(1, 17)])
        number += len(results)
        if not all(cut for _, cut in results):
            return number - sum(not cut for _, cut in results)


@pytest.mark.slow
def test_the_line_may_be_cut_at_every_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of each piece that the host writes to the port."""
    image = seeded(tmp_path / "seed")
    new = small("2", "# changed\n")
    write = serial.Serial.write
    plans: dict[str, list[object]] = {}

    def cutting(line: serial.Serial, data: bytes) -> int | None:
        plan = plans.get(str(line.port))
        if plan is not None:
            plan[1] = int(str(plan[1])) - 1
            if plan[1] == 0:
                write(line, data[: len(data) // 2])
                board = plan[0]
                assert isinstance(board, VirtualBoard)
                board.unplug()
                raise serial.SerialException("cut")
        return write(line, data)

    monkeypatch.setattr(serial.Serial, "write", cutting)

    def plan(number: int) -> Callable[[], tuple[str, bool]]:
        def arm(board: VirtualBoard) -> None:
            plans[board.port] = [board, number]

        def disarm(board: VirtualBoard) -> None:
            plans.pop(board.port)

        return lambda: cut_once(tmp_path / f"{number}", image, arm, new, disarm=disarm)

    points = cut_points(plan)
    print(f"line cut at {points} writes")
    assert points > 60


@pytest.mark.slow
def test_the_power_may_fail_at_every_flash_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of each write and erase of the board's flash, that of its first start too."""
    image = seeded(tmp_path / "seed")
    monkeypatch.setattr(flash, "_START_TIMEOUT", 3)
    new = small("2", "# changed\n")
    count = "import machine\nmachine.cut_power(%d)\n"
    execute = raw_repl.RawRepl.exec
    plans: dict[str, int] = {}
    begin = raw_repl.RawRepl.__init__

    def init(repl: raw_repl.RawRepl, port: str, **options: Any) -> None:
        begin(repl, port, **options)
        if port in plans:
            execute(repl, count % plans.pop(port))

    monkeypatch.setattr(raw_repl.RawRepl, "__init__", init)

    def plan(number: int) -> Callable[[], tuple[str, bool]]:
        def arm(board: VirtualBoard) -> None:
            plans[board.port] = number

        return lambda: cut_once(tmp_path / f"{number}", image, arm, new)

    points = cut_points(plan)
    print(f"power cut at {points} flash operations")
    assert points > 45


@pytest.mark.slow
def test_the_firmware_survives_cuts_at_any_moment(tmp_path: Path) -> None:
    """The real firmware, one role over another, line or power cut whenever it may be."""
    draw = random.Random(SEED)
    with VirtualBoard(tmp_path / "seed") as board:
        old = install.build("chf", VIRTUAL)
        flashed(board, old)
        name = str(hello(board)["build"])
    new = install.build("gsme", VIRTUAL)
    image = tmp_path / "seed" / "flash.img"
    with VirtualBoard(tmp_path / "whole") as board:
        began = time.monotonic()
        flashed(board, new)
        whole = time.monotonic() - began

    def plan(number: int) -> Callable[[], tuple[str, bool]]:
        # The first is cut at once and the second after its end; four at a time may take longer.
        after, power = draw.uniform(0, whole), draw.random() < 0.5
        after = {0: 0.1, 1: 4 * whole}.get(number, after)

        def arm(board: VirtualBoard) -> None:
            def cut() -> None:
                if power:
                    board.power_off()
                board.unplug()

            timer = threading.Timer(after, cut)
            timer.start()
            timers[board.port] = timer

        def disarm(board: VirtualBoard) -> None:
            timers[board.port].join()

        return lambda: cut_once(tmp_path / f"{number}", image, arm, new, name, disarm)

    timers: dict[str, threading.Timer] = {}
    results = many([plan(number) for number in range(24)])
    after = [build for build, _ in results]
    print(f"seed {SEED}: {after.count(name)} times the old one, {after.count(new.build)} the new")
    assert set(after) == {name, new.build}, "moments before the end of a flash and after it"


# --- A host that is killed -----------------------------------------------------------------------

KILLS = 50
# The guard of these trials, in seconds, is shorter than a user's, so that they end in minutes.
SHORT_GUARD = 12.0
# A virtual board's firmware starts in less, on a machine that is busy.
START = 20
# Kills itself so many seconds after it has written so often to the port: a moment of the flash, on
# whatever machine. Its last word is how often it has written.
KILLED = """
import os, signal, sys, threading
import serial
from host_tools import raw_repl
raw_repl.GUARD, after, late = (float(sys.argv.pop(1)) for _ in range(3))
plain, written = serial.Serial.write, []
def write(self, octets):
    written.append(1)
    if len(written) == after:
        end = threading.Timer(late, os.kill, (os.getpid(), signal.SIGKILL))
        end.daemon = True
        end.start()
    return plain(self, octets)
serial.Serial.write = write
from host_tools.cli import main
try:
    main()
finally:
    print(len(written))
"""
Moment = tuple[float, int, float]  # seconds of the guard, writes, seconds after the last of them
NEVER = 1 << 30


def killed_flash(board: VirtualBoard, role: str, moment: Moment) -> tuple[int, str]:
    """`smets flash` that is killed at a moment: its status, and what it printed."""
    command = [sys.executable, "-c", KILLED, *map(str, moment), "flash", "--board", "virtual"]
    command += ["--role", role, "--port", board.port, "--no-tick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def kill_once(folder: Path, image: Path, moment: Moment) -> dict[str, object]:
    """Kill a flash at a moment; then nobody touches the board until it answers HELLO."""
    folder.mkdir()
    shutil.copyfile(image, folder / "flash.img")
    with VirtualBoard(folder) as board:
        hello(board)
        status, _ = killed_flash(board, "gsme", moment)
        assert status in (0, -signal.SIGKILL), status
        answer = flash.hello(board.port, timeout=moment[0] + START, restart=False)
        return {**answer, "ended": status == 0}


@pytest.mark.slow
def test_a_flash_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    """SIGKILL at random moments: the board comes back by itself in the time that is promised."""
    draw = random.Random(SEED)
    settings = {"tick": False, "keep": True}
    old, new = (install.build(role, VIRTUAL, settings).build for role in ("chf", "gsme"))
    with VirtualBoard(tmp_path / "seed") as board:
        flashed(board, install.build("chf", VIRTUAL, settings))
    image = tmp_path / "seed" / "flash.img"

    (tmp_path / "whole").mkdir()
    shutil.copyfile(image, tmp_path / "whole" / "flash.img")
    with VirtualBoard(tmp_path / "whole") as board:
        hello(board)
        status, printed = killed_flash(board, "gsme", (raw_repl.GUARD, NEVER, 0.0))
        assert status == 0, printed
    whole = int(printed.split()[-1])

    # One is killed at once, one never, one in ten about the end. Two wait for as long as a user's.
    moments = [(SHORT_GUARD, 1, 0.0), (SHORT_GUARD, NEVER, 0.0)]
    moments += [(raw_repl.GUARD, int(whole * share), 0.0) for share in (0.5, 0.7)]
    while len(moments) < KILLS:
        moments.append((SHORT_GUARD, draw.randint(1, whole * 10 // 9), draw.uniform(0, 0.05)))

    def trial(number: int) -> dict[str, object]:
        return kill_once(tmp_path / f"kill{number}", image, moments[number])

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(trial, range(KILLS)))
    builds = [result["build"] for result in results]
    ended = sum(bool(result["ended"]) for result in results)
    print(
        f"seed {SEED}: of {KILLS} flashes of {whole} writes {KILLS - ended} were killed; then "
        f"{builds.count(old)} times the old install answered, {builds.count(new)} times the new"
    )
    assert set(builds) == {old, new}, builds
    assert KILLS - ended > KILLS // 2, "killed before the end"


# --- What is built -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_role_fits_the_virtual_board(role: str) -> None:
    """By the Unix port, from exactly the modules that are flashed."""
    needed = install.heap_needed(role, word=VIRTUAL.word)
    assert 200_000 < needed <= VIRTUAL.heap, needed
    assert needed // 2 < install.heap_needed(role) < needed, "code does not shrink with the words"


def test_a_role_brings_its_own_modules_only() -> None:
    """The tables of the electricity meter alone are 26 KB."""
    modules = install.role_modules("gpf")
    assert "smets.gbcs.table_proxy" in modules
    assert "smets.crypto.ecdsa" in modules, "which only a function imports"
    assert not {"smets.gbcs.table_esme", "smets.devices.esme", "smets.devices.ihd"} & set(modules)
    with pytest.raises(install.InstallError, match="no role toaster"):
        install.role_modules("toaster")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_brings_its_features(role: str, tmp_path: Path) -> None:
    """Those that the device has when it is built, whether its own class names them or another."""
    held = set(install.role_modules(role))
    device = devices.build(role, Store(str(tmp_path / "state")))
    assert device.registry.features
    for feature in device.registry.features.values():
        assert type(feature).__module__ in held


def test_the_build_says_what_is_in_it() -> None:
    """Another setting or another octet is another build."""
    first = install.build("chf", VIRTUAL)
    assert first.build == install.build("chf", VIRTUAL).build
    assert first.build != install.build("chf", VIRTUAL, {"tick": True}).build
    device = json.loads(first.files["device.json"])
    assert device == {
        "role": "chf",
        "board": "virtual",
        "watchdog": {"ms": 8000},
        "build": first.build,
    }
    plain = dataclasses.replace(VIRTUAL, arch="")
    assert not [name for name in install.build("esme", plain).files if "viper" in name]


def test_a_radio_comes_with_its_modules_and_pins() -> None:
    """Only to a board that has one, and only if it is asked for."""
    han = {"pan": "00" * 8, "key": "11" * 16}
    made = install.build("ihd", boards.load("xbee3"), {"han": han})
    assert "smets/ports/link_xbee.mpy" in made.files
    device = json.loads(made.files["device.json"])
    pins = boards.load("xbee3").pins["xbee"]
    assert device["han"] == {"driver": "radio_xbee", "pins": pins, **han}
    plain = install.build("ihd", boards.load("xbee3"))
    assert not [path for path in plain.files if "xbee" in path]
    with pytest.raises(install.InstallError, match="qemu_mps2_an385 has no radio"):
        install.build("gsme", boards.load("qemu_mps2_an385"), {"han": han})


def test_a_panel_comes_with_its_driver_pins_and_keys() -> None:
    """To a display on a board that has pins for it, if that has the heap."""
    pico, pico2 = boards.load("rpi_pico"), boards.load("rpi_pico2")
    for driver in install.PANELS:
        made = install.build("ihd", pico2, {"panel": driver})
        device = json.loads(made.files["device.json"])
        assert device["panel"] == {"driver": driver, "pins": pico2.pins[driver]}
        assert device["keys"] == pico2.pins["keys"]
        drivers = [path for path in made.files if path.startswith("smets/ports/screen_")]
        assert drivers == [f"smets/ports/screen_{driver}.mpy"]
    plain = install.build("ihd", pico)
    assert "panel" not in json.loads(plain.files["device.json"])
    with pytest.raises(install.InstallError, match="a ihd with st7789 needs .* of heap, rpi_pico"):
        install.build("ihd", pico, {"panel": "st7789"})
    assert install.build("ihd", pico, {"panel": "st7789"}, installed=True)
    with pytest.raises(install.InstallError, match="a gpf has no screen"):
        install.build("gpf", pico, {"panel": "st7789"})
    with pytest.raises(install.InstallError, match="unix has no pins for st7789"):
        install.build("ihd", boards.load("unix"), {"panel": "st7789"})


@pytest.mark.parametrize("name", boards.names())
def test_no_pin_has_two_purposes(name: str) -> None:
    """A panel, its keys and a radio may be wired at the same time."""
    board = boards.load(name)
    if "screen" in board.ports:
        assert {*install.PANELS, "keys"} <= set(board.pins)
    for driver in set(install.PANELS) & set(board.pins):
        tables = [board.pins[part] for part in (driver, "keys", "xbee") if part in board.pins]
        no_pins = ("spi", "i2c", "uart", "baudrate")
        used = [n for table in tables for key, n in table.items() if key not in no_pins]
        assert len(used) == len(set(used)), f"{name}: {driver}"


def test_a_module_that_does_not_compile_is_named(tmp_path: Path) -> None:
    """With the compiler's words."""
    (tmp_path / "wrong.py").write_text("def (:\n", encoding="ascii")
    with pytest.raises(install.InstallError, match="(?s)wrong.py.*SyntaxError"):
        install.compile_module(tmp_path / "wrong.py", "wrong.py", "")


def test_boards_are_data_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of ours can be read; what is wrong in one is named."""
    for name in boards.names():
        assert boards.load(name).name == name
    with pytest.raises(boards.BoardError, match="no board toaster"):
        boards.load("toaster")
    monkeypatch.setattr(boards, "BOARDS", tmp_path)
    (tmp_path / "one").mkdir()
    for text, wrong in (
        ("TITLE = 'x'\nARCH = ''\nHEAP = 1\nHEEP = 2\n", "unknown heep"),
        ("TITLE = 'x'\nARCH = ''\n", "heap"),
        ("TITLE = 'x'\nARCH = '6502'\nHEAP = 1\n", "ARCH '6502'"),
        ("TITLE = 'x'\nARCH = ''\nHEAP = 0\n", "HEAP is 0, WORD 4"),
    ):
        (tmp_path / "one" / "board.py").write_text(text, encoding="ascii")
        with pytest.raises(boards.BoardError, match=wrong):
            boards.load("one")


# --- The command ---------------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The output of `smets flash`."""
    command = [SMETS, "flash", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_panel_that_is_none_is_refused_by_name() -> None:
    """Exit status 2, before anything is sent."""
    for words, told in (
        (("--board", "rpi_pico", "--role", "ihd", "--panel", "oled"), "'oled' is not one of"),
        (("--board", "rpi_pico", "--role", "gpf", "--panel", "st7789"), "a gpf has no screen"),
    ):
        done = run(*words, "--port", "/dev/null")
        assert done.returncode == 2 and told in done.stderr, done.stderr


def test_the_command_flashes_a_board(board: VirtualBoard) -> None:
    """And says in one line what was done."""
    done = run("--board", "virtual", "--role", "chf", "--port", board.port, "--no-tick")
    assert done.returncode == 0, done.stderr
    assert "runs on virtual in slot a: " in done.stdout
    with BenchClient(SerialTransport(board.port)) as client:
        assert client.control("HELLO")["device"] == "CHF"
    made = install.build("chf", VIRTUAL, {"tick": False, "keep": True})
    assert sums(made.files, "/a/").items() <= tree(board).items()


def test_the_command_says_what_is_wrong(board: VirtualBoard) -> None:
    """2 for what was asked, 1 for what happened on the board."""
    for arguments, status, text in (
        (("--board", "virtual", "--role", "toaster"), 2, "'toaster' is not one of"),
        (("--board", "toaster", "--role", "gpf"), 2, "'toaster' is not one of"),
        (("--board", "unix", "--role", "gpf"), 2, "there is nothing to flash"),
        (("--board", "rpi_pico2", "--role", "chf"), 1, "this is no rpi_pico2"),
    ):
        done = run(*arguments, "--port", board.port)
        assert (done.returncode, text in done.stderr) == (status, True), done.stderr
    done = run("--board", "virtual", "--role", "chf", "--port", board.port + "x")
    assert done.returncode == 1
