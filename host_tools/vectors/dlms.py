"""DLMS vectors: the Access-Request of a use case, and the Access-Response of a state by rule."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, cast

from host_tools.gbcs import axdr, build_dlms, times
from host_tools.gbcs.params import Parameters
from host_tools.gbcs.reader import encode_length
from host_tools.gbcs.tree import Json
from host_tools.vectors.messages import Exchange
from host_tools.vectors.values import BEGIN, CLOCK, END, Shape

__all__ = ["Access"]

_NULL = b"\x00"
_CHOICES = {"get": 1, "set": 2, "action": 3}
_HARDWARE_FAULT, _OTHER_REASON = 1, 250
_NOW = {"type": "octet-string", "value": times.NOW.hex().upper()}
_TOKEN = "octet-string(20)"
_PLAIN_DATA = 1  # class: Data; a date in one is a date, elsewhere it says when to activate
# Fields that mean something in one use case only: ECS03 sets prepayment, ECS02 credit.
_MEANT = {("ECS03", "payment_mode"): "2"}

_CLOCK = 8  # class; what it tells is the clock of the state
_HOUR = timedelta(hours=1)
# What an auxiliary controller is commanded, whose dates or minutes the command has (meter.md (c)):
# switch 1 closes, controller 1 has level 100, controller 3 is limited to 50.
_COMMANDED = {"ECS47": 0x0111, "ECS47a": 0x1164, "ECS47e": 0x2332}

Row = dict[str, Any]


class Access:
    """The accesses of a use case: what is asked, what is held, what is answered."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.held: list[Row] = []
        rows: list[Row] = exchange.use_case.table["dlms"]
        self.parameters: dict[str, Json] = {}
        self._rows: list[Row] = []
        self._answers: list[bytes] = []
        for index, (row, shape) in enumerate(zip(rows, exchange.answers["shapes"], strict=True)):
            if row.get("optional") and shape is None:
                continue
            self._rows.append(row)
            self._answers.append(self._access(index, row, shape))

    def _access(self, index: int, row: Row, shape: Any) -> bytes:
        """Take in the access to one object; the A-XDR of the answer."""
        if row.get("range") or any(item["range"] for item in row.get("protected", [])):
            self.parameters |= {"from": times.iso(BEGIN), "to": times.iso(END)}
        if row["op"] == "get":
            if row.get("optional"):
                self.parameters[f"#{index}"] = True
            if row["class"] == _CLOCK:
                return axdr.encode(_time() if row["attr_name"] == "time" else _unsigned(0))
            return axdr.encode(self._hold(row, shape))
        if "protected" in row:
            values: list[Json] = [
                self._hold(item, inner)
                for item, inner in zip(row["protected"], shape, strict=True)
            ]
            return self._protected({"type": "structure", "value": values})
        asked, _, returned = shape.partition(">")
        if "const" not in row or row.get("optional"):
            self.parameters[f"#{index}"] = self._given(row, asked)
        return axdr.encode(self._hold(row, returned)) if returned else _NULL

    def _hold(self, row: Row, shape: str) -> Json:
        place = {"class": row["class"], "obis": row["obis"], "attr": row["attr"]}
        value: Json = self._made(row, shape)
        item: Row = {**place, "value": value}
        if item not in self.held:
            self.held.append(item)
        return value

    def _made(self, row: Row, shape: str) -> dict[str, Json]:
        """A value of an object, with the constants of the table where they fit the shape."""
        listed = [item for item in row.get("fields", []) if not item[0].startswith("range_")]
        constants: list[str | None] = []
        if [kind.partition("(")[0] for _, kind, *_ in listed] == Shape(shape).leaves():
            for path, _, *constant in listed:
                meant = _MEANT.get((self.exchange.use_case.id, path))
                constants.append(meant or next(iter(constant), None))
        return Shape(shape, constants).value(f"{row['class']}/{row['obis']}/{row['attr']}")

    def _given(self, row: Row, shape: str) -> Json:
        """The argument of a set or an action."""
        if shape == _TOKEN:
            return _octets(self.exchange.token.encode())
        if row["op"] == "action" and self.exchange.use_case.id in _COMMANDED:
            return {"type": shape, "value": _COMMANDED[self.exchange.use_case.id]}
        if row["class"] == _CLOCK and shape.startswith("structure"):
            # No preset time, and an interval around the meter's own.
            return _structure(_octets(times.NEVER), _time(-_HOUR), _time(_HOUR))
        if shape == "octet-string(12)" and row["class"] != _PLAIN_DATA:
            return cast("Json", _NOW)
        return cast("Json", self._made(row, shape))

    def _protected(self, plain: Json) -> bytes:
        """The answer of get_protected_attributes (GBCS 8.5): recipient and ciphered values."""
        head = self.exchange.header(2)
        asker = head.supplementary_party or head.target
        texts = (b"\x04" + head.counter.to_bytes(8, "big"), head.originator, asker, b"")
        agreement = _structure(_enum(2), _structure(_octets(b"\x02"), _octets(b"")))
        parameter = _structure(_enum(2), _structure(*map(_octets, texts), agreement))
        ciphered = self.exchange.encrypt(axdr.encode(plain))
        parameters: Json = {"type": "array", "value": [parameter]}
        return axdr.encode(_structure(parameters, _octets(ciphered)))

    def request(self) -> bytes:
        """The payload of the command."""
        parameters = Parameters(self.parameters, CLOCK.astimezone(UTC))
        payload = build_dlms.build(self.exchange.use_case, self.exchange.header(1), parameters)
        parameters.finish()
        return payload

    def response(self, fault: int | None = None) -> bytes:
        """The payload of the response; from element `fault` on nothing is carried out."""
        count = len(self._rows)
        done = count if fault is None else fault
        invoke = b"\x20" + (self.exchange.counter & 0xFFFFFF).to_bytes(3, "big")
        data = self._answers[:done] + [_NULL] * (count - done)
        results = [
            bytes([_CHOICES[row["op"]], _result(index, done)])
            for index, row in enumerate(self._rows)
        ]
        size = encode_length(count)
        lists = size + b"".join(data) + size + b"".join(results)
        return b"\xda" + invoke + _NULL + _NULL + lists

    def fault(self) -> tuple[int, Row]:
        """An element in the middle that fails, and the member `faults` of the state."""
        place = len(self._rows) // 2
        key = _place(self._rows[place])
        first = next(index for index, row in enumerate(self._rows) if _place(row) == key)
        op, number, obis, attribute = key
        where = {"op": op, "class": number, "obis": obis, "attr": attribute}
        return first, {"dlms": [{**where, "result": _HARDWARE_FAULT}]}


def _place(row: Row) -> tuple[str, int, str, int]:
    return row["op"], row["class"], row["obis"], row["attr"]


def _result(index: int, done: int) -> int:
    return 0 if index < done else _HARDWARE_FAULT if index == done else _OTHER_REASON


def _time(later: timedelta = timedelta()) -> Json:
    return _octets(times.encode_cosem(CLOCK + later, 0xFF))


def _unsigned(value: int) -> Json:
    return {"type": "unsigned", "value": value}


def _structure(*items: Json) -> Json:
    return {"type": "structure", "value": list(items)}


def _enum(value: int) -> Json:
    return {"type": "enum", "value": value}


def _octets(raw: bytes) -> Json:
    return {"type": "octet-string", "value": raw.hex().upper()}
