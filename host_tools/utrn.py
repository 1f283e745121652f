"""Prepayment tokens (UTRN): what a supplier makes, and what 20 digits say (GBCS chapter 14).

A token is a number of 64 bits: seven zeros, ten bits of the UTRN counter, the value class (pennies
or pounds), 13 bits of value and the supplier's MAC of 32 bits. 19 decimal digits carry it, a
constant added, and a check digit follows. The MAC is that of a Command whose originator counter
is the UTRN counter, 32 zero bits behind it, under the key of the supplier's key agreement pair
for top-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.gbcs import crypto
from host_tools.keys import Parties

__all__ = [
    "COUNTER_MAX",
    "Token",
    "TokenError",
    "grouped",
    "make_token",
    "originator_counter",
    "pennies_of",
    "read_token",
    "token_for",
]

COUNTER_MAX: Final = 0xFFFFFFFF
DIGITS: Final = 20
_OFFSET: Final = 7394156990786306048
_COMMAND: Final = 1
_STEPS: Final = (1, 100)  # pennies of one step, by value class
_VALUE_MAX: Final = 0x1FFF
_PERMUTED: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_WRITTEN: Final = (1, 2, 6, 7, 5, 8, 3, 0, 9, 4)


class TokenError(ValueError):
    """A value or counter that no token can hold, or digits that are no token."""


@dataclass(frozen=True)
class Token:
    """What 20 digits say: `truncated` are the low 10 bits of the UTRN counter."""

    pennies: int
    truncated: int
    mac: bytes
    high: bytes

    def genuine(self, secret: bytes, supplier: bytes, meter: bytes, counter: int) -> bool:
        """Whether the MAC is that of a supplier, a meter and a UTRN counter."""
        return self.mac == _mac(secret, supplier, meter, counter, self.high)


def pennies_of(text: str) -> int:
    """Pounds such as "10", "10.50" or "£10.50" as pennies; TokenError."""
    try:
        pennies = Decimal(text.strip().removeprefix("£")) * 100
    except InvalidOperation:
        raise TokenError(f"{text}: not an amount in pounds") from None
    if not pennies.is_finite() or pennies != pennies.to_integral_value() or pennies <= 0:
        raise TokenError(f"{text}: an amount is whole pennies, above nothing")
    return int(pennies)


def originator_counter(counter: int) -> int:
    """The originator counter of the CS01a or CS01b that carries a token; TokenError."""
    if not 0 <= counter <= COUNTER_MAX:
        raise TokenError(f"counter {counter}: from 0 to {COUNTER_MAX}")
    return counter << 32


def make_token(
    pennies: int, counter: int, secret: bytes, supplier: bytes, meter: bytes, kind: int = -1
) -> str:
    """The 20 digits worth `pennies`.

    `secret` is the ECDH secret of the supplier's key for top-ups and the meter's key; `counter`
    the UTRN counter (32 bits); `kind` the value class, by default the finest that holds the
    value. TokenError.
    """
    originator_counter(counter)
    for number in range(len(_STEPS)) if kind < 0 else (kind,):
        steps, rest = divmod(pennies, _STEPS[number])
        if not rest and 0 <= steps <= _VALUE_MAX:
            break
    else:
        raise TokenError(f"{pennies / 100:.2f} pounds fit no token")
    high = ((counter & 0x3FF) << 15 | number << 13 | steps).to_bytes(4, "big")
    mac = _mac(secret, supplier, meter, counter, high)
    digits = str(int.from_bytes(high + mac, "big") + _OFFSET)
    return digits + str(_check_digit(digits))


def _mac(secret: bytes, supplier: bytes, meter: bytes, counter: int, high: bytes) -> bytes:
    originator = originator_counter(counter)
    key = crypto.derive_key(secret, supplier, _COMMAND, originator, meter)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(supplier + bytes(4))).encryptor()
    parts = (b"\x11", bytes(5), supplier, meter, b"\x01", originator.to_bytes(8, "big"), high)
    encryptor.authenticate_additional_data(b"".join(parts))
    encryptor.finalize()
    return encryptor.tag[12:]


def read_token(text: str) -> Token:
    """What 20 digits say, spaces between them or not; TokenError says why they are no token."""
    digits = "".join(text.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        raise TokenError(f"{text}: a UTRN has {DIGITS} digits")
    expected = _check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise TokenError(f"{text}: the check digit is {digits[-1]}, not {expected}")
    number = int(digits[:-1]) - _OFFSET
    if number < 0 or number >> 57:
        raise TokenError(f"{text}: the number is not that of a token")
    high = number >> 32
    if high >> 13 & 3 >= len(_STEPS):
        raise TokenError(f"{text}: value class {high >> 13 & 3} is reserved")
    pennies = (high & _VALUE_MAX) * _STEPS[high >> 13 & 3]
    return Token(
        pennies, high >> 15, (number & 0xFFFFFFFF).to_bytes(4, "big"), high.to_bytes(4, "big")
    )


def _check_digit(digits: str) -> int:
    """The digit behind 19: each is permuted by its place, then multiplied in a group of ten."""
    total = 0
    for index, digit in enumerate(map(int, digits)):
        for _ in range((index + 4) % 8):
            digit = _PERMUTED[digit]
        total = _product(total, digit)
    return _WRITTEN[total]


def _product(left: int, right: int) -> int:
    """In the dihedral group of order 10: 0 to 4 turn, 5 to 9 turn and mirror."""
    turned = (left - right if left > 4 else left + right) % 5
    return turned + 5 if (left > 4) != (right > 4) else turned


def token_for(parties: Parties, meter: bytes, pennies: int, counter: int) -> str:
    """A token of the supplier of a home for one of its meters; KeyError, TokenError."""
    supplier = parties.party("supplier")
    if supplier.prepayment_private is None:
        raise TokenError("the supplier has no key for top-ups (prepayment_ka_private)")
    public = parties.device(meter).ka_public
    secret = crypto.shared_secret(supplier.prepayment_private, public)
    return make_token(pennies, counter, secret, supplier.id, meter)


def grouped(digits: str) -> str:
    """20 digits as a person types them: five groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
