# Commands that get no answer: the security log has them, and a critical alert tells of them
# (alerts.csv). Loaded when the first one comes.
from smets import clock
from smets.codec import DecodeError
from smets.compat import const
from smets.gbcs import message, use_cases

_INTEGRITY = const(0x8F1E)  # integrity check of content or format of a command failed
_NO_AUTHORITY = const(0x8F30)  # the source does not have authority for the command
_NOT_AUTHENTIC = const(0x8F3D)  # trusted source authentication failure
_ACCESS = const(0x8F3E)  # unauthorised communication access attempted
# project-choice: reasons of gbcs.session.Refused -> the code of the alert, by the names of the
# codes; for others it is unauthorised access. The log has no entry for 8F30 and 8F3D: they are
# unauthorised access there. Alternative: 8F3E for every refusal.
REFUSED = {
    "malformed": _INTEGRITY,
    "not-permitted": _INTEGRITY,
    "role": _NO_AUTHORITY,
    "no-mac": _NOT_AUTHENTIC,
    "bad-mac": _NOT_AUTHENTIC,
    "no-signature": _NOT_AUTHENTIC,
    "bad-signature": _NOT_AUTHENTIC,
}
# Device letter -> the codes that it alerts; those that it has not are unauthorised access.
_TOLD = {
    use_cases.ESME: (_INTEGRITY, _NO_AUTHORITY, _NOT_AUTHENTIC, _ACCESS),
    use_cases.GSME: (_INTEGRITY, _NO_AUTHORITY, _ACCESS),
    use_cases.CHF: (_INTEGRITY, _ACCESS),
}
# project-choice: who is alerted is the role of the party whose command failed, as far as a
# device knows that party, else the supplier; of a hub, which has none, the broker. Alternative:
# always the supplier.
TOLD_OF = ("supplier", "access_control_broker", "wan_provider")
# project-choice: seconds in which refusals of a code are one entry in the log, and one alert to a
# role: an entry wears the flash, and an alert costs a signature. Alternative: one for each
# command.
AGAIN = const(60)


def refused(device, log, reason: str, data):
    """A command of these octets got no answer; `log` is the feature `event_log`."""
    alerted = REFUSED.get(reason, _ACCESS)
    code = alerted if alerted == _INTEGRITY else _ACCESS
    now = log.now()
    # By the time since the start: the clock may be set, or be invalid.
    if _is_due(device, log, code):
        log.secure(code, now)
    known = _TOLD.get(device.letter)
    if not known:
        return
    if alerted not in known:
        alerted = _ACCESS
    # RTDS tells the supplier of a command without authority (GCA), whoever sent it.
    role = "supplier" if alerted == _NO_AUTHORITY else _role(device, data)
    if not _is_due(device, log, (alerted, role)):
        return
    if device.letter == use_cases.GSME:
        from smets.features import gas_alert

        gas_alert.critical(device, alerted, role)
    else:
        device.alert(alerted, now or clock.UTC_INVALID, role)


def _is_due(device, log, what) -> bool:
    """Whether what is told now was not told before in AGAIN seconds; it counts as told."""
    told = log.refusals.get(what)
    if told is not None and device.uptime - told < AGAIN:
        return False
    log.refusals[what] = device.uptime
    return True


def _role(device, data) -> str:
    """The role that is told of a command."""
    try:
        party = device.keys and device.keys.find(message.parse(data).originator)
    except DecodeError:
        party = None
    roles = TOLD_OF[1:] if device.letter == use_cases.CHF else TOLD_OF
    return party.role if party and party.role in roles else roles[0]
