"""Commands of a gas meter for a later time: kept, carried out then, also where the power was off,
cancelled by both values, and told by signed alerts (meter.md (f)), which are rebuilt here."""

from __future__ import annotations

from typing import Any

import pytest
from gas_living import GasMeter, Maker
from living import HALF_HOUR, START
from vectors import SUPPLIER, Opened

from smets import devices
from smets.ports.store import Store
from smets.ports.store_error import StoreError

LATER = START + 2 * HALF_HOUR + 300  # not at a half hour
GCS01A, GCS05 = 0x006B, 0x006F
# The ZCL commands with a date of a use case, in its order: cluster, frame control, command.
ORDER = {
    "GCS01a": ["0707 09 00", "0707 09 04", "0700 09 04", "0700 09 06", "0700 09 05"],
    "GCS01b": ["0700 09 04", "0700 09 05"],
    "GCS02": ["0705 01 06"],
    "GCS03": ["0705 01 06"],
    "GCS05": ["0705 01 03", "0705 01 0C", "0705 01 09", "0705 01 0B", "0707 01 00", "0707 01 04"],
}
CODES = {"GCS01a": 0x6B, "GCS01b": 0xA3, "GCS02": 0x6C, "GCS03": 0x6D, "GCS05": 0x6F}
READS = {"GCS01a": "GCS21f", "GCS01b": "GCS21f", "GCS02": "GCS21j", "GCS03": "GCS21j"}
READS |= {"GCS05": "GCS21b"}


def expected(use_case: str, counter: int, when: int, code: int = 0x8F66) -> list[bytes]:
    """The payloads of the alerts."""
    head = bytes.fromhex("010901") + code.to_bytes(2, "big") + when.to_bytes(4, "big") + b"\x0e"
    head += CODES[use_case].to_bytes(2, "big") + counter.to_bytes(8, "big")
    return [head + bytes.fromhex(place) for place in ORDER[use_case]]


def wanted(use_case: str, maker: Maker) -> tuple[list[Any], dict[tuple[int, int], int]]:
    """Components, and the attributes that they set by (cluster, attribute)."""
    items = maker.of(use_case)
    sets = {}
    for item in items:
        for place, value in item.sets.items():
            if len(place) == 2 and isinstance(value, bytes):
                signed = value[0] == 0x2B
                sets[place] = int.from_bytes(value[1:], "little", signed=signed)
    return items, sets


def held(meter: GasMeter, use_case: str, sets: dict[tuple[int, int], int]) -> bool:
    """Whether all of it holds, as far as the use case reads it."""
    found = meter.values(READS[use_case])
    read = [place for place in sets if place in found]
    assert read
    return all(found[place] == sets[place] for place in read)


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
def test_a_later_time(engine: str, off: bool, tmp_path: Any) -> None:
    """issue: stored, carried out at their time also after a power cut, with signed alerts."""
    meter = GasMeter(engine, tmp_path)
    try:
        sent, sets = {}, {}
        # GCS02 and GCS01b come later: a second command for the same place replaces the first.
        for number, use_case in enumerate(("GCS01a", "GCS05", "GCS03")):
            items, sets[use_case] = wanted(use_case, Maker(use_case, LATER + number))
            assert meter.give(use_case, items) == len(items) * [0]
            sent[use_case] = meter.counter
        meter.advance(2 * HALF_HOUR)
        assert not meter.alerts
        for use_case in sent:
            assert held(meter, use_case, sets[use_case]) is False, use_case
        if off:
            meter.now += HALF_HOUR
            meter.restart()
        meter.advance(HALF_HOUR)
        for use_case in sent:
            assert held(meter, use_case, sets[use_case]) is True, use_case
        alerts = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        counters = [alert.counter for alert in alerts]
        assert counters == list(range(counters[0], counters[0] + len(counters)))
        # What the new mode brings about is told by alerts of its own.
        alerts = [alert for alert in alerts if alert.code != 0x1001]
        for alert in alerts:
            assert alert.code == 0x00CD
            assert alert.target == SUPPLIER and not alert.authenticated and not alert.date_time
        made = []
        for number, use_case in enumerate(("GCS01a", "GCS05", "GCS03")):
            made += expected(use_case, sent[use_case], LATER + number)
        assert [alert.payload for alert in alerts] == made
        (days,) = meter.get("GCS21f", 0x0707, 1, bytes(4) + b"\xff\xff\xff\xff" + bytes(2))[:1]
        assert days[12:13] == b"\x01"
        meter.alerts.clear()
        meter.restart()
        meter.advance(HALF_HOUR)
        assert not meter.alerts, "once"
    finally:
        meter.close()


@pytest.mark.parametrize("never", [0xFFFFFFFF, 0xFFFFFFFE])
@pytest.mark.parametrize("use_case", list(ORDER))
def test_cancelled(use_case: str, never: int) -> None:
    """spec: both values cancel; cancelling nothing is success; no alert."""
    meter = GasMeter("cpython")
    try:
        if use_case == "GCS02":  # in credit mode it is from the beginning
            assert meter.give("GCS03", wanted("GCS03", Maker("GCS03"))[0]) == [0]
            meter.advance(1)
            meter.alerts.clear()
        cancel, _ = wanted(use_case, Maker(use_case, never))
        assert meter.give(use_case, cancel) == len(cancel) * [0]
        items, sets = wanted(use_case, Maker(use_case, LATER))
        assert meter.give(use_case, items) == len(items) * [0]
        assert meter.give(use_case, cancel) == len(cancel) * [0]
        meter.advance(4 * HALF_HOUR)
        assert held(meter, use_case, sets) is False and not meter.alerts
    finally:
        meter.close()


@pytest.mark.parametrize("now", [0, START], ids=["now", "replaced"])
def test_another_one_takes_its_place(now: int) -> None:
    """spec: a second command replaces date and values; one for now leaves nothing waiting."""
    meter = GasMeter("cpython")
    try:
        items, sets = wanted("GCS01b", Maker(1, LATER))
        assert meter.give("GCS01b", items) == [0, 0]
        start = LATER + HALF_HOUR if now else 0
        items, sets = wanted("GCS01b", Maker(2, start))
        assert meter.give("GCS01b", items) == [0, 0]
        meter.advance(2 * HALF_HOUR + 600)
        assert held(meter, "GCS01b", sets) is (not now)
        meter.advance(HALF_HOUR)
        assert held(meter, "GCS01b", sets) is True
        made = expected("GCS01b", meter.counter - 2, start)
        told = [Opened(octets, SUPPLIER, cra=3).payload for octets in meter.alerts]
        assert told == (made if now else []), "the last command's, or none"
    finally:
        meter.close()


def test_what_cannot_be_is_refused_at_once() -> None:
    """rtds: a failing command answers as any error; nothing of it waits, and there is no alert."""
    meter = GasMeter("cpython")
    try:
        items, _ = wanted("GCS01b", Maker(3, LATER))
        broken = bytearray(items[1].payload)
        broken[19] = 9  # a tier that there is not
        items[1].payload = bytes(broken)
        assert meter.give("GCS01b", items) == [0, 0x87]
        sent = meter.counter
        meter.advance(3 * HALF_HOUR)
        told = [Opened(octets, SUPPLIER, cra=3).payload for octets in meter.alerts]
        assert told == expected("GCS01b", sent, LATER)[:1], "the first one was accepted"
    finally:
        meter.close()


def test_what_cannot_be_done_is_told() -> None:
    """project-choice: 8F67 with the same body, once, where it fails when its time has come."""
    device = devices.build("gsme")
    device.clock.set(LATER, 0)
    item = Maker(4, LATER).prices(True)
    place = bytes.fromhex("07000500")
    waits = b"\x00\x01" + LATER.to_bytes(4, "big") + b"\x00\xa3" + bytes(8) + SUPPLIER + b"\x09"
    device.settings.put(b"N" + place, item.payload[:-1])  # as other firmware has kept it
    device.settings.put(b"W" + place, waits)
    device.settings.commit()
    for _ in range(2):
        device.advance(1)
        payload = expected("GCS01b", 0, LATER, 0x8F67)[1]
        assert device.alerts == [(0x8F67, LATER, SUPPLIER, 0x00CD, payload)]
    assert device.settings.get(b"N" + place) is None


def test_a_full_flash_puts_it_off(tmp_path: Any) -> None:
    """project-choice, as at an electricity meter: it is tried again, and told when it is done."""
    device = devices.build("gsme", Store(str(tmp_path / "s")))
    device.clock.set(LATER, 0)
    item = Maker(5, LATER).prices(True)
    place = bytes.fromhex("07000500")
    waits = b"\x00\x01" + LATER.to_bytes(4, "big") + b"\x00\xa3" + bytes(8) + SUPPLIER + b"\x09"
    device.settings.put(b"N" + place, item.payload)
    device.settings.put(b"W" + place, waits)
    device.settings.commit()
    commit = device.settings.commit

    def full() -> None:
        raise StoreError(28)

    device.settings.commit = full
    device.advance(1)
    assert not device.alerts and device.zcl.get(0x0700, 0x0410) == 0
    device.settings.commit = commit
    device.advance(1)
    assert [row[0] for row in device.alerts] == [0x8F66]
    assert device.zcl.get(0x0700, 0x0410) > 0
