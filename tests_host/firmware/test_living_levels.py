"""Levels and limits of auxiliary controllers through power cuts (ECS47a, ECS47e, ECS61e).

The model here goes over the commands second by second of those that matter: the last command of a
controller counts, from its start to its end.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import living_sequences as sequences
import pytest
from living import START, Meter, date_time
from remote_parties import LOAD_CONTROLLER
from vectors import SUPPLIER, Opened

OUTPUT, INPUT = 0x10, 0x20


class Model:
    """What was set: (level, start, end) of each controller, apart for levels and limits."""

    def __init__(self) -> None:
        self.levels: dict[int, tuple[int, int, int]] = {}
        self.limits: dict[int, tuple[int, int, int]] = {}

    def state(self, controller: int, now: int) -> int:
        """The level that must be told."""
        level, start, end = self.levels.get(controller, (0, 0, 0))
        found = level if start <= now < end else 0
        limit, start, end = self.limits.get(controller, (100, 0, 0))
        return min(found, limit) if start <= now < end else found


@pytest.mark.parametrize("engine", ["cpython", pytest.param("unix", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seed", range(3))
def test_levels_of_a_day(engine: str, seed: int, tmp_path: Path) -> None:
    """issue: what is set has its effect at its time, also through power cuts."""
    rng = random.Random(seed)
    meter, model = Meter(engine, tmp_path), Model()
    ended = taken = 0
    ends: dict[int, int] = {}
    try:
        for _ in range(25):
            controller = rng.choice((OUTPUT, INPUT)) | rng.randint(1, 5)
            start = meter.now + rng.choice((-60, 0, 300, 900))
            level, end = rng.randint(0, 100), start + rng.choice((200, 600, 1200))
            if rng.random() < 0.5:
                sequences.set_level(meter, controller << 8 | level, start, end)
                model.levels[controller] = level, start, end
            else:
                sequences.set_limit(meter, controller << 8 | level, start, end)
                ended += ends.get(controller, 0) > meter.now  # it takes the place of this one
                model.limits[controller] = level, start, end
                ends[controller] = end
                taken += 1
            if rng.random() < 0.3:
                meter.restart()
            before = meter.now
            meter.advance(rng.choice((60, 300, 700)))
            ended += sum(before < each <= meter.now for each in ends.values())
            told = sequences.controllers(meter)
            for number, states in told.items():
                wanted = tuple(model.state(sort | number, meter.now) for sort in (OUTPUT, INPUT))
                assert states == wanted, (number, meter.now)
            for number in range(1, 6):
                # A limit is none of the switch.
                level, start, end = model.levels.get(OUTPUT | number, (0, 0, 0))
                wanted = bool(level) and start <= meter.now < end
                assert (number in sequences.closed(meter)) == wanted
        codes = [code for code, _ in sequences.limit_alerts(meter)]
        assert (codes.count(0x8F86), codes.count(0x8F87)) == (taken, ended)
    finally:
        meter.close()


def test_a_period_without_power(tmp_path: Path) -> None:
    """A level begins late; one that has passed has failed; the end of a limit is told once."""
    meter = Meter("cpython", tmp_path)
    try:
        sequences.set_level(meter, 0x1228, START + 60, START + 7200)
        sequences.set_level(meter, 0x1332, START + 60, START + 120)
        sequences.set_limit(meter, 0x2146, START + 60, START + 120)
        meter.alerts.clear()
        meter.now += 3600
        meter.restart()
        meter.advance(1)
        now = meter.now
        assert sequences.closed(meter) == [2]
        assert sequences.controllers(meter) == {1: (0, 0), 2: (40, 0), 3: (0, 0)}
        late, passed = meter.read("ECS35g")[0][-2:]
        assert START + 3600 <= late[0] <= now and late[1:] == [0x1228, 1, 0]
        assert passed[1:] == [0x1332, 2, 0]
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        told = sorted(int.from_bytes(alert.payload[9:11], "big") for alert in alerts)
        assert told == [0x811A, 0x8F87, 0x8F88]
        meter.alerts.clear()
        meter.restart()
        meter.advance(1)
        assert not meter.alerts and sequences.closed(meter) == [2]
    finally:
        meter.close()


def state_alerts(meter: Meter) -> list[tuple[int, tuple[str, str]]]:
    """When ECS200 came since the last time, and with which states; each is of the form of RTDS."""
    found = []
    for octets in meter.alerts:
        alert = Opened(octets, SUPPLIER, cra=3)
        if alert.code != 0x0123:
            continue
        (when,) = [at for at in range(START, meter.now + 1) if date_time(at) in alert.payload]
        text = alert.payload[alert.payload.index(b"{") :].decode()
        told = json.loads(text)
        states = told["outputState"], told["inputState"]
        assert text == '{"outputState":"%s","inputState":"%s","other-data":""}' % states
        payload = (
            b"\x0f\x20" + octets[8:11] + b"\x00\x02\x03\x12\x8f\x88\x09\x0c" + date_time(when)
        )
        assert alert.payload == payload + bytes((0x0C, len(text))) + text.encode()
        assert alert.signature and not alert.authenticated and not alert.date_time
        assert (alert.target, alert.other) == (SUPPLIER, LOAD_CONTROLLER)
        found.append((when, states))
    meter.alerts.clear()
    return found


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_every_change_of_a_state_is_told(engine: str, tmp_path: Path) -> None:
    """issue: ECS200 (8F88) by a level, a limit, a switch and their ends, also without power."""
    meter = Meter(engine, tmp_path)
    try:
        # A switch without a level is no proportional controller.
        switch = {"9/0-0:10.0.103.255/1": b"\x12\x01\x11"}
        sequences.done(meter.send("ECS47", {"1/0-0:94.44.117.1/2": b"\x12\x00\x0a"} | switch))
        assert state_alerts(meter) == []
        now = meter.now
        sequences.set_level(meter, 0x1264, now, now + 600)
        sequences.set_level(meter, 0x2219, now + 60, now + 7200)
        assert state_alerts(meter) == [(now, ("100", "0"))]
        meter.advance(59)
        assert state_alerts(meter) == []
        meter.advance(1)
        assert state_alerts(meter) == [(now + 60, ("100", "25"))]
        sequences.set_limit(meter, 0x1228, now, now + 300)
        assert state_alerts(meter) == [(now + 60, ("40", "25"))]
        # The same level anew, and a limit above it, change nothing.
        sequences.set_level(meter, 0x1264, now, now + 600)
        sequences.set_limit(meter, 0x2232, now, now + 7200)
        assert state_alerts(meter) == []
        meter.advance(240)
        assert state_alerts(meter) == [(now + 300, ("100", "25"))]
        meter.now += 3600
        meter.restart()
        assert state_alerts(meter) == []
        meter.advance(1)
        assert state_alerts(meter) == [(meter.now, ("0", "25"))]
        # A command of minutes at the same output, and the end of its minutes.
        switch = {"9/0-0:10.0.103.255/1": b"\x12\x02\x11"}
        sequences.done(meter.send("ECS47", {"1/0-0:94.44.118.1/2": b"\x12\x00\x0a"} | switch))
        assert state_alerts(meter) == [(meter.now, ("100", "25"))]
        meter.advance(600)
        assert state_alerts(meter) == [(meter.now, ("0", "25"))]
        meter.set(faulty=[2])
        sequences.set_level(meter, 0x1264, meter.now, meter.now + 600)
        assert state_alerts(meter) == []
    finally:
        meter.close()


def test_a_state_that_is_loaded_is_where_changes_begin(tmp_path: Path) -> None:
    """issue: ECS200 tells changes of what a state says, and nothing that is no change."""
    meter = Meter("cpython", tmp_path)
    kind = {"class": 1, "obis": "0-0:94.44.0.22", "attr": 2}
    closed = {"class": 70, "obis": "0-2:96.3.10.255", "attr": 2}
    objects = [
        {**kind, "value": {"type": "octet-string", "value": "FF"}},
        {**closed, "value": {"type": "boolean", "value": True}},
    ]
    try:
        meter.client.control("STATE", {"device": "ESME", "dlms": objects})
        now = meter.now
        # Full already: the switch is closed.
        sequences.set_level(meter, 0x1264, now, now + 600)
        assert state_alerts(meter) == []
        meter.advance(600)
        assert state_alerts(meter) == [(now + 600, ("0", "0"))]
    finally:
        meter.close()
    meter = Meter("cpython")
    try:
        meter.client.control("STATE", {"device": "ESME", "dlms": objects})
        switch = {"9/0-0:10.0.103.255/1": b"\x12\x02\x12"}
        sequences.done(meter.send("ECS47", {"1/0-0:94.44.118.2/2": b"\x12\x00\x0a"} | switch))
        assert state_alerts(meter) == [(meter.now, ("0", "0"))]
    finally:
        meter.close()


def test_periods_that_are_not_specified(tmp_path: Path) -> None:
    """From now, until the next command; a time that is none is refused and changes nothing."""
    meter = Meter("cpython", tmp_path)
    try:
        never = b"\x09\x0c" + bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
        action = {"9/0-0:10.0.103.255/1": b"\x12\x15\x37"}
        times = {"1/0-0:94.44.121.1/2": never, "1/0-0:94.44.121.2/2": never}
        sequences.done(meter.send("ECS47a", times | action))
        meter.advance(3 * 86400)
        assert sequences.controllers(meter) == {5: (55, 0)}
        wrong = {"1/0-0:94.44.121.1/2": b"\x09\x0c" + bytes.fromhex("07E70D0AFF0000000080000F")}
        assert meter.send("ECS47a", wrong | action)[-1] == 250
        assert sequences.controllers(meter) == {5: (55, 0)}
        assert len(meter.read("ECS35g")[0]) == 1
        # A controller that is proportional tells its state before any command, by what it is.
        kind = {"1/0-0:94.44.0.24/2": b"\x09\x01\xff"}
        assert meter.read("ECS61e")[3] == b""
        meter.client.control("STATE", {"dlms": [sequence_value(each) for each in kind]})
        assert meter.read("ECS61e")[3] == b"\xff"
        assert sequences.controllers(meter) == {4: (0, 0), 5: (55, 0)}
    finally:
        meter.close()


def sequence_value(place: str) -> dict:
    """The type of a controller in a state: FF, proportional."""
    class_id, obis, attribute = place.split("/")
    value = {"type": "octet-string", "value": "FF"}
    return {"class": int(class_id), "obis": obis, "attr": int(attribute), "value": value}
