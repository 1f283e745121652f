# PublishPrice (ZSE 1.4, D.4.2.4.1) as meters and proxies of GB tell a price.
from smets.codec import Writer

_KWH = 0
_MOST = 15  # tier that its first field can tell
# From the alternate cost to the price control, which GB leaves out.
_UNUSED = b"\xff" + b"\xff" * 4 + b"\xff" + b"\xff" * 4 + b"\xff\xff\xff\x00\x00\x00"


def publish_price(
    name: bytes, now: int, money: tuple, tier: int, span: tuple, price: int
) -> bytes:
    """The payload: label of the tier, UTC now, (currency, PriceTrailingDigit), number of the tier.

    `span`: (UTC of its begin, minutes). `price` of a kWh; a negative one as two's complement.
    """
    writer = Writer(64 + len(name))
    writer.le(0, 4)  # provider
    writer.u8(len(name))
    writer.put(name)
    writer.le(0, 4)  # issuer event
    writer.le(now, 4)
    writer.u8(_KWH)
    writer.le(money[0], 2)
    shown = min(tier, _MOST)
    writer.u8(money[1] & 0xF0 | shown)
    writer.u8(shown)
    writer.le(span[0], 4)
    writer.le(min(span[1], 0xFFFF), 2)
    writer.le(price & 0xFFFFFFFF, 4)
    writer.put(_UNUSED)
    writer.put(bytes((max(tier - _MOST, 0),)) * 3)  # of the tiers that have more
    return bytes(writer.view())
