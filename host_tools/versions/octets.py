"""What octets of a use case differ between two GBCS versions, as devices with these answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from host_tools import fragments
from host_tools.bench import BenchClient, Refusal, open_transport
from host_tools.gbcs.use_cases import by_name
from host_tools.vectors.home import DEVICES, keys_document
from host_tools.vectors.make import WITHOUT, Answer, Vector, vector

__all__ = ["VERSIONS", "Difference", "Encoded", "differences", "encoded"]

VERSIONS = ("3.1", "3.3", "4.0", "4.2")


@dataclass(frozen=True)
class Difference:
    """A thing that depends on the version: its value in either of two, and where that is from."""

    use_case: str
    item: str
    values: tuple[str, str]
    source: str


@dataclass(frozen=True)
class Encoded:
    """The answers of a device that claims one version, then the other; text where it refuses."""

    device: str
    answers: tuple[bytes | str, bytes | str]

    @property
    def places(self) -> list[int]:
        """Where the two differ, apart from what makes them genuine."""
        one, other = self.answers
        if isinstance(one, str) or isinstance(other, str):
            return []
        return [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]


def _data() -> dict[str, Any]:
    path = Path(__file__).with_name("gbcs_bytes.json")
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def differences(one: str, other: str, use_case: str = "") -> Iterator[Difference]:
    """What is known to differ by version, of one use case or all; ValueError for no version."""
    for version in (one, other):
        if version not in VERSIONS:
            raise ValueError(f"{version} is not one of {', '.join(VERSIONS)}")
    data = _data()
    for row in data["differences"]:
        if use_case in ("", row["use_case"]):
            values = tuple(_value(data, row["values"], version) for version in (one, other))
            yield Difference(
                row["use_case"], row["item"], cast("tuple[str, str]", values), row["source"]
            )


def _value(data: dict[str, Any], values: dict[str, str], version: str) -> str:
    value = values["3.1" if version == "3.1" else "4.0"]
    why = data["assumed"].get(version)
    return f"{value} (assumed: {why})" if why else value


def encoded(one: str, other: str, use_case: str, engine: str = "cpython") -> Iterator[Encoded]:
    """The answer of each device to the command of the project's own vector of a use case.

    What the device publishes is there twice, so that counters have something to count.
    """
    row = by_name(use_case)
    for device in DEVICES:
        if row.kind != "remote_party" or use_case in WITHOUT or device not in row.targets:
            continue
        made = vector(row, device)
        found = [
            Encoded(device, _answers(made, answer, (one, other), engine))
            for answer in (made.success, made.error)
            if answer
        ]
        # A failure is shown where only that differs.
        yield from [each for each in found if each.places] or found[:1]


def _answers(
    made: Vector, answer: Answer, versions: tuple[str, str], engine: str
) -> tuple[bytes | str, bytes | str]:
    state = {**made.state}
    if "zcl_commands" in state:
        state["zcl_commands"] = [item for item in state["zcl_commands"] for _ in range(2)]
    if answer.faults:
        state["faults"] = answer.faults
    found: list[bytes | str] = []
    for version in versions:
        client = BenchClient(open_transport(made.device.lower(), engine))
        try:
            loaded = {**state, "gbcs": version}
            fragments.load(client.control, loaded, keys_document(made.device))
            found.append(client.respond(answer.command))
        except Refusal as refusal:
            found.append(str(refusal))
        finally:
            client.transport.close()
    return found[0], found[1]
