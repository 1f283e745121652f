"""Future-dated replacements of credentials in RTDS (rtds): the answer, and the alert then."""

import csv
import json

import pytest
from outside import RTDS

from smets import clock, devices, state
from smets.gbcs import alert
from smets.gbcs.session import Session

pytestmark = pytest.mark.needs_rtds
ALERTS = {"CS02b-FDA", "CS02g-FDA"}
SIGNATURE = 64


def rows():
    """(command, response, alert) of each future-dated command with an alert."""
    if not (RTDS / "index.csv").is_file():
        return []
    with (RTDS / "index.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    found = []
    for row in listed:
        if row["use_case"] in ALERTS and row["kind"] == "alert":
            pair = {
                other["kind"]: other
                for other in listed
                if other["pair_id"] == row["related_pair_id"] and other["kind"] != "alert"
            }
            if {"command", "response"} <= set(pair):
                found.append((pair["command"], pair["response"], row))
    return found


def octets_of(row):
    return bytes.fromhex((RTDS / row["folder"] / row["file"]).read_text())


class Counter:
    """The device's own counter, as the file has it."""

    def __init__(self, value):
        self._value = int(value)

    def next(self):
        return self._value.to_bytes(8, "big")


@pytest.mark.parametrize("pair", rows(), ids=lambda pair: pair[2]["file"])
def test_alert_at_its_time(pair):
    command, response, told = pair
    keys = json.loads((RTDS / "keys" / f"{command['target']}.json").read_text())
    device = devices.build("esme")
    session = Session(device, state.load_keys(None, keys))
    held = RTDS / "state" / f"{command['pair_id']}.json"
    state.load(device, json.loads(held.read_text()))
    octets = b"".join(bytes(chunk) for chunk in session.handle(octets_of(command)).chunks())
    expected = octets_of(response)
    assert octets[:-SIGNATURE] == expected[:-SIGNATURE]
    expected = octets_of(told)
    at = expected.index(b"\x18\x0f") + 2
    text = expected[at : at + 14].decode()
    when = clock.to_seconds(int(text[:4]), *(int(text[i : i + 2]) for i in range(4, 14, 2)))
    device.clock.set(when - 1, clock.RELIABLE)
    session.keep_time()
    assert not device.alerts
    device.clock.set(when, clock.RELIABLE)
    session.keep_time()
    (entry,) = device.alerts
    counter = Counter(told["originator_counter"])
    made = alert.message_of(session.keys, counter, entry)
    octets = b"".join(bytes(chunk) for chunk in made.chunks())
    assert octets[:-SIGNATURE] == expected[:-SIGNATURE]
