"""Arrows go down only: the imports of all modules against the layers of docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PAGE = ROOT / "docs" / "architecture.md"
ROW = re.compile(r"\| ([a-z ]+) \| (`.+`) \| .+ \|")


def named(cell: str) -> str:
    """The modules of a cell of the page by their names in Python: `zcl/*` is smets.zcl."""
    names: list[str] = []
    for word in re.findall("`([^`]+)`", cell):
        path = word.removesuffix("/*").replace("/", ".")
        names.append({"main": "main", "__init__": "smets"}.get(path, f"smets.{path}"))
    return " ".join(names)


def told() -> tuple[tuple[str, str], ...]:
    """The layers of docs/architecture.md, whose table has the highest first."""
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("## Layers") : page.index("## The contract")]
    rows = [match.groups() for line in table.splitlines() if (match := ROW.fullmatch(line))]
    return tuple((layer, named(cell)) for layer, cell in reversed(rows))


# From the ground up. A module belongs to the row with the longest prefix of its name, and imports
# from its own row and those before it.
FIRMWARE = told()
HOST = (
    ("tools", "host_tools"),
    ("use", "host_tools.conform host_tools.release host_tools.show host_tools.switches"),
    ("page", "host_tools.web"),
    ("commands", "host_tools.commands host_tools.cli host_tools.__main__"),
)
# Packages of one row that stay apart.
APART = (("host_tools.conform", "host_tools.show"),)

Graph = dict[str, set[str]]


def modules(top: Path, package: str) -> dict[str, Path]:
    """Names and files of the modules of a package below `top`."""
    found: dict[str, Path] = {}
    for path in sorted((top / package).rglob("*.py")):
        name = ".".join(path.relative_to(top).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """Which of the known modules a file imports, wherever in it; not what only types need."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
        for part in ast.iter_child_nodes(node):
            found |= imported(part, known)
    return found & known.keys()


def imported(node: ast.AST, known: dict[str, Path]) -> set[str]:
    """What one statement imports."""
    found: set[str] = set()
    if isinstance(node, ast.Import):
        found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            found.add(name if name in known else node.module)
    return found


def firmware() -> Graph:
    """Module -> what it imports, of all that runs on a board."""
    known = modules(ROOT / "firmware", "smets")
    known["main"] = ROOT / "firmware" / "main.py"
    return {name: imports(path, known) for name, path in known.items()}


def host() -> Graph:
    """The same of the host tools."""
    known = modules(ROOT, "host_tools")
    return {name: imports(path, known) for name, path in known.items()}


def row_of(name: str, layers: tuple[tuple[str, str], ...]) -> int:
    """The row of a module, -1 where the table has none."""
    best, row = -1, -1
    for index, (_, prefixes) in enumerate(layers):
        for prefix in prefixes.split():
            # Each module of the firmware has a row of its own choice.
            below = prefix != "smets" and name.startswith(prefix + ".")
            if (name == prefix or below) and len(prefix) > best:
                best, row = len(prefix), index
    return row


def upward(graph: Graph, layers: tuple[tuple[str, str], ...]) -> list[str]:
    """The imports that go up, or between what has to stay apart."""
    bad: list[str] = []
    for name, used in sorted(graph.items()):
        here = row_of(name, layers)
        for other in sorted(used):
            apart = any(name.startswith(a) and other.startswith(b) for a, b in both(APART))
            if apart or row_of(other, layers) > here:
                bad.append(f"{name} imports {other}")
    return bad


def both(pairs: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """Each pair in both directions."""
    for a, b in pairs:
        yield a, b
        yield b, a


def cycles(graph: Graph) -> list[str]:
    """Modules that import themselves by way of others."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += graph[name]
        return seen

    return [name for name in sorted(graph) if name in reach(name)]


@pytest.mark.parametrize(("graph_of", "layers"), [(firmware, FIRMWARE), (host, HOST)])
def test_arrows_go_down_only(
    graph_of: Callable[[], Graph], layers: tuple[tuple[str, str], ...]
) -> None:
    """project: a codec knows no device, a device no board, no module itself by way of others."""
    graph = graph_of()
    assert len(graph) > 100
    assert [name for name in graph if row_of(name, layers) < 0] == [], "say which layer it is of"
    assert upward(graph, layers) == []
    assert cycles(graph) == []


def test_each_name_of_the_page_is_one_of_the_firmware() -> None:
    """project: the page tells the order that holds, and of no module that is gone."""
    assert len(FIRMWARE) == 10 and len({layer for layer, _ in FIRMWARE}) == 10
    known = modules(ROOT / "firmware", "smets") | {"main": ROOT}
    names = " ".join(modules for _, modules in FIRMWARE).split()
    assert [name for name in names if name not in known] == []
    assert len(set(names)) == len(names)


def test_the_firmware_knows_nothing_of_the_host() -> None:
    """project: it runs on a board as it is."""
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("host_tools"), path


def test_what_goes_up_is_found() -> None:
    """project: the check itself, on graphs that are wrong."""
    layers = (("low", "smets.codec smets.zcl.frame"), ("models", "smets.zcl"), ("top", "main"))
    graph: Graph = {"smets.zcl.frame": {"smets.zcl.server"}, "smets.zcl.server": set(), "x": set()}
    assert upward(graph, layers) == ["smets.zcl.frame imports smets.zcl.server"]
    assert row_of("smets.zcl.server", layers) == 1 and row_of("smets.zcl.frame", layers) == 0
    assert row_of("x", layers) == -1 and row_of("smets.zclx", layers) == -1
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    apart: Graph = {"host_tools.conform.dut": {"host_tools.show.stage"}}
    assert upward(apart, HOST) == ["host_tools.conform.dut imports host_tools.show.stage"]
