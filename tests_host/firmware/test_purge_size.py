# engines: cpython unix
# A purge of everything that a display can hold, on a flash like a Pico's: idea 42 of section G.
import os

from test_purge_flash import mount, unmount
from testkit import Skip, tmpdir

from smets.features.tenancy import cleared
from smets.features.tenancy.cleared import DAYS, ELECTRICITY, GAS, MONTHS, PROFILE, WEEKS
from smets.features.tenancy.client import TenancyClient
from smets.features.tenancy.machine import APPLIED, Tenancy
from smets.features.tenancy.vault import Vault
from smets.ports.disk import FILL_RESERVE, Disk
from smets.ports.store import Store
from smets.zcl.client import Client
from smets.zcl.han_frame import HanFrame

DAY = 86400
NOW = 9000 * DAY
DATE = NOW - 3 * DAY
ESME = 0x02534D45545300A0
BLOCK = 4096
BLOCKS = 352  # of the file system of a Pico
OLD = (0x434E5259, 0x21434E21)
NEW = (0x4B454550, 0x214B4521)
PUBLISH = b"\x09\x77\x00" + bytes(9) + DATE.to_bytes(4, "little") + b"\x00\x02\x00\x00"


class FileFlash:
    """The flash of a Pico, erasing blocks of 4 KB, in a file."""

    def __init__(self, path):
        with open(path, "wb") as file:
            for _ in range(BLOCKS):
                file.write(b"\xff" * BLOCK)
        self.file = open(path, "r+b")
        self.erases = 0
        self.writes = 0

    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self.writes += 1
        self.file.seek(block * BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 6:
            self.erases += 1
            self.file.seek(argument * BLOCK)
            self.file.write(b"\xff" * BLOCK)
        return {4: BLOCKS, 5: BLOCK}.get(operation, 0)

    def holds(self, octets):
        """Whether the raw memory contains these octets."""
        self.file.seek(0)
        tail = b""
        while True:
            chunk = self.file.read(BLOCK)
            if not chunk:
                return False
            if (tail + chunk).find(octets) >= 0:
                return True
            tail = chunk[1 - len(octets) :]


def _furnish(vault):
    """Full logs of both fuels, as long as the meters keep them; returns the number of buckets."""
    count = 0
    for fuel in (ELECTRICITY, GAS):
        for item, minutes in ((PROFILE, 30), (DAYS, 1440), (WEEKS, 10080), (MONTHS, 43200)):
            number = cleared.ITEMS[item][4]
            start = NOW - number * 60 * minutes
            count += vault.series.extend(
                fuel,
                item,
                (
                    (at, minutes) + (NEW if fuel == GAS or at >= DATE else OLD)
                    for at in range(start, NOW, 60 * minutes)
                ),
            )
        for item, row in enumerate(cleared.ITEMS):
            if row[1] == cleared.ENTRIES:
                scope = fuel if row[2] else cleared.SHARED
                text = b"gas entry" if scope == GAS else b"CNRY-entry"
                for index in range(row[4]):
                    assert vault.entries.put(scope, item, DATE - 100 + index, text * 10)
    return count


class Display:
    """The part of a device that the table of requests needs."""

    def __init__(self):
        self.eui = bytes(8)
        self.outbox = []

    def frame(self, payload):
        return HanFrame(ESME.to_bytes(8, "big"), self.eui, 2, 1, 0x0708, payload)


def _purge(vault, store, flash):
    """Purge electricity; returns (steps, bound, erases and writes of the longest step)."""
    done = []
    machine = Tenancy(store, vault, lambda *event: done.append(event))
    display = Display()
    table = Client(display, 1)
    client = TenancyClient(machine, table)
    client.join(0, ELECTRICITY, ESME.to_bytes(8, "big"), 2)
    machine.meter(GAS, ESME + 3)
    machine.step(NOW)
    machine.seen(GAS, 0xFFFFFFFF, 0)
    client.tick(0)
    answer = b"\x18\x01\x01\x00\x02\x00\xe2" + DATE.to_bytes(4, "little")
    answer += b"\x01\x02\x00\x1b\x00\x06\x00\x00"
    assert client.receive(1, display.frame(answer))
    steps = erases = writes = bound = 0
    while True:
        before = (flash.erases, flash.writes) if flash else (0, 0)
        busy = machine.step(NOW)
        if flash:
            erases = max(erases, flash.erases - before[0])
            writes = max(writes, flash.writes - before[1])
        if machine._fuels[ELECTRICITY].purge:
            bound = machine._fuels[ELECTRICITY].purge.bound
        if not busy:
            break
        steps += 1
        # The radio gets its turn after every step: a push is answered, a read is sent.
        if steps % 20 == 0:
            del display.outbox[:]
            now = 1 + 100 * steps
            client.receive(now, display.frame(PUBLISH))
            table.tick(now)
            client.tick(now)
            sent = [frame.payload for frame in display.outbox]
            assert sent[0] == b"\x00\x77\x0b\x00\x00" and sent[1][2:3] == b"\x00", sent
        rows = vault.series.records(ELECTRICITY, MONTHS)
        assert list(rows) == [], "its months are hidden from the first moment on"
    assert done[-1] == (APPLIED, ELECTRICITY, DATE)
    return steps, bound, erases, writes


def _left(vault, fuel, item):
    count = 0
    for row in vault.series.records(fuel, item):
        assert row[2:] == NEW, "a bucket of the former tenant"
        count += 1
    return count


def _check(vault):
    # 3 days: 144 half hours, 3 days, no whole week and no month.
    assert [_left(vault, ELECTRICITY, i) for i in (PROFILE, DAYS, WEEKS, MONTHS)] == [144, 3, 0, 0]
    assert [_left(vault, GAS, i) for i in (PROFILE, DAYS, WEEKS, MONTHS)] == [19056, 731, 6, 14]


def test_g42_purge_of_full_logs():
    """project-choice: at most one step a file, and one where there is no flash to overwrite."""
    path = tmpdir()
    vault = Vault(Disk(path + "/vault", False))
    assert _furnish(vault) == 2 * (19056 + 731 + 6 + 14)
    steps, bound, _, _ = _purge(vault, Store(path + "/state"), None)
    print("steps", steps, "bound", bound)
    assert steps <= bound + 2 <= 120, (steps, bound)
    _check(vault)


def test_g42_purge_of_full_logs_on_littlefs():
    """project-choice: at most one step a file and one a block; few blocks are erased in a step."""
    path = tmpdir()
    try:
        flash = FileFlash(path + "/flash")
        root = mount(flash, fresh=True)
    except Skip:
        os.remove(path + "/flash")
        raise
    vault = Vault(Disk(root + "/vault", True))
    store = Store(root + "/state")
    _furnish(vault)
    print("blocks in use", BLOCKS - os.statvfs(root)[3], "of", BLOCKS)
    assert flash.holds(b"CNRY!CN!") and flash.holds(b"CNRY-entry")
    steps, bound, erases, writes = _purge(vault, store, flash)
    print("steps", steps, "bound", bound, "longest step:", erases, "erases", writes, "writes")
    assert steps <= bound + 2 <= BLOCKS + 120, (steps, bound)
    assert erases <= FILL_RESERVE + 4, erases
    assert not flash.holds(b"CNRY!CN!") and not flash.holds(b"CNRY-entry")
    assert flash.holds(b"KEEP!KE!") and flash.holds(b"gas entry")
    _check(vault)
    unmount()
    flash.file.close()
