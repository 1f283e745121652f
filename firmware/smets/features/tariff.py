# The tariff of an electricity meter: at which rate energy is counted and what it costs
# (meter.md B.2 to B.4); switching.py reads the tables, once there are some.
from smets import clock
from smets.dlms import objects
from smets.features.feature import Feature
from smets.features.quantities import BLOCKS, GROUP, RATES
from smets.zcl import block_attributes, types
from smets.zcl.clusters import METERING

_PRICE = objects.key("3/0-0:94.44.1.7/2")
_SECOND_PRICE = objects.key("3/0-0:94.44.1.8/2")
_SEASONS = "20/0-0:13.0.%d.255/3"
_UNIT_CHARGE = "113/0-0:19.20.0.255/5"
_SECOND_CHARGE = "113/0-0:19.20.5.255/5"
_STANDING_CHARGE = "113/0-0:19.20.4.255/5"
_THRESHOLDS = "21/0-0:16.0.1%d.255/2"
_RANDOM, _LIMIT = "1/0-0:94.44.0.2/2", "1/0-0:94.44.0.1/2"
_OFFSET_KEY, _RANDOM_KEY = objects.key("1/0-0:94.44.0.0/2"), objects.key(_RANDOM)
_BLOCK_RATES = 100  # selectors from 101 on: rates with blocks


class Tariff(Feature, objects.Served):
    """The rate that holds, by the calendar that is active; without one the first rate."""

    objects = (
        "3/0-0:94.44.1.7/2",
        "3/0-0:94.44.1.8/2",
        "1/0-0:94.44.0.0/2",
        "1/0-0:94.44.0.2/2",
    )
    # project-choice: the home reads what the block counter of the rate that holds has counted, and
    # its block, by the attributes of the standard. Alternative: the registers of blocks alone.
    attributes = {
        METERING: (
            block_attributes.CURRENT_BLOCK_PERIOD_CONSUMPTION_DELIVERED,
            block_attributes.CURRENT_BLOCK,
        )
    }

    def __init__(self, device):
        super().__init__(device)
        self.first = self.second = 1  # selectors of both elements
        self.cost = 0  # Wh times the price, in this half hour
        self.ended = 0  # in the half hour that ended last
        self._asked = 0  # the element whose price is asked for
        self._random = 0  # whether the offset (1) or the number (2) is asked for

    def _value(self, text: str):
        return self.device.dlms.values.get(objects.key(text))

    def _switches(self, element: int) -> bool:
        seasons = self._value(_SEASONS % element)
        return seasons is not None and len(seasons) > 2

    @property
    def active(self) -> bool:
        """Whether there is a switching table."""
        return self._switches(0)

    def _number(self, text: str, default: int) -> int:
        octets = self._value(text)
        return default if octets is None else int.from_bytes(bytes(octets[1:]), "big")

    def offset(self) -> int:
        """Seconds by which switching is late (meter.md E.4)."""
        limit = self._number(_LIMIT, 0)
        return (self._number(_RANDOM, self.random()) * limit + 5000) // 10000 if limit else 0

    def random(self) -> int:
        """The number of a meter that none was given, 1 to 10000; project-choice.

        It is made of the EUI-64, so that meters differ and each keeps its own. Alternative: 1.
        """
        return int.from_bytes(self.device.eui[-4:], "big") % 10000 + 1

    def begin(self, start: int) -> int:
        """The rates at UTC `start` hold from now on; returns until when they do at least."""
        until = clock.UTC_INVALID
        for element in (0, 1):
            selector = 1
            if self._switches(element):
                from smets.features import switching

                late = self.offset()
                found, end = switching.at(self.device.dlms.values, element, start - late)
                until = min(until, end + late)
                selector = found
            if element:
                self.second = min(max(selector, 1), 4)
            else:
                self.first = selector
        return until

    def _limits(self, rate: int) -> list:
        """The thresholds of a rate with blocks, Wh."""
        octets = self._value(_THRESHOLDS % rate)
        found = []
        if octets is not None:
            for at in range(2, len(octets) - 4, 5):
                limit = int.from_bytes(bytes(octets[at + 1 : at + 5]), "big")
                if limit != 0xFFFFFFFF:
                    found.append(limit)
        return found[:3]

    def _used(self, register, rate: int) -> int:
        """What the block counters of a rate have counted, Wh."""
        return sum([register.cell(BLOCKS + 2 * GROUP * b + GROUP + rate - 1) for b in range(4)])

    def _block(self, register, rate: int) -> tuple:
        """(block from 0, Wh until the next one or None) of a rate with blocks."""
        used = self._used(register, rate)
        block = 0
        for limit in self._limits(rate):
            if used < limit:
                return block, limit - used
            block += 1
        return block, None

    def count(self, register, energy: int):
        """Count Wh of the first element at the rate that holds."""
        rate = self.first - _BLOCK_RATES
        if not 1 <= rate <= GROUP:
            index = self.first - 1 if 1 <= self.first <= RATES else 0
            register.put(index, register.cell(index) + energy)
            self.cost += energy * self.price()
            return
        while energy:
            block, room = self._block(register, rate)
            part = energy if room is None else min(energy, room)
            self.cost += part * self._charge(_UNIT_CHARGE, 0xA0 + 0x10 * block + rate)
            for index in (0, GROUP):
                index += BLOCKS + 2 * GROUP * block + rate - 1
                register.put(index, register.cell(index) + part)
            energy -= part

    def _charge(self, text: str, index: int) -> int:
        octets = self._value(text)
        if octets is None:
            return 0
        from smets.features import switching

        return switching.charge(octets, index)

    def price(self) -> int:
        """The price of a kWh now, 10^-5 pound."""
        rate = self.first - _BLOCK_RATES
        if not 1 <= rate <= GROUP:
            return self._charge(_UNIT_CHARGE, self.first)
        block, _ = self._block(self.device.feature("register"), rate)
        return self._charge(_UNIT_CHARGE, 0xA0 + 0x10 * block + rate)

    def standing_charge(self) -> int:
        """The price of a day, 10^-5 pound."""
        return self._charge(_STANDING_CHARGE, -1)

    def half_hour(self, due: int):
        """See Feature: the price that a state told is over."""
        self.ended = self.cost
        self.cost = 0
        for element, key in enumerate((_PRICE, _SECOND_PRICE)):
            if self._switches(element):
                self.device.dlms.values.pop(key, None)

    def find(self, key: bytes, operation: str):
        """See Feature: the active price, once there is a tariff and no state has told one."""
        self._asked = int(key == _SECOND_PRICE)
        self._random = 1 if key == _OFFSET_KEY else 2 if key == _RANDOM_KEY else 0
        if key in self.device.dlms.values or operation != objects.GET:
            return None
        return self if self._random or self._switches(self._asked) else None

    def get(self, start: int, end: int):
        """See Served."""
        own = self.device.clock
        if start >= 0:
            return objects.READ_WRITE_DENIED
        if self._random:
            value = self.offset() if self._random == 1 else self.random()
            return b"\x12" + value.to_bytes(2, "big")
        if own.status != clock.INVALID:
            self.begin(own.seconds)
        price = self._charge(_SECOND_CHARGE, self.second) if self._asked else self.price()
        return b"\x06" + (price & 0xFFFFFFFF).to_bytes(4, "big")

    def attribute(self, cluster: int, attribute: int):
        """See Feature: without blocks the current one is 0, and no counter counts."""
        own = self.device.clock
        if own.status != clock.INVALID:
            self.begin(own.seconds)
        register = self.device.feature("register")
        rate = self.first - _BLOCK_RATES
        blocks = 1 <= rate <= GROUP
        if attribute == block_attributes.CURRENT_BLOCK:
            kind, value = types.ENUM8, 1 + self._block(register, rate)[0] if blocks else 0
        elif blocks:
            kind, value = types.UINT48, self._used(register, rate)
        else:
            return None
        return bytes((kind,)) + types.encode(kind, value)


FEATURE = Tariff
