# engines: cpython unix
# A replacement of the credentials of a load controller for a later time (CS02g).
from test_asn1 import (
    LOAD_CONTROLLER_BY_SUPPLIER,
    NEW_PARTY,
    SIGNING,
    Asked,
    made_certificate,
    time,
)
from test_postponed import ACCEPTED, SECONDS, WHEN, at
from vectors import SUPPLIER, h, public_of, signing_key

from smets.devices.esme import Esme
from smets.gbcs import der
from smets.gbcs.keys import Party


def test_of_a_load_controller():
    """rtds: the alert of CS02g has a message code of its own."""
    ask = Asked(Esme)
    controller = h("025ECA0000000801")
    ask.keys.add(Party(controller, "load_controller", b"", public_of(signing_key(controller))))
    new = [(SIGNING, made_certificate(NEW_PARTY, SIGNING, unit=b"08"))]
    control = der.integer(11) + der.element(0xA2, der.integer(2), h("0302 0780"))
    control += der.integer(ask.counter + 1, 0x83) + der.integer(0, 0x84)
    replacements = [
        der.sequence(item, der.sequence(der.integer(8), der.element(der.BIT_STRING, used)))
        for used, item in new
    ]
    parts = [der.sequence(control), der.sequence(*replacements)]
    parts.append(der.sequence(made_certificate(h("025ECA00000000CA"), h("0106"))))
    payload = der.sequence(*(parts + [time(WHEN)]))
    assert ask(LOAD_CONTROLLER_BY_SUPPLIER, payload) == ACCEPTED
    alerts = at(ask, SECONDS)
    assert [each[:4] for each in alerts] == [(0x8F66, SECONDS, SUPPLIER, 0x0124)]
    assert ask.keys.find(NEW_PARTY).role == "load_controller"
