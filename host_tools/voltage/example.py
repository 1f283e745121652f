"""The picture of the README: a virtual day of a meter, drawn from what its log says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from host_tools import fragments
from host_tools.bench import BenchClient, open_transport
from host_tools.gbcs.times import parse_iso, seconds_2000
from host_tools.remote import RemoteParty
from host_tools.testkeys import make_home
from host_tools.voltage import plot
from host_tools.voltage.ask import ask_meter

__all__ = ["picture"]

_ESME = "02534D45545300A0"
_SWITCHED_ON = "2022-11-01T00:17:00Z"
_HOURS = 24
_HOUR = 3_600_000
# High in the early afternoon, an interruption in the evening, and no samples for an hour.
_SUPPLY: dict[str, Any] = {
    "phases": 1,
    "waves": [
        {
            "mv": 241_000,
            "events": [
                ["sag", 6 * _HOUR, 9 * _HOUR, 975],
                ["dropout", 9 * _HOUR, 10 * _HOUR],
                ["swell", 13 * _HOUR, 14 * _HOUR, 1065],
                ["swell", 11 * _HOUR, 16 * _HOUR, 1035],
                ["interruption", 18 * _HOUR, 18 * _HOUR + 420_000],
                ["sag", 17 * _HOUR, 21 * _HOUR, 955],
            ],
        }
    ],
}
# Wh each half hour, by the hour.
_NIGHT = (60, 55, 50, 50, 55, 70, 160, 240)
_DAY = (180, 120, 110, 130, 190, 160, 120, 130)
_EVENING = (220, 420, 460, 390, 310, 240, 160, 90)


def picture(engine: str = "unix") -> bytes:
    """The SVG; the same octets from every engine."""
    home = make_home(seed="smets voltage example")
    start = seconds_2000(parse_iso(_SWITCHED_ON))
    with BenchClient(open_transport("esme", engine)) as client:
        clock = {"time": _SWITCHED_ON, "status": "reliable"}
        fragments.load(client.control, {"clock": clock}, home.keys[_ESME])
        client.control("SET", {"voltage": _SUPPLY})
        for draw in _NIGHT + _DAY + _EVENING:
            client.control("SET", {"draw": draw})
            client.advance(3600)
        party = RemoteParty(home.parties(), "network_operator")
        end = start + 3600 * _HOURS
        return plot.svg(ask_meter(client, party, bytes.fromhex(_ESME), 1, start, end))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(picture())
