"""The payload of a command: DLMS, GBZ or ASN.1, from a row and a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

from host_tools.duis.convert import text_of
from host_tools.duis.document import local
from host_tools.duis.errors import DuisError
from host_tools.duis.notation import Field, Line, Term
from host_tools.duis.rows import Row
from host_tools.duis.values import Scope
from host_tools.gbcs import axdr, der, zcl_table
from host_tools.gbcs.dlms import obis_octets
from host_tools.gbcs.gbz import FROM_DATE_TIME, LAST, PROFILE
from host_tools.gbcs.reader import encode_length
from host_tools.gbcs.tree import Json
from host_tools.gbcs.zcl_fields import write_fields

__all__ = ["build"]

# --- DLMS ---------------------------------------------------------------------------------------

_CHOICES = {"get": 1, "set": 2, "act": 3, "date": 2}
_RANGED = 4
_CLOCK = "0-0:94.44.100.255"
_BEGIN, _END = "ReadLogPeriod/StartDateTime", "ReadLogPeriod/EndDateTime"
_TYPES = {
    "u8": "unsigned",
    "u16": "long-unsigned",
    "u32": "double-long-unsigned",
    "u64": "long64-unsigned",
    "i8": "integer",
    "i16": "long",
    "i32": "double-long",
    "i64": "long64",
    "enum": "enum",
    "oct": "octet-string",
    "obis": "octet-string",
    "bits": "bit-string",
    "bool": "boolean",
    "vis": "visible-string",
}
_ACTIVATION = Term("call", "oct", text="activation", paths=("ExecutionDateTime",))


def _octets(text: str) -> Json:
    return {"type": "octet-string", "value": text}


def _structure(*items: Json) -> Json:
    return {"type": "structure", "value": list(items)}


def _number(kind: str, value: int) -> Json:
    return {"type": kind, "value": value}


def _data(term: Term, scope: Scope) -> Json:
    """A term as a DLMS value in the notation of STATE.json."""
    if term.kind == "<":
        return _data(scope.choose(term), scope)
    if term.kind in ("{", "["):
        items = [_data(part, inner) for part, inner in scope.expand(term.parts)]
        return {"type": "structure" if term.kind == "{" else "array", "value": items}
    if term.kind == "literal" and term.text == "null":
        return {"type": "null-data", "value": None}
    value = scope.scalar(term)
    kind = _TYPES[term.type]
    if term.type == "obis":
        return _octets(obis_octets(str(value)).hex())
    if kind == "boolean":
        return {"type": kind, "value": value == "true"}
    if kind in ("octet-string", "bit-string", "visible-string"):
        return {"type": kind, "value": str(value)}
    return _number(kind, int(value))


def _date_term(path: str, conversion: str, kind: str) -> Term:
    return Term("call", kind, text=conversion, paths=(path,))


def _period(scope: Scope) -> bytes:
    """Selector 1: the entries of a log whose time is in the period that is asked for."""
    column = _structure(
        _number("long-unsigned", 1),
        _octets(obis_octets(_CLOCK).hex()),
        _number("integer", 2),
        _number("long-unsigned", 0),
    )
    limits = [_data(_date_term(path, "utc", "u32"), scope) for path in (_BEGIN, _END)]
    empty: Json = {"type": "array", "value": []}
    return b"\x01" + axdr.encode(_structure(column, *limits, empty))


def _protected(items: tuple[tuple[str, bool], ...], scope: Scope) -> Json:
    """Class 30: attributes that the device encrypts for the user (GBCS 8.5)."""
    objects: list[Json] = []
    for place, period in items:
        group, obis, attribute = place.split("/")
        restriction = _structure(_number("enum", 0), {"type": "null-data", "value": None})
        if period:
            ends = [_data(_date_term(path, "datetime", "oct"), scope) for path in (_BEGIN, _END)]
            restriction = _structure(_number("enum", 1), _structure(*ends))
        objects.append(
            _structure(
                _number("long-unsigned", int(group)),
                _octets(obis_octets(obis).hex()),
                _number("integer", int(attribute)),
                _number("long-unsigned", 0),
                restriction,
            )
        )
    facts = scope.facts
    agreement = _structure(_number("enum", 2), _structure(_octets("02"), _octets("")))
    transaction = "04" + facts.counter.to_bytes(8, "big").hex()
    texts = [_octets(t) for t in (transaction, facts.user.hex(), facts.device.hex(), "")]
    key = _structure(_number("enum", 2), _structure(*texts, agreement))
    return _structure({"type": "array", "value": objects}, {"type": "array", "value": [key]})


def _place(text: str, scope: Scope) -> bytes:
    """Class, instance, attribute; an octet in braces is an XPath."""

    def worked_out(found: re.Match[str]) -> str:
        return text_of(scope.find(found[1])[0])

    group, obis, attribute = re.sub(r"\{([^}]*)\}", worked_out, text).split("/")
    try:
        return int(group).to_bytes(2, "big") + obis_octets(obis) + bytes([int(attribute)])
    except ValueError:
        raise DuisError(f"{text}: an index of the request does not fit {obis}") from None


def _dlms(row: Row, scope: Scope) -> bytes:
    accesses: list[bytes] = []
    data: list[bytes] = []
    for line, inner in _lines(row, scope):
        for word in line.words:
            choice = _RANGED if line.period else _CHOICES[line.verb]
            selection = _period(inner) if line.period else b""
            accesses.append(bytes([choice]) + _place(word, inner) + selection)
            term = _ACTIVATION if line.verb == "date" else line.term
            if line.protected:
                data.append(axdr.encode(_protected(line.protected, inner)))
            else:
                data.append(b"\x00" if term is None else axdr.encode(_data(term, inner)))
    if not accesses:
        raise DuisError("the request asks for nothing")
    invoke = b"\x20" + (scope.facts.counter & 0xFFFFFF).to_bytes(3, "big") + b"\x00"
    lists = (encode_length(len(items)) + b"".join(items) for items in (accesses, data))
    return b"\xd9" + invoke + b"".join(lists)


def _lines(row: Row, scope: Scope) -> Iterator[tuple[Line, Scope]]:
    for line in row.lines:
        if scope.holds(line.when):
            path = "" if line.verb == "alerts" else line.each
            for inner in scope.each(path, line.count or (line.repeat > 1 and line.repeat)):
                yield line, inner


def instructions(row: Row, scope: Scope) -> int:
    """How many parts of a dated command wait for its time: an alert tells of each (8F66, 8F67)."""
    if row.protocol == "asn1":
        return 1
    count = 0
    for line, inner in _lines(row, scope):
        if line.verb == "date":
            count += len(line.words)
        elif line.begin is not None:
            count += sum(1 for _ in _components(line, inner))
    return count


# --- GBZ ----------------------------------------------------------------------------------------

# What a field is where its row does not say.
_DEFAULTS = {
    "Provider ID": Term("literal", text="0"),
    "Issuer Event ID": Term("now"),
    "Command Index": Term("literal", text="0"),
    "Total Number of Commands": Term("literal", text="1"),
}
_TEXTS = ("charstr", "octstr", "date")
_CONFIGURATION = {"EventLog": 0x03, "WANAlert": 0x08, "HANAlert": 0x10, "Alarm": 0x40}


def _plain(kind: Any, term: Term, scope: Scope) -> Json:
    """A term as a value of a field of the ZCL table."""
    if term.kind == "<":
        return _plain(kind, scope.choose(term), scope)
    if term.kind == "[":
        table = cast("dict[str, Any]", kind)
        of = table.get("of") or {"record": table["list"]}
        return [_plain(of, part, inner) for part, inner in scope.expand(term.parts)]
    if term.kind == "(":
        return _record(kind["record"], term.fields, scope)
    value = scope.scalar(term)
    return str(value) if kind in _TEXTS else int(value)


Kinds: TypeAlias = "Sequence[tuple[str, Any]]"  # names and types of the ZCL table


def _key(name: str) -> str:
    return name.lower().replace(" ", "")


def _record(kinds: Kinds, fields: tuple[Field, ...], scope: Scope) -> dict[str, Json]:
    terms = {_key(item.name): item.term for item in fields}
    known = {_key(name) for name, _ in kinds}
    if set(terms) - known:
        raise DuisError(f"no field {', '.join(sorted(set(terms) - known))}")
    out: dict[str, Json] = {}
    for name, kind in kinds:
        term = terms.get(_key(name)) or _DEFAULTS.get(name)
        if term is None:
            raise DuisError(f"no value for {name}")
        out[name] = _plain(kind, term, scope)
    return out


def _gbz(row: Row, scope: Scope) -> bytes:
    frames: list[tuple[int, bytes, bytes]] = []
    for line, inner in _lines(row, scope):
        for cluster, head, rest in _components(line, inner):
            control, command = head
            sequence = len(frames) & 0xFF
            begin = b""
            if line.begin is not None:
                begin = int(inner.scalar(line.begin)).to_bytes(4, "big")
            frames.append((cluster, begin, bytes((control, sequence, command)) + rest))
    if not 0 < len(frames) <= 0xFF:
        raise DuisError(f"the request makes {len(frames)} components, not 1 to 255")
    out = PROFILE.to_bytes(2, "big") + bytes([len(frames)])
    for index, (cluster, begin, frame) in enumerate(frames):
        control = (LAST if index == len(frames) - 1 else 0) | (FROM_DATE_TIME if begin else 0)
        length = len(begin) + len(frame)
        out += bytes([control]) + cluster.to_bytes(2, "big") + length.to_bytes(2, "big")
        out += begin + frame
    return out


def _components(line: Line, scope: Scope) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    cluster = int(line.words[0], 16)
    if line.verb == "read":
        ids = (int(word, 16).to_bytes(2, "little") for word in line.words[1:])
        yield cluster, (0, 0), b"".join(ids)
        return
    control, command = int(line.words[1], 16), int(line.words[2], 16)
    table = zcl_table.command(cluster, bool(control & 8), command)
    if table is None:
        raise DuisError(f"no command 0x{command:02X} in cluster 0x{cluster:04X}")
    try:
        if line.verb == "send":
            fields = write_fields(table.fields, _record(table.fields, line.fields, scope))
            yield cluster, (control, command), fields
            return
        for values in _event_configurations(line.each, scope):
            yield cluster, (control, command), write_fields(table.fields, values)
    except ValueError as error:
        raise DuisError(f"{line.words[3]}: {error}") from None


def _event_configurations(path: str, scope: Scope) -> Iterator[dict[str, Json]]:
    """One command for the codes of each configuration, in the order in which they come."""
    groups: dict[int, list[Json]] = {}
    for item in scope.find(path):
        if isinstance(item, str):
            continue
        chosen = [
            name for name in _CONFIGURATION if text_of(item.findtext(name) or "") == "Enable"
        ]
        configuration = sum(_CONFIGURATION[name] for name in chosen)
        groups.setdefault(configuration, []).append("0x" + local(item)[-4:])
    now = int(scope.scalar(_DEFAULTS["Issuer Event ID"]))
    for configuration, codes in groups.items():
        yield {
            "Issuer Event ID": now,
            "Start Date/Time": 0,
            "Event Configuration": configuration,
            "Configuration Control": 0,
            "Event Configuration Payload": {"Number of Events": len(codes), "Event IDs": codes},
        }


# --- ASN.1 --------------------------------------------------------------------------------------

_SEQUENCE, _INTEGER, _BITS, _OCTETS, _NULL, _TIME = 0x30, 0x02, 0x03, 0x04, 0x05, 0x18
_TAGS = {"oct": _OCTETS, "time": _TIME}


def _integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _der(term: Term, scope: Scope) -> bytes:
    if term.kind == "<":
        return _der(scope.choose(term), scope)
    tag = int(term.type[3:]) if term.type.startswith("tag") else None
    if term.kind == "{":
        content = b"".join(_der(part, inner) for part, inner in scope.expand(term.parts))
        return der.encode(_SEQUENCE if tag is None else 0xA0 | tag, content)
    if term.kind == "literal" and term.text == "null":
        return der.encode(_NULL, b"")
    value = scope.scalar(term)
    if tag is not None or term.type == "int":
        return der.encode(_INTEGER if tag is None else 0x80 | tag, _integer(int(value)))
    text = str(value)
    if term.type == "bits":
        padded = text + "0" * (-len(text) % 8)
        octets = bytes(int(padded[i : i + 8], 2) for i in range(0, len(padded), 8))
        return der.encode(_BITS, bytes([len(padded) - len(text)]) + octets)
    if term.type == "cert":
        return bytes.fromhex(text)
    return der.encode(_TAGS[term.type], text.encode() if term.type == "time" else _unhex(text))


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise DuisError(f"{text[:40]!r} is not hexadecimal") from None


def _asn1(row: Row, scope: Scope) -> bytes:
    (line,) = row.lines
    if line.term is None:
        raise DuisError("no content")
    return b"".join(_der(part, inner) for part, inner in scope.expand((line.term,)))


_BUILDERS = {"dlms": _dlms, "gbz": _gbz, "asn1": _asn1}


def build(row: Row, scope: Scope) -> bytes:
    """The payload; DuisError names what the request lacks or what does not fit."""
    try:
        return _BUILDERS[row.protocol](row, scope)
    except (ValueError, OverflowError) as error:
        raise DuisError(f"{row.name}: {error}") from None
