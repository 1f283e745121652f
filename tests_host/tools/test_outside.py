"""Tests that need data from outside the clone: which they are, and what runs without the data."""

import ast
import re
import sys
from pathlib import Path

import outside
import pytest
from typer.testing import CliRunner

from host_tools import cli

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve()
FILES = sorted(
    path
    for folder in ("tests_host", "tests_device")
    for path in (ROOT / folder).rglob("*.py")
    if path not in (HERE, Path(outside.__file__))
)
VARIABLE = re.compile(r"\b(RTDS|DUIS)_DIR\b|\brtds\.directory\(")
# A test that lets the variable name a folder of its own reads no such data.
OWN = re.compile(r'setenv\("DUIS_DIR", str\(place|"DUIS_DIR": str\(folder\)')
# Names of helper modules through which a test reads such data.
READERS = {"RTDS", "DUIS", "USE_CASES", "rtds_rows", "rtds_message"}
MARK = re.compile(r"pytest\.mark\.(needs_\w+)")


def imported(text):
    """The names that a file takes from other modules."""
    nodes = ast.walk(ast.parse(text))
    return {alias.name for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names}


def test_every_file_that_reads_such_data_has_the_mark():
    """A test of it without a mark would fail, or pass for nothing, in a clone by itself."""
    marked = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        marks = set(MARK.findall(text))
        assert marks <= set(outside.KINDS), path
        if path.name.startswith("test_") and (
            VARIABLE.search(OWN.sub("", text)) or READERS & imported(text)
        ):
            assert marks, f"{path.relative_to(ROOT)} needs a mark of {sorted(outside.KINDS)}"
            marked.add(path.name)
        assert not re.search(r"environ(\.get\(|\[)\W*(RTDS|DUIS)_DIR", text), (
            f"{path}: take it from outside.py"
        )
    assert {"test_rtds.py", "test_host_schemas.py", "test_emulated_catalogue.py"} <= marked


BODY = """
import pytest

@pytest.mark.needs_rtds
@pytest.mark.parametrize("vector", (1, 2, 3))
def test_a(vector): pass

@pytest.mark.needs_rtds
def test_b(): pass

def test_c(): pass
"""


@pytest.fixture
def folder(pytester):
    """A folder of pytest with BODY; its RTDS is `vectors`."""
    pytester.makeconftest('pytest_plugins = ["outside"]')
    pytester.makepyfile(test_x=BODY)
    return pytester.mkdir("vectors")


def said(result):
    """What pytest printed about tests that it left out."""
    return [line for line in result.outlines if "make test-data" in line]


@pytest.mark.parametrize(
    ("there", "choice", "passed", "status"),
    [
        (True, "with", 5, 0),
        (True, "without", 1, 0),
        (True, "only", 4, 0),
        (False, "with", 1, 0),
        (False, "without", 1, 0),
        (False, "only", 0, 5),
    ],
)
def test_each_test_runs_once_in_one_of_two_runs(
    pytester, monkeypatch, folder, there, choice, passed, status
):
    if there:
        (folder / "index.csv").touch()
    kind = outside.KINDS["needs_rtds"]._replace(proof=folder / "index.csv")
    monkeypatch.setitem(outside.KINDS, "needs_rtds", kind)
    options = ("-p", "no:hypothesispytest", "-p", "no:xdist", f"--outside={choice}")
    result = pytester.runpytest_inprocess(*options)
    assert result.ret == status
    result.assert_outcomes(passed=passed, deselected=5 - passed)
    words = "are" if there else "are not"
    line = f"RTDS vectors {words} here (RTDS_DIR): 2 tests of them run with make test-data"
    assert said(result) == [line] * (choice == "without" or not there)


def test_workers_tell_what_they_left_out(pytester, monkeypatch, folder):
    """The process that prints the summary has collected nothing itself."""
    monkeypatch.setenv("PYTHONPATH", str(HERE.parents[1]))
    monkeypatch.setenv("RTDS_DIR", str(folder))
    result = pytester.run(sys.executable, "-m", "pytest", "-n", "1")
    result.assert_outcomes(passed=1)
    line = "RTDS vectors are not here (RTDS_DIR): 2 tests of them run with make test-data"
    assert said(result) == [line]


@pytest.mark.parametrize("name", ["", "empty", "none"])
def test_smets_rtds_without_vectors_says_what_it_needs(tmp_path, monkeypatch, name):
    """A folder that is absent or empty counts as none; so does an option that names one."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("host_tools.rtds.DEFAULT_DIRECTORY", tmp_path / "nowhere")
    monkeypatch.setenv("RTDS_DIR", str(tmp_path / name) if name else "")
    missing = tmp_path / (name or "nowhere") / "index.csv"
    for options in ([], ["--rtds", str(missing.parent)]):
        result = CliRunner().invoke(cli.build(), ["rtds", *options])
        assert result.exit_code == 2
        assert f"there is no {missing}" in result.output.replace("\n", "")
        assert "RTDS_DIR or --rtds names" in result.output.replace("\n", " ")
