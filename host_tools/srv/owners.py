"""Whose a device is: its supplier and its network operator see its messages, and nobody else.

An inventory is a CSV file with the columns device, supplier, network_operator (EUI-64s in any
form; others are passed over), KEYS.json of a device, whose remote parties are its owners, or the
file of a gateway (`smets dcc`), which knows them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.eui import parse_eui
from host_tools.keys import load_keys
from host_tools.mmc import gateway_log

ROLES = ("supplier", "network_operator")
_COLUMNS = {"device", *ROLES}


class OwnerError(ValueError):
    """An inventory that is none, or a party that owns no device; the text says which."""


@dataclass
class Inventory:
    """Devices and their owners by role."""

    devices: dict[bytes, dict[str, set[bytes]]] = field(
        default_factory=lambda: dict[bytes, dict[str, set[bytes]]]()
    )

    def add(self, device: bytes, role: str, owner: bytes) -> None:
        """Let a device have an owner."""
        self.devices.setdefault(device, {}).setdefault(role, set()).add(owner)

    def of(self, owner: bytes) -> set[bytes]:
        """The devices of an owner; OwnerError where it is neither supplier nor operator of one."""
        found = {
            device
            for device, roles in self.devices.items()
            if any(owner in owners for owners in roles.values())
        }
        if not found:
            name = owner.hex("-").upper()
            raise OwnerError(f"{name} is supplier or network operator of no device here")
        return found


def load(paths: list[Path]) -> Inventory:
    """Read inventories; OSError, SchemaProblem or OwnerError, which name the file."""
    inventory = Inventory()
    for path in paths:
        if path.suffix.lower() == ".json":
            keys = load_keys(path)
            for party in keys.parties:
                if party.role in ROLES:
                    inventory.add(keys.device_id, party.role, party.id)
        elif gateway_log.is_log(path):
            for device, *parties in gateway_log.owners(path):
                for role, party in zip(ROLES, parties, strict=True):
                    if party is not None:
                        inventory.add(device, role, party)
        else:
            _load_csv(path, inventory)
    return inventory


def _load_csv(path: Path, inventory: Inventory) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = _COLUMNS - set(rows.fieldnames or ())
        if missing:
            raise OwnerError(f"{path}: no column {', '.join(sorted(missing))}")
        for number, row in enumerate(rows, 2):
            try:
                device = parse_eui(row["device"])
                for role in ROLES:
                    if row[role]:
                        inventory.add(device, role, parse_eui(row[role]))
            except (ValueError, TypeError) as error:
                raise OwnerError(f"{path}, line {number}: {error}") from None
