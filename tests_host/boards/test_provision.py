"""A board gets its identity: what it took is what it holds, and no key is shown on the way."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from host_tools import boards, flash, install
from host_tools.bench import BenchClient, ProcessTransport, SerialTransport
from host_tools.cli import app
from host_tools.example import EUIS, GAS_STATE
from host_tools.raw_repl import RawRepl
from host_tools.remote import RemoteParty
from host_tools.serve import Server
from host_tools.testkeys import Home, make_home
from host_tools.virtual_board import VirtualBoard

VIRTUAL = boards.load("virtual")
HOME = make_home(seed="a board's")
OTHER = make_home(seed="another board's")
GPF, GSME = EUIS["gpf"], EUIS["gsme"]
RUN = CliRunner()
COUNTERS = itertools.count(1)
REGISTER = {"zcl": GAS_STATE}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualBoard]:
    """A gas proxy without an identity."""
    with VirtualBoard(tmp_path_factory.mktemp("gpf")) as made:
        flash.flash(made.port, install.build("gpf", VIRTUAL), VIRTUAL)
        yield made


@pytest.fixture
def said() -> Iterator[list[Result]]:
    """Results of commands: none of them shows a key."""
    results: list[Result] = []
    yield results
    assert results
    for result in results:
        text = result.output.upper()
        for home in (HOME, OTHER):
            for secret in secrets(home):
                for at in range(0, 64, 8):
                    assert secret[at : at + 12] not in text


def secrets(home: Home) -> list[str]:
    """All private keys of a home."""
    documents = [*home.keys.values(), *home.parties_document["parties"]]
    return [
        value.upper() for each in documents for name, value in each.items() if "private" in name
    ]


def keys_file(folder: Path, eui: str = GPF, home: Home = HOME, **changes: Any) -> str:
    """KEYS.json of a device."""
    path = folder / f"keys-{eui}-{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps({**home.keys[eui], **changes}), encoding="utf-8")
    return str(path)


def state_file(folder: Path, **members: Any) -> str:
    """STATE.json of the gas proxy."""
    path = folder / f"state-{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps({"device": "GPF", **REGISTER, **members}), encoding="utf-8")
    return str(path)


def provision(said: list[Result], port: str, *arguments: str) -> Result:
    """The result of the command."""
    said.append(RUN.invoke(app, ["provision", port, *arguments]))
    return said[-1]


def obeys(board: VirtualBoard, home: Home) -> bool:
    """Whether the device answers a supplier, who verifies the answer."""
    supplier = RemoteParty(home.parties(), "supplier")
    with BenchClient(SerialTransport(board.port)) as client:
        command = supplier.command("GCS13a", bytes.fromhex(GPF), next(COUNTERS))
        answer = client.try_respond(command)
    return answer is not None and supplier.is_genuine(answer, command)


def test_a_board_gets_its_identity_and_keeps_it(
    board: VirtualBoard, said: list[Result], tmp_path: Path
) -> None:
    """Keys, parties, state, pair and clock; then the same again changes nothing."""
    parties = tmp_path / "parties.json"
    parties.write_text(json.dumps(HOME.parties_document), encoding="utf-8")
    files = ("--keys", keys_file(tmp_path), "--keys", str(parties))
    files += ("--state", state_file(tmp_path), "--pair", f"gsme={GSME}")
    done = provision(said, board.port, *files, "--clock", "2022-11-01T10:10:00Z")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{GPF} at {board.port}\n  keys      loaded: ka ")
    assert "parties   3 loaded, 0 there already" in done.output
    assert "kept      yes: the device was restarted and asked" in done.output
    assert "clock     2022-11-01T10:10:0" in done.output
    board.power_off()
    board.power_on()
    flash.hello(board.port, timeout=20)
    with BenchClient(SerialTransport(board.port)) as client:
        told = client.control("QUERY", {"holds": {"SET": {"gsme": GSME}}})
        assert (told["eui"], told["holds"]) == (GPF, True)
        assert not client.control("QUERY", {"holds": {"SET": {"gsme": GPF}}})["holds"]
    assert obeys(board, HOME) and not obeys(board, OTHER)
    before = board.image.read_bytes()
    boots = board.boots
    again = provision(said, board.port, *files)
    assert again.exit_code == 0, again.output
    assert "keys      there already: ka " in again.output
    assert "parties   0 loaded, 3 there already" in again.output
    assert "state     0 parts loaded, " in again.output
    assert "kept      yes: nothing had to change" in again.output
    assert (board.image.read_bytes(), board.boots) == (before, boots)


def test_another_identity_is_refused_until_it_is_replaced(
    board: VirtualBoard, said: list[Result], tmp_path: Path
) -> None:
    """With the reason. How the old keys leave the flash is in test_forget_keys."""
    own = HOME.keys[GPF]
    assert provision(said, board.port, "--keys", keys_file(tmp_path)).exit_code == 0
    before = board.image.read_bytes()
    changed = [{**own["parties"][0], "ka_public": own["parties"][1]["ka_public"]}]
    for files, reason in (
        (keys_file(tmp_path, device_id=GSME), f"the device is {GPF} already, not {GSME}"),
        (keys_file(tmp_path, home=OTHER), f"{GPF} holds another key for key agreement ("),
        (keys_file(tmp_path, parties=changed), "another key of the access_control_broker 02534D"),
    ):
        done = provision(said, board.port, "--keys", files)
        assert (done.exit_code, reason in done.output) == (1, True), done.output
        assert "nothing was changed. --replace makes it a new device first" in done.output
    assert board.image.read_bytes() == before
    done = provision(said, board.port, "--keys", keys_file(tmp_path, home=OTHER), "--replace")
    assert done.exit_code == 0, done.output
    assert "replaced  all that the device kept is removed and overwritten" in done.output
    assert obeys(board, OTHER) and not obeys(board, HOME)


FILL = """
import os
def fill(size):
    try:
        for n in range(400):
            with open('/filler/%d.%d' % (size, n), 'wb') as f: f.write(bytes(size))
    except OSError: pass
os.mkdir('/filler')
for size in (65536, 4096, 512): fill(size)
"""
EMPTY = """
import os
for name in os.listdir('/filler'): os.remove('/filler/' + name)
os.rmdir('/filler')
"""


def fill(board: VirtualBoard, empty: bool = False) -> None:
    """Leave the file system no room, or give it back."""
    with RawRepl(board.port) as repl:
        repl.exec(EMPTY if empty else FILL)
        repl.to_main()
    flash.hello(board.port, restart=False)


def test_what_the_device_refuses_is_told(
    board: VirtualBoard, said: list[Result], tmp_path: Path
) -> None:
    """By the device itself on a full flash, and of one of another kind."""
    keys = ("--keys", keys_file(tmp_path, home=OTHER))
    fill(board)
    done = provision(said, board.port, *keys, "--state", state_file(tmp_path, device_eui=GPF))
    assert done.exit_code == 1
    assert "the device refuses: STATE: StoreError: 28 (its flash is full)" in done.output, (
        done.output
    )
    fill(board, empty=True)
    done = provision(said, board.port, *keys, "--state", state_file(tmp_path, device_eui=GPF))
    assert (done.exit_code, "kept      yes: " in done.output) == (0, True), done.output
    done = provision(said, board.port, "--keys", keys_file(tmp_path, device="GSME"))
    assert (done.exit_code, "the keys are of a GSME, the device is a GPF" in done.output) == (1, 1)
    done = provision(said, board.port, *keys, "--pair", f"esme={GSME}")
    assert (done.exit_code, "--pair esme: a GPF pairs with gsme" in done.output) == (1, True)
    done = provision(said, board.port + "x", *keys)
    assert (done.exit_code, "there is no such port" in done.output) == (1, True)


def usage(folder: Path) -> dict[str, tuple[list[str], str]]:
    """Arguments that cannot be, and what is said of them."""
    keys = keys_file(folder)
    parties = folder / "parties.json"
    parties.write_text(json.dumps(OTHER.parties_document), encoding="utf-8")
    short = HOME.keys[GPF]["private_key"][:-1]
    return {
        "nothing": ([], "no identity: give --keys KEYS.json"),
        "parties alone": (["--keys", str(parties)], "parties.json alone has no key"),
        "two": (["--keys", keys, "--keys", keys], "a second keys.json: one device at a time"),
        "apart": (["--keys", keys, "--keys", str(parties)], "another ka_public of 02534D"),
        "state": (
            ["--keys", keys, "--state", state_file(folder, device_eui=GSME)],
            f"device_eui is {GSME}, the keys are of {GPF}",
        ),
        "kinds": (
            ["--keys", keys_file(folder, device="ESME"), "--state", state_file(folder)],
            "the files are of several devices: ESME (the keys), GPF (",
        ),
        "key": (["--keys", keys_file(folder, private_key=short)], "63 hex digits, expected 64"),
        "pair": (["--keys", keys, "--pair", "gsme"], "--pair gsme: ROLE=EUI is expected"),
        "clock": (["--keys", keys, "--clock", "noon"], "'noon' is not a UTC time"),
        "absent": (["--keys", str(folder / "no.json")], "No such file"),
    }


def test_wrong_arguments_touch_no_device(said: list[Result], tmp_path: Path) -> None:
    """Status 2, before the port is opened: there is none."""
    for name, (arguments, reason) in usage(tmp_path).items():
        done = provision(said, str(tmp_path / "port"), *arguments)
        assert (done.exit_code, reason in done.output) == (2, True), (name, done.output)


def serving(role: str, folder: Path, use: Callable[[str], None]) -> None:
    """Call `use` with the address of a device process that `smets serve` serves."""
    server = Server(ProcessTransport(role, "cpython", str(folder)), 0, 0.0)
    ended = threading.Event()
    thread = threading.Thread(target=lambda: server.run(ended.is_set), daemon=True)
    thread.start()
    try:
        use(f"127.0.0.1:{server.port}")
    finally:
        ended.set()
        thread.join()
        server.close()


def test_a_process_says_that_it_keeps_nothing(said: list[Result], tmp_path: Path) -> None:
    """A display without keys: its state names it, and it is paired with two meters."""
    (tmp_path / "store").mkdir()
    state = tmp_path / "ihd.json"
    document = {"device": "IHD", "device_eui": EUIS["ihd"]}
    state.write_text(json.dumps(document), encoding="utf-8")

    def use(port: str) -> None:
        pairs = ("--pair", f"esme={EUIS['esme']}", "--pair", f"gpf={GPF}")
        done = provision(said, port, "--state", str(state), *pairs, "--clock", "now")
        assert done.exit_code == 0, done.output
        assert "pair      2 parts loaded, 0 there already" in done.output
        assert "kept      no: this device forgets it when it restarts or ends" in done.output
        assert "clock     20" in done.output

    serving("ihd", tmp_path / "store", use)
