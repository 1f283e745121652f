# Alerts of a gas meter in GBZ: profile, whether something follows, code, time (alerts.md 2); and
# which events a supplier has switched on (GCS20).
from smets import clock
from smets.compat import const
from smets.zcl import commands
from smets.zcl.clusters import DEVICE_MANAGEMENT

_CRITICAL = const(0x1000)  # message codes
_NON_CRITICAL = const(0x1001)
# Bits of the behaviour of an event.
_LOG = const(0x03)
_WAN = const(0x08)
# Codes that a meter can neither log nor tell the WAN; all others of 81nn can do both.
_NOT_LOGGED = (0x810D, 0x810E, 0x8119)
_PROFILE = b"\x01\x09"


def body(code: int, seconds: int, told: bytes = b"") -> bytes:
    """The payload of an alert of UTC `seconds`; `told` is what follows the time."""
    head = _PROFILE + (b"\x01" if told else b"\x00")
    return head + code.to_bytes(2, "big") + seconds.to_bytes(4, "big") + told


def critical(device, code: int, role: str = "supplier"):
    """Tell a role a critical code now, without more; nothing where there is no such party."""
    party = device.keys.first(role) if device.keys else None
    if party is None:
        return
    own = device.clock
    seconds = clock.UTC_INVALID if own.status == clock.INVALID else own.seconds
    device.alert(code, seconds, party.id, _CRITICAL, body(code, seconds))


def tell(device, code: int):
    """Log an event now and tell the supplier, as far as it is switched on; project-choice.

    Of a new meter all is switched on that an event can do. Alternative: all is off.
    """
    if code >> 8 == 0x8F:
        critical(device, code)
        return
    switched = _switched(device, code)
    if switched & _LOG and code not in _NOT_LOGGED:
        device.feature("event_log").enter(code)
    party = device.keys.first("supplier") if device.keys else None
    if switched & _WAN and party is not None:
        own = device.clock
        seconds = clock.UTC_INVALID if own.status == clock.INVALID else own.seconds
        device.alert(code, seconds, party.id, _NON_CRITICAL, body(code, seconds))


def _switched(device, code: int) -> int:
    """The behaviour of an event that a supplier has set; of others all."""
    values = device.settings.values
    if values:
        from smets.zcl import kept

        where = kept.key(kept.PUBLISHED, DEVICE_MANAGEMENT, commands.REPORT_EVENT_CONFIGURATION)
        for rows in kept.split(values.get(where)):
            for at in range(2, len(rows), 3):
                if rows[at] | rows[at + 1] << 8 == code:
                    return rows[at + 2]
    return _LOG | _WAN
