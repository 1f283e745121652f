"""The example home: its test keys, its day, its meters' values; shown, judged and tested."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from host_tools.gbcs.zcl_ids import BASIC, METERING, PREPAYMENT, PRICE, key, values
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


# A meter in use: registers in litres (divisor 1000), money in thousandths of a penny.
GAS_STATE: dict[str, Any] = {
    key(BASIC): values(BASIC, {"ModelIdentifier": "GS-1"}),
    key(PRICE): values(PRICE, {"PriceTrailingDigit": 0x50, "Currency": 826}),
    key(PREPAYMENT): values(
        PREPAYMENT,
        {
            "PaymentControlConfiguration": 2,
            "CreditRemaining": 1_234_000,
            "EmergencyCreditRemaining": 500_000,
            "AccumulatedDebt": 0,
            "DebtAmount#1": 20_000,
            "DebtAmount#2": 0,
            "DebtAmount#3": 0,
        },
    ),
    key(METERING): values(
        METERING,
        {
            "CurrentSummationDelivered": 4_567_890,
            "CurrentTier1SummationDelivered": 4_000_000,
            "CurrentTier2SummationDelivered": 500_000,
            "CurrentTier3SummationDelivered": 60_000,
            "CurrentTier4SummationDelivered": 7_890,
            "UnitofMeasure": 1,
            "Multiplier": 1,
            "Divisor": 1000,
            "CurrentNoTierBlock1SummationDelivered": 4_500_000,
            "CurrentNoTierBlock2SummationDelivered": 67_890,
            "CurrentNoTierBlock3SummationDelivered": 0,
            "CurrentNoTierBlock4SummationDelivered": 0,
            "BillToDateDelivered": 81_250,
        },
    ),
}

ELECTRICITY_STATE: dict[str, Any] = {
    key(METERING): values(
        METERING,
        {
            "CurrentSummationDelivered": 8_901_234,
            "UnitofMeasure": 0,
            "Multiplier": 1,
            "Divisor": 1000,
        },
    ),
    key(PRICE): values(
        PRICE,
        {"StandingCharge": 53_350, "NoTierBlock1Price": 28_620, "PriceTrailingDigit": 0x50},
    ),
}


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
