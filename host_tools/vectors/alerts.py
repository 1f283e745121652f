"""Alerts that a device sends by itself: generic non-critical ones (message code 1001)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from host_tools.gbcs import axdr, times, use_cases
from host_tools.gbcs.header import Header
from host_tools.gbcs.tree import Json
from host_tools.remote import seal
from host_tools.vectors.home import DEVICES, PARTIES, secret
from host_tools.vectors.values import CLOCK, HALF_HOUR
from host_tools.voltage.codes import code_of

__all__ = ["Alerts", "make_alerts"]

_RECIPIENT = "network_operator"
_CRA_ALERT = 3
# The meter is switched on within a half hour: it averages the next one.
_SWITCHED_ON = CLOCK + timedelta(minutes=10)
_STAMP = CLOCK + 2 * HALF_HOUR
_SECONDS = 3000
# Thresholds in volts; a limiter has its period in seconds. No level here is a swell or a sag.
_OVER, _UNDER = 253, 216
_EXTREMES = ((1, 276), (2, 184), (3, 200), (4, 270))
_PERIOD = 30
_ABOVE, _BELOW = "average RMS over voltage", "average RMS under voltage"
# Millivolts on each phase, above and below the thresholds, with what that raises. A meter with
# one phase raises the code without a phase.
_CASES = (
    ((254000,), (code_of(_ABOVE),)),
    ((214000,), (code_of(_BELOW),)),
    ((230000, 254000, 214000), (code_of(_ABOVE, 2), code_of(_BELOW, 3))),
)


@dataclass(frozen=True)
class Alerts:
    """The state and inputs of a device, a time in seconds, and its alerts in that time."""

    use_case: str
    device: str
    state: dict[str, Any]
    inputs: dict[str, Any]
    seconds: int
    alerts: list[bytes]


def make_alerts() -> list[Alerts]:
    """Averages of a period beyond a threshold, stamped with its end."""
    return [_averages(levels, codes) for levels, codes in _CASES]


def _averages(levels: tuple[int, ...], codes: tuple[int, ...]) -> Alerts:
    device = "ESME"
    state = {
        "device": device,
        "device_eui": DEVICES[device],
        "clock": {"time": times.iso(_SWITCHED_ON), "status": "reliable"},
        "dlms": _thresholds(len(levels)),
    }
    waves = [{"mv": level} for level in levels]
    voltage = {"phases": len(levels), "waves": waves}
    alerts = [_alert(device, number, code) for number, code in enumerate(codes, 1)]
    return Alerts("GNCA", device, state, {"voltage": voltage}, _SECONDS, alerts)


def _thresholds(phases: int) -> list[dict[str, Any]]:
    places: list[tuple[int, str, int, int]] = []
    for number, volts in _EXTREMES:
        places.append((71, f"0-0:17.0.{number}.255", 4, volts))
        places.append((71, f"0-0:17.0.{number}.255", 6, _PERIOD))
    for phase in range(phases):
        group = 32 + 20 * phase
        places.append((1, f"1-0:{group}.35.0.4", 2, _OVER))
        places.append((1, f"1-0:{group}.31.0.4", 2, _UNDER))
    return [
        {
            "class": number,
            "obis": obis,
            "attr": attribute,
            "value": {"type": "double-long-unsigned", "value": volts},
        }
        for number, obis, attribute, volts in places
    ]


def _alert(device: str, counter: int, alert_code: int) -> bytes:
    """A Data-Notification of code and time, with a MAC for who gets it."""
    items: list[Json] = [
        {"type": "long-unsigned", "value": alert_code},
        {"type": "octet-string", "value": times.encode_cosem(_STAMP).hex()},
    ]
    body = axdr.encode({"type": "structure", "value": items})
    payload = b"\x0f\x20" + (counter & 0xFFFFFF).to_bytes(3, "big") + b"\x00" + body
    code = use_cases.by_name("GNCA").code or 0
    target = bytes.fromhex(PARTIES[_RECIPIENT])
    header = Header(_CRA_ALERT, counter, bytes.fromhex(DEVICES[device]), target, b"", code)
    return seal(header, payload, secret(device, _RECIPIENT), None)
