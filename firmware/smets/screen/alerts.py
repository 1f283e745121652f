# Matters for a person's attention: found in a view, the most urgent first, and put into words.
from smets import clock
from smets.compat import const
from smets.features.tenancy.machine import PENDING
from smets.screen import view
from smets.screen.canvas import AMBER, RED

SUPPLY_OFF = const(0)
EXHAUSTED = const(1)
IN_EMERGENCY = const(2)
LOW_CREDIT = const(3)
LINK_LOST = const(4)
SEARCHING = const(5)
CLOCK = const(6)
TENANCY_AHEAD = const(7)

# Bits of CreditStatus (SE prepayment cluster, 0x0003).
_LOW = const(0x02)
_AVAILABLE = const(0x08)
_SELECTED = const(0x10)
_IN_USE = const(0x20)
_EXHAUSTED = const(0x40)

FUELS = ("Electricity", "Gas")

# Wordings, each shorter than the one before, and a colour.
_WORDS = {
    SUPPLY_OFF: (("%s supply is off", "%s supply off"), RED),
    EXHAUSTED: (("%s: no credit left", "%s: no credit"), RED),
    IN_EMERGENCY: (("Emergency credit in use", "Emergency credit"), AMBER),
    LOW_CREDIT: (("%s credit is low", "%s credit low"), AMBER),
    LINK_LOST: (("%s meter: link lost", "%s: link lost"), RED),
    SEARCHING: (("Searching for the meter", "Searching for meter"), AMBER),
    CLOCK: (("The time is not reliable", "Time not reliable"), AMBER),
    TENANCY_AHEAD: (("New tenancy to come", "New tenancy"), AMBER),
}


def _has(fuel, bit: int) -> bool:
    return fuel.credit is not None and bool(fuel.credit & bit)


def emergency_available(fuel) -> bool:
    """Whether emergency credit may be activated, and is not in use."""
    return _has(fuel, _AVAILABLE) and not _has(fuel, _IN_USE)


def emergency_selected(fuel) -> bool:
    """Whether emergency credit was activated."""
    return _has(fuel, _SELECTED) or _has(fuel, _IN_USE)


def of_credit(fuel):
    """The alert of a meter's supply and credit, or None."""
    if fuel.supply == 0:
        return SUPPLY_OFF
    for bit, kind in ((_EXHAUSTED, EXHAUSTED), (_IN_USE, IN_EMERGENCY), (_LOW, LOW_CREDIT)):
        if _has(fuel, bit):
            return kind
    return None


def find(shown) -> list:
    """(kind, fuel or None) of all alerts of a view, the most urgent first."""
    found = []
    for fuel in shown.paired():
        kind = of_credit(fuel)
        if kind is not None:
            found.append((kind, fuel))
        if fuel.link == view.LOST:
            found.append((LINK_LOST, fuel))
        if fuel.link == view.SEARCHING:
            found.append((SEARCHING, fuel))
        if fuel.tenancy == PENDING:
            found.append((TENANCY_AHEAD, fuel))
    if shown.clock_status != clock.RELIABLE and shown.paired():
        found.append((CLOCK, None))
    # MicroPython's sort is not stable: the fuel decides among alerts of a kind.
    return sorted(found, key=lambda alert: 4 * alert[0] + (alert[1].fuel if alert[1] else 0))


def wording(shown, kind: int, fuel) -> tuple:
    """(wordings, colour) of an alert."""
    wordings, colour = _WORDS[kind]
    if kind == CLOCK and shown.utc is None:
        wordings = ("Waiting for the time",)
    if "%s" in wordings[0]:
        wordings = [words % FUELS[fuel.fuel] for words in wordings]
    return wordings, colour
