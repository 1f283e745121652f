# Reads a UTRN: 20 digits to value, counter and tag; see policy.token_tag for what it is made of.
# The counters that were used are remembered, so that a token counts once.
from smets.crypto import equal
from smets.features.prepayment import policy
from smets.features.prepayment.codes import DIGITS


class Token:
    """A token whose form is right: `value` in thousandths of a penny, `head` and `tag` octets."""

    def __init__(self, number: int):
        self.tag = (number & 0xFFFFFFFF).to_bytes(4, "big")
        head = number >> 32
        self.head = head.to_bytes(4, "big")
        self.counter = head & 0xFFFF
        self.value = (head >> 16 & 0x1FFF) * policy.VALUE_STEPS[head >> 29]

    def genuine(self, secret: bytes, supplier: bytes, meter: bytes) -> bool:
        """Whether the holder of the supplier's key made it for this meter."""
        return equal(policy.token_tag(secret, supplier, meter, self.head), self.tag)


def check_digit(digits) -> int:
    """The Luhn digit behind digits (octets of ASCII)."""
    total = 0
    for index in range(len(digits)):
        digit = digits[len(digits) - 1 - index] - 0x30
        if not index & 1:
            digit = digit * 2 - (9 if digit > 4 else 0)
        total += digit
    return -total % 10


def parse(digits):
    """The Token of 20 octets of ASCII digits; None where they are none."""
    digits = bytes(digits)
    if len(digits) != DIGITS or any(not 0x30 <= octet <= 0x39 for octet in digits):
        return None
    if check_digit(digits[:-1]) != digits[-1] - 0x30:
        return None
    number = int(digits[:-1].decode())
    if number >> 63 or number >> 61 >= len(policy.VALUE_STEPS):
        return None
    token = Token(number)
    return token if token.value else None


def used(counters: list, counter: int) -> bool:
    """Whether a counter was used, or is older than all that a full list remembers."""
    if counter in counters:
        return True
    return len(counters) >= policy.COUNTERS_KEPT and counter < counters[0]


def remember(counters: list, counter: int):
    """Add a counter to the list, which stays sorted; the lowest gives way."""
    counters.append(counter)
    counters.sort()
    if len(counters) > policy.COUNTERS_KEPT:
        counters.pop(0)
