"""Block registers, block counters and maximum demand: what a display reads is what DLMS tells.

The model counts every minute by itself; both interfaces are held against it, and so against each
other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from living import HALF_HOUR, Meter, date_time
from living_sequences import METERING, attribute, done
from living_tariff import NOW, Counted, Tariff, model_of

PERIOD_CONSUMPTION, CURRENT_BLOCK = 0x000C, 0x000E
DEMAND, EXPORTED, DEMAND_AT, EXPORTED_AT = 0x0002, 0x0003, 0x0008, 0x0009
NO_TIME = 0xFFFFFFFF
# Rates 1 to 3 with blocks, then one without; the thresholds are soon reached.
SWITCHES = [(0, 101), (360, 102), (720, 103), (1080, 7)]


@dataclass
class Blocks(Counted):
    """Counters that begin anew, beside registers that do not."""

    begun: dict[int, int] = field(default_factory=dict)

    def used(self, selector: int) -> int:
        """What the counters of a rate with blocks have counted."""
        total = sum(block[selector - 101] for block in self.registers)
        return total - self.begun.get(selector, 0)

    def block(self, tariff: Tariff, selector: int) -> int:
        """See Counted."""
        return sum(self.used(selector) >= limit for limit in tariff.limits[selector - 100])

    def reset(self) -> None:
        """ECS05."""
        for selector in range(101, 109):
            self.begun[selector] = self.begun.get(selector, 0) + self.used(selector)


def check_blocks(meter: Meter, tariff: Tariff, counted: Blocks) -> None:
    """Registers and counters on both interfaces."""
    (told,) = meter.read("ECS17e")[0]
    registers = [told[16 * block : 16 * block + 8] for block in range(4)]
    counters = [told[16 * block + 8 : 16 * block + 16] for block in range(4)]
    assert registers == counted.registers
    home = [
        [attribute(meter, METERING, 0x0710 + 16 * rate + block) for rate in range(8)]
        for block in range(4)
    ]
    assert home == counted.registers
    selector = tariff.selector(meter.now // 60)
    period = attribute(meter, METERING, PERIOD_CONSUMPTION)
    block = attribute(meter, METERING, CURRENT_BLOCK)
    if selector <= 48:
        assert (period, block) == (None, 0)
    else:
        assert period == counted.used(selector) == sum(row[selector - 101] for row in counters)
        assert block == counted.block(tariff, selector) + 1


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_blocks(engine: str, tmp_path: Path) -> None:
    """issue: one truth: registers never begin anew, counters do (ECS05); power cuts keep both."""
    rng = random.Random(3)
    tariff = model_of(rng, blocks=True)
    tariff.seasons, tariff.weeks, tariff.special = (
        [(b"s", (None, 1, 1), b"w")],
        {b"w": 7 * [1]},
        [],
    )
    tariff.days = {1: SWITCHES}
    tariff.limits = {rate: [150 * rate, 400 * rate] for rate in range(1, 9)}
    counted = Blocks()
    meter = Meter(engine, tmp_path)
    seen = set()
    try:
        new = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
        check_blocks(meter, new, counted)
        done(meter.send("ECS01a", tariff.elements(NOW)))
        for step in range(14):
            energy = rng.randint(1, 4)  # Wh a minute
            meter.set(draw=30 * energy)
            minutes = 30 * rng.randint(1, 14)
            for minute in range(meter.now // 60, meter.now // 60 + minutes):
                counted.count(tariff, tariff.selector(minute), energy)
            meter.advance(60 * minutes)
            if step in (5, 10):
                done(meter.send("ECS05", {"9/0-0:10.0.100.255/1": b"\x12\x00\x63"}))
                counted.reset()
            if step % 4 == 3:
                meter.restart()
            check_blocks(meter, tariff, counted)
            seen.add(attribute(meter, METERING, CURRENT_BLOCK))
        assert seen == {0, 1, 2, 3}, "all blocks were seen"
    finally:
        meter.close()


def check_demand(meter: Meter, highest: dict[str, tuple[int, int]]) -> None:
    """Value in W, and when the half hour ended (0: there was none), on both interfaces."""
    imported, exported = meter.read("ECS18b"), meter.read("ECS18a")
    told = {"import": (imported[2], imported[4]), "export": (exported[1], exported[3])}
    home = {"import": (DEMAND, DEMAND_AT), "export": (EXPORTED, EXPORTED_AT)}
    for name, (watts, at) in highest.items():
        time = date_time(at)[:9] if at else 9 * b"\xff"
        assert (told[name][0], told[name][1][:9]) == (watts, time), name
        value, when = (attribute(meter, METERING, each) for each in home[name])
        assert (value, when) == (watts, at or NO_TIME), name


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_maximum_demand(engine: str, tmp_path: Path) -> None:
    """issue: the highest half hour and when it ended; ECS57 resets one of them; a power cut."""
    rng = random.Random(18)
    meter = Meter(engine, tmp_path)
    highest = {"import": (0, 0), "export": (0, 0)}
    try:
        check_demand(meter, highest)
        for step in range(12):
            flows = {"import": rng.randint(1, 900), "export": rng.randint(1, 90)}
            meter.set(draw=flows["import"], energy={"export": flows["export"]})
            meter.advance(HALF_HOUR)
            for name, energy in flows.items():
                highest[name] = max(highest[name], (2 * energy, meter.now), key=lambda one: one[0])
            if step == 4:
                done(meter.send("ECS57", {"4/1-0:1.6.0.255/1": b"\x0f\x00"}))
                highest["import"] = (0, 0)
            if step == 7:
                meter.restart()
            check_demand(meter, highest)
    finally:
        meter.close()


def test_what_a_state_says() -> None:
    """A state of either interface is what both tell, until the meter counts on."""
    meter = Meter("cpython")
    at = meter.now - 86400
    try:
        register = {"class": 4, "obis": "1-0:1.6.0.255"}
        value = {"type": "double-long-unsigned", "value": 4321}
        time = {"type": "octet-string", "value": date_time(at).hex()}
        told = [register | {"attr": 2, "value": value}, register | {"attr": 5, "value": time}]
        zcl = {"0x0702": {"0x0721": {"type": "0x25", "value": 77}}}
        meter.client.control("STATE", {"device": "ESME", "dlms": told, "zcl": zcl})
        check_demand(meter, {"import": (4321, at), "export": (0, 0)})
        assert meter.read("ECS17e")[0][0][16:18] == [0, 77], "block 2, rate 2"
        assert attribute(meter, METERING, 0x0721) == 77
        meter.set(draw=3000)
        meter.advance(HALF_HOUR)
        check_demand(meter, {"import": (6000, meter.now), "export": (0, 0)})
    finally:
        meter.close()
