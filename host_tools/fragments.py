"""Cuts STATE.json and KEYS.json into fragments that a device can take one line at a time.

A fragment is at most about `LIMIT` characters of JSON, so that a board's heap need not hold a
whole log: rows of a compact-array beyond the first lines go out as APPEND.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

__all__ = ["check_kind", "key_fragments", "load", "state_fragments"]

LIMIT = 1500

Json = dict[str, Any]


def state_fragments(state: Json) -> Iterator[tuple[str, Json]]:
    """Yield (verb, fragment) pairs that, in order, make up the state."""
    first = ("device", "device_eui", "clock", "stamp", "alert_counter", "gbcs")
    head = {name: state[name] for name in first if name in state}
    if head:
        yield "STATE", head
    for cluster, attributes in cast("dict[str, Json]", state.get("zcl", {})).items():
        for part in _batches(list(attributes.items())):
            yield "STATE", {"zcl": {cluster: dict(part)}}
    for item in cast("list[Json]", state.get("zcl_commands", [])):
        fields = list(_leaves(item.get("fields", {})))
        yield "STATE", {"zcl_commands": [{**item, "fields": fields}]}
    for item in cast("list[Json]", state.get("dlms", [])):
        yield from _dlms(item)
    if "faults" in state:
        yield "STATE", {"faults": state["faults"]}


def _dlms(item: Json) -> Iterator[tuple[str, Json]]:
    value = cast(Json, item["value"])
    if value.get("type") != "compact-array":
        yield "STATE", {"dlms": [item]}
        return
    verb = "STATE"
    for rows in _batches(cast("list[Any]", value["value"])) or [[]]:
        yield verb, {"dlms": [{**item, "value": {**value, "value": rows}}]}
        verb = "APPEND"


def _batches(items: list[Any]) -> list[list[Any]]:
    """Split a list so that the JSON of each part stays near the limit."""
    parts: list[list[Any]] = []
    room = 0
    for item in items:
        size = len(json.dumps(item))
        if not parts or size > room:
            parts.append([])
            room = LIMIT
        parts[-1].append(item)
        room -= size
    return parts


def _leaves(value: Any) -> Iterator[Any]:
    """The values of nested fields in order: the device knows their types by position."""
    if isinstance(value, dict):
        mapping = cast(Json, value)
        if set(mapping) == {"hex"}:
            yield mapping
            return
        for inner in mapping.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _leaves(inner)
    else:
        yield value


def key_fragments(keys: Json) -> Iterator[tuple[str, Json]]:
    """Yield (verb, fragment) pairs: the device's own members, then its parties one by one."""
    # What it is was compared by then, and older firmware would not know the member.
    apart = ("device", "parties")
    yield "KEYS", {name: value for name, value in keys.items() if name not in apart}
    for party in cast("list[Json]", keys.get("parties", [])):
        yield "KEYS", {"parties": [party]}


def load(control: Any, state: Json | None, keys: Json | None) -> None:
    """Load both into a device through `control(verb, document)`."""
    for fragments in (
        key_fragments(keys) if keys else (),
        state_fragments(state) if state else (),
    ):
        for verb, fragment in fragments:
            control(verb, fragment)


def check_kind(keys: Json | None, role: str, name: object) -> None:
    """ValueError where KEYS.json, a file of this name, says that it is of another device."""
    kind = (keys or {}).get("device", role.upper())
    if kind != role.upper():
        raise ValueError(f"{name}: the keys are of a {kind}, not of a {role.upper()}")
