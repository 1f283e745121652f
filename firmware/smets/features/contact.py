# Whom a household calls: the supplier's name and number, as a meter tells them (meter.md E.6).
# Loaded when a meter has answered for the first time.
from smets.features.pairing import GONE
from smets.zcl import attributes
from smets.zcl.clusters import DEVICE_MANAGEMENT

_ASKED = (attributes.PROVIDER_NAME, attributes.PROVIDER_CONTACT_DETAILS)


def ask(display, meter):
    """Read name and number of a meter of a display into its readings."""
    if DEVICE_MANAGEMENT not in meter.found:
        return
    pairing = display.feature("pairing")

    def take(request, answer):
        held = pairing.answered(request, answer)
        if held is None:
            return
        for attribute, value in pairing.values(DEVICE_MANAGEMENT, answer):
            if value is GONE:
                held.readings.drop(DEVICE_MANAGEMENT, attribute)
            else:
                held.readings.take(DEVICE_MANAGEMENT, attribute, value, display.clock.seconds)

    pairing.read(meter, DEVICE_MANAGEMENT, _ASKED, take)


def of(meter) -> tuple:
    """(name, number) as texts; empty where they are not known."""
    found = []
    for attribute in _ASKED:
        octets = meter.readings.get(DEVICE_MANAGEMENT, attribute) or b""
        found.append("".join([chr(x) if 0x20 <= x < 0x7F else "?" for x in bytes(octets)]))
    return tuple(found)
