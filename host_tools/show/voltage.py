"""MP085A on the stage: voltage periods that begin on the half hour, as consumption does."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from host_tools.example import EUIS
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message, decode
from host_tools.gbcs.times import iso_2000, parse_iso, seconds_2000
from host_tools.home import Home
from host_tools.show.stage import Stage
from host_tools.voltage.codes import code_name, code_of
from host_tools.voltage.series import Phase, Series, from_messages

__all__ = ["event_of", "play"]

_HALF_HOUR = 1800
# Switched on 13 minutes before the full hour.
_WAIT = 37 * 60
# 238 V; half an hour 8 % above it from 1:43 h on, and one 12 % below it from 3:13 h on.
_SUPPLY: dict[str, Any] = {
    "phases": 1,
    "waves": [
        {
            "mv": 238_000,
            "events": [
                ["swell", 103 * 60_000, 133 * 60_000, 1080],
                ["sag", 193 * 60_000, 223 * 60_000, 880],
            ],
        }
    ],
}
_NEW_PERIOD = 600
# Wh each half hour, of five hours.
_DRAWS = (180, 150, 220, 640, 910, 380, 170, 160, 210, 260)


class _Alerts:
    """Takes the alerts of the meter as the network operator gets them."""

    def __init__(self, stage: Stage) -> None:
        self._ring = stage.keys.ring()
        self._operator = stage.party("network_operator").id
        self.genuine: list[Message] = []
        self.wrong: list[str] = []

    def take(self, octets: bytes) -> None:
        """Take an alert."""
        try:
            message = decode(octets, self._ring)
        except DecodeError as error:
            self.wrong.append(str(error))
            return
        good = message.checks and all(check.passed for check in message.checks)
        if good and message.header.target == self._operator:
            self.genuine.append(message)
        else:
            self.wrong.append("its MAC, or whom it is for")

    def events(self) -> list[tuple[int, int]]:
        """(code, UTC seconds since 2000) of each."""
        return [event_of(message) for message in self.genuine]


def event_of(message: Message) -> tuple[int, int]:
    """(code, UTC seconds since 2000) of a non-critical alert."""
    code, time = message.dlms.data[0].items[:2]
    year, month, day, _, hour, minute, second = (
        int.from_bytes(time.octets[:2], "big"),
        *time.octets[2:8],
    )
    text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"
    assert isinstance(code.value, int)
    return code.value, seconds_2000(parse_iso(text))


def play(stage: Stage) -> None:
    """A meter is switched on at an odd minute; hours later the network operator reads it."""
    stage.title("Voltage by the half hour")
    with stage.home() as home:
        home.now += _WAIT
        alerts = _start(stage, home)
        on = home.now
        stage.say(
            f"{iso_2000(home.now)}  An ESME is switched on at {stage.engine}: no round time."
        )
        for draw in _DRAWS:
            home.devices["esme"].control("SET", {"draw": draw})
            home.advance(_HALF_HOUR, step=300)
        stage.say(f"{iso_2000(home.now)}  Five hours later the network operator asks.")
        series = _read(stage, home)
        if series is None:
            return
        first = -(-on // _HALF_HOUR) * _HALF_HOUR + _HALF_HOUR
        phase = series.phases[0]
        _table(stage, series, first)
        stage.check(
            min(phase.entries) == first,
            f"the first average is of {iso_2000(first - _HALF_HOUR)} to {iso_2000(first)}: "
            "a whole half hour, and none before it",
        )
        expected = range(first, home.now + 1, _HALF_HOUR)
        stage.check(
            sorted(phase.entries) == list(expected) and not phase.gaps(),
            f"{len(phase.entries)} averages in all, one at each half hour",
        )
        stage.check(
            set(phase.entries) == set(series.energy),
            "consumption has the same time stamps: the two logs join row by row",
        )
        _check_alerts(stage, alerts, phase)
        _change_period(stage, home)


def _start(stage: Stage, home: Home) -> _Alerts:
    state = {"device": "ESME", "clock": {"time": iso_2000(home.now), "status": "reliable"}}
    inputs = {"voltage": _SUPPLY}
    device = home.add("esme", EUIS["esme"], state, stage.device_keys("esme"), inputs)
    alerts = _Alerts(stage)
    device.client.on_alert = alerts.take
    return alerts


def _read(stage: Stage, home: Home) -> Series | None:
    messages: list[Message] = []
    for use_case in ("ECS23", "ECS26b", "ECS35e", "ECS22b"):
        ranged = None if use_case == "ECS26b" else {"from": 0, "to": home.now}
        message = stage.exchange(home, "esme", use_case, "network_operator", ranged)
        if message is None:
            return None
        messages.append(message)
    return from_messages(messages)


def _table(stage: Stage, series: Series, first: int) -> None:
    phase = series.phases[0]
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for name in ("half hour that ends", "average", "active import", "events until then"):
        table.add_column(name, overflow="fold")
    for stamp in range(first, max(phase.entries) + 1, _HALF_HOUR):
        events = [e for e in series.events if stamp - _HALF_HOUR < e.time <= stamp]
        names = ", ".join(f"{e.code:04X} {code_name(e.code)}" for e in events)
        volts, energy = phase.entries.get(stamp), series.energy.get(stamp)
        table.add_row(iso_2000(stamp), f"{volts} V", f"{energy} Wh", names)
    stage.console.print(table)


def _check_alerts(stage: Stage, alerts: _Alerts, phase: Phase) -> None:
    stage.check(not alerts.wrong, f"{len(alerts.genuine)} alerts came, each with a genuine MAC")
    told = dict(alerts.events())
    over, under = phase.over or 0, phase.under or 0
    stamps = sorted(phase.entries)
    above = [stamp for stamp in stamps if phase.entries[stamp] > over]
    below = [stamp for stamp in stamps if phase.entries[stamp] < under]
    for name, words, enters in (
        ("average RMS over voltage", f"above {over} V", above),
        ("average RMS under voltage", f"below {under} V", below),
    ):
        code, back = code_of(name), code_of(name + " ended")
        after = [stamp for stamp in stamps if enters and stamp > enters[-1]]
        stage.check(
            bool(enters and after) and (told.get(code), told.get(back)) == (enters[0], after[0]),
            f"alerts {code:04X} and {back:04X}: the average crossed to {words} and came back, "
            "each stamped with the end of its period",
        )
    counters = (phase.over_count, phase.under_count)
    stage.check(
        counters == (len(above), len(below)), f"counters: {counters[0]} over, {counters[1]} under"
    )


def _change_period(stage: Stage, home: Home) -> None:
    limits = {f"#{index}": value for index, value in enumerate((276, 30, 184, 30, 207, 30), 3)}
    params = {"#0": 216, "#1": 253, "#2": _NEW_PERIOD, **limits, "#9": 253, "#10": 30}
    changed = home.now
    done = stage.exchange(home, "esme", "ECS29c", "network_operator", params)
    if done is None:
        return
    stage.say(f"{iso_2000(home.now)}  ECS29c sets the period to {_NEW_PERIOD} s.")
    home.advance(3600, step=300)
    message = stage.exchange(
        home, "esme", "ECS23", "network_operator", {"from": changed + 1, "to": home.now}
    )
    if message is None:
        return
    (phase,) = from_messages([message]).phases
    begin = -(-changed // _HALF_HOUR) * _HALF_HOUR
    stamps = sorted(phase.entries)
    expected = list(range(begin + _NEW_PERIOD, home.now + 1, _NEW_PERIOD))
    stage.check(
        phase.period == _NEW_PERIOD and stamps == expected,
        f"periods of {_NEW_PERIOD} s begin at the next half hour, {iso_2000(begin)}",
    )
