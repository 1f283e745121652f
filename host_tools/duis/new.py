"""New requests from a service reference variant and values."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from host_tools.duis import command
from host_tools.duis.document import SR, Element, local
from host_tools.duis.errors import DuisError
from host_tools.duis.rows import all_rows
from host_tools.duis.schema import Schema, placeholder
from host_tools.eui import parse_eui
from host_tools.gbcs import use_cases

__all__ = ["Wanted", "request", "requests_of"]

VERSION = "5.4"
# Requests to the DCC itself (command variant 8), which become no command.
TO_DCC = {
    "5.1": "CreateSchedule",
    "5.2": "ReadSchedule",
    "5.3": "DeleteSchedule",
    "8.2": "ReadInventory",
    "8.3": "DecommissionDevice",
    "8.4": "UpdateInventory",
    "8.6": "ServiceOptIn",
    "8.13": "ReturnLocalCommandResponse",
    "8.14.1": "CHFInstallSuccessSMWAN",
    "8.14.2": "CHFInstallSuccessNoSMWAN",
    "8.14.3": "CHFFaultReturn",
    "8.14.4": "CHFNoFaultReturn",
    "11.1": "UpdateFirmware",
    "11.4": "UpdatePPMIDFirmware",
    "12.1": "RequestWANMatrix",
    "12.2": "DevicePrenotification",
}
# Services whose use case has requests of others, too: their own one.
_OWN = {
    "6.11": "SynchroniseClock",
    "8.1.1": "CommissionDeviceSynchroniseClock",
    "6.15.1": "UpdateSecurityCredentialsKRP",
    "6.21": "RequestHandoverOfDCCControlledDevice",
    "8.7.1": "JoinServiceCritical",
    "8.7.2": "JoinServiceNonCritical",
}
_STEP = re.compile(r"([A-Za-z]\w*)(?:\[([1-9]\d{0,3})\])?")


@dataclass(frozen=True)
class Wanted:
    """A request that is wanted. `by` and `to` are EUI-64s as people write them.

    Without `counter` it is milliseconds since 1970; without `variant` that of the use case.
    """

    service: str
    by: str
    to: str = ""
    counter: int | None = None
    request: str = ""
    variant: int | None = None


def requests_of(service: str) -> list[str]:
    """The elements that may be the body of a service's request; none of an unknown one's."""
    own = TO_DCC.get(service) or _OWN.get(service)
    if own is not None:
        return [own]
    rows = [row for row in all_rows() if service in row.services]
    return sorted({name for row in rows for name in row.requests})


def _eui(text: str, what: str) -> bytes:
    try:
        return parse_eui(text)
    except ValueError as error:
        raise DuisError(f"{what} {text}: {error}") from None


def _element(wanted: Wanted) -> tuple[str, int]:
    """The element of the body and the command variant."""
    if wanted.service in TO_DCC:
        return wanted.request or TO_DCC[wanted.service], 8
    rows = [row for row in all_rows() if wanted.service in row.services]
    names = requests_of(wanted.service)
    if not rows:
        raise DuisError(f"no service reference variant {wanted.service[:20]!r} is known")
    if wanted.request and wanted.request not in names:
        raise DuisError(f"{wanted.service} is made by {', '.join(names)}")
    if len(names) > 1 and not wanted.request:
        raise DuisError(f"{wanted.service} has several requests: {', '.join(names)}: --request")
    found = use_cases.by_code(rows[0].code)
    critical = found is not None and found.critical and rows[0].mode(wanted.service) == "direct"
    return wanted.request or names[0], 4 if critical else 1


def request(wanted: Wanted, values: Mapping[str, str], schema: Schema | None) -> str:
    """The request as XML text; DuisError says what the schema does not allow.

    `values` are by paths from the request's element: names, `[n]` where one repeats, `@name`.
    """
    name, variant = _element(wanted)
    to = _eui(wanted.to, "--to") if wanted.to else command.ACB
    if not wanted.to and variant != 8:
        raise DuisError("--to is needed: the device")
    counter = int(time.time() * 1000) if wanted.counter is None else wanted.counter
    if counter >> 64:
        raise DuisError(f"counter {counter} is not a 64-bit number")
    identity = (_eui(wanted.by, "--from").hex("-").upper(), to.hex("-").upper(), str(counter))
    root = etree.Element(f"{{{SR}}}Request", {"schemaVersion": VERSION}, nsmap={"sr": SR})
    head = _child(root, "Header")
    texts = {
        "RequestID": ":".join(identity),
        "CommandVariant": str(wanted.variant or variant),
        "ServiceReference": ".".join(wanted.service.split(".")[:2]),
        "ServiceReferenceVariant": wanted.service,
    }
    for key, text in texts.items():
        _child(head, key).text = text
    body = _child(_child(root, "Body"), name)
    for path, value in values.items():
        _put(body, path, value)
    if schema is not None:
        _sort(body, schema, name, ())
        _validate(root, schema)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode() + "\n"


def _child(parent: Element, name: str) -> Element:
    return etree.SubElement(parent, f"{{{SR}}}{name}")


def _put(element: Element, path: str, value: str) -> None:
    *steps, last = path.split("/")
    for step in [*steps, last]:
        if step.startswith("@") and step is last:
            break
        found = _STEP.fullmatch(step)
        if found is None:
            raise DuisError(f"--set {path}: {step[:40]!r} is no element such as Name or Name[2]")
        number = int(found[2] or 1)
        there = element.findall(f"{{{SR}}}{found[1]}")
        if number > len(there) + 1:
            raise DuisError(f"--set {path}: there is no {found[1]}[{number - 1}]")
        element = there[number - 1] if number <= len(there) else _child(element, found[1])
    try:
        if last.startswith("@"):
            element.set(last[1:], value)
        elif value:
            element.text = value
    except ValueError:
        raise DuisError(f"--set {path}: XML holds no such name or text") from None


def _sort(element: Element, schema: Schema, name: str, path: tuple[str, ...]) -> None:
    """Put children into the order of the schema; what it does not know goes last."""
    order = schema.order(name, path)
    ranks = {child: rank for rank, child in reversed(list(enumerate(order)))}
    element[:] = sorted(element, key=lambda item: ranks.get(local(item), len(order)))
    for item in element:
        _sort(item, schema, name, (*path, local(item)))


def _validate(root: Element, schema: Schema) -> None:
    whole = copy.deepcopy(root)
    whole.append(placeholder())
    schema.check(whole)
