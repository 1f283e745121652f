"""The set in files: `keys/<EUI-64>.json`, `parties.json`, `alerts.json`, and one for each device.

A file is a JSON list whose vectors take a few lines each: what is read by people, and compared by
`git diff`, is the message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from host_tools.vectors.alerts import Alerts, make_alerts
from host_tools.vectors.home import DEVICES, PARTIES, home, keys_document
from host_tools.vectors.make import Answer, Vector, make

__all__ = ["VectorError", "contents", "is_set", "load", "write"]

Json = dict[str, Any]


class VectorError(ValueError):
    """A set of vectors cannot be read: which file, and why."""


def contents() -> dict[str, str]:
    """The text of each file by its path in the set's folder."""
    found = {
        f"keys/{eui}.json": json.dumps(keys_document(device), indent=1) + "\n"
        for device, eui in DEVICES.items()
    }
    found["parties.json"] = json.dumps(home().parties_document, indent=1) + "\n"
    vectors = list(make())
    for device in DEVICES:
        own = [_text(vector) for vector in vectors if vector.device == device]
        found[f"{device.lower()}.json"] = "[\n" + ",\n".join(own) + "\n]\n"
    found["alerts.json"] = "[\n" + ",\n".join(map(_alerts_text, make_alerts())) + "\n]\n"
    return found


def write(folder: Path) -> int:
    """Write the set; how many files differ from what was there."""
    changed = 0
    for name, text in contents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed += 1
    return changed


def _text(vector: Vector) -> str:
    """A vector with one member a line."""
    members: Json = {
        "use_case": vector.use_case,
        "device": vector.device,
        "originator": PARTIES[vector.originator],
        "state": vector.state,
    }
    if vector.success:
        members["command"] = vector.success.command.hex().upper()
        members["response"] = vector.success.response.hex().upper()
    if vector.error:
        members["error"] = _error(vector.error, members.get("command"))
    return _lines(members)


def _alerts_text(vector: Alerts) -> str:
    octets = [alert.hex().upper() for alert in vector.alerts]
    return _lines({**vars(vector), "alerts": octets})


def _lines(members: Json) -> str:
    lines = (
        f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}"
        for name, value in members.items()
    )
    return "{" + ",\n ".join(lines) + "}"


def _error(answer: Answer, shared: str | None) -> Json:
    found: Json = {"faults": answer.faults} if answer.faults else {}
    command = answer.command.hex().upper()
    if command != shared:
        found["command"] = command
    return found | {"response": answer.response.hex().upper()}


def is_set(folder: Path) -> bool:
    """Whether a folder has a set of vectors of this kind."""
    return (folder / "parties.json").is_file()


def load(folder: Path) -> Iterator[Json]:
    """Yield each exchange of the set: `name`, `use_case`, `originator`, `command`, `response`
    (octets), `state` and `keys`, that of success before that of error. VectorError.
    """
    for device, eui in DEVICES.items():
        keys = _read(folder / "keys" / f"{eui}.json")
        path = folder / f"{device.lower()}.json"
        for number, item in enumerate(cast("list[Json]", _read(path)), 1):
            try:
                yield from _exchanges(item, device, keys)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise VectorError(f"{path}: vector {number}: {error!r}") from None


def _exchanges(item: Json, device: str, keys: Json) -> list[Json]:
    common = {"use_case": item["use_case"], "originator": item["originator"], "keys": keys}
    success = {name: item[name] for name in ("command", "response") if name in item}
    found = {"SUCCESS": success, "ERROR": {**success, **item.get("error", {})}}
    if "error" not in item:
        del found["ERROR"]
    exchanges: list[Json] = []
    for outcome, told in found.items():
        if "response" not in told:
            continue
        faults = {"faults": told["faults"]} if "faults" in told else {}
        exchanges.append(
            {
                "name": f"{item['use_case']}-{device}/{outcome}",
                **common,
                "command": bytes.fromhex(told["command"]),
                "response": bytes.fromhex(told["response"]),
                "state": item["state"] | faults,
            }
        )
    return exchanges


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VectorError(f"{path}: {error}") from None
