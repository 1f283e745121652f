# What an object of a new meter holds where nothing has set it: nothing, or a log without rows
# (meter.md (b), (c)). A line for each value; it is text, and loaded when it is asked for, to save
# memory.
from binascii import unhexlify

from smets import __version__
from smets.dlms import objects

# 13 is a log with the type of its rows; anything else is the value.
_DEFAULTS = """
7/0-0:98.1.4.255/2 1302020606
7/0-0:98.1.5.255/2 1302020606
7/0-0:98.1.8.255/2 13020706050505050505
7/0-17:99.98.2.255/2 13020406121606
7/0-0:99.98.20.255/2 1302020606
20/0-0:13.0.0.255/3 0100
20/0-0:13.0.0.255/4 0100
20/0-0:13.0.0.255/5 0100
20/0-0:13.0.1.255/3 0100
20/0-0:13.0.1.255/4 0100
20/0-0:13.0.1.255/5 0100
11/0-0:11.0.0.255/2 0100
11/0-0:11.0.1.255/2 0100
11/0-0:11.0.2.255/2 0100
11/0-0:11.0.3.255/2 0100
10/0-0:12.0.0.255/2 0100
10/0-0:12.0.1.255/2 0100
10/0-0:12.0.2.255/2 0100
22/0-0:15.0.0.255/4 0100
21/0-0:16.0.11.255/2 0100
21/0-0:16.0.12.255/2 0100
21/0-0:16.0.13.255/2 0100
21/0-0:16.0.14.255/2 0100
21/0-0:16.0.15.255/2 0100
21/0-0:16.0.16.255/2 0100
21/0-0:16.0.17.255/2 0100
21/0-0:16.0.18.255/2 0100
9000/0-0:94.44.2.0/2 03FF
113/0-0:19.20.0.255/5 020302020F030FFB020312000309060100010800FF0F020100
113/0-0:19.20.4.255/5 020302020F000FFB020312000009060000000000000F000100
113/0-0:19.20.5.255/5 020302020F030FFB020312000309060100010800FF0F020100
3/0-0:94.44.1.7/2 0600000000
3/0-0:94.44.1.7/3 02020FFB16FE
3/0-0:94.44.1.8/2 0600000000
3/0-0:94.44.1.8/3 02020FFB16FE
3/0-0:94.44.42.255/3 02020F0016FF
"""
# project-choice: what no text names of a new meter: no load limit, the supply enabled, not locked
# by tampering; all events and alerts switched on.
# Alternative: unavailable until it is set.
_CHOSEN = """
9000/0-0:94.44.0.3/2 0300
71/0-0:17.0.0.255/4 06FFFFFFFF
71/0-0:17.0.0.255/6 0600000000
71/0-0:17.0.0.255/7 0600000000
70/0-0:96.3.10.255/3 1601
1/0-0:94.44.0.4/2 0300
1/0-0:94.44.0.1/2 120000
"""


# The same of several objects: empty descriptions, configurations and states of auxiliary
# controllers, no boost, open switches.
_LIKE = (
    ("1/0-0:94.44.0.1", b"\x0a\x00"),
    ("1/0-0:94.44.0.2", b"\x09\x00"),
    ("1/0-0:94.44.0.3", b"\x0c\x00"),
    ("1/0-0:94.44.6.", b"\x03\x00"),
    ("70/0-", b"\x03\x00"),
)


# project-choice: what a meter says of itself where nobody has told it: its EUI-64, a variant, a
# model, a maker and the version of this firmware. Alternative: unavailable.
_IDENTITY = {
    "1/0-0:96.1.2.255/2": b"\x01",
    "1/0-0:96.1.4.255/2": b"smetsref",
    "1/0-0:96.1.6.255/2": b"OSS",
}


def _identity(name: str, eui: bytes):
    octets = _IDENTITY.get(name)
    if name == "1/0-0:96.1.1.255/2":
        octets = eui
    elif name == "1/0-0:0.2.1.255/2":
        octets = bytes([0] + [int(part) for part in __version__.split(".")])
    return b"\x09" + bytes((len(octets),)) + octets if octets else None


def of(object_key, eui: bytes = b""):
    """The value of an object, a Buffer for a log; None where it has none."""
    name = objects.describe(object_key)
    if name.startswith("1/0-30:97.98."):
        return b"\x04\x82\x01\x00" + b"\xff" * 32
    name = "\n" + name + " "
    for table in (_DEFAULTS, _CHOSEN):
        at = table.find(name)
        if at >= 0:
            octets = unhexlify(table[at + 1 : table.find("\n", at + 1)].split()[1])
            return objects.Buffer(octets[1:]) if octets[0] == 0x13 else octets
    for start, value in _LIKE:
        if name[1:].startswith(start):
            return value
    return _identity(name[1:-1], eui)
