"""Return Local Command Response (8.13): a user brings what a device said to a local command."""

from __future__ import annotations

import base64
from collections.abc import Callable

from host_tools.dcc import choices
from host_tools.dcc.requests import Open, Requests
from host_tools.dcc.rules import Refused
from host_tools.duis.document import Request, identity
from host_tools.duis.errors import DuisError
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import Header, read
from host_tools.gbcs.message import decode
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.keys import KeyRing
from host_tools.mmc.records import of_message

__all__ = ["answers", "take"]

_COMMAND, _RESPONSE = 1, 2


def take(
    request: Request, requests: Requests, ring: KeyRing, then: Callable[[Open, bytes], None]
) -> None:
    """Take a response, and let `then` do what it changes here, as if it came over the WAN.

    `OriginalRequestID` names its request, else its own parties and counter do. Refused, and then
    nothing has changed, for what is no response, does not verify, or answers no local command.
    """
    try:
        octets = base64.b64decode(request.body.findtext("DeviceGBCSResponse") or "")
        named = request.body.findtext("OriginalRequestID")
        original = None if named is None else identity(named.strip())
    except (DuisError, ValueError) as error:
        raise Refused(choices.NOT_VALID, str(error)) from None
    _check(octets, ring)
    if original is None:
        record = of_message("", octets)
        original = record.user, record.device, record.counter
    user, device, counter = original
    one = requests.local(user, device, counter) if user == request.originator else None
    if one is None:
        raise Refused(choices.NOT_LOCAL, "no local command of this user waits for a response")
    if not answers(octets, one.command):
        raise Refused(choices.OTHER_RESPONSE, "the response answers another command")
    requests.returned(one)
    then(one, octets)


def _check(octets: bytes, ring: KeyRing) -> None:
    try:
        message = decode(octets, ring)
    except DecodeError as error:
        raise Refused(choices.NO_RESPONSE, f"it is no GBCS message: {error}") from None
    if message.header.cra != _RESPONSE:
        raise Refused(choices.NO_RESPONSE, f"it is a {message.header.kind}, not a response")
    if message.failed or not any(check.passed for check in message.checks):
        raise Refused(choices.NO_RESPONSE, "its MAC or signature does not verify")


def answers(octets: bytes, command: bytes) -> bool:
    """Whether a message is the response to a command; DecodeError for what is no message.

    The headers alone say so: what a device says else, and its MAC, are for the user to check.
    """
    response = _header(octets)
    return response.cra == _RESPONSE and _common(response) == _common(_header(command))


def _header(octets: bytes) -> Header:
    return read(Reader(octets), Node("message", 0, len(octets))).header


def _common(head: Header) -> tuple[int, bytes, bytes, int, bytes | None, int | None]:
    """What a command and its response have in common; the parties change over."""
    parties = (head.originator, head.target)
    one, other = parties if head.cra == _COMMAND else parties[::-1]
    return (
        head.message_code,
        one,
        other,
        head.counter,
        head.supplementary_party,
        head.supplementary_counter,
    )
