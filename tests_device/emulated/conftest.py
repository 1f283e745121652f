"""Emulated boards for tests that are about them: `make test-qemu`, `make test-pico`."""

import os

import pytest

from host_tools.emulators import EmulatedBoard, start

# The boards take minutes to build and to run: not with the tests of any other board.
collect_ignore_glob = [] if os.environ.get("SMETS_EMULATED") else ["test_*.py"]


@pytest.fixture(scope="session")
def board_of(tmp_path_factory: pytest.TempPathFactory):
    """Start a board by name: `board_of(name, **options)`; all are switched off at the end."""
    boards: list[EmulatedBoard] = []

    def make(name: str, folder=None, **options) -> EmulatedBoard:
        boards.append(start(name, folder or tmp_path_factory.mktemp(name), **options))
        return boards[-1]

    yield make
    for board in boards:
        board.close()
