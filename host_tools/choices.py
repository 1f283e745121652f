"""docs/choices.md: every choice of the firmware where no text decides, read from its sources.

A choice is one named constant or one function. Its comment or docstring has the label; a label in
the first comment of a module makes each public name of that module a choice.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LABEL = "project-choice"
FIRMWARE = Path(__file__).resolve().parents[1] / "firmware" / "smets"

_SHORT = ("dlms", "gbcs", "zcl")  # folders that are named by an abbreviation
_LONGEST_VALUE = 300  # characters; a longer table is shown as its digest
_INTRODUCTION = """\
# Choices

The legal text of the release was not available everywhere. There the firmware makes one choice, in
one named constant or function, whose comment gives its reason and its alternatives. Checks that
rest on a choice are labelled `project-choice` and never fail a device.

`make choices` writes this page from the firmware's sources. A function has a digest of its code in
place of a value, so that a changed rule changes the page.
"""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Documented = _Function | ast.ClassDef


class ChoiceError(Exception):
    """A label that belongs to no name, or a choice without a reason; the text says where."""


@dataclass(frozen=True)
class Choice:
    """One choice: its name in the module, its value or digest, its reason and alternatives."""

    name: str
    value: str
    reason: str


@dataclass(frozen=True)
class Module:
    """The choices of one file; `about` is its first comment where that has the label."""

    path: str
    about: str
    choices: list[Choice]


class _Source:
    """A module's text, taken apart into comments and named statements."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text
        self.tree = ast.parse(text)
        self.comments: dict[int, str] = {}  # line number -> text, of every comment
        self.alone: set[int] = set()  # lines that hold nothing but a comment
        self.labels: set[int] = set()  # lines with a label that has no name yet
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                self.comments[token.start[0]] = token.string.lstrip("# ")
                if not token.line[: token.start[1]].strip():
                    self.alone.add(token.start[0])
            if token.type in (tokenize.COMMENT, tokenize.STRING):
                lines = enumerate(token.string.split("\n"), token.start[0])
                self.labels.update(number for number, line in lines if LABEL in line)
        self.constants = dict(_assigned(self.tree.body))

    def header(self) -> str:
        """The comment at the top of the file."""
        last = 1
        while last in self.alone:
            last += 1
        return self._taken(range(1, last))

    def above(self, node: ast.stmt) -> str:
        """The comment lines directly above a statement."""
        first = node.lineno
        while first - 1 in self.alone:
            first -= 1
        return self._taken(range(first, node.lineno))

    def beside(self, node: ast.stmt) -> str:
        """The comment at the end of a statement of one line."""
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        text = self._taken(lines)
        return text if len(lines) == 1 else ""

    def labelled(self, node: ast.stmt) -> bool:
        """Whether a label stands in the comments inside of a statement."""
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        return any(LABEL in self.comments.get(number, "") for number in lines)

    def docstring(self, node: _Documented) -> str:
        """The docstring of a function or a class."""
        text = ast.get_docstring(node)
        if text is None:
            return ""
        self.labels.difference_update(range(node.body[0].lineno, node.body[0].end_lineno or 0))
        self.labels.discard(node.body[0].end_lineno or 0)
        return text

    def used(self, node: ast.AST) -> dict[str, str]:
        """Constants of this module that a piece of code names, and those that they name."""
        found: dict[str, str] = {}
        waiting = [node]
        while waiting:
            for inner in ast.walk(waiting.pop()):
                if isinstance(inner, ast.Name) and inner.id not in found:
                    constant = self.constants.get(inner.id)
                    if constant is not None:
                        found[inner.id] = _source(constant)
                        waiting.append(constant)
        return found

    def _taken(self, lines: range) -> str:
        self.labels.difference_update(lines)
        return " ".join(self.comments[number] for number in lines if number in self.comments)


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Each name that a body assigns at its own level, with what is assigned."""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def _source(value: ast.expr) -> str:
    """A value as code, without the `const()` around it."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
        value = value.args[0]
    return ast.unparse(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _value(source: _Source, value: ast.expr) -> str:
    """What a constant is: as it is written if that is one line, and the names in it resolved."""
    inner = value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
        inner = value.args[0]
    written = ast.get_source_segment(source.text, inner) or ""
    text = ast.unparse(inner) if "\n" in written else written
    if len(text) > _LONGEST_VALUE:
        text = f"table, digest {_digest(text)}"
    names = source.used(inner)
    return "; ".join([text, *(f"{name} = {names[name]}" for name in sorted(names))])


def _rule(source: _Source, function: _Function) -> str:
    """The digest of a function: its code, and the constants of the module that it uses."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    names = source.used(ast.Module(body, []))
    lines = [ast.unparse(function.args), *(ast.unparse(node) for node in body)]
    lines += [f"{name} = {names[name]}" for name in sorted(names)]
    return f"function, digest {_digest(chr(10).join(lines))}"


def _plain(text: str) -> str:
    """A comment without its label, on one line, beginning with a capital letter."""
    text = " ".join(text.split())
    text = re.sub(rf"[;:,]? ?{LABEL}\.", ".", text)
    text = re.sub(rf"{LABEL}: ", "", text)
    return re.sub(r"(^|\. )([a-z])", lambda found: found[1] + found[2].upper(), text.strip())


def _constants(
    source: _Source, body: list[ast.stmt], prefix: str, all_public: bool
) -> Iterator[Choice]:
    """Choices among the assignments of a body; adjacent ones share the comment above the first."""
    shared = ""
    previous_end = 0
    for node in body:
        named = list(_assigned([node]))
        if not named:
            continue
        comment = source.above(node)
        if not comment and node.lineno == previous_end + 1:
            comment = shared
        shared, previous_end = comment, node.end_lineno or node.lineno
        inside = source.labelled(node)
        text = f"{comment} {source.beside(node)}".strip()
        for name, value in named:
            if LABEL in text or inside or (all_public and not name.startswith("_")):
                yield Choice(prefix + name, _value(source, value), _plain(text))


def _functions(
    source: _Source, body: list[ast.stmt], prefix: str, all_public: bool
) -> Iterator[Choice]:
    """Choices among the functions of a body, and what the classes in it have."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _constants(source, node.body, f"{node.name}.", False)
            yield from _functions(source, node.body, f"{node.name}.", False)
        elif isinstance(node, _Function):
            text = f"{source.above(node)} {source.docstring(node)}".strip()
            if LABEL in text or (all_public and not node.name.startswith("_")):
                yield Choice(f"{prefix}{node.name}()", _rule(source, node), _plain(text))


def read(path: str, text: str) -> Module:
    """The choices of a module; ChoiceError for a label without a name, a name without a reason."""
    source = _Source(path, text)
    header = source.header()
    whole = LABEL in header
    choices = [
        *_constants(source, source.tree.body, "", whole),
        *_functions(source, source.tree.body, "", whole),
    ]
    if source.labels:
        raise ChoiceError(
            f"{path}:{min(source.labels)}: {LABEL} belongs to no name: put it in the comment "
            "directly above a constant, or in a docstring"
        )
    for choice in choices:
        if len(choice.reason.split()) < 3:
            raise ChoiceError(f"{path}: {choice.name} has no comment that gives its reason")
    about = re.sub(rf" ?{LABEL}:[^.]*\.", "", header)  # what the label says of the module's names
    return Module(path, _plain(about) if whole else "", choices)


def read_all(firmware: Path = FIRMWARE) -> list[Module]:
    """Each module of a firmware's tree that makes a choice, by path; ChoiceError as `read`."""
    modules: list[Module] = []
    for file in sorted(firmware.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if LABEL in text:
            modules.append(read(file.relative_to(firmware).as_posix(), text))
    return [module for module in modules if module.choices]


def _feature(path: str) -> str:
    """The feature of a module: its folder, and for a file of `features` the file itself."""
    parts = path.removesuffix(".py").split("/")
    return "/".join(parts[:2]) if parts[0] == "features" else parts[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def page(modules: list[Module]) -> str:
    """The page of these modules, grouped by feature."""
    lines = [_INTRODUCTION]
    feature = ""
    for module in modules:
        if _feature(module.path) != feature:
            feature = _feature(module.path)
            title = feature.rsplit("/", 1)[-1].replace("_", " ")
            lines.append(f"## {title.upper() if title in _SHORT else title.capitalize()}\n")
        lines.append(f"### `{module.path}`\n")
        if module.about:
            lines.append(f"{module.about}\n")
        lines.append("| name | value | reason and alternatives |\n|---|---|---|")
        for choice in module.choices:
            cells = (f"`{choice.name}`", f"`{_cell(choice.value)}`", _cell(choice.reason))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the page to the file that is named."""
    if len(arguments) != 1:
        print("python -m host_tools.choices PAGE", file=sys.stderr)
        return 2
    try:
        Path(arguments[0]).write_text(page(read_all()), encoding="utf-8")
    except ChoiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
