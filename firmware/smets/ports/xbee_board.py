# An XBee module on a UART of this board: the link that its settings describe.
# Wiring and the settings are explained in boards/xbee3.
from binascii import unhexlify

from smets.compat import const
from smets.ports.link_xbee import XBeeLink
from smets.ports.xbee_setup import registers

_BAUDRATE = const(115200)
_RECEIVE_BUFFER = const(1024)  # octets: three of the longest frames


def open_link(settings: dict, machine) -> XBeeLink:
    """The link of a board whose UART (`machine` is the module of that name) a module is on.

    Members: `pins` (`uart`, `tx`, `rx`; `cts` and `rts` where they are wired; `baudrate`), `pan`
    and `key` in hexadecimal, `forms` (whether this module forms the network), and as XBeeLink has
    them `eui`, `peers` and `renew`. ValueError, KeyError if they make no sense.
    """
    pins = settings["pins"]
    options = {
        "baudrate": pins.get("baudrate", _BAUDRATE),
        "tx": machine.Pin(pins["tx"]),
        "rx": machine.Pin(pins["rx"]),
        "timeout": 0,
        "rxbuf": _RECEIVE_BUFFER,
    }
    if "cts" in pins:
        options["cts"] = machine.Pin(pins["cts"])
        options["rts"] = machine.Pin(pins["rts"])
        options["flow"] = machine.UART.CTS | machine.UART.RTS
    peers = settings.get("peers", {})
    return XBeeLink(
        machine.UART(pins["uart"], **options),
        registers(
            _octets(settings["pan"], 8), _octets(settings["key"], 16), settings.get("forms", False)
        ),
        _octets(settings["eui"], 8) if "eui" in settings else b"",
        {_octets(device, 8): _octets(peers[device], 8) for device in peers},
        settings.get("renew", False),
    )


def _octets(text, count):
    octets = unhexlify(text)
    if len(octets) != count:
        raise ValueError("not %d octets: %s" % (count, text))
    return octets
