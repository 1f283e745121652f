"""Test tokens (UTRN) for a prepayment meter, as `features/prepayment/policy.py` documents them.

They are of this project's own making, because the token cryptography of GBCS was not to be had:
a real meter takes none of them.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.gbcs import crypto
from host_tools.keys import Parties

__all__ = ["COUNTER_MAX", "TokenError", "grouped", "make_token", "pennies_of", "token_for"]

COUNTER_MAX: Final = 0xFFFF
_KIND: Final = 0x54  # the octet of the key derivation that is a token's
_STEPS: Final = (1, 10, 100)  # pennies of one step, by value class
_VALUE_MAX: Final = 0x1FFF


class TokenError(ValueError):
    """A value or counter that no token can hold."""


def pennies_of(text: str) -> int:
    """Pounds such as "10", "10.50" or "£10.50" as pennies; TokenError."""
    try:
        pennies = Decimal(text.strip().removeprefix("£")) * 100
    except InvalidOperation:
        raise TokenError(f"{text}: not an amount in pounds") from None
    if not pennies.is_finite() or pennies != pennies.to_integral_value() or pennies <= 0:
        raise TokenError(f"{text}: an amount is whole pennies, above nothing")
    return int(pennies)


def make_token(
    pennies: int, counter: int, secret: bytes, supplier: bytes, meter: bytes, kind: int = -1
) -> str:
    """The 20 digits worth `pennies`; `secret` is the ECDH secret of supplier and meter.

    `kind` is the value class, by default the finest that holds the value. TokenError.
    """
    kinds = range(len(_STEPS)) if kind < 0 else (kind,)
    for number in kinds:
        steps, rest = divmod(pennies, _STEPS[number])
        if not rest and 0 < steps <= _VALUE_MAX:
            break
    else:
        raise TokenError(f"{pennies / 100:.2f} pounds fit no token")
    if not 0 <= counter <= COUNTER_MAX:
        raise TokenError(f"counter {counter}: from 0 to {COUNTER_MAX}")
    head = (number << 29 | steps << 16 | counter).to_bytes(4, "big")
    key = crypto.derive_key(secret, supplier, _KIND, 0, meter)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(supplier + bytes(4))).encryptor()
    encryptor.authenticate_additional_data(head)
    encryptor.finalize()
    digits = f"{int.from_bytes(head + encryptor.tag[:4], 'big'):019d}"
    return digits + str(_check_digit(digits))


def _check_digit(digits: str) -> int:
    """Luhn: every second digit from the right is doubled."""
    total = 0
    for index, digit in enumerate(map(int, reversed(digits))):
        total += sum(divmod(2 * digit, 10)) if index % 2 == 0 else digit
    return -total % 10


def token_for(parties: Parties, meter: bytes, pennies: int, counter: int) -> str:
    """A token of the supplier of a home for one of its meters; KeyError, TokenError."""
    supplier = parties.party("supplier")
    secret = crypto.shared_secret(supplier.ka_private, parties.device(meter).ka_public)
    return make_token(pennies, counter, secret, supplier.id, meter)


def grouped(digits: str) -> str:
    """20 digits as a person types them: five groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
