"""What checks share: notes of what was seen, and questions over the HAN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from host_tools.bench import BenchError
from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Exchange, Finding
from host_tools.conform.words import DefaultResponse, Record, clear, in_words, text
from host_tools.example import EUIS
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import GENERAL_SIGNING
from host_tools.gbcs.message import Message
from host_tools.han import zdo
from host_tools.han.frame import PROFILE_ZDO, Frame
from host_tools.remote import ResponseError

__all__ = [
    "Notes",
    "Record",
    "ask",
    "answered",
    "default_response",
    "eui",
    "find_endpoint",
    "log_rows",
    "presume",
    "read",
    "read_request",
    "records",
    "refused",
    "text",
]

# Octets of the ZCL types.
_SIZES = {
    **dict.fromkeys((0x08, 0x10, 0x18, 0x20, 0x28, 0x30), 1),
    **dict.fromkeys((0x09, 0x19, 0x21, 0x29, 0x31), 2),
    **dict.fromkeys((0x22, 0x2A), 3),
    **dict.fromkeys((0x1B, 0x23, 0x2B, 0xE2), 4),
    0x25: 6,
}
_STRINGS = (0x41, 0x42)


def eui(role: str) -> int:
    """The address of a device of the example home."""
    return int(EUIS[role], 16)


@dataclass
class Notes:
    """What a check saw, and which of it was not as expected."""

    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    wrong: list[str] = field(default_factory=list[str])

    def expect(
        self, what: str, expected: object, observed: object, stimulus: object = None
    ) -> bool:
        """Note an observation; returns whether it is as expected."""
        said = what if stimulus is None else text(stimulus)
        self.exchanges.append(Exchange(said, text(expected), text(observed)))
        if expected != observed:
            self.wrong.append(f"{what}: {clear(observed)} instead of {clear(expected)}")
        return expected == observed

    def finding(self, good: str) -> Finding:
        """Passed if nothing was wrong."""
        return Finding(not self.wrong, "; ".join(self.wrong) or good, self.exchanges)

    def choice(self, names: dict[object, str], seen: object, what: str) -> Finding:
        """Which alternative was seen; `names` begins with that of the reference."""
        first = next(iter(names))
        self.exchanges.append(Exchange(what, text(first), text(seen)))
        name = names.get(seen, f"another: {text(seen)}")
        return Finding(seen == first, what, self.exchanges, name)


def refused(dut: Dut, notes: Notes, command: bytes, what: str) -> None:
    """Send what must get no response; the device's reason is noted."""
    _answer(dut, notes, command, f"response to {what}", wanted=False)


def answered(dut: Dut, notes: Notes, command: bytes, what: str) -> bytes | None:
    """Send what must get a response; the device's reason is noted where it gives none."""
    return _answer(dut, notes, command, what, wanted=True)


def _answer(dut: Dut, notes: Notes, command: bytes, what: str, wanted: bool) -> bytes | None:
    response = dut.send(command)
    none = f"none: {dut.reason}" if dut.reason else "none"
    observed = none if response is None else text(response)
    expected = "a response" if wanted else "none"
    notes.exchanges.append(Exchange(text(command), expected, observed))
    if (response is not None) != wanted:
        notes.wrong.append(f"{what}: {observed if wanted else 'a response'} instead of {expected}")
    elif response is not None:
        parties = dut.party().parties
        signed = response[:1] == bytes((GENERAL_SIGNING,))  # and there is no MAC
        if signed and parties.device(bytes.fromhex(dut.eui)).ds_public is None:
            raise Blocked("would need the device's signing key: ds_certificate in DUT.json")
        try:
            dut.party().verify(response, command)
        except (DecodeError, ResponseError) as error:
            notes.wrong.append(f"{what}: {in_words(error)}")
    return response


def presume(dut: Dut, use_case: str, params: dict[str, Any] | None = None) -> Message:
    """The answer to a genuine command, without which a check would say nothing: else Blocked."""
    try:
        return dut.ask(use_case, params)[2]
    except (BenchError, DecodeError, ResponseError) as error:
        why = f"the device does not answer a genuine {use_case}, as this check presumes"
        cause = in_words(error)
        raise Blocked(f"{why}: {cause}", cause) from error


def log_rows(message: Message) -> list[list[int]]:
    """The rows of the first log in a DLMS response, protected or not."""
    blocks = [block.value for block in message.protected if block.value is not None]
    for value in (*blocks, *message.dlms.data):
        for part in value.walk():
            if part.type == "compact-array":
                return cast("list[list[int]]", part.value or [])
    return []


def find_endpoint(dut: Dut, cluster: int, role: str = "ihd") -> int:
    """Ask by Match Descriptor where a cluster is served; BenchError for no answer."""
    payload = bytes((0x51,)) + (int(dut.eui, 16) & 0xFFFF).to_bytes(2, "little")
    payload += b"\x09\x01\x01" + cluster.to_bytes(2, "little") + b"\x00"
    frame = Frame(
        dut.address(role), int(dut.eui, 16), 0, 0, zdo.MATCH_DESCRIPTOR, payload, PROFILE_ZDO
    )
    for answer in dut.deliver(frame):
        found = answer.payload
        if answer.cluster != zdo.MATCH_DESCRIPTOR | zdo.RESPONSE or found[:1] != b"\x51":
            continue
        _is_between(frame, answer)
        if found[1:2] == b"\x00" and len(found) > 5:
            return found[5]
    raise BenchError(f"Match Descriptor finds no cluster 0x{cluster:04X}")


def _is_between(asked: Frame, answer: Frame) -> None:
    """BenchError unless an answer is from the device asked to the one that asked."""
    if answer.source != asked.destination:
        raise BenchError(f"HAN frames from {answer.source:016X}, not from the device asked")
    if answer.destination != asked.source:
        raise BenchError(f"HAN frames to {answer.destination:016X}, not to the device that asked")


def _answers(asked: Frame, sent: list[Frame]) -> list[bytes]:
    """The frames that answer one; BenchError where there are others in their place.

    A device may send to others meanwhile, or by itself, with a sequence number of its own.
    """
    own = [frame for frame in sent if frame.destination == asked.source or asked.broadcast]
    own = [frame for frame in own if frame.cluster == asked.cluster]
    for frame in own:
        if asked.aps_security and not (frame.aps_security or asked.broadcast):
            raise BenchError("HAN frames without APS security, though the request had it")
    fitting = [frame.payload for frame in own if _sequence(frame) == _sequence(asked)]
    if own and not fitting:
        numbers = f"{_sequence(own[0]):02X}, asked was {_sequence(asked):02X}"
        raise BenchError(f"HAN frames with another ZCL sequence number: {numbers}")
    return fitting


def _sequence(frame: Frame) -> int:
    """The ZCL transaction sequence number; -1 where a frame is too short for one."""
    at = 3 if frame.payload[:1] and frame.payload[0] & 0x04 else 1  # after a manufacturer code
    return frame.payload[at] if len(frame.payload) > at else -1


def ask(
    dut: Dut,
    cluster: int,
    payload: bytes,
    role: str = "ihd",
    secured: bool = True,
    broadcast: bool = False,
) -> list[bytes]:
    """The ZCL frames with which the device answers one of a display."""
    endpoint = find_endpoint(dut, cluster, role)
    frame = Frame(
        dut.address(role),
        int(dut.eui, 16),
        1,
        endpoint,
        cluster,
        payload,
        aps_security=secured,
        broadcast=broadcast,
    )
    return _answers(frame, dut.deliver(frame))


def read_request(*attributes: int, sequence: int = 0x21) -> bytes:
    """A Read Attributes frame."""
    return bytes((0x00, sequence, 0x00)) + b"".join(
        attribute.to_bytes(2, "little") for attribute in attributes
    )


def records(frame: bytes) -> dict[int, Record]:
    """The records of a Read Attributes Response; BenchError where it is none."""
    if len(frame) < 3 or frame[0] & 0x07 or frame[2] != 0x01:
        raise BenchError(f"no Read Attributes Response: {text(frame)}")
    found: dict[int, Record] = {}
    at = 3
    while at < len(frame):
        if at + 3 > len(frame):
            raise BenchError(f"a record cut short in {text(frame)}")
        attribute, status = int.from_bytes(frame[at : at + 2], "little"), frame[at + 2]
        at += 3
        if status:
            found[attribute] = Record(status)
            continue
        kind = frame[at] if at < len(frame) else -1
        start = at + 1 + (kind in _STRINGS)
        length = _SIZES.get(kind, -1)
        if kind in _STRINGS:
            length = frame[at + 1] if at + 1 < len(frame) else -1
        octets = frame[start : start + length]
        if length < 0 or len(octets) != length:
            raise BenchError(f"type 0x{kind:02X} in {text(frame)}")
        value = octets if kind in _STRINGS else int.from_bytes(octets, "little")
        found[attribute] = Record(0, kind, value)
        at = start + length
    return found


def read(dut: Dut, cluster: int, *attributes: int, role: str = "ihd") -> dict[int, Record]:
    """Read attributes as a display does; BenchError unless there is one answer."""
    answers = ask(dut, cluster, read_request(*attributes), role)
    if len(answers) != 1:
        raise BenchError(f"{len(answers)} answers to Read Attributes")
    return records(answers[0])


def default_response(frames: list[bytes]) -> DefaultResponse | None:
    """Command and status of a Default Response, where that is the only frame."""
    if len(frames) == 1 and len(frames[0]) == 5 and frames[0][2] == 0x0B:
        return DefaultResponse(frames[0][3], frames[0][4])
    return None
