"""The body of an alert: DeviceAlertContent, with the payload that some message codes have."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from host_tools.gbcs import times
from host_tools.mmc import outline, values
from host_tools.mmc.body import Builder, body_of
from host_tools.mmc.wire import Wire
from host_tools.mmc.xml import Element, sub

_MOST_WORDS = 250  # characters of AlertDescription


@cache
def payloads() -> dict[int, outline.UseCase]:
    """The message codes whose alerts have a payload."""
    found: dict[int, outline.UseCase] = {}
    for block in outline.text_of("alerts").strip().split("\n\n"):
        for item in outline.read_block(block):
            found[item.code] = item
    return found


def code_and_time(wire: Wire) -> tuple[int | None, str | None]:
    """The alert code and the alert's own time as xs:dateTime, None for what cannot be read."""
    message = wire.message
    if message.protocol == "GBZ":
        payload = message.gbz
        moment = payload.alert_time
        return payload.alert_code, None if moment is None else times.iso_2000(moment)
    if message.protocol == "DLMS":
        body = wire.values.get("body")
        items = cast("list[Any]", body) if isinstance(body, list) else []
        code = items[0] if items and isinstance(items[0], int) else None
        return code, _moment(items[1]) if len(items) > 1 else None
    node = message.tree.find("payload")
    leaves = [leaf for leaf in node.walk() if not leaf.children] if node is not None else []
    code = next((leaf.value for leaf in leaves if isinstance(leaf.value, int)), None)
    time = next((leaf.value for leaf in leaves if "GeneralizedTime" in leaf.text), None)
    return code, values.time_of(time)


def _moment(value: Any) -> str | None:
    if isinstance(value, int) and 0 <= value < times.UTC_INVALID:
        return times.iso_2000(value)
    if isinstance(value, bytes) and len(value) == 12:
        moment = times.cosem_date_time(value).moment
        return None if moment is None else times.iso(moment)
    return None


def add(parent: Element, builder: Builder) -> None:
    """Add DeviceAlertContent to a DeviceAlertMessage; nothing where the alert has no time."""
    wire = builder.wire
    code, moment = code_and_time(wire)
    if moment is None:
        return
    content = sub(parent, "DeviceAlertContent")
    if code is not None:
        sub(content, "GBCSHexAlertCode", f"{code:04X}")
    words = values.code_name(code) if code is not None else "no alert code"
    sub(content, "AlertDescription", words[:_MOST_WORDS])
    wire.assumed.add("text")
    sub(content, "Timestamp", moment)
    use_case = payloads().get(wire.message.header.message_code)
    if use_case is None:
        return
    payload = sub(content, "Payload")
    element = sub(payload, use_case.elements[""])
    if not builder.fill(element, body_of(use_case, wire), None):
        content.remove(payload)
