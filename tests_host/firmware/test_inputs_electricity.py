# engines: cpython unix
# What the inputs of an electricity meter refuse: it is named, and changes nothing.
import sys

from inputs import WRONG, Link, refuse_all
from testkit import raises

from smets.document import DocumentError
from smets.features.voltage import supply_form

# The account and the measurement do not fit the heap of this engine beside all these cases.
SMALL = sys.implementation.name == "micropython"


def test_supplies_that_cannot_be():
    for told in WRONG["voltage"]:
        if told.get("rate_mhz") == 2000000:
            continue  # the sampler itself refuses that
        with raises(DocumentError) as caught:
            supply_form.check_supply(told, "voltage")
        assert str(caught.error).startswith("voltage"), told
    supply_form.check_supply({"phases": 3, "waves": [{"mv": 1}, {}, {"mhz": 49000}]}, "voltage")
    supply_form.check_supply({"sampler": "replay", "path": "x", "loop": True}, "voltage")


def test_an_electricity_meter_refuses_what_cannot_be():
    link = Link("esme")
    assert refuse_all(link, ("voltage", "prepayment") if SMALL else ()) >= {"draw", "energy"}


def test_one_wrong_member_leaves_the_others_alone():
    link = Link("esme")
    before = link.told()
    rest = ({"prepayment": {"balance": 5, "mode": "free"}}, {"voltage": {"waves": [{}, {}]}})
    for other in ({"draw": "x"}, {"colour": 1}) + (() if SMALL else rest):
        for value in ({"energy": {"secondary": 5}}, {"draw": 500}):
            document = dict(value)
            document.update(other)
            event, text = link.ask("SET", document)
            assert event == "LOG:ERROR", text
            assert link.told() == before, text
            assert link.device.feature("register").draw == 0
    event, text = link.ask("SET", {"colour": 1})
    known = "chf, draw, energy, faulty, hub, prepayment, privacy_pin, voltage"
    assert text == "colour: not of the inputs here: " + known
