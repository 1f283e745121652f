"""The mains of the view's home: the voltage of the street, and the energy that is drawn.

Made up, repeatable from a seed, and alive enough to look at: high at noon, low in the evening.
"""

from __future__ import annotations

import random
from typing import Any, Final

from host_tools.gbcs.zcl_ids import METERING, values

__all__ = ["SAG_PERMILLE", "demand", "electricity", "gas", "voltage", "wave"]

# A deep sag: below the limit of 207 V, and of the average's 216 V where it lasts.
SAG_PERMILLE: Final = 800

# Watts from which the ambient light is medium, and high.
_AMBIENT: Final = (250, 600)

# By the hour: millivolts, Wh and litres of gas in each half hour.
_MV: Final = (
    (243_500, 244_000, 244_200, 244_000, 243_000, 241_500, 239_800, 238_600)
    + (239_400, 240_800, 242_000, 243_000, 243_600, 243_200, 242_200, 241_000)
    + (238_800, 236_400, 235_400, 235_800, 237_200, 239_000, 241_000, 242_600)
)
_WH: Final = (60, 55, 50, 50, 55, 70, 160, 240, 180, 120, 110, 130) + (
    190,
    160,
    120,
    130,
    220,
    420,
    460,
    390,
    310,
    240,
    160,
    90,
)
_LITRES: Final = (0, 0, 0, 0, 20, 180, 420, 380, 220, 90, 60, 60) + (
    120,
    80,
    40,
    60,
    180,
    340,
    420,
    360,
    240,
    140,
    40,
    0,
)


def _around(value: int, share: float, what: str, now: int) -> int:
    """`value`, up to `share` of it more or less: the same for the same half hour."""
    draw = random.Random(f"{what}/{now // 1800}").uniform(-share, share)
    return round(value * (1 + draw))


def _hour(now: int) -> int:
    return now // 3600 % 24


def voltage(now: int) -> int:
    """Millivolts in the half hour of `now` (UTC seconds since 2000)."""
    return _around(_MV[_hour(now)], 0.004, "voltage", now)


def wave(now: int, sag_until: int) -> dict[str, Any]:
    """The mains voltage from `now` on, as an ESME's input `voltage` has it."""
    events: list[list[Any]] = []
    if sag_until > now:
        events.append(["sag", 0, (sag_until - now) * 1000, SAG_PERMILLE])
    return {"phases": 1, "waves": [{"mv": voltage(now), "events": events}]}


def electricity(now: int) -> int:
    """Wh drawn in the half hour of `now`."""
    return _around(_WH[_hour(now)], 0.25, "electricity", now)


def demand(now: int) -> dict[str, dict[str, Any]]:
    """InstantaneousDemand in W and AmbientConsumptionIndicator, as a STATE's Metering."""
    watts = 2 * electricity(now)
    ambient = sum(watts >= limit for limit in _AMBIENT)
    named = {"InstantaneousDemand": watts, "AmbientConsumptionIndicator": ambient}
    return values(METERING, named)


def gas(now: int) -> int:
    """Litres of gas drawn in the half hour of `now`."""
    return _around(_LITRES[_hour(now)], 0.3, "gas", now)
