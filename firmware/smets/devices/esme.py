# ESME: an electricity meter, answering DLMS use cases from its objects. It measures energy and
# voltage by half hours of UTC; on the HAN it is an energy service interface.
from smets.devices import endpoints
from smets.devices.base import Device, half_hours
from smets.features import event_logs
from smets.features.logs import Logs
from smets.features.tenancy_server import TenancyServer
from smets.gbcs import table_esme, use_cases
from smets.zcl import clusters, types

# Beginnings of the OBIS codes that measurement serves: 1-0:32, 52, 72; 0-0:17.0; the Power Event
# Log; the network operator's switches; the Profile Data Log.
_VOLTAGE = (
    b"\x01\x00\x20",
    b"\x01\x00\x34",
    b"\x01\x00\x48",
    b"\x00\x00\x11\x00",
    b"\x00\x00\x63\x62\x04",
    b"\x00\x21\x61\x62",
)
_PROFILE_DATA = b"\x00\x00\x63\x01"


class Esme(Device):
    """An electricity smart metering equipment."""

    name = "ESME"
    letter = use_cases.ESME
    tables = (table_esme.ROWS,)
    endpoints = {
        endpoints.ESI: (
            endpoints.ESI_DEVICE,
            (
                clusters.BASIC,
                clusters.PRICE,
                clusters.METERING,
                clusters.MESSAGING,
                clusters.PREPAYMENT,
                clusters.CALENDAR,
                clusters.DEVICE_MANAGEMENT,
                clusters.EVENTS,
            ),
            (),
        )
    }

    def __init__(self, store=None):
        super().__init__(store)
        self.tenancy = TenancyServer(self)
        self.logs = Logs(self, self.tenancy.hidden_before)
        event_logs.attach(self.zcl)
        self._store = store
        self._keeper = None
        self._supply = None
        self._profile_data = None
        self.dlms.finders.append(self._find)
        # Energy drawn each half hour, in register steps.
        self.draw = 0
        self.inputs = {
            "draw": self.set_draw,
            "energy": self.set_energy,
            "voltage": self.set_voltage,
        }

    # Measurement is loaded when time passes or someone asks for it: a bench that asks for a
    # tariff has other use for the memory.

    @property
    def supply(self):
        """The voltage measurement (features/voltage/supply.py)."""
        if self._supply is None:
            from smets.features.voltage.supply import Supply

            self._supply = Supply(self, self._keep())
        return self._supply

    @property
    def profile_data(self):
        """The energy of each half hour (features/profile_data.py)."""
        if self._profile_data is None:
            from smets.features.profile_data import ProfileData

            self._profile_data = ProfileData(self, self._keep())
            self._profile_data.set_draw(max(self.draw, 0))
        return self._profile_data

    def _keep(self):
        if self._keeper is None:
            from smets.features.keeper import Keeper

            self._keeper = Keeper(self, self._store)
        return self._keeper

    def _find(self, key):
        """What measurement serves as a DLMS object."""
        if key[2:6] == _PROFILE_DATA:
            return self.profile_data.find(key)
        for prefix in _VOLTAGE:
            if key[2 : 2 + len(prefix)] == prefix:
                from smets.features.voltage import objects

                return objects.find(self.supply, key)
        return None

    def set_draw(self, value: int):
        """Energy drawn each half hour, in register steps (Wh in the Profile Data Log)."""
        self.draw = int(value)
        if self._profile_data:
            self._profile_data.set_draw(max(self.draw, 0))

    def set_energy(self, description: dict):
        """What else flows each half hour; see profile_data.ProfileData.configure."""
        self.profile_data.configure(description)

    def set_voltage(self, description: dict):
        """The supply to measure; see supply.Supply.configure."""
        self.supply.configure(description)

    def advance(self, seconds: int):
        """Let time pass; registers and logs move at each half hour of UTC."""
        before = self.clock.seconds
        for due in half_hours(self.clock, seconds):
            passed = due - before
            seconds -= passed
            before = due
            self._pass(passed)
            register = self.zcl.get(clusters.METERING, 0x0000)
            if isinstance(register, int):
                register = (register + self.draw) % (1 << 48)
                self.zcl.set(clusters.METERING, 0x0000, types.UINT48, register)
                self.logs.record(due, register)
        self._pass(seconds)

    def _pass(self, seconds: int):
        if seconds:
            self.supply.pass_time(seconds)
            self.profile_data.pass_time(seconds)

    @property
    def live(self) -> bool:
        """See Device."""
        return self._supply is not None and self._supply.live

    def poll(self, ticks: int):
        """See Device."""
        if self._supply:
            self._supply.poll(ticks)

    def summary(self) -> dict:
        """See Device."""
        return {"voltage": self._supply.summary()} if self._supply else {}
