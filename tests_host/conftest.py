"""What all tests of this folder share: two engines, data from outside, Hypothesis' settings."""

import gc
import os

import pytest
from engines import pytest_pycollect_makemodule  # noqa: F401
from hypothesis import settings

pytest_plugins = ["outside", "watched", "workers"]

# No deadline: a busy machine is no fault of what is tested. CI repeats the same examples; what
# fails elsewhere prints what repeats it.
settings.register_profile("repeated", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("repeated" if os.environ.get("CI") else "random")


def _leave_out_of_collections() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what pytest has collected out of further collections of garbage.

    The firmware collects often, for a small heap needs it. Each time would take a tenth of a
    second among the objects of some thousand tests.
    """
    _leave_out_of_collections()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The same with what the tests of a file have left, before those of the next one run."""
    if nextitem is not None and nextitem.path != item.path:
        _leave_out_of_collections()
