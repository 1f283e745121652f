"""Virtual boards on one wire, without a hub: a day of five, compared with a day at the hub."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from wired_home import WiredHome

from host_tools.bus_line import BusLine
from host_tools.example import START
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, iso, seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.show.gas import start_gas
from host_tools.show.stage import Stage
from host_tools.show.tenancy import INPUTS, start_home
from host_tools.voltage.series import from_messages

ROLES = ("gpf", "gsme", "esme", "ihd", "ppmid")
STEP = 600
_SUPPLY = {
    "phases": 1,
    "waves": [{"mv": 238_000, "events": [["swell", 6_180_000, 7_980_000, 1080]]}],
}
_PERIOD = 600  # seconds: the network operator sets it
# Seconds before and after the date of a new tenancy: a PPMID asks for it once a day.
_BEFORE, _AFTER = 14400, 79200


def told(message: Message | None) -> str:
    """A verified response but for what differs between two runs: MAC, signature, counters."""
    assert message is not None
    if message.gbz:
        return repr([component.frame for component in message.gbz.components])
    return repr(message.dlms)


def day(play: Stage, home: Home, folder: Path) -> dict[str, Any]:
    """A day of one home: what everybody can see of its devices at the end."""
    start_home(play, home, folder, {**INPUTS, "voltage": _SUPPLY})
    home.advance(_BEFORE, step=STEP)
    limits = {f"#{index}": value for index, value in enumerate((276, 30, 184, 30, 207, 30), 3)}
    params = {"#0": 216, "#1": 253, "#2": _PERIOD, **limits, "#9": 253, "#10": 30}
    assert play.exchange(home, "esme", "ECS29c", "network_operator", params) is not None
    date = iso(from_seconds_2000(home.now - 3600))
    assert play.exchange(home, "esme", "ECS12", params={"restrictDataDateTime": date})
    assert play.exchange(home, "gpf", "GCS09", params={"Implementation Date/Time": date})
    home.advance(_AFTER, step=STEP)

    seen: dict[str, Any] = {"date": date, "now": home.now}
    for role, device in home.devices.items():
        answer = device.control("QUERY")
        seen[role] = {name: answer[name] for name in ("summary", "time", "clock_status")}
        # Which of the two meters answered first.
        answer["summary"].get("notices", []).sort()
    for role in ("ihd", "ppmid"):
        for key in (None, "next", "next", "next"):
            asked = {"panel": "240x135", "press": [key] if key else []}
            screen = home.devices[role].control("SCREEN", asked)
            seen.setdefault("screens", []).append((role, screen["page"], screen["check"]))
    gas = play.exchange(home, "gpf", "GCS13a")
    assert gas is not None and gas.stamp is not None
    seen["stamp"] = (gas.stamp.is_from_gsme, gas.stamp.clock_status, gas.stamp.text())
    seen["gas"] = [
        told(play.exchange(home, "gpf", name)) for name in ("GCS13a", "GCS14", "GCS60a")
    ]
    ranged = {"from": 0, "to": home.now}
    voltage = play.exchange(home, "esme", "ECS23", "network_operator", ranged)
    assert voltage is not None
    seen["voltage"] = from_messages([voltage]).phases[0]
    return seen


def differing(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two values differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {*one, *other}
        return [
            line
            for key in sorted(both)
            for line in differing(one.get(key), other.get(key), f"{path}.{key}")
        ]
    return [] if one == other else [f"{path}: {one!r} instead of {other!r}"]


@pytest.mark.slow
def test_a_day_on_the_wire_ends_as_a_day_at_the_hub(tmp_path: Path) -> None:
    """spec: 5 % loss, doubles, frames that overtake, collisions; nothing of it is to be seen."""
    play = Stage(Console(quiet=True))
    with Home(Hub(1), seconds_2000(START), "unix") as home:
        (tmp_path / "hub").mkdir()
        expected = day(play, home, tmp_path / "hub")
    play = Stage(Console(quiet=True))
    with (
        BusLine(20221103, loss=0.05, double=0.02, overtake=0.02) as line,
        WiredHome(line, seconds_2000(START), tmp_path / "wire", ROLES) as home,
    ):
        began = time.monotonic()
        seen = day(play, home, tmp_path / "wire")
        took = time.monotonic() - began
        radios = {role: home.radio(role) for role in ROLES}
        crashes = [board.crashes for board in home.boards.values()]
    print(
        f"{took:.0f} s, {line.frames} frames, {line.lost} lost, {line.doubled} doubled,", end=" "
    )
    print(f"{line.overtaken} overtaken, {line.collisions} collided")
    for role, radio in radios.items():
        print(role, radio)
    assert not any(crashes)
    assert line.lost > 500 and line.doubled and line.overtaken
    for role in ("ihd", "ppmid"):
        for fuel in ("electricity", "gas"):
            # The entry of the last half hour may come with the next one.
            told_here, told_there = (one[role]["summary"][fuel] for one in (seen, expected))
            assert 0 <= told_there["half_hours"] - told_here.pop("half_hours") <= 1, (role, fuel)
            del told_there["half_hours"]
    for name in expected:
        assert seen[name] == expected[name], (name, differing(seen[name], expected[name]))
    # The three things that the release is about, each by name.
    assert seen["stamp"][:2] == (True, "reliable"), "the proxy's values have the gas meter's time"
    for role in ("ihd", "ppmid"):
        for fuel in ("electricity", "gas"):
            assert seen[role]["summary"][fuel]["applied"] == seen["date"], (role, fuel)
    stamps = sorted(seen["voltage"].entries)
    assert seen["voltage"].period == _PERIOD
    assert stamps[-6:] == [seen["now"] // 600 * 600 - 600 * back for back in range(5, -1, -1)]
    for role, radio in radios.items():
        counts = radio["counts"]
        assert radio["joined"] and counts["sent"] == counts["delivered"] > 200, (role, radio)
        assert counts["given up"] == 0 and radio["errors"] == {}, (role, radio)
    assert sum(radio["counts"]["repeats"] for radio in radios.values()) > 100
    assert sum(radio["counts"]["duplicates"] for radio in radios.values()) > 100


@pytest.mark.slow
def test_two_boards_on_the_wire(tmp_path: Path) -> None:
    """A gas meter and its proxy: reports arrive, a restart of either in between included."""
    play = Stage(Console(quiet=True))
    with (
        BusLine(7, loss=0.1, double=0.05, echo=True) as line,
        WiredHome(line, seconds_2000(START), tmp_path, ("gpf", "gsme")) as home,
    ):
        start_gas(play, home)
        home.advance(1800, step=STEP)
        first = home.devices["gpf"].control("QUERY")["summary"]
        for role in ("gsme", "gpf"):
            home.restart(role)
            time_now = iso(from_seconds_2000(home.now))
            for device in home.devices.values():
                device.control("CLOCK", {"time": time_now, "status": "reliable"})
        home.advance(3600, step=STEP)
        gpf = home.devices["gpf"].control("QUERY")["summary"]
        gsme = home.devices["gsme"].control("QUERY")["summary"]
        # The meter counts on; it reported ten minutes ago.
        assert gpf["register"] > first["register"]
        assert gsme["register"] - gpf["register"] == 250 * 600 // 1800
        assert gpf["stamp"]["source"] == "GSME" and gpf["stamp"]["status"] == "reliable"
        message = play.exchange(home, "gpf", "GCS13a")
        assert message is not None and message.stamp is not None and message.stamp.is_from_gsme
        assert home.boards["gsme"].boots > 1
        assert home.radio("gpf")["errors"] == {} and home.radio("gpf")["counts"]["received"] > 2
