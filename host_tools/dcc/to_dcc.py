"""Requests to the DCC itself (command variant 8): inventory, schedules, hubs, images, coverage."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from host_tools.dcc import choices, schedules, updates
from host_tools.dcc.answers import Fill, element
from host_tools.dcc.inventory import Device, Inventory
from host_tools.dcc.rules import Refused, check_owner
from host_tools.dcc.schedules import Schedules
from host_tools.duis.document import Element, Request, local
from host_tools.eui import parse_eui
from host_tools.mmc.values import eui_text

__all__ = ["ToDcc"]

# Elements of DevicePrenotification and UpdateDeviceDetails by their name in an answer.
_DETAILS = {
    "DeviceManufacturer": "DeviceManufacturer",
    "DeviceModel": "DeviceModel",
    "SMETSCHTSVersion": "SMETSCHTSVersion",
    "FirmwareVersion": "DeviceFirmwareVersion",
    "ESMEVariant": "ESMEVariant",
}
_NUMBERS = ("ImportMPxN", "SecondaryImportMPAN", "ExportMPAN")
# What an answer says: code, and what is in it.
Said = tuple[str, Fill | None]
_DONE: Said = ("I99", None)  # a success without data


def _details(part: Element) -> dict[str, str]:
    found = {to: part.findtext(name) for name, to in _DETAILS.items()}
    return {name: text for name, text in found.items() if text}


class ToDcc:
    """Carries out what the DCC itself is asked. Within a change of the store."""

    def __init__(
        self,
        inventory: Inventory,
        kept: Schedules,
        credential: Callable[[], bytes | None],
        returned: Callable[[Request], None],
        tried: Callable[[Request, datetime], object],
    ) -> None:
        """`credential` is the broker's certificate, `returned` takes a response (8.13).

        `tried` says whether what is to be scheduled may be asked.
        """
        self._inventory = inventory
        self._schedules = kept
        self._credential = credential
        self._returned = returned
        self._tried = tried
        self._known: dict[str, Callable[[Request, str | None, datetime], Said]] = {
            "5.1": self._create,
            "5.2": self._read,
            "5.3": self._delete,
            "8.2": self._inventory_of,
            "8.3": self._decommission,
            "8.4": self._update,
            "8.6": self._opt_in,
            "8.13": self._take_back,
            **dict.fromkeys(choices.NO_UPDATE, self._update_firmware),
            "12.1": self._coverage,
            "12.2": self._notify,
            **dict.fromkeys(choices.HUB_STATUS, self._hub),
        }

    @property
    def services(self) -> frozenset[str]:
        """The service reference variants that it carries out."""
        return frozenset(self._known)

    def answer(self, request: Request, role: str | None, now: datetime) -> Said:
        """Do it; Refused says why not, and then nothing has changed."""
        return self._known[request.service](request, role, now)

    def _device(self, request: Request, role: str | None) -> Device:
        """The device of a request, if it is its user's."""
        device = self._inventory.known(_eui(request.body))
        check_owner(device.owner(role), request.originator)
        return device

    def _inventory_of(self, request: Request, role: str | None, now: datetime) -> Said:
        eui = request.body.findtext("DeviceID")
        if eui is not None:
            found = self._inventory.around(self._inventory.known(_eui(request.body)).eui)
        else:
            number = request.body.findtext("MPxN")
            found = [
                device
                for device in self._inventory.all()
                if number is not None and number in map(device.details.get, _NUMBERS)
            ]
        if not found:
            raise Refused("E19", "no device of the inventory has these")

        def fill(part: Element) -> None:
            inventory = element(part, "DSPInventory")
            for device in found:
                device.add_to(inventory)

        return "I0", fill

    def _notify(self, request: Request, role: str | None, now: datetime) -> Said:
        eui = _eui(request.body)
        if self._inventory.find(eui) is not None:
            raise Refused(choices.KNOWN_DEVICE, "the device is in the inventory")
        kind = request.body.findtext("DeviceType") or ""
        owners = {"supplier": None, "network_operator": None, role: request.originator}
        device = Device(
            eui,
            kind,
            choices.NOTIFIED,
            owners["supplier"],
            owners["network_operator"],
            _details(request.body),
        )
        self._inventory.add(device, now)
        if kind == "CHF" and request.body.find("AssociatedGPFDeviceID") is not None:
            self._notify_proxy(device, _eui(request.body, "AssociatedGPFDeviceID"), now)
        return _DONE

    def _notify_proxy(self, hub: Device, gpf: bytes, now: datetime) -> None:
        """Take in the gas proxy of a hub, which is a device of its own."""
        known = self._inventory.find(gpf)
        if gpf == hub.eui:
            # DUIS has no code for it (DP316).
            raise Refused(choices.NOT_VALID, "hub and gas proxy have one id")
        if known is not None and known.type != "GPF":
            raise Refused(choices.KNOWN_DEVICE, f"the gas proxy is a {known.type} here")
        if known is None:
            self._inventory.add(replace(hub, eui=gpf, type="GPF"), now)
        self._inventory.join(hub.eui, gpf, True)

    def _update(self, request: Request, role: str | None, now: datetime) -> Said:
        device = self._device(request, role)
        part = next((item for item in request.body if local(item) != "DeviceID"), None)
        if part is None:
            raise Refused(choices.NOT_VALID, "it says nothing of the device")
        name = local(part)
        if name == "DeleteDevice":
            owners = {device.supplier, device.network_operator} - {None}
            if owners and request.originator not in owners:
                raise Refused("E4", "the device is another party's")
            self._inventory.remove(device.eui)
        elif name == "UpdateDeviceDetails":
            self._inventory.add(Device(device.eui, "", "", details=_details(part)), now)
        elif name == "UpdateMPxN":
            self._keep_numbers(device.eui, part, now)
        elif (name == "UpdateDeviceStatusCH") != (device.type == "CHF"):
            raise Refused("E11", f"{name} is not for a {device.type}")
        else:
            self._inventory.set_status(device.eui, part.text or "", now)
        return _DONE

    def _keep_numbers(self, eui: bytes, part: Element, now: datetime) -> None:
        """Keep the numbers (MPxN) of a device that an element names."""
        numbers = {item: part.findtext(item) for item in _NUMBERS}
        told = {item: text for item, text in numbers.items() if text}
        self._inventory.add(Device(eui, "", "", details=told), now)

    def _decommission(self, request: Request, role: str | None, now: datetime) -> Said:
        device = self._device(request, role)
        self._inventory.set_status(device.eui, "Decommissioned", now)
        return _DONE

    def _hub(self, request: Request, role: str | None, now: datetime) -> Said:
        device = self._device(request, role)
        if device.type != "CHF":
            raise Refused("E11", f"{request.service} is not for a {device.type}")
        self._inventory.set_status(device.eui, choices.HUB_STATUS[request.service], now)
        return _DONE

    def _create(self, request: Request, role: str | None, now: datetime) -> Said:
        device = self._device(request, role)
        number = self._schedules.create(
            request.originator, device.eui, request.body, now, self._tried
        )
        return "I0", lambda part: element(part, "DSPScheduleID", str(number))

    def _read(self, request: Request, role: str | None, now: datetime) -> Said:
        found = self._schedules.read(request.originator, request.body)

        def fill(part: Element) -> None:
            read = element(part, "DSPSchedulesRead")
            for number, schedule in found:
                schedules.add_to(read, number, schedule)

        return "I0", fill

    def _delete(self, request: Request, role: str | None, now: datetime) -> Said:
        self._schedules.delete(request.originator, request.body)
        return _DONE

    def _opt_in(self, request: Request, role: str | None, now: datetime) -> Said:
        """The certificate that the device's user gives it in the place of the broker's cell."""
        device = self._device(request, role)
        kind = request.body.findtext("DeviceType")
        if kind != device.type:
            raise Refused(choices.OPT_IN_TYPE, f"the device is a {device.type}, not a {kind}")
        certificate = self._credential()
        if certificate is None:
            raise Refused(choices.NOT_MADE, "the broker has no key for a certificate")
        numbers = request.body.find("MPxNs")
        if numbers is not None:
            self._keep_numbers(device.eui, numbers, now)

        def fill(part: Element) -> None:
            opted_in = element(part, "DSPOptIn")
            element(opted_in, "DeviceID", eui_text(device.eui))
            text = base64.b64encode(certificate).decode()
            element(opted_in, "DSPBrokerSecurityCredentialsKeyAgreement", text)

        return "I0", fill

    def _take_back(self, request: Request, role: str | None, now: datetime) -> Said:
        self._returned(request)
        return choices.RETURNED, None

    def _update_firmware(self, request: Request, role: str | None, now: datetime) -> Said:
        return updates.update(request, role, self._inventory)

    def _coverage(self, request: Request, role: str | None, now: datetime) -> Said:
        def fill(part: Element) -> None:
            matrix = element(part, "DSPWANMatrix")
            _copy(request.body, element(matrix, "Request"))
            for region, told in choices.WAN_MATRIX:
                answer = element(matrix, "DSPWANMatrixResponse")
                element(answer, "CSPRegion", region)
                element(answer, "CSPRegionResponseCode", "I0")
                for name, text in told.items():
                    element(answer, name, text)

        return "I0", fill


def _copy(source: Element, target: Element) -> None:
    """The elements of a request's body, in the namespace of DUIS."""
    for item in source:
        _copy(item, element(target, local(item), item.text))


def _eui(body: Element, name: str = "DeviceID") -> bytes:
    text = body.findtext(name)
    if text is None:
        raise Refused(choices.NOT_VALID, "it names no device")
    try:
        return parse_eui(text)
    except ValueError as error:
        raise Refused(choices.NOT_VALID, str(error)) from None
