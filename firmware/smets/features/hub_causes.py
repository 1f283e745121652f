# What happens to a hub from outside, as alerts to the broker (alerts.md 3, alerts.csv): to its
# sub-GHz radio, which is not simulated, and its cover. A bench names the cause (CTRL:ACT); a scan
# that a command asks for (DBCH05) is one, too.
from smets.compat import const
from smets.document import EUI
from smets.eui import parse_eui
from smets.features import hub_alerts
from smets.features.feature import Feature
from smets.features.hub_messages import text_of_octets

_CRITICAL = const(0x1000)  # message codes
_DBCH05 = const(0x010E)
_ASSESSED, _SCANS = const(0x8F28), const(0x8F27)
# Name of the cause: alert code, message code, members that it needs.
CAUSES = {
    "duty-cycle-limited": (0x8F20, 0x0110, ("eui",)),
    "duty-cycle-below-limited": (0x8F21, _CRITICAL, ()),
    "duty-cycle-critical": (0x8F22, _CRITICAL, ()),
    "duty-cycle-below-critical": (0x8F23, _CRITICAL, ()),
    "duty-cycle-regulated": (0x8F24, _CRITICAL, ()),
    "duty-cycle-below-regulated": (0x8F25, _CRITICAL, ()),
    "channel-changed": (0x8F26, 0x0111, ("channel", "reason")),
    "scan": (_SCANS, _CRITICAL, ()),
    "scan-assessed": (_ASSESSED, 0x0112, ("outcome", "origin")),
    "gas-meter-lost": (0x8F29, _CRITICAL, ()),
    "channel-kept": (0x8F2B, _CRITICAL, ()),
    "message-discarded": (0x8F2C, 0x0114, ("message",)),
    "no-capacity": (0x8F2D, 0x0115, ("eui",)),
    "cover-removed": (0x8F3F, _CRITICAL, ()),
    "magnetic-field": (0x8F75, _CRITICAL, ()),
    "other-tamper": (0x8F78, _CRITICAL, ()),
}
_TAMPERS = (0x8F3F, 0x8F75, 0x8F78)  # in the security log, too
_OCTET = (0, 0xFF)
# project-choice: what a hub says of a scan that it was asked for: outcome 00, origin 00, as in
# RTDS; then that it begins. What the values mean is not known. Alternative: nothing is told.
_ACCEPTED = {"outcome": 0, "origin": 0}


class HubCauses(Feature):
    """Tells the broker."""

    actions = {
        "cause": (
            "cause",
            {
                "name": tuple(sorted(CAUSES)),
                "eui?": EUI,
                "channel?": (0, 0xFFFFFFFF),
                "reason?": _OCTET,
                "outcome?": _OCTET,
                "origin?": _OCTET,
                "message?": text_of_octets,
            },
        )
    }
    alerts = (
        (0x8F20, 0x8F29),
        (0x8F2B, 0x8F2D),
        (_TAMPERS[0], _TAMPERS[0]),
        (_TAMPERS[1], _TAMPERS[1]),
        (_TAMPERS[2], _TAMPERS[2]),
    )

    def cause(self, told: dict):
        """{"name", and what that needs}; ValueError where something is missing, or is too much."""
        code, message, needs = CAUSES[told["name"]]
        members = set(told) - {"name"}
        if members != set(needs):
            raise ValueError("%s needs %s" % (told["name"], ", ".join(needs) or "nothing more"))
        self._tell(code, message, told)

    def _tell(self, code: int, message: int, told: dict):
        device = self.device
        if code in _TAMPERS:
            device.feature("event_log").secure(code)
        if message == _CRITICAL:
            hub_alerts.tell(device, code)
            return
        when = hub_alerts.moment(device)
        body = hub_alerts.body(code, when, 1, _told(told))
        device.alert(code, when, hub_alerts.BROKER, message, body)

    def commanded(self, code: int, done: bool):
        """See Feature: a scan was asked for (DBCH05)."""
        if code == _DBCH05 and done:
            self._tell(_ASSESSED, CAUSES["scan-assessed"][1], _ACCEPTED)
            self._tell(_SCANS, _CRITICAL, {})


def _told(told: dict) -> bytes:
    """What an alert tells beyond its code and time, in A-XDR; ValueError."""
    if "eui" in told:
        return b"\x09\x08" + parse_eui(told["eui"])
    if "channel" in told:
        channel = told["channel"].to_bytes(4, "big")
        return b"\x02\x02\x04\x20" + channel + b"\x09\x01" + bytes((told["reason"],))
    if "outcome" in told:
        return (
            b"\x02\x02\x09\x01"
            + bytes((told["outcome"],))
            + b"\x09\x01"
            + bytes((told["origin"],))
        )
    return b"\x09\x19" + _identity(bytes.fromhex(told["message"]))


def _identity(octets: bytes) -> bytes:
    """Originator, target, CRA flag and counter of a message (DBCH10)."""
    from smets.codec import DecodeError
    from smets.gbcs import message

    try:
        parsed = message.parse(octets)
    except DecodeError as error:
        raise ValueError("no message: %s" % error)
    return (bytes(parsed.originator) + bytes(parsed.target) + bytes((parsed.cra,))) + bytes(
        parsed.counter
    )


FEATURE = HubCauses
