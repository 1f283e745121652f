# engines: cpython unix
# A state that is refused changes nothing of a display.
from refused_states import try_every_place
from testkit import tmpdir

from smets import devices
from smets.ports.store import Store


def test_displays():
    for role in ("ihd", "ppmid"):
        try_every_place(devices.build(role, Store(tmpdir())))
