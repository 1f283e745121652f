# The registers of a gas meter: what flows is counted in the total and, by the tariff, in a tier or
# a block, over time and through power cuts; from it kWh and cost of the day. meter.md A.2, B.4.
from smets import clock, record
from smets.compat import const
from smets.features.counted import Counted
from smets.features.gas.tariff import TIERS, Tariff
from smets.zcl import attributes, types
from smets.zcl.clusters import METERING, PREPAYMENT

# project-choice: how often the registers are kept, in seconds: a power cut loses what was counted
# since, and each write wears the flash. Alternative: each pulse, which a battery does not last.
_HALF_HOUR = const(1800)

_MWH = const(1000000)  # of a kWh
_UINT24 = const(0xFFFFFF)

# The counters, in the order of the record, with the attribute of each.
_TOTAL = const(0)
_TIER = const(1)
_BLOCK = const(5)
_COUNTERS = (
    (attributes.CURRENT_SUMMATION_DELIVERED,)
    + tuple([attributes.CURRENT_TIER1_SUMMATION_DELIVERED + 2 * n for n in range(TIERS)])
    + tuple([attributes.CURRENT_NO_TIER_BLOCK1_SUMMATION_DELIVERED + n for n in range(TIERS)])
)
_REST = const(24)
_RECORD = record.Table(
    "gas-registers",
    tuple([("counter%d" % n, record.U64, 0) for n in range(len(_COUNTERS))])
    + (
        ("part", record.U16, 0),
        ("energy", record.U64, 0),
        ("cost", record.U64, 0),
        # Of a mWh: the unit may have more digits than a number of the record.
        ("energy_rest", record.octets(_REST), bytes(_REST)),
        ("energy_unit", record.octets(_REST), bytes(_REST - 1) + b"\x01"),
        ("cost_rest", record.U64, 0),
    ),
    "all registers begin at zero",
)


class GasRegister(Counted):
    """Every register of the meter, kept each half hour."""

    table = _RECORD
    attributes = {
        METERING: _COUNTERS + (attributes.CURRENT_DAY_ALTERNATIVE_CONSUMPTION_DELIVERED,),
        PREPAYMENT: (attributes.CURRENT_DAY_COST_CONSUMPTION_DELIVERED,),
    }
    inputs = {"draw": ("set_draw", (0, 0x7FFFFFFF))}
    records = ("gas-registers",)

    def __init__(self, device):
        super().__init__(device)
        self.draw = 0  # register steps that flow each half hour while the valve is open
        self.counters = [0] * len(_COUNTERS)
        self.energy = 0  # mWh since midnight
        self.cost = 0  # thousandths of a penny since midnight
        self.charged = 0  # what the half hour at hand has cost so far
        self.tariff = Tariff(device)
        self._part = 0  # of a step, in 1800ths
        self._energy_rest, self._energy_unit = 0, 1  # of a mWh
        self._cost_rest = 0  # mWh times price that is less than a thousandth of a penny

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self._take(held)

    # --- What is kept ---------------------------------------------------------------------------

    def _values(self) -> list:
        rest = [number.to_bytes(_REST, "big") for number in (self._energy_rest, self._energy_unit)]
        rest.append(self._cost_rest)
        return self.counters + [self._part, self.energy, self.cost] + rest

    def _take(self, values):
        count = len(_COUNTERS)
        self.counters = list(values[:count])
        self._part, self.energy, self.cost = values[count : count + 3]
        rest, unit, self._cost_rest = values[count + 3 :]
        self._energy_rest, self._energy_unit = [int.from_bytes(x, "big") for x in (rest, unit)]

    # --- What flows -----------------------------------------------------------------------------

    def set_draw(self, value: int):
        """Gas drawn each half hour, in register steps."""
        self.draw = value

    @property
    def flows(self) -> int:
        """Register steps each half hour now: none while the valve is not open."""
        account = self.device.feature("gas_account")
        return self.draw if account is None or account.open else 0

    def pass_time(self, seconds: int):
        """See Feature: count what flowed, as the tariff has it."""
        own = self.device.clock
        if own.status == clock.INVALID:
            self._count(seconds)
            self._unkept += seconds
            if self._unkept >= _HALF_HOUR:  # no half hour comes
                self.keep()
            return
        start = own.seconds - seconds
        dated = self.device.feature("gas_dated")
        network = self.device.feature("gas_network")
        network.carry_out(start)
        while start < own.seconds:
            dated.carry_out(start)
            end = min(own.seconds, self.tariff.begin(start), network.next())
            following = dated.next()
            if following > start:  # else it could not be done, and is tried again
                end = min(end, following)
            self._count(end - start)
            network.carry_out(end, end - start)
            start = end

    def _count(self, seconds: int):
        steps, self._part = divmod(self._part + self.flows * seconds, _HALF_HOUR)
        if not steps:
            return
        self.counters[_TOTAL] += steps
        if not self.tariff.blocks:
            self.counters[_TIER + self.tariff.tier - 1] += steps
            self._charge(steps, self.tariff.price(0))
            return
        limits = self.tariff.limits()
        while steps:
            used = sum(self.counters[_BLOCK:])
            block = len([limit for limit in limits if used >= limit])
            part = min(steps, limits[block] - used) if block < len(limits) else steps
            self.counters[_BLOCK + block] += part
            self._charge(part, self.tariff.price(block))
            steps -= part

    def _charge(self, steps: int, price: int):
        """Count energy and cost of register steps; project-choice.

        The cost of the day is that of the gas alone. Alternative: it begins with the standing
        charge, which the account is charged at midnight.
        """
        top, below = self.tariff.energy()
        if below != self._energy_unit:
            # What is left is in parts of another size now.
            self._energy_rest = self._energy_rest * below // self._energy_unit
            self._energy_unit = below
        energy, self._energy_rest = divmod(steps * top + self._energy_rest, below)
        self.energy += energy
        cost, self._cost_rest = divmod(self._cost_rest + energy * price, _MWH)
        self.cost += cost
        self.charged += cost

    def block(self) -> int:
        """The block that is counted, from 0."""
        used = sum(self.counters[_BLOCK:])
        return len([limit for limit in self.tariff.limits() if used >= limit])

    def price(self) -> int:
        """The price of a kWh now, 10^-5 pound."""
        return self.tariff.price(self.block())

    def take_charge(self) -> int:
        """What flowed since this was asked last, in thousandths of a penny."""
        charged, self.charged = self.charged, 0
        return charged

    def reset_blocks(self):
        """The block counters begin anew: a billing period has ended."""
        self.counters[_BLOCK:] = [0] * TIERS

    def half_hour(self, due: int):
        """See Feature."""
        self.keep()

    def midnight(self, due: int):
        """See Feature: a new day of kWh and cost, once the old one was reported."""
        self.energy = self.cost = 0
        self.keep()

    # --- What others read -----------------------------------------------------------------------

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        if cluster == PREPAYMENT:
            kind, value = types.UINT48, self.cost
        elif attribute in _COUNTERS:
            kind, value = types.UINT48, self.counters[_COUNTERS.index(attribute)] % (1 << 48)
        else:
            kind, value = types.UINT24, min(self.energy // _MWH, _UINT24 - 1)
        return bytes((kind,)) + types.encode(kind, value)

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """See Feature."""
        types.encode(types.UINT48, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature."""
        self.change(self._load, cluster, attribute, value)
        return True

    def _load(self, cluster: int, attribute: int, value: int):
        if cluster == PREPAYMENT:
            self.cost = value
        elif attribute in _COUNTERS:
            self.counters[_COUNTERS.index(attribute)] = value
        else:
            self.energy = value * _MWH

    def summary(self) -> dict:
        """See Feature."""
        return {"register": self.counters[_TOTAL]}


FEATURE = GasRegister
