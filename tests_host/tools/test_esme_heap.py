"""`make esme-heap`: the search for the least heap."""

import pytest
from esme_heap import LEAST, MOST, STEP, least


@pytest.mark.parametrize("needed", [LEAST, LEAST + STEP, 200, MOST])
def test_the_least_heap_is_found(needed: int) -> None:
    """In steps, from the least to the most."""
    assert least(lambda words: words >= needed) == needed


def test_where_nothing_passes_there_is_no_figure() -> None:
    with pytest.raises(ValueError, match="not with 1024 KB either"):
        least(lambda words: False)
