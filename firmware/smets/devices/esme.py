# ESME: an electricity meter, answering DLMS use cases from its objects. It measures energy and
# voltage by half hours of UTC; on the HAN it is an energy service interface.
from smets import clock
from smets.compat import const
from smets.devices import endpoints
from smets.devices.base import Device
from smets.dlms import objects
from smets.features import event_logs
from smets.features.logs import Logs
from smets.features.tenancy_server import TenancyServer
from smets.gbcs import table_esme, use_cases
from smets.ports.store import StoreError
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

# Commands of a PPMID (features/prepayment/actions.py), and the record of the account.
_ACTIONS = (
    (clusters.PREPAYMENT, 0x00),
    (clusters.PREPAYMENT, 0x04),
    (clusters.METERING, 0x0C),
)
_ACCOUNT = "prepayment"
_DEMAND_MAX = const(0x7FFFFF)
# Between low and medium, medium and high power, in W.
_THRESHOLDS = "21/0-0:16.0.0.255/2"
# The payment mode to come (ECS02, ECS03) and the script table of the load switch (ECS42 to
# ECS44), and the token gateway (CS01a): with these a supplier makes a meter keep an account.
_MODE_NEXT = "111/0-1:19.0.0.255/2"
_SWITCH = "9/0-0:10.0.106.255/1"
_TOP_UP = "115/0-0:19.40.0.255/1"


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
        event_logs.attach(self.zcl, self._publish_events)
        self._store = store
        self._keeper = None
        self._supply = None
        self._profile_data = None
        self.dlms.finders.append(self._find)
        # Energy drawn each half hour, in register steps.
        self.draw = 0
        self._supplied = True  # whether any can be drawn
        self._prepayment = None
        for place in _ACTIONS:
            self.zcl.commands[(place[0], 0, place[1])] = self._act
        self.dlms.setters[objects.key(_MODE_NEXT)] = self._set_mode
        self.dlms.methods[objects.key(_SWITCH)] = self._switch
        self.dlms.methods[objects.key(_TOP_UP)] = self._top_up
        if self._stored_account():
            self._supplied = self.prepayment.supplied
        self.inputs = {
            "draw": self.set_draw,
            "prepayment": self.set_prepayment,
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
            self._profile_data.set_draw(self._drawn())
        return self._profile_data

    @property
    def prepayment(self):
        """The account: money, supply, what a PPMID may do (features/prepayment/meter.py)."""
        if self._prepayment is None:
            from smets.features.prepayment.meter import Prepayment

            self._prepayment = Prepayment(self, self._keep())
        return self._prepayment

    def _stored_account(self) -> bool:
        try:
            return self._store is not None and self._store.get(_ACCOUNT) is not None
        except StoreError:
            return True  # there is one, of which nothing is known

    def _keep(self):
        if self._keeper is None:
            from smets.features.keeper import Keeper

            self._keeper = Keeper(self, self._store)
        return self._keeper

    def _find(self, key):
        """What measurement or the account serves as a DLMS object."""
        if self._prepayment:
            served = self._prepayment.find(key)
            if served:
                return served
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
        self.supply_changed(self._supplied)

    def supply_changed(self, on: bool):
        """The load switch is closed now, or it is not: nothing is drawn then."""
        self._supplied = on
        if self._profile_data:
            self._profile_data.set_draw(self._drawn())
        if self.draw:
            # Even over time: twice the Wh of half an hour are the W of InstantaneousDemand.
            demand = min(2 * self._drawn(), _DEMAND_MAX)
            self.zcl.load(clusters.METERING, 0x0400, types.INT24, demand)
            self._tell_level(demand)

    def _tell_level(self, demand: int):
        """AmbientConsumptionIndicator, where the supplier has set the two thresholds (ECS34)."""
        array = self.dlms.values.get(objects.key(_THRESHOLDS))
        if array and len(array) == 12 and bytes(array[:3]) == b"\x01\x02\x06":
            low, high = (int.from_bytes(array[at : at + 4], "big") for at in (3, 8))
            level = 0 if demand < low else 1 if demand < high else 2
            self.zcl.set(clusters.METERING, 0x0207, types.ENUM8, level)

    def _drawn(self) -> int:
        return max(self.draw, 0) if self._supplied else 0

    def set_prepayment(self, description: dict):
        """Keep an account, and set members of it; see prepayment.meter.Prepayment.configure."""
        self.prepayment.configure(description)

    def _set_mode(self, data) -> int:
        return self.prepayment.remote.set(_MODE_NEXT, bytes(data))

    def _switch(self, data) -> int:
        return self.prepayment.remote.invoke(_SWITCH, bytes(data))

    def _top_up(self, data) -> int:
        return self.prepayment.remote.invoke(_TOP_UP, bytes(data))

    def _act(self, call):
        """A command of a PPMID."""
        if not call.from_han:
            return self.zcl.answer_published(call)
        return self.prepayment.actions.act(call, self.asking)

    def _publish_events(self, request):
        """What GetEventLog gives of an account's events; None without an account."""
        return self._prepayment.events.publish(request) if self._prepayment else None

    def set_energy(self, description: dict):
        """What else flows each half hour; see profile_data.ProfileData.configure."""
        self.profile_data.configure(description)

    def set_voltage(self, description: dict):
        """The supply to measure; see supply.Supply.configure."""
        self.supply.configure(description)

    def advance(self, seconds: int):
        """Let time pass; registers and logs move at each half hour of UTC."""
        before = self.clock.seconds
        for due in clock.half_hours(self.clock, seconds):
            passed = due - before
            seconds -= passed
            before = due
            self._pass(passed)
            register = self.zcl.get(clusters.METERING, 0x0000)
            drawn = self.draw if self._supplied else 0
            if self._prepayment:
                self._prepayment.half_hour(due, max(drawn, 0))
            if isinstance(register, int):
                register = (register + drawn) % (1 << 48)
                self.zcl.set(clusters.METERING, 0x0000, types.UINT48, register)
                self.logs.record(due, register)
        self._pass(seconds)

    def _pass(self, seconds: int):
        if seconds:
            self.supply.pass_time(seconds)
            self.profile_data.pass_time(seconds)
            if self._prepayment:
                self._prepayment.actions.pass_time(seconds)

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
        told: dict = {
            "register": self.zcl.get(clusters.METERING, 0x0000),
            "tenancy": self.tenancy.told(),
        }
        if self._supply:
            told["voltage"] = self._supply.summary()
        if self._prepayment:
            told["prepayment"] = self._prepayment.summary()
        return told
