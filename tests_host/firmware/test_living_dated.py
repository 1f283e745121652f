"""Commands for a later time: kept, carried out then, also where the power was off, and told.

Alerts are taken apart here by the rules of the facts (meter.md F.2): who gets them, in which
order, with which counters, what they say.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from living import HALF_HOUR, START, Meter, date_time
from living_tariff import NEVER, model_of
from vectors import SUPPLIER, Opened

LATER = START + 2 * HALF_HOUR + 300  # not at a half hour
ORDER = (
    "0014 00000D0000FF 0A",
    "2328 00005E2C801D 06",
    "2328 00005E2C0200 06",
    "0071 0000131404FF 07",
    "0071 0000131400FF 07",
    "2328 00003F0101FF 06",
)


def date(seconds: int) -> bytes:
    """An octet string of a date-time."""
    return b"\x09\x0c" + date_time(seconds)


def expected(place: str, alert: Opened, command: int, counter: int, when: int) -> bytes:
    """The payload of an alert, up to its end."""
    key = bytes.fromhex(place)
    told = b"\x09\x13" + command.to_bytes(2, "big") + counter.to_bytes(8, "big") + key
    head = b"\x0f\x20" + alert.counter.to_bytes(8, "big")[5:] + b"\x00"
    return head + b"\x02\x03\x12\x8f\x66" + date(when) + told


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
def test_a_tariff_of_a_later_time(engine: str, off: bool, tmp_path: Any) -> None:
    """issue: stored, carried out at its time also when power was off then, answered by alerts."""
    tariff = model_of(random.Random(3), blocks=False)
    meter = Meter(engine, tmp_path)
    try:
        elements = tariff.elements(date(LATER))
        assert meter.send("ECS01a", elements) == 21 * [0]
        sent = meter.counter
        meter.set(draw=1800)
        meter.advance(2 * HALF_HOUR)
        assert meter.read("ECS24")[2] == [] and not meter.alerts, "it is not its time yet"
        if off:
            meter.now += HALF_HOUR
            meter.restart()
        else:
            meter.advance(HALF_HOUR)
        assert [row[0] for row in meter.read("ECS24")[2]] == [
            name for name, _, _ in tariff.seasons
        ]
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        assert [alert.code for alert in alerts] == 6 * [0x00CC]
        first = alerts[0].counter
        for number, (alert, place) in enumerate(zip(alerts, ORDER, strict=True)):
            assert alert.counter == first + number and alert.target == SUPPLIER
            assert not alert.authenticated and not alert.date_time
            assert alert.payload == expected(place, alert, 0x0019, sent, LATER)
        assert [row[0] for row in meter.read("ECS35a")[0] if row[1] == 0x8F66] == 6 * [LATER]
        if not off:
            rate = tariff.selector(LATER // 60)
            counted = meter.read("ECS17d")[0][0]
            assert counted[0] >= 3600 + 300, "until then at the first rate"
            assert rate == 1 or counted[0] + counted[rate - 1] <= 5400
            (changed,) = meter.read("ECS20b")
            assert [(row[0], row[1]) for row in changed] == [(LATER, 3900)]
        meter.alerts.clear()
        meter.restart()
        meter.advance(HALF_HOUR)
        assert not meter.alerts, "once"
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_cancelled_and_replaced(engine: str, tmp_path: Any) -> None:
    """meter.md F.1: a second command replaces the date and the values; FF cancels; no alert."""
    meter = Meter(engine, tmp_path)
    one, two = (model_of(random.Random(seed), blocks=False) for seed in (4, 5))
    two.seasons = [(b"two", *two.seasons[0][1:])]
    try:
        assert meter.send("ECS01a", one.elements(date(LATER))) == 21 * [0]
        assert meter.send("ECS01a", one.elements(NEVER)) == 21 * [0]
        meter.advance(3 * HALF_HOUR)
        assert meter.read("ECS24")[2] == [] and not meter.alerts
        assert meter.send("ECS01a", one.elements(date(LATER + HALF_HOUR))) == 21 * [0]
        assert meter.send("ECS01a", two.elements(date(LATER + 2 * HALF_HOUR))) == 21 * [0]
        sent = meter.counter
        meter.advance(HALF_HOUR)
        assert meter.read("ECS24")[2] == []
        meter.advance(HALF_HOUR)
        assert [row[0] for row in meter.read("ECS24")[2]] == [b"two"]
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        assert [alert.payload[-19:-9] for alert in alerts] == 6 * [
            b"\x00\x19" + sent.to_bytes(8, "big")
        ]
    finally:
        meter.close()


def test_the_account_is_changed_later() -> None:
    """issue: ECS03 with a date: threshold and mode, in the order of the command."""
    meter = Meter("cpython")
    try:
        codes = meter.send(
            "ECS03",
            {
                "111/0-1:19.0.0.255/2": bytes.fromhex("020216021601"),
                "9000/0-0:94.44.128.22/4": b"\x05" + (-500).to_bytes(4, "big", signed=True),
                "111/0-1:19.0.0.255/11": b"\x01\x00",
                "9000/0-0:94.44.128.22/6": date(LATER),
                "111/0-1:19.0.0.255/13": date(LATER),
            },
        )
        assert codes == 5 * [0]
        meter.advance(2 * HALF_HOUR)
        assert meter.client.control("QUERY")["summary"]["prepayment"]["mode"] == "credit"
        meter.advance(300)
        assert meter.client.control("QUERY")["summary"]["prepayment"]["mode"] == "prepayment"
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        assert [alert.payload[-9:].hex().upper() for alert in alerts] == [
            "232800005E2C801606",
            "006F0001130000FF0D",
        ]
    finally:
        meter.close()


def test_where_alerts_go_on() -> None:
    """issue: alert_counter of a state is the counter of the next alert; it never goes back."""
    meter = Meter("cpython")
    try:
        meter.client.control("STATE", {"device": "ESME", "alert_counter": 2000})
        with pytest.raises(Exception, match="state.alert_counter: the device's counter is at"):
            meter.client.control("STATE", {"device": "ESME", "alert_counter": 1999})
        one = model_of(random.Random(4), blocks=False)
        assert meter.send("ECS01a", one.elements(date(LATER))) == 21 * [0]
        meter.advance(3 * HALF_HOUR)
        counters = [Opened(octets, SUPPLIER, cra=3).counter for octets in meter.alerts]
        assert counters == list(range(2000, 2006))
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_an_activation_that_fails(engine: str) -> None:
    """alerts.csv: 8F67 where there is nothing to activate; what else there is holds."""
    meter = Meter(engine)
    try:
        place = "9000/0-0:94.44."
        elements = {place + "0.3/4": b"\x03\xff", place + "0.3/6": date(LATER)}
        elements[place + "128.7/6"] = date(LATER)
        assert meter.send("ECS28a", elements) == 3 * [0]
        meter.advance(3 * HALF_HOUR)
        assert meter.read("ECS27")[0] == 0xFF
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        assert [alert.payload[9:11] for alert in alerts] == [b"\x8f\x66", b"\x8f\x67"]
        assert [alert.payload[-4:] for alert in alerts] == [
            b"\x2c\x00\x03\x06",
            b"\x2c\x80\x07\x06",
        ]
        logged = [row[:2] for row in meter.read("ECS35a")[0] if row[1] >> 1 == 0x8F66 >> 1]
        assert logged == [[LATER, 0x8F66], [LATER, 0x8F67]]
    finally:
        meter.close()
