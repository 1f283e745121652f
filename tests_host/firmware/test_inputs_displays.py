# engines: cpython unix
# What the inputs and actions of displays and of a hub refuse: it is named, and changes nothing.
from inputs import Link, refuse_all


def test_displays_refuse_what_cannot_be():
    assert refuse_all(Link("ihd")) >= {"pair", "unpair"}
    assert refuse_all(Link("ppmid")) >= {"pair", "unpair", "top_up"}


def test_a_hub_does_not_wake():
    link = Link("chf")
    refuse_all(link)
    told = "wake: not of the actions here: cause, distributed, joined, relay"
    assert link.ask("ACT", {"wake": 1})[1] == told
