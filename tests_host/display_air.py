# Displays and real meter roles on one simulated air, for the tests of a display.
from binascii import hexlify
from binascii import unhexlify as h

from testkit import tmpdir

from smets import clock
from smets.devices import build
from smets.devices.base import Device
from smets.ports.store import Store
from smets.zcl import clusters, types

START = clock.to_seconds(2022, 11, 1, 10, 10, 0)
DAY = 86400
EUIS = {
    "esme": h("02534D45545300A0"),
    "gsme": h("02534D45545300A1"),
    "gpf": h("02534D45545300A3"),
    "ihd": h("02534D45545300B0"),
    "ppmid": h("02534D45545300A4"),
}


class Electricity(Device):
    """The HAN side of an electricity meter: the whole role would not fit beside the others."""

    name = "ESME"
    features = ("tenancy", "logs")
    endpoints = {
        1: (0x0500, (clusters.METERING, clusters.PREPAYMENT, clusters.DEVICE_MANAGEMENT), ())
    }

    def advance(self, seconds):
        for due in clock.half_hours(self.clock, seconds):
            register = self.zcl.get(clusters.METERING, 0x0000) + 7
            self.zcl.set(clusters.METERING, 0x0000, types.UINT48, register)
            self.feature("logs").record(due, register)


class Air:
    """Carries frames between devices at once; `lost` says which ones are not carried."""

    def __init__(self, display="ihd", path=None):
        self.path = path or tmpdir()
        self.devices = {}
        self.lost = lambda frame: False
        for role in ("esme", "gsme", "gpf"):
            device = self.add(role)
            device.clock.set(START, clock.RELIABLE)
            for attribute, type_id, value in (
                (0x0000, types.UINT48, 1000),
                (0x0300, types.ENUM8, 1),
                (0x0301, types.UINT24, 1),
                (0x0302, types.UINT24, 1000),
            ):
                if role != "gpf":
                    device.zcl.load(clusters.METERING, attribute, type_id, value)
        self.devices["gsme"].registry.give("inputs", {"gpf": hexlify(EUIS["gpf"]).decode()})
        self.devices["gsme"].registry.give("inputs", {"draw": 5})
        self.devices["gpf"].registry.give("inputs", {"gsme": hexlify(EUIS["gsme"]).decode()})
        self.display = self.add(display)
        for fuel, role in (("electricity", "esme"), ("gas", "gpf")):
            self.pair(fuel, role)
        self.settle()

    def pair(self, fuel, role):
        eui = hexlify(EUIS[role]).decode()
        self.display.registry.give("inputs", {"pair": {"fuel": fuel, "eui": eui}})

    def add(self, role):
        store = Store(self.path + "/" + role) if role in ("ihd", "ppmid") else None
        device = Electricity() if role == "esme" else build(role, store)
        device.eui = EUIS[role]
        self.devices[role] = device
        return device

    def settle(self):
        busy = True
        while busy:
            busy = False
            for device in list(self.devices.values()):
                while device.outbox:
                    busy = True
                    frame = device.outbox.pop(0)
                    if self.lost(frame):
                        continue
                    for other in self.devices.values():
                        if other.eui == frame.destination:
                            other.receive(frame)

    def run(self, seconds, step=300):
        while seconds > 0:
            passed = min(step, seconds)
            seconds -= passed
            for device in self.devices.values():
                device.advance(passed)
            self.settle()

    def vault(self):
        return self.display.feature("tenancy_display").vault

    def fuel(self, name):
        return self.display.summary()[name]

    def set_dates(self, date):
        for role in ("esme", "gpf"):
            self.devices[role].feature("tenancy").put(date, 0x200)
