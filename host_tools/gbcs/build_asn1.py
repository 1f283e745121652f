"""ASN.1 commands from the use case table, as far as their fields are simple."""

from __future__ import annotations

from host_tools.gbcs import der, times
from host_tools.gbcs.header import Header
from host_tools.gbcs.params import ParameterError, Parameters, moment, number, octets
from host_tools.gbcs.use_cases import UseCase

KEY_USAGES = {"digitalSignature": 0x0780, "keyAgreement": 0x0308, "keyCertSign": 0x0204}


def build(use_case: UseCase, head: Header, parameters: Parameters) -> bytes:
    """The DER of a command; ParameterError for values, and for use cases with nested content."""
    fields: list[list[str]] = use_case.table.get("asn1_request", [])
    if not fields or fields[0][0] == "root" or any("." in name for name, _ in fields):
        raise ParameterError(f"{use_case.id}: give the payload itself, as hex")
    elements = [_field(name, kind, head, parameters) for name, kind in fields]
    if len(elements) == 1:
        return elements[0]
    return der.encode(0x30, b"".join(elements))


def _field(name: str, kind: str, head: Header, parameters: Parameters) -> bytes:
    if kind == "NULL":
        return der.encode(5, b"")
    given = parameters.find([name])
    if name == "originatorCounter" and given is None:
        return _integer(head.counter)
    if given is None and kind.endswith("OPTIONAL"):
        return b""
    if given is None:
        raise parameters.missing(name, kind)
    if kind.startswith("GeneralizedTime"):
        text = times.iso(moment(given, name))
        return der.encode(0x18, text.translate({45: None, 58: None, 84: None}).encode())
    if kind.startswith("OCTET STRING"):
        return der.encode(4, octets(given, name))
    if kind.startswith("INTEGER"):
        return _integer(number(given, name))
    if kind.startswith("Certificate"):
        return octets(given, name)
    usage = KEY_USAGES.get(str(given))
    if usage is None:
        raise ParameterError(f"{name}: {given!r} is not one of {', '.join(KEY_USAGES)}")
    return der.encode(0x30, der.encode(3, usage.to_bytes(2, "big")))


def _integer(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return der.encode(2, value.to_bytes(size, "big", signed=True))


def needed(use_case: UseCase) -> list[str]:
    """The names of the parameters a command must be given."""
    fields: list[list[str]] = use_case.table.get("asn1_request", [])
    automatic = ("NULL",)
    return [
        name
        for name, kind in fields
        if kind not in automatic and name != "originatorCounter" and "OPTIONAL" not in kind
    ]
