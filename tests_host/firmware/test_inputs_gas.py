# engines: cpython unix
# What the inputs of a gas meter and of its proxy refuse: it is named, and changes nothing.
from inputs import Link, refuse_all


def test_a_gas_meter_and_its_proxy_refuse_what_cannot_be():
    assert refuse_all(Link("gsme")) >= {"draw", "gpf", "sends_time"}
    assert refuse_all(Link("gpf")) >= {"gsme"}
