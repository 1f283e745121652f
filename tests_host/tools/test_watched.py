"""The plugins that tell coverage where to look, and workers where to begin."""

import ast
import sys
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import SimpleNamespace

import pytest
import watched
import workers

TESTS = Path(__file__).resolve().parents[1]


def functions(path):
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", watched.LONG)
def test_the_long_tests_are_there(path):
    for name in watched.LONG[path]:
        assert functions(path).count(name) == 1


class Item:
    """A test that brings coverage some lines when it runs."""

    def __init__(self, nodeid, collector, lines):
        self.nodeid, self.collector, self.lines, self.marks = nodeid, collector, lines, []

    def add_marker(self, mark):
        self.marks.append(mark.name)

    def run(self, watch):
        steps = watch.pytest_runtest_protocol(self)
        next(steps)
        if "no_cover" not in self.marks:
            self.collector.data.setdefault("file", set()).update(self.lines)
        with pytest.raises(StopIteration):
            steps.send(None)
        return "no_cover" not in self.marks


def test_a_function_is_watched_until_it_brings_nothing_new():
    collector = SimpleNamespace(data={})
    watch = watched.Watch(SimpleNamespace(cov=SimpleNamespace(_collector=collector)))

    def run(name, *lines):
        return Item(name, collector, lines).run(watch)

    assert run("f::a[0]", 1, 2)
    assert run("f::a[1]", 1) and run("f::a[2]", 2)
    assert run("f::a[3]", 3), "two in a row are too few"
    assert [run("f::a[4]", 1), run("f::a[5]", 2), run("f::a[6]", 3)] == [True] * 3
    assert not run("f::a[7]", 4)
    assert collector.data == {"file": {1, 2, 3}}
    assert run("f::b", 5) and run("g::a[0]", 6)


class Controller:
    """Coverage's controller in pytest: what it was told."""

    def __init__(self, started):
        self.started, self.told = started, []

    def resume(self):
        self.started = True
        self.told.append("resume")

    def pause(self):
        self.started = False
        self.told.append("pause")


@pytest.mark.parametrize(
    ("started", "text", "told"),
    [(False, "", ["resume", "pause"]), (False, "1 / 0", ["resume", "pause"]), (True, "", [])],
)
def test_an_import_is_watched_where_coverage_looks_away(
    monkeypatch, tmp_path, started, text, told
):
    controller = Controller(started)
    monkeypatch.setattr(SourceFileLoader, "exec_module", SourceFileLoader.exec_module)
    watched.Watch(controller).watch_imports()
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "watched_outer.py").write_text(f"import watched_inner\n{text}")
    (tmp_path / "watched_inner.py").write_text("")
    try:
        import_module("watched_outer")
    except ZeroDivisionError:
        assert text
    for name in ("watched_outer", "watched_inner"):
        sys.modules.pop(name, None)
    assert (controller.told, controller.started) == (told, started)


def test_long_tests_are_marked():
    path, (name, *_) = next(iter(watched.LONG.items()))
    items = [
        Item(f"tests_host/{path}::{name}{end}", None, ())
        for end in ("", "[cpython]", "_more", "_more[x]")
    ]
    watched.pytest_collection_modifyitems(items)
    assert [item.marks for item in items] == [["no_cover"], ["no_cover"], [], []]


def test_the_longest_files_come_first():
    assert all((TESTS / path).is_file() for path in workers.LONGEST)
    last, first = workers.LONGEST[-1], workers.LONGEST[0]
    names = [f"tests_host/tools/test_a.py::{n}" for n in "ab"]
    given = [*names, f"tests_host/{last}::x", f"tests_host/{first}::y[1]", "tests_host/z.py::z"]
    items = [Item(name, None, ()) for name in given]
    workers.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [given[2], given[3], *names, given[4]]
