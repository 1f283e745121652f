# Power Event Log, and the switches that say which events are logged and which raise alerts.
# ESMETS 5.7.5.25 (100 entries); GBCS ECS25b, ECS25b3, ECS25r2: bit n stands for code 0x80nn.
from smets.compat import const
from smets.features.keeper import as_log
from smets.features.voltage import policy

LOG_ENTRIES = const(100)
# Octets of {double-long-unsigned time, long-unsigned code, double-long-unsigned information}.
LOG_WIDTH = const(10)
SWITCH_OCTETS = const(32)


class Switches:
    """256 switches; `octets` is their value as in GBCS, bit 0 being the least significant."""

    def __init__(self):
        self.octets = bytearray((policy.DEFAULT_SWITCH_OCTET,) * SWITCH_OCTETS)

    def apply(self, settings):
        """Set from 64 octets, Mask(256) || Actions(256): where the mask is 1 take the action."""
        if len(settings) != 2 * SWITCH_OCTETS:
            raise ValueError("length")
        octets = self.octets
        for index in range(SWITCH_OCTETS):
            mask = settings[index]
            action = settings[SWITCH_OCTETS + index]
            octets[index] = octets[index] & ~mask & 0xFF | action & mask

    def allows(self, code: int) -> bool:
        """Whether events of this code pass; one without a switch (not 0x80nn) always does."""
        if code >> 8 != 0x80:
            return True
        bit = code & 0xFF
        return self.octets[SWITCH_OCTETS - 1 - (bit >> 3)] >> (bit & 7) & 1 == 1


class PowerEvents:
    """Takes events: logs those that the log switches allow, alerts those the alert switches allow.

    `alert(code, seconds)` sends a non-critical alert to the network operator.
    """

    def __init__(self, log, alert):
        """`log` is the log (see ring), or the region that one is opened in (4,096 octets)."""
        self.log = as_log(log, LOG_ENTRIES, LOG_WIDTH)
        self.alerting = Switches()
        self.logging = Switches()
        self._alert = alert
        self._row = bytearray(LOG_WIDTH)

    def enter(self, code: int, seconds: int, information: int = policy.OTHER_INFORMATION):
        """Log an event of UTC `seconds`; OSError."""
        row = self._row
        row[0:4] = seconds.to_bytes(4, "big")
        row[4] = code >> 8
        row[5] = code & 0xFF
        row[6:10] = information.to_bytes(4, "big")
        self.log.append(row)

    def record(self, code: int, seconds: int, information: int = policy.OTHER_INFORMATION):
        """An event happened at UTC `seconds`."""
        seconds = min(seconds, policy.MAX_U32)
        try:
            if self.logging.allows(code):
                self.enter(code, seconds, information)
        finally:
            # A log that cannot be written does not silence the alert.
            if self.alerting.allows(code):
                self._alert(code, seconds)
