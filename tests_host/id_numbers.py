"""Where a source has a number in the place of an attribute, a cluster, a command or a code."""

from __future__ import annotations

import ast
import re

from smets.zcl import clusters

FOUR_DIGITS = re.compile(r"0x[0-9A-Fa-f]{4}")
CLUSTERS = {name for name in vars(clusters) if name.isupper()}
IDS = re.compile(r"(^|_)(attribute|cluster|command|event|code)$")
DECLARED = {"attributes", "commands", "alerts"}


def _is_number(node: ast.AST) -> bool:
    # A boolean is an int of Python's; 0 stands for "from the client", too.
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value != 0


def _is_cluster(node: ast.AST | None) -> bool:
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id == "clusters"
    return isinstance(node, ast.Name) and node.id in CLUSTERS


def _names_id(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id in ("attributes", "commands")


def _is_id(node: ast.AST) -> bool:
    name = getattr(node, "id", "") or getattr(node, "attr", "")
    return bool(IDS.search(name))


def _below(node: ast.AST) -> list[ast.AST]:
    """Numbers in a display of tuples; a call works its own out."""
    if isinstance(node, ast.Call):
        return []
    inner = [number for child in ast.iter_child_nodes(node) for number in _below(child)]
    return inner + [node] * _is_number(node)


def _numbers_of(node: ast.AST) -> list[ast.AST]:
    """Numbers that stand at a node where an id belongs."""
    if isinstance(node, ast.Tuple) and any(_is_cluster(part) for part in node.elts):
        if any(_names_id(part) for part in node.elts):
            return []  # the number beside a named id is something else
        return [part for part in node.elts if _is_number(part)]
    if isinstance(node, ast.Dict):
        of_clusters = [
            value for key, value in zip(node.keys, node.values, strict=True) if _is_cluster(key)
        ]
        keys = [
            key for value in of_clusters for key in getattr(value, "keys", []) if _is_number(key)
        ]
        tuples = [value for value in of_clusters if isinstance(value, ast.Tuple)]
        return keys + [number for value in tuples for number in _below(value)]
    if isinstance(node, ast.Compare) and len(node.comparators) == 1:
        sides = (node.left, node.comparators[0])
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and any(_is_id(side) for side in sides):
            return [side for side in sides if _is_number(side)]
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in DECLARED:
            return _below(node.value)
        if _is_id(target) and _is_number(node.value):
            return [node.value]
    return []


def literals(source: str, other_numbers: bool = False) -> list[str]:
    """Numbers in the source of a module where an id belongs, as "line: number"."""
    lines = source.encode().split(b"\n")

    def text_of(node: ast.AST) -> str:
        return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()

    found = set()
    for node in ast.walk(ast.parse(source)):
        found.update((number.lineno, text_of(number)) for number in _numbers_of(node))
        if not other_numbers and isinstance(node, ast.Constant) and type(node.value) is int:
            text = text_of(node)
            if FOUR_DIGITS.fullmatch(text) and text != "0xFFFF":
                found.add((node.lineno, text))
    return [f"{line}: {text}" for line, text in sorted(found)]
