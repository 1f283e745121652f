# Which panel and keys a board has: named in its device.json, checked, and opened then.
from smets.compat import const
from smets.document import ANYTHING, check, is_whole, refuse
from smets.ports.screen import ScreenError

DRIVERS = ("ssd1306", "st7789")
# A key pulls its pin low; the chip pulls it up otherwise.
KEYS = ("next", "back", "ok")

_LAST_PIN = const(63)  # the largest number that any of the chips could have
# Members of pins that are none.
_OTHERS = ("spi", "i2c", "address", "turned")


def is_pin(value, path: str):
    """The form (smets/document.py) of the number of a pin."""
    if not is_whole(value) or not 0 <= value <= _LAST_PIN:
        refuse(path, value, "the number of a pin")


def is_wired(value, path: str):
    """The form of the number of a pin that need not be wired: null then."""
    if value is not None:
        is_pin(value, path)


def open_screen(config):
    """The panel that `panel` of a device.json describes, a Screen.

    {"driver": one of DRIVERS, "pins": members as OPTIONS of its module}. DocumentError,
    ScreenError for what cannot be; ImportError where the driver is not on the board.
    """
    check(config, {"driver": DRIVERS, "pins": ANYTHING}, "panel")
    module = __import__("smets.ports.screen_" + config["driver"], None, None, ("from_config",))
    pins = config["pins"]
    check(pins, module.OPTIONS, "panel.pins")
    _take({}, pins, "panel.pins")
    try:
        return module.from_config(**pins)
    except (ValueError, OSError) as error:
        raise ScreenError("panel: this chip refuses its pins: %s" % error)


def open_keys(keys, panel):
    """The pins of the keys, to be called for their levels, in the order of KEYS.

    `keys` and `panel` are those of a device.json: {"next": 20, "back": 16, "ok": 3}.
    DocumentError, ScreenError for what cannot be, and for a pin that the panel has.
    """
    check(keys, {"next": is_pin, "back": is_pin, "ok": is_pin}, "keys")
    taken = {}
    _take(taken, panel["pins"], "panel.pins")
    _take(taken, keys, "keys")
    from machine import Pin

    try:
        return [Pin(keys[name], Pin.IN, Pin.PULL_UP) for name in KEYS]
    except (ValueError, OSError) as error:
        raise ScreenError("keys: this chip refuses its pins: %s" % error)


def _take(taken, pins, path):
    """Note which pins are taken; ScreenError for one that is already."""
    for name in pins:
        number = pins[name]
        if name in _OTHERS or number is None:
            continue
        if number in taken:
            raise ScreenError("%s.%s: pin %d is %s, too" % (path, name, number, taken[number]))
        taken[number] = path + "." + name
