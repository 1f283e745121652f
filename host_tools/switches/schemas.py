"""Dormant switches in what files and lines may say: JSON Schemas, and the firmware's own forms.

schema  a member that is only true or false, or on or off, or that calls itself a feature switch
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, cast

from host_tools.switches.finding import Finding, suspicious

__all__ = ["find_forms", "find_schema"]

_PAIRS = ({"on", "off"}, {"enabled", "disabled"}, {"yes", "no"}, {"old", "new"}, {"0", "1"})


def find_schema(where: str, schema: object) -> Iterator[Finding]:
    """The members of a JSON Schema that could be switches."""
    yield from _walk(where, schema, "")


def _walk(where: str, node: object, path: str) -> Iterator[Finding]:
    if isinstance(node, list):
        for index, item in enumerate(cast("list[Any]", node)):
            yield from _walk(where, item, f"{path}/{index}")
        return
    if not isinstance(node, dict):
        return
    members = cast("dict[str, Any]", node)
    properties = members.get("properties")
    if isinstance(properties, dict):
        for name in cast("dict[str, Any]", properties):
            if suspicious(name):
                yield Finding(where, "schema", name, what="calls itself a switch")
    if _two_valued(members):
        yield Finding(where, "schema", path or "/", what="is a switch of two positions")
    for name, item in members.items():
        yield from _walk(where, item, f"{path}/{name}")


def _two_valued(members: dict[str, Any]) -> bool:
    kind = members.get("type")
    if kind == "boolean" or (isinstance(kind, list) and "boolean" in kind):
        return True
    words = members.get("enum")
    if not isinstance(words, list):
        return False
    known = {str(word).lower() for word in cast("list[Any]", words)}
    return known in _PAIRS or known == {"true", "false"}


def find_forms(where: str, text: str) -> Iterator[Finding]:
    """The members of documents (smets/document.py) that a module takes, by its syntax."""
    for node in ast.walk(ast.parse(text, where)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and _is_switch(value):
                    name = str(key.value).rstrip("?")
                    what = "is a switch of two positions"
                    yield Finding(where, "schema", name, node.lineno, what)


def _is_switch(value: ast.expr) -> bool:
    """The form BOOLEAN, an input's (setter, BOOLEAN), or a pair of words such as on and off."""
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    for part in parts:
        if isinstance(part, ast.Name) and part.id == "BOOLEAN":
            return True
        if isinstance(part, ast.Attribute) and part.attr == "BOOLEAN":
            return True
    words = {
        part.value.lower()
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return len(words) == len(parts) and words in _PAIRS
