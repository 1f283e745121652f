"""A decoded message for people: plain lines for a file or pipe, a rich tree for a terminal.

Rich takes longer to lay a message out than decoding it takes, and longer to import than many a
command takes to run, so plain lines are made without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from host_tools.console import plain
from host_tools.gbcs.message import Message
from host_tools.gbcs.tree import Node

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

MOST = 1000  # fields of one part, where they are no rows of a log
LONG = 96  # characters of a value before it is cut

# One line: its parts, each with the style that a terminal gives it.
Line: TypeAlias = list[tuple[str, str]]

# What stands before a field: beside a part that goes on, or not; at a field, or the last one.
_GUIDES = ("│   ", "    ", "├── ", "└── ")
_ASCII_GUIDES = ("|   ", "    ", "+-- ", "`-- ")


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 12]}... ({len(text)} characters)"


def _label(node: Node, width: int) -> Line:
    place = f"{node.offset:0{width}X}"
    line = [(f"{'+' if node.space else ''}{place} ", "dim"), (plain(node.name), "cyan")]
    if node.text:
        line.append((f"  {plain(_short(node.text))}", ""))
    if node.note:
        good = node.note.startswith("valid")
        bad = node.note.startswith("INVALID")
        style = "green" if good else "bold red" if bad else "yellow"
        line.append((f"  [{plain(node.note)}]", style))
    return line


def _shown(node: Node, rows: int) -> list[Node | int]:
    """What is shown below a field; a number stands for so many that are left out there."""
    children = node.children
    is_log = bool(children) and children[0].name == "[0]"
    most = rows if is_log or not rows else max(rows, MOST)
    if not most or len(children) <= most:
        return list(children)
    return [*children[: most - 1], len(children) - most, children[-1]]


def _left_out(count: int) -> Line:
    return [(f"... {count} more (--rows 0 shows all)", "dim")]


def _head(message: Message) -> Line:
    length = message.tree.length
    return [(plain(message.tree.text), "bold"), (f"  ({length} octets)", "dim")]


def _width(message: Message) -> int:
    """Hex digits of an offset."""
    return 2 if message.tree.length <= 0x100 else 4


def _verdicts(message: Message) -> Iterator[Line]:
    """What stands below the tree: checks, the time stamp, what is malformed."""
    for check in message.checks:
        style = {True: "green", False: "bold red", None: "yellow"}[check.passed]
        line = [(f"{check.name}: ", ""), (check.word, style)]
        if check.reason:
            line.append((f" ({plain(check.reason)})", ""))
        yield line
    use_case = message.use_case
    if message.stamp is not None:
        yield [(f"Timestamp: {plain(message.stamp.text())}", "")]
    elif use_case is not None and use_case.stamped and message.header.cra == 2:
        yield [("Timestamp: none (date-time length 0)", "")]
    if message.envelope.pre_command:
        yield [("neither signature nor MAC: a Pre-Command, not yet signed or MACed", "")]
    for fault in message.faults:
        yield [(f"MALFORMED: {plain(str(fault))}", "bold red")]


def _joined(line: Line) -> str:
    return "".join(text for text, _ in line)


def render_plain(message: Message, rows: int = 24, encoding: str = "utf-8") -> Iterator[str]:
    """The message as lines: its tree of offsets, names and values, verdicts and time stamp.

    `rows` limits how many rows of a log are shown; 0 shows all. Where `encoding` is no Unicode,
    the tree is drawn in ASCII.
    """
    guides = _GUIDES if encoding.lower().startswith("utf") else _ASCII_GUIDES
    yield _joined(_head(message))
    yield from _plain_tree(message.tree, rows, _width(message), guides, "")
    for line in _verdicts(message):
        yield _joined(line)


def _plain_tree(
    node: Node, rows: int, width: int, guides: tuple[str, ...], before: str
) -> Iterator[str]:
    beside, below_last, at, at_last = guides
    shown = _shown(node, rows)
    last = len(shown) - 1
    for index, child in enumerate(shown):
        guide = before + (at_last if index == last else at)
        if isinstance(child, int):
            yield guide + _joined(_left_out(child))
            continue
        yield guide + _joined(_label(child, width))
        if child.children:
            deeper = before + (below_last if index == last else beside)
            yield from _plain_tree(child, rows, width, guides, deeper)


def render(message: Message, rows: int = 24) -> Group:
    """The same for a terminal: a rich tree with colours, and the lines below it."""
    from rich.console import Group
    from rich.tree import Tree

    tree = Tree(_styled(_head(message)), guide_style="dim")
    _grow(tree, message.tree, _width(message), rows)
    return Group(tree, *map(_styled, _verdicts(message)))


def _styled(line: Line) -> Text:
    from rich.text import Text

    return Text.assemble(*line)


def _grow(tree: Tree, node: Node, width: int, rows: int) -> None:
    for child in _shown(node, rows):
        if isinstance(child, int):
            tree.add(_styled(_left_out(child)))
        else:
            _grow(tree.add(_styled(_label(child, width))), child, width, rows)
