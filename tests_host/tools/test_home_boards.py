"""Boards in a home: by TCP and on virtual boards, with its identity or theirs, gone and back."""

from __future__ import annotations

import json
import os
import pty
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from host_tools import cli, home_boards
from host_tools.bench import BenchClient, BenchError, ProcessTransport, TcpTransport
from host_tools.example import EUIS, START
from host_tools.gbcs.times import iso_2000, seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.home_boards import HomeBoards, boards_of
from host_tools.serve import Server
from host_tools.show.stage import Stage
from host_tools.show.tenancy import start_home
from host_tools.terminal import Console
from host_tools.testkeys import make_home
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.server import Busy
from host_tools.web.world import World

BEGIN = seconds_2000(START)
FOREIGN = "02534D45540100A3"


class Served:
    """A device at TCP, as `smets serve` has it; its time stands still unless it ticks."""

    def __init__(self, role: str, tick: float = 0.0, port: int = 0) -> None:
        self._server = Server(ProcessTransport(role, "unix"), port, tick)
        self.port = self._server.port
        self.address = f"127.0.0.1:{self.port}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._server.run, args=(self._stop.is_set,))
        self._thread.start()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *details: object) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._server.close()


@contextmanager
def lived(folder: Path, places: Mapping[str, str], real: bool = False) -> Iterator[Home]:
    """A home of five with boards at these places; what it says of them is in `home.told`."""
    folder.mkdir(exist_ok=True)
    with HomeBoards(places, folder) as boards:
        boards.open(EUIS, real)
        with Home(Hub(1), BEGIN, "unix", None, boards) as home:
            home.told = []
            home.on_board = lambda _role, text: home.told.append(text)
            start_home(Stage(Console(quiet=True)), home, folder)
            yield home


def state_of(home: Home) -> dict[str, Any]:
    """Time, frames, and what each device tells of itself but for its memory."""
    told = {role: device.control("QUERY") for role, device in home.devices.items()}
    for answer in told.values():
        del answer["memory"]
    return {"now": home.now, "frames": home.frames, "hub": str(home.hub.statistics), **told}


def wait_for(home: Home, what: Callable[[], bool]) -> None:
    """Let the home look for its boards until something holds."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, home.told
        time.sleep(0.05)
        home.look_for_boards()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gpf"], "--board gpf: not ROLE=WHERE, where WHERE is a serial port, a pty, HOST:PORT"),
        (["gpf="], "--board gpf=: not ROLE=WHERE"),
        (["chf=/dev/x"], "--board chf=/dev/x: chf is not one of esme, gsme, gpf, ihd, ppmid"),
        (["gpf=virtual", "gpf=/dev/x"], "--board gpf=/dev/x: the home has one GPF"),
        (["gpf=/dev/x", "ihd=/dev/x"], "--board ihd=/dev/x: another role is there"),
        (["gpf=/dev/no-such"], "GPF (/dev/no-such): /dev/no-such: there is no such port"),
        (["gpf=127.0.0.1:1"], "GPF (127.0.0.1:1): 127.0.0.1:1: Connection refused"),
    ],
)
def test_what_no_board_can_be_is_told(words: list[str], said: str) -> None:
    arguments = [part for word in words for part in ("--board", word)]
    done = CliRunner().invoke(cli.app, ["home", *arguments])
    assert done.exit_code == 2 and f"smets home: {said}" in done.stderr, done.output


def test_places_by_role() -> None:
    words = ["gpf=virtual", "ihd=virtual", "esme=host:1=2"]
    assert boards_of(words) == {"gpf": "virtual", "ihd": "virtual", "esme": "host:1=2"}


def test_a_board_of_another_role_and_one_that_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    with Served("gpf", tick=0.5) as device:
        done = CliRunner().invoke(cli.app, ["home", "--board", f"ihd={device.address}"])
        assert done.exit_code == 2
        assert f"IHD ({device.address}): it plays GPF, not IHD" in done.stderr
        done = CliRunner().invoke(cli.app, ["home", "--board", f"gpf={device.address}"])
        assert done.exit_code == 2
        words = "its time passes by itself: use --real, or flash it with --no-tick"
        assert f"GPF ({device.address}): {words}" in done.stderr
        with BenchClient(TcpTransport(device.address)) as client:
            told = client.control("QUERY")
        assert "time" not in told and told["eui"] == "", "it is as it was"


def test_a_silent_board_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_boards, "_FIRST", 0.1)
    host, device = pty.openpty()
    port = os.ttyname(device)
    try:
        done = CliRunner().invoke(cli.app, ["home", "--board", f"ppmid={port}"])
    finally:
        os.close(host)
        os.close(device)
    assert done.exit_code == 2 and f"PPMID ({port}): no line from the device" in done.stderr


@pytest.mark.slow
def test_a_home_with_boards_ends_as_one_without(tmp_path: Path) -> None:
    """spec: the same seed, the same frames, the same state of every device."""
    with lived(tmp_path / "without", {}) as home:
        home.advance(1800, step=60)
        expected = state_of(home)
    assert expected["gpf"]["summary"]["updates"] and expected["frames"] > 100
    with Served("gpf") as gpf, Served("gsme") as gsme:
        places = {"gpf": gpf.address, "gsme": gsme.address}
        with lived(tmp_path / "with", places) as home:
            home.advance(1800, step=60)
            assert state_of(home) == expected
            assert home.told == []


def test_a_board_keeps_its_identity_and_the_home_pairs_with_it(tmp_path: Path) -> None:
    keys = make_home((("GPF", FOREIGN),), seed="another").keys[FOREIGN]
    with Served("gpf") as gpf:
        with BenchClient(TcpTransport(gpf.address)) as client:
            client.control("KEYS", keys)
            clock = {"time": iso_2000(BEGIN + 5000), "status": "reliable"}
            client.control("STATE", {"device": "GPF", "clock": clock})
            before = client.control("QUERY", {"keys": True})["keys"]
        with lived(tmp_path, {"gpf": gpf.address}) as home:
            assert home.now == BEGIN + 5000, "no clock is put back"
            assert home.euis["gpf"] == home.devices["gpf"].eui == FOREIGN
            home.advance(2400, step=60)
            assert home.devices["gpf"].control("QUERY", {"keys": True})["keys"] == before
            assert home.devices["gpf"].control("QUERY")["summary"]["updates"]
            gas = home.devices["ihd"].control("QUERY")["summary"]["gas"]
            assert gas["register"] is not None, "the display has it from this proxy"


@pytest.mark.slow
def test_a_board_that_is_gone_comes_back_and_is_loaded_again(tmp_path: Path) -> None:
    """spec: the home goes on; a device that kept nothing is what it was."""
    with Served("gpf") as gpf:
        with lived(tmp_path, {"gpf": gpf.address}) as home:
            home.advance(1800, step=60)
            gpf.__exit__()
            before = home.now
            home.advance(600, step=60)
            assert home.now == before + 600 and list(home.lost) == ["gpf"]
            assert "gpf" not in home.devices and "ihd" in home.devices
            (said,) = home.told
            assert said.startswith(f"GPF ({gpf.address}) is gone: the device is gone")
            with Served("gsme", port=gpf.port):
                wait_for(home, lambda: len(home.told) > 1)
            assert "it plays GSME, not GPF; it is not taken" in home.told[1]
            with Served("gpf", port=gpf.port):
                wait_for(home, lambda: not home.lost)
                assert "is back: it had kept nothing, and is loaded again" in home.told[-1]
                told = home.devices["gpf"].control("QUERY")
                assert told["eui"] == EUIS["gpf"] and told["time"] == iso_2000(home.now)
                home.advance(2400, step=60)
                assert home.devices["gpf"].control("QUERY")["summary"]["updates"]


@pytest.mark.slow
def test_a_day_with_virtual_boards(tmp_path: Path) -> None:
    """spec: a virtual day with GPF and IHD on virtual boards ends as on processes."""
    with lived(tmp_path / "without", {}) as home:
        home.advance(86400, step=120)
        expected = state_of(home)
    with lived(tmp_path / "with", {"gpf": "virtual", "ihd": "virtual"}) as home:
        home.advance(86400, step=120)
        assert state_of(home) == expected
        assert home.told == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["cable", "power"])
def test_a_virtual_board_that_is_pulled_in_mid_run(tmp_path: Path, what: str) -> None:
    """spec: it is gone for two hours; then the display has the same history as if it had not."""
    with lived(tmp_path / "without", {}) as home:
        home.advance(6 * 3600, step=120)
        expected = home.devices["ihd"].control("QUERY")["summary"]
    with lived(tmp_path / "with", {"ihd": "virtual"}) as home:
        board = home.boards["ihd"].hands
        assert board is not None
        pull, push = {
            "cable": (board.unplug, board.plug),
            "power": (board.power_off, board.power_on),
        }[what]
        home.advance(2 * 3600, step=120)
        pull()
        home.advance(2 * 3600, step=120)
        assert list(home.lost) == ["ihd"]
        push()
        wait_for(home, lambda: not home.lost)
        how = {"cable": "it had its power all the time", "power": "it has started again"}[what]
        assert how in home.told[-1] and len(home.told) == 2
        home.advance(2 * 3600, step=120)
        found = home.devices["ihd"].control("QUERY")["summary"]
    for fuel in ("electricity", "gas"):
        for member in ("register", "days", "tenancy"):
            assert found[fuel][member] == expected[fuel][member], (fuel, member)
        # It asks for its history at another minute of the half hour now.
        most = expected[fuel]["half_hours"]
        assert most - 1 <= found[fuel]["half_hours"] <= most, fuel


@pytest.mark.slow
def test_a_board_whose_time_passes_by_itself(tmp_path: Path) -> None:
    """spec: in real time it is only listened to, and its clock is that of the home."""
    with Served("gpf", tick=1.0) as gpf, lived(tmp_path, {"gpf": gpf.address}, True) as home:
        assert home.boards["gpf"].ticks
        for _ in range(5):
            time.sleep(1)
            home.advance(1)
        told = home.devices["gpf"].control("QUERY")
        assert abs(seconds_2000(home_boards.parse_iso(told["time"])) - home.now) <= 2


def look(world: World, topic: str) -> Any:
    """The latest document of a topic of the view."""
    _, text = world.feed.since(0, 5)
    return json.loads(text).get(topic)


def until(what: Callable[[], bool]) -> None:
    """Wait until the view shows something."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def viewed(folder: Path, places: Mapping[str, str], **options: Any) -> Iterator[World]:
    """The home of the view with boards; its time stands still."""
    with HomeBoards(places, folder) as boards:
        boards.open(EUIS, options.pop("real", False))
        world = World(folder, Feed(), Hub(1), boards=boards, **{"past": 600, "speed": 0} | options)
        world.start()
        try:
            until(lambda: (look(world, "home") or {"busy": "yes"})["busy"] == "")
            yield world
        finally:
            world.close()


def said(world: World) -> str:
    return "\n".join(row["text"] for row in look(world, "log"))


def card_of(world: World, role: str) -> dict[str, Any]:
    return next(card for card in look(world, "devices") if card["role"] == role)


@pytest.mark.slow
def test_the_view_offers_what_a_board_can_do(tmp_path: Path) -> None:
    """spec: buttons are absent where they make no sense, and what they ask for is refused."""
    with Served("gpf") as gpf, viewed(tmp_path, {"gpf": gpf.address}) as world:
        assert world.offer.cuts == ("esme", "gsme", "ihd", "ppmid")
        assert world.offer.mains == ("esme", "ihd") and world.offer.resets == ()
        text = page(0, world.offer)
        assert f"a board: {gpf.address}" in text and 'data-do="reset"' not in text
        assert '<option value="gpf">' not in text and '<option value="ihd">' in text
        for asked, words in (
            ({"do": "cut", "device": "gpf"}, "device: not one of mains, esme, gsme, ihd, ppmid"),
            ({"do": "reset", "role": "gpf"}, "role: not one of no boards"),
        ):
            with pytest.raises(ValueError, match=words):
                world.ask(asked)
        gpf.__exit__()
        until(lambda: card_of(world, "gpf").get("gone") == gpf.address)
        with pytest.raises(Busy, match="the board of the GPF is gone"):
            world.ask({"do": "tenancy"})
        assert "the device is gone" in said(world)
        with Served("gpf", port=gpf.port):
            until(lambda: card_of(world, "gpf")["on"])
            assert "is back" in said(world)
            world.ask({"do": "tenancy"})
            until(lambda: "The supplier sets a new tenancy" in said(world))


@pytest.mark.slow
def test_the_view_of_a_board_whose_time_passes_by_itself(tmp_path: Path) -> None:
    with Served("gpf", tick=1.0) as gpf:
        with viewed(tmp_path, {"gpf": gpf.address}, real=True) as world:
            assert world.offer.live and world.speed == 1 and world.home.now < BEGIN + 60
            text = page(60, world.offer)
            assert 'data-do="pass"' not in text and 'value="60"' not in text
            with pytest.raises(ValueError, match="do: not one of speed, key"):
                world.ask({"do": "pass"})
            with pytest.raises(ValueError, match="speed: not one of 1"):
                world.ask({"do": "speed", "speed": 60})
            begun = world.home.now
            until(lambda: world.home.now > begun + 2)
            world.ask({"do": "sag"})
            assert look(world, "home")["busy"] == "", "time is not hurried"


def register_of(world) -> float:
    """What the page shows of the electricity meter's register, kWh."""
    text = dict(card_of(world, "esme")["rows"])["Register"]
    assert text.endswith(" kWh")
    return float(text.removesuffix(" kWh").replace(",", ""))


@pytest.mark.slow
def test_the_view_cuts_and_restarts_a_virtual_board(tmp_path: Path) -> None:
    with viewed(tmp_path, {"esme": "virtual"}, past=5400) as world:
        assert world.offer.resets == ("esme",) and "esme" in world.offer.cuts
        before = register_of(world)
        world.ask({"do": "reset", "role": "esme"})
        until(lambda: "it restarts, as it was asked to" in said(world))
        until(lambda: "is back: it has started again" in said(world))
        until(lambda: card_of(world, "esme")["on"])
        # Registers are kept each half hour (features/register.py); a few kW were drawn at most.
        assert before - 2 <= register_of(world) <= before + 0.5
        world.ask({"do": "cut", "device": "mains"})
        until(lambda: "ESME still has" in said(world))
        told = next(row for row in said(world).split("\n") if row.startswith("ESME still has"))
        assert "balance £19" in told and "Not yet" not in told
        assert "voltage averages" in told
        assert card_of(world, "esme")["on"]


def test_the_other_errors_of_a_process_still_end_the_home(tmp_path: Path) -> None:
    with lived(tmp_path, {}) as home:
        transport = home.devices["ihd"].client.transport
        assert isinstance(transport, ProcessTransport)
        transport.process.kill()
        with pytest.raises(BenchError, match="gone"):
            home.advance(60)
