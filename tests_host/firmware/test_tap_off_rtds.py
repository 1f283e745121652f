"""What RTDS has of commands to a gas meter passes its proxy: forms of Command, Response, Alert.

Expectations are read here from the octets of RTDS themselves.
"""

import csv

import pytest
from outside import RTDS
from vectors import Taker, keys

from smets import clock
from smets.devices.gpf import Gpf
from smets.gbcs import message
from smets.zcl import kept

pytestmark = pytest.mark.needs_rtds
CODES = {"0015", "006B", "006F", "0071", "007C", "0088", "00A3", "00D8"}
PRICE, MESSAGING, PREPAYMENT, CALENDAR, EVENTS = 0x0700, 0x0703, 0x0705, 0x0707, 0x0709
DONE, FAILED, MISSED = 0x8154, 0x8155, 0x819E


def rows():
    """(command, response, alerts) of each command to a GSME in the list of tap-off messages."""
    if not (RTDS / "index.csv").is_file():
        return []
    with (RTDS / "index.csv").open(encoding="utf-8") as file:
        listed = [row for row in csv.DictReader(file) if row["kind"] != "precommand"]
    found = []
    for row in listed:
        if row["message_code"] in CODES and row["kind"] == "command":
            if not row["target"].endswith("A1"):
                continue
            responses = [
                other
                for other in listed
                if other["kind"] == "response" and other["pair_id"] == row["pair_id"]
            ]
            alerts = [
                other
                for other in listed
                if other["kind"] == "alert" and other["related_pair_id"] == row["pair_id"]
            ]
            if responses:
                found.append((row, responses[0], alerts))
    return found


def octets_of(row):
    return bytes.fromhex((RTDS / row["folder"] / row["file"]).read_text())


def components(payload):
    """(cluster, From Date Time or None, ZCL frame) of a GBZ payload."""
    taker = Taker(payload)
    taker.take(2)
    found = []
    for _ in range(taker.number(1)):
        control, cluster = taker.number(1), taker.number(2)
        body = taker.take(taker.number(2))
        dated = int.from_bytes(body[:4], "big") if control & 0x10 else None
        found.append((cluster, dated, body[4:] if control & 0x10 else body))
    return found


def seconds(octets):
    """UTC seconds of a date-time of 12 octets; a day in 2015 without one."""
    if not octets:
        return 0x1C374A80
    date = (octets[0] << 8 | octets[1], octets[2], octets[3], *octets[5:8])
    return clock.to_seconds(*date)


def succeeded(asked, told):
    """The commands that are answered as done, by their place in the message."""
    found = []
    for number, (cluster, _, frame) in enumerate(asked):
        for other, _, answer in told:
            if (other, answer[1]) != (cluster, frame[1]):
                continue
            if answer[0] & 1 or answer[2:5] == bytes((0x0B, frame[2], 0)):
                found.append(number)
                break
    return found


@pytest.mark.parametrize("pair", rows(), ids=lambda pair: pair[0]["file"])
def test_what_passes_is_taken(pair):
    command, response, alerts = pair
    asked, told = (message.parse(octets_of(row)) for row in (command, response))
    gpf = Gpf()
    gpf.eui = bytes(8)
    gpf.take_keys(keys(bytes(8)))
    gpf.feature("mirror").pair(command["target"])
    gpf.clock.set(seconds(bytes(told.date_time)), clock.RELIABLE)
    tap = gpf.feature("tap_off")
    tap.passed(octets_of(command))
    assert not gpf.settings.values
    tap.passed(octets_of(response))
    made, answers = components(bytes(asked.payload)), components(bytes(told.payload))
    good = succeeded(made, answers)
    whole = len(good) == len(made)
    entries = gpf.feature("event_log").events.entries
    logged = [(row[4] << 8 | row[5], row[-2:].hex()) for row in entries]
    assert logged == [(DONE if whole else FAILED, command["message_code"].lower())]
    for row in alerts:
        tap.passed(octets_of(row))
    assert len(entries) == 1, "nothing was missed"
    _compare(gpf, made, good, bool(alerts))


def _compare(gpf, made, good, alerts):
    """What was done stands as it was sent; what is for later where its alert came."""
    values = gpf.settings.values
    parts = [number for number, row in enumerate(made) if row[0] == CALENDAR]
    dates = [int.from_bytes(made[at][2][15:19], "little") for at in parts if made[at][2][2] == 0]
    cancelled = bool(dates) and dates[0] >= 0xFFFFFFFE
    for number, (cluster, dated, frame) in enumerate(made):
        payload = frame[3:]
        if number not in good or cluster in (PREPAYMENT, EVENTS):
            continue
        if cluster == CALENDAR and set(parts) <= set(good):
            sort = payload[16] if frame[2] in (0, 4) else None
            kinds = [sort] if sort is not None else [0, 3]
            held = [
                part
                for kind in (kept.PUBLISHED, kept.NEXT)
                for each in kinds
                for part in kept.split(values.get(kept.key(kind, CALENDAR, frame[2], each)))
            ]
            assert (payload in held) != cancelled, frame.hex()
        elif cluster == PRICE and frame[2] == 9:
            assert kept.split(values[kept.key(kept.PUBLISHED, PRICE, 9)]) == [payload]
        elif cluster == PRICE and frame[2] == 3:
            assert gpf.zcl.get(PRICE, 0x0304) == int.from_bytes(payload[8:12], "little")
        elif cluster == PRICE and frame[2] == 5:
            date = dated or int.from_bytes(payload[8:12], "little")
            if date < 0xFFFFFFFE and (alerts or date <= gpf.clock.seconds):
                tiers = payload[18] & 1
                for at in range(19, len(payload), 5):
                    place = 0x0400 + payload[at] * (0x10 if tiers else 1)
                    wanted = int.from_bytes(payload[at + 1 : at + 5], "little")
                    assert gpf.zcl.get(PRICE, place) == wanted, payload.hex()
        elif cluster == MESSAGING:
            assert values[kept.key(kept.COMMAND, MESSAGING, 0)] == payload
