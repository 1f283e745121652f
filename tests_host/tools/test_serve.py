"""`smets serve`: whatever a client does, the device and the other clients go on."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
import unicodedata
from contextlib import contextmanager

import pytest

from host_tools.bench import (
    BenchClient,
    BenchError,
    ProcessTransport,
    SerialTransport,
    TcpTransport,
)
from host_tools.serve import Server

HELLO = b"CTRL:HELLO#%d:0:\n"


class Lab:
    """A served device, and what talks to it."""

    def __init__(self, tick=0.0, engine="cpython", script=None):
        self.transport = ProcessTransport("gpf", engine, script=script)
        self.server = Server(self.transport, 0, tick)
        self.stop = False
        self.error = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            self.server.run(lambda: self.stop)
        except BaseException as error:
            self.error = error

    def connect(self):
        """A socket to the device."""
        link = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        link.settimeout(10)
        return link

    def hello(self):
        """Whether the device still answers a client that comes now."""
        with BenchClient(TcpTransport(f"127.0.0.1:{self.server.port}"), timeout=20) as client:
            return client.control("HELLO")["device"].lower()

    def end(self):
        """Ctrl-C: the server stops by itself."""
        self.stop = True
        self.thread.join(60)
        assert not self.thread.is_alive()
        self.server.close()
        assert self.error is None, self.error


@contextmanager
def lab(tick=0.0, **options):
    made = Lab(tick, **options)
    try:
        yield made
    finally:
        made.end()


def numbers(text):
    """The numbers of the lines that were received."""
    return [int(line.partition(b"#")[2].partition(b":")[0]) for line in text.splitlines()]


def receive(link, count):
    """Read so many lines."""
    text = b""
    while text.count(b"\n") < count:
        data = link.recv(65536)
        assert data, f"closed after {text!r}"
        text += data
    return text


@pytest.mark.parametrize(
    "noise",
    [
        b"\xff\n",
        b"\xc3\x28\n",
        b"\x00\x00\n",
        b"\x03\x04\x1b[31m\n",
        b"\xed\xa0\x80\n",
        b"\n\r\n",
        b"x" * 20000 + b"\n",
        bytes(range(256)) + b"\n",
        b"GBCS:DATA#1:1:\xf0\n",
    ],
)
def test_noise_is_answered_and_the_next_line_is_understood(noise):
    with lab() as home, home.connect() as link:
        link.sendall(noise + HELLO % 7)
        text = b""
        while b"CTRL:OK#7:" not in text:
            text += receive(link, 1)
        assert all(line.startswith((b"LOG:ERROR#", b"CTRL:OK#7")) for line in text.splitlines())
        assert home.hello() == "gpf"


def test_many_commands_of_a_client_that_does_not_read_keep_nobody_waiting():
    with lab(tick=0.1) as home, home.connect() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lines = b"".join(HELLO % n for n in range(1, 9001))
        assert len(lines) > 130_000
        sender = threading.Thread(target=_send, args=(greedy, lines))
        sender.start()
        for _ in range(5):
            assert home.hello() == "gpf"
        waiting = max(client.waiting for client in home.server._clients)
        assert waiting <= 2 * 65536
        got = receive(greedy, 9000)
        sender.join(10)
        assert numbers(got) == list(range(1, 9001)), "each line is answered, in order"


# All that Unicode or an engine takes for blank: category Z, and the controls that separate.
BLANKS = [chr(c) for c in range(0x10000) if unicodedata.category(chr(c))[0] == "Z"]
BLANKS += [chr(code) for code in (*range(9, 14), *range(0x1C, 0x20), 0x85, 0x200B, 0xFEFF)]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_line_of_blanks_leaves_each_client_its_own_answers(engine):
    with lab(engine=engine) as home, home.connect() as one, home.connect() as other:
        for number, blank in enumerate(BLANKS, 1):
            one.sendall(f"{blank}\n{blank * 2}\n".encode() + HELLO % number)
            other.sendall(HELLO % (1000 + number))
            assert numbers(receive(other, 1)) == [1000 + number], f"{ord(blank):X}"
            mine = receive(one, 1)
            while b"CTRL:OK" not in mine:
                mine += receive(one, 1)
            *errors, last = numbers(mine)
            assert last == number and errors == ([0, 0] if ord(blank) > 32 else errors)
            assert set(errors) <= {0}


PASSES_OVER = """
import sys
for line in sys.stdin:
    event, _, rest = line.partition("#")
    number = rest.partition(":")[0]
    if event == "CTRL:TWICE":
        print("CTRL:OK#%s:1:a" % number)
    if event != "CTRL:SKIP":
        print("CTRL:OK#%s:1:b" % number, flush=True)
"""


def test_a_device_that_passes_a_line_over_or_answers_twice_mixes_up_no_clients(tmp_path):
    script = tmp_path / "main.py"
    script.write_text(PASSES_OVER)
    with lab(script=script) as home, home.connect() as one, home.connect() as other:
        one.sendall(b"CTRL:SKIP#1:0:\n")
        time.sleep(0.2)
        other.sendall(b"CTRL:TWICE#2:0:\nCTRL:HELLO#3:0:\n")
        assert receive(one, 1) == b"LOG:ERROR#1:9:no answer\n"
        assert receive(other, 2) == b"CTRL:OK#2:1:a\nCTRL:OK#3:1:b\n"
        one.sendall(b"CTRL:HELLO#4:0:\n")
        assert receive(one, 1) == b"CTRL:OK#4:1:b\n"


def _send(link, data):
    try:
        link.sendall(data)
    except OSError:
        pass


def test_a_client_that_closes_while_answers_are_due_leaves_none_to_others():
    with lab() as home:
        for turn in range(20):
            leaver = home.connect()
            leaver.sendall(b"".join(HELLO % (1000 + n) for n in range(50)))
            if turn % 2:  # closed with a reset
                leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            leaver.close()
            with home.connect() as other:  # the same descriptor, most likely
                other.sendall(HELLO % 5)
                assert numbers(receive(other, 1)) == [5]
        assert home.hello() == "gpf"


def test_a_client_that_has_sent_all_still_gets_its_answers():
    with lab() as home, home.connect() as link:
        link.sendall(b"".join(HELLO % n for n in range(1, 40)))
        link.shutdown(socket.SHUT_WR)
        text = b""
        while data := link.recv(65536):
            text += data
        assert numbers(text) == list(range(1, 40))


def test_no_descriptor_left_costs_the_newcomer_only():
    with lab() as home, home.connect() as steady:
        steady.sendall(HELLO % 8)
        assert numbers(receive(steady, 1)) == [8], "the server has it"
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = max(int(name) for name in os.listdir("/proc/self/fd"))
        strangers = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 3, hard))
        try:
            for _ in range(6):
                try:
                    stranger = socket.socket()
                    strangers.append(stranger)
                    stranger.connect(("127.0.0.1", home.server.port))
                except OSError:
                    break
            steady.sendall(HELLO % 9)
            assert numbers(receive(steady, 1)) == [9]
            clock = time.thread_time
            before = time.process_time()
            time.sleep(0.5)
            assert time.process_time() - before < 0.4, "the server does not spin"
            assert clock() >= 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for stranger in strangers:
                stranger.close()
        time.sleep(1.2)
        assert home.hello() == "gpf"


@pytest.mark.parametrize(
    "left", [b"CTRL:HEL", b"GBCS:DATA#5:10:AA", b"CTRL:HELLO#4:0:", b"\x03\xff"]
)
def test_a_half_line_of_an_earlier_user_does_not_spoil_the_first_command(left):
    with lab() as home:
        user = os.open(home.server.pty, os.O_RDWR | os.O_NOCTTY)
        os.write(user, left)
        time.sleep(0.2)
        os.close(user)
        with BenchClient(SerialTransport(home.server.pty), timeout=10) as client:
            assert client.control("FORGET") == {}
            with pytest.raises(BenchError, match="unknown event"):
                client.control("NONSENSE")


def test_what_nobody_reads_at_the_pty_is_not_kept_for_long():
    with lab() as home:
        user = os.open(home.server.pty, os.O_RDWR | os.O_NOCTTY)
        os.write(user, b"".join(HELLO % n for n in range(1, 100)))
        time.sleep(0.5)
        assert home.hello() == "gpf"
        os.close(user)
        with BenchClient(SerialTransport(home.server.pty), timeout=20) as client:
            assert client.control("HELLO")["device"].lower() == "gpf"


@pytest.mark.parametrize("prompt", [b">>> ", b""])
def test_a_board_at_its_repl_is_told(prompt):
    master, slave = os.openpty()
    tty.setraw(slave)

    def repl():
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(master, 4096)
        os.write(master, prompt + line.strip() + b"\r\nTraceback (most recent call last):\r\n")
        os.write(master, b"NameError: name 'CTRL' isn't defined\r\n>>> ")

    board = threading.Thread(target=repl)
    board.start()
    start = time.monotonic()
    port = os.ttyname(slave)
    with (
        BenchClient(SerialTransport(port), timeout=30) as client,
        pytest.raises(BenchError, match=f"the board is at its REPL: smets doctor {port} --fix"),
    ):
        client.control("FORGET")
    assert time.monotonic() - start < 10
    board.join()
    os.close(master)
    os.close(slave)


def test_the_command_ends_at_ctrl_c_whatever_its_clients_do():
    command = [
        sys.executable,
        "-m",
        "host_tools",
        "serve",
        "--device",
        "gpf",
        "--engine",
        "cpython",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        port = int(served.stdout.readline().rpartition(":")[2])
        link = socket.create_connection(("127.0.0.1", port))
        link.settimeout(1)
        try:
            link.sendall(b"\xff\n" + b"CTRL:HELLO#1:0:\n" * 100_000)
        except OSError:
            pass
        served.send_signal(signal.SIGINT)
        assert served.wait(10) == 0
        link.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_device_process_reads_on_after_noise(engine):
    transport = ProcessTransport("gpf", engine)
    assert transport.process.stdin is not None
    transport.process.stdin.write(b"\xff\n\x00\n\xc3\x28CTRL\n\n  \r\n" + HELLO % 1)
    answers = []
    while not answers or not answers[-1].startswith("CTRL:OK#1:"):
        answers.append(transport.receive(20))
    assert len(answers) == 4 and all(line.startswith("LOG:ERROR#0:") for line in answers[:3])
    transport.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_process_with_a_store_tells_of_damage(engine, tmp_path):
    """project: docs/storage.md; a damaged record is in the log and the summary at each start."""
    store = tmp_path / "store"

    def started():
        return BenchClient(ProcessTransport("gsme", engine, str(store)), timeout=60)

    with started() as client:
        assert client.control("LOG") == {"restarts": 0, "log": []}
    (store / "joined").write_bytes(b"damaged")
    for _ in range(2):
        with started() as client:
            assert client.control("LOG")["log"] == ["record joined: damaged"]
            assert client.control("QUERY")["summary"]["damaged"] == {"joined": "damaged"}
            client.control("LOG", {"clear": True})
            assert client.control("LOG")["log"] == []
    with BenchClient(ProcessTransport("gsme", engine), timeout=60) as client:
        with pytest.raises(BenchError, match="unknown event CTRL:LOG"):
            client.control("LOG")
