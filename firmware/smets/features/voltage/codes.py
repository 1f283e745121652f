# Alert and event codes of voltage conditions: entry and return, generic then L1, L2, L3.
# GBCS alert names; each group of four codes is consecutive.
from smets.compat import const

AVERAGE_OVER = const(0)
AVERAGE_UNDER = const(1)
# In the order of the limiter objects 0-0:17.0.1.255 to 0-0:17.0.4.255.
EXTREME_OVER = const(2)
EXTREME_UNDER = const(3)
SAG = const(4)
SWELL = const(5)

# (name, first entry code, first return code, whether it is about too much voltage)
CONDITIONS = (
    ("average RMS over voltage", 0x8002, 0x8085, True),
    ("average RMS under voltage", 0x8006, 0x8089, False),
    ("RMS extreme over voltage", 0x8020, 0x808D, True),
    ("RMS extreme under voltage", 0x8028, 0x8095, False),
    ("RMS voltage sag", 0x802C, 0x8099, False),
    ("RMS voltage swell", 0x8024, 0x8091, True),
)
# All of these codes: (first, last).
RANGES = ((0x8002, 0x8009), (0x8020, 0x802F), (0x8085, 0x809C))


def _code(first: int, phases: int, phase: int) -> int:
    from smets.features.voltage.policy import code_offset  # not for a meter that only has RANGES

    return first + code_offset(phases, phase)


def entry_code(condition: int, phases: int, phase: int) -> int:
    """Code raised when a phase (0 to 2) of a meter with `phases` phases enters a condition."""
    return _code(CONDITIONS[condition][1], phases, phase)


def return_code(condition: int, phases: int, phase: int) -> int:
    """Code raised when it is back from a condition."""
    return _code(CONDITIONS[condition][2], phases, phase)


def describe(code: int) -> str:
    """Name of a voltage code, such as "RMS voltage sag ended, L2"; empty for another code."""
    for name, entry, back, _over in CONDITIONS:
        for first, what in ((entry, ""), (back, " ended")):
            if first <= code < first + 4:
                return name + what + ("", ", L1", ", L2", ", L3")[code - first]
    return ""
