"""Sends the lines of a check's trace to a device again, and compares what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from host_tools.bench import BenchError, Transport
from host_tools.conform.trace import BENCH, TO_DEVICE, WITHHELD, secrets_mapped

__all__ = ["Step", "replay"]

Json = dict[str, Any]

# What a device says by itself, before the answer.
_UNASKED = ("ZCL:FRAME", "GBCS:ALERT")


@dataclass(frozen=True)
class Step:
    """A line that was sent again, or (sent is empty) what the bench did; answers then and now."""

    sent: str
    did: str
    then: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the device answered as it did before, its own numbers left out."""
        return _plain(self.then) == _plain(self.now)


def _plain(lines: tuple[str, ...]) -> list[str]:
    return [line if _unasked(line) is None else _unasked(line) or "" for line in lines]


def _unasked(line: str) -> str | None:
    head, _, rest = line.partition("#")
    return head + rest.partition(":")[2] if head in _UNASKED else None


def replay(
    trace: Json,
    connect: Callable[[], Transport],
    again: Callable[[str], None],
    timeout: float,
    keys: Json,
) -> Iterator[Step]:
    """Yield a step for each line to the device; the link is opened anew where the bench did so.

    `again` does to the device what the bench did (new flash, power cut) before the link is opened
    again. `keys` is the device's KEYS.json, for the secrets that a report does not hold. Raises
    BenchError where the link goes away, or those keys lack one.
    """
    lines = trace["lines"]
    secrets = _secrets(keys)

    def secret(owner: str, member: str, value: str) -> str:
        if value != WITHHELD:
            return value
        if (owner, member) not in secrets:
            raise BenchError(f"the example home has no {member} of {owner}")
        return secrets[owner, member]

    transport = connect()
    try:
        for index, line in enumerate(lines):
            if line["way"] == BENCH:
                transport.close()
                again(line["line"])
                transport = connect()
                yield Step("", line["line"], (), ())
            elif line["way"] == TO_DEVICE:
                transport.send(secrets_mapped(line["line"], secret))
                then = _then(lines[index + 1 :])
                yield Step(line["line"], "", then, _now(transport, line["line"], timeout))
    finally:
        transport.close()


def _secrets(keys: Json) -> dict[tuple[str, str], str]:
    """The string members of KEYS.json by owner and name."""
    entries = [(keys.get("device_id", ""), keys), *((e["id"], e) for e in keys.get("parties", []))]
    return {
        (owner.upper(), member): value
        for owner, entry in entries
        for member, value in entry.items()
        if isinstance(value, str)
    }


def _then(lines: list[Json]) -> tuple[str, ...]:
    """The answers that the trace has, up to the next line to the device; cut ones as they are."""
    found: list[str] = []
    for line in lines:
        if line["way"] == TO_DEVICE or line["way"] == BENCH:
            break
        found.append(line["line"])
    return tuple(found)


def _now(transport: Transport, sent: str, timeout: float) -> tuple[str, ...]:
    number = sent.partition("#")[2].partition(":")[0]
    found: list[str] = []
    while True:
        try:
            line = transport.receive(timeout)
        except BenchError as error:
            return (*found, f"no answer: {error}")
        found.append(line)
        head, _, rest = line.partition("#")
        if head not in _UNASKED and rest.partition(":")[0] == number:
            return tuple(found)
