"""SECMP0015 on the stage: gas values with the time at which they were true."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from host_tools.gbcs.message import Message
from host_tools.home import Home
from host_tools.show.stage import EUIS, Stage, clock

__all__ = ["GAS_STATE", "play", "start_gas"]

USE_CASES = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")


def _attributes(*rows: tuple[str, str, int]) -> dict[str, dict[str, Any]]:
    return {attribute: {"type": kind, "value": value} for attribute, kind, value in rows}


# A meter in use: registers in litres (divisor 1000), money in thousandths of a penny.
GAS_STATE: dict[str, Any] = {
    "0x0000": {"0x0005": {"type": "0x42", "value": "GS-1"}},
    "0x0700": _attributes(("0x0617", "0x18", 0x50), ("0x0616", "0x21", 826)),
    "0x0705": _attributes(
        ("0x0000", "0x19", 2),
        ("0x0001", "0x2B", 1_234_000),
        ("0x0002", "0x2B", 500_000),
        ("0x0005", "0x2B", 0),
        ("0x0211", "0x23", 20_000),
        ("0x0221", "0x23", 0),
        ("0x0231", "0x23", 0),
    ),
    "0x0702": _attributes(
        ("0x0000", "0x25", 4_567_890),
        ("0x0100", "0x25", 4_000_000),
        ("0x0102", "0x25", 500_000),
        ("0x0104", "0x25", 60_000),
        ("0x0106", "0x25", 7_890),
        ("0x0300", "0x30", 1),
        ("0x0301", "0x22", 1),
        ("0x0302", "0x22", 1000),
        ("0x0700", "0x25", 4_500_000),
        ("0x0701", "0x25", 67_890),
        ("0x0702", "0x25", 0),
        ("0x0703", "0x25", 0),
        ("0x0A00", "0x23", 81_250),
    ),
}


def start_gas(stage: Stage, home: Home, status: str = "reliable", sends_time: bool = True) -> None:
    """Put a gas meter and its proxy into a home, the clocks at the home's time."""
    time = clock(home.now)
    gsme: dict[str, Any] = {
        "device": "GSME",
        "clock": {"time": time, "status": status},
        "zcl": GAS_STATE,
    }
    gpf = {"device": "GPF", "clock": {"time": time, "status": "reliable"}}
    home.add("gpf", EUIS["gpf"], gpf, stage.device_keys("gpf"), {"gsme": EUIS["gsme"]})
    inputs = {"gpf": EUIS["gpf"], "sends_time": sends_time, "draw": 250}
    home.add("gsme", EUIS["gsme"], gsme, stage.device_keys("gsme"), inputs)


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
            stage.say(f"{clock(home.now)}  GSME and GPF start on {stage.engine}.")
            home.advance(1800)
            stage.say(f"{clock(home.now)}  Half an hour later; {home.frames} HAN frames so far.")
            table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
            for name in ("device", "use case", "values", "stamp"):
                table.add_column(name, overflow="fold")
            for role, stamp in (("gpf", expected), ("gsme", (True, status))):
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


# Attributes that scale others: 0x0300 to 0x0302 of metering, 0x0616 and 0x0617 of price.
_SCALES = (0x0300, 0x0301, 0x0302, 0x0616, 0x0617)
