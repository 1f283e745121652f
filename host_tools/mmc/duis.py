"""DUIS documents as Parse and Correlate needs them: who asks whom for what, and the GBCS message.

Signatures and bodies are not looked at here. A document with a DOCTYPE is refused, entities are
not resolved, nothing is fetched; depth and size are bounded.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, cast

from lxml import etree

from host_tools.eui import parse_eui
from host_tools.mmc.xml import Element, name_of

NAMESPACE = "http://www.dccinterface.co.uk/ServiceUserGateway"
MOST_OCTETS = 10_000_000

_ID = re.compile(
    r"(?P<one>[0-9A-Fa-f-]{23}):(?P<other>[0-9A-Fa-f-]{23}):(?P<counter>0|[1-9][0-9]{0,19})"
)
_MOST_COUNTER = (1 << 64) - 1
# Elements of a response's body that hold a message of a device.
_PAYLOADS = {"GBCSPayload", "SignedPreCommand"}
_RETURNED = {"DeviceGBCSResponse"}  # of a request, 8.13


class DuisError(ValueError):
    """What is no DUIS document; the text says why."""


@dataclass(frozen=True)
class Envelope:
    """The header of a DUIS document, and what its body is.

    `kind` is request, response, acknowledgement, alert (of a device) or notice (of the DCC);
    `code` the response code. A device's alert has no request; its parties are in its message.
    """

    kind: str
    user: bytes = b""
    device: bytes = b""
    counter: int = 0
    answer: int | None = None  # the counter of the ResponseID
    variant: int | None = None
    srv: str | None = None
    code: str | None = None
    time: str | None = None
    alert_code: str | None = None
    payload: bytes = b""
    pre_command: bool = False
    local_command: bool = False
    execution: str | None = None  # the ExecutionDateTime of a request
    scheduled: bool = False  # a response to what a schedule of the DCC has asked
    returned: bytes = b""  # the response that a user brings (8.13)


def parse(text: bytes) -> Element:
    """The root of a document; DuisError for what is no XML, or XML that is not let in."""
    if not text.strip():
        raise DuisError("an empty document")
    if len(text) > MOST_OCTETS:
        raise DuisError(f"{len(text)} octets are more than {MOST_OCTETS}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DuisError(f"no XML: {' '.join(str(error).split())}") from None
    if cast("Any", root.getroottree().docinfo).doctype:
        raise DuisError("a DOCTYPE, which no DUIS document has")
    return root


def read(text: bytes) -> Envelope:
    """The envelope of a Request or Response; DuisError says what is wrong."""
    root = parse(text)
    name = name_of(root)
    if name not in ("Request", "Response") or not str(root.tag).startswith(f"{{{NAMESPACE}}}"):
        raise DuisError(f"the root is {name}, not a DUIS Request or Response")
    header, body = _child(root, "Header"), _child(root, "Body")
    if name == "Request":
        user, device, counter = _identity(_text(header, "RequestID"), "RequestID")
        return Envelope(
            "request",
            user,
            device,
            counter,
            variant=_number(_text(header, "CommandVariant")),
            srv=_text(header, "ServiceReferenceVariant"),
            payload=_payload(body, _PAYLOADS),
            execution=_deep(body, "ExecutionDateTime"),
            returned=_payload(body, _RETURNED),
        )
    return _response(header, body)


def _response(header: Element, body: Element) -> Envelope:
    user = device = b""
    counter, answer = 0, None
    if _text(header, "RequestID"):
        user, device, counter = _identity(_text(header, "RequestID"), "RequestID")
    if _text(header, "ResponseID"):
        there, here, answer = _identity(_text(header, "ResponseID"), "ResponseID")
        user, device = user or here, device or there
    inner = body[0] if len(body) else None
    kind = "" if inner is None else name_of(inner)
    payload = b"" if inner is None else _payload(inner, _PAYLOADS)
    kinds = {"DeviceAlertMessage": "alert", "DCCAlertMessage": "notice"}
    named = {name_of(item) for item in body.iter(etree.Element)}
    if kind in kinds:
        what = kinds[kind]
    elif "FutureDatedDeviceAlertMessage" in named:
        what = "alert"
    else:
        what = "response" if payload else "acknowledgement"
    return Envelope(
        what,
        user,
        device,
        counter,
        answer,
        srv=_deep(body, "ServiceReferenceVariant"),
        code=_text(header, "ResponseCode"),
        time=_text(header, "ResponseDateTime"),
        alert_code=_deep(body, "AlertCode") or _deep(body, "FutureDatedAlertCode"),
        payload=payload,
        pre_command="PreCommand" in named,
        local_command="LocalCommand" in named,
        scheduled="DSPScheduledMessage" in named,
    )


def identity(user: bytes, device: bytes, counter: int) -> str:
    """A RequestID; with device and user changed over, a ResponseID."""
    return f"{_hyphened(user)}:{_hyphened(device)}:{counter}"


def _hyphened(eui: bytes) -> str:
    return eui.hex("-").upper()


def _identity(text: str | None, what: str) -> tuple[bytes, bytes, int]:
    match = _ID.fullmatch(text or "")
    if match is None:
        raise DuisError(f"{what} {text!r} is not EUI:EUI:counter")
    counter = int(match["counter"])
    if counter > _MOST_COUNTER:
        raise DuisError(f"{what}: the counter {counter} has more than 64 bits")
    try:
        return parse_eui(match["one"]), parse_eui(match["other"]), counter
    except ValueError as error:
        raise DuisError(f"{what}: {error}") from None


def _child(parent: Element, name: str) -> Element:
    found = parent.find(f"{{{NAMESPACE}}}{name}")
    if found is None:
        raise DuisError(f"{name_of(parent)} has no {name}")
    return found


def _text(parent: Element, name: str) -> str | None:
    found = parent.find(f"{{{NAMESPACE}}}{name}")
    return None if found is None else (found.text or "").strip()


def _deep(parent: Element, name: str) -> str | None:
    for item in parent.iter(etree.Element):
        if name_of(item) == name:
            return (item.text or "").strip()
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _payload(body: Element, names: set[str]) -> bytes:
    for item in body.iter(etree.Element):
        if name_of(item) in names and (item.text or "").strip():
            try:
                return base64.b64decode("".join((item.text or "").split()), validate=True)
            except binascii.Error:
                raise DuisError(f"{name_of(item)} is not base64") from None
    return b""
