"""The virtual board does what a board does, as far as a host can tell over its serial port."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial
from mpremote.transport_serial import SerialTransport
from typer.testing import CliRunner

from host_tools.bench import BenchError
from host_tools.cli import app
from host_tools.raw_repl import RawRepl
from host_tools.virtual_board import VirtualBoard

MPREMOTE = str(Path(sys.executable).with_name("mpremote"))
SMETS = str(Path(sys.executable).with_name("smets"))


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board with an empty file system."""
    with VirtualBoard(tmp_path / "board") as made:
        yield made


def mpremote(board: VirtualBoard, *arguments: str) -> str:
    """The output of mpremote, which must succeed."""
    command = [MPREMOTE, "connect", board.port, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Terminal:
    """A serial terminal."""

    def __init__(self, board: VirtualBoard) -> None:
        self.serial = serial.Serial(board.port, timeout=60)

    def prompt(self) -> None:
        """See to it that the REPL has nothing more to say."""
        self.type(b"\r'in' 'step'\r", b"'instep'\n>>> ")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *details: object) -> None:
        self.serial.close()

    def until(self, end: bytes) -> bytes:
        """The octets read up to `end`."""
        data = self.serial.read_until(end)
        assert data.endswith(end), data
        return data

    def type(self, data: bytes, end: bytes = b">>> ") -> bytes:
        """Type and read up to `end`."""
        self.serial.write(data)
        return self.until(end)


def put(board: VirtualBoard, name: str, text: str) -> None:
    """Write a file of the board."""
    raw = SerialTransport(board.port, timeout=10)
    raw.enter_raw_repl(soft_reset=False)
    raw.fs_writefile(name, text.encode())
    raw.exit_raw_repl()
    raw.close()


@pytest.mark.parametrize("heap", ["nonsense", "20kw", "-1k", "190 k", "15k", "1025m", "9" * 30])
def test_a_heap_that_cannot_be_is_refused(heap: str, tmp_path: Path) -> None:
    """The Unix port would end at once with it, over and over."""
    with pytest.raises(BenchError, match=f"heap '{heap}': not"):
        VirtualBoard(tmp_path / "board", heap)
    assert list(tmp_path.iterdir()) == []


def test_mpremote_runs_code_and_files(board: VirtualBoard, tmp_path: Path) -> None:
    """exec, run, eval, fs, df: what a board's REPL gives to mpremote."""
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint('argv', sys.argv, 'path', sys.path)\n", encoding="ascii")
    assert (
        mpremote(board, "run", str(script)).split()
        == "argv [] path ['', '.frozen', '/lib']".split()
    )
    assert mpremote(board, "exec", "print(6 * 7)").strip() == "42"
    assert mpremote(board, "eval", "6 * 7").strip() == "42"
    data = tmp_path / "octets"
    data.write_bytes(bytes(range(256)) * 40)
    mpremote(board, "fs", "cp", str(data), ":octets", "+", "mkdir", ":folder")
    mpremote(board, "fs", "cp", ":octets", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data.read_bytes()
    assert "folder/" in mpremote(board, "fs", "ls")
    assert "VfsLfs2" in mpremote(board, "df"), "the root is littlefs, not the host's folder"


def test_mpremote_mounts_a_folder_of_the_host(board: VirtualBoard, tmp_path: Path) -> None:
    """Its protocol carries any octet, Ctrl-C too, while the board runs a program."""
    (tmp_path / "there.py").write_text("VALUE = 'from the host'\n", encoding="ascii")
    (tmp_path / "octets").write_bytes(bytes(range(256)))
    code = (
        "import there; print(there.VALUE); print(open('octets', 'rb').read() == bytes(range(256)))"
    )
    # mpremote says meanwhile, at a time of its own, that the folder is mounted.
    said = mpremote(board, "mount", str(tmp_path), "exec", code).splitlines()
    expected = ["from the host", "True"]
    assert [line for line in said if line in expected] == expected


def test_soft_reset_clears_memory_and_runs_main_in_the_friendly_repl(board: VirtualBoard) -> None:
    """Ctrl-D at the friendly REPL: boot.py and main.py run, as after power-up."""
    put(board, "boot.py", "print('in boot')\n")
    put(board, "main.py", "print('in main')\n")
    with Terminal(board) as terminal:
        terminal.prompt()
        terminal.type(b"kept = 1\r")
        said = terminal.type(b"\x04", b'help()" for more information.\r\n>>> ')
        assert b"MPY: soft reboot\r\nin boot\nin main\nMicroPython" in said
        assert b"NameError" in terminal.type(b"kept\r")
    assert board.crashes == []


def test_soft_reset_in_the_raw_repl_leaves_main_alone(board: VirtualBoard) -> None:
    """Ctrl-D at the raw REPL: boot.py runs, main.py does not, the raw REPL is back."""
    put(board, "boot.py", "print('in boot')\n")
    put(board, "main.py", "print('in main')\n")
    with Terminal(board) as terminal:
        terminal.type(b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
        said = terminal.type(b"\x04", b"raw REPL; CTRL-B to exit\r\n>")
        assert b"MPY: soft reboot\r\nin boot\n" in said
        assert b"in main" not in said
        assert terminal.type(b"print(1)\x04", b"\x04>") == b"OK1\n\x04\x04>"


def test_ctrl_c_interrupts_a_program(board: VirtualBoard) -> None:
    """Main that never ends is left for the REPL, with its traceback."""
    put(board, "main.py", "while True:\n    pass\n")
    with Terminal(board) as terminal:
        terminal.prompt()
        terminal.type(b"\x04", b"soft reboot\r\n")
        time.sleep(0.3)
        assert b"KeyboardInterrupt" in terminal.type(b"\r\x03")
        terminal.type(b"while True: pass\r\r", b"\r\n... \r\n")
        time.sleep(0.1)
        assert b"KeyboardInterrupt" in terminal.type(b"\x03\x03\x03")
        terminal.prompt()
    assert board.crashes == []


def test_what_is_typed_after_ctrl_c_waits_for_the_repl(board: VirtualBoard) -> None:
    """mpremote types Ctrl-A right behind Ctrl-C; a board has it in its buffer."""
    put(board, "main.py", "while True:\n    pass\n")
    for _ in range(10):
        with Terminal(board) as terminal:
            terminal.type(b"\r\x02\x04", b"soft reboot\r\n")
            terminal.type(b"\r\x03\r\x01", b"raw REPL; CTRL-B to exit\r\n>")


def test_a_program_reads_every_octet(board: VirtualBoard) -> None:
    """With kbd_intr(-1) Ctrl-C is an octet like the others."""
    code = (
        "import micropython, sys\n"
        "micropython.kbd_intr(-1)\n"
        "print('ready')\n"
        "data = sys.stdin.buffer.read(1024)\n"
        "micropython.kbd_intr(3)\n"
        "print(data == bytes(range(256)) * 4)\n"
    )
    with Terminal(board) as terminal:
        terminal.type(b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
        terminal.type(code.encode() + b"\x04", b"ready\n")
        assert terminal.type(bytes(range(256)) * 4, b"\x04>") == b"True\n\x04\x04>"


def test_an_exception_in_main_leads_to_the_repl(board: VirtualBoard) -> None:
    """And SystemExit, which machine.soft_reset raises, to a soft reset."""
    put(board, "main.py", "1 / 0\n")
    with Terminal(board) as terminal:
        terminal.prompt()
        assert b"ZeroDivisionError" in terminal.type(
            b"\r\x04", b'help()" for more information.\r\n>>> '
        )
    put(
        board,
        "main.py",
        "import machine, os\n"
        "if 'again' not in os.listdir():\n"
        "    open('again', 'w').close()\n"
        "    machine.soft_reset()\n"
        "print('second time', machine.reset_cause() == machine.SOFT_RESET)\n",
    )
    with Terminal(board) as terminal:
        said = terminal.type(b"\r\x04", b"second time True\n")
        assert said.count(b"MPY: soft reboot") == 2


def test_reset_makes_the_port_go_away_and_come_back(board: VirtualBoard) -> None:
    """As on USB: the open port is dead, the name is there again; files stay, memory does not."""
    put(board, "kept.txt", "text")
    boots = board.boots
    with Terminal(board) as terminal:
        terminal.prompt()
        terminal.serial.write(b"import machine; machine.reset()\r")
        wait(lambda: board.boots == boots + 1)
        with pytest.raises((OSError, serial.SerialException)):
            for _ in range(100):
                terminal.serial.read(100)
    cause = mpremote(board, "resume", "exec", "import machine; print(machine.reset_cause())")
    assert int(cause) == 2
    assert mpremote(board, "fs", "cat", ":kept.txt") == "text"


def test_the_watchdog_bites_a_program_that_hangs(board: VirtualBoard) -> None:
    """And neither one that feeds it nor one that has disarmed it."""
    put(
        board,
        "main.py",
        "import machine, time\n"
        "if machine.reset_cause() != machine.WDT_RESET:\n"
        "    dog = machine.WDT(timeout=400)\n"
        "    for _ in range(8):\n"
        "        time.sleep_ms(100)\n"
        "        dog.feed()\n"
        "    print('fed')\n"
        "    dog.deinit()\n"
        "    time.sleep_ms(600)\n"
        "    print('disarmed')\n"
        "    machine.WDT(timeout=400)\n"
        "    while True:\n"
        "        pass\n"
        "open('bitten', 'w').close()\n",
    )
    with Terminal(board) as terminal:
        terminal.type(b"\r\x04", b"fed\n")
        terminal.until(b"disarmed\n")
    wait(lambda: board.bites == 1)
    assert "bitten" in mpremote(board, "fs", "ls")
    assert board.bites == 1


def changed(board: VirtualBoard, raw: SerialTransport) -> bool:
    """Change the file; whether that came to its end, rather than the power."""
    try:
        raw.exec_raw_no_follow(
            "with open('~', 'wb') as f: f.write(b'new' * 700)\nos.rename('~', 'file')\n"
            "machine.cut_power(0)\nprint('changed')"
        )
        wait(lambda: raw.serial.in_waiting > 0 or not board.powered)
        done = board.powered
        assert not done or raw.follow(5)[0] == b"changed\n"
    except OSError:
        wait(lambda: not board.powered)
        done = False
    raw.serial.close()
    return done


def test_a_power_cut_leaves_files_old_or_new(tmp_path: Path) -> None:
    """At every flash operation of a change, half of the operation done."""
    cuts = 0
    with VirtualBoard(tmp_path / "board") as board:
        put(board, "file", "old" * 700)
        raw_image = board.image.read_bytes
        while True:
            board.power_on()
            raw = SerialTransport(board.port, timeout=10)
            raw.enter_raw_repl(soft_reset=False)
            content = bytes(raw.fs_readfile("file", chunk_size=4096))
            assert content in (b"old" * 700, b"new" * 700), content[:20]
            raw.exec(
                "import os, machine\n"
                "with open('file', 'wb') as f: f.write(b'old' * 700)\n"
                f"machine.cut_power({cuts + 1})"
            )
            before = raw_image()
            if changed(board, raw):
                break
            cuts += 1
            assert raw_image() != before, "an operation was cut in the middle, not before"
    print(f"power cut at {cuts} flash operations")
    assert cuts > 5


def test_cutting_the_power_stops_the_board_until_it_is_back(board: VirtualBoard) -> None:
    """Nothing answers in between, and memory is empty afterwards."""
    with Terminal(board) as terminal:
        terminal.prompt()
        terminal.type(b"kept = 1\r")
        board.power_off()
        with pytest.raises((OSError, serial.SerialException)):
            for _ in range(100):
                terminal.serial.write(b"\r")
                terminal.serial.read(100)
    with Terminal(board) as terminal:
        terminal.serial.timeout = 0.3
        terminal.serial.write(b"\r")
        assert terminal.serial.read(100) == b""
    board.power_on()
    board.power_on()
    with Terminal(board) as terminal:
        assert b"NameError" in terminal.type(b"\rkept\r", b"Error: name 'kept' isn't defined\n")
    assert board.boots == 2


def test_a_board_runs_on_while_its_cable_is_pulled(board: VirtualBoard) -> None:
    """Unplugged and plugged in again: the same process, a new pty at the same path."""
    with Terminal(board) as terminal:
        terminal.prompt()
        terminal.type(b"kept = 41\r")
        board.unplug()
        board.unplug()
        assert not Path(board.port).exists()
    board.plug()
    with Terminal(board) as terminal:
        assert b"42" in terminal.type(b"kept + 1\r")
    assert board.boots == 1


def test_a_host_that_does_not_read_does_not_stop_the_board(board: VirtualBoard) -> None:
    """USB serial drops octets that are not read, and the program ends."""
    put(
        board,
        "main.py",
        "for _ in range(1000):\n    print('x' * 99)\nopen('done', 'w').close()\n",
    )
    with Terminal(board) as terminal:
        terminal.serial.write(b"\r\x04")
        time.sleep(2)
    assert "done" in mpremote(board, "resume", "fs", "ls")


def test_a_crash_is_counted_and_the_board_starts_again(board: VirtualBoard) -> None:
    """The process of a board never ends by itself; if it does, tests can see it."""
    with Terminal(board) as terminal:
        terminal.prompt()
        assert board._process is not None
        board._process.send_signal(signal.SIGSEGV)
        terminal.until(b"MPY: soft reboot\r\n")
    assert len(board.crashes) == 1
    assert "status -11" in board.crashes[0]


def test_two_boards_are_two_boards(tmp_path: Path) -> None:
    """Ids and files are their own."""
    with (
        VirtualBoard(tmp_path / "one", unique_id="aa" * 8) as one,
        VirtualBoard(tmp_path / "two", unique_id="bb" * 8) as two,
    ):
        code = "import machine; print(machine.unique_id().hex())"
        assert mpremote(one, "exec", code).strip() == "aa" * 8
        assert mpremote(two, "exec", code).strip() == "bb" * 8


def test_the_command_serves_a_board_until_it_is_stopped(tmp_path: Path) -> None:
    """`smets virtual-board` prints the port; its files are there the next time."""
    for number in range(2):
        command = [SMETS, "virtual-board", str(tmp_path / "board")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port == str(tmp_path / "board" / "port")
        count = "import os; open('f%d' % len(os.listdir()), 'w').close(); print(len(os.listdir()))"
        done = subprocess.run(
            [MPREMOTE, "connect", port, "exec", count], capture_output=True, text=True, timeout=30
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        process.stdout.close()
        assert int(re.sub(r"\s", "", done.stdout)) == number + 1
        assert not Path(port).exists()


HEAR = """
import time
b = b''
for _ in range(500):
    b += u.read(64) or b''
    if b'one' in b: break
    time.sleep_ms(10)
print(b)
"""


def test_one_process_serves_many_boards_on_a_wire(tmp_path: Path) -> None:
    """Each has its id and its files; what one says at its UART, the others hear."""
    folders = [str(tmp_path / name) for name in ("one", "two", "three")]
    command = [SMETS, "virtual-board", "--wire", *folders]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ports = [process.stdout.readline().strip() for _ in folders]
        assert ports == [f"{folder}/port" for folder in folders]
        with ExitStack() as stack:
            boards = [stack.enter_context(RawRepl(port)) for port in ports]
            ids = [board.exec("import machine; print(machine.unique_id())") for board in boards]
            assert len(set(ids)) == 3, ids
            for board in boards:
                board.exec("import machine\nu = machine.UART(0)")
            boards[0].exec("u.write(b'\\xc0 from one \\xc0')")
            for board in boards[1:]:
                assert "from one" in board.exec(HEAR)
            assert "one" not in boards[0].exec("print(u.read(64) or b'')")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    assert not any(Path(port).exists() for port in ports)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a", "./a"], "a folder is named twice"),
        (["a", "--wire"], "--wire joins 2 to 5 boards, not 1"),
        (["a", "b", "c", "d", "e", "f", "--wire"], "2 to 5 boards, not 6"),
        (["a", "b", "--loss", "0.1"], "--loss is of the wire"),
        (["a", "b", "--loss", "2", "--wire"], "--loss"),
    ],
)
def test_boards_that_cannot_be_together(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is made."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["virtual-board", *words])
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert not list(tmp_path.iterdir())
