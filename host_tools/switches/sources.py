"""Dormant switches in the syntax of modules.

branch       a condition that always comes out the same, by literals and by constants of any module
parameter    a parameter that is false or true by default, steers a branch, and that nobody gives
environment  a variable of the environment that is read
name         a name or a text that calls itself a feature switch
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from host_tools.switches.constants import UNKNOWN, Module, Program, Unknown, Value, constant_of
from host_tools.switches.finding import Finding, suspicious

__all__ = ["find"]

_ENVIRONMENT = ("environ", "getenv", "getenvb", "environb")


def find(program: Program, on_device: bool = True) -> Iterator[Finding]:
    """Every dormant switch of a program.

    Parameters of host tools are no findings: a command line gives those of commands.
    """
    for module in program.modules.values():
        documentation = _documentation(module.tree)
        scope = _Scopes(module.tree)
        for node in ast.walk(module.tree):
            yield from _branches(program, module, node, scope)
            if on_device:
                yield from _parameters(program, module, node)
            yield from _environment(module, node)
            yield from _names(module, node, documentation, on_device)


# --- Conditions that never change ----------------------------------------------------------------


class _Scopes:
    """Which names are local at a node: a local name is no constant of its module."""

    def __init__(self, tree: ast.Module) -> None:
        self._local: dict[int, frozenset[str]] = {}
        self._visit(tree, frozenset())

    def _visit(self, node: ast.AST, local: frozenset[str]) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            local |= {item.arg for item in ast.walk(node.args) if isinstance(item, ast.arg)}
            body = node.body if isinstance(node.body, list) else [node.body]
            told = {name for part in body for name in _stored(part)}
            shared = {
                name
                for part in body
                for item in ast.walk(part)
                if isinstance(item, ast.Global)
                for name in item.names
            }
            local |= told - shared
        self._local[id(node)] = local
        for child in ast.iter_child_nodes(node):
            self._visit(child, local)

    def is_local(self, node: ast.Name) -> bool:
        """Whether a function around the node gives the name its value."""
        return node.id in self._local.get(id(node), frozenset())


def _stored(node: ast.AST) -> Iterator[str]:
    for item in ast.walk(node):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id


@dataclass
class _Condition:
    program: Program
    module: Module
    scope: _Scopes

    def value(self, node: ast.expr) -> Value:
        """What an expression always is; UNKNOWN where that differs."""
        match node:
            case ast.Name():
                if self.scope.is_local(node):
                    return UNKNOWN
                return self.program.name_value(self.module, node.id)
            case ast.Attribute():
                return self.program.attribute_value(self.module, node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.value(operand)
                return inner if isinstance(inner, Unknown) else not inner
            case ast.BoolOp(op=op, values=values):
                return self._joined(isinstance(op, ast.Or), values)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(self.value(left), op, self.value(right))
            case _:
                return constant_of(node)

    def _joined(self, deciding: bool, values: list[ast.expr]) -> Value:
        # One part that never changes decides the whole, or has no part in it.
        known = [self.value(value) for value in values]
        if any(not isinstance(value, Unknown) and bool(value) == deciding for value in known):
            return deciding
        if any(isinstance(value, Unknown) for value in known):
            return UNKNOWN
        return not deciding

    @staticmethod
    def _compared(left: Value, op: ast.cmpop, right: Value) -> Value:
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        if isinstance(op, (ast.Eq, ast.Is)):
            return left == right
        if isinstance(op, (ast.NotEq, ast.IsNot)):
            return left != right
        if isinstance(left, int) and isinstance(right, int):
            orders: dict[type[ast.cmpop], bool] = {
                ast.Lt: left < right,
                ast.LtE: left <= right,
                ast.Gt: left > right,
                ast.GtE: left >= right,
            }
            return orders.get(type(op), UNKNOWN)
        return UNKNOWN


def _tests(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test):
            return [test]
        case ast.While(test=test):
            # `while True` is how a loop without end is written.
            return [] if isinstance(test, ast.Constant) and test.value else [test]
        case ast.comprehension(ifs=tests):
            return tests
        case ast.BoolOp(values=values):
            return values[:-1]  # the last one is the value where the others do not decide
        case ast.match_case(guard=guard) if guard is not None:
            return [guard]
        case _:
            return []


def _branches(
    program: Program, module: Module, node: ast.AST, scope: _Scopes
) -> Iterator[Finding]:
    condition = _Condition(program, module, scope)
    for test in _tests(node):
        for part in _parts(test):
            value = condition.value(part)
            if not isinstance(value, Unknown):
                what = f"is always {'true' if value else 'false'}"
                yield Finding(module.path, "branch", ast.unparse(part), test.lineno, what)


def _parts(test: ast.expr) -> list[ast.expr]:
    """What a condition is made of, without `not`: each part is judged by itself."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if isinstance(test, ast.BoolOp):
        return [part for value in test.values for part in _parts(value)]
    return [test]


# --- Parameters that nobody gives ----------------------------------------------------------------


def _parameters(program: Program, module: Module, node: ast.AST) -> Iterator[Finding]:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    own = bool(plain) and plain[0].arg in ("self", "cls")
    entries = [
        (index - own, argument.arg, default)
        for index, (argument, default) in enumerate(zip(plain, defaults, strict=True))
    ]
    entries += [
        (None, argument.arg, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    steering = {
        part.id
        for item in ast.walk(node)
        for test in _tests(item)
        for part in ast.walk(test)
        if isinstance(part, ast.Name)
    }
    called = node.name
    if called == "__init__":
        called = _class_of(module.tree, node)
    for place, name, default in entries:
        value = constant_of(default)
        if not isinstance(value, bool) or name not in steering:
            continue
        if not any(_gives(call, place, name) for call in program.calls.get(called, [])):
            title = f"{called}({name})"
            what = f"is always {str(value).lower()}: no call gives it"
            yield Finding(module.path, "parameter", title, node.lineno, what)


def _class_of(tree: ast.Module, function: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and function in node.body:
            return node.name
    return ""


def _gives(call: ast.Call, place: int | None, name: str) -> bool:
    if any(word.arg in (name, None) for word in call.keywords):
        return True
    if place is None:
        return False
    return len(call.args) > place or any(isinstance(item, ast.Starred) for item in call.args)


# --- The environment, and names ------------------------------------------------------------------


def _environment(module: Module, node: ast.AST) -> Iterator[Finding]:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="get" | "pop"), args=[first, *_]) if (
            _is_environment(value)
        ):
            yield _variable(module, node, first)
        case ast.Call(func=ast.Attribute(attr="getenv") | ast.Name(id="getenv"), args=[first, *_]):
            yield _variable(module, node, first)
        case ast.Subscript(value=value, slice=key, ctx=ast.Load()) if _is_environment(value):
            yield _variable(module, node, key)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[value]) if (
            _is_environment(value)
        ):
            yield _variable(module, node, left)
        case _:
            pass


def _is_environment(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in _ENVIRONMENT) or (
        isinstance(node, ast.Name) and node.id in _ENVIRONMENT
    )


def _variable(module: Module, node: ast.expr, name: ast.expr) -> Finding:
    value = constant_of(name)
    shown = value if isinstance(value, str) else ast.unparse(name)
    return Finding(module.path, "environment", shown, node.lineno, "is read")


def _documentation(tree: ast.Module) -> set[int]:
    """Texts that are documentation, by identity."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _names(
    module: Module, node: ast.AST, documentation: set[int], on_device: bool
) -> Iterator[Finding]:
    name = ""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            pass
        case ast.Attribute(attr=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            pass
        case ast.Constant(value=str(name)) if id(node) not in documentation and " " not in name:
            pass
        case _:
            return
    if suspicious(name, on_device):
        line = getattr(node, "lineno", 0)
        yield Finding(module.path, "name", name, line, "calls itself a switch")
