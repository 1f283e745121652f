"""The tests of tests_host run on the board itself: the same files, by the same rules."""

from __future__ import annotations

import modules
import pytest
from engines import parse_events
from rig import Rig


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each module that was asked for."""
    if "module" not in metafunc.fixturenames:
        return
    core = metafunc.config.getoption("--modules") == "core"
    chosen = [
        name for name in modules.files() if not core or name.removeprefix("test_") in modules.CORE
    ]
    metafunc.parametrize(
        "module",
        [
            pytest.param(
                name,
                marks=[pytest.mark.slow] * (name.removeprefix("test_") in modules.LONG),
                id=name,
            )
            for name in chosen
        ],
    )


@pytest.mark.needs("files", "repl")
def test_on_the_board(rig: Rig, module: str, record_property) -> None:
    """Each function passes or says why it is skipped; the heap after it is on record."""
    if module in rig.board.lacks:
        pytest.skip(rig.board.lacks[module])
    rig.library(*modules.library(module, rig.board.arch))
    names = modules.functions(module)
    output = rig.script(modules.program(module, names), timeout=900)  # an emulated Pico is slow
    results = parse_events(output, names, "the board ended")
    print(output)
    failed = {name: result.text for name, result in results.items() if result.status == "FAIL"}
    unknown = [name for name, result in results.items() if not result.status]
    skipped = [result.text for result in results.values() if result.status == "SKIP"]
    assert not failed, "\n".join(f"{name}: {text}" for name, text in failed.items())
    assert not unknown, f"no result of {', '.join(unknown)}"
    for name, result in results.items():
        assert result.heap["heap_free"] > 0, name
    least = min(result.heap["heap_free"] for result in results.values())
    record_property("heap_free", least)
    passed = len(results) - len(skipped)
    print(
        f"{module}: {passed} passed, {len(skipped)} skipped, {least} octets of heap free at least"
    )
    if not passed:
        pytest.skip("; ".join(skipped))
