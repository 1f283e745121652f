# engines: cpython unix
# Records that survive power cuts, and files whose free space is overwritten.
import os

from test_purge_flash import Flash, cut_points, mount, unmount
from testkit import Skip, raises, tmpdir

from smets.ports import disk as ports
from smets.ports.disk import FILL_RESERVE, Disk
from smets.ports.store import Store, StoreError


def _spoil(path, change):
    with open(path, "rb") as file:
        octets = bytearray(file.read())
    octets = change(octets)
    with open(path, "wb") as file:
        file.write(octets)


def test_put_get_delete():
    """A record is what was put last; an absent one is None."""
    store = Store(tmpdir() + "/s")
    assert store.get("a") is None and store.names() == []
    store.put("a", b"one")
    store.put("counter.02534d4554010000", b"")
    assert store.get("a") == b"one" and store.get("counter.02534d4554010000") == b""
    store.put("a", b"two" * 1000)
    assert store.get("a") == b"two" * 1000
    assert store.names() == ["a", "counter.02534d4554010000"], store.names()
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None and store.names() == ["counter.02534d4554010000"]


def test_records_survive_a_new_store():
    path = tmpdir()
    Store(path).put("a", b"kept")
    assert Store(path).get("a") == b"kept"


def test_names_are_checked():
    store = Store(tmpdir())
    for name in ("", "A", "a/b", "~", "..\x00", "a" * 33, "\u00e9"):
        for method in (store.get, store.delete, lambda name: store.put(name, b"")):
            with raises(ValueError):
                method(name)


def test_damaged_record_is_never_returned():
    """project-choice: a damaged record raises; its content is unknown, not absent."""
    path = tmpdir()
    store = Store(path)
    for change in (
        lambda octets: octets[:-1],
        lambda octets: octets + b"\x00",
        lambda octets: octets[:3],
        lambda octets: b"",
        lambda octets: octets[:4] + bytes((octets[4] ^ 1,)) + octets[5:],
        lambda octets: bytes((octets[0] ^ 0x80,)) + octets[1:],
    ):
        store.put("a", b"content")
        _spoil(path + "/a", change)
        with raises(StoreError) as caught:
            store.get("a")
        assert caught.error.damaged and caught.error.errno == 74
    store.put("a", b"content")
    assert store.get("a") == b"content", "a damaged record can be written again"
    os.rename(path + "/a", path + "/b")
    with raises(StoreError):
        store.get("b")


def test_same_content_is_not_written_again():
    path = tmpdir()
    store = Store(path)
    store.put("a", b"content")
    os.rename(path + "/a", path + "/kept")
    _spoil(path + "/kept", lambda octets: octets)
    os.rename(path + "/kept", path + "/a")
    before = os.stat(path + "/a")
    store.put("a", b"content")
    assert os.stat(path + "/a")[1] == before[1], "same inode: no new file"


def test_errors_of_the_file_system():
    """Every failure is StoreError with the errno of the file system."""
    path = tmpdir()
    with raises(StoreError) as caught:
        Store(path + "/no/parent")
    assert caught.error.errno == 2 and not caught.error.damaged
    store = Store(path + "/s")
    os.mkdir(path + "/s/folder")
    for method in (store.get, store.delete, lambda name: store.put(name, b"")):
        with raises(StoreError) as caught:
            method("folder")
        assert caught.error.errno in (1, 21), caught.error.errno
    os.mkdir(path + "/s/~")
    with raises(StoreError):
        store.put("b", b"")
    with raises(StoreError):
        Store(path + "/s")
    os.rmdir(path + "/s/folder")
    os.rmdir(path + "/s/~")
    os.rmdir(path + "/s")
    with raises(StoreError):
        store.names()
    with raises(StoreError):
        store.put("a", b"")


def test_left_over_temporary_is_removed():
    path = tmpdir()
    with open(path + "/~", "wb") as file:
        file.write(b"half")
    assert Store(path).names() == [] and os.listdir(path) == []


def test_disk_files_change_in_place():
    disk = Disk(tmpdir() + "/d", False)
    assert disk.names() == [] and disk.size("a") == 0 and disk.read("a", 0, bytearray(4)) == 0
    disk.write("a", 0, [b"01", b"234567"])
    disk.write("a", 3, [b"xy"])
    buffer = bytearray(16)
    assert disk.size("a") == 8 and disk.read("a", 1, buffer) == 7
    assert buffer[:7] == b"12xy567"
    assert disk.fill() and disk.blocks == 0, "nothing is filled outside flash"
    disk.remove("a")
    disk.remove("a")
    assert disk.names() == []


def test_disk_overwrites_what_it_removes_outside_flash():
    path = tmpdir()
    disk = Disk(path, False)
    disk.write("a", 0, [b"canary"])
    with open(path + "/a", "rb") as still_open:
        disk.remove("a")
        assert still_open.read() == bytes(6), "the octets are gone, not only the name"


def test_disk_errors():
    path = tmpdir()
    disk = Disk(path + "/d", False)
    os.mkdir(path + "/d/folder")
    with open(path + "/file", "wb") as file:
        file.write(b"no folder")
    for method in (
        lambda: disk.read("folder", 0, bytearray(1)),
        lambda: disk.write("folder", 0, [b"x"]),
        lambda: Disk(path + "/file/b", False),
        lambda: disk.size("x" * 300),
    ):
        with raises(StoreError):
            method()
    os.rmdir(path + "/d/folder")
    os.rmdir(path + "/d")
    with raises(StoreError):
        disk.names()


def test_disk_does_not_fill_a_large_file_system():
    """A mistaken `flash` cannot fill up the disk of a computer."""
    with raises(StoreError) as caught:
        Disk(tmpdir(), True)
    assert caught.error.errno == 22


def test_records_on_littlefs_at_every_power_cut():
    """Old or new at every write and erase, torn writes included; then the store works on."""
    flash = Flash(512, 32)
    store = Store(mount(flash, fresh=True) + "/s")
    for name, size in (("a", 5), ("b", 1500), ("c", 5)):
        store.put(name, b"o" * size)
    unmount()
    image = flash.image()

    def run(path):
        store = Store(path + "/s")
        store.put("a", b"n" * 5)
        store.put("b", b"n" * 1500)
        store.delete("c")

    def check(flash):
        store = Store(mount(flash) + "/s")
        a, b, c = store.get("a"), store.get("b"), store.get("c")
        assert a in (b"o" * 5, b"n" * 5), "a"
        assert b in (b"o" * 1500, b"n" * 1500) and (b[:1] == b"o" or a[:1] == b"n"), "b"
        assert c == b"o" * 5 or (c is None and b[:1] == b"n"), "c"
        store.put("a", b"later")
        assert store.get("a") == b"later", "writable after the cut"

    print("cut points", cut_points(flash, image, run, check))


def test_changes_as_a_whole_on_littlefs_at_every_power_cut():
    """Three records replaced, one removed and one new: all of it or nothing, at every cut."""
    old = {"a": b"o", "b": b"o" * 1500, "c": b"same", "d": b"o"}
    new = {"a": b"n" * 700, "b": b"n", "c": b"same", "e": b""}
    flash = Flash(512, 40)
    store = Store(mount(flash, fresh=True) + "/s")
    for name in old:
        store.put(name, old[name])
    unmount()
    image = flash.image()
    counts = [0, 0]

    def run(path):
        store = Store(path + "/s")
        store.begin()
        for name in ("b", "e", "a", "c"):
            store.put(name, new[name])
        store.delete("d")
        assert content(store) == new, "it reads as it will be"
        store.commit()

    def content(store):
        return {name: store.get(name) for name in store.names()}

    def check(flash):
        for _ in range(2):
            found = content(Store(mount(flash) + "/s"))
            assert found in (old, new), found
        counts[found == new] += 1
        assert [name for name in os.listdir("/flash/s") if name[0] == "~"] == []

    tried = cut_points(flash, image, run, check)
    print("cut points", tried, "old, new:", counts)
    assert min(counts) > 0


def test_changes_that_are_given_up():
    store = Store(tmpdir() + "/s")
    store.put("a", b"old")
    store.put("b", b"old")
    store.begin()
    store.put("a", b"new")
    store.begin()
    store.delete("b")
    store.commit()
    assert (store.get("a"), store.get("b"), store.names()) == (b"new", None, ["a"])
    assert Store(store.path).get("b") == b"old", "nothing holds before the outer commit"
    store.rollback()
    assert (store.get("a"), store.get("b")) == (b"old", b"old")
    store.begin()
    store.put("a", b"newer")
    store.put("c", b"new")
    store.commit()
    assert content_of(store.path) == {"a": b"newer", "b": b"old", "c": b"new"}


def test_changes_within_changes():
    """The inner part is given up, what was changed before it and after it holds."""
    store = Store(tmpdir() + "/s")
    store.put("a", b"old")
    store.put("b", b"old")
    store.begin()
    store.put("a", b"outer")
    mark = store.begin()
    assert mark == 1
    store.put("a", b"inner")
    store.put("c", b"inner")
    store.delete("b")
    store.rollback(mark)
    assert (store.get("a"), store.get("b"), store.get("c")) == (b"outer", b"old", None)
    store.begin()
    store.put("a", b"again")
    store.put("b", b"again")
    store.commit()
    store.put("a", b"last")
    store.commit()
    assert content_of(store.path) == {"a": b"last", "b": b"again"}
    store.begin()
    store.put("a", b"given up")
    store.begin()
    store.put("b", b"given up")
    store.restart()
    assert content_of(store.path) == {"a": b"last", "b": b"again"}


def content_of(path):
    store = Store(path)
    assert sorted(os.listdir(path)) == store.names(), "no temporary is left"
    return {name: store.get(name) for name in store.names()}


def test_changes_that_fail():
    """Without room for the list of names nothing changes; an interrupted replacement goes on."""
    path = tmpdir() + "/s"
    store = Store(path)
    store.put("a", b"old")
    os.mkdir(path + "/~~")
    store.begin()
    store.put("a", b"new")
    store.put("b", b"new")
    with raises(StoreError):
        store.commit()
    os.rmdir(path + "/~~")
    assert content_of(path) == {"a": b"old"} and store.get("a") == b"old"
    os.mkdir(path + "/b")
    os.mkdir(path + "/b/inner")
    store.begin()
    for name in ("a", "b", "c"):
        store.put(name, b"new")
    store.commit()  # it is noted as a whole, and so it holds
    with raises(StoreError):
        store.begin()
    os.rmdir(path + "/b/inner")
    os.rmdir(path + "/b")
    assert store.get("a") == store.get("b") == store.get("c") == b"new"
    store.put("d", b"later")
    assert content_of(path) == {"a": b"new", "b": b"new", "c": b"new", "d": b"later"}


def test_a_list_of_changes_that_is_damaged_changes_nothing():
    path = tmpdir() + "/s"
    store = Store(path)
    store.put("a", b"old")
    store.begin()
    store.put("a", b"new")
    for octets in (b"", b"abcd+a\n+b"):
        with open(path + "/~~", "wb") as file:
            file.write(octets)
        with open(path + "/~a", "wb") as file:
            file.write(b"anything")
        assert content_of(path) == {"a": b"old"}


def test_what_is_damaged_is_reported_once():
    path = tmpdir() + "/s"
    store = Store(path)
    for index in range(40):
        store.put("r%02d" % index, b"content")
    os.mkdir(path + "/logs")  # of a feature that keeps files
    os.mkdir(path + "/r99")  # in the place of a record
    _spoil(path + "/r03", lambda octets: octets[:-1])
    told = []
    store.on_fault = lambda name, why: told.append((name, why))
    store.check("r1")
    store.check()
    assert told == [("r03", "damaged"), ("r99", "error 21")]
    assert store.faults == dict(told)
    os.rmdir(path + "/r99")
    for index in range(40):
        _spoil(path + "/r%02d" % index, lambda octets: octets[:-1])
    store.check()
    assert len(store.faults) == 33 and store.faults["others"] == "damaged too"
    store.clear()
    assert store.faults == {} and store.names() == []


def fill_up(path):
    """Leave no block of a small flash free."""
    size = 4000
    number = 0
    while size:
        try:
            with open(path + "/fill%d" % number, "wb") as file:
                file.write(b"x" * size)
            number += 1
        except OSError:
            try:
                os.remove(path + "/fill%d" % number)
            except OSError:
                pass  # there was no room for its name
            size //= 2
    # Its own name takes room as well, so go on until none is left.
    with raises(OSError):
        for index in range(1000):
            os.mkdir(path + "/folder%d" % index)


def test_a_flash_that_is_full_at_the_first_start():
    """The store is there and empty; it begins to keep when there is room."""
    flash = Flash(512, 24)
    path = mount(flash, fresh=True)
    fill_up(path)
    store = Store(path + "/state/esme", path + "/state")
    disk = Disk(path + "/state/esme/history", True)
    assert store.get("a") is None and store.names() == [] and disk.names() == []
    assert disk.size("a") == 0 and disk.read("a", 0, bytearray(4)) == 0
    store.check()
    with raises(StoreError) as caught:
        store.put("a", b"one")
    assert caught.error.errno == 28
    with raises(StoreError):
        disk.write("a", 0, [b"one"])
    for name in os.listdir(path):
        if name[:4] == "fill":
            os.remove(path + "/" + name)
        elif name[:6] == "folder":
            os.rmdir(path + "/" + name)
    disk.write("a", 0, [b"one"])
    store.put("a", b"one")
    assert Store(path + "/state/esme").get("a") == b"one" and disk.size("a") == 3
    unmount()


def test_wear_of_a_counter():
    """A record of 8 octets: how many blocks 1,000 writes erase (512-octet blocks)."""
    flash = Flash(512, 32)
    store = Store(mount(flash, fresh=True) + "/s")
    store.put("counter", bytes(8))
    before = flash.erases
    for value in range(1, 1001):
        store.put("counter", value.to_bytes(8, "big"))
    print("erases of 1000 puts", flash.erases - before)
    assert flash.erases - before < 1000, "less than one erase a write"
    unmount()


def test_full_flash():
    """A put that does not fit leaves the old record, and a full flash can be emptied."""
    flash = Flash(512, 24)
    store = Store(mount(flash, fresh=True) + "/s")
    store.put("a", b"old")
    with raises(StoreError) as caught:
        store.put("a", bytes(512 * 24))
    assert caught.error.errno == 28 and store.get("a") == b"old"
    store.put("a", bytes(4000))
    assert store.get("a") == bytes(4000)
    unmount()


def test_fill_overwrites_every_free_block():
    """Deleted octets are in no block; others can write between two steps."""
    flash = Flash(512, 48)
    path = mount(flash, fresh=True)
    disk = Disk(path + "/d", True)
    for index in range(8):
        disk.write("f%d" % index, 0, [b"canary%02d" % index] * 150)
    for index in range(6):
        disk.remove("f%d" % index)
    assert flash.holds(b"canary03"), "deleting alone leaves it"
    other = Store(path + "/s")
    steps = 0
    largest = 0
    while True:
        steps += 1
        before = flash.erases
        done = disk.fill()
        largest = max(largest, flash.erases - before)
        other.put("r", bytes((steps,)) * 600)
        if done:
            break
    assert steps <= disk.blocks == 48, "%d steps" % steps
    assert largest <= FILL_RESERVE + 4, "%d blocks in one step" % largest
    for index in range(6):
        assert not flash.holds(b"canary%02d" % index), index
    assert flash.holds(b"canary06"), "files that stay are untouched"
    assert disk.names() == ["f6", "f7"] and os.statvfs(path)[3] > 20, "the filler is gone"
    unmount()


def test_fill_ends_where_a_file_system_is_full():
    """Without littlefs: a filler that /dev/full refuses, as a full file system does."""
    if not hasattr(os, "symlink"):
        raise Skip("needs symbolic links")
    limit = ports.FILL_MAX
    ports.FILL_MAX = 1 << 80
    try:
        disk = Disk(tmpdir(), True)
    finally:
        ports.FILL_MAX = limit
    os.symlink("/dev/full", disk.path + "/~fill")
    steps = 1
    while not disk.fill():
        steps += 1
        assert steps < 100, "it must be refused when the buffer is full"
    assert steps > 1 and os.listdir(disk.path) == []
    os.mkdir(disk.path + "/~fill")
    with raises(StoreError):
        disk.fill()


def test_fill_begins_again_after_a_failure():
    """A filler left by a power cut is removed; an error that is not "full" is reported."""
    flash = Flash(512, 24)
    path = mount(flash, fresh=True)
    disk = Disk(path + "/d", True)
    disk.fill()
    assert not disk.fill()
    flash = flash.restarted()
    disk.end_fill()  # on the dead device
    mount(flash)
    assert os.listdir(path + "/d") == ["~fill"]
    disk = Disk(path + "/d", True)
    assert os.listdir(path + "/d") == []
    os.mkdir(path + "/d/~fill")
    with raises(StoreError):
        disk.fill()
    while not disk.fill():
        pass
    assert os.listdir(path + "/d") == []
    unmount()
