"""GBZ vectors: the components of a use case, and those that answer them from a state by rule."""

from __future__ import annotations

from typing import Any

from host_tools.gbcs import build_gbz, times, zcl_table, zcl_types
from host_tools.gbcs.gbz import ENCRYPTED, LAST, PROFILE
from host_tools.gbcs.params import Parameters
from host_tools.gbcs.tree import Json
from host_tools.gbcs.zcl_fields import write_fields
from host_tools.vectors.messages import Exchange
from host_tools.vectors.values import BEGIN, CLOCK, END, fields, zcl_value

__all__ = ["Components"]

_READ, _READ_RESPONSE, _DEFAULT_RESPONSE = 0x00, 0x01, 0x0B
_FROM_CLIENT = 0x08
_HARDWARE_FAILURE, _FAILURE, _NOT_FOUND, _ANY_COMMAND = 0xC0, 0x01, 0x8B, 0xFF
_PUBLISHED = 2  # contents of a log that is asked for one by one
_EACH = ("GetDayProfiles", "GetWeekProfiles")  # one request that gets several answers

Row = dict[str, Any]


class Components:
    """The components of a use case: what is asked, what is held, what is answered."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.parameters: dict[str, Json] = {}
        self.attributes: dict[str, dict[str, Json]] = {}
        self.published: list[dict[str, Json]] = []
        self._requests: list[tuple[Row, Row]] = []  # with how each is answered
        rows: list[Row] = exchange.use_case.table["gbz"]
        for row, text in zip(rows, exchange.answers["gbz"], strict=True):
            answer = _answer(text)
            self._ask(row)
            if row.get("attributes"):
                self._read(row)
            elif answer["command"] != _DEFAULT_RESPONSE:
                answer["payloads"] = self._publish(row, answer)
            for index in range(_instances(row)):
                self._requests.append((row, {**answer, "instance": index}))

    def _ask(self, row: Row) -> None:
        """The parameters that the command of this row needs."""
        if row.get("from_date_time"):
            self.parameters[f"#{len(self._requests)}.From Date Time"] = times.iso(BEGIN)
        if "values" not in row:
            return
        table = zcl_table.command(
            int(row["cluster"], 16), bool(int(row["fc"], 16) & 8), int(row["command"], 16)
        )
        if table is None:
            raise LookupError(f"{row['name']}: no fields")
        made = fields(table.fields) | {"TopUp Code": self.exchange.token}
        rules = {_plain(name): rule for name, rule in row["values"].items()}
        given: dict[str, Json] = {}
        for name, _ in table.fields:
            rule = rules.get(_plain(name), {})
            if not any(key in rule for key in ("const", "now", "default", "index", "same")):
                given[name] = rule["choice"][0] if "choice" in rule else _asked(name, made[name])
        if "-" in row.get("instances", "1"):
            self.parameters[row["name"]] = [given]
            return
        for instance in range(_instances(row)):
            place = len(self._requests) + instance
            self.parameters |= {f"#{place}.{name}": value for name, value in given.items()}

    def _read(self, row: Row) -> None:
        cluster = int(row["cluster"], 16)
        held = self.attributes.setdefault(row["cluster"], {})
        for text in row["attributes"]:
            _, kind = zcl_table.attribute(cluster, int(text, 16))
            if kind is None:
                raise LookupError(f"attribute {text} of cluster {row['cluster']}")
            value = zcl_value(zcl_types.type_name(kind), f"{row['cluster']}/{text}")
            held[text] = {"type": f"0x{kind:02X}", "value": value}

    def _publish(self, row: Row, answer: Row) -> list[bytes]:
        """The content of a log: as STATE.json, and as the payloads that carry it."""
        table = zcl_table.command(
            int(row["cluster"], 16), bool(answer["fc"] & 8), answer["command"]
        )
        if table is None:
            raise LookupError(f"{row['name']}: nothing answers it")
        several = _instances(row) > 1 or row["name"] in _EACH
        payloads: list[bytes] = []
        for index in range(_PUBLISHED if several else 1):
            values = fields(table.fields, f"/{index}")
            item: dict[str, Json] = {
                "cluster": row["cluster"],
                "command": f"0x{answer['command']:02X}",
                "name": table.name,
                "fields": values,
            }
            self.published.append(item)
            payloads.append(write_fields(table.fields, values))
        return payloads

    def request(self) -> bytes:
        """The payload of the command."""
        parameters = Parameters(self.parameters, CLOCK)
        payload = build_gbz.build(self.exchange.use_case, parameters)
        parameters.finish()
        return payload

    def response(self, fault: int | None = None) -> bytes:
        """The payload of the response; after component `fault` nothing is carried out."""
        found: list[tuple[Row, bytes, bool]] = []
        for index, (row, answer) in enumerate(self._requests):
            if fault is not None and index > fault:
                found.append((row, _default(row, answer, index, _ANY_COMMAND, _FAILURE), False))
                continue
            fails = index == fault
            found += [(row, *frame) for frame in self._answers(row, answer, index, fails)]
        counter = 0
        out = PROFILE.to_bytes(2, "big") + bytes([len(found)])
        for index, (row, frame, encrypted) in enumerate(found):
            control = (LAST if index == len(found) - 1 else 0) | (ENCRYPTED if encrypted else 0)
            body = frame
            if encrypted:
                ciphered = self.exchange.encrypt(frame[3:])
                body = bytes([0, counter]) + frame[:3] + len(ciphered).to_bytes(2, "big")
                body += ciphered
                counter += 1
            cluster = int(row["cluster"], 16).to_bytes(2, "big")
            out += bytes([control]) + cluster + len(body).to_bytes(2, "big") + body
        return out

    def _answers(self, row: Row, answer: Row, index: int, fails: bool) -> list[tuple[bytes, bool]]:
        """The frames that answer one component, and whether they are encrypted."""
        head = bytes([answer["fc"], index, answer["command"]])
        asked = int(row["command"], 16)
        if row.get("attributes"):
            records = [self._record(row, text) for text in row["attributes"]]
            if fails:
                records[-1] = records[-1][:2] + bytes([_HARDWARE_FAILURE])
            return [(head + b"".join(records), answer["encrypted"])]
        if fails:
            return [(_default(row, answer, index, asked, _HARDWARE_FAILURE), False)]
        if answer["command"] == _DEFAULT_RESPONSE:
            return [(head + bytes([asked, 0]), False)]
        payloads = answer["payloads"]
        if _instances(row) > 1:
            payloads = payloads[answer["instance"] : answer["instance"] + 1]
        if not payloads:
            return [(_default(row, answer, index, asked, _NOT_FOUND), False)]
        return [(head + payload, answer["encrypted"]) for payload in payloads]

    def _record(self, row: Row, text: str) -> bytes:
        held: Any = self.attributes[row["cluster"]][text]
        kind = int(held["type"], 16)
        record = int(text, 16).to_bytes(2, "little") + bytes([0, kind])
        return record + zcl_types.write(kind, held["value"])

    def fault(self) -> tuple[int, Row]:
        """A component in the middle that fails, and the member `faults` of the state."""
        row, answer = self._requests[len(self._requests) // 2]
        alike = [
            index
            for index, (other, _) in enumerate(self._requests)
            if _alike(other) == _alike(row) and (other is row or not row.get("attributes"))
        ]
        # A fault names a command. In a log that is asked for entry by entry it follows the entries
        # held; among several settings it shows at the second (docs/state.md).
        if _instances(row) > 1:
            place = alike[len(answer["payloads"])]
        else:
            place = alike[min(1, len(alike) - 1)]
        status = f"0x{_HARDWARE_FAILURE:02X}"
        if row.get("attributes"):
            return place, {"zcl": {row["cluster"]: {row["attributes"][-1]: status}}}
        where = {"cluster": row["cluster"], "command": row["command"]}
        return place, {"zcl_commands": [{**where, "status": status}]}


def _alike(row: Row) -> tuple[str, str]:
    return row["cluster"], row["command"]


def _answer(text: str) -> Row:
    """`19.06e!08`: frame control, command, encrypted, frame control of a failure."""
    head, _, failing = text.partition("!")
    control, _, command = head.rstrip("e").partition(".")
    return {
        "fc": int(control, 16),
        "command": int(command, 16),
        "encrypted": head.endswith("e"),
        "failing": int(failing, 16) if failing else None,
    }


def _instances(row: Row) -> int:
    """How many components this row makes; a list of records has one here."""
    count = row.get("instances", "1")
    return 1 if "-" in count else int(count)


def _default(row: Row, answer: Row, index: int, command: int, status: int) -> bytes:
    control = 0 if int(row["fc"], 16) & _FROM_CLIENT else _FROM_CLIENT
    if answer["failing"] is not None:
        control = answer["failing"]
    return bytes([control, index, _DEFAULT_RESPONSE, command, status])


def _plain(name: str) -> str:
    return name.lower().replace(" ", "")


def _asked(name: str, made: Json) -> Json:
    """A range of a log reaches over the day that it is of."""
    plain = _plain(name)
    if plain in ("earlieststarttime", "earliestsampletime"):
        return times.iso(BEGIN)
    if plain in ("latestendtime", "endtime"):
        return times.iso(END)
    if plain == "starttime" or plain.startswith(("implementation", "billingperiodstart")):
        return times.iso(BEGIN)
    return made
