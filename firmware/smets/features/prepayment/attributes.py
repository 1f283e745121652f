# The account on the HAN: attributes of Prepayment and Metering that are worked out when read.
# What a state says of them goes into the account.
from smets.features.prepayment import account, served
from smets.zcl import types
from smets.zcl.clusters import METERING

_DEMAND = (METERING, 0x0400)


class Attributes:
    """Puts the account's attributes on the server of its device."""

    def __init__(self, owner):
        """`owner` is the meter's Prepayment."""
        self._owner = owner
        self._zcl = owner.device.zcl

    def adopt(self):
        """Begin with what a state has said of the account."""
        for place in served.ATTRIBUTES:
            value = self._zcl.get(*place)
            if value is not None:
                self._take(place, value)

    def serve(self):
        """Serve the attributes from now on."""
        for place in served.ATTRIBUTES:
            self._serve(place)
        self._zcl.loaders[_DEMAND] = self._serve_demand
        demand = self._zcl.get(*_DEMAND)
        if demand is not None:
            self._serve_demand(demand)

    def value(self, name: str) -> int:
        """A member of the account, as a table names it."""
        held = self._owner.account
        if name == "control":
            return 2 if held.prepaid else 0  # bit 1 is prepayment
        if name == "status":
            return held.status()
        return getattr(held, name)

    def _serve(self, place):
        kind, name = served.ATTRIBUTES[place]

        def octets():
            value = self.value(name)
            if kind != types.INT32:
                value = max(value, 0)
            return bytes((kind,)) + types.encode(kind, value)

        self._zcl.attributes.setdefault(place[0], {})[place[1]] = octets
        self._zcl.loaders[place] = lambda value: self._load(place, value)

    def _serve_demand(self, demand: int):
        """Instantaneous demand is that of the state, and none while the supply is off."""

        def octets():
            value = demand if self._owner.supplied else 0
            return bytes((types.INT24,)) + types.encode(types.INT24, value)

        self._zcl.attributes[METERING][_DEMAND[1]] = octets

    def _take(self, place, value: int):
        held = self._owner.account
        name = served.ATTRIBUTES[place][1]
        if name == "control":
            held.mode = account.PREPAYMENT if value & 2 else account.CREDIT
        elif name == "supply":
            held.supply = min(value, account.ON)
            held.cause = account.BY_SUPPLIER if value == account.OFF else 0
        elif name in account.SETTABLE and account.fits(name, value):
            setattr(held, name, value)

    def _load(self, place, value: int):
        """An attribute of a state that is loaded while the account is live."""
        if self._owner.keeper.loadable():
            before = self._owner.account.pack()
            self._take(place, value)
            self._owner.commit(before)
