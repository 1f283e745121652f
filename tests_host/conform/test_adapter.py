"""examples/adapter.py: a function, a TCP port and a serial port as a device under test."""

import os
import socket
import subprocess
import sys
import threading
import tty
from contextlib import contextmanager
from pathlib import Path

import pki
import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from foreign_gpf import ForeignGpf, Refused

from host_tools.bench import open_transport
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.credentials import DutFile, read_parties
from host_tools.conform.model import CATALOGUE, Verdict, catalogue
from host_tools.conform.verdicts import run

EUI = bytes.fromhex("00AABBCCDDEEFF10")
ADAPTER = Path(__file__).parents[2] / "examples" / "adapter.py"
NAMES = ("SECMP0015-stamp-gsme", "SECMP0015-values", "GBCS-target", "GBCS-read-GCS14")
MODULE = """
import test_adapter
from pathlib import Path

gpf = test_adapter.device(Path({folder!r}))


def respond(command):
    return test_adapter.response(gpf, command)
"""


def device(folder):
    """The foreign GPF whose keys lie in a folder."""

    def key(name):
        return load_der_private_key((folder / name).read_bytes(), None)

    parties = {
        bytes.fromhex(eui): (
            "broker" if role == "access_control_broker" else role,
            key(f"parties/T1-{role}-ka.key").public_key(),
        )
        for role, (_, eui) in pki.PARTIES.items()
    }
    return ForeignGpf(EUI, key("gpf.der"), parties)


def response(gpf, command):
    """What it answers, or None."""
    try:
        return gpf.respond(command)
    except (Refused, ValueError, LookupError):
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("adapter")
    pki.make(found / "parties")
    (found / "gpf.der").write_bytes(pki.octets(pki.new_key()))
    (found / "my_device.py").write_text(MODULE.format(folder=str(found)))
    return found


@contextmanager
def function(folder):
    yield "call", "my_device:respond"


def talk(gpf, read, write):
    """Octets of messages, without any frame around them."""
    while True:
        octets = read()
        if not octets:
            return
        answer = response(gpf, octets)
        if answer is not None:
            write(answer)


@contextmanager
def on_tcp(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            link, _ = server.accept()
            with link:
                talk(device(folder), lambda: link.recv(9000), link.sendall)

        threading.Thread(target=serve, daemon=True).start()
        yield "tcp", f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def on_serial(folder):
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def serve():
        try:
            talk(device(folder), lambda: os.read(ours, 9000), lambda data: os.write(ours, data))
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    yield "serial", os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


@pytest.mark.parametrize(
    "way",
    [
        function,
        pytest.param(on_tcp, marks=pytest.mark.slow),
        pytest.param(on_serial, marks=pytest.mark.slow),
    ],
)
def test_what_is_wrapped_is_judged(folder, tmp_path, way):
    catalogue()
    here = str(Path(__file__).parent)
    dut = DutFile("gpf", EUI, device(folder).private.public_key(), None)
    with way(folder) as words:
        adapter = subprocess.Popen(
            [sys.executable, str(ADAPTER), *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{folder}"},
        )
        try:
            engine = adapter.stdout.readline().strip()
            counters = Counters(tmp_path / "counters.json", EUI, None)
            place = Place(dut, read_parties(folder / "parties", dut), counters)
            judged = BlackBox("gpf", lambda: open_transport("gpf", engine), place, 20.0)
            results = list(run([CATALOGUE[name] for name in NAMES], judged))
            judged.close()
        finally:
            adapter.kill()
            adapter.communicate()
    said = {result.check.id: f"{result.verdict}: {result.text}" for result in results}
    assert {result.verdict for result in results} == {Verdict.PASS}, said


def test_it_is_an_example_and_no_program():
    """60 lines of code at most."""
    lines = ADAPTER.read_text().partition('"""\n\nimport')[2].splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 60
