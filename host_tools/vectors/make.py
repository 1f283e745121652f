"""The set of vectors: one for each use case and each device that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from host_tools.gbcs import use_cases
from host_tools.gbcs.use_cases import UseCase
from host_tools.vectors.asn1 import PAYLOADS
from host_tools.vectors.dlms import Access
from host_tools.vectors.gbz import Components
from host_tools.vectors.home import DEVICES
from host_tools.vectors.messages import Exchange

__all__ = ["WITHOUT", "Answer", "Vector", "make"]

# Use cases of the table without a vector, and the reason.
WITHOUT = {
    "CS02b-rootBySupplier": "only its code is known",
    "CS02b-rootByWanProvider": "only its code is known",
    "CS02b-wanProviderByWanProvider": "no device here answers it",
    "CS02b-anyExceptAbnormalRootByRecovery": "no device here answers it",
    "CS02b-anyByContingency": "no device here answers it",
    "CS02g-loadControllerByLoadController": "only a SAPC answers it",
    "CS03A2": "only HCALCS and PPMID answer it",
    "CS08": "only HCALCS and PPMID answer it",
}


@dataclass(frozen=True)
class Answer:
    """A command and its response; `faults` is what the device cannot do."""

    command: bytes
    response: bytes
    faults: dict[str, Any] | None = None


@dataclass(frozen=True)
class Vector:
    """A use case at a device: its state and answers; None where it gives none."""

    use_case: str
    device: str
    originator: str
    state: dict[str, Any]
    success: Answer | None
    error: Answer | None


def make() -> Iterator[Vector]:
    """All vectors, in the order of the use case table."""
    for name in use_cases.names():
        row = use_cases.by_name(name)
        if row.kind != "remote_party" or name in WITHOUT:
            continue
        for device in DEVICES:
            if device in row.targets:
                yield _vector(row, device)


def _vector(row: UseCase, device: str) -> Vector:
    exchange = Exchange(row, device)
    originator = exchange.originator
    if row.id in PAYLOADS:
        answers = [
            payloads and Answer(exchange.command(payloads[0]), exchange.response(*payloads[1:]))
            for payloads in PAYLOADS[row.id](exchange)
        ]
        return Vector(row.id, device, originator, exchange.state(), *answers)
    if "dlms" in row.table:
        asked = Access(exchange)
        state = exchange.state(dlms=asked.held)
    else:
        asked = Components(exchange)
        state = exchange.state(zcl=asked.attributes, zcl_commands=asked.published)
    command = exchange.command(asked.request())
    place, faults = asked.fault()
    success = Answer(command, exchange.response(asked.response()))
    error = Answer(command, exchange.response(asked.response(place)), faults)
    return Vector(row.id, device, originator, state, success, error)
