"""The worked example of docs/architecture.md, carried out on a copy of the firmware."""

import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from vectors import BROKER, DEVICE, SUPPLIER, Opened, access_request, command, key, secret

from host_tools import transports
from host_tools.bench import BenchClient, ProcessTransport

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/architecture.md"
NOTE = key(1, (0, 0, 94, 44, 99, 1), 2)
SET, GET = 2, 1
BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def copy(root: Path, *folders: str) -> None:
    """Copy folders of the project to `root`."""
    left_out = shutil.ignore_patterns("__pycache__", "*.gif", "*.png")
    for folder in folders:
        shutil.copytree(ROOT / folder, root / folder, ignore=left_out)


def carry_out(root: Path) -> list[str]:
    """Apply the page's blocks to a copy of the project in `root`; the files that they touch."""
    touched = []
    for kind, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = root / name
        touched.append(name)
        if kind == "python":
            assert not path.exists(), f"{name} is new"
            path.write_text(text, encoding="utf-8")
            continue
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        source = path.read_text(encoding="utf-8")
        assert source.count(before) == 1, f"{name} has this place once"
        path.write_text(source.replace(before, after), encoding="utf-8")
    return touched


class Meter:
    """An ESME process of the changed firmware, with a supplier that asks it."""

    def __init__(self, client: BenchClient) -> None:
        self.client = client
        parties = [
            {"id": party.hex(), "role": role, "shared_secret": secret(party).hex()}
            for party, role in ((SUPPLIER, "supplier"), (BROKER, "access_control_broker"))
        ]
        client.control("KEYS", {"device_id": DEVICE.hex(), "parties": parties})

    def ask(self, counter: int, element) -> bytes:
        """The payload that answers one element."""
        data = command(0xFF01, access_request([element], counter), counter)
        return Opened(self.client.respond(data)).payload


def put(text: bytes):
    return (SET, NOTE, None, b"\x09" + bytes((len(text),)) + text)


def answer(counter: int, octets: bytes, choice: int, result: int) -> bytes:
    """An Access-Response of one element."""
    head = b"\xda\x20" + counter.to_bytes(3, "big") + b"\x00\x00"
    return head + b"\x01" + octets + b"\x01" + bytes((choice, result))


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_the_example_works(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object with persistence and a use case takes three files, and lasts."""
    copy(tmp_path, "firmware", "docs")
    *files, page = carry_out(tmp_path)
    assert len(files) <= 3 and all(name.startswith("firmware/") for name in files)
    assert page == "docs/storage.md"
    copied = tmp_path / "firmware"
    monkeypatch.setattr(transports, "FIRMWARE", copied)
    monkeypatch.setattr(transports, "compiled_firmware", lambda: copied)
    store = tmp_path / "store"
    store.mkdir()
    get = (GET, NOTE, None, b"\x00")
    null = b"\x00"
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(1, get) == answer(1, b"\x09\x00", GET, 0)
        assert meter.ask(2, put(b"dog in the yard")) == answer(2, null, SET, 0)
        assert meter.ask(3, put(bytes(33))) == answer(3, null, SET, 12)
        assert meter.ask(4, (SET, NOTE, None, b"\x11\x05")) == answer(4, null, SET, 12)
        assert meter.ask(5, get) == answer(5, b"\x09\x0fdog in the yard", GET, 0)
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(6, get) == answer(6, b"\x09\x0fdog in the yard", GET, 0)
    (store / "note").write_bytes(b"damaged")
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(7, get) == answer(7, b"\x09\x00", GET, 0)


def test_no_test_stands_in_the_way_of_the_example(tmp_path: Path) -> None:
    """project: what goes over all records, features and use cases takes the new ones as well."""
    copy(tmp_path, "firmware", "docs", "host_tools", "tests_host")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    carry_out(tmp_path)
    tests = tmp_path / "tests_host/firmware"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [str(tests / f"test_{name}.py") for name in ("record", "features")]
        + [f"{tests}/test_authority.py::test_a_ninth_of_all_gets_no_more_than_the_table_gives[E]"]
        + [f"{tests}/test_setting_pairs.py::test_electricity[ESME-cpython-keeps]"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
