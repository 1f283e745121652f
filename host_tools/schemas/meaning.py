"""What the schemas cannot say: rows that fit their type, nothing twice, real keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from host_tools.gbcs import crypto, zcl_fields, zcl_table
from host_tools.schemas.problem import Path, SchemaProblem

_RANGES = {
    "integer": (-(1 << 7), (1 << 7) - 1),
    "long": (-(1 << 15), (1 << 15) - 1),
    "double-long": (-(1 << 31), (1 << 31) - 1),
    "long64": (-(1 << 63), (1 << 63) - 1),
    "unsigned": (0, (1 << 8) - 1),
    "enum": (0, (1 << 8) - 1),
    "long-unsigned": (0, (1 << 16) - 1),
    "double-long-unsigned": (0, (1 << 32) - 1),
    "long64-unsigned": (0, (1 << 64) - 1),
}
# Payloads whose entries ZSE lays out and no RTDS state shows: their members may have other names.
_NAMES_OPEN = (
    "Debt Payload",
    "Top Up Payload",
    "Day Schedule Entries",
    "Season Entry",
    "Special Day Entry",
)


def check(document: object, which: str) -> None:
    """Raise SchemaProblem for the first fault.

    `document` has passed the schema `which`.
    """
    root = cast("dict[str, Any]", document)
    if which == "state":
        _state(root)
    elif which == "keys":
        _keys(root)
    else:
        _parties(root)


def _state(root: dict[str, Any]) -> None:
    _hex_keys(root.get("zcl", {}), ("zcl",))
    faults: dict[str, Any] = root.get("faults", {})
    _hex_keys(faults.get("zcl", {}), ("faults", "zcl"))
    for index, item in enumerate(root.get("zcl_commands", [])):
        _command(item, ("zcl_commands", index))
    objects: dict[tuple[int, str, int], int] = {}
    for index, item in enumerate(root.get("dlms", [])):
        path = ("dlms", index)
        key = (item["class"], item["obis"], item["attr"])
        first = objects.setdefault(key, index)
        if root["dlms"][first]["value"] != item["value"]:
            what = f"class {key[0]}, {key[1]}, attribute {key[2]}"
            raise SchemaProblem(path, f"{what} has another value in dlms[{first}]")
        _axdr(item["value"], (*path, "value"))


def _hex_keys(clusters: dict[str, Any], path: Path) -> None:
    # "0x0A00" and "0x0a00" are one attribute.
    _once(clusters, path)
    for cluster, attributes in clusters.items():
        _once(attributes, (*path, cluster))


def _once(members: dict[str, Any], path: Path) -> None:
    seen: dict[int, str] = {}
    for name in members:
        other = seen.setdefault(int(name, 16), name)
        if other != name:
            raise SchemaProblem((*path, name), f"is already {other}")


def _command(item: dict[str, Any], path: Path) -> None:
    cluster, number = int(item["cluster"], 16), int(item["command"], 16)
    known = [zcl_table.command(cluster, side, number) for side in (True, False)]
    command = next((entry for entry in known if entry and entry.name == item["name"]), None)
    if command is None:
        names = " or ".join(repr(entry.name) for entry in known if entry) or "none"
        what = f"{item['name']!r} is not command {item['command']} of cluster {item['cluster']}"
        raise SchemaProblem((*path, "name"), f"{what} ({names})")
    fields = dict(item["fields"])
    last = list(fields)[-1] if fields else ""
    if (
        command.tail
        and last not in dict(command.fields)
        and _is_octets(fields, last, command.tail)
    ):
        del fields[last]
    _fields(dict(command.fields), fields, (*path, "fields"))


def _is_octets(fields: dict[str, Any], name: str, count: int) -> bool:
    """Whether a member is so many octets, in either notation."""
    value = fields.get(name)
    text = cast("dict[str, Any]", value).get("hex") if isinstance(value, dict) else value
    return isinstance(text, str) and len(text) == 2 * count and _text_fits("octet-string", text)


def _fields(kinds: dict[str, Any], values: dict[str, Any], path: Path) -> None:
    for name, value in values.items():
        if name not in kinds:
            raise SchemaProblem(path, f"unknown member {name!r}")
        try:
            _field(kinds[name], value, (*path, name))
        except SchemaProblem:
            if name not in _NAMES_OPEN or not _fits_in_order(kinds[name]["list"], value):
                raise


def _fits_in_order(fields: list[Any], value: Any) -> bool:
    """Whether the values are in turn those of entries, whatever their names."""
    leaves = list(_leaves(value))
    if not isinstance(value, (dict, list)) or len(leaves) % len(fields):
        return False
    for index, leaf in enumerate(leaves):
        try:
            zcl_fields.write_plain(fields[index % len(fields)][1], leaf)
        except ValueError:
            return False
    return True


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and set(cast("dict[str, Any]", value)) != {"hex"}:
        value = list(cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _leaves(item)
    else:
        yield value


def _field(kind: Any, value: Any, path: Path) -> None:
    if isinstance(kind, str):
        try:
            zcl_fields.write_plain(kind, value)
        except ValueError as error:
            raise SchemaProblem(path, str(error)) from None
    elif "record" in kind:
        _fields(dict(kind["record"]), _of(dict, value, path), path)
    else:
        for index, item in enumerate(cast("list[Any]", _of(list, value, path))):
            if "of" in kind:
                _field(kind["of"], item, (*path, index))
            else:
                _fields(dict(kind["list"]), _of(dict, item, (*path, index)), (*path, index))


def _of(kind: type, value: Any, path: Path) -> Any:
    if not isinstance(value, kind):
        raise SchemaProblem(path, f"is not {'a record' if kind is dict else 'a list'}")
    return value


def _axdr(value: dict[str, Any], path: Path) -> None:
    if value["type"] in ("array", "structure"):
        for index, item in enumerate(value["value"]):
            _axdr(item, (*path, "value", index))
    elif value["type"] == "compact-array":
        for index, row in enumerate(value["value"]):
            _row(value["element_type"], row, (*path, "value", index))


def _row(kind: str | dict[str, Any], row: object, path: Path) -> None:
    if isinstance(kind, str):
        _leaf(kind, row, path)
        return
    if not isinstance(row, list):
        raise SchemaProblem(path, f"is not a list, but a row of type {next(iter(kind))}")
    items = cast("list[object]", row)
    if "structure" in kind:
        kinds: list[Any] = kind["structure"]
    else:
        kinds = [kind["array"][1]] * kind["array"][0]
    if len(items) != len(kinds):
        raise SchemaProblem(path, f"has {len(items)} elements, its element_type {len(kinds)}")
    for index, (inner, item) in enumerate(zip(kinds, items, strict=True)):
        _row(inner, item, (*path, index))


def _leaf(kind: str, value: object, path: Path) -> None:
    limits = _RANGES.get(kind)
    if limits is not None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise SchemaProblem(path, f"is not an integer, as {kind} must be")
        if not limits[0] <= value <= limits[1]:
            raise SchemaProblem(path, f"{value} is out of range for {kind}")
    elif kind == "boolean":
        if not isinstance(value, bool):
            raise SchemaProblem(path, "is not true or false, as boolean must be")
    elif kind == "null-data":
        if value is not None:
            raise SchemaProblem(path, "is not null, as null-data must be")
    elif not isinstance(value, str) or not _text_fits(kind, value):
        raise SchemaProblem(path, f"is not the text of a {kind}")


def _text_fits(kind: str, text: str) -> bool:
    if kind == "octet-string":
        return len(text) % 2 == 0 and set(text) <= set("0123456789abcdefABCDEF")
    if kind == "bit-string":
        return set(text) <= {"0", "1"}
    return kind == "utf8-string" or all(" " <= char <= "~" for char in text)


def _keys(root: dict[str, Any]) -> None:
    scalar = root.get("private_key")
    if scalar is not None:
        _scalar(scalar, ("private_key",))
    _points(root, (), "device_ka_public", "device_ds_public")
    _pair(root, (), "private_key", "device_ka_public")
    for path, party in _entries(root, "parties"):
        _points(party, path, "ka_public", "ds_public", "prepayment_ka_public")


def _parties(root: dict[str, Any]) -> None:
    for path, party in _entries(root, "parties"):
        if "ka_private" not in party and "ds_private" not in party:
            raise SchemaProblem(path, "ka_private or ds_private is missing")
        for usage in ("ka", "ds", "prepayment_ka"):
            if f"{usage}_private" in party:
                _scalar(party[f"{usage}_private"], (*path, f"{usage}_private"))
            _points(party, path, f"{usage}_public")
            _pair(party, path, f"{usage}_private", f"{usage}_public")
    for path, device in _entries(root, "devices"):
        _points(device, path, "ka_public", "ds_public")


def _entries(root: dict[str, Any], member: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(root[member]):
        first = seen.setdefault(entry["id"].upper(), index)
        if first != index:
            raise SchemaProblem((member, index, "id"), f"is already {member}[{first}].id")
        yield (member, index), entry


def _scalar(text: str, path: Path) -> None:
    if not 1 <= int(text, 16) < crypto.ORDER:
        raise SchemaProblem(path, "is not a P-256 private key (1 to n-1)")


def _points(entry: dict[str, Any], path: Path, *members: str) -> None:
    for member in members:
        if member in entry:
            try:
                crypto.public_from_point(bytes.fromhex(entry[member]))
            except ValueError:
                raise SchemaProblem((*path, member), "is not a point of P-256") from None


def _pair(entry: dict[str, Any], path: Path, private: str, public: str) -> None:
    if private in entry and public in entry:
        key = crypto.private_from_scalar(int(entry[private], 16))
        if crypto.point_of(key.public_key()) != bytes.fromhex(entry[public]):
            raise SchemaProblem((*path, public), f"is not the public key of {private}")
