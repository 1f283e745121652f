# What use cases set at a gas meter, and what others read of it. What carries it out is large: it
# is loaded when the first of these commands comes (gas_configuration.py).
from smets.features.feature import Feature
from smets.zcl import frame
from smets.zcl.clusters import (
    CALENDAR,
    DEVICE_MANAGEMENT,
    MESSAGING,
    METERING,
    PREPAYMENT,
    PRICE,
)

# (cluster, direction bit, commands): those of zcl/configured.py, and those that read back.
_COMMANDS = (
    (PRICE, frame.SERVER_TO_CLIENT, b"\x01\x02\x03\x04\x05\x06\x09"),
    (PRICE, 0, b"\x0b"),
    (METERING, 0, b"\x0b\x0d\x0e"),
    (MESSAGING, frame.SERVER_TO_CLIENT, b"\x00"),
    (PREPAYMENT, 0, b"\x00\x02\x03\x05\x06\x09\x0b\x0c"),
    (CALENDAR, frame.SERVER_TO_CLIENT, b"\x00\x01\x02\x03\x04"),
    (CALENDAR, 0, b"\x01\x02\x03\x04"),
    (DEVICE_MANAGEMENT, frame.SERVER_TO_CLIENT, b"\x01\x02\x03\x04\x05\x06"),
)


class GasSettings(Feature):
    """The commands that configure a gas meter, and those that read a configuration back."""

    commands = tuple([(row[0], row[1], command) for row in _COMMANDS for command in row[2]])

    def __init__(self, device):
        super().__init__(device)
        self._configuration = None

    @property
    def configuration(self):
        """What carries the commands out (gas_configuration.Configuration)."""
        if self._configuration is None:
            from smets.features.gas_configuration import Configuration

            self._configuration = Configuration(self.device)
        return self._configuration

    def execute(self, call):
        """See Feature. A display configures nothing."""
        if call.from_han:
            return frame.UNSUP_CLUSTER_COMMAND
        return self.configuration.execute(call)


FEATURE = GasSettings
