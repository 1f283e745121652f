"""What a bench says has happened becomes alerts and logs (alerts.csv).

Those that RTDS has are replayed by host_tools/rtds_causes.py (test_rtds.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from living import START, Meter, date_time
from living_sequences import DAILY, act, done, told_by
from vectors import SUPPLIER, Opened

from host_tools.bench import BenchError


def test_a_billing_alert_is_encrypted_for_the_supplier() -> None:
    """alerts.md 4: the row of the billing calendar, under a key of the alert's own counter."""
    meter = Meter("cpython")
    try:
        done(meter.send("ECS30", {"22/0-0:15.0.0.255/4": DAILY}))
        meter.set(draw=700)
        noon = START // 86400 * 86400 + 86400 + 43200
        meter.advance(noon - meter.now)
        (octets,) = meter.alerts
        alert = Opened(octets, SUPPLIER, cra=3)
        assert alert.code == 0x0061 and alert.target == SUPPLIER and alert.signature
        head = b"\x0f\x20" + alert.counter.to_bytes(8, "big")[5:] + b"\x00"
        head += b"\x02\x04\x12\x8f\x0a\x09\x0c" + date_time(noon)
        assert alert.payload[: len(head)] == head
        at = alert.payload.index(b"\x31\x00\x00\x00\x00")
        plain = alert.decrypt(alert.payload[at:])
        row = noon.to_bytes(4, "big") + 2 * (700 * 30).to_bytes(4, "big") + bytes(79 * 4)
        kinds = bytes.fromhex("0201 13 0207 06 06 010030 06") + 4 * bytes.fromhex("010008 06")
        assert plain == kinds + b"\x82\x01\x48" + row and len(plain) == 358
    finally:
        meter.close()


def test_an_outage_of_a_phase() -> None:
    """alerts.csv: short and long ones, in the power event log, to the network operator."""
    meter = Meter("cpython")
    try:
        act(meter, "outage", seconds=179)
        act(meter, "outage", seconds=180, phase=3)
        assert told_by(meter) == [(0x0067, 0x8F35), (0x0067, 0x8F3C)]
        assert [row[:2] for row in meter.read("ECS35e")[0]] == [
            [START - 179, 0x8F57],
            [START, 0x8F35],
            [START - 180, 0x8F5A],
            [START, 0x8F3C],
        ]
    finally:
        meter.close()


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        ({"name": "boredom"}, "not of the causes here: battery-cover-closed"),
        ({"name": "outage"}, "seconds"),
        ({"name": "tamper", "seconds": 4}, "seconds"),
        ({"name": "firmware-received", "hash": "00"}, "64 hexadecimal digits"),
        ({"name": "firmware-received", "hash": "xy"}, "64 hexadecimal digits"),
        ({}, "name"),
        (7, "cause"),
    ],
)
def test_what_is_no_cause(cause: Any, why: str) -> None:
    """issue: bad input is named, and changes nothing."""
    meter = Meter("cpython")
    try:
        with pytest.raises(BenchError, match=why):
            meter.client.control("ACT", {"cause": cause})
        assert meter.read("ECS35a") == [[]] and not meter.alerts
    finally:
        meter.close()
