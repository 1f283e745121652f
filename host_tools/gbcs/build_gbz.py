"""GBZ commands from the use case table: read attributes and cluster commands with parameters."""

from __future__ import annotations

from typing import Any, cast

from host_tools.gbcs import times, zcl_table
from host_tools.gbcs.gbz import FROM_DATE_TIME, LAST, PROFILE
from host_tools.gbcs.params import ParameterError, Parameters, number, utc_seconds
from host_tools.gbcs.tree import Json
from host_tools.gbcs.use_cases import UseCase
from host_tools.gbcs.zcl_fields import write_fields

Row = dict[str, Any]

# Names of the limits of a log read; other clusters call them differently.
_FROM = {"earlieststarttime", "earliestsampletime", "starttime"}
_TO = {"latestendtime", "endtime"}


def build(use_case: UseCase, parameters: Parameters) -> bytes:
    """The GBZ payload of a command; ParameterError if a value is missing or wrong."""
    rows = [entry for row in use_case.table["gbz"] for entry in _instances(row, parameters)]
    out = PROFILE.to_bytes(2, "big") + bytes([len(rows)])
    for index, (row, instance, own) in enumerate(rows):
        control = LAST if index == len(rows) - 1 else 0
        head = b""
        if row.get("from_date_time"):
            control |= FROM_DATE_TIME
            names = [f"#{index}.From Date Time", "From Date Time", "from"]
            head = utc_seconds(parameters.take(names, "UTC time"), names[1]).to_bytes(4, "big")
        frame = _frame(row, index, instance, parameters, own)
        cluster = int(row["cluster"], 16).to_bytes(2, "big")
        length = len(head) + len(frame)
        out += bytes([control]) + cluster + length.to_bytes(2, "big") + head + frame
    return out


def _instances(row: Row, parameters: Parameters) -> list[tuple[Row, int, Parameters | None]]:
    """The components a row stands for, each with its number and with values of its own.

    A row of `n` components repeats with an index; one of `m-n` takes a list of records under the
    component's name (without it, one component from the common parameters, or none if m is 0).
    """
    least, _, most = row.get("instances", "1").partition("-")
    if not most:
        return [(row, instance, None) for instance in range(int(least))]
    given = parameters.find([row["name"]], ask=False)
    if given is None:
        return [(row, 0, None)] if int(least) else []
    limit = 0xFF if most == "n" else int(most)
    if not isinstance(given, list) or not int(least) <= len(given) <= limit:
        raise ParameterError(f"{row['name']}: not a list of {least} to {most} records")
    entries: list[tuple[Row, int, Parameters | None]] = []
    for instance, record in enumerate(given):
        if not isinstance(record, dict):
            raise ParameterError(f"{row['name']}[{instance}]: {record!r} is not a record")
        entries.append((row, instance, Parameters(record, parameters.now)))
    return entries


def _frame(
    row: Row, index: int, instance: int, parameters: Parameters, own: Parameters | None
) -> bytes:
    control, command = int(row["fc"], 16), int(row["command"], 16)
    header = bytes([control, index & 0xFF, command])
    if "attributes" in row:
        ids = (int(attribute, 16) for attribute in row["attributes"])
        return header + b"".join(attribute.to_bytes(2, "little") for attribute in ids)
    cluster = int(row["cluster"], 16)
    table = zcl_table.command(cluster, bool(control & 8), command)
    if table is None:
        raise ParameterError(f"command 0x{command:02X} of cluster 0x{cluster:04X} has no fields")
    values: dict[str, Json] = {}
    for name, kind in table.fields:
        rule = _rule(row["values"], name)
        place = f"#{index}.{name}"
        given = None if own is None else own.find([name])
        if given is not None:
            values[name] = _convert(kind, given, name)
            continue
        values[name] = _value(kind, rule, (place, name), instance, parameters, _alias(row, name))
    if own is not None:
        own.finish()
    try:
        return header + write_fields(table.fields, values)
    except ValueError as error:
        raise ParameterError(f"{row['name']}: {error}") from None


def _rule(rules: Row, name: str) -> Row:
    wanted = name.lower().replace(" ", "")
    for key, rule in rules.items():
        if key.lower().replace(" ", "") == wanted:
            return rule
    return {}


def _alias(row: Row, name: str) -> list[str]:
    # "Start Time" is a range only where an end belongs to it.
    key = name.lower().replace(" ", "")
    ranged = any(other.lower().replace(" ", "") in _TO for other in row["values"])
    if key in _TO:
        return ["to"]
    sampled = key == "earliestsampletime"
    return ["from"] if key in _FROM and (ranged or sampled) else []


def _value(
    kind: Any,
    rule: Row,
    names: tuple[str, str],
    instance: int,
    parameters: Parameters,
    aliases: list[str],
) -> Json:
    place, name = names
    required = not any(key in rule for key in ("const", "now", "default", "index"))
    if "same" in rule:
        required = False
    given = parameters.find([name, place, *aliases] if required else [place, name, *aliases])
    if given is None:
        if required:
            raise parameters.missing(name, _kind_text(kind, rule))
        if "now" in rule or "same" in rule:
            return times.seconds_2000(parameters.now)
        if kind in ("octstr", "charstr"):
            return ""  # the only constant string is the empty one
        constant = rule.get("const", rule.get("default", instance))
        # The tables write -1 of an int32 as 0xFFFFFFFF.
        return constant - (1 << 32) if kind == "int32" and constant >> 31 else constant
    return _convert(kind, given, name)


def _kind_text(kind: Any, rule: Row) -> str:
    if "choice" in rule:
        return " or ".join(f"0x{choice:02X}" for choice in rule["choice"])
    return kind if isinstance(kind, str) else "JSON"


def _convert(kind: Any, value: Json, name: str) -> Json:
    if kind == "utc":
        return utc_seconds(value, name)
    if isinstance(kind, str) and kind.startswith(("uint", "int", "enum", "map")):
        return number(value, name)
    if kind == "octstr" and isinstance(value, str) and value.startswith("0x"):
        return {"hex": value[2:]}
    return value


def needed(use_case: UseCase) -> list[str]:
    """The names of the parameters a command must be given."""
    names: list[str] = []
    for row in cast("list[Row]", use_case.table["gbz"]):
        if row.get("instances", "1").startswith("0-"):
            continue
        if row.get("from_date_time"):
            names.append("From Date Time")
        for name, rule in row.get("values", {}).items():
            if not rule or "choice" in rule:
                names.append(name)
    return list(dict.fromkeys(names))
