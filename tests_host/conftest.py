"""What all tests of this folder share: two engines, data from outside, Hypothesis' settings."""

import gc
import os

import pytest
from engines import pytest_pycollect_makemodule  # noqa: F401
from hypothesis import settings

pytest_plugins = ["outside"]

# No deadline: a busy machine is no fault of what is tested. CI repeats the same examples; what
# fails elsewhere prints what repeats it.
settings.register_profile("repeated", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("repeated" if os.environ.get("CI") else "random")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what pytest has collected out of further collections of garbage.

    The firmware collects often, for a small heap needs it. Each time would take a tenth of a
    second among the objects of some thousand tests.
    """
    gc.collect()
    gc.freeze()
