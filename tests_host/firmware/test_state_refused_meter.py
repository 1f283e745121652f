# engines: cpython unix
# A state that is refused changes nothing of an electricity meter's measurement, date and register.
from refused_states import U32, log, one, try_every_place
from testkit import tmpdir

from smets import devices
from smets.ports.store import Store

ATTRIBUTES = {
    "0x0702": {
        "0x0400": {"type": "0x2A", "value": 500},
        "0x0401": {"type": "0x25", "value": 7},
    },
    "0x0708": {"0x0000": {"type": "0xE2", "value": 1000}},
}
VOLTAGE = (
    one("8/0-0:1.0.0.255/2", "octet-string", "00"),
    one("1/0-0:94.44.3.2/2", "octet-string", "07E00501FF0A000000800000"),
    one("7/1-0:32.24.0.255/4", U32, 1800),
    one("3/1-0:32.32.0.4/2", U32, 3),
    one("1/1-0:32.31.0.4/2", U32, 207),
    one("71/0-0:17.0.1.255/4", U32, 260),
    one("1/0-33:97.98.15.255/2", "bit-string", "01" * 128),
    log("7/1-0:32.24.0.255/2", [U32, U32], (1, 230), (2, 231)),
)


def test_electricity_meter():
    device = devices.build("esme", Store(tmpdir()))
    device.registry.give("inputs", {"voltage": {}})
    try_every_place(device, attributes=ATTRIBUTES, owned=VOLTAGE)
    try_every_place(device, True, owned=VOLTAGE[-2:])
