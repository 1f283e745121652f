# engines: cpython unix
# A state that is refused changes nothing. Files of their own have other roles.
from refused_states import try_every_place
from testkit import tmpdir

from smets import devices
from smets.ports.store import Store

TENANCY = {"0x0708": {"0x0000": {"type": "0xE2", "value": 1000}}}
STAMP = {"source": "GSME", "time": "2026-05-01T09:30:00Z", "status": "reliable"}


def test_gas_proxy():
    device = devices.build("gpf", Store(tmpdir()))
    try_every_place(device, attributes=TENANCY, more={"stamp": STAMP})


def test_gas_meter_and_hub():
    for role in ("gsme", "chf"):
        try_every_place(devices.build(role, Store(tmpdir())), role == "gsme")
