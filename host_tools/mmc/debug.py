"""Whether a message succeeded, and DebugInfo: which of its parts failed, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from host_tools.gbcs import dlms, zcl_table
from host_tools.gbcs.message import Message
from host_tools.gbcs.zcl_frame import Frame
from host_tools.mmc import choices
from host_tools.mmc.wire import Wire
from host_tools.mmc.xml import Element, sub

_ACTION = 3
_ACCESS_WORDS = dlms.RESULTS
_ACTION_WORDS = {
    **{number: name for number, name in dlms.RESULTS.items() if number <= 14},
    15: "long-action-aborted",
    250: "other-reason",
}
_UNKNOWN_RESULT = "response-code-not-known"

NOT_FOUND = 0x8B
_NOT_IN_SCHEMA = 0xC3  # UNSUPPORTED_CLUSTER
# What a reader of messages names as well, and what else the schema has.
_ZCL = {
    **{code: name for code, name in zcl_table.STATUS.items() if code != _NOT_IN_SCHEMA},
    0x7F: "RESERVED_FIELD_NOT_ZERO",
    0x90: "INCONSISTENT_STARTUP_STATE",
    0x91: "DEFINED_OUT_OF_BAND",
    0x92: "INCONSISTENT",
    0x95: "ABORT",
    0x96: "INVALID_IMAGE",
    0x97: "WAIT_FOR_DATA",
    0x98: "NO_IMAGE_AVAILABLE",
    0x99: "REQUIRE_MORE_IMAGE",
}
_UNKNOWN_STATUS = "RESPONSE_CODE_NOT_KNOWN"


def succeeded(wire: Wire) -> bool:
    """MessageSuccess: whether every part of a response says success."""
    message = wire.message
    if message.protocol == "DLMS":
        return all(result == 0 for _, result in message.dlms.results)
    if message.protocol == "GBZ":
        failing = (status for _, _, status in _zcl_results(message))
        return not any(_fails(status) for status in failing)
    return all(code == 0 for code in _codes(wire.values.get("asn1", {})))


def not_found(wire: Wire) -> bool:
    """Whether a part of a response is answered with NOT_FOUND."""
    return wire.message.protocol == "GBZ" and any(
        status == NOT_FOUND for _, _, status in _zcl_results(wire.message)
    )


def _fails(status: int) -> bool:
    return status != 0 and (status != NOT_FOUND or choices.NOT_FOUND_FAILS)


def _codes(values: Any) -> Iterator[int]:
    # The response codes, however deep they are.
    if isinstance(values, dict):
        for name, value in cast("dict[str, Any]", values).items():
            if name in _RESPONSE_CODES and isinstance(value, int):
                yield value
            else:
                yield from _codes(value)
    elif isinstance(values, list):
        for value in cast("list[Any]", values):
            yield from _codes(value)


_RESPONSE_CODES = ("responseCode", "joinResponseCode", "activateImageResponseCode", "status")


def add(parent: Element, wire: Wire) -> None:
    """Add DebugInfo to a ResponseMessage, where the protocol has one and there is something."""
    info = sub(parent, "DebugInfo")
    if wire.message.protocol == "DLMS":
        _add_cosem(info, wire.message)
    elif wire.message.protocol == "GBZ":
        _add_zigbee(info, wire.message)
    if not len(info):
        parent.remove(info)


def _add_cosem(info: Element, message: Message) -> None:
    group: Element | None = None
    for position, (choice, result) in enumerate(message.dlms.results, 1):
        if result == 0 and not choices.DEBUG_LISTS_SUCCESS:
            continue
        group = sub(info, "COSEMDebug") if group is None else group
        response = sub(group, "COSEMResponse")
        response.set("Position", str(position))
        response.set("ResponseCode", str(result))
        action = choice == _ACTION
        words = _ACTION_WORDS if action else _ACCESS_WORDS
        name = "ActionResult" if action else "DataAccessResult"
        sub(response, name, words.get(result, _UNKNOWN_RESULT))


def _zcl_results(message: Message) -> Iterator[tuple[Frame, int, int]]:
    """Each (frame, attribute or -1, status) of a response that tells one."""
    for frame in message.gbz.frames:
        for item in frame.attributes:
            if item.status is not None:
                yield frame, item.id, item.status
        if frame.default_response is not None:
            yield frame, -1, frame.default_response[1]


def _add_zigbee(info: Element, message: Message) -> None:
    failed = [found for found in _zcl_results(message) if _fails(found[2])]
    if not failed:
        return
    debug = sub(info, "ZIGBEEDebug")
    for cluster in dict.fromkeys(frame.cluster for frame, _, _ in failed):
        group = sub(debug, "ZIGBEEClusterResponse")
        name = sub(group, "ClusterName", zcl_table.cluster_name(cluster))
        name.set("id", f"{cluster:04X}")
        for frame, attribute, status in failed:
            if frame.cluster == cluster:
                _add_zcl(group, frame, attribute, status)


def _add_zcl(group: Element, frame: Frame, attribute: int, status: int) -> None:
    if attribute >= 0:
        response = sub(group, "ZIGBEEDataResponse")
        sub(response, "AttributeID", f"{attribute:04X}")
    else:
        response = sub(group, "ZIGBEECommandResponse")
        command = frame.default_response[0] if frame.default_response else 0
        sub(response, "CommandID", f"{command:02X}")
    found = sub(response, "Status")
    found.set("ResponseCode", f"{status:02X}")
    sub(found, "ZCLStatus", _ZCL.get(status, _UNKNOWN_STATUS))
