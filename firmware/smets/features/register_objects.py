# The registers of an electricity meter as a remote party reads them (ECS17a to ECS17e), loaded
# when they are asked for; ECS05 resets the block counters.
from smets.dlms import objects
from smets.features import quantities
from smets.ports.store_error import StoreError

_WATT_HOURS = b"\x02\x02\x0f\x00\x16\x1e"
_REACTIVE = b"\x02\x02\x0f\x00\x16\x20"
_WATTS = b"\x02\x02\x0f\x00\x16\x1b"
_RESET_COUNTERS = b"\x12\x00\x63"


class Objects(objects.Served):
    """All of them; `of` says which one is meant."""

    def __init__(self, owner):
        """`owner` is the register.Register."""
        self._owner = owner
        self._key = b""
        self._kinds = {}
        for text, kind in (
            ("1/0-0:94.44.34.1/2", "rates"),
            ("1/0-0:94.44.34.2/2", "blocks"),
            ("1/0-0:94.44.34.10/2", "total"),
            ("1/0-0:94.44.34.20/2", "power"),
            ("3/1-0:2.8.0.255/2", quantities.EXPORT),
            ("3/1-0:2.8.0.255/3", _WATT_HOURS),
            ("3/1-0:4.8.0.255/2", quantities.REACTIVE_EXPORT),
            ("3/1-0:4.8.0.255/3", _REACTIVE),
            ("9/0-0:10.0.100.255/1", "script"),
        ):
            self._kinds[objects.key(text)] = kind

    def of(self, key):
        """The object of a key."""
        self._key = bytes(key)
        return self

    def _shape(self, twin: bool) -> list:
        """What it is made of: octets, and places: of a total, ("c", first cell, how many), W."""
        kind = self._kinds[self._key]
        if kind == "total":
            first = [b"\x02\x05" if twin else b"\x02\x04", quantities.IMPORT, _WATT_HOURS]
            return first + [quantities.REACTIVE_IMPORT, _REACTIVE] + [quantities.SECONDARY] * twin
        if kind == "power":
            return [b"\x02\x03", "demand", _WATTS, "primary"]
        if kind == "rates":
            second = [b"\x01\x04", (quantities.SECOND, 4)] if twin else []
            head = b"\x02\x02\x01\x30" if twin else b"\x02\x01\x01\x30"
            return [head, (0, quantities.RATES)] + second
        if kind == "blocks":
            return [b"\x02\x01\x01\x40", (quantities.BLOCKS, 64)]
        return [kind]

    def get(self, start: int, end: int):
        """See Served."""
        if start >= 0 or self._kinds[self._key] == "script":
            return objects.READ_WRITE_DENIED
        owner = self._owner
        out = bytearray()
        for part in self._shape(owner.device.feature("profile_data").data.twin):
            if isinstance(part, bytes):
                out += part
            elif isinstance(part, tuple):
                for index in range(part[0], part[0] + part[1]):
                    out += b"\x06" + owner.matrix[4 * index : 4 * index + 4]
            elif isinstance(part, str):
                value = owner.powers()[part == "primary"]
                out += b"\x06" + (value & 0xFFFFFFFF).to_bytes(4, "big")
            else:
                out += b"\x06" + (owner.totals[part] & 0xFFFFFFFF).to_bytes(4, "big")
        return bytes(out)

    def invoke(self, data) -> int:
        """See Served: the script of the tariff that resets the block counters (ECS05)."""
        if bytes(data) != _RESET_COUNTERS:
            return objects.OTHER_REASON
        try:
            self._owner.change(quantities.reset_counters, self._owner.matrix)
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def _parse(self, value) -> list:
        """(part of the shape, number) of a value; ValueError."""
        value = bytes(value)
        twin = value[:2] in (b"\x02\x05", b"\x02\x02")
        found = []
        at = 0
        for part in self._shape(twin):
            if isinstance(part, bytes):
                if value[at : at + len(part)] != part:
                    raise ValueError("not a value of this object")
                at += len(part)
                continue
            cells = [part]
            if isinstance(part, tuple):
                cells = [(index, 1) for index in range(part[0], part[0] + part[1])]
            for cell in cells:
                if value[at : at + 1] != b"\x06" or len(value) < at + 5:
                    raise ValueError("not a value of this object")
                found.append((cell, int.from_bytes(value[at + 1 : at + 5], "big")))
                at += 5
        if at != len(value):
            raise ValueError("not a value of this object")
        for cell, number in found:
            if isinstance(cell, str) and number > 0x7FFFFF:
                raise ValueError("more W than the home can be told")
        return found

    def fits(self, value, further: bool = False):
        """See Served."""
        if self._kinds[self._key] == "script":
            raise ValueError("no such object in this device")

    def load(self, value):
        """See Served: a state with values of a second element makes the meter a twin.

        What is of another form, with other units, stands as the state has it.
        """
        owner = self._owner
        values = owner.device.dlms.values
        values.pop(self._key, None)
        try:
            found = self._parse(value)
        except ValueError:
            values[self._key] = value
            return
        if value[:2] in (b"\x02\x05", b"\x02\x02"):
            owner.device.feature("profile_data").data.be_twin(True)
        owner.change(self._put, found)

    def _put(self, found):
        owner = self._owner
        for cell, number in found:
            if isinstance(cell, tuple):
                owner.put(cell[0], number)
            elif isinstance(cell, str):
                setattr(owner, cell, number)
            else:
                owner.totals[cell] = number
