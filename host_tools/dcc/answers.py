"""DUIS responses: made as one line of XML, and signed by the DCC."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from host_tools.dcc import choices
from host_tools.duis import signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.document import SR, Element
from host_tools.mmc.duis import identity

__all__ = ["Answer", "Signer", "alert", "element", "inside", "payload", "response"]

Fill = Callable[[Element], object]


def element(parent: Element, name: str, text: str | None = None) -> Element:
    """A new child, in the namespace of DUIS."""
    child = etree.SubElement(parent, f"{{{SR}}}{name}")
    child.text = text
    return child


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def payload(octets: bytes) -> Fill:
    """Fills a part with GBCSPayload."""
    return lambda part: element(part, "GBCSPayload", _base64(octets))


def inside(name: str, octets: bytes, first: tuple[str, str] = ("", ""), **more: str) -> Fill:
    """Fills in an element with GBCSPayload: PreCommand, LocalCommand, CINMessage and so on.

    `first` is an element before the payload, `more` are those that follow it.
    """

    def fill(part: Element) -> None:
        inner = element(part, name)
        if first[0]:
            element(inner, *first)
        payload(octets)(inner)
        for each, text in more.items():
            element(inner, each, text)

    return fill


@dataclass(frozen=True)
class Answer:
    """What a response says; `answering` is the counter of the device's message, None without one.

    `service` is the service reference variant.
    """

    user: bytes
    device: bytes
    counter: int
    service: str
    code: str
    answering: int | None = None
    fill: Fill | None = None


def _response(now: datetime, code: str, ids: dict[str, str]) -> tuple[Element, Element]:
    root = etree.Element(
        f"{{{SR}}}Response", {"schemaVersion": choices.SCHEMA_VERSION}, nsmap={"sr": SR}
    )
    header = element(root, "Header")
    for name, text in ids.items():
        element(header, name, text)
    element(header, "ResponseCode", code)
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    element(header, "ResponseDateTime", moment)
    return root, element(root, "Body")


def response(answer: Answer, now: datetime) -> Element:
    """The response of a request, unsigned."""
    ids = {"RequestID": identity(answer.user, answer.device, answer.counter)}
    if answer.answering is not None:
        ids["ResponseID"] = identity(answer.device, answer.user, answer.answering)
    root, body = _response(now, answer.code, ids)
    message = element(body, "ResponseMessage")
    parts = answer.service.split(".")
    element(message, "ServiceReference", ".".join(parts[:2]))
    element(message, "ServiceReferenceVariant", answer.service)
    if answer.fill is not None:
        answer.fill(message)
    return root


def alert(user: bytes, device: bytes, counter: int, code: int, octets: bytes, now: datetime):  # noqa: PLR0913
    """The document of a device's alert, unsigned: it has no RequestID."""
    root, body = _response(now, "I0", {"ResponseID": identity(device, user, counter)})
    message = element(body, "DeviceAlertMessage")
    element(message, "AlertCode", f"{code:04X}")
    payload(octets)(message)
    return root


@dataclass(frozen=True)
class Signer:
    """Signs as the DCC."""

    credentials: Credentials

    def __call__(self, root: Element, now: datetime) -> bytes:
        """The octets of a document, signed; DuisError where no credential may."""
        return signature.sign(etree.tostring(root), self.credentials, now)
