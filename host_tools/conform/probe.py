"""What checks share: notes of what was seen, and questions over the HAN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from host_tools.bench import BenchError
from host_tools.conform.dut import Dut
from host_tools.conform.model import Exchange, Finding
from host_tools.example import EUIS
from host_tools.gbcs.message import Message
from host_tools.han import zdo
from host_tools.han.frame import PROFILE_ZDO, Frame

__all__ = [
    "Notes",
    "Record",
    "ask",
    "default_response",
    "eui",
    "find_endpoint",
    "log_rows",
    "read",
    "read_request",
    "records",
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


def text(value: object) -> str:
    """Octets as upper-case hexadecimal, anything else as Python shows it."""
    if isinstance(value, bytes | bytearray):
        return value.hex().upper()
    return str(value)


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
            self.wrong.append(f"{what}: {text(observed)} instead of {text(expected)}")
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


@dataclass(frozen=True)
class Record:
    """An attribute of a Read Attributes Response; `value` is None without success."""

    status: int
    type: int | None = None
    value: int | bytes | None = None


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
    frame = Frame(eui(role), int(dut.eui, 16), 0, 0, zdo.MATCH_DESCRIPTOR, payload, PROFILE_ZDO)
    for answer in dut.deliver(frame):
        found = answer.payload
        if answer.cluster != zdo.MATCH_DESCRIPTOR | zdo.RESPONSE:
            continue
        if found[:2] == b"\x51\x00" and len(found) > 5:
            return found[5]
    raise BenchError(f"Match Descriptor finds no cluster 0x{cluster:04X}")


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
        eui(role),
        int(dut.eui, 16),
        1,
        endpoint,
        cluster,
        payload,
        aps_security=secured,
        broadcast=broadcast,
    )
    sent = dut.deliver(frame)
    return [answer.payload for answer in sent if answer.cluster == cluster]


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


def default_response(frames: list[bytes]) -> tuple[int, int] | None:
    """(command, status) of a Default Response, where that is the only frame."""
    if len(frames) == 1 and len(frames[0]) == 5 and frames[0][2] == 0x0B:
        return frames[0][3], frames[0][4]
    return None
