# engines: cpython unix
# CTRL:FORGET {"store": true}: keys leave the medium. On littlefs none of their octets is left in
# any block, whenever the power goes; elsewhere files are overwritten before they are removed.
import json
import os

from test_purge_flash import Flash, cut_points, mount, unmount
from testkit import Skip, tmpdir

from smets import journal, runtime
from smets.ports import erase, files
from smets.ports.store import Store

EUI = "02534D45545300A1"
AGREEMENT = "3f" * 4 + "6b1d9ac7" * 7
SIGNING = "5e" * 4 + "92d40c8b" * 7
SHARED = "77" * 4 + "0fb9e2a4" * 7
KEYS = (
    {"device_id": EUI, "private_key": AGREEMENT},
    {"ds_private_key": SIGNING},  # so short that littlefs keeps it in the folder
    {
        "parties": [
            {"id": "02534D4554530100", "role": "supplier", "shared_secret": SHARED},
        ]
    },
)
SECRETS = (AGREEMENT, SIGNING, SHARED)
# Of each secret no piece of so many octets may be left: four of its 32.
PIECE = 8


class Flashed:
    """A device that keeps what it is told on littlefs."""

    def __enter__(self):
        self.before, files.ON_FLASH = files.ON_FLASH, True
        return self

    def __exit__(self, *details):
        files.ON_FLASH = self.before


def made(path):
    """A runtime of a gas meter over a store, and what it says."""
    said = []
    store = Store(path + "/s", path)
    return runtime.Runtime({"role": "gsme"}, said.append, store, journal.Ring(store)), said


def tell(device, verb, document):
    text = json.dumps(document)
    device[1].clear()
    device[0].line("CTRL:%s#1:%d:%s" % (verb, len(text), text))
    answer = "".join(device[1]).strip().split("\n")[-1]
    assert answer.startswith("CTRL:OK#"), answer


def load(path):
    device = made(path)
    for document in KEYS:
        tell(device, "KEYS", document)
    return device


def pieces():
    """Pieces of each secret: as it is told, in both cases of letters, and as octets."""
    for secret in SECRETS:
        for at in range(8, len(secret), PIECE):
            piece = secret[at : at + PIECE]
            yield piece.encode()
            yield piece.upper().encode()
            yield bytes.fromhex(piece)


def held(flash):
    """How many pieces of secrets the blocks of a flash hold."""
    return sum([flash.holds(piece) for piece in pieces()])


def left(path):
    """What a store holds besides an empty folder of logs."""
    names = [name for name in files.names_in(path + "/s") if name != "logs"]
    return names + os.listdir(path + "/s/logs")


def test_no_block_holds_a_key():
    """issue: private keys are overwritten on flash, those in the blocks of a folder as well."""
    with Flashed():
        flash = Flash(512, 64)
        path = mount(flash, fresh=True)
        device = load(path)
        for index in range(12):
            # What is replaced leaves earlier copies behind.
            tell(device, "KEYS", {"ds_private_key": SIGNING[:-2] + "%02x" % index})
            tell(device, "STATE", {"clock": {"time": "2022-11-01T10:00:00Z"}})
        assert held(flash) >= len(SECRETS) * 3
        tell(device, "FORGET", {"store": True})
        assert held(flash) == 0
        assert left(path) == []
        unmount()
        mount(flash)
        assert made(path)[0].session is None, "a new device"
        unmount()


def test_small_files_in_the_blocks_of_a_folder():
    """issue: a file of a hundred octets never has a block of its own."""
    with Flashed():
        flash = Flash(2048, 16)
        path = mount(flash, fresh=True)
        store = Store(path + "/s")
        for index, secret in enumerate(SECRETS):
            store.put("load.%d" % index, secret.encode())
        assert held(flash) >= len(SECRETS) * 3
        erase.forget(store)
        assert held(flash) == 0
        unmount()


def test_without_overwriting_they_stay():
    """The control of the test above; a bench of test keys saves its flash."""
    with Flashed():
        flash = Flash(512, 64)
        path = mount(flash, fresh=True)
        device = load(path)
        tell(device, "FORGET", {"store": True, "overwrite": False})
        assert left(path) == [] and held(flash) > 0
        tell(device, "FORGET", {"store": True})
        assert held(flash) == 0, "what was free before is overwritten, too"
        unmount()


def test_power_cuts():
    """The power goes at each write and erase: the keys are all there, or none is after a start."""
    with Flashed():
        flash = Flash(512, 24)
        path = mount(flash, fresh=True)
        store = Store(path + "/s")
        for index, secret in enumerate(SECRETS):
            store.put("load.%d" % index, secret.encode() * (index + 1))
        unmount()
        image = flash.image()
        seen = [0, 0]

        def run(path):
            erase.forget(Store(path + "/s"))

        def check(flash):
            names = Store(mount(flash) + "/s").names()
            assert names in ([], ["load.0", "load.1", "load.2"]), names
            assert names or not held(flash), "gone, and overwritten"
            seen[bool(names)] += 1
            unmount()

        assert cut_points(flash, image, run, check) > 100
        assert min(seen) > 0, seen


def test_a_full_flash():
    """No room for anything: keys leave it all the same."""
    with Flashed():
        flash = Flash(512, 32)
        path = mount(flash, fresh=True)
        device = load(path)
        size = 4000
        while size:
            try:
                with open(path + "/s/x%d" % size, "ab") as file:
                    file.write(b"\xa5" * size)
                size -= 0 if len(os.listdir(path + "/s")) < 8 else size
            except OSError:
                size //= 2
        assert held(flash) > 0
        tell(device, "FORGET", {"store": True})
        assert held(flash) == 0
        unmount()


def test_files_are_overwritten_before_they_go():
    """issue: on a host, too, as far as a program can. What is open still shows a file."""
    if files.ON_FLASH:
        raise Skip("a host's file system")
    path = tmpdir()
    device = load(path)
    names = [name for name in os.listdir(path + "/s") if name[0] != "~" and name != "logs"]
    os.mkdir(path + "/s/folder")
    with open(path + "/s/folder/inner", "w") as file:
        file.write(SIGNING * 100)
    opened = [open(path + "/s/" + name, "rb") for name in names + ["folder/inner"]]
    before = b"".join([file.read() for file in opened])
    assert sum([before.find(piece) >= 0 for piece in pieces()]) >= 3 * len(SECRETS)
    tell(device, "FORGET", {"store": True})
    assert os.listdir(path + "/s") == ["logs"] and left(path) == []
    after = b""
    for file in opened:
        file.seek(0)
        after += file.read()
        file.close()
    assert len(after) == len(before) and after == bytes(len(after))
