# What an electricity meter does when something happens, as one table (alerts.csv): who is alerted,
# which log says so, whether the home is told. Loaded when something happens for the first time.
from smets import clock
from smets.compat import const
from smets.dlms import objects

# Code, then S, N: an alert to the supplier, the network operator (8Fnn critical and always, the
# others as their switch says); H: an event of the home; E, C, P: event, security, power event log.
# project-choice: 8F01 and 8F33 go to the supplier: no source names a party. Alternative: they are
# logged alone.
_TABLE = """
810D SH
810E S
8119 SH
811A S
8145 E
8168 H
8183 SE
81A0 SE
81A1 SE
81A5 SE
81A6 SE
81A7 SE
81A8 SE
81A9 SE
81AA SHE
81AB SHE
81AC SE
81AD SE
81AE SE
81AF SE
81B0 SE
81B1 SE
81B2 SE
81B3 SE
81B8 SEP
81B9 SE
81BB SEP
81BC SE
81BD SE
81BE SE
81C0 SE
81C1 SE
81C4 SHE
81C5 SE
81C6 E
8F01 SE
8F0C SC
8F0F S
8F1B SC
8F30 S
8F33 SH
8F34 SNH
8F35 NP
8F36 NP
8F37 NP
8F38 NP
8F39 NP
8F3A NP
8F3B NP
8F3C NP
8F3F SC
8F43 C
8F57 P
8F58 P
8F59 P
8F5A P
8F66 E
8F67 E
8F69 S
8F72 SC
8F74 SC
8F75 SNC
8F76 SNC
8F77 SC
8F78 SC
8F83 S
"""
_ROLES = (("S", "supplier"), ("N", "network_operator"))
# Supplier's switches of the codes 81nn, as ECS25r1 reads them: bit n is the n-th from the right.
_ALERTED = "1/0-30:97.98.15.255/2"
_AT_HOME = "1/0-30:97.98.16.255/2"
_AUDIBLE = "1/0-30:97.98.17.255/2"
_LOGGED = "1/0-30:97.98.18.255/2"
_CONFIGURABLE = const(0x81)  # the upper octet of codes that the supplier switches
_SWITCHES = const(36)  # octets of a bit-string of 256


def allows(device, place: str, code: int) -> bool:
    """Whether the supplier's switch at a place lets a code pass; others than 81nn always do."""
    if code >> 8 != _CONFIGURABLE:
        return True
    bits = device.dlms.values.get(objects.key(place))
    if bits is None or len(bits) != _SWITCHES:
        return True
    return bits[-1 - ((code & 0xFF) >> 3)] >> (code & 7) & 1 == 1


def happened(device, code: int, when: int = -1, information: bytes = b"", body=None):
    """A code of the table happened at UTC `when`, now without it: log it, tell it.

    `body`, of an alert with a message code of its own: (message code, payload).
    """
    at = _TABLE.find("\n%04X " % code)
    flags = _TABLE[at + 6 : _TABLE.find("\n", at + 1)]
    own = device.clock
    if when < 0:
        when = own.seconds if own.status != clock.INVALID else 0
    log = device.feature("event_log")
    if log and "E" in flags and allows(device, _LOGGED, code):
        log.enter(code, information, when)
    if log and "C" in flags:
        log.secure(code, when)
    voltage = device.feature("voltage")
    if voltage and "P" in flags:
        try:
            voltage.measurement.events.enter(code, when)
        except OSError:
            log.storage_errors += 1
    if allows(device, _ALERTED, code):
        for flag, role in _ROLES:
            if flag in flags:
                device.alert(code, when, role, *(body or ()))
    causes = device.feature("causes")
    if causes and code >> 8 == _CONFIGURABLE and allows(device, _AUDIBLE, code):
        causes.sound(code)
    announce = device.feature("announce")
    if announce and "H" in flags and allows(device, _AT_HOME, code):
        announce.event(code, when)
