"""Makes `lua/names.lua`: what the dissector calls things, from the tables of `smets parse`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, cast

from host_tools.data import load
from host_tools.gbcs import alert_bodies, axdr, dlms, use_cases, zcl_table, zcl_types

_HEAD = """\
-- Names of use cases, clusters, commands, objects and results.
-- Made by `make dissector` from the tables of `smets parse`: do not edit.
return {
"""
# Names of field types in the table of clusters that differ from those of ZCL.
_ALIASES = {"utc": "UTC", "charstr": "string"}
_ASN1 = {1: "asn1_request", 2: "asn1_response", 3: "asn1_alert"}


def made() -> str:
    """The text of names.lua as the tables are now."""
    tables: dict[str, Any] = {
        "use_cases": _use_cases(),
        "objects": _objects(),
        "clusters": _clusters(),
        "field_types": _field_types(),
        "general_commands": zcl_table.GENERAL_COMMANDS,
        "statuses": zcl_table.STATUS,
        "zcl_types": _zcl_types(),
        "axdr_types": axdr.type_names(),
        "apdus": dlms.NAMES,
        "operations": dlms.OPERATIONS,
        "results": dlms.RESULTS,
        "classes": dlms.CLASSES,
        "gbz_alerts": _gbz_alerts(),
    }
    lines = [f"{name} = {{\n{_rows(rows)}}},\n" for name, rows in tables.items()]
    return _HEAD + "".join(lines) + "}\n"


def shipped() -> str:
    """The text of names.lua as it lies beside the other parts."""
    folder = resources.files("host_tools.dissector")
    return folder.joinpath("lua", "names.lua").read_text(encoding="utf-8")


def _rows(rows: Mapping[Any, Any]) -> str:
    return "".join(f"  [{_lua(key)}] = {_lua(rows[key])},\n" for key in sorted(rows))


def _lua(value: Any) -> str:
    """A JSON value as Lua writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return f"{{ {', '.join(f'[{_lua(key)}] = {_lua(item)}' for key, item in pairs)} }}"
    if isinstance(value, (list, tuple)):
        return f"{{ {', '.join(map(_lua, cast('list[Any]', value)))} }}"
    return str(value)


def _use_cases() -> dict[int, Any]:
    out: dict[int, Any] = {}
    for name in use_cases.names():
        item = use_cases.by_name(name)
        # Several names may share a code: the one that `smets parse` shows stands.
        if item.code is not None and use_cases.by_code(item.code) is item:
            row: dict[str, Any] = {"id": item.id, "title": item.title}
            if fields := _asn1_fields(item.table):
                row["asn1"] = fields
            out[item.code] = row
    return out


def _asn1_fields(table: dict[str, Any]) -> dict[int, list[str]]:
    out: dict[int, list[str]] = {}
    for cra, member in _ASN1.items():
        names = [name for name, _ in table.get(member, [])]
        # Only flat lists name the elements one by one.
        if names and names[0] != "root" and not any(set(name) & {".", "|"} for name in names):
            out[cra] = names
    return out


def _objects() -> dict[str, str]:
    """Names of DLMS attributes and methods, where all use cases have the same."""
    found: dict[str, set[str]] = {}
    for name in use_cases.names():
        for row in use_cases.by_name(name).table.get("dlms", []):
            if row.get("name"):
                place = f"{row['class']}/{row['obis']}/{row['attr']}"
                found.setdefault(place, set()).add(row["name"])
    return {place: min(names) for place, names in found.items() if len(names) == 1}


def _clusters() -> dict[int, Any]:
    out: dict[int, Any] = {}
    for number, cluster in load("zcl_clusters")["clusters"].items():
        row: dict[str, Any] = {"name": cluster["name"]}
        attributes = cluster.get("attributes", {})
        if attributes:
            row["attributes"] = {int(key, 16): entry[0] for key, entry in attributes.items()}
        for side in ("client", "server"):
            if side in cluster:
                row[side] = {int(key, 16): entry for key, entry in cluster[side].items()}
        out[int(number, 16)] = row
    return out


def _field_types() -> dict[str, int]:
    return {
        **zcl_types.TYPE_IDS,
        **{alias: zcl_types.TYPE_IDS[name] for alias, name in _ALIASES.items()},
    }


def _zcl_types() -> dict[int, str]:
    return {number: zcl_types.type_name(number) for number in zcl_types.TYPE_IDS.values()}


def _gbz_alerts() -> dict[int, Any]:
    return {
        code: {
            "start": start.hex().upper(),
            "size": alert_bodies.size(fields),
            "fields": [[name, count] for name, count, _ in fields],
        }
        for code, (start, fields) in alert_bodies.gbz_forms().items()
    }
