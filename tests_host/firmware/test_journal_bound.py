# engines: cpython unix
# A full journal. It has a file, and so a heap, of its own: a device beside it needs the room.
import gc

from test_runtime import STEPS, device, refused
from testkit import tmpdir

from smets import journal
from smets.ports.store import Store


def test_the_journal_is_bounded():
    path = tmpdir() + "/state"
    kept = journal.Journal(Store(path))
    for number in range(256):
        kept.add("STATE", {"n": number})
    assert not kept.takes("STATE", {"n": 256}) and not kept.takes("APPEND", {"n": 255})
    assert kept.takes("STATE", {"n": 255})
    kept.add("STATE", {"n": 255})
    kept = None  # a device has one journal: a small heap has no room for two full ones
    gc.collect()
    full = device("gsme", path)
    assert "FORGET first" in refused(full, "STATE", {"zcl": STEPS})
    assert full[0].device.zcl.get(0x0702, 0) == 0 and full[0].failure is None
    full = None
    gc.collect()
    numbers = [document["n"] for _, document in journal.Journal(Store(path)).replay()]
    assert numbers == list(range(256))
