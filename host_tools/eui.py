"""EUI-64s as people write them."""

from __future__ import annotations

import re

__all__ = ["parse_eui"]

_FORM = re.compile("(0x)?[0-9A-F]{2}([:. -]?[0-9A-F]{2}){7}", re.IGNORECASE)


def parse_eui(text: str) -> bytes:
    """The octets of an EUI-64: 16 hex digits, apart by dashes, colons, dots or blanks, or not.

    ValueError for any other text.
    """
    if not _FORM.fullmatch(text.strip()):
        raise ValueError("an EUI-64 is 16 hex digits, such as 02-53-4D-45-54-53-00-A3")
    return bytes.fromhex(re.sub("0x|[^0-9A-Fa-f]", "", text))
