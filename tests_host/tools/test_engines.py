"""The harness itself: what `engines.py` makes of small test files, on both engines."""

import re
import subprocess
from pathlib import Path

import engines
import pytest

import host_tools
import smets
from host_tools.bench import micropython

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester):
    """Return a function that runs pytest on a device test file with this body."""
    pytester.makeconftest("from engines import pytest_pycollect_makemodule")

    def run_body(body, *options):
        pytester.makepyfile(test_x="# engines: cpython unix\n" + body)
        return pytester.runpytest_inprocess("-rA", "-p", "no:hypothesispytest", *options)

    return run_body


def ends(result):
    """Return the status of each item by its id."""
    lines = re.findall(r"^(PASSED|FAILED|ERROR) test_x\.py::(\S+)", result.stdout.str(), re.M)
    return {name: status for status, name in lines}


def test_ids_name_the_engine(run):
    result = run("def test_a(): assert True\ndef test_b(): assert True\n")
    assert ends(result) == {
        "test_a[cpython]": "PASSED",
        "test_a[unix]": "PASSED",
        "test_b[cpython]": "PASSED",
        "test_b[unix]": "PASSED",
    }


def test_each_engine_is_what_its_name_says(run):
    body = "import sys\ndef test_a(): assert sys.implementation.name == '%s'\n"
    assert ends(run(body % "cpython")) == {"test_a[cpython]": "PASSED", "test_a[unix]": "FAILED"}
    assert ends(run(body % "micropython")) == {
        "test_a[cpython]": "FAILED",
        "test_a[unix]": "PASSED",
    }


def test_heap_of_the_unix_port_is_small(run):
    result = run("def test_a(): bytearray(722_000)\n")
    assert ends(result) == {"test_a[cpython]": "PASSED", "test_a[unix]": "FAILED"}
    result.stdout.fnmatch_lines(["MemoryError: memory allocation failed*"])


def test_failure_shows_the_device_traceback_and_output(run):
    body = "def deeper():\n    print('seen')\n    assert 1 > 2, 'why'\ndef test_a(): deeper()\n"
    result = run(body)
    assert ends(result) == {"test_a[cpython]": "FAILED", "test_a[unix]": "FAILED"}
    result.stdout.fnmatch_lines(
        [
            "On MicroPython's Unix port:",
            "Traceback (most recent call last):",
            '  File "*test_x.py", line 5, in test_a',
            '  File "*test_x.py", line 4, in deeper',
            "AssertionError: why",
            "*device output*",
            "seen",
        ]
    )


def test_exit_inside_a_test_fails_that_test_only(run):
    result = run(
        "import sys\ndef test_a(): sys.exit(0)\ndef test_b(): assert True\n", "-k", "unix"
    )
    assert ends(result) == {"test_a[unix]": "FAILED", "test_b[unix]": "PASSED"}
    result.stdout.fnmatch_lines(["SystemExit: 0"])


def test_crash_fails_the_rest_and_shows_the_last_output(run):
    body = (
        "def test_a(): assert True\n"
        "def test_b():\n    import uctypes\n    print('near the end')\n"
        "    uctypes.bytearray_at(0, 1)[0]\n"
        "def test_c(): assert True\n"
    )
    result = run(body, "-k", "unix")
    assert ends(result) == {
        "test_a[unix]": "PASSED",
        "test_b[unix]": "FAILED",
        "test_c[unix]": "FAILED",
    }
    result.stdout.fnmatch_lines(
        [
            "micropython ended with status -* here; its last output:",
            "near the end",
            "micropython ended with status -* in test_b; its last output:",
        ]
    )


def test_failing_import_on_the_unix_port_only(run):
    body = (
        "import sys\n"
        "if sys.implementation.name != 'cpython': import nowhere\n"
        "def test_a(): assert True\n"
    )
    result = run(body)
    assert ends(result) == {"test_a[cpython]": "PASSED", "test_a[unix]": "FAILED"}
    result.stdout.fnmatch_lines(
        ["*status 1 in the import of the file*", "ImportError: no module named 'nowhere'"]
    )


@pytest.mark.slow
def test_hanging_process_is_stopped(run, monkeypatch):
    monkeypatch.setattr(engines, "TIMEOUT", 2)
    result = run("def test_a(): assert True\ndef test_b():\n    while True: pass\n", "-k", "unix")
    assert ends(result) == {"test_a[unix]": "PASSED", "test_b[unix]": "FAILED"}
    result.stdout.fnmatch_lines(["micropython was stopped after 2 s here*"])


def test_skip_gives_its_reason_on_both_engines(run):
    result = run("from testkit import Skip\ndef test_a(): raise Skip('no radio: here')\n")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED [[]*[]] *no radio: here"])


def test_subset_runs_only_what_is_selected(run):
    body = "def test_a(): assert False\ndef test_b(): assert True\n"
    result = run(body, "test_x.py::test_b[unix]")
    assert ends(result) == {"test_b[unix]": "PASSED"}
    result = run(body.replace("assert False", "print('ran a')"), "-k", "test_b")
    assert ends(result) == {"test_b[cpython]": "PASSED", "test_b[unix]": "PASSED"}
    assert "ran a" not in result.stdout.str()


def test_junk_of_a_test_does_not_reach_the_next(run):
    body = (
        "from testkit import tmpdir\n"
        "import os\n"
        "def test_a():\n"
        "    with open(tmpdir() + '/junk', 'w') as file: file.write('x')\n"
        "    print('half a line', end='')\n"
        "    kept = [bytearray(300_000)]\n    kept.append(kept)\n"
        "def test_b():\n"
        "    assert os.listdir(tmpdir()) == []\n"
        "    assert len(bytearray(300_000)) == 300_000\n"
    )
    result = run(body)
    assert set(ends(result).values()) == {"PASSED"}
    assert len(ends(result)) == 4


def test_scratch_directory_is_fresh_for_each_engine_and_removed(run, pytester):
    body = (
        "import os\n"
        "def test_a():\n"
        "    path = os.getenv('SMETS_TEST_TMP')\n"
        "    assert os.listdir(path) == []\n"
        "    with open(path + '/junk', 'w') as file: file.write('x')\n"
        "    print('scratch=' + path)\n"
    )
    result = run(body)
    assert set(ends(result).values()) == {"PASSED"}
    paths = set(re.findall(r"scratch=(\S+)", result.stdout.str()))
    assert len(paths) == 2
    assert not any(Path(path).exists() for path in paths)


def test_heap_figures_are_kept_in_the_report(run, pytester):
    result = run("def test_a(): assert True\n", "-k", "unix", "--junitxml=report.xml")
    assert ends(result) == {"test_a[unix]": "PASSED"}
    figures = dict(re.findall(r'name="(heap_\w+)" value="(\d+)"', Path("report.xml").read_text()))
    assert 0 < int(figures["heap_used"]) < int(figures["heap_free"]) < 722_000


def test_class_in_a_device_file_is_refused(run):
    result = run("class TestX:\n    def test_a(self): assert True\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*both engines run plain functions only*"])


def test_host_and_firmware_have_one_version():
    assert host_tools.__version__ == smets.__version__


def test_the_readme_names_the_unix_port_that_runs():
    """The version of its wheel is another one."""
    code = "import sys; i = sys.implementation; print(*i.version); print(sys.version)"
    done = subprocess.run([*micropython(), "-c", code], capture_output=True, text=True, check=True)
    version, built = done.stdout.splitlines()
    *numbers, kind = version.split()
    name = ".".join(numbers) + (f"-{kind}" if kind else "")
    commit = built.partition("MicroPython ")[2].split()[0]
    readme = Path(__file__).resolve().parents[2].joinpath("README.md").read_text(encoding="utf-8")
    assert f"is MicroPython {name}, commit {commit}" in " ".join(readme.split())
