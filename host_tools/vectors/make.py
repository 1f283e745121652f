"""The set of vectors: one for each use case and each device that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from host_tools.gbcs import use_cases
from host_tools.gbcs.use_cases import UseCase
from host_tools.gbcs.zcl_ids import PREPAYMENT, key, values
from host_tools.vectors.asn1 import PAYLOADS
from host_tools.vectors.dlms import Access
from host_tools.vectors.gbz import Components
from host_tools.vectors.home import DEVICES
from host_tools.vectors.messages import Exchange

__all__ = ["WITHOUT", "Answer", "Vector", "make", "vector"]

# Use cases of the table without a vector, and the reason.
WITHOUT = {
    "CS02b-rootBySupplier": "only its code is known",
    "CS02b-rootByWanProvider": "only its code is known",
    "CS02b-wanProviderByWanProvider": "no device here answers it",
    "CS02b-anyExceptAbnormalRootByRecovery": "no device here answers it",
    "CS02b-anyByContingency": "no device here answers it",
    "CS02g-loadControllerByLoadController": "only a SAPC answers it, which has no vectors",
    "CS03A2": "only HCALCS and PPMID answer it, which have no vectors",
    "CS08": "only HCALCS and PPMID answer it, which have no vectors",
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
                yield vector(row, device)


# What a meter must hold for a command to succeed, beyond what is read.
_NEEDS: dict[str, dict[str, dict[str, Any]]] = {
    "GCS06": {
        key(PREPAYMENT): values(
            PREPAYMENT, {"PaymentControlConfiguration": 2, "CreditRemaining": 0}
        )
    },
}


# What an electricity meter holds where an answer in ASN.1 tells it: no firmware was ever received.
_TOLD: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("CS06", "ESME"): [
        {
            "class": 1,
            "obis": "0-0:0.2.1.255",
            "attr": 2,
            "value": {"type": "octet-string", "value": "00000000"},
        }
    ],
}


def vector(row: UseCase, device: str) -> Vector:
    """The vector of a use case at a device that answers it."""
    exchange = Exchange(row, device)
    originator = exchange.originator
    if row.id in PAYLOADS:
        answers = [
            payloads and Answer(exchange.command(payloads[0]), exchange.response(*payloads[1:]))
            for payloads in PAYLOADS[row.id](exchange)
        ]
        state = exchange.state(dlms=_TOLD.get((row.id, device)))
        return Vector(row.id, device, originator, state, *answers)
    if "dlms" in row.table:
        asked = Access(exchange)
        state = exchange.state(dlms=asked.held)
    else:
        asked = Components(exchange)
        asked.attributes.update(_NEEDS.get(row.id, {}))
        state = exchange.state(zcl=asked.attributes, zcl_commands=asked.published)
    command = exchange.command(asked.request())
    place, faults = asked.fault()
    success = Answer(command, exchange.response(asked.response()))
    error = Answer(command, exchange.response(asked.response(place)), faults)
    return Vector(row.id, device, originator, state, success, error)
