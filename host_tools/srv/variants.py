"""The 129 service reference variants: title, critical or for the DCC itself, and who may ask.

`variants.txt`: variant, C (critical), N (no device) or -, roles, title. Source: DUIS Schema V5.4
and the request matrix of SmartDCCInnovation/duis-parser (src/duis-request-matrix.json).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from host_tools.gbcs.use_cases import UseCase, by_code

# Requests whose ExecutionDateTime the DCC keeps; that of others travels in the command.
_DATED = """
3.1 3.2 3.4 4.1.1 4.1.2 4.1.3 4.1.4 4.2 4.3 4.4.2 4.4.3 4.4.4 4.4.5 4.6.1 4.6.2 4.8.1 4.8.2 4.8.3
4.10 4.12.1 4.12.2 4.13 4.14 4.15 4.17 4.18 6.4.2 6.5 6.12 6.18.1 6.18.2 6.20.1 6.20.2 6.21 6.23
6.27 7.7 7.9 7.10 7.11 7.14 7.15 8.5 8.9 8.11 11.2
"""
_SCHEDULED = {0x0033: "5.1"}  # a read that the DCC's schedule asks for


@dataclass(frozen=True)
class Variant:
    """A service reference variant; `roles` are the abbreviations of the schema's user roles."""

    srv: str
    critical: bool
    for_device: bool
    roles: tuple[str, ...]
    title: str


@cache
def all_variants() -> dict[str, Variant]:
    """Every variant by its number, in their order."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("variants.txt").read_text("utf-8")
    found: dict[str, Variant] = {}
    for line in text.splitlines():
        srv, kind, roles, title = line.split(" ", 3)
        who = () if roles == "-" else tuple(roles.split(","))
        found[srv] = Variant(srv, kind == "C", kind != "N", who, title)
    return found


@cache
def dated_by_dcc() -> frozenset[str]:
    """The variants that the DCC keeps until their ExecutionDateTime; others carry it within."""
    return frozenset(_DATED.split())


def candidates(message_code: int | None) -> tuple[str, ...]:
    """The variants that a message code may belong to; () for alerts and HAN-only use cases."""
    use_case = use_case_of(message_code)
    if use_case is None or message_code is None:
        return ()
    named: list[str] = use_case.table.get("srv", [])
    scheduled = [_SCHEDULED[message_code]] if message_code in _SCHEDULED else []
    return tuple(srv for srv in [*named, *scheduled] if srv in all_variants())


def use_case_of(message_code: int | None) -> UseCase | None:
    """The use case of a message code."""
    return None if message_code is None else by_code(message_code)


def title(srv: str) -> str:
    """The title of a variant, "" for none that there is."""
    found = all_variants().get(srv)
    return found.title if found is not None else ""
