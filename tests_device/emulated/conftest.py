"""Emulated boards for tests that are about them: `make test-qemu`, `make test-pico`."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from host_tools.emulators import EmulatedBoard, start

# The boards take minutes to build and to run: not with the tests of any other board.
collect_ignore_glob = [] if os.environ.get("SMETS_EMULATED") else ["test_*.py"]


@contextmanager
def boards(folders: pytest.TempPathFactory) -> Iterator[Callable[..., EmulatedBoard]]:
    """Start boards by name, `make(name, **options)`; all are switched off at the end.

    One that is left on takes a tenth of a core: a few of them, and the others are late.
    """
    with ExitStack() as stack:

        def make(name: str, folder: Path | None = None, **options: Any) -> EmulatedBoard:
            board = start(name, folder or folders.mktemp(name), **options)
            stack.callback(board.close)
            return board

        yield make


@pytest.fixture
def board_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., EmulatedBoard]]:
    """Boards of one test."""
    with boards(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def boards_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., EmulatedBoard]]:
    """Boards of the tests of a module."""
    with boards(tmp_path_factory) as make:
        yield make
