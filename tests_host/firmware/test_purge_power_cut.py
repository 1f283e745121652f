# engines: cpython unix
# A purge on real littlefs, power cut at every write and erase: ideas 37, 38, 41 of section G.
import gc
import struct

from test_purge_flash import Flash, PowerCut, cut_points, mount, unmount

from smets.features.tenancy.cleared import (
    BALANCES,
    DAYS,
    ELECTRICITY,
    EXPORTS,
    GAS,
    MESSAGES,
    PROFILE,
    SHARED,
)
from smets.features.tenancy.machine import APPLIED, Tenancy
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk
from smets.ports.store import Store

DAY = 86400
NOW = 9000 * DAY
DATE = NOW - 2 * DAY + 900  # within a half hour and within a day
ESME = 0x02534D45545300A0
GPF = 0x02534D45545300A3

# What the former tenant leaves, as it lies in the flash: value and money of a bucket, and texts.
OLD = (0x434E5259, 0x21434E21)
CANARIES = (b"CNRY!CN!", b"canary-entry", b"canary-export", b"canary-foreign")
NEW = (0x4B454550, 0x214B4521)


class Display:
    """A display on a mounted file system."""

    def __init__(self, path):
        self.events = []
        self.vault = Vault(Disk(path + "/vault", True), 64)
        self.store = Store(path + "/state")
        self.machine = Tenancy(self.store, self.vault, lambda *event: self.events.append(event))

    def seen(self):
        """Everything that may be shown: (end of a bucket or time of an entry, what it is)."""
        rows = []
        for fuel in (ELECTRICITY, GAS):
            for item in (PROFILE, DAYS):
                for start, _, value, money in self.vault.series.records(fuel, item):
                    rows.append((start, struct.pack(">II", value, money)))
            rows += self.vault.entries.get(fuel, BALANCES)
        rows += self.vault.entries.get(SHARED, MESSAGES)
        for name in self.vault.exports.names(EXPORTS):
            rows.append((NOW, b"".join(self.vault.exports.read(name))))
        return rows

    def work(self, utc):
        try:
            for _ in range(300):
                if not self.machine.step(utc):
                    return
        except PowerCut:
            self.vault.disk.end_fill()  # or the collector does, on the dead device too
            raise
        raise AssertionError("the purge does not end")


def _furnish(flash):
    """The history of two tenants; returns what the new one must still find after the purge."""
    display = Display(mount(flash, fresh=True))
    vault = display.vault
    vault.guard = None
    for fuel, count in ((ELECTRICITY, 130), (GAS, 10)):
        for item, seconds in ((PROFILE, 1800), (DAYS, DAY)):
            rows = count if item == PROFILE else 10
            starts = [NOW - (rows - i) * seconds for i in range(rows)]
            vault.series.extend(
                fuel,
                item,
                (
                    (start, seconds // 60) + (NEW if start >= DATE or fuel == GAS else OLD)
                    for start in starts
                ),
            )
        text = b"canary-entry" if fuel == ELECTRICITY else b"gas"
        vault.entries.put(fuel, BALANCES, DATE - 1, text)
        vault.entries.put(fuel, BALANCES, DATE, b"new")
    for index in range(3):
        vault.entries.put(SHARED, MESSAGES, DATE - 3 + index, b"canary-entry %d" % index)
    vault.entries.put(SHARED, MESSAGES, DATE, b"new")
    vault.exports.write(EXPORTS, DATE - 100, [b"canary-export" * 100])
    vault.exports.write(EXPORTS, DATE, [b"new" * 500])
    vault.disk.write("holiday.csv", 0, [b"canary-foreign" * 80])
    vault.guard = display.machine
    for fuel, eui in ((ELECTRICITY, ESME), (GAS, GPF)):
        display.machine.meter(fuel, eui)
    display.machine.step(NOW)
    for fuel in (ELECTRICITY, GAS):
        display.machine.seen(fuel, 0xFFFFFFFF, 0)
    shown = display.seen()
    assert len(shown) == 130 + 10 + 20 + 4 + 4 + 2, len(shown)
    unmount()
    return sorted([row for row in shown if _is_new(row)])


def _is_new(row):
    return row[1][:3] in (b"KEE", b"new", b"gas")


def _clean(flash):
    return [canary for canary in CANARIES if flash.holds(canary)]


def test_g41_deleting_alone_is_not_enough():
    """spec: littlefs keeps what was deleted in its free blocks: the canaries can be found."""
    flash = Flash(512, 96)
    _furnish(flash)
    display = Display(mount(flash))
    for name in display.vault.disk.names():
        display.vault.disk.remove(name)
    assert _clean(flash) == list(CANARIES)
    while not display.vault.disk.fill():
        pass
    assert _clean(flash) == []
    unmount()


def test_g41_no_canary_in_the_raw_flash():
    """spec: after a purge no block of the image holds a record of the former tenant."""
    flash = Flash(512, 96)
    expected = _furnish(flash)
    display = Display(mount(flash))
    display.machine.step(NOW)
    display.machine.seen(ELECTRICITY, DATE, 0x200)
    display.machine.seen(GAS, 0xFFFFFFFF, 0)
    assert [row for row in display.seen() if not _is_new(row)] == [], "hidden before it is gone"
    operations, largest = flash.operations, 0
    steps = 0
    while display.machine.step(NOW):
        # Life goes on: others write between the steps, the new tenant's records are kept.
        display.store.put("counter", steps.to_bytes(4, "big"))
        display.vault.series.add(ELECTRICITY, PROFILE, NOW + 1800 * steps, 30, *NEW)
        expected.append((NOW + 1800 * steps, b"KEEP!KE!"))
        assert [row for row in display.seen() if not _is_new(row)] == []
        largest = max(largest, flash.operations - operations)
        operations = flash.operations
        steps += 1
    assert display.events[-1] == (APPLIED, ELECTRICITY, DATE)
    assert _clean(flash) == [] and sorted(display.seen()) == sorted(expected)
    print("steps", steps, "flash operations of the longest", largest)
    unmount()


def test_newer_date_during_the_fill():
    """spec: the newest date wins; what it frees is overwritten in steps as small as the others."""
    flash = Flash(512, 96)
    _furnish(flash)
    display = Display(mount(flash))
    display.machine.step(NOW)
    display.machine.seen(ELECTRICITY, DATE, 0x200)
    for _ in range(40):
        assert display.machine.step(NOW)
    display.machine.seen(ELECTRICITY, NOW, 0x200)
    largest, busy = 0, True
    while busy:
        before = flash.erases
        busy = display.machine.step(NOW)
        largest = max(largest, flash.erases - before)
    assert largest <= 10, "%d blocks in one step" % largest
    assert display.machine.dates(ELECTRICITY) == (NOW, None, NOW) and _clean(flash) == []
    unmount()


def test_g37_g38_g41_power_cut_at_some_writes_and_erases():
    """spec: see purge_cut_points; `make powercuts` cuts at every one."""
    assert purge_cut_points(8) > 125


def purge_cut_points(every=1):
    """spec: never old data visible, never applied before it is true, the purge always completes.

    Each cut is torn in three ways. After it the device starts without its meter; every third
    recovery is cut again.
    """
    flash = Flash(512, 96)
    expected = _furnish(flash)
    image = flash.image()
    counts = [0, 0, 0]

    def run(path):
        display = Display(path)
        display.machine.step(NOW)
        display.machine.seen(ELECTRICITY, DATE, 0x200)
        display.machine.seen(GAS, 0xFFFFFFFF, 0)
        display.work(NOW)

    def boot(flash):
        gc.collect()
        display = Display(mount(flash))
        seen, intent, applied = display.machine.dates(ELECTRICITY)
        assert (seen, intent, applied) in (
            (None, None, None),
            (DATE, DATE, None),
            (DATE, None, DATE),
        ), (seen, intent, applied)
        if applied is not None:
            assert _clean(flash) == [], "applied before it was true"
        assert display.seen() == [], "nothing before the meter is read"
        return display, intent, applied

    def check(flash):
        display, intent, applied = boot(flash)
        counts[0 if applied is not None else 1 if intent is not None else 2] += 1
        if sum(counts) % 3 == 0:
            flash.cut, flash.torn = 1 + sum(counts) % 37, sum(counts) % 2
            try:
                display.work(None)
                flash.cut = 0
            except PowerCut:
                flash = flash.restarted()
                display, intent, applied = boot(flash)
        display.work(None)
        if intent is not None:
            assert display.machine.dates(ELECTRICITY) == (DATE, None, DATE), "without the meter"
        display.machine.step(NOW)
        display.machine.seen(ELECTRICITY, DATE, 0x200)
        display.machine.seen(GAS, 0xFFFFFFFF, 0)
        assert [row for row in display.seen() if not _is_new(row)] == []
        display.work(NOW)
        assert display.machine.dates(ELECTRICITY) == (DATE, None, DATE)
        assert _clean(flash) == [], _clean(flash)
        assert sorted(display.seen()) == expected, "the new tenant's data is all there"

    tried = cut_points(flash, image, run, check, every)
    print("cut points", tried, "applied, intent, neither:", counts)
    assert (every > 1 or min(counts) > 0) and sum(counts) == tried, counts
    return tried
