# Tap-off messages: what a supplier sets at a gas meter, its proxy takes on the way, so that tariff
# and calendars are found here, too (GBCS 10.4). tapped.py, loaded with the first, does the work.
from smets import clock
from smets.features.alert_codes import TAP_FAILED
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import commands
from smets.zcl.clusters import CALENDAR, MESSAGING, PRICE


class TapOff(Feature):
    """Tells what was tapped off; holds Commands until the meter has answered."""

    commands = (
        (PRICE, 0, commands.GET_BILLING_PERIOD),
        (PRICE, 0, commands.GET_CURRENT_PRICE),
        (MESSAGING, 0, commands.GET_LAST_MESSAGE),
    ) + tuple([(CALENDAR, 0, part) for part in range(1, 5)])
    alerts = ((TAP_FAILED, TAP_FAILED),)
    records = ("tapped",)
    # Of the settings: cluster, command, sort -> what waits there for an alert of the meter.
    waits = b"W"

    def __init__(self, device):
        super().__init__(device)
        self._taps = None
        self._configuration = None
        self.since = 0  # reports of UTC before that have an older tariff than this has
        self.due = clock.UTC_INVALID  # when something that is waited for is given up

    @property
    def configuration(self):
        """What carries the commands out (gas_configuration.Configuration)."""
        if self._configuration is None:
            from smets.features.gas_configuration import Configuration

            self._configuration = Configuration(self.device)
        return self._configuration

    @property
    def _tapped(self):
        if self._taps is None:
            from smets.features.tapped import Taps

            self._taps = Taps(self)
        return self._taps

    def restore(self):
        """See Feature: what was held, or waited, when the power went."""
        store = self.device.store
        found = any(key[:1] == self.waits for key in self.device.settings.values)
        try:
            if found or store and any(name.startswith("tapped") for name in store.names()):
                self._tapped.look()
        except StoreError:
            pass  # it was reported

    def passed(self, data):
        """A message has passed between a remote party and the meter; DecodeError."""
        self._tapped.take(data)

    def tick(self):
        """See Feature."""
        own = self.device.clock
        if own.status != clock.INVALID and self.due <= own.seconds:
            self._tapped.give_up(own.seconds)

    def execute(self, call):
        """See Feature: what was set, where no state says it."""
        if not self.device.settings.values:
            return None
        if call.cluster == CALENDAR or call.request.command == commands.GET_BILLING_PERIOD:
            return self.configuration.execute(call)
        from smets.features import gas_told

        return gas_told.execute(self.device, call)

    def wait(self, place: bytes, date: int, control: int):
        """See GasDated.wait: the meter's alert carries it out."""
        self._tapped.wait(place, date, control)

    def forget(self, place: bytes):
        """See GasDated.forget."""
        if self.device.settings.get(self.waits + place) is not None:
            self.device.settings.remove(self.waits + place)


FEATURE = TapOff
