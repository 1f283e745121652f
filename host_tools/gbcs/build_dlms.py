"""DLMS Access-Requests from the use case table: get, ranged get, set, action, protected read."""

from __future__ import annotations

from typing import Any, cast

from host_tools.gbcs import axdr, times
from host_tools.gbcs.dlms import obis_octets
from host_tools.gbcs.header import Header
from host_tools.gbcs.params import ParameterError, Parameters, cosem, number, octets, utc_seconds
from host_tools.gbcs.reader import encode_length
from host_tools.gbcs.tree import Json
from host_tools.gbcs.use_cases import UseCase

Row = dict[str, Any]

_CHOICES = {"get": 1, "set": 2, "action": 3}
_RANGED = 4  # get-with-selection
_TIME_COLUMN = "0-0:94.44.100.255"
_NULL = b"\x00"


def build(use_case: UseCase, head: Header, parameters: Parameters) -> bytes:
    """The Access-Request of a command; ParameterError if a value is missing or wrong."""
    rows: list[Row] = use_case.table["dlms"]
    names = _names(rows)
    specifications: list[bytes] = []
    data: list[bytes] = []
    for index, row in enumerate(rows):
        if row.get("optional") and parameters.find(names[index]) is None:
            continue
        choice = _RANGED if row.get("range") else _CHOICES[row["op"]]
        place = row["class"].to_bytes(2, "big") + obis_octets(row["obis"]) + bytes([row["attr"]])
        selection = b""
        if row.get("range"):
            selection = b"\x01" + _range(names[index], parameters)
        specifications.append(bytes([choice]) + place + selection)
        data.append(_data(row, names[index], head, parameters))
    if not specifications:
        raise ParameterError("all accesses of this use case are optional: give at least one")
    invoke = b"\x20" + (head.counter & 0xFFFFFF).to_bytes(3, "big")
    lists = (specifications, data)
    return b"\xd9" + invoke + b"\x00" + b"".join(_list(items) for items in lists)


def _list(items: list[bytes]) -> bytes:
    return encode_length(len(items)) + b"".join(items)


def _names(rows: list[Row]) -> list[list[str]]:
    """Names of each access: its SMETS name, shorter forms that stay unique, its place."""
    forms: list[list[str]] = []
    for row in rows:
        name = row.get("name") or ""
        short = name.removeprefix("(Phase[1])")
        last = short.rsplit(": ", 1)[-1]
        several = [name.partition(":")[0], short.partition(":")[0], name, short, last]
        forms.append([form for form in dict.fromkeys(several) if form])
    free = [index for index, row in enumerate(rows) if row["op"] != "get" or row.get("range")]
    out: list[list[str]] = []
    for index, row in enumerate(rows):
        others = {form for other in free if other != index for form in forms[other]}
        unique = [form for form in forms[index] if form not in others]
        method = "m" if row["op"] == "action" else ""
        out.append([*unique, f"#{index}", f"{row['class']}/{row['obis']}/{method}{row['attr']}"])
    return out


def _range(names: list[str], parameters: Parameters) -> bytes:
    place = f"{names[-1]}"
    begin = parameters.take(["from", f"{place}.from"], "UTC time")
    end = parameters.take(["to", f"{place}.to"], "UTC time")
    column: Json = {
        "type": "structure",
        "value": [
            {"type": "long-unsigned", "value": 1},
            {"type": "octet-string", "value": obis_octets(_TIME_COLUMN).hex()},
            {"type": "integer", "value": 2},
            {"type": "long-unsigned", "value": 0},
        ],
    }
    limits: list[Json] = [
        {"type": "double-long-unsigned", "value": utc_seconds(value, name)}
        for name, value in (("from", begin), ("to", end))
    ]
    empty: Json = {"type": "array", "value": []}
    return axdr.encode({"type": "structure", "value": [column, *limits, empty]})


def _data(row: Row, names: list[str], head: Header, parameters: Parameters) -> bytes:
    if row["op"] == "get":
        return _NULL
    if "protected" in row:
        return _protected(row, names, head, parameters)
    given = parameters.find(names, ask="const" not in row)
    if given is None and "const" in row:
        given = row["const"]
    if given is None and row["type"] == "composite" and _is_flat(row):
        return _flat(row, parameters)
    if given is None:
        raise parameters.missing(names[0], row.get("type", "JSON"))
    try:
        if isinstance(given, dict):
            return axdr.encode(cast("Json", given))
        return axdr.encode(typed(row.get("type", "composite"), given, names[0]))
    except ValueError as error:
        raise ParameterError(f"{names[0]}: {error}") from None


def typed(kind: str, value: Json, name: str) -> Json:
    """A plain value as an A-XDR value of a table type such as `octet-string(12)`."""
    base, _, size = kind.partition("(")
    if base == "composite":
        raise ParameterError(f'{name}: give it as JSON, {{"type": ..., "value": ...}}')
    if base == "octet-string":
        if size == "12)":
            return {"type": base, "value": cosem(value, name).hex()}
        return {"type": base, "value": _text_or_hex(value, name).hex()}
    if base == "boolean":
        words = {"true": True, "1": True, "0x01": True, "false": False, "0": False}
        text = str(value).lower()
        if text not in words:
            raise ParameterError(f"{name}: {value!r} is not true or false")
        return {"type": base, "value": words[text]}
    if base in ("visible-string", "utf8-string"):
        return {"type": base, "value": str(value)}
    if base == "bit-string":
        return {"type": base, "value": _bits(value, name)}
    return {"type": base, "value": number(value, name)}


def _text_or_hex(value: Json, name: str) -> bytes:
    # Hex as in STATE.json; `text:` marks text, which many octet-strings hold.
    if isinstance(value, str) and value.startswith("text:"):
        return value.removeprefix("text:").encode()
    return octets(value, name)


def _bits(value: Json, name: str) -> str:
    if isinstance(value, str) and value.startswith("0x"):
        return "".join(f"{octet:08b}" for octet in octets(value, name))
    if isinstance(value, str) and set(value) <= {"0", "1"}:
        return value
    raise ParameterError(f"{name}: {value!r} is neither bits nor 0x and hex")


def _is_flat(row: Row) -> bool:
    fields = row.get("fields", [])
    return len(fields) > 1 and not any(set(field[0]) & set(".[") for field in fields)


def _flat(row: Row, parameters: Parameters) -> bytes:
    # A structure of simple fields: each is a constant or a parameter of its own.
    items: list[Json] = []
    for path, kind, *const in row["fields"]:
        value = const[0] if const else parameters.take([path], kind)
        items.append(typed(kind, value, path))
    return axdr.encode({"type": "structure", "value": items})


def _protected(row: Row, names: list[str], head: Header, parameters: Parameters) -> bytes:
    """get_protected_attributes: the objects, and who encrypts for whom (GBCS 8.5)."""
    objects = [_object(item, parameters) for item in cast("list[Row]", row["protected"])]
    # The answer is for the supplementary remote party, where one is named.
    asker = head.supplementary_party or head.originator
    transaction = b"\x04" + head.counter.to_bytes(8, "big")
    texts = (transaction, asker, head.target, b"")
    key_agreement = _structure(
        {"type": "enum", "value": 2}, _structure(_octets(b"\x02"), _octets(b""))
    )
    parameter = _structure(
        {"type": "enum", "value": 2}, _structure(*[_octets(text) for text in texts], key_agreement)
    )
    arrays: list[Json] = [
        {"type": "array", "value": objects},
        {"type": "array", "value": [parameter]},
    ]
    return axdr.encode(_structure(*arrays))


def _structure(*items: Json) -> Json:
    return {"type": "structure", "value": list(items)}


def _octets(raw: bytes) -> Json:
    return {"type": "octet-string", "value": raw.hex()}


def _object(item: Row, parameters: Parameters) -> Json:
    restriction = _structure({"type": "enum", "value": 0}, {"type": "null-data", "value": None})
    if item["range"]:
        limits = [
            _octets(_limit(parameters.take([name], "UTC time"), name)) for name in ("from", "to")
        ]
        restriction = _structure({"type": "enum", "value": 1}, _structure(*limits))
    return _structure(
        {"type": "long-unsigned", "value": item["class"]},
        _octets(obis_octets(item["obis"])),
        {"type": "integer", "value": item["attr"]},
        {"type": "long-unsigned", "value": item["index"]},
        restriction,
    )


def _limit(value: Json, name: str) -> bytes:
    if isinstance(value, int):
        return times.encode_cosem(times.from_seconds_2000(value))
    return cosem(value, name)


def needed(use_case: UseCase) -> list[str]:
    """The names of the parameters a command must be given (or may, if all is optional)."""
    rows: list[Row] = use_case.table["dlms"]
    names = _names(rows)
    out: list[str] = []
    for index, row in enumerate(rows):
        if row.get("range") or any(item["range"] for item in row.get("protected", [])):
            out += ["from", "to"]
        elif "protected" in row:
            continue
        elif row["op"] != "get" and ("const" not in row or row.get("optional")):
            if row["type"] == "composite" and _is_flat(row):
                out += [field[0] for field in row["fields"] if len(field) == 2]
            else:
                out.append(names[index][0])
    return list(dict.fromkeys(out))
