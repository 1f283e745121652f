"""Which use cases set what others read: found in the firmware's tables and `use_cases.json`.

What of a command is read at another place than it is set is restated here from the facts
(meter.md B.1, B.6; alerts.md): what a meter copies, counts or clears.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import gas_commands
from dlms_objects import Value

from smets.gbcs import table_chf, table_esme, table_gas, table_proxy

CASES: dict[str, dict[str, Any]] = {
    case["id"]: case
    for case in json.loads(
        resources.files("host_tools.data").joinpath("use_cases.json").read_text("utf-8")
    )["use_cases"]
}
ROWS = {"ESME": table_esme.ROWS, "CHF": table_chf.ROWS, "GSME": table_gas.ROWS + table_proxy.ROWS}

# From this message code on a use case is the project's own, and no published table has it.
OWN_CODES = 0xFF00

# What is written for later or as a mask, and where it is read once it holds (B.1).
ACTIVE = {
    "20/0-0:13.0.0.255/7": "20/0-0:13.0.0.255/3",
    "20/0-0:13.0.0.255/8": "20/0-0:13.0.0.255/4",
    "20/0-0:13.0.0.255/9": "20/0-0:13.0.0.255/5",
    "20/0-0:13.0.1.255/7": "20/0-0:13.0.1.255/3",
    "20/0-0:13.0.1.255/8": "20/0-0:13.0.1.255/4",
    "20/0-0:13.0.1.255/9": "20/0-0:13.0.1.255/5",
    "11/0-1:11.0.0.255/2": "11/0-0:11.0.0.255/2",
    "11/0-1:11.0.1.255/2": "11/0-0:11.0.1.255/2",
    "11/0-1:11.0.2.255/2": "11/0-0:11.0.2.255/2",
    "11/0-1:11.0.3.255/2": "11/0-0:11.0.3.255/2",
    "10/0-1:12.0.1.255/2": "10/0-0:12.0.1.255/2",
    "10/0-1:12.0.2.255/2": "10/0-0:12.0.2.255/2",
    "9000/0-0:94.44.2.0/4": "9000/0-0:94.44.2.0/2",
    "9000/0-0:94.44.2.10/4": "9000/0-0:94.44.2.10/2",
    "9000/0-0:94.44.2.20/4": "9000/0-0:94.44.2.20/2",
    "9000/0-0:94.44.0.3/4": "9000/0-0:94.44.0.3/2",
    "9000/0-0:94.44.128.2/4": "112/0-0:19.10.1.255/9",
    "9000/0-0:94.44.128.3/4": "112/0-0:19.10.1.255/10",
    "9000/0-0:94.44.128.6/4": "71/0-0:17.0.0.255/6",
    "9000/0-0:94.44.128.7/4": "71/0-0:17.0.0.255/4",
    "9000/0-0:94.44.128.8/4": "71/0-0:17.0.0.255/7",
    "9000/0-0:94.44.128.9/4": "111/0-0:19.0.0.255/16",
    "9000/0-0:94.44.128.12/4": "111/0-0:19.0.0.255/18",
    "9000/0-0:94.44.128.13/4": "111/0-0:19.0.0.255/19",
    "9000/0-0:94.44.128.22/4": "21/0-0:16.0.1.255/2",
    "111/0-1:19.0.0.255/2": "111/0-0:19.0.0.255/2",
    "111/0-1:19.0.0.255/11": "111/0-0:19.0.0.255/11",
    "113/0-0:19.20.0.255/6": "113/0-0:19.20.0.255/5",
    "113/0-0:19.20.1.255/6": "113/0-0:19.20.1.255/5",
    "113/0-0:19.20.2.255/6": "113/0-0:19.20.2.255/5",
    "113/0-0:19.20.4.255/6": "113/0-0:19.20.4.255/5",
    "113/0-0:19.20.5.255/6": "113/0-0:19.20.5.255/5",
    "1/0-30:97.98.11.255/2": "1/0-30:97.98.15.255/2",
    "1/0-30:97.98.12.255/2": "1/0-30:97.98.16.255/2",
    "1/0-30:97.98.13.255/2": "1/0-30:97.98.17.255/2",
    "1/0-30:97.98.14.255/2": "1/0-30:97.98.18.255/2",
    "1/0-33:97.98.11.255/2": "1/0-33:97.98.15.255/2",
    "1/0-33:97.98.14.255/2": "1/0-33:97.98.18.255/2",
} | {f"21/0-0:16.1.{n}.255/2": f"21/0-0:16.0.{n}.255/2" for n in range(11, 19)}

# What invoking a method leaves to be read: zero, an amount more, an empty log, a state.
# "member n" and one of these is a member of the balances; the emergency credit goes back to its
# limit.
ZERO, MORE, EMPTY, STATE, NOW, TABLE = "zero", "more", "empty", "state", "now", "table"
LIMIT, ROW, SWITCH = "limit", "row", "switch"
CONTROLLER_LOG = "7/0-17:99.98.2.255/2"
BALANCES = "1/0-0:94.44.34.30/2"  # balance, emergency credit, arrears, three debts
EFFECTS = {
    "3/0-0:94.44.42.255/1": [("3/0-0:94.44.42.255/2", ZERO)],
    "4/1-0:1.6.0.255/1": [("4/1-0:1.6.0.255/2", ZERO), ("1/0-0:94.44.5.1/2", NOW)],
    "4/1-0:1.6.1.255/1": [("4/1-0:1.6.1.255/2", ZERO), ("1/0-0:94.44.5.0/2", NOW)],
    "4/1-0:2.6.0.255/1": [("4/1-0:2.6.0.255/2", ZERO), ("1/0-0:94.44.5.2/2", NOW)],
    "7/0-0:99.98.0.255/1": [("7/0-0:99.98.0.255/2", EMPTY)],
    "7/0-17:99.98.2.255/1": [("7/0-17:99.98.2.255/2", EMPTY)],
    "112/0-0:19.10.0.255/1": [("112/0-0:19.10.0.255/2", MORE)],
    "112/0-0:19.10.0.255/2": [("112/0-0:19.10.0.255/2", ZERO)],
    "9/0-0:10.0.106.255/1": [("70/0-0:96.3.10.255/3", STATE)],
    "9/0-0:10.0.100.255/1": [("1/0-0:94.44.34.2/2", TABLE)],
    "9/0-0:10.0.103.255/1": [(CONTROLLER_LOG, ROW), ("70/0-3:96.3.10.255/2", SWITCH)],
    "9/0-0:10.0.107.255/1": [(CONTROLLER_LOG, ROW)],
}
for _method, _member, _what in (
    ("112/0-0:19.10.0.255/1", 0, MORE),
    ("112/0-0:19.10.0.255/2", 0, ZERO),
    ("112/0-0:19.10.1.255/2", 1, LIMIT),
    ("112/0-0:19.10.2.255/2", 2, ZERO),
    ("113/0-0:19.20.1.255/4", 3, MORE),
    ("113/0-0:19.20.2.255/4", 4, MORE),
    ("113/0-0:19.20.3.255/4", 5, MORE),
):
    EFFECTS.setdefault(_method, []).append((BALANCES, f"member {_member} {_what}"))
for _phase in (32, 52, 72):
    for _what in (32, 36):
        _counter = f"3/1-0:{_phase}.{_what}.0.4"
        EFFECTS[_counter + "/1"] = [(_counter + "/2", ZERO)]


@dataclass(frozen=True)
class Pair:
    """`setter` changes at `place` what `reader` reads at `read`."""

    setter: str
    place: str
    reader: str
    read: str


def name_of(key_text: str) -> str:
    """A key of a firmware row without its tag: g20/0-0:13.0.0.255/7:01 is 20/0-0:13.0.0.255/7."""
    return key_text.rpartition(":")[0] if key_text.rfind(":") > key_text.rfind("/") else key_text


def dlms_elements(device: str) -> dict[str, list[tuple[str, str]]]:
    """Use case -> (letter, key) of its elements, protected objects as letter p."""
    found = {}
    for row in ROWS[device]:
        if row[4][0] not in "glsap" or row[0] >= OWN_CODES:
            continue
        elements = found.setdefault(row[1], [])
        for word in row[4].split():
            outer, _, inner = word.partition(">")
            if inner:
                elements += [("p", key) for key in inner.split(",")]
            else:
                elements.append((word[0], name_of(outer[1:])))
    return found


def dlms_pairs(device: str) -> list[Pair]:
    """Every pair of a device that speaks DLMS."""
    elements = dlms_elements(device)
    read: dict[str, list[str]] = {}
    for use_case, keys in elements.items():
        for letter, key in keys:
            if letter in "glp":
                read.setdefault(key, []).append(use_case)
    found = []
    for setter, keys in elements.items():
        for letter, key in keys:
            if letter not in "sa":
                continue
            places = [key, ACTIVE.get(key, "")] if letter == "s" else []
            places += [place for place, _ in EFFECTS.get(key, ())] if letter == "a" else []
            for place in places:
                for reader in dict.fromkeys(read.get(place, ())):
                    found.append(Pair(setter, key, reader, place))
    return found


def unread(device: str) -> list[tuple[str, str]]:
    """(use case, key) of what is set or invoked and read by no use case."""
    paired = {(pair.setter, pair.place) for pair in dlms_pairs(device)}
    return [
        (use_case, key)
        for use_case, keys in dlms_elements(device).items()
        for letter, key in keys
        if letter in "sa" and (use_case, key) not in paired
    ]


def element_of(use_case: str, key: str) -> dict[str, Any]:
    """What `use_cases.json` says of an element."""
    for item in CASES[use_case]["dlms"]:
        if "%d/%s/%d" % (item["class"], item["obis"], item["attr"]) == key:
            return item
    raise KeyError(f"{use_case} {key}")


def expected(pair: Pair, sent: Value, before: bytes) -> bytes:
    """What is read after `sent` was set where `before` was read."""
    if pair.read == "21/0-0:16.0.1.255/2":
        return b"\x01\x01" + sent.octets
    if pair.read == "111/0-0:19.0.0.255/2":
        return sent.octets[:4]  # the status is that of the active account
    if "97.98" in pair.read and pair.place != pair.read:
        mask, act = (int.from_bytes(sent.octets[at : at + 32], "big") for at in (4, 36))
        was = int.from_bytes(before[4:], "big")
        return before[:4] + ((was & ~mask) | (act & mask)).to_bytes(32, "big")
    return sent.octets


# --- Gas ----------------------------------------------------------------------------------------

# Commands that are no setting: what they do is an act of the meter, not a value to read back.
ACTS = {
    "CS01b": "a top-up, which raises the balance by what its token says",
    "GCS06": "emergency credit, which is there in prepayment mode alone",
    "PCS01": "a top-up, as CS01b",
    "PCS02": "emergency credit, as GCS06; a PPMID asks for it",
    "GCS31": "begins to measure for four hours; GCS18 reads what was measured",
}
GETS = {(0x0700, 0x0B), (0x0700, 0x00), (0x0708, 0x05), (0x0702, 0x06), (0x0702, 0x08)}
GETS |= {(0x0705, 0x07), (0x0705, 0x08), (0x0705, 0x0A), (0x0709, 0x00)}
GETS |= {(0x0707, command) for command in range(1, 5)}


def gas_rows(letter: str) -> dict[str, str]:
    """Use case -> body of its firmware row, for a device letter."""
    return {
        row[1]: row[4] for row in ROWS["GSME"] if any(word[0] == letter for word in row[2].split())
    }


def is_setting(body: str) -> bool:
    """Whether a command of the body is neither a read of attributes nor a Get."""
    for part in body.split(";"):
        cluster, asked = part.split()[:2]
        control, command = int(asked[:2], 16), int(asked[3:5], 16)
        get = (int(cluster, 16), command) in GETS and control & 9 in (1, 9)
        if control & 1 and not (get and not (control & 8 and command != 5)):
            return True
    return False


def gas_reads(use_case: str) -> list[tuple[Any, ...]]:
    """What a use case reads: (component number, place), place as in gas_commands."""
    found: list[tuple[Any, ...]] = []
    for index, item in enumerate(CASES[use_case].get("gbz", ())):
        cluster, command = int(item["cluster"], 16), int(item["command"], 16)
        if item.get("attributes"):
            found += [(index, (cluster, int(text, 16))) for text in item["attributes"]]
        elif (cluster, command) in GETS:
            which = item["values"].get("Issuer Calendar ID", {}).get("const", 0)
            found.append((index, (cluster, command, which if cluster == 0x0707 else 0)))
    return found


_FOUR = ("Provider ID", "Issuer Calendar ID", "Start Time", "End Time", "Earliest", "Latest")
_FOUR += ("Min. Issuer Event ID", "Snapshot Cause")
_TWO = ("Event ID", "Event Offset", "SampleID", "NumberOfSamples")


def get_payload(item: dict) -> bytes:
    """What a Get command asks for: constants, and 0 for what is left open."""
    octets = b""
    for name, value in item["values"].items():
        size = 4 if name.startswith(_FOUR) else 2 if name.startswith(_TWO) else 1
        choice = value.get("choice", [value.get("default", 0)])[0]
        octets += value.get("const", choice).to_bytes(size, "little")
    return octets


def gas_pairs(reads: str = "G") -> list[tuple[str, tuple[int, ...], str]]:
    """(setter, place, reader): set at a gas meter, read there or, with "P", at its proxy."""
    found = []
    for setter in gas_rows("G"):
        if setter not in gas_commands.MADE:
            continue
        places = [place for item in gas_commands.Maker(setter).of(setter) for place in item.sets]
        for reader, body in gas_rows(reads).items():
            if is_setting(body):
                continue
            read = [place for _, place in gas_reads(reader)]
            found += [(setter, place, reader) for place in places if place in read]
    return found


# What a proxy hears of its meter by reports: attributes of these clusters.
REPORTED = (0x0000, 0x0700, 0x0702, 0x0705)
# What it hears by a tap-off message only: the command to the meter, once the meter has answered it
# (gas_proxy.md). The device takes none yet. (setter at the meter, reader at the proxy) -> what.
TAP_OFF = {
    ("CS11", "CS10a"): "the event log of the meter",
    ("CS11", "CS10b"): "the event log of the meter",
    ("GCS01a", "GCS21f"): "the tariff calendar",
    ("GCS05", "GCS21b"): "the non-disablement calendar",
    ("GCS25", "GCS21k"): "the billing period",
    ("GCS25a", "GCS21k"): "the billing period",
}


def left_to_tap_off(pair: tuple[str, tuple[int, ...], str]) -> bool:
    """Whether a proxy hears of it by a tap-off message only."""
    place = pair[1]
    return len(place) != 2 or place[0] not in REPORTED
