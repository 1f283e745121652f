"""The worked example of docs/architecture.md, carried out on a copy of the firmware."""

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from vectors import BROKER, DEVICE, SUPPLIER, Opened, access_request, command, key, secret

from host_tools import bench
from host_tools.bench import BenchClient, ProcessTransport

PAGE = Path(__file__).parents[2] / "docs/architecture.md"
FIRMWARE = Path(__file__).parents[2] / "firmware"
NOTE = key(1, (0, 0, 94, 44, 99, 1), 2)
SET, GET = 2, 1
BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
    shutil.copytree(FIRMWARE, tmp_path / "firmware")
    assert len(carry_out(tmp_path)) <= 3
    copied = tmp_path / "firmware"
    monkeypatch.setattr(bench, "FIRMWARE", copied)
    monkeypatch.setattr(bench, "compiled_firmware", lambda: copied)
    store = tmp_path / "store"
    store.mkdir()
    get = (GET, NOTE, None, b"\x00")
    null = b"\x00"
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(1, get) == answer(1, b"\x09\x00", GET, 0)
        assert meter.ask(2, put(b"dog in the yard")) == answer(2, null, SET, 0)
        assert meter.ask(3, put(bytes(33))) == answer(3, null, SET, 250)
        assert meter.ask(4, (SET, NOTE, None, b"\x11\x05")) == answer(4, null, SET, 12)
        assert meter.ask(5, get) == answer(5, b"\x09\x0fdog in the yard", GET, 0)
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(6, get) == answer(6, b"\x09\x0fdog in the yard", GET, 0)
    (store / "note").write_bytes(b"damaged")
    with closing(ProcessTransport("esme", engine, str(store))) as transport:
        meter = Meter(BenchClient(transport, timeout=60))
        assert meter.ask(7, get) == answer(7, b"\x09\x00", GET, 0)
