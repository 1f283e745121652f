"""pytest plugin: how `make test` divides the tests among processes, whole files at a time."""

import os

import pytest

# Files of ten seconds of processor time and more, or of much waiting.
LONGEST = (
    "boards/test_board_costs.py",
    "boards/test_doctor.py",
    "boards/test_flash.py",
    "conform/test_conform_cli.py",
    "conform/test_tampering.py",
    "firmware/test_authority.py",
    "firmware/test_display.py",
    "firmware/test_prepayment_cut.py",
    "firmware/test_purge_power_cut.py",
    "firmware/test_screen_golden.py",
    "firmware/test_session_oracle.py",
    "firmware/test_setting_pairs.py",
    "firmware/test_voltage_device.py",
    "firmware/test_voltage_steady.py",
    "firmware/test_voltage_stream.py",
    "tools/test_fuzz.py",
    "tools/test_home.py",
    "tools/test_inputs_outputs.py",
    "tools/test_screen_report.py",
    "tools/test_show_day.py",
    "tools/test_vectors.py",
    "tools/test_web.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: those that end last should be short."""
    longest = frozenset(f"tests_host/{path}" for path in LONGEST)
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in longest)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: some tests wait, and files at the end differ in length."""
    return len(os.sched_getaffinity(0)) + 1
