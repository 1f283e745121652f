# engines: cpython unix
# A state that is refused changes nothing of an electricity meter's account, nor of its logs.
from refused_states import U32, log, one, try_every_place
from testkit import tmpdir

from smets import devices
from smets.ports.store import Store

ATTRIBUTES = {
    "0x0702": {"0x0014": {"type": "0x30", "value": 1}},
    "0x0705": {"0x0001": {"type": "0x2B", "value": -5}, "0x0031": {"type": "0x23", "value": 5}},
}
ACCOUNT = (
    one("112/0-0:19.10.0.255/2", "double-long", 1000),
    one("113/0-0:19.20.1.255/8", U32, 86400),
    one("113/0-0:19.20.3.255/13", "long-unsigned", 40),
    log("7/0-0:99.98.0.255/2", [U32, "long-unsigned", "octet-string"], (1, 2, "03")),
)
LOGS = (
    log("7/0-0:99.1.0.255/2", [U32, U32], (1800, 5), (3600, 6)),
    log("7/0-0:99.1.1.255/2", [U32, U32, U32], (1800, 5, 6)),
)


def test_account():
    device = devices.build("esme", Store(tmpdir()))
    device.registry.give("inputs", {"prepayment": {}})
    try_every_place(device, attributes=ATTRIBUTES, owned=ACCOUNT)
    try_every_place(device, True, owned=ACCOUNT)


def test_half_hours():
    device = devices.build("esme", Store(tmpdir()))
    try_every_place(device, owned=LOGS)
    try_every_place(device, True, owned=LOGS)
