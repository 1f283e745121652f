"""A fault for each target, which it must find: a test of the targets themselves.

Each is of the kind that the target is there for, behind checks that octets of nobody do not pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Planted(Exception):
    """The fault that was planted."""


def _in_a_type() -> None:
    """A string of more than 16 octets, in a report or an answer that is taken."""
    from smets.zcl import types

    read = types.read_value

    def planted(reader: Any, type_id: int) -> Any:
        value = read(reader, type_id)
        if type_id == types.OCTET_STRING and value is not None and len(value) > 16:
            raise Planted
        return value

    types.read_value = planted


def _in_a_command() -> None:
    """One in 32 of the authenticated commands of DLMS that are of their use case."""
    from smets.dlms import access

    prepare = access.prepare

    def planted(payload: Any, use_case: Any, exchange: Any) -> Any:
        made = prepare(payload, use_case, exchange)
        if sum(bytes(payload)) % 32 == 7:
            raise Planted
        return made

    access.prepare = planted


def _in_the_decoder() -> None:
    """A message with more than two components."""
    from host_tools.gbcs import gbz

    read = gbz.read

    def planted(payload: Any, reader: Any, node: Any, opener: Any) -> None:
        read(payload, reader, node, opener)
        if len(payload.components) > 2:
            raise Planted

    gbz.read = planted


def _in_an_input() -> None:
    """A check that lets texts of a certain length pass for numbers."""
    from smets import document

    check = document.check

    def planted(value: Any, form: Any, path: str) -> None:
        if form == (0, 0x7FFFFFFF) and isinstance(value, str) and len(value) == 20:
            raise Planted
        check(value, form, path)

    document.check = planted


FAULTS: dict[str, Callable[[], None]] = {
    "han": _in_a_type,
    "commands": _in_a_command,
    "decoder": _in_the_decoder,
    "link": _in_an_input,
}
