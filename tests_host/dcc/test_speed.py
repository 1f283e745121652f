"""The measurement of the gateway's speed: that what it counts was answered, by every device."""

import pytest

from host_tools.dcc import speed


@pytest.mark.slow
def test_a_small_measurement():
    found = speed.measure(3, 12, "cpython")
    assert len(found.each) == 12 and found.rate > 0
    assert "3 devices, 12 requests" in str(found)
