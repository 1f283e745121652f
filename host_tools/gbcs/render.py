"""A decoded message as a rich tree for people."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from host_tools.console import plain
from host_tools.gbcs.message import Message
from host_tools.gbcs.tree import Node

MOST = 1000  # fields of one part, where they are no rows of a log
LONG = 96  # characters of a value before it is cut


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 12]}... ({len(text)} characters)"


def _label(node: Node, width: int) -> Text:
    line = Text()
    place = f"{node.offset:0{width}X}"
    line.append(f"{'+' if node.space else ''}{place} ", style="dim")
    line.append(plain(node.name), style="cyan")
    if node.text:
        line.append(f"  {plain(_short(node.text))}")
    if node.note:
        good = node.note.startswith("valid")
        bad = node.note.startswith("INVALID")
        line.append(
            f"  [{plain(node.note)}]", style="green" if good else "bold red" if bad else "yellow"
        )
    return line


def _grow(tree: Tree, node: Node, width: int, rows: int) -> None:
    shown = node.children
    hidden = 0
    is_log = bool(shown) and shown[0].name == "[0]"
    most = rows if is_log or not rows else max(rows, MOST)
    if most and len(shown) > most:
        hidden = len(shown) - most
        shown = [*shown[: most - 1], shown[-1]]
    for index, child in enumerate(shown):
        if hidden and index == most - 1:
            tree.add(Text(f"... {hidden} more (--rows 0 shows all)", style="dim"))
        _grow(tree.add(_label(child, width)), child, width, rows)


def _check_lines(message: Message) -> list[Text]:
    lines: list[Text] = []
    for check in message.checks:
        style = {True: "green", False: "bold red", None: "yellow"}[check.passed]
        line = Text(f"{check.name}: ")
        line.append(check.word, style=style)
        if check.reason:
            line.append(f" ({plain(check.reason)})")
        lines.append(line)
    return lines


def render(message: Message, rows: int = 24) -> Group:
    """The message as a tree of offsets, names and values, then the verdicts and the time stamp.

    `rows` limits how many rows of a log are shown; 0 shows all.
    """
    width = 2 if message.tree.length <= 0x100 else 4
    head = Text(plain(message.tree.text), style="bold")
    head.append(f"  ({message.tree.length} octets)", style="dim")
    tree = Tree(head, guide_style="dim")
    _grow(tree, message.tree, width, rows)
    lines = _check_lines(message)
    use_case = message.use_case
    if message.stamp is not None:
        lines.append(Text(f"Timestamp: {message.stamp.text()}"))
    elif use_case is not None and use_case.stamped and message.header.cra == 2:
        lines.append(Text("Timestamp: none (date-time length 0)"))
    if message.envelope.pre_command:
        lines.append(Text("neither signature nor MAC: a Pre-Command, not yet signed or MACed"))
    for fault in message.faults:
        lines.append(Text(f"MALFORMED: {plain(str(fault))}", style="bold red"))
    return Group(tree, *lines)
