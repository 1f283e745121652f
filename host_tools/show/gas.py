"""SECMP0015 on the stage: gas values with the time at which they were true."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from host_tools.example import GAS_STATE
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import (
    CURRENCY,
    DIVISOR,
    MULTIPLIER,
    PRICE_TRAILING_DIGIT,
    UNIT_OF_MEASURE,
)
from host_tools.home import Home
from host_tools.show.stage import Stage

__all__ = ["play", "start_gas"]

USE_CASES = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")


def start_gas(stage: Stage, home: Home, status: str = "reliable", sends_time: bool = True) -> None:
    """Put a gas meter and its proxy into a home, the clocks at the home's time."""
    time = iso_2000(home.now)
    gsme: dict[str, Any] = {
        "device": "GSME",
        "clock": {"time": time, "status": status},
        "zcl": GAS_STATE,
    }
    gpf = {"device": "GPF", "clock": {"time": time, "status": "reliable"}}
    home.add("gpf", home.euis["gpf"], gpf, stage.device_keys("gpf"), {"gsme": home.euis["gsme"]})
    inputs = {"gpf": home.euis["gpf"], "sends_time": sends_time, "draw": 250}
    home.add("gsme", home.euis["gsme"], gsme, stage.device_keys("gsme"), inputs)


SCENES = (
    # title, GSME clock status, whether it sends ReadingSnapShotTime, expected stamp at the GPF
    ("A gas meter that tells its time", "reliable", True, (True, "reliable")),
    (
        "A gas meter from before the release: no time in its reports",
        "reliable",
        False,
        (False, "reliable"),
    ),
    ("A gas meter whose clock is unreliable", "unreliable", True, (False, "reliable")),
)


def play(stage: Stage) -> None:
    """Half an hour passes; then a supplier reads the proxy, and the meter itself."""
    for title, status, sends_time, expected in SCENES:
        stage.title(title)
        with stage.home() as home:
            start_gas(stage, home, status, sends_time)
            stage.say(f"{iso_2000(home.now)}  GSME and GPF start on {stage.engine}.")
            home.advance(1800)
            stage.say(
                f"{iso_2000(home.now)}  Half an hour later; {home.frames} HAN frames so far."
            )
            table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
            for name in ("device", "use case", "values", "stamp"):
                table.add_column(name, overflow="fold")
            # A meter whose clock is unreliable has compared it with its hub's by now.
            for role, stamp in (("gpf", expected), ("gsme", (True, "reliable"))):
                for use_case in USE_CASES:
                    message = stage.exchange(home, role, use_case)
                    if message is not None:
                        _show(stage, table, role, message, stamp)
            stage.console.print(table)


def _show(
    stage: Stage, table: Table, role: str, message: Message, expected: tuple[bool, str]
) -> None:
    stamp = message.stamp
    good = stamp is not None and (stamp.is_from_gsme, stamp.clock_status) == expected
    if good:
        stage.verified += 1
    else:
        stage.failed += 1
    style = "green" if good else "bold red"
    use_case = message.use_case.id if message.use_case else "?"
    said = Text(stamp.text() if stamp else "no stamp", style=style)
    table.add_row(role.upper(), use_case, _values(message), said)


def _values(message: Message) -> str:
    """The first values of a response in units, as a person wants them."""
    found: list[str] = []
    for component in message.gbz.components:
        for item in component.frame.attributes if component.frame else []:
            if item.node is not None and item.id not in _SCALES:
                found.append(f"{item.name} {item.node.text.partition(' (raw')[0]}")
    return "; ".join(found[:2]) + (" ..." if len(found) > 2 else "")


# Attributes that scale others.
_SCALES = (UNIT_OF_MEASURE, MULTIPLIER, DIVISOR, CURRENCY, PRICE_TRAILING_DIGIT)
