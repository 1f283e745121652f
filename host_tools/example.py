"""The example home: its test keys, its day, its meters' values; shown, judged and tested."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from host_tools.remote import RemoteParty
from host_tools.testkeys import HOME, make_home

__all__ = [
    "ELECTRICITY_STATE",
    "EUIS",
    "GAS_STATE",
    "HUB_SEED",
    "SEED",
    "START",
    "ExampleHome",
]

SEED = "smets run"
HUB_SEED = 1  # of the faults on the air, where nothing else is asked for
# The virtual day on which everything happens: a Tuesday of the release's month.
START = datetime.fromisoformat("2022-11-01T10:10:00+00:00")
DISPLAYS = (("IHD", "02534D45545300B0"),)
EUIS = {kind.lower(): eui for kind, eui in (*HOME, *DISPLAYS)}


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

ELECTRICITY_STATE: dict[str, Any] = {
    "0x0702": {
        "0x0000": {"type": "0x25", "value": 8_901_234},
        "0x0300": {"type": "0x30", "value": 0},
        "0x0301": {"type": "0x22", "value": 1},
        "0x0302": {"type": "0x22", "value": 1000},
    },
    "0x0700": {
        "0x0301": {"type": "0x23", "value": 53_350},
        "0x0400": {"type": "0x23", "value": 28_620},
        "0x0617": {"type": "0x18", "value": 0x50},
    },
}
# Power below 0.5 kW is low, from 1 kW on it is high.


class ExampleHome:
    """Its keys, and the remote parties that speak to its devices."""

    def __init__(self) -> None:
        self.keys = make_home(seed=SEED)
        self.start = START

    def device_keys(self, role: str) -> dict[str, Any]:
        """KEYS.json of a device, its signing key included."""
        return self.keys.keys[EUIS[role]]

    def party(self, role: str) -> RemoteParty:
        """A remote party that speaks to the devices."""
        return RemoteParty(self.keys.parties(), role)
