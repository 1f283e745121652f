"""What a board and its device tell of themselves, each thing with what to do: for the doctor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from host_tools import install
from host_tools.bench import BenchClient, BenchError

__all__ = [
    "BAD",
    "FLASH_AGAIN",
    "OK",
    "WARN",
    "Finding",
    "Json",
    "of_board",
    "of_device",
    "of_radio",
]

OK, WARN, BAD = "ok", "warn", "bad"

Json = dict[str, Any]

# Room for a fragment of a state or a record: below it, little can be kept.
_LITTLE_FLASH = 16 * 1024
_LITTLE_HEAP = 16 * 1024
# The firmware asks for this version of MicroPython (docs/boards.md).
_OLDEST = (1, 25)

_BEFORE = "mpremote connect PORT fs rm -r :{0} removes the install from before"
_FULL = "mpremote connect PORT fs ls, and fs rm -r of what is not /a, /b, /state, /slot, main.py"
_NO_PANEL = "none: smets screen shows its pages"
_LINKS = "look at its wires, the settings of --han, the key of the home: docs/links.md"
_WIRING = "wire it as its board's page shows, or flash with the panel that it has (--panel)"
_SILENT_PANEL = "the panel does not answer"
# How entries of the log begin that tell of a panel and its keys (firmware/smets/screen/live.py).
_OF_PANEL = ("no panel: ", "no keys: ", _SILENT_PANEL)
FLASH_AGAIN = "flash it: smets flash --board BOARD --role ROLE --port PORT"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `verdict` is OK, WARN or BAD; `advice` what to do, if any."""

    what: str
    verdict: str
    text: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """For --json."""
        return asdict(self)


def of_board(told: Json) -> Iterator[Finding]:
    """What the board says of itself, running or at its REPL."""
    version = str(told.get("micropython", "?"))
    found = re.search(r"MicroPython v(\d+)\.(\d+)", version)
    old = found is not None and (int(found[1]), int(found[2])) < _OLDEST
    newer = f"load an image of MicroPython {_OLDEST[0]}.{_OLDEST[1]} or newer, then flash again"
    text = f"{told.get('machine', '?')}, {version}"
    yield Finding("board", WARN if old else OK, text, newer if old else "")
    heap = int(told["heap"])
    verdict = WARN if 0 <= heap < _LITTLE_HEAP else OK
    advice = "restart it; if it stays so, the role is too large for this board" if verdict else ""
    yield Finding("heap", verdict, f"{heap} octets free", advice if verdict == WARN else "")
    room, size = int(told["flash"]), int(told["flash_size"])
    slot, other = str(told["slot"]), [each for each in told["slots"] if each != told["slot"]]
    little = room < _LITTLE_FLASH
    advice = f"{_BEFORE.format(other[0])}; else {_FULL}" if slot and other else _FULL
    text = f"{room} of {size} octets free"
    yield Finding("flash", WARN if little else OK, text, advice if little else "")
    if not slot:
        yield Finding("slot", WARN, "no install of smets flash", FLASH_AGAIN)
    elif slot not in told["slots"]:
        yield Finding("slot", BAD, f"{slot} is in use and is not there", FLASH_AGAIN)
    else:
        text = f"{slot} in use" + (f", {other[0]} from before" if other else "")
        yield Finding("slot", OK, text + (f", {told['trial']} on trial" if told["trial"] else ""))
    if told["lib"] and slot:
        yield Finding(
            "lib",
            WARN,
            "/lib has the firmware as well, from mip: the slot comes first",
            "remove it: mpremote connect PORT fs rm -r :lib/smets",
        )


def of_device(client: BenchClient) -> Iterator[Finding]:
    """A device that answers HELLO."""
    try:
        hello = client.control("HELLO")
        told = client.control("QUERY", {"keys": True, "board": True})
        yield from _firmware(hello)
        if "board" in told:
            yield from of_board(told["board"])
        yield _identity(hello, told)
        yield from _faults(client, told)
        yield from _parts(client, hello, told)
    except BenchError as error:
        yield Finding("device", BAD, f"stopped answering: {error}", "smets doctor PORT again")


def _firmware(hello: Json) -> Iterator[Finding]:
    version, ours = hello.get("firmware"), install.firmware_version()
    text = f"{hello.get('device')} {version}"
    if hello.get("board"):
        text += f" for {hello['board']}, build {hello.get('build') or 'without a number'}"
    if version == ours:
        yield Finding("device", OK, text)
    else:
        yield Finding("device", WARN, f"{text}; this is smets {ours}", FLASH_AGAIN)


def _identity(hello: Json, told: Json) -> Finding:
    advice = "smets provision PORT --keys KEYS.json"
    if "eui" not in told:
        return Finding("keys", WARN, "older firmware does not tell of them", FLASH_AGAIN)
    if not told["eui"]:
        return Finding("keys", WARN, "no identity: it refuses every command", advice)
    keys: Json = told.get("keys", {})
    parties = [str(each["role"]) for each in keys.get("parties", [])]
    if not parties and str(hello.get("device")) not in ("IHD", "PPMID"):
        return Finding("keys", WARN, f"{told['eui']}, without remote parties", advice)
    own = " and ".join(f"{name} {keys[name]}" for name in ("ka", "ds") if name in keys)
    known = f", {own or 'no private key'}; knows {', '.join(parties)}" if parties else ""
    return Finding("keys", OK, f"{told['eui']}{known}")


def _faults(client: BenchClient, told: Json) -> Iterator[Finding]:
    """What the device found damaged, its exceptions, its clock."""
    damaged = told.get("summary", {}).get("damaged", {})
    for name, why in damaged.items():
        yield Finding("store", WARN, f"{name}: {why}", "docs/storage.md says what it does now")
    with suppress(BenchError):
        log = client.control("LOG")
        known = ("record ", *_OF_PANEL)
        entries = [each for each in log.get("log", []) if not each.startswith(known)]
        if entries:
            last = entries[-1].strip().splitlines()[-1]
            text = f"{len(entries)} entries, the last: {last}"
            yield Finding("log", WARN, text, 'report it; CTRL:LOG with {"clear": true} forgets it')
    if told.get("clock_status") == "invalid":
        yield Finding("clock", WARN, "not set", "smets provision PORT --clock now, with its keys")
    else:
        yield Finding("clock", OK, f"{told.get('time')}, {told.get('clock_status')}")


def _parts(client: BenchClient, hello: Json, told: Json) -> Iterator[Finding]:
    """Its radio, and the panel of a display."""
    with suppress(BenchError):
        yield of_radio(client.control("RADIO"), told)
    if str(hello.get("device")) in ("IHD", "PPMID"):
        yield _panel(client, told)


def of_radio(radio: Json, told: Json) -> Finding:
    """Whether the link of its HAN works; its tables of counts are for CTRL:RADIO."""
    if not radio:
        return Finding("radio", OK, "none: HAN frames go over the bench link")
    plain = {name: value for name, value in radio.items() if not isinstance(value, dict)}
    errors = ", ".join(f"{number} {name}" for name, number in radio.get("errors", {}).items())
    text = ", ".join(f"{name} {value}" for name, value in sorted(plain.items()) if name != "fault")
    faults = "; ".join(filter(None, (str(radio.get("fault") or ""), errors)))
    if not radio.get("joined"):
        advice = "it needs an EUI-64: smets provision PORT" if not told.get("eui") else _LINKS
        return Finding("radio", WARN, f"{text}; {faults}" if faults else text, advice)
    counts: dict[str, int] = radio.get("counts", {})
    if counts.get("given up") and not counts.get("delivered"):
        faults = "nobody answers" + (f"; {faults}" if faults else "")
    if faults:
        return Finding("radio", WARN, f"{text}; {faults}", _LINKS)
    return Finding("radio", OK, text)


def _panel(client: BenchClient, told: Json) -> Finding:
    """Whether the panel that was flashed is there, as far as it can tell."""
    panel = told.get("board", {}).get("panel")
    if not panel:
        return Finding("panel", OK, _NO_PANEL)
    entries: list[str] = []
    with suppress(BenchError):
        log = client.control("LOG").get("log", [])
        entries = [each for each in log if each.startswith(_OF_PANEL)]
        # It may have come back since.
        if _SILENT_PANEL in entries and client.control("SCREEN").get("answers"):
            entries = [each for each in entries if each != _SILENT_PANEL]
    if entries:
        return Finding("panel", WARN, f"{panel}: {entries[-1]}", _WIRING)
    return Finding("panel", OK, f"{panel}: no fault is known")
