"""Lines of the bench link: verbs, documents, damaged text."""

from __future__ import annotations

import json
from typing import Any

from fuzz.devices_under import EUIS, HOME, NOW, ROLES, Finding, Living
from fuzz.source import Source

_VERBS = ("HELLO", "FORGET", "KEYS", "STATE", "APPEND", "CLOCK", "LINK", "ADVANCE", "SET", "ACT")
_VERBS = (*_VERBS, "QUERY", "SCREEN", "LOG", "RADIO")
_NAMES = (
    ("device", "device_eui", "device_id", "parties", "clock", "time", "status", "stamp", "zcl")
    + ("dlms", "faults", "zcl_commands", "class", "obis", "attr", "value", "type", "seconds")
    + ("store", "block", "draw", "prepayment", "voltage", "energy", "gsme", "gpf", "pair", "fuel")
    + ("eui", "mode", "balance", "ppmid", "top_up", "press", "panel", "passed", "seen", "clear")
    + ("phases", "waves", "mv", "role", "id", "ka_public", "shared_secret", "0x0702", "0x0000")
)
_TEXTS = ("", NOW, "reliable", "0x23", "ESME", "next", "gas", "prepayment", "\x1b[2J", "é" * 9)
_TEXTS = (*_TEXTS, "1" * 20, "\ud800", "0-0:1.0.0.255", "octet-string", "zz", "00")
_NUMBERS = (0, 1, -1, 7, 255, 65536, 1 << 31, 1 << 63, -(1 << 64), 99999999999)
_WAVE = {"mv": 241000, "mhz": 50000, "harmonics": [[3, 50]], "events": [["sag", 0, 900, 850]]}
_ROW = {"type": "structure", "value": [{"type": "unsigned", "value": 1}]}
_ARRAY = {"type": "compact-array", "element_type": {"array": [2, "unsigned"]}, "value": [[1, 2]]}
# Documents that devices take: verb and body, changed in places.
_GOOD: tuple[tuple[str, Any], ...] = (
    ("SET", {"draw": 500}),
    ("SET", {"voltage": {"phases": 3, "waves": [_WAVE, _WAVE, _WAVE]}}),
    ("SET", {"voltage": {"waves": [_WAVE]}}),
    ("SET", {"energy": {"export": 5, "reactive_import": 6, "secondary": 7}}),
    ("SET", {"prepayment": {"mode": "credit", "balance": 5, "ppmid": [EUIS["ppmid"]]}}),
    ("SET", {"prepayment": {"supply": "off", "rate1": 5, "debt1": 6}}),
    ("SET", {"gpf": EUIS["gpf"], "sends_time": True}),
    ("SET", {"gsme": EUIS["gsme"]}),
    ("SET", {"pair": {"fuel": "gas", "eui": EUIS["gpf"]}}),
    ("SET", {"unpair": "electricity"}),
    ("ACT", {"top_up": "1234 5678 9012 3456 7890"}),
    ("ACT", {"wake": True, "emergency_credit": True}),
    ("ACT", {"enable_supply": True}),
    ("CLOCK", {"time": NOW, "status": "reliable"}),
    ("ADVANCE", {"seconds": 600}),
    ("LINK", {"block": 64}),
    ("FORGET", {"store": True}),
    ("SCREEN", {"panel": "128x64", "press": ["next", "ok"], "passed": 50, "seen": 7}),
    ("STATE", {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 5}}}}),
    ("STATE", {"zcl": {"0x0705": {"0x0001": {"type": "0x2B", "value": {"hex": "00"}}}}}),
    ("STATE", {"zcl": {"0x0708": {"0x0200": {"type": "0xE2", "value": 5}}}}),
    ("STATE", {"stamp": {"source": "GSME", "status": "reliable", "time": NOW}}),
    ("STATE", {"dlms": [{"class": 1, "obis": "0-0:42.0.0.255", "attr": 2, "value": _ROW}]}),
    ("APPEND", {"dlms": [{"class": 7, "obis": "1-0:99.1.0.255", "attr": 2, "value": _ARRAY}]}),
    ("APPEND", {"dlms": [{"class": 7, "obis": "0-0:99.1.0.255", "attr": 2, "value": _ARRAY}]}),
    ("STATE", {"faults": {"zcl": {"0x0702": {"0x0000": "0x86"}}}}),
    ("STATE", {"zcl_commands": [{"cluster": "0x0709", "command": "0x02", "fields": [5]}]}),
    ("STATE", {"zcl_commands": [{"cluster": "0x0707", "command": "0x01", "fields": ["a"]}]}),
    ("KEYS", {"parties": HOME.keys[EUIS["gpf"]]["parties"][:1]}),
    ("KEYS", {"device_id": EUIS["gpf"], "private_key": "01" * 32}),
)
# Verbs that change nothing where they are refused. An act of a person wakes a display first.
_WHOLE = ("SET", "STATE", "APPEND", "KEYS", "CLOCK", "LINK", "FORGET", "ADVANCE")


def document(source: Source, depth: int = 0) -> Any:
    """A document of JSON, with names that devices know."""
    what = source.number(0, 9)
    if depth > 4 or what < 3:
        return source.pick(_NUMBERS)
    if what < 5:
        return source.pick(_TEXTS)
    if what == 5:
        return source.pick((None, True, False, 1.5, "00" * 8, EUIS["ppmid"]))
    if what == 6:
        return [document(source, depth + 1) for _ in range(source.number(0, 3))]
    return {source.pick(_NAMES): document(source, depth + 1) for _ in range(source.number(0, 4))}


def changed(source: Source, good: Any) -> Any:
    """A copy of a document with something else at one of its places."""
    if not source.number(0, 5) or not good or not isinstance(good, (dict, list)):
        return document(source, 3)
    if isinstance(good, list):
        copy = list(good)
        at = source.number(0, len(copy) - 1)
        if source.chance(5):
            del copy[at]
        else:
            copy[at] = changed(source, copy[at])
        return copy
    members = dict(good)
    name = source.pick(list(members))
    what = source.number(0, 7)
    if what == 0:
        del members[name]
    elif what == 1:
        members[source.pick(_NAMES)] = document(source, 3)
    else:
        members[name] = changed(source, members[name])
    return members


class BenchLink:
    """Some lines for one of the devices; each is answered with one."""

    def __init__(self) -> None:
        self.living = Living(60)

    def __call__(self, data: bytes) -> None:
        """One input: up to two lines."""
        source = Source(data)
        role = source.pick(ROLES)
        made = self.living.link(role, data)
        for _ in range(2):
            what = source.number(0, 9)
            if what == 0:
                made.lines.clear()
                made.line(source.octets(source.number(0, 60)).decode("latin-1"))
            elif what == 1:
                octets = source.octets(source.number(0, 60))
                made.send(
                    source.pick(("ZCL:FRAME", "GBCS:DATA", "GBCS:BLOCK", "GBCS:PASS")),
                    octets.hex(),
                    len(octets),
                )
            elif what == 2:
                _ask(made, source.pick(_VERBS), document(source), source)
            else:
                verb, good = source.pick(_GOOD)
                _ask(made, verb, changed(source, good) if source.number(0, 3) else good, source)
            if not source.left:
                break
        if made.count % 8 == 0:
            made.ask("QUERY", {})


def _ask(made: Any, verb: str, told: Any, source: Source) -> None:
    body = json.dumps(told)
    if source.chance(16):
        body = body[: source.number(0, len(body))]
    before = _picture(made) if verb in _WHOLE else None
    answer = made.send("CTRL:" + verb, body)[-1]
    if answer.startswith("LOG:ERROR") and before is not None and before != _picture(made):
        raise Finding(f"refused, and yet changed: {verb} {body}: {answer}")


def _picture(made: Any) -> str:
    device = made.device
    values = [sorted(found) for _, found in sorted(device.zcl.attributes.items())]
    summary = device.summary()
    summary.pop("voltage", None)  # there once it is asked for
    return repr((summary, device.clock.seconds, values, sorted(device.dlms.values)))
