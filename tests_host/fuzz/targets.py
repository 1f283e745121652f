"""What the fuzzer drives: functions of octets, which raise for a finding and nothing else.

han       HAN frames, structured and torn, to the six roles, and answers to what they ask
commands  genuine commands changed anywhere and authenticated again, to the meters and the hub
decoder   messages changed anywhere, to the host's decoder and its printed form
link      lines of the bench link: verbs, documents, damaged text
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz.source import Source
from host_tools.gbcs import crypto, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.params import ParameterError
from host_tools.han.frame import PROFILE_SMART_ENERGY, PROFILE_ZDO, Frame, from_octets, to_octets
from host_tools.keys import BROKER
from host_tools.remote import RemoteParty, needed_parameters, seal
from host_tools.testkeys import make_home
from smets import bench, devices
from smets.ports.store import Store

EUIS = {
    "esme": "02534D45545300A0",
    "gsme": "02534D45545300A1",
    "chf": "02534D45545300A2",
    "gpf": "02534D45545300A3",
    "ppmid": "02534D45545300A4",
    "ihd": "02534D45545300A5",
}
# An IHD speaks to no remote party.
_KEYED = [(role.upper(), eui) for role, eui in EUIS.items() if role != "ihd"]
HOME = make_home(_KEYED, seed="fuzz")
PARTIES = HOME.parties()
RING = HOME.ring()
ROLES = ("esme", "gsme", "gpf", "chf", "ihd", "ppmid")
NOW = "2022-11-01T10:10:00Z"
# What a CTRL line may be answered with in words: nothing else is declared.
DECLARED = (bench.LineError, bench.state.StateError, ValueError, MemoryError, RecursionError)

CLUSTERS = (0x0000, 0x000A, 0x0700, 0x0702, 0x0703, 0x0704, 0x0705, 0x0707, 0x0708, 0x0709, 0x0800)
ATTRIBUTES = (
    (*range(0x0008), 0x0014, 0x0100, 0x0102, 0x0200, 0x0201, 0x0202, 0x0205, 0x0206, 0x0207)
    + (0x0300, 0x0301, 0x0302, 0x0303, 0x0306, 0x0307, 0x0400, 0x0401, 0x0403, 0x0420, 0x0430)
    + (0x0440, 0x0511, 0x0616, 0x0617, 0x0700, 0x0800, 0x0A00, 0x0A01, 0x0C01, 0x051C, 0xFFFE)
)
TYPES = (0x00, 0x10, 0x18, 0x19, 0x1B, 0x20, 0x21, 0x22, 0x23, 0x25, 0x27, 0x28, 0x2A, 0x2B, 0x2F)
TYPES = (*TYPES, 0x30, 0x31, 0x38, 0x39, 0x41, 0x42, 0x43, 0x48, 0x4C, 0xE2, 0xF0, 0xFF)
_FIXED = {0x00: 0, 0x10: 1, 0x30: 1, 0x31: 2, 0x38: 2, 0x39: 4, 0xE2: 4, 0xF0: 8}


class Finding(Exception):
    """The device did what it must not do."""


class Link(bench.Bench):
    """A bench link that keeps what was written, and fails for what nobody declares."""

    def __init__(self, role: str, store: Store | None) -> None:
        self.lines: list[str] = []
        self._line = ""
        super().__init__(devices.build(role, store), self._take)

    def _take(self, text: str) -> None:
        self._line += text
        if text.endswith("\n"):
            self.lines.append(self._line)
            self._line = ""

    def _unexpected(self, kind: str, error: Exception) -> None:
        if kind not in ("", "CTRL") or not isinstance(error, DECLARED):
            raise Finding(f"{kind}: {type(error).__name__}: {error}") from error

    def send(self, kind: str, body: str, octets: int = -1) -> list[str]:
        """A line; what it was answered with, HAN frames and alerts before the answer."""
        self.lines.clear()
        self.line(f"{kind}#1:{len(body) if octets < 0 else octets}:{body}")
        if self._line or not self.lines:
            raise Finding(f"no whole answer: {self.lines}{self._line}")
        return list(self.lines)

    def ask(self, verb: str, document: Any) -> list[str]:
        """A CTRL line."""
        return self.send("CTRL:" + verb, json.dumps(document))

    def must(self, verb: str, document: Any) -> None:
        """A CTRL line that has to be taken."""
        answer = self.ask(verb, document)[-1]
        if not answer.startswith("CTRL:OK"):
            raise Finding(f"{verb}: {answer}")


def begin(role: str, folder: Path) -> Link:
    """A device of a role with keys, a clock, and its neighbours."""
    store = Store(str(folder)) if role in ("ihd", "ppmid") else None
    link = Link(role, store)
    if EUIS[role] in HOME.keys:
        link.must("KEYS", HOME.keys[EUIS[role]])
    link.must("CLOCK", {"time": NOW, "status": "reliable"})
    if role in ("ihd", "ppmid"):
        for fuel, meter in (("electricity", "esme"), ("gas", "gpf")):
            link.must("SET", {"pair": {"fuel": fuel, "eui": EUIS[meter]}})
    elif role == "gpf":
        link.must("SET", {"gsme": EUIS["gsme"]})
    elif role == "gsme":
        link.must("SET", {"gpf": EUIS["gpf"]})
    elif role == "esme":
        link.must("SET", {"draw": 500, "prepayment": {"mode": "prepayment", "balance": 100000}})
    return link


# --- HAN ----------------------------------------------------------------------------------------


def value(source: Source) -> bytes:
    """A type octet and a value of it, now and then of another length."""
    kind = source.pick(TYPES)
    if kind in (0x41, 0x42):
        count = source.number(0, 40)
        told = 0xFF if source.chance(8) else count
        return bytes((kind, told)) + source.octets(count)
    if kind == 0x43:
        count = source.number(0, 40)
        return bytes((kind,)) + count.to_bytes(2, "little") + source.octets(count)
    size = _FIXED.get(kind, (kind & 7) + 1)
    if source.chance(16):
        size = source.number(0, 9)
    edge = source.number(0, 7)
    octets = (b"\xff" * size, b"\x80".rjust(size, b"\0"), bytes(size))[edge] if edge < 3 else None
    return bytes((kind,)) + (source.octets(size) if octets is None else octets)


def zcl(source: Source) -> bytes:
    """A ZCL frame: general commands with records, cluster commands with any body."""
    control = source.pick((0x00, 0x08, 0x10, 0x18, 0x01, 0x09, 0x11, 0x19, 0x04, 0x05, 0xFF))
    sequence = source.number(0, 255)
    body = b""
    if control & 3:
        command = source.number(0, 16)
        body = source.octets(source.number(0, 60))
    else:
        command = source.pick((0x00, 0x01, 0x02, 0x04, 0x06, 0x08, 0x0A, 0x0A, 0x0B, 0x0C, 0x0D))
        for _ in range(source.number(0, 6)):
            body += source.pick(ATTRIBUTES).to_bytes(2, "little")
            if command == 0x01:
                body += bytes((0 if source.number(0, 3) else 0x86,))
            if command in (0x01, 0x02, 0x0A):
                body += value(source)
    head = bytes((control,)) + (source.octets(2) if control & 4 else b"")
    return head + bytes((sequence, command)) + body


def frame_for(source: Source, role: str) -> Frame:
    """A frame for a device, from a neighbour or a stranger."""
    zdo = source.chance(12)
    return Frame(
        source=int(source.pick([*EUIS.values(), "FFFFFFFFFFFFFFFF", "0" * 16]), 16),
        destination=int(
            EUIS[role] if source.number(0, 15) else source.pick(list(EUIS.values())), 16
        ),
        source_endpoint=source.pick((1, 2, 3, 0, 240)),
        destination_endpoint=source.pick((1, 2, 3, 0, 240)),
        cluster=source.pick((0x0006, 0x8006, 0x0000, 0x0013)) if zdo else source.pick(CLUSTERS),
        payload=source.octets(source.number(0, 40)) if zdo else zcl(source),
        profile=PROFILE_ZDO if zdo else PROFILE_SMART_ENERGY,
        aps_security=bool(source.number(0, 15)),
        broadcast=source.chance(32),
        group=source.chance(32),
    )


def answer_to(source: Source, asked: Frame) -> Frame | None:
    """What comes back for a frame that a device sent: of the right form, with any values."""
    payload = asked.payload
    if asked.profile == PROFILE_ZDO and asked.cluster == 0x0006 and payload:
        body = bytes((payload[0], 0, 0, 0, 1, source.pick((1, 2, 3))))
        cluster = 0x8006
    elif len(payload) >= 3 and not payload[0] & 4:
        cluster = asked.cluster
        if payload[0] & 3:
            command = source.number(0, 15)
            body = bytes((0x09, payload[1], command)) + source.octets(source.number(0, 60))
        else:
            body = bytes((0x18, payload[1], 0x01))
            for at in range(3, len(payload) - 1, 2):
                body += payload[at : at + 2]
                if source.number(0, 7):
                    body += b"\0" + value(source)
                else:
                    body += b"\x86"
    else:
        return None
    return Frame(
        source=asked.destination,
        destination=asked.source,
        source_endpoint=asked.destination_endpoint,
        destination_endpoint=asked.source_endpoint,
        cluster=cluster,
        payload=body,
        profile=asked.profile,
        aps_security=asked.aps_security,
    )


def frames_of(lines: list[str]) -> list[Frame]:
    """The HAN frames among lines of a device."""
    return [
        from_octets(bytes.fromhex(line.rstrip("\n").rsplit(":", 1)[1]))
        for line in lines
        if line.startswith("ZCL:FRAME")
    ]


def han(data: bytes) -> None:
    """Some frames, time between them, and a look at the device at the end."""
    source = Source(data)
    role = source.pick(ROLES)
    with folder() as place:
        link = begin(role, place)
        heard = frames_of(link.ask("ADVANCE", {"seconds": 0}))
        for _ in range(12):
            if not source.left:
                break
            if source.chance(4):
                seconds = source.pick((1, 10, 11, 31, 60, 900, 1800, 3600))
                heard = frames_of(link.ask("ADVANCE", {"seconds": seconds}))[:8]
                continue
            sent = answer_to(source, heard.pop(0)) if heard else None
            octets = to_octets(sent or frame_for(source, role))
            lines = link.send("ZCL:FRAME", octets.hex(), len(octets))
            if not lines[-1].startswith("ZCL:OK"):
                raise Finding(lines[-1])
            heard = (heard + frames_of(lines))[:8]
        look(link, role, source.number(0, 23) if source.number(0, 3) == 0 else 0)


def look(link: Link, role: str, screen: int = 0) -> None:
    """The device still tells what it is, and a display still draws each of its pages."""
    link.must("QUERY", {})
    if screen and role in ("ihd", "ppmid"):
        link.must("SCREEN", {"panel": "128x64", "press": screen * ["next"], "passed": 2000})


# --- Commands -----------------------------------------------------------------------------------

_METERS = ("ESME", "GSME", "GPF", "CHF")
_ROLES = ("supplier", "network_operator", "access_control_broker")


@functools.cache
def genuine() -> tuple[tuple[str, bytes], ...]:
    """(role, command) of each use case that can be built without being told its values."""
    made: list[tuple[str, bytes]] = []
    for name in use_cases.names():
        use_case = use_cases.by_name(name)
        for role in [target.lower() for target in use_case.targets if target in _METERS]:
            for party in PARTIES.parties:
                command = _build(RemoteParty(PARTIES, party.role), use_case, role)
                if command is not None and party.role in _senders(use_case):
                    made.append((role, command))
    return tuple(made)


def _senders(use_case: use_cases.UseCase) -> list[str]:
    names = [str(name).lower().replace(" ", "_") for name in use_case.table.get("roles", [])]
    return names if set(names) & set(_ROLES) else ["supplier"]


def _build(party: RemoteParty, use_case: use_cases.UseCase, role: str) -> bytes | None:
    params: dict[str, Any] = {name: _GUESSES.get(name, 1) for name in needed_parameters(use_case)}
    for guess in (
        params,
        dict.fromkeys(params, "2022-11-01T00:00:00Z"),
        dict.fromkeys(params, "00" * 12),
    ):
        try:
            return party.command(use_case.id, bytes.fromhex(EUIS[role]), 1000, guess)
        except (ParameterError, ValueError):
            continue
    return None


_GUESSES = {"from": "2022-10-01T00:00:00Z", "to": "2022-11-02T00:00:00Z"}


def again(source: Source, role: str, command: bytes) -> bytes:
    """A command changed in places, its lengths made right, authenticated again."""
    message = decode(command)
    head = message.header
    payload = bytearray(command[slice(*head.content)])
    for _ in range(source.number(0, 6)):
        at = source.number(0, len(payload)) if payload else 0
        what = source.number(0, 3)
        if what == 0 and at < len(payload):
            payload[at] = source.number(0, 255)
        elif what == 1 and at < len(payload):
            payload[at] ^= 1 << source.number(0, 7)
        elif what == 2:
            payload[at : at + source.number(0, 4)] = source.octets(source.number(0, 4))
        else:
            del payload[at : at + source.number(0, 8)]
    signer = (
        PARTIES.party(head.originator.hex()).ds_private if message.envelope.signature else None
    )
    return seal(head, bytes(payload), secret_with_broker(role), signer)


@functools.cache
def secret_with_broker(role: str) -> bytes:
    """What the MAC of a command to a device is made with."""
    public = PARTIES.device(bytes.fromhex(EUIS[role])).ka_public
    return crypto.shared_secret(PARTIES.party(BROKER).agreement_key, public)


def commands(data: bytes) -> None:
    """A changed command; what the device takes, the host decodes, and its answer, too."""
    source = Source(data)
    role, command = source.pick(genuine())
    sent = again(source, role, command)
    with folder() as place:
        link = begin(role, place)
        answer = link.send("GBCS:DATA", sent.hex(), len(sent))[-1]
        look(link, role)
    if answer.startswith("GBCS:DATA"):
        for octets in (sent, bytes.fromhex(answer.strip().rsplit(":", 1)[1])):
            try:
                decode(octets)
            except DecodeError as error:
                raise Finding(f"the device took what the host cannot read: {error}") from error
    elif not answer.startswith("GBCS:NONE"):
        raise Finding(answer)


# --- The host's decoder -------------------------------------------------------------------------


def decoder(data: bytes) -> None:
    """Messages as they are, changed anywhere, or octets of nobody: decoded, or refused as told."""
    source = Source(data)
    octets = bytearray(source.pick(genuine())[1])
    if source.chance(3):
        octets = bytearray(source.octets(source.number(0, 300)))
    for _ in range(source.number(0, 8)):
        at = source.number(0, max(len(octets) - 1, 0))
        if source.chance(4):
            del octets[at : at + source.number(0, 16)]
        elif octets and at < len(octets):
            octets[at] = source.number(0, 255)
    for pre_command in (False, True):
        try:
            message = decode(bytes(octets), RING, pre_command)
        except DecodeError:
            continue
        json.dumps(message.to_json())
        for node in message.tree.walk():
            str(node.text)


# --- The bench link -----------------------------------------------------------------------------

_VERBS = ("HELLO", "FORGET", "KEYS", "STATE", "APPEND", "CLOCK", "LINK", "ADVANCE", "SET", "ACT")
_VERBS = (*_VERBS, "QUERY", "SCREEN", "LOG", "RADIO")
_NAMES = (
    ("device", "device_eui", "device_id", "parties", "clock", "time", "status", "stamp", "zcl")
    + ("dlms", "faults", "zcl_commands", "class", "obis", "attr", "value", "type", "seconds")
    + ("store", "block", "draw", "prepayment", "voltage", "energy", "gsme", "gpf", "pair", "fuel")
    + ("eui", "mode", "balance", "ppmid", "top_up", "press", "panel", "passed", "seen", "clear")
    + ("phases", "waves", "mv", "role", "id", "ka_public", "shared_secret", "0x0702", "0x0000")
)
_TEXTS = (
    "",
    NOW,
    "reliable",
    "0x23",
    "ESME",
    "next",
    "electricity",
    "prepayment",
    "\x1b[2J",
    "é" * 9,
)
_NUMBERS = (0, 1, -1, 7, 255, 65536, 1 << 31, 1 << 63, -(1 << 64), 99999999999)


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


def link(data: bytes) -> None:
    """Some lines; the device answers each with one, and tells what it is at the end."""
    source = Source(data)
    role = source.pick(ROLES)
    with folder() as place:
        made = begin(role, place)
        for _ in range(6):
            if not source.left:
                break
            if source.chance(4):
                made.lines.clear()
                made.line(source.octets(source.number(0, 60)).decode("latin-1"))
                continue
            body = json.dumps(document(source))
            if source.chance(8):
                body = body[: source.number(0, len(body))]
            made.send("CTRL:" + source.pick(_VERBS), body)
        made.ask("QUERY", {})


class folder:
    """A folder of a device, in memory where there is such a place."""

    _base = "/dev/shm" if Path("/dev/shm").is_dir() else None

    def __enter__(self) -> Path:
        self._path = Path(tempfile.mkdtemp(prefix="smets-fuzz-", dir=self._base))
        return self._path / "store"

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "han": han,
    "commands": commands,
    "decoder": decoder,
    "link": link,
}
