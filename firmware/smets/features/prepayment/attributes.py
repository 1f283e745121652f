# The account on the HAN: attributes of Prepayment and Metering that are worked out when read.
# Their values in a state go into the account.
from smets.features.prepayment import account, served
from smets.zcl import types


class Attributes:
    """The account as attributes of the server of its device."""

    def __init__(self, owner):
        """`owner` is the Meter of the account."""
        self._owner = owner

    def adopt(self):
        """Begin with what a state has said of the account."""
        zcl = self._owner.device.zcl
        for place in served.ATTRIBUTES:
            value = zcl.get(*place)
            if value is not None:
                self._take(place, value)

    def give_up(self):
        """From now on the account answers, not a value of a state."""
        values = self._owner.device.zcl.attributes
        for cluster, attribute in served.ATTRIBUTES:
            values.get(cluster, {}).pop(attribute, None)

    def value(self, name: str) -> int:
        """A member of the account, as a table names it."""
        held = self._owner.account
        if name == "control":
            return 2 if held.prepaid else 0  # bit 1 is prepayment
        if name == "status":
            return held.status()
        return getattr(held, name)

    def octets(self, cluster: int, attribute: int) -> bytes:
        """Type octet and value octets of an attribute."""
        kind, name = served.ATTRIBUTES[(cluster, attribute)]
        value = self.value(name)
        if kind != types.INT32:
            value = max(value, 0)
        return bytes((kind,)) + types.encode(kind, value)

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

    def check(self, cluster: int, attribute: int, value: int):
        """Check an attribute of a state; ValueError."""
        name = served.ATTRIBUTES[(cluster, attribute)][1]
        fits = account.fits(name, value) if name in account.SETTABLE else True
        if not fits or name == "supply" and value < 0:
            raise ValueError("not a value of this attribute")

    def load(self, cluster: int, attribute: int, value: int):
        """Take an attribute of a state while there is an account."""
        before = self._owner.account.pack()
        self._take((cluster, attribute), value)
        self._owner.commit(before)
