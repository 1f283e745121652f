"""The doctor names what is wrong with a board, and puts right what it may."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from rights import as_owner

from host_tools import boards, doctor, doctor_device, flash, install, raw_repl, room
from host_tools.bench import BenchClient, ProcessTransport, SerialTransport
from host_tools.doctor import BAD, OK, WARN, Finding
from host_tools.raw_repl import RawRepl
from host_tools.serve import Server
from host_tools.virtual_board import VirtualBoard

VIRTUAL = boards.load("virtual")
SMETS = str(Path(sys.executable).with_name("smets"))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualBoard]:
    """A communications hub without an identity."""
    with VirtualBoard(tmp_path_factory.mktemp("chf")) as made:
        flash.flash(made.port, install.build("chf", VIRTUAL), VIRTUAL)
        yield made


def examined(port: str, **options: bool) -> dict[str, Finding]:
    """The last finding of each thing."""
    return {each.what: each for each in doctor.examine(port, **options)}


def verdicts(found: dict[str, Finding], verdict: str) -> set[str]:
    """The things of a verdict."""
    return {what for what, each in found.items() if each.verdict == verdict}


def typed(board: VirtualBoard, octets: bytes, end: bytes) -> None:
    """Type something, as a program that then vanishes."""
    with serial.Serial(board.port, timeout=10) as line:
        line.write(octets)
        assert line.read_until(end).endswith(end)


def test_a_board_that_runs(board: VirtualBoard) -> None:
    """All is told, nothing is interrupted; what is missing is the identity and the time."""
    boots = board.boots
    found = examined(board.port)
    assert verdicts(found, BAD) == set()
    assert verdicts(found, WARN) == {"keys", "clock"}
    made = install.build("chf", VIRTUAL)
    assert found["device"].text == f"CHF {made.version} for virtual, build {made.build}"
    assert "MicroPython" in found["board"].text
    assert found["slot"].text == "a in use"
    assert int(found["heap"].text.split()[0]) > 100_000
    free, size = (int(found["flash"].text.split()[at]) for at in (0, 2))
    assert (size, 400_000 < free < size) == (352 * 4096, True)
    assert found["keys"].advice == "smets provision PORT --keys KEYS.json"
    assert board.boots == boots


def test_a_board_at_its_repl_is_started_with_fix(board: VirtualBoard) -> None:
    """Friendly or raw; without --fix it stays where it is."""
    for octets, end, told in (
        (b"\r\x03", b">>> ", "the board is at its REPL: "),
        (b"\r\x03\r\x01", b"raw REPL; CTRL-B to exit\r\n>", "the board is at its raw REPL"),
    ):
        typed(board, octets, end)
        for _ in range(2):
            found = examined(board.port)
            assert found["device"].verdict == BAD and found["device"].text.startswith(told)
            assert found["device"].advice.startswith("smets doctor PORT --fix starts its device")
            assert found["files"].verdict == OK and "keys" not in found
        found = examined(board.port, fix=True)
        assert (found["fix"].verdict, found["device"].text[:4]) == (OK, "CHF ")
        assert verdicts(found, BAD) == set()


def test_a_damaged_slot_and_a_full_flash(board: VirtualBoard) -> None:
    """Each file of the slot counts; the advice names what fills the flash."""
    path = "/a/smets/eui.mpy"
    whole = "/a/smets/eui.whole"
    with RawRepl(board.port) as repl:
        repl.exec(f"import os\nos.rename({path!r}, {whole!r})\nopen({path!r}, 'w').close()")
        files = flash.Files(repl, flash.Report())
        files.fill("/music", {str(n): bytes(65536) for n in range(files.free() // 73000)})
        advice = room.advice(room.parse(repl.exec(room.SIZES)), "P")
        assert advice.startswith("remove what you do not need: /music (")
        assert advice.endswith("with mpremote connect P fs rm -r :/music")
        while files.free() > 12_000:
            repl.exec("n = len(os.listdir('/music'))")
            repl.exec("with open('/music/x%d' % n, 'wb') as f: f.write(bytes(4096))")
        repl.to_main()
    found = examined(board.port)
    assert "device" in verdicts(found, BAD), "it does not run, and is at its REPL"
    assert found["files"].verdict == BAD and "slot a is not build" in found["files"].text
    assert found["flash"].verdict == WARN
    with RawRepl(board.port) as repl:
        files = flash.Files(repl, flash.Report())
        files.fill("/music", {})
        repl.exec(f"import os\nos.rename({whole!r}, {path!r})")
        repl.to_main()
    flash.hello(board.port, restart=False)
    found = examined(board.port, slots=True)
    assert verdicts(found, BAD) == set() and found["files"].verdict == OK


def test_a_host_that_vanishes_leaves_no_board_dead(
    board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the raw REPL it restarts; who works there goes on; the friendly REPL is left alone."""
    monkeypatch.setattr(raw_repl, "GUARD", 1.5)
    repl = RawRepl(board.port, watchdog=VIRTUAL.watchdog)
    boots = board.boots
    for number in range(6):
        assert repl.exec(f"import time\ntime.sleep(0.5)\nprint({number})").strip() == str(number)
    assert board.boots == boots
    repl.close()
    assert flash.hello(board.port, timeout=20, restart=False)["device"] == "CHF"
    assert (board.boots, board.bites) == (boots + 1, 0)
    repl = RawRepl(board.port, soft_reset=False)
    repl.to_friendly()
    with serial.Serial(board.port, timeout=3) as line:
        line.read(1 << 16)  # for longer than the guard
        line.write(b"1 + 41\r")
        assert line.read_until(b"42\n>>> ").endswith(b"42\n>>> ")
    assert board.boots == boots + 1
    assert verdicts(examined(board.port, fix=True), BAD) == set()


def test_a_board_without_firmware_or_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty board has no main.py; one without power says nothing, and --fix cannot help."""
    with VirtualBoard(tmp_path / "empty", blocks=32) as empty:
        found = examined(empty.port)
        assert verdicts(found, BAD) == {"device", "main.py"} and found["slot"].verdict == WARN
        empty.power_off()
        monkeypatch.setattr(doctor, "_START", 4.0)
        found = examined(empty.port)
        assert (found["device"].text, found["device"].verdict) == ("nothing answers", BAD)


ABOUT = {
    "micropython": "MicroPython v1.25.0 on 2025-05-04",
    "heap": 100_000,
    "flash": 500_000,
    "flash_size": 1_441_792,
    "slots": ["a", "b"],
    "slot": "a",
    "trial": "",
    "lib": False,
}


@pytest.mark.parametrize(
    ("told", "what", "verdict", "advice"),
    [
        ({}, "board", OK, ""),
        (
            {"micropython": "MicroPython v1.24.1 on 2024-11-29"},
            "board",
            WARN,
            "of MicroPython 1.25",
        ),
        ({"micropython": "MicroPython v2.1.0"}, "board", OK, ""),
        ({"micropython": "MicroPython 9458e3a23f"}, "board", OK, ""),
        ({"heap": 9_000}, "heap", WARN, "restart it"),
        ({"heap": -1}, "heap", OK, ""),
        ({"flash": 9_000}, "flash", WARN, "fs rm -r :b removes the install from before"),
        ({"flash": 9_000, "slots": ["a"]}, "flash", WARN, "fs rm -r of what is not /a"),
        ({"slot": "", "slots": []}, "slot", WARN, "smets flash --board"),
        ({"slots": ["b"]}, "slot", BAD, "smets flash --board"),
        ({"lib": True}, "lib", WARN, "fs rm -r :lib/smets"),
    ],
)
def test_what_a_board_tells_is_judged(
    told: dict[str, object], what: str, verdict: str, advice: str
) -> None:
    """Each thing that can be wrong, with what to do; the others are as they should be."""
    found = {each.what: each for each in doctor_device.of_board({**ABOUT, **told})}
    assert (found[what].verdict, advice in found[what].advice) == (verdict, True), found[what]
    assert bool(found[what].advice) == (verdict != OK)
    assert not (verdicts(found, WARN) | verdicts(found, BAD)) - {what}


JOINED = {"joined": True, "counts": {"sent": 3, "delivered": 3}, "errors": {}, "fault": ""}


@pytest.mark.parametrize(
    ("radio", "verdict", "said"),
    [
        ({}, OK, "none: HAN frames go over the bench link"),
        (JOINED, OK, "joined True"),
        ({**JOINED, "joined": False}, WARN, "joined False"),
        ({**JOINED, "errors": {"wrong key": 2}, "fault": "wrong key"}, WARN, "2 wrong key"),
        ({**JOINED, "counts": {"given up": 1, "delivered": 0}}, WARN, "nobody answers"),
        ({**JOINED, "counts": {"given up": 1, "delivered": 9}}, OK, "joined True"),
    ],
)
def test_the_link_of_a_han_is_judged(radio: dict[str, object], verdict: str, said: str) -> None:
    """As CTRL:RADIO tells of it (docs/links.md)."""
    found = doctor_device.of_radio(radio, {"eui": "02534D45545300A1"})
    assert (found.verdict, said in found.text) == (verdict, True), found
    assert ("docs/links.md" in found.advice) == (verdict != OK)


def test_a_panel_and_a_link_that_do_not_work(tmp_path: Path) -> None:
    """A display whose panel is not there, on a network that it has no address for yet."""
    made = install.build("ihd", VIRTUAL, {"han": {"link": "udp", "key": "00" * 16}})
    device = json.loads(made.files["device.json"])
    device["panel"] = {"driver": "ssd1306", "pins": {"i2c": 0, "clock": "GP1", "data": 0}}
    made.files["device.json"] = json.dumps(device).encode()
    with VirtualBoard(tmp_path / "board") as board:
        flash.flash(board.port, made, VIRTUAL)
        found = examined(board.port)
        assert verdicts(found, WARN) == {"keys", "clock", "radio", "panel"}, found
        assert found["panel"].text.startswith("ssd1306: no panel: ")
        assert "as its board's page shows" in found["panel"].advice
        assert (found["radio"].text[:12], "EUI-64" in found["radio"].advice) == ("joined False", 1)
        with BenchClient(SerialTransport(board.port)) as client:
            client.control("STATE", {"device": "IHD", "device_eui": "02534D45545300C7"})
        found = examined(board.port)
        assert (found["radio"].verdict, found["radio"].text) == (OK, "joined True, waiting 0")


def test_firmware_from_mip_that_runs_is_left_alone(tmp_path: Path) -> None:
    """spec: a slot without modules takes those of /lib; to remove them would end the device."""
    made = install.build("chf", VIRTUAL)
    package = {path: data for path, data in made.files.items() if path != "device.json"}
    with VirtualBoard(tmp_path / "board") as board:
        with RawRepl(board.port) as repl:
            flash.Files(repl, flash.Report()).fill("/lib", package)
        flash.flash(board.port, install.build("chf", VIRTUAL, installed=True), VIRTUAL)
        assert "lib" not in examined(board.port)
        typed(board, b"\r\x03", b">>> ")
        assert "lib" not in examined(board.port), "nor at its REPL"
        flash.flash(board.port, made, VIRTUAL)
        assert examined(board.port)["lib"].advice.endswith("fs rm -r :lib/smets")
        typed(board, b"\r\x03", b">>> ")
        assert examined(board.port, fix=True)["lib"].verdict == WARN


def test_a_device_that_is_late_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that starts answers what it was asked before: it is asked until it is in time."""
    monkeypatch.setattr(doctor, "_PATIENCE", 0.4)
    monkeypatch.setattr(doctor, "_RAW", 0.1)
    main, other = os.openpty()
    tty.setraw(other)
    asked: list[str] = []

    def serve() -> None:
        while len(asked) < 4:
            line = os.read(main, 4096).decode().strip("\r\n\x01")
            asked.extend(re.findall(r"CTRL:HELLO#(\d+):", line))
            # The answer to the question before this one, until the third.
            for number in asked[-2:-1] if len(asked) < 4 else asked[-1:]:
                os.write(main, f"CTRL:OK#{number}:2:{{}}\n".encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert doctor._who_by_now(os.ttyname(other)) == ("running", "")
    thread.join(10)
    os.close(main)
    os.close(other)
    assert len(asked) == 4


def test_ports_that_are_none(tmp_path: Path) -> None:
    """Absent, a file, one without permission."""
    assert "No such file" in examined(str(tmp_path / "absent"))["port"].text
    (tmp_path / "file").touch()
    assert "is no serial port" in examined(str(tmp_path / "file"))["port"].text
    assert "start `smets serve`" in examined("127.0.0.1:9")["port"].advice
    main, other = os.openpty()
    name = os.ttyname(other)
    os.chmod(name, 0)
    with as_owner():
        said = str(list(doctor._port(name)))
    os.close(main)
    os.close(other)
    assert "no permission" in said, said


def test_a_port_that_another_program_uses() -> None:
    """With a lock, or without one; its process is named."""
    main, other = os.openpty()
    name = os.ttyname(other)
    code = f"import sys, serial; s = serial.Serial({name!r}, exclusive=%s); print(1, flush=True); "
    for lock, verdict in (("True", BAD), ("False", WARN)):
        command = [sys.executable, "-c", code % lock + "sys.stdin.read()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
            assert user.stdout is not None and user.stdout.readline()
            found = list(doctor._port(name))
            assert [each.verdict for each in found] == [verdict]
            assert f"(process {user.pid})" in found[0].text + found[0].advice
            assert "Errno" not in found[0].text
            user.communicate()
    os.close(main)
    os.close(other)


def test_a_process_behind_tcp(tmp_path: Path) -> None:
    """`smets serve` has a device, no board."""
    server = Server(ProcessTransport("gsme", "cpython", str(tmp_path)), 0, 0.0)
    ended = threading.Event()
    thread = threading.Thread(target=lambda: server.run(ended.is_set), daemon=True)
    thread.start()
    try:
        found = examined(f"127.0.0.1:{server.port}")
    finally:
        ended.set()
        thread.join()
        server.close()
    assert verdicts(found, BAD) == set() and "board" not in found
    assert verdicts(found, OK) == {"device"}, found


def test_the_command_tells_and_judges(tmp_path: Path) -> None:
    """A line a finding with what to do, or JSON; status 1 for what is bad."""
    port = str(tmp_path / "absent")
    for option in ("--fix", "--json"):
        done = subprocess.run(
            [SMETS, "doctor", port, option], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr
        if option == "--json":
            (told,) = json.loads(done.stdout)
            assert (told["what"], told["verdict"]) == ("port", "bad") and told["advice"]
        else:
            assert done.stdout.startswith(f"bad   port      {port}: No such file or directory\n")
