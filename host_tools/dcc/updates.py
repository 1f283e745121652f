"""Update Firmware (11.1) and Update PPMID Firmware (11.4): which devices of a list get an image.

A bench link carries GBCS messages alone, so no image reaches a device through it. What is
answered here is the DCC's part: which devices of the list may have it.
"""

from __future__ import annotations

from host_tools.dcc import choices
from host_tools.dcc.answers import Fill, element
from host_tools.dcc.inventory import Device, Inventory
from host_tools.dcc.rules import Refused
from host_tools.duis.document import Element, Request
from host_tools.eui import parse_eui

__all__ = ["update"]

_WARNINGS = {"11.1": "DSPUpdateFirmwareWarning", "11.4": "DSPUpdatePPMIDFirmwareWarning"}
# The lists of a warning that this gateway can fill, in their order in the schema.
_INVALID, _NOT_READY, _NOT_APPLICABLE = (
    "InvalidDeviceIDList",
    "NotCommissionedDeviceIDList",
    "NotApplicableFirmwareDeviceIDList",
)
_LISTS = (_INVALID, _NOT_READY, _NOT_APPLICABLE)


def update(request: Request, role: str | None, inventory: Inventory) -> tuple[str, Fill | None]:
    """I99 where each device may have the image, else a warning with lists of those that may not.

    Refused where none may. A device that is named twice counts once.
    """
    if not request.body.findtext("FirmwareImage"):
        raise Refused(choices.NOT_VALID, "it has no image")
    texts = (request.body.findtext("DeviceIDList") or "").upper().split(",")
    try:
        devices = {text: inventory.find(parse_eui(text)) for text in texts}
    except ValueError as error:
        raise Refused(choices.NOT_VALID, f"DeviceIDList: {error}") from None
    sorted_out: dict[str, list[str]] = {name: [] for name in _LISTS}
    for text, device in devices.items():
        name = _why_not(device, request, role)
        if name is not None:
            sorted_out[name].append(text)
    left_out = sum(map(len, sorted_out.values()))
    if left_out == len(devices):
        raise Refused(choices.NO_UPDATE[request.service], "no device of the list can have it")
    if not left_out:
        return "I99", None

    def fill(part: Element) -> None:
        warning = element(part, _WARNINGS[request.service])
        for name, euis in sorted_out.items():
            if euis:
                element(warning, name, ",".join(euis))

    return choices.SOME_UPDATED[request.service], fill


def _why_not(device: Device | None, request: Request, role: str | None) -> str | None:
    """The one list that a device comes into; None for one that may have the image."""
    if device is None or device.owner(role) not in (None, request.originator):
        return _INVALID
    if device.type not in choices.UPDATED[request.service]:
        return _NOT_APPLICABLE
    if device.status not in choices.READY:
        return _NOT_READY
    return None
