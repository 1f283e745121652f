"""Who may ask what: the checks of a request, each with its response code.

Sources: duis.md sections 1.3, 2, 3 and 6 (the request matrix of SmartDCCInnovation/duis-parser
and the published meanings of the short codes).
"""

from __future__ import annotations

from host_tools.dcc import choices
from host_tools.duis.command import SIGNED
from host_tools.duis.document import Request, child, local
from host_tools.duis.errors import DuisError
from host_tools.duis.new import requests_of
from host_tools.duis.rows import all_rows
from host_tools.srv.variants import Variant, all_variants

__all__ = [
    "Refused",
    "check",
    "check_device",
    "check_owner",
    "reference_of",
]

# User roles of the request matrix that a party of PARTIES.json has; others have OU.
_ROLES = {
    "supplier": {"IS", "GS", "ES"},
    "network_operator": {"ED", "GT"},
    "load_controller": set[str](),
}
_OTHER = {"OU"}
# A request without a role in the matrix (7.16, 8.5, 8.6) is anybody's.
# Command variants by the service that takes them.
SERVICES = {"T": (4,), "S": (1, 3, 5, 7), "D": (2, 6, 8)}
_CRITICAL, _PLAIN, _TO_DCC = (4, 5, 6, 7), (1, 2, 3), (8,)


class Refused(Exception):
    """A request that is refused; `code` is its response code, the text says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def check(request: Request, service: str, role: str | None, known: bool) -> Variant:
    """The service reference variant of a request that came to service T, S or D.

    `role` is the user's (of PARTIES.json), `known` whether there is such a user. Refused.
    """
    variant = all_variants()[request.service]
    if not known:
        raise Refused("E1", "its originator is no user here")
    allowed = set(variant.roles)
    if allowed and not allowed & _ROLES.get(role or "", _OTHER):
        raise Refused("E2", f"{role or 'other user'} may not send {request.service}")
    kinds = _TO_DCC if not variant.for_device else _CRITICAL if variant.critical else _PLAIN
    if request.variant not in kinds:
        raise Refused("E12", f"command variant {request.variant} is not for {request.service}")
    if request.variant not in SERVICES[service]:
        raise Refused("E13", f"command variant {request.variant} is not for service {service}")
    _check_body(request)
    return variant


def reference_of(service: str) -> str:
    """The service reference of a variant: 4.6 of 4.6.1."""
    return ".".join(service.split(".")[:2])


def _check_body(request: Request) -> None:
    """Whether reference, variant and the element of the body belong together; Refused."""
    try:
        reference = child(child(request.root, "Header"), "ServiceReference").text or ""
        body = local(request.body)
    except DuisError as error:
        raise Refused(choices.NOT_VALID, str(error)) from None
    if reference.strip() != reference_of(request.service):
        raise Refused(choices.NOT_VALID, f"its service reference is not that of {request.service}")
    signed = request.variant in SIGNED
    wanted = ["SignedPreCommand"] if signed else requests_of(request.service)
    if body not in wanted:
        raise Refused(choices.NOT_VALID, f"{body} is no request of {request.service}")


def check_device(request: Request, kind: str, status: str) -> None:
    """Whether a device of a type and status may be asked this; Refused."""
    if status not in choices.ASKED:
        raise Refused("E5", f"the device is {status}")
    if request.variant in (5, 6, 7):
        return  # its pre-command says what it is
    body = local(request.body)
    rows = [row for row in all_rows() if request.service in row.services and body in row.requests]
    if rows and not any(kind in row.targets for row in rows):
        raise Refused("E11", f"{request.service} is not for a {kind}")


def check_owner(owner: bytes | None, user: bytes) -> None:
    """Whether a user owns what it asks, where an owner of its role is known; Refused."""
    if owner is not None and owner != user:
        raise Refused("E4", "the device is another party's")
