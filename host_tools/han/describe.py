"""A HAN frame in words: source, destination, cluster, command, and content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from host_tools.gbcs import times, units, zcl, zcl_table
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.tree import Json
from host_tools.han import zdo
from host_tools.han.frame import PROFILE_ZDO, Frame, format_eui

__all__ = ["Described", "describe"]

# Longest text of a frame's content; nobody reads a whole history as it passes.
_LIMIT: Final = 240

# The type of a number adds nothing to it for a reader.
_TYPE: Final = re.compile(r" \((?:u?int|enum|map)\d+\)$")


@dataclass(frozen=True, slots=True)
class Described:
    """A frame for people. `wrong` where its payload could not be decoded."""

    source: str
    destination: str
    cluster: str
    command: str
    carries: str
    octets: int
    wrong: bool = False


def describe(frame: Frame, names: Mapping[int, str] | None = None) -> Described:
    """Describe a frame; `names` are those of devices by EUI-64, others are shown as such."""
    known = names or {}
    source = known.get(frame.source) or format_eui(frame.source)
    destination = known.get(frame.destination) or format_eui(frame.destination)
    if frame.broadcast:
        destination = "all"
    elif frame.group:
        destination = f"group 0x{frame.group_address:04X}"
    octets = len(frame.payload)
    if frame.profile == PROFILE_ZDO:
        command = zdo.NAMES.get(frame.cluster, f"ZDO 0x{frame.cluster:04X}")
        return Described(source, destination, "ZDO", command, _of_zdo(frame), octets)
    cluster = zcl_table.cluster_name(frame.cluster) or f"cluster 0x{frame.cluster:04X}"
    try:
        decoded, _, faults = zcl.examine_frame(frame.payload, frame.cluster)
    except DecodeError as error:
        words = f"not decoded: {error}"
        return Described(source, destination, cluster, "?", _cut(words), octets, True)
    units.annotate_zcl([decoded])
    name = decoded.name or f"command 0x{decoded.header.command:02X}"
    if decoded.header.manufacturer is not None:
        name += f" of manufacturer 0x{decoded.header.manufacturer:04X}"
    words = [_carried(decoded), *(f"not decoded: {fault}" for fault in faults)]
    carries = _cut("; ".join(word for word in words if word))
    return Described(source, destination, cluster, name, carries, octets, bool(faults))


def _cut(text: str) -> str:
    return text if len(text) <= _LIMIT else text[: _LIMIT - 4] + " ..."


def _carried(frame: zcl.Frame) -> str:
    if frame.default_response is not None:
        command, status = frame.default_response
        return f"command 0x{command:02X}: {zcl_table.status_name(status)}"
    if frame.fields is not None:
        return ", ".join(f"{name} {_field(name, value)}" for name, value in frame.fields.items())
    return "; ".join(_attribute(item) for item in frame.attributes)


def _attribute(item: zcl.Attribute) -> str:
    name = item.name or f"0x{item.id:04X}"
    if item.status:
        return f"{name}: {zcl_table.status_name(item.status).partition(' 0x')[0].lower()}"
    if item.node is None:
        return name
    return f"{name} = {_TYPE.sub('', item.node.text.partition(' (raw')[0])}"


def _field(name: str, value: Json) -> str:
    if "Time" in name and isinstance(value, int) and 0 < value < 0xFFFFFFFF:
        return times.iso(times.from_seconds_2000(value))
    if isinstance(value, list):
        shown = ", ".join(str(item) for item in value[:6])
        return f"[{shown}{', ...' if len(value) > 6 else ''}]"
    return str(value)


def _of_zdo(frame: Frame) -> str:
    """Clusters of a match request, endpoints of its response."""
    octets = frame.payload
    if frame.cluster == zdo.MATCH_DESCRIPTOR and len(octets) >= 6:
        ids = [
            int.from_bytes(octets[at : at + 2], "little")
            for at in range(6, min(6 + 2 * octets[5], len(octets) - 1), 2)
        ]
        words = [zcl_table.cluster_name(one) or f"0x{one:04X}" for one in ids]
        return "who serves " + ", ".join(words)
    if frame.cluster == zdo.MATCH_DESCRIPTOR | zdo.RESPONSE and len(octets) >= 5:
        if octets[1]:
            return zcl_table.status_name(octets[1])
        found = ", ".join(str(one) for one in octets[5:])
        return f"endpoint {found}" if found else "none"
    return octets.hex().upper()
