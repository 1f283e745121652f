# What a proxy tells of what it has tapped off, beside calendars: the active price of gas, and the
# last message to the household. Loaded when somebody asks.
from smets import clock
from smets.compat import const
from smets.features.gas.tariff import Tariff
from smets.features.gas_effects import SINCE
from smets.zcl import attributes, commands, frame, kept
from smets.zcl.clusters import MESSAGING, METERING, PRICE
from smets.zcl.published_price import publish_price

_NO_PRICE = 0xFFFFFFFF
_NEXT = const(0x10)  # from the price of a tier to that of the next
_BLOCKS = const(4)
_FOR_EVER = const(0xFFFF)  # minutes


def execute(device, call):
    """GetCurrentPrice and GetLastMessage: payloads, a status, or None where a state tells it."""
    if call.cluster == PRICE:
        if (PRICE, commands.PUBLISH_PRICE) in device.zcl.published:
            return None
        call.reply_command = commands.PUBLISH_PRICE
        return _price(device) or frame.NOT_FOUND
    call.reply_command = commands.DISPLAY_MESSAGE
    return _message(device) or frame.NOT_FOUND


def _label(number: int) -> bytes:
    """The label of a tier or block; project-choice: no use case sets one. Alternative: none."""
    return b"Rate %d" % number


def _block(device, tariff) -> int:
    """The block that is counted, from 0, by the counters that the meter reported last."""
    used = 0
    for index in range(_BLOCKS):
        place = attributes.CURRENT_NO_TIER_BLOCK1_SUMMATION_DELIVERED + index
        used += device.zcl.get(METERING, place) or 0
    return len([limit for limit in tariff.limits() if used >= limit])


def _price(device):
    """PublishPrice of now; None without a clock, or a price."""
    own = device.clock
    if own.status == clock.INVALID:
        return None
    tariff = Tariff(device)
    until = tariff.begin(own.seconds)
    number = tariff.tier
    place = attributes.TIER1_BLOCK1_PRICE + _NEXT * (number - 1)
    if tariff.blocks:
        number = 1 + _block(device, tariff)
        place = attributes.NO_TIER_BLOCK1_PRICE + number - 1
    price = device.zcl.get(PRICE, place)
    if price is None or price == _NO_PRICE:
        return None
    currency = device.zcl.get(PRICE, attributes.CURRENCY) or 0
    digits = device.zcl.get(PRICE, attributes.PRICE_TRAILING_DIGIT) or 0
    span = (own.seconds, (until - own.seconds + 59) // 60)
    return [publish_price(_label(number), own.seconds, (currency, digits), number, span, price)]


def _message(device):
    """DisplayMessage as it was sent, while it holds; project-choice.

    One that begins "now" holds for its duration from when it passed, or until it is replaced where
    no clock told that; it has no time in its octets, and is hidden by any change of tenancy.
    Alternative: one that passed after the change is told.
    """
    payload = device.settings.values.get(
        kept.key(kept.COMMAND, MESSAGING, commands.DISPLAY_MESSAGE)
    )
    own = device.clock
    if payload is None or own.status == clock.INVALID:
        return None
    start = int.from_bytes(payload[5:9], "little")
    minutes = payload[9] | payload[10] << 8
    if start < device.registry.hidden_before():
        return None
    begin = start or int.from_bytes(device.settings.values.get(SINCE) or b"", "big")
    if begin and minutes != _FOR_EVER and begin + 60 * minutes <= own.seconds:
        return None
    return [bytes(payload)]
