"""Whatever a tool or a device of the host writes: a file that holds a key is its owner's alone.

The files are looked for, not listed: every file that holds one of the keys has to be 0600.
"""

import json
import os
import stat
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from host_tools.bench import BenchClient, ProcessTransport
from host_tools.cli import app
from host_tools.example import EUIS, ExampleHome
from host_tools.gbcs import crypto
from host_tools.han.capture import key_records
from host_tools.virtual_board import VirtualBoard

RUN = CliRunner()
HOME = ExampleHome()
# What makes a role keep something.
KEPT = {
    "esme": {"prepayment": {"mode": "prepayment", "balance": 5}},
    "ihd": {"pair": {"fuel": "gas", "eui": "02534D45545300A3"}},
}
LOG = "1667297400000 ZCL:FRAME#1:28:0101{0}{1}010101090702000000\n"


@contextmanager
def open_umask():
    """The umask of a machine that lets everybody read what is written."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def private_keys(document):
    """The octets of every private key and shared secret of KEYS.json or PARTIES.json."""
    for name, value in document.items():
        if isinstance(value, list):
            for entry in value:
                if isinstance(entry, dict):
                    yield from private_keys(entry)
        elif "private" in name or "secret" in name:
            yield bytes.fromhex(value)


def forms(key):
    """A key as files may hold it."""
    text = key.hex().encode()
    return key, text, text.upper()


def loose(folder, keys):
    """(files that hold a key, those of them that others may read) of a folder."""
    wanted = [form for key in keys for form in forms(key)]
    holders, readable = [], []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(form in content for form in wanted):
                holders.append(path.name)
                if stat.S_IMODE(path.stat().st_mode) & 0o077:
                    readable.append(path.name)
    return holders, readable


def test_keygen(tmp_path):
    with open_umask():
        assert RUN.invoke(app, ["keygen", "--out", str(tmp_path), "--seed", "7"]).exit_code == 0
    keys = []
    for path in tmp_path.glob("*.json"):
        keys += private_keys(json.loads(path.read_bytes()))
    holders, readable = loose(tmp_path, keys)
    assert len(holders) == 5 and not readable
    for path in tmp_path.glob("*.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_umask():
        for path in tmp_path.iterdir():
            path.chmod(0o644)
        arguments = ["keygen", "--out", str(tmp_path), "--seed", "8", "--force"]
        assert RUN.invoke(app, arguments).exit_code == 0
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}, "files that others could read before"


def test_capture(tmp_path):
    log = tmp_path / "home.log"
    log.write_text(LOG.format("02534D45545300A3", "02534D45545300B0"), encoding="ascii")
    keys = [bytes.fromhex(record.split('"')[1]) for record in key_records()]
    with open_umask():
        out = tmp_path / "home.pcapng"
        result = RUN.invoke(app, ["capture", str(out), "--log", str(log)])
    assert "keys in" in result.stdout, result.output
    assert loose(tmp_path, keys) == (["home.pcapng.keys"], [])


@pytest.mark.parametrize("engine", ["cpython", "unix"])
@pytest.mark.parametrize("role", list(KEPT))
def test_the_store_of_a_device(role, engine, tmp_path):
    """`smets serve`, `home`, `conform` and `run` keep what a device keeps in a folder.

    It may be anything: replaced credentials with their secrets, or the days of a household.
    """
    store = tmp_path / "state"
    with open_umask():
        transport = ProcessTransport(role, engine, str(store))
        with BenchClient(transport, timeout=30) as client:
            client.control("SET", KEPT[role])
    assert any(path.is_file() for path in store.rglob("*"))
    for path in store.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_the_flash_of_a_virtual_board(tmp_path):
    with open_umask(), VirtualBoard(tmp_path / "board") as board:
        assert stat.S_IMODE(board.image.stat().st_mode) == 0o600


def test_reports_hold_no_key(tmp_path):
    """A report may be given away: not one of the keys that its device was given is in it."""
    out = {kind: tmp_path / f"report.{kind}" for kind in ("json", "html", "junit")}
    arguments = ["conform", "--device", "gpf", "--engine", "cpython", "--only", "SECMP0056"]
    for kind, path in out.items():
        arguments += [f"--{kind}", str(path)]
    result = RUN.invoke(app, arguments)
    assert result.exit_code in (0, 4), result.output
    keys = [key for role in EUIS if EUIS[role] in HOME.keys.keys for key in given(role)]
    assert len(keys) > 6
    assert all(path.stat().st_size > 1000 for path in out.values())
    assert loose(tmp_path, keys) == ([], [])


def given(role):
    """Private keys of a device, and the secrets that it shares."""
    document = HOME.device_keys(role)
    yield from private_keys(document)
    parties = HOME.keys.parties()
    public = parties.device(bytes.fromhex(EUIS[role])).ka_public
    for party in parties.parties:
        if party.ka_private is not None:
            yield crypto.shared_secret(party.ka_private, public)
