"""The clusters, attributes and commands that the decoder can name, from the data table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from host_tools.data import load

FieldType = "str | dict[str, Any]"

STATUS = {
    0x00: "SUCCESS",
    0x01: "FAILURE",
    0x7E: "NOT_AUTHORIZED",
    0x80: "MALFORMED_COMMAND",
    0x81: "UNSUP_CLUSTER_COMMAND",
    0x82: "UNSUP_GENERAL_COMMAND",
    0x83: "UNSUP_MANUF_CLUSTER_COMMAND",
    0x84: "UNSUP_MANUF_GENERAL_COMMAND",
    0x85: "INVALID_FIELD",
    0x86: "UNSUPPORTED_ATTRIBUTE",
    0x87: "INVALID_VALUE",
    0x88: "READ_ONLY",
    0x89: "INSUFFICIENT_SPACE",
    0x8A: "DUPLICATE_EXISTS",
    0x8B: "NOT_FOUND",
    0x8C: "UNREPORTABLE_ATTRIBUTE",
    0x8D: "INVALID_DATA_TYPE",
    0x8E: "INVALID_SELECTOR",
    0x8F: "WRITE_ONLY",
    0x93: "ACTION_DENIED",
    0x94: "TIMEOUT",
    0xC0: "HARDWARE_FAILURE",
    0xC1: "SOFTWARE_FAILURE",
    0xC2: "CALIBRATION_ERROR",
    0xC3: "UNSUPPORTED_CLUSTER",
}

WRITE_ATTRIBUTES_STRUCTURED = 0x0F
WRITE_ATTRIBUTES_STRUCTURED_RESPONSE = 0x10
DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE = 0x16
GENERAL_COMMANDS = {
    0x00: "Read Attributes",
    0x01: "Read Attributes Response",
    0x02: "Write Attributes",
    0x03: "Write Attributes Undivided",
    0x04: "Write Attributes Response",
    0x05: "Write Attributes No Response",
    0x06: "Configure Reporting",
    0x07: "Configure Reporting Response",
    0x08: "Read Reporting Configuration",
    0x09: "Read Reporting Configuration Response",
    0x0A: "Report Attributes",
    0x0B: "Default Response",
    0x0C: "Discover Attributes",
    0x0D: "Discover Attributes Response",
    0x0E: "Read Attributes Structured",
    WRITE_ATTRIBUTES_STRUCTURED: "Write Attributes Structured",
    WRITE_ATTRIBUTES_STRUCTURED_RESPONSE: "Write Attributes Structured Response",
    0x11: "Discover Commands Received",
    0x12: "Discover Commands Received Response",
    0x13: "Discover Commands Generated",
    0x14: "Discover Commands Generated Response",
    0x15: "Discover Attributes Extended",
    DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE: "Discover Attributes Extended Response",
}


@dataclass(frozen=True)
class Command:
    """A cluster command: its fields in wire order, and octets of old content that may follow."""

    name: str
    fields: tuple[tuple[str, Any], ...]
    tail: int = 0


@cache
def _cluster(cluster: int) -> dict[str, Any]:
    return load("zcl_clusters")["clusters"].get(f"0x{cluster:04X}", {})


def cluster_name(cluster: int) -> str:
    """The name of a cluster, or "" if the table lacks it."""
    return _cluster(cluster).get("name", "")


def attribute(cluster: int, attribute_id: int) -> tuple[str, int | None]:
    """Name and ZCL type of an attribute; ("", None) if the table lacks it."""
    entry = _cluster(cluster).get("attributes", {}).get(f"0x{attribute_id:04X}")
    return ("", None) if entry is None else (entry[0], int(entry[1], 16))


def command(cluster: int, from_server: bool, command_id: int) -> Command | None:
    """A cluster command by direction, or None if the table lacks it."""
    side = "server" if from_server else "client"
    entry = _cluster(cluster).get(side, {}).get(f"0x{command_id:02X}")
    if entry is None:
        return None
    fields = tuple((name, kind) for name, kind in entry["fields"])
    return Command(entry["name"], fields, entry.get("tail", 0))


def cluster_id(name: str) -> int:
    """The cluster of a name; KeyError if the table lacks it."""
    ids = {entry["name"]: number for number, entry in load("zcl_clusters")["clusters"].items()}
    return int(ids[name], 16)


def attribute_id(cluster: int, name: str) -> int:
    """The attribute of a name in a cluster; KeyError if the table lacks it."""
    ids = {entry[0]: number for number, entry in _cluster(cluster).get("attributes", {}).items()}
    return int(ids[name], 16)


def command_id(cluster: int, name: str) -> int:
    """The command of a name in a cluster, of either side; KeyError if the table lacks it."""
    sides = (_cluster(cluster).get(side, {}) for side in ("client", "server"))
    ids = {entry["name"]: number for side in sides for number, entry in side.items()}
    return int(ids[name], 16)


def status_name(status: int) -> str:
    """The name of a ZCL status with its number."""
    return f"{STATUS.get(status, 'status')} 0x{status:02X}"
