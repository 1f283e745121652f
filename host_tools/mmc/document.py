"""An MMC document of a response or an alert."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from lxml import etree

from host_tools.gbcs import times
from host_tools.gbcs.message import Message, device_type
from host_tools.gbcs.stamp import read_stamp
from host_tools.keys import KeyRing
from host_tools.mmc import alerts, choices, debug, outline
from host_tools.mmc.body import Builder, body_of
from host_tools.mmc.values import eui_text
from host_tools.mmc.wire import read
from host_tools.mmc.xml import NAMESPACE, Element, sub

RESPONSE, ALERT = 2, 3


class MmcError(ValueError):
    """A message that has no MMC document; the text says why."""


@dataclass(frozen=True)
class Document:
    """A document and what it is of; `element` is the Rsp element's name, or the body's.

    `unfit` are elements that are left out because their values are not of the form they should be.
    """

    root: Element
    srv: str | None
    element: str
    success: bool | None
    unfit: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The document as indented UTF-8."""
        return etree.tostring(self.root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def candidates(code: int) -> dict[str, str]:
    """The service reference variants of a message code, each with its Rsp element."""
    use_case = outline.by_code().get(code)
    return dict(use_case.elements) if use_case is not None else {}


def make(
    message: Message,
    ring: KeyRing | None = None,
    srv: str | None = None,
    request: Message | None = None,
) -> Document:
    """The document of a decoded response or alert.

    `srv` is the variant of the request; without it, it is the first of the message code.
    `request` is the command, which names the objects of an answer in DLMS. MmcError for a command,
    a message code without an element, or a variant that the message code has not.
    """
    head = message.header
    if head.cra not in (RESPONSE, ALERT):
        raise MmcError(f"a {head.kind} has no MMC document, only a response or an alert")
    guessed = False
    known = candidates(head.message_code) if head.cra == RESPONSE else {}
    name = message.use_case.id if message.use_case else f"message code {head.message_code:04X}"
    if head.cra == RESPONSE:
        if not known:
            raise MmcError(f"{name}: the MMC schema has no element for its response")
        guessed = srv is None and len(known) > 1
        srv = srv or next(iter(known))
        if srv not in known:
            raise MmcError(f"{name} does not answer {srv}: it answers {', '.join(known)}")
    root = etree.Element(
        f"{{{NAMESPACE}}}GBCSResponse",
        {"schemaVersion": choices.SCHEMA_VERSION},
        nsmap={"ra": NAMESPACE},
    )
    builder = Builder(read(message, request))
    noted = _add_header(root, message, ring or KeyRing(), srv)
    if guessed:
        noted.add("request")
    body = sub(root, "Body")
    if head.cra == ALERT:
        alert = sub(body, "DeviceAlertMessage")
        _add_hidden(alert, builder, noted)
        alerts.add(alert, builder)
        element, success = "DeviceAlertMessage", None
    else:
        element = known[srv or ""]
        success = _add_response(body, builder, element, noted)
    noted |= builder.wire.assumed
    if choices.NOTES:
        for note in sorted(noted):
            body.addprevious(etree.Comment(f" project choice: {choices.NOTED[note]} "))
    return Document(root, srv, element, success, tuple(dict.fromkeys(builder.unfit)))


def _add_header(root: Element, message: Message, ring: KeyRing, srv: str | None) -> set[str]:
    head = message.header
    header = sub(root, "Header")
    sub(header, "BusinessOriginatorID", eui_text(head.originator))
    sub(header, "BusinessTargetID", eui_text(head.target))
    sub(header, "OriginatorCounter", str(head.counter))
    if head.supplementary_party is not None:
        sub(header, "SupplementaryRemotePartyID", eui_text(head.supplementary_party))
    if head.supplementary_counter is not None:
        sub(header, "SupplementaryRemotePartyCounter", str(head.supplementary_counter))
    if head.supplementary_originator_counter is not None:
        counter = str(head.supplementary_originator_counter)
        sub(header, "SupplementaryOriginatorCounter", counter)
    sub(header, "GBCSHexadecimalMessageCode", f"{head.message_code:04X}")
    if srv is not None:
        sub(header, "ServiceReference", reference(srv))
        sub(header, "ServiceReferenceVariant", srv)
    return _add_stamp(header, message, ring)


def reference(srv: str) -> str:
    """The service reference of a variant: its first two numbers."""
    return ".".join(srv.split(".")[:2])


def _add_stamp(header: Element, message: Message, ring: KeyRing) -> set[str]:
    octets = message.header.date_time
    if len(octets) != 12:
        return set()
    use_case = message.use_case
    responder = None
    if use_case is not None:
        responder = device_type(message.header.originator, use_case, ring)
    stamp = read_stamp(octets, responder)
    if stamp is None or stamp.moment is None:
        return set()
    element = sub(header, "Timestamp", times.iso(stamp.moment))
    noted: set[str] = set()
    if stamp.clock_status is None:
        return noted
    # Bit 2 alone says that the time is a GSME's: a GSME's own stamp has it not.
    if octets[11] & 0x04:
        element.set("isFromGSME", "true")
    elif responder == "GPF" and choices.NOT_FROM_GSME is not None:
        element.set("isFromGSME", choices.NOT_FROM_GSME)
        noted.add("isFromGSME")
    element.set("ClockStatus", stamp.clock_status)
    return noted


def _add_hidden(parent: Element, builder: Builder, noted: set[str]) -> None:
    """GBCSData: each part that only the holder of a key can open."""
    for number, (kind, octets) in enumerate(builder.wire.hidden):
        element = sub(parent, "GBCSData", base64.b64encode(octets).decode())
        element.set("format", "encrypted")
        element.set("sequence", str(number))
        element.set("name", choices.ENCRYPTED_NAME % (number + 1))
        element.set("type", kind)
        noted.add("encrypted")


def _add_response(body: Element, builder: Builder, element: str, noted: set[str]) -> bool:
    wire = builder.wire
    response = sub(body, "ResponseMessage")
    _add_hidden(response, builder, noted)
    success = debug.succeeded(wire)
    made = sub(sub(response, "SMETSData"), element)
    made.set("MessageSuccess", "true" if success else "false")
    use_case = outline.by_code()[wire.message.header.message_code]
    builder.fill(made, body_of(use_case, wire), None)
    if debug.not_found(wire):
        noted.add("not found")
    if not success or choices.DEBUG_LISTS_SUCCESS:
        debug.add(response, wire)
        noted.add("debug")
    return success
