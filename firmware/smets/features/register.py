# The import register of a simulated electricity meter: what is drawn each half hour, the demand
# that it makes, and how a display is to show that.
from smets.compat import const
from smets.dlms import objects
from smets.features.feature import Feature
from smets.zcl import attributes, types
from smets.zcl.clusters import METERING

_DEMAND_MAX = const(0x7FFFFF)
# Energy of half an hour that a bench may set, in register steps.
_DRAW = (0, 0x7FFFFFFF)
# Between low and medium, medium and high power, in W.
_THRESHOLDS = "21/0-0:16.0.0.255/2"


class Register(Feature):
    """Energy in register steps (Wh in the Profile Data Log), even over each half hour."""

    attributes = {METERING: (attributes.INSTANTANEOUS_DEMAND,)}
    inputs = {"draw": ("set_draw", _DRAW)}

    def __init__(self, device):
        super().__init__(device)
        self.draw = 0  # each half hour
        self.ended = 0  # drawn in the half hour that ended last
        self._supplied = True  # whether any can be drawn
        self._demand = None  # W, while the supply is on

    def set_draw(self, value: int):
        """Energy drawn each half hour, in register steps."""
        self.draw = value
        self.supply_changed(self._supplied)

    @property
    def drawn(self) -> int:
        """What is drawn each half hour as the supply is now."""
        return self.draw if self._supplied else 0

    def supply_changed(self, on: bool):
        """The load switch was closed or opened; while it is open nothing is drawn."""
        self._supplied = on
        profile = self.device.feature("profile_data")
        if profile:
            profile.set_draw(self.drawn)
        if self.draw:
            # Even over time: twice the Wh of half an hour are the W of InstantaneousDemand.
            self._demand = min(2 * self.draw, _DEMAND_MAX)
            self._tell_level(self._demand if on else 0)

    def _tell_level(self, demand: int):
        """AmbientConsumptionIndicator, where the supplier has set the two thresholds (ECS34)."""
        array = self.device.dlms.values.get(objects.key(_THRESHOLDS))
        if array and len(array) == 12 and bytes(array[:3]) == b"\x01\x02\x06":
            low, high = (int.from_bytes(array[at : at + 4], "big") for at in (3, 8))
            level = 0 if demand < low else 1 if demand < high else 2
            self.device.zcl.set(
                METERING, attributes.AMBIENT_CONSUMPTION_INDICATOR, types.ENUM8, level
            )

    def attribute(self, cluster: int, attribute: int):
        """See Feature: the demand is none while the supply is off."""
        if self._demand is None:
            return None
        value = self._demand if self._supplied else 0
        return bytes((types.INT24,)) + types.encode(types.INT24, value)

    def load_attribute(self, cluster: int, attribute: int, value) -> bool:
        """See Feature."""
        self._demand = value
        return True

    def half_hour(self, due: int):
        """See Feature."""
        zcl = self.device.zcl
        register = zcl.get(METERING, attributes.CURRENT_SUMMATION_DELIVERED)
        self.ended = self.draw if self._supplied else 0
        if isinstance(register, int):
            register = (register + self.ended) % (1 << 48)
            zcl.set(METERING, attributes.CURRENT_SUMMATION_DELIVERED, types.UINT48, register)
            logs = self.device.feature("logs")
            if logs:
                logs.record(due, register)

    def summary(self) -> dict:
        """See Feature."""
        return {"register": self.device.zcl.get(METERING, attributes.CURRENT_SUMMATION_DELIVERED)}


FEATURE = Register
