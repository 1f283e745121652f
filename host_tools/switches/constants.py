"""What never changes in a set of modules: constants of modules and of classes."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["UNKNOWN", "Module", "Program", "Unknown", "Value", "constant_of"]

Constant: TypeAlias = "bool | int | str | None"


class Unknown:
    """The value of what may differ from run to run."""


UNKNOWN = Unknown()
Value: TypeAlias = "bool | int | str | None | Unknown"


def constant_of(node: ast.expr | None) -> Value:
    """The value of a literal, or of MicroPython's const() around one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        return constant_of(node.args[0]) if len(node.args) == 1 else UNKNOWN
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, str, type(None))):
        return node.value
    return UNKNOWN


@dataclass
class Module:
    """A parsed module: its constants, and what it calls other modules."""

    path: str
    name: str
    tree: ast.Module
    constants: dict[str, Constant] = field(default_factory=dict[str, Constant])
    modules: dict[str, str] = field(default_factory=dict[str, str])  # local name -> dotted name
    names: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


class Program:
    """Modules that are looked at together."""

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.stored: Counter[str] = Counter()  # attributes, by how often they are assigned
        self.members: dict[str, list[Value]] = {}  # of classes: the values in their bodies
        self.calls: dict[str, list[ast.Call]] = {}  # by the last name of what is called

    def add(self, path: str, name: str, text: str) -> None:
        """Add a module; SyntaxError."""
        module = Module(path, name, ast.parse(text, path))
        self.modules[name] = module
        assigned = Counter[str]()
        for node in ast.walk(module.tree):
            self._note(module, node, assigned)
        for statement in module.tree.body:
            for target, value in _assignments(statement):
                constant = constant_of(value)
                if assigned[target] == 1 and not isinstance(constant, Unknown):
                    module.constants[target] = constant

    def _note(self, module: Module, node: ast.AST, assigned: Counter[str]) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                assigned[name] += 1
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                self.stored[name] += 1
            case ast.Import(names=names):
                for alias in names:
                    module.modules[alias.asname or alias.name] = alias.name
            case ast.ImportFrom(module=str(source), names=names):
                for alias in names:
                    here = alias.asname or alias.name
                    module.names[here] = (source, alias.name)
                    module.modules[here] = f"{source}.{alias.name}"
            case ast.ClassDef(body=body):
                made = _has_constructor_values(node)
                for statement in body:
                    for target, value in _assignments(statement):
                        kept = UNKNOWN if made else constant_of(value)
                        self.members.setdefault(target, []).append(kept)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                self.calls.setdefault(name, []).append(node)
            case _:
                pass

    def name_value(self, module: Module, name: str, depth: int = 0) -> Value:
        """The value that a name of a module always has."""
        if name in module.constants:
            return module.constants[name]
        if name in module.names and depth < 4:
            source, original = module.names[name]
            other = self.modules.get(source)
            if other is not None and not self.stored[original]:
                return self.name_value(other, original, depth + 1)
        return UNKNOWN

    def attribute_value(self, module: Module, node: ast.Attribute) -> Value:
        """The value that `module.NAME` or `self.NAME` always has."""
        if self.stored[node.attr] or not isinstance(node.value, ast.Name):
            return UNKNOWN
        other = self.modules.get(module.modules.get(node.value.id, ""))
        if other is not None:
            return self.name_value(other, node.attr)
        values = self.members.get(node.attr, [])
        if node.value.id in ("self", "cls") and len(values) == 1:
            return values[0]
        return UNKNOWN


def _has_constructor_values(node: ast.ClassDef) -> bool:
    # A dataclass or a NamedTuple: what stands in its body is a default of its constructor.
    words = [ast.unparse(item) for item in (*node.decorator_list, *node.bases)]
    return any("dataclass" in word or "NamedTuple" in word for word in words)


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr | None]]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, value)]
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            return [(name, value)]
        case _:
            return []
