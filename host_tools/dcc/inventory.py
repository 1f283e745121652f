"""The inventory: devices, their type, status and owners, and which are joined."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from host_tools.ch_transfer.inventory import Inventory as Hubs
from host_tools.dcc.answers import element
from host_tools.dcc.rules import Refused
from host_tools.dcc.store import Store, text_of
from host_tools.duis.document import Element
from host_tools.mmc.values import eui_text

__all__ = ["Device", "Inventory"]

_MOST = 17  # devices in one DSPInventory (schema)
# Elements of a Device that come before, and after, its status; what is not known is left out.
_ORDER = (
    "DeviceManufacturer",
    "DeviceModel",
    "SMETSCHTSVersion",
    "DeviceFirmwareVersion",
    "DateCommissioned",
    "ImportMPxN",
    "SecondaryImportMPAN",
    "ExportMPAN",
    "ESMEVariant",
)
_UNKNOWN = {"DeviceManufacturer": "0000", "DeviceModel": "00000000"}
_SELECT = "SELECT eui, type, status, supplier, network_operator, details FROM devices "


@dataclass(frozen=True)
class Device:
    """A device as the DCC knows it. `details` are elements of the schema's Device by name."""

    eui: bytes
    type: str
    status: str
    supplier: bytes | None = None
    network_operator: bytes | None = None
    details: dict[str, str] = field(default_factory=dict[str, str])

    def owner(self, role: str | None) -> bytes | None:
        """The party of a role, None where none is known."""
        return {"supplier": self.supplier, "network_operator": self.network_operator}.get(
            role or ""
        )

    def add_to(self, parent: Element) -> None:
        """Write it as a Device of the schema."""
        device = element(parent, "Device")
        element(device, "DeviceID", eui_text(self.eui))
        element(device, "DeviceType", self.type)
        element(device, "DeviceStatus", self.status)
        for name in _ORDER:
            text = self.details.get(name, _UNKNOWN.get(name))
            if text is not None:
                element(device, name, text)


def _device(row: Any) -> Device:
    eui, kind, status, supplier, operator, details = row
    return Device(eui, kind, status, supplier, operator, json.loads(details))


class Inventory:
    """The devices of a store. `hubs` is a file of `smets ch-transfer`: whose a hub is."""

    def __init__(self, store: Store, hubs: Path | None = None) -> None:
        self._store = store
        self._hubs = hubs

    def find(self, eui: bytes) -> Device | None:
        """A device."""
        row = self._store.row(_SELECT + "WHERE eui = ?", eui)
        return self._owned(_device(row)) if row else None

    def all(self) -> list[Device]:
        """All devices, in order of their EUI-64."""
        return [self._owned(_device(row)) for row in self._store.rows(_SELECT + "ORDER BY eui")]

    def _owned(self, device: Device) -> Device:
        """Whose a hub is now, as the transfers of hubs say."""
        if self._hubs is None or device.type not in ("CHF", "GPF"):
            return device
        with Hubs(self._hubs) as hubs:
            statement = "SELECT owner FROM hubs WHERE chf = ?1 OR gpf = ?1"
            found = hubs.connection.execute(statement, (device.eui,)).fetchone()
        return replace(device, supplier=found[0]) if found else device

    def add(self, device: Device, now: datetime) -> None:
        """Take in a device, or what is new of one that is there."""
        known = self.find(device.eui)
        details = {**(known.details if known else {}), **device.details}
        self._store.run(
            "INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (eui) DO UPDATE "
            "SET supplier = ifnull(?5, supplier), details = ?7, "
            "network_operator = ifnull(?6, network_operator)",
            device.eui,
            device.type,
            device.status,
            text_of(now),
            device.supplier,
            device.network_operator,
            json.dumps(details),
        )

    def set_status(self, eui: bytes, status: str, now: datetime) -> None:
        """Say what has become of a device; Refused for one that is not there."""
        self.known(eui)
        self._store.run(
            "UPDATE devices SET status = ?, since = ? WHERE eui = ?", status, text_of(now), eui
        )

    def set_supplier(self, eui: bytes, supplier: bytes) -> None:
        """Say whose a device is after a change of supplier."""
        self._store.run("UPDATE devices SET supplier = ? WHERE eui = ?", supplier, eui)

    def fill_owners(self, eui: bytes, owners: Mapping[str, bytes]) -> None:
        """Give a device owners by role where none is known."""
        self._store.run(
            "UPDATE devices SET supplier = ifnull(supplier, ?), "
            "network_operator = ifnull(network_operator, ?) WHERE eui = ?",
            owners.get("supplier"),
            owners.get("network_operator"),
            eui,
        )

    def remove(self, eui: bytes) -> None:
        """Forget a device; Refused for one that is not there."""
        self.known(eui)
        self._store.run("DELETE FROM devices WHERE eui = ?", eui)

    def known(self, eui: bytes) -> Device:
        """A device; Refused (E19) where there is none."""
        found = self.find(eui)
        if found is None:
            raise Refused("E19", f"{eui_text(eui)} is not in the inventory")
        return found

    def join(self, device: bytes, other: bytes, joined: bool) -> None:
        """Keep that a device has joined another, or has left it."""
        statement = "INSERT OR IGNORE INTO joins VALUES (?, ?)"
        if not joined:
            statement = "DELETE FROM joins WHERE device = ? AND other = ?"
        self._store.run(statement, device, other)

    def around(self, eui: bytes) -> list[Device]:
        """A device and those that it is joined with, as many as an answer holds."""
        euis = [eui]
        for one, other in self._store.rows(
            "SELECT device, other FROM joins WHERE device = ?1 OR other = ?1", eui
        ):
            euis += [each for each in (one, other) if each not in euis]
        found = [self.find(each) for each in euis]
        return [device for device in found if device is not None][:_MOST]
