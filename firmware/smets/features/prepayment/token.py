# Reads a UTRN: 20 digits to value, counter and supplier MAC (GBCS 4.0 chapter 14).
# The counters of the tokens that were used are remembered, so that a token counts once.
from smets.compat import const
from smets.features.prepayment import policy
from smets.features.prepayment.codes import DIGITS

# The token as a number of 64 bits: 0 (7), counter modulo 1024 (10), value class (2), value (13),
# MAC (32). 19 digits hold it, this constant added.
_OFFSET = 7394156990786306048
_BITS = const(57)
_TRUNCATED = const(0x3FF)
# Thousandths of a penny of one step of the value: pennies, pounds. Classes 2 and 3 are reserved.
_STEPS = (1000, 100000)

# The check digit: a digit is permuted by its place, then multiplied in the dihedral group of
# order 10; the last row gives the digit that is written.
_PERMUTED = b"\x01\x05\x07\x06\x02\x08\x03\x00\x09\x04"
_WRITTEN = b"\x01\x02\x06\x07\x05\x08\x03\x00\x09\x04"
_FIRST_PLACE = const(4)

_COUNTER_MAX = const(0xFFFFFFFF)


class Token:
    """A token whose form is right: `value` in thousandths of a penny, `truncated` counter."""

    def __init__(self, number: int):
        self._mac = (number & 0xFFFFFFFF).to_bytes(4, "big")
        high = number >> 32
        self._high = high.to_bytes(4, "big")
        self.truncated = high >> 15
        self.counter = -1  # the whole one, once it is known
        self.value = (high & 0x1FFF) * _STEPS[high >> 13 & 3]

    def genuine(self, secret: bytes, supplier: bytes, meter: bytes, counter: int) -> bool:
        """Whether the supplier made it for this meter with this UTRN counter (32 bits).

        `secret` is the ECDH secret of the supplier's key for top-ups and the meter's key.
        """
        # Imported when it is needed: an account alone has no use for them.
        from smets.crypto import equal
        from smets.crypto.cipher import cipher
        from smets.gbcs.message import AAD_PREFIX, COMMAND

        originator = counter.to_bytes(4, "big") + bytes(4)
        gcm = cipher(secret, supplier, COMMAND, originator, meter)
        gcm.update_aad(AAD_PREFIX)
        gcm.update_aad(supplier + meter + b"\x01" + originator + self._high)
        return equal(gcm.tag(16)[12:], self._mac)


def check_digit(digits) -> int:
    """The digit behind 19 digits (octets of ASCII)."""
    total = 0
    place = _FIRST_PLACE
    for octet in digits:
        digit = octet - 0x30
        for _ in range(place):
            digit = _PERMUTED[digit]
        place = (place + 1) & 7
        total = _product(total, digit)
    return _WRITTEN[total]


def _product(left: int, right: int) -> int:
    # In the dihedral group: 0 to 4 turn, 5 to 9 turn and mirror.
    turned = (left - right if left > 4 else left + right) % 5
    return turned + 5 if (left > 4) != (right > 4) else turned


def parse(digits):
    """The Token of 20 octets of ASCII digits; None where they are not one."""
    digits = bytes(digits)
    if len(digits) != DIGITS or any(not 0x30 <= octet <= 0x39 for octet in digits):
        return None
    if check_digit(digits[:-1]) != digits[-1] - 0x30:
        return None
    number = int(digits[:-1].decode()) - _OFFSET
    if number < 0 or number >> _BITS or number >> 45 & 3 >= len(_STEPS):
        return None
    return Token(number)


def whole_counter(truncated: int, newest: int) -> int:
    """The UTRN counter of 10 bits, `newest` being the highest one known; -1 where none fits.

    A counter from about 512 below to 512 above the highest is found (GBCS 0.8.1 table 27).
    """
    low = newest & _TRUNCATED
    counter = newest - low + truncated
    if truncated < low - 512:
        counter += 1024
    elif truncated > low + 512:
        counter -= 1024
    return counter if 0 <= counter <= _COUNTER_MAX else -1


class Used:
    """The UTRN Counter Cache: counters of the tokens that were used, in the order they came."""

    def __init__(self, octets: bytes = b""):
        """`octets` are 4 a counter, big-endian, oldest first."""
        self.octets = octets

    def __len__(self) -> int:
        return len(self.octets) // 4

    def newest(self) -> int:
        """The highest counter, 0 before the first token."""
        return max(self) if self.octets else 0

    def __iter__(self):
        for at in range(0, len(self.octets), 4):
            yield int.from_bytes(self.octets[at : at + 4], "big")

    def has(self, counter: int) -> bool:
        """Whether a counter was used, or is lower than all of a full cache."""
        if counter in self:
            return True
        return len(self) >= policy.COUNTERS_KEPT and counter < min(self)

    def add(self, counter: int):
        """Take a counter in; of a full cache the oldest entry goes."""
        octets = self.octets + counter.to_bytes(4, "big")
        self.octets = octets[-4 * policy.COUNTERS_KEPT :]
