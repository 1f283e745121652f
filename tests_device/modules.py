"""The tests of tests_host that run on a board, and what of that folder they import."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from engines import MARKER

from host_tools.install import FIRMWARE, compile_module, imports_of

TESTS = Path(__file__).resolve().parent.parent / "tests_host"
RUNNER = "run_device_tests"

# The question of a new board: does the core run there? --modules all runs the others too.
CORE = (
    *("aes", "ecdsa", "gcm", "kdf", "p256"),
    *("clock", "codec", "cosem_time", "store", "state", "bench"),
    *("zcl_frame", "zcl_server", "zcl_types", "use_cases", "message", "gbz", "session"),
    *("access", "axdr", "dlms_values", "protected", "ring"),
    *("gas_devices", "gas_mirror", "stamp"),
    *("prepayment", "prepayment_cut", "prepayment_remote"),
    *("tenancy_machine", "tenancy_server", "tenancy_vault", "purge_flash"),
    *("voltage_events", "voltage_period", "voltage_rms", "voltage_sampling"),
    *("runtime",),
)
# Tests of what other file systems do: on littlefs folders are removed like files, and a file that
# is open keeps its old content.
ELSEWHERE = {
    "test_store": (
        "test_changes_that_fail",
        "test_disk_does_not_fill_a_large_file_system",
        "test_disk_errors",
        "test_disk_overwrites_what_it_removes_outside_flash",
        "test_errors_of_the_file_system",
    ),
    # It compares with a file of the host.
    "test_screen_golden": ("test_every_screen_is_as_stored",),
}
# These take longer than the others of a virtual board together.
LONG = ("purge_power_cut", "display", "purge_size", "tenancy_client")

# Before the tests of a module the heap is cut into pieces of so many KiB, by one held of each:
# what needs more in one piece would fail on a Pico now and then, as chance leaves its heap.
PIECE = 32


@cache
def files() -> list[str]:
    """Names of the modules that are for both engines."""
    found: list[str] = []
    for path in sorted((TESTS / "firmware").glob("test_*.py")):
        with path.open(encoding="utf-8") as file:
            if file.readline().rstrip() == MARKER:
                found.append(path.stem)
    return found


def functions(name: str) -> list[str]:
    """The names of a module's tests that are for littlefs."""
    tree = ast.parse(source(name))
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and node.name not in ELSEWHERE.get(name, ())
    ]


@cache
def needed(name: str) -> tuple[str, ...]:
    """The modules of the folder that a module imports, itself, and what runs it."""
    found: set[str] = set()
    todo = [name, RUNNER]
    while todo:
        each = todo.pop()
        if each in found:
            continue
        found.add(each)
        for node in ast.walk(ast.parse(source(each))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            todo += [other for other in names if _path(other).exists()]
    return tuple(sorted(found))


def _path(name: str) -> Path:
    # main.py of the firmware is no part of its package.
    if name == "main":
        return FIRMWARE / "main.py"
    return TESTS / "firmware" / f"{name}.py" if name.startswith("test_") else TESTS / f"{name}.py"


def source(name: str) -> str:
    """The text of a module of the folder."""
    return _path(name).read_text(encoding="utf-8")


def library(name: str, arch: str) -> tuple[dict[str, bytes], frozenset[str]]:
    """The needs of a module's tests on a board: .mpy files by path, names of firmware modules.

    Compiled here: on a board there is no heap for that.
    """
    files = {f"{each}.mpy": compiled(each, arch) for each in needed(name)}
    return files, frozenset().union(*(imports_of(source(each)) for each in needed(name)))


@cache
def compiled(name: str, arch: str) -> bytes:
    """The .mpy of a module of the folder."""
    return compile_module(_path(name), f"{name}.py", arch)


def program(name: str, names: list[str]) -> str:
    """The program that runs tests of a module on a board; their folder is /tmp there."""
    return (
        "import os, testkit\n"
        "def tmpdir():\n"
        "    try: testkit._remove('/tmp')\n"
        "    except OSError: pass\n"
        "    os.mkdir('/tmp')\n"
        "    return '/tmp'\n"
        "testkit.tmpdir = tmpdir\n"
        "held = []\n"
        "at = 0\n"
        "try:\n"
        "    while True: held.append(bytearray(1024))\n"
        "except MemoryError: pass\n"
        # Without a range or a new list: no octet is left, and the stack may hold the old list.
        "while at < len(held):\n"
        f"    if at % {PIECE}: held[at] = None\n"
        "    at += 1\n"
        f"import {RUNNER}\n"
        f"{RUNNER}.run({name!r}, {names!r})\n"
        # What comes after the modules wants the flash for two installs.
        "try: testkit._remove('/tmp')\n"
        "except OSError: pass\n"
    )
