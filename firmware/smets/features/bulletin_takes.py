# What a meter has told a display (bulletin.py): a price, a message, an event in words. Loaded when
# the first of them comes.
from smets.codec import DecodeError, Reader
from smets.features import money
from smets.features.readings import ACTIVE_PRICE, RATE
from smets.features.tenancy.cleared import GAS, MESSAGES, SHARED
from smets.ports.store_error import StoreError
from smets.zcl import clusters, commands

# project-choice: what a display says of an event of the meter. Alternative: its code.
_EVENTS = """
810D Credit is low
8119 Emergency credit is available
8168 The supply is armed: emergency credit is available
81AA Emergency credit is used up
81AB Emergency credit is in use
81C4 The keypad is locked
8F33 Too much power was used: the supply was interrupted
8F34 The supply is back
"""


def text_of(code: int, fuel: int) -> bytes:
    """What a display says of an event of a meter; nothing for others."""
    at = _EVENTS.find("\n%04X " % code)
    if at < 0:
        return b""
    text = _EVENTS[at + 6 : _EVENTS.find("\n", at + 1)]
    return ("Gas: " + text if fuel == GAS else text).encode()


def take(bulletin, meter, cluster: int, message) -> bool:
    """Take a frame of a server; False where it tells nothing of that."""
    reader = Reader(message.payload)
    device = bulletin.device
    try:
        if cluster == clusters.PRICE and message.command == commands.PUBLISH_PRICE:
            _price(device, meter, reader)
        elif cluster == clusters.MESSAGING and message.command == commands.DISPLAY_MESSAGE:
            _message(bulletin, meter.fuel, reader)
        elif cluster == clusters.EVENTS and message.command == commands.PUBLISH_EVENT:
            _event(device, meter.fuel, reader)
        else:
            return False
    except DecodeError:
        device.ignore("malformed")
    return True


def _price(device, meter, reader):
    reader.skip(4, "provider")
    name = bytes(reader.view(reader.u8("label length"), "label"))
    reader.skip(4 + 4 + 1 + 2, "issuer event, time, unit, currency")
    digits = reader.u8("digits")
    reader.u8("tiers")
    start = reader.le(4, "start")
    reader.skip(2, "duration")
    price = reader.le(4, "price")
    own = device.clock.utc()
    if own is not None and start > own:
        return  # a price to come
    price -= price >> 31 << 32
    now = device.clock.seconds
    meter.readings.take(clusters.PRICE, ACTIVE_PRICE, money.priced(price, digits), now)
    meter.readings.take(clusters.PRICE, RATE, name, now)


def _message(bulletin, fuel: int, reader):
    number = reader.le(4, "number")
    reader.u8("control")
    start = reader.le(4, "start")
    reader.skip(2, "duration")
    text = bytes(reader.view(reader.u8("length"), "message"))
    told = (number, start, text)
    if told != bulletin.last.get(fuel) and _put(bulletin.device, start, text):
        bulletin.last[fuel] = told


def _event(device, fuel: int, reader):
    reader.u8("log")
    text = text_of(reader.le(2, "code"), fuel)
    if text:
        _put(device, reader.le(4, "time"), text)


def _put(device, when: int, text: bytes) -> bool:
    entries = device.feature("tenancy_display").vault.entries
    own = device.clock.utc()
    try:
        held = entries.get(SHARED, MESSAGES)
        if not when:  # from when it comes on, once
            if own is None:
                return False
            if any(entry[1] == text for entry in held):
                return True
            when = own
        return (when, text) in held or entries.put(SHARED, MESSAGES, when, text)
    except StoreError:
        return False  # it is asked for again
