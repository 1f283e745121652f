# What an electricity meter counts: one register for each quantity and rate, which DLMS, the home,
# the logs and the account all show. Energy comes from the inputs of the bench, even over time.
# meter.md A.1; register_objects.py has what a remote party reads.
from smets import clock, record
from smets.compat import const
from smets.dlms import objects
from smets.features.counted import Counted
from smets.features.quantities import (
    BLOCKS,
    EXPORT,
    GROUP,
    IMPORT,
    QUANTITIES,
    RATES,
    SECOND,
    SECONDARY,
    SIZE,
)
from smets.zcl import attributes, block_attributes, types
from smets.zcl.clusters import METERING

# project-choice: how often the registers are kept, in seconds: a power cut loses what was counted
# since, and each write wears the flash. Alternative: kept as the supply fails, which takes a
# supply that lasts for it.
_HALF_HOUR = const(1800)
_DEMAND_MAX = const(0x7FFFFF)
# Energy of half an hour that a bench may set, Wh.
_DRAW = (0, 0x7FFFFFFF)
# Between low and medium, medium and high power, in W.
_THRESHOLDS = "21/0-0:16.0.0.255/2"
_NUMBERS = const(5)
_RECORD = record.Table(
    "registers",
    tuple([(name, record.U64, 0) for name in QUANTITIES])
    + tuple([("part_" + name, record.U16, 0) for name in QUANTITIES])
    + (
        ("matrix", record.octets(4 * SIZE), bytes(4 * SIZE)),
        ("day", record.U64, 0),
        ("demand", record.I32, 0),
        ("primary", record.I32, 0),
    ),
    "all registers begin at zero",
)
# What a new meter says of its registers: kWh, in steps of a Wh.
_SCALE = {
    attributes.UNIT_OF_MEASURE: (types.ENUM8, 0),
    attributes.MULTIPLIER: (types.UINT24, 1),
    attributes.DIVISOR: (types.UINT24, 1000),
}
# Attribute -> quantity, and the rates: every second id.
_TOTALS = {
    attributes.CURRENT_SUMMATION_DELIVERED: IMPORT,
    attributes.CURRENT_SUMMATION_RECEIVED: EXPORT,
}
_TIERS = range(
    attributes.CURRENT_TIER1_SUMMATION_DELIVERED,
    attributes.CURRENT_TIER1_SUMMATION_DELIVERED + 2 * RATES,
    2,
)
# Rates with blocks, sixteen ids apart: those of four blocks.
_BLOCK_RATES = block_attributes.CURRENT_TIER1_BLOCK1_SUMMATION_DELIVERED
_IN_BLOCKS = tuple(
    [_BLOCK_RATES + 16 * rate + block for rate in range(GROUP) for block in range(4)]
)


def _cell_of(attribute: int) -> int:
    """The register of the matrix that an attribute is."""
    if attribute < _BLOCK_RATES:
        return (attribute - _TIERS[0]) // 2
    rate, block = divmod(attribute - _BLOCK_RATES, 16)
    return BLOCKS + 2 * GROUP * block + rate


class Register(Counted):
    """Every register of the meter, kept each half hour."""

    table = _RECORD
    objects = (
        "1/0-0:94.44.34.1/2",
        "1/0-0:94.44.34.2/2",
        "1/0-0:94.44.34.10/2",
        "1/0-0:94.44.34.20/2",
        "3/1-0:2.8.0.255/2",
        "3/1-0:2.8.0.255/3",
        "3/1-0:4.8.0.255/2",
        "3/1-0:4.8.0.255/3",
        "9/0-0:10.0.100.255/1",
    )
    attributes = {
        METERING: tuple(_TOTALS)
        + tuple(_TIERS)
        + _IN_BLOCKS
        + tuple(_SCALE)
        + (attributes.INSTANTANEOUS_DEMAND,)
    }
    inputs = {"draw": ("set_draw", _DRAW)}
    records = ("registers",)

    def __init__(self, device):
        super().__init__(device)
        self.draws = [0] * _NUMBERS  # each half hour, by quantity
        self.counted = [0] * _NUMBERS  # in the stretch of time that passed last
        self.totals = [0] * _NUMBERS
        self.matrix = bytearray(4 * SIZE)
        self.demand = self.primary = 0  # W that a state has told
        self.ended = 0  # Wh imported in the half hour that ended last
        self.day = 0  # Wh imported since midnight
        self._since = 0
        self._parts = [0] * _NUMBERS  # of a Wh, in 1800ths
        self._supplied = True  # whether any can be drawn
        self._objects = None

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self._take(held)

    # --- What is kept ---------------------------------------------------------------------------

    def _values(self) -> list:
        return (
            self.totals + self._parts + [bytes(self.matrix), self.day, self.demand, self.primary]
        )

    def _take(self, values):
        self.totals = list(values[:_NUMBERS])
        self._parts = list(values[_NUMBERS : 2 * _NUMBERS])
        self.matrix = bytearray(values[2 * _NUMBERS])
        self.day, self.demand, self.primary = values[2 * _NUMBERS + 1 :]

    def cell(self, index: int) -> int:
        """A register of the matrix."""
        return int.from_bytes(self.matrix[4 * index : 4 * index + 4], "big")

    def put(self, index: int, value: int):
        """Set a register of the matrix."""
        self.matrix[4 * index : 4 * index + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")

    # --- What is drawn --------------------------------------------------------------------------

    def set_draw(self, value: int):
        """Wh imported each half hour."""
        self.draws[IMPORT] = value
        self._drawn()

    @property
    def draw(self) -> int:
        """Wh imported each half hour while the supply is on."""
        return self.draws[IMPORT]

    def configure(self, description: dict):
        """What else flows each half hour, by name (quantities.QUANTITIES)."""
        for name, value in description.items():
            self.draws[QUANTITIES.index(name)] = value
        self._drawn()

    def _drawn(self):
        self.demand = self.primary = 0  # what a state said no longer counts
        self.supply_changed(self._supplied)

    def supply_changed(self, on: bool):
        """The load switch was closed or opened; while it is open nothing is drawn."""
        self._supplied = on
        if self.draws[IMPORT] or self.draws[SECONDARY]:
            self._tell_level(self.powers()[0])

    def powers(self) -> tuple:
        """W that are imported now, and those of the first element.

        Even over time: twice the Wh of half an hour.
        """
        if not self._supplied:
            return 0, 0
        first = 2 * self.draws[IMPORT]
        both = first + 2 * self.draws[SECONDARY]
        if not both:
            return self.demand, self.primary
        return min(both, _DEMAND_MAX), min(first, _DEMAND_MAX)

    def _tell_level(self, demand: int):
        """AmbientConsumptionIndicator, where the supplier has set the two thresholds (ECS34)."""
        array = self.device.dlms.values.get(objects.key(_THRESHOLDS))
        if array and len(array) == 12 and bytes(array[:3]) == b"\x01\x02\x06":
            low, high = (int.from_bytes(array[at : at + 4], "big") for at in (3, 8))
            level = 0 if demand < low else 1 if demand < high else 2
            self.device.zcl.set(
                METERING, attributes.AMBIENT_CONSUMPTION_INDICATOR, types.ENUM8, level
            )

    # --- Time -----------------------------------------------------------------------------------

    def pass_time(self, seconds: int):
        """See Feature: count what flowed, at the rates of the tariff."""
        self.counted = [0] * _NUMBERS
        own = self.device.clock
        tariff = self.device.feature("tariff")
        dated = self.device.feature("dated")
        limit = self.device.feature("load_limit")
        timed = tariff is not None and own.status != clock.INVALID
        left = seconds
        while left > 0:
            now = own.seconds - left if timed else 0
            step = left
            if tariff is not None and timed:
                if dated:
                    dated.carry_out(now)
                    step = min(step, dated.next() - now)
                step = min(step, tariff.begin(now) - now)
            if limit:
                step = min(step, limit.begin(now))
            step = max(step, 1)
            self._count(step, tariff)
            if limit:
                limit.passed(step)
            left -= step
        self._since += self.counted[IMPORT]
        self.day += self.counted[IMPORT]
        self._unkept += seconds
        if self._unkept > _HALF_HOUR:  # no half hour comes while the clock is invalid
            self.keep()

    def _count(self, seconds: int, tariff):
        for quantity in range(_NUMBERS):
            drawn = self.draws[quantity]
            if not drawn or quantity == IMPORT and not self._supplied:
                continue
            energy, part = divmod(self._parts[quantity] + drawn * seconds, _HALF_HOUR)
            self._parts[quantity] = part
            self.totals[quantity] += energy
            self.counted[quantity] += energy
            if quantity == SECONDARY:
                index = SECOND + (tariff.second - 1 if tariff else 0)
                self.put(index, self.cell(index) + energy)
            elif quantity == IMPORT and tariff:
                tariff.count(self, energy)
            elif quantity == IMPORT:
                self.put(0, self.cell(0) + energy)

    def half_hour(self, due: int):
        """See Feature."""
        self.ended = self._since
        self._since = 0
        self.keep()
        logs = self.device.feature("logs")
        if logs:
            logs.record(due, self.totals[IMPORT])

    # --- What others read -----------------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """See Feature."""
        if operation == objects.GET and key in self.device.dlms.values:
            return None  # a state has it in another form
        if self._objects is None:
            from smets.features.register_objects import Objects

            self._objects = Objects(self)
        return self._objects.of(key)

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        if attribute in _SCALE:
            kind, value = _SCALE[attribute]
        elif attribute == attributes.INSTANTANEOUS_DEMAND:
            kind, value = types.INT24, self.powers()[0]
        elif attribute in _TOTALS:
            kind, value = types.UINT48, self.totals[_TOTALS[attribute]] % (1 << 48)
        else:
            kind, value = types.UINT48, self.cell(_cell_of(attribute))
        return bytes((kind,)) + types.encode(kind, value)

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """See Feature."""
        if attribute not in _SCALE:
            demand = attribute == attributes.INSTANTANEOUS_DEMAND
            types.encode(types.INT24 if demand else types.UINT48, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature."""
        if attribute in _SCALE:
            return False
        self.change(self._load, attribute, value)
        return True

    def _load(self, attribute: int, value: int):
        if attribute == attributes.INSTANTANEOUS_DEMAND:
            self.demand = self.primary = value
        elif attribute in _TOTALS:
            self.totals[_TOTALS[attribute]] = value
        else:
            self.put(_cell_of(attribute), value)

    def summary(self) -> dict:
        """See Feature: Wh imported."""
        return {"register": self.totals[IMPORT]}


FEATURE = Register
