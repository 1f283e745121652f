"""The shapes of the project's own vectors against RTDS: what is asked and answered in what order,
and how long the headers are. The data differ; only structure is compared.

Evidence: rtds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from host_home import RTDS, rtds_rows

from host_tools import rtds
from host_tools.gbcs.axdr import Value
from host_tools.gbcs.message import Message, decode
from host_tools.keys import KeyRing

FOLDER = Path(__file__).resolve().parents[1] / "data" / "vectors"
pytestmark = pytest.mark.needs_rtds


@cache
def rings() -> tuple[KeyRing, KeyRing]:
    own = [*sorted((FOLDER / "keys").glob("*.json")), FOLDER / "parties.json"]
    return KeyRing.load(own), KeyRing.load(sorted((RTDS / "keys").glob("*.json")))


def headers(message: Message) -> tuple[Any, ...]:
    """The parts of a header and their lengths, without their values."""
    head = message.header
    kinds = tuple(check.name for check in message.checks if check.name in ("MAC", "signature"))
    lengths = (len(head.date_time), len(head.other_information()))
    return (head.cra, head.message_code, lengths, kinds)


def kind(value: Value) -> str:
    """The types inside a value; how many elements an array has does not count."""
    if value.type == "compact-array":
        return f"compact-array {value.element_type}"
    if value.type == "structure":
        return f"structure{{{','.join(kind(item) for item in value.items)}}}"
    if value.type == "array":
        return f"array{{{'|'.join(sorted({kind(item) for item in value.items}))}}}"
    return value.type


def elements(message: Message) -> list[str]:
    """The accesses in a message, and the types of its values."""
    if message.protocol == "ASN.1":
        return []
    if message.protocol != "DLMS":
        return components(message)
    blocks = [kind(block.value) for block in message.protected if block.value is not None]
    asked = [f"{item.label()} {item.selector}" for item in message.dlms.items]
    return [*asked, *map(kind, message.dlms.data), *blocks]


def components(message: Message) -> list[str]:
    """Runs of alike components count once: how full a log is does not matter."""
    found: list[str] = []
    for component in message.gbz.components:
        frame = component.frame
        assert frame is not None
        head = frame.header
        ids = ",".join(f"{item.id:04X}:{item.type}" for item in frame.attributes)
        text = (
            f"{component.cluster:04X} {head.frame_control:02X}.{head.command:02X} "
            f"{'e' if component.encrypted else '-'} {component.from_date_time is not None} [{ids}]"
        )
        if found[-1:] != [text]:
            found.append(text)
    return found


@cache
def theirs() -> dict[str, list[rtds.Pair]]:
    """The pairs of RTDS that succeed, by use case and device."""
    found: dict[str, list[rtds.Pair]] = {}
    for pair in rtds.load_pairs(RTDS):
        if "ERROR" not in pair.name:
            found.setdefault(f"{pair.use_case}-{pair.state['device']}/SUCCESS", []).append(pair)
    return found


OURS = {pair.name: pair for pair in rtds.load_pairs(FOLDER)}
COMMON = sorted(set(OURS) & set(theirs())) if rtds_rows() else []


def single(text: str) -> str:
    """A row of a meter with one element: the register of a second one and its four rates go."""
    third = "'double-long-unsigned', {'array': [48,"
    without = text.replace(f"'double-long-unsigned', {third}", third, 1)
    return without.replace("{'array': [4, 'double-long-unsigned']}, ", "")


def alike(ours: list[str], others: list[str]) -> bool:
    """Whether both have the same elements; an array that is empty in RTDS fits any array."""
    return len(ours) == len(others) and all(
        other in (own, single(own)) or (other == "array{}" and own.startswith("array{"))
        for own, other in zip(ours, others, strict=True)
    )


def finds_nothing(message: Message) -> bool:
    """Whether a part of the answer is NOT_FOUND, where ours tells what a log holds."""
    return message.protocol == "GBZ" and any(
        frame.default_response is not None and frame.default_response[1] == 0x8B
        for frame in message.gbz.frames
    )


@pytest.mark.parametrize("name", COMMON or ["no vectors"])
@pytest.mark.parametrize("part", ["command", "response"])
def test_shape_is_that_of_rtds(name: str, part: str) -> None:
    """One of the pairs of RTDS that succeed has the same header and the same elements."""
    own, other = rings()
    ours = decode(getattr(OURS[name], part), own)
    shapes = [decode(getattr(pair, part), other) for pair in theirs()[name]]
    assert headers(ours) in [headers(shape) for shape in shapes]
    told = [shape for shape in shapes if finds_nothing(shape) == finds_nothing(ours)]
    if shapes and not told:
        pytest.skip("in this part of the set nothing is found")
    assert any(alike(elements(ours), elements(shape)) for shape in told)


def test_most_use_cases_are_compared() -> None:
    assert len(COMMON) > 100 or len(rtds_rows()) < 500
