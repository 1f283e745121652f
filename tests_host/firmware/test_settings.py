# engines: cpython unix
# Settings of use cases in one file: a command's are kept whole or not at all, whatever breaks.
import os
from binascii import crc32

from test_purge_flash import Flash, cut_points, mount, unmount
from testkit import raises, tmpdir

from smets import settings_file
from smets.ports.disk import Disk
from smets.ports.store import Store, StoreError
from smets.settings import Settings
from smets.settings_file import BOUND


def put(kept, values):
    """One command that sets these; None: no longer."""
    for key in values:
        if values[key] is None:
            kept.remove(key)
        else:
            kept.put(key, values[key])
    kept.commit()


def read(store):
    """(settings, what is reported) after a restart."""
    store = Store(store.path)
    return Settings(store), store.faults.get("settings", "")


def octets_of(store):
    with open(store.path + "/settings/entries", "rb") as file:
        return file.read()


def spoil(store, octets):
    with open(store.path + "/settings/entries", "wb") as file:
        file.write(octets)


def test_set_keep_remove():
    """issue: what is set is there after a restart, the last value of each key."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    assert kept.values == {} and not store.faults and kept.get(b"a") is None
    put(kept, {b"a": b"one", b"b": b"", b"c": bytes(3000)})
    put(kept, {b"a": b"two", b"c": None})
    for again in (kept, Settings(store)):
        assert again.values == {b"a": b"two", b"b": b""}, again.values
    assert read(store)[1] == ""
    put(kept, {b"c": b"back"})
    assert Settings(store).get(b"c") == b"back"


def test_a_command_sees_what_it_sets():
    """issue: nothing is in force outside a command before it is kept."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    put(kept, {b"a": b"old", b"b": b"old"})
    kept.put(b"a", b"new")
    kept.remove(b"b")
    assert kept.get(b"a") == b"new" and kept.get(b"b") is None
    assert Settings(store).values == kept.values == {b"a": b"old", b"b": b"old"}
    kept.rollback()
    assert kept.get(b"a") == b"old"
    kept.commit()
    assert Settings(store).values == {b"a": b"old", b"b": b"old"}


def test_without_a_store():
    """issue: values live in memory, and are bounded all the same."""
    kept = Settings()
    put(kept, {b"a": b"one"})
    assert kept.get(b"a") == b"one"
    with raises(StoreError):
        put(kept, {b"b": bytes(BOUND)})
    assert kept.values == {b"a": b"one"}


def test_what_is_kept_costs_no_write():
    """issue: identical values are not written again."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    put(kept, {b"a": b"one", b"b": b"two"})
    before = octets_of(store)
    put(kept, {b"b": b"two", b"a": b"one", b"c": None})
    assert octets_of(store) == before
    put(kept, {b"a": b"one", b"b": b"three"})
    assert len(octets_of(store)) - len(before) == 9 + 3 + 1 + 5, "the changed one alone"


def test_bound():
    """issue: more than the bound is refused as full, and what was set stays."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    value = bytes(1000)
    count = 0
    with raises(StoreError) as caught:
        while True:
            put(kept, {b"k%d" % count: value})
            count += 1
    assert caught.error.errno == 28
    assert BOUND - 1030 < count * 1012 < BOUND, count
    assert sorted(kept.values) == sorted(Settings(store).values) and len(kept.values) == count
    put(kept, {b"k0": None})
    put(kept, {b"again": value})
    assert Settings(store).get(b"again") == value


def test_file_stays_small():
    """issue: what was replaced is left out once the file has grown; nothing is lost over it."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    put(kept, {b"fixed": b"stays"})
    shrunk = 0
    before = 0
    for index in range(300):
        put(kept, {b"a": b"%04d" % index * 100, b"b": b"%04d" % index})
        size = len(octets_of(store))
        assert size <= settings_file.FILE_BOUND
        shrunk += size < before
        before = size
        if index % 50 == 49:
            kept, told = read(store)
            assert told == ""
        assert kept.values == {
            b"fixed": b"stays",
            b"a": b"%04d" % index * 100,
            b"b": b"%04d" % index,
        }
    assert shrunk >= 4, "%d times" % shrunk
    assert Settings(store).values == kept.values
    assert os.listdir(store.path + "/settings") == ["entries"]


def test_torn_entry():
    """issue: a command that was cut off in its entry set nothing, and the next one is kept."""
    store = Store(tmpdir() + "/s")
    put(Settings(store), {b"a": b"old", b"b": b"old"})
    before = octets_of(store)
    put(Settings(store), {b"a": b"new", b"b": b"newer"})
    after = octets_of(store)
    for length in range(len(before), len(after)):
        spoil(store, after[:length])
        kept, told = read(store)
        assert kept.values == {b"a": b"old", b"b": b"old"}, length
        torn = length - len(before)
        assert told == ("%d of %d octets are damaged" % (torn, length) if torn else "")
        put(kept, {b"c": b"later"})
        kept, told = read(store)
        assert kept.values == {b"a": b"old", b"b": b"old", b"c": b"later"}, length
        assert told == ""


def test_every_damaged_octet():
    """issue: a start is never prevented, each damage is reported, no command is half in force."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    put(kept, {b"a": b"1", b"b": b"\xa5\x5e\x01 1"})
    put(kept, {b"a": b"2", b"b": b"22"})
    put(kept, {b"c": b"3"})
    whole = octets_of(store)
    found = []
    for at in range(len(whole)):
        for flip in (0x01, 0x80):
            spoil(store, whole[:at] + bytes((whole[at] ^ flip,)) + whole[at + 1 :])
            kept, told = read(store)
            assert told.endswith("damaged"), at
            pair = (kept.get(b"a"), kept.get(b"b"))
            assert pair in ((b"2", b"22"), (b"1", b"\xa5\x5e\x01 1")), at
            found.append((pair[0], kept.get(b"c")))
            assert kept.get(b"c") in (b"3", None)
    kinds = set(found)
    assert kinds == {(b"2", b"3"), (b"1", b"3"), (b"2", None)}, "one command each: %s" % kinds
    put(kept, {b"d": b"4"})
    assert read(store)[1] == "", "repaired by the next command"


def test_a_later_version_is_reported():
    """issue: unknown newer entries are refused, and told from damage."""
    store = Store(tmpdir() + "/s")
    put(Settings(store), {b"a": b"one"})
    covered = b"\x03\x00\x05\x01\x00\x01a2"
    spoil(store, octets_of(store) + b"\xa5\x5e" + entry_check(covered))
    kept, told = read(store)
    assert kept.values == {b"a": b"one"} and told == "version 3 is unknown"
    put(kept, {b"b": b"two"})
    assert Settings(store).values == {b"a": b"one", b"b": b"two"}


def entry_check(covered):
    """What follows the mark of an entry: version and length, check value, body."""
    return covered[:3] + crc32(covered).to_bytes(4, "big") + covered[3:]


class FullDisk(Disk):
    """A medium that takes so many octets more of an entry, then is full."""

    room = None

    def write(self, name, offset, parts):
        if self.room is not None:
            joined = b"".join([bytes(part) for part in parts])
            if len(joined) > 2:
                super().write(name, offset, [joined[: self.room]])
                raise StoreError(28)
            parts = [joined]
        super().write(name, offset, parts)


def test_full_medium():
    """issue: nothing of a refused command is in force, now or after a restart."""
    store = Store(tmpdir() + "/s")
    put(Settings(store), {b"a": b"old"})
    size = 9 + 2 * 3 + 2 + 8
    for room in range(size + 1):
        kept = Settings(store)
        disk = kept.file._disk = FullDisk(store.path + "/settings", False)
        disk.room = room
        with raises(StoreError) as caught:
            put(kept, {b"a": b"new", b"b": b"12345"})
        assert caught.error.errno == 28
        assert kept.get(b"a") == b"old" and kept.get(b"b") is None
        assert Settings(store).values == {b"a": b"old"}, room
    disk.room = None
    put(kept, {b"b": b"room again"})
    assert Settings(store).values == {b"a": b"old", b"b": b"room again"}


def test_full_before_the_first_start():
    """issue: a start is not prevented where not even the folder can be made."""
    store = Store(tmpdir() + "/s")
    with open(store.path + "/settings", "wb") as file:
        file.write(b"in the way")
    kept, told = read(store)
    assert kept.values == {} and told.startswith("error ")
    with raises(StoreError):
        put(kept, {b"a": b"one"})
    assert kept.get(b"a") is None
    os.remove(store.path + "/settings")
    put(kept, {b"a": b"one"})
    assert Settings(store).get(b"a") == b"one"


def test_full_flash_on_littlefs():
    """issue: the same on littlefs, at whatever moment it becomes full."""
    flash = Flash(512, 24)
    path = mount(flash, fresh=True)
    store = Store(path + "/s")
    kept = Settings(store)
    put(kept, {b"a": b"old", b"n": b"0"})
    refused = 0
    last = 0
    for index in range(1, 60):
        try:
            put(kept, {b"a": bytes((index,)) * 200, b"n": b"%d" % index})
            last = index
        except StoreError:
            refused += 1
        again, told = read(store)
        assert told == ""
        assert again.get(b"n") == kept.get(b"n") == b"%d" % last
        assert again.values == kept.values
    assert refused, "it has become full"
    unmount()


def test_power_cut_at_every_write_and_erase():
    """issue: 0 lost, 0 mixed on littlefs, with a new file in between; reports nothing."""
    flash = Flash(512, 40)
    store = Store(mount(flash, fresh=True) + "/s")
    put(Settings(store), {b"a": b"0" * 300, b"b": b"0", b"fixed": b"f" * 700})
    unmount()
    image = flash.image()
    bound = settings_file.FILE_BOUND
    settings_file.FILE_BOUND = 1500
    sizes = []

    def run(path):
        kept = Settings(Store(path + "/s"))
        for index in range(1, 4):
            put(kept, {b"a": b"%d" % index * 300, b"b": b"%d" % index})
        sizes.append(os.stat(path + "/s/settings/entries")[6])

    def check(broken):
        store = Store(mount(broken) + "/s")
        kept = Settings(store)
        found = kept.get(b"b")
        assert found in (b"0", b"1", b"2", b"3") and kept.get(b"a") == found * 300
        assert kept.get(b"fixed") == b"f" * 700 and not store.faults
        put(kept, {b"c": b"after"})
        again = Settings(store)
        assert again.get(b"c") == b"after" and again.get(b"b") == found

    try:
        print("cut points", cut_points(flash, image, run, check))
        assert len(sizes) == 3 and max(sizes) <= 1500, "written anew on the way: %s" % sizes
    finally:
        settings_file.FILE_BOUND = bound


def change(store, kept, values, records=()):
    """One command: settings, and records of features beside them; not committed yet."""
    mark = store.begin()
    for name in records:
        store.put(name, b"new")
    put(kept, values)
    return mark


def test_settings_count_with_the_records_of_their_command():
    """issue: a command's settings, counter and records are one write."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    model = {}
    told = []

    def take(key, value):
        before = model.get(key)
        model[key] = value
        told.append(key)
        return model, key, before

    kept.serve(b"a", take)
    put(kept, {b"a1": b"old"})
    change(store, kept, {b"a1": b"new", b"a2": b"new"}, ["counter", "account"])
    assert kept.get(b"a1") == b"new" and model == {b"1": b"new", b"2": b"new"}
    # The power goes before it is committed: nothing of it is there.
    for _ in range(2):
        after = Store(store.path)
        assert Settings(after).values == {b"a1": b"old"} and after.names() == ["settings"]
        assert not after.faults
    store = Store(store.path)
    kept = Settings(store)
    change(store, kept, {b"b": b"1"}, ["counter"])
    put(kept, {b"b": b"2"})  # twice in a command
    store.commit()
    after = Store(store.path)
    assert Settings(after).values == {b"a1": b"old", b"b": b"2"}, "the lost one never comes back"
    assert after.get("counter") == b"new" and after.sealed() == 3
    after.check("settings")
    assert not after.faults and sorted(told) == [b"1", b"1", b"2"]


def test_a_change_that_is_given_up_is_given_up_in_memory():
    """issue: memory and flash agree after a refusal."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    model = {b"2": b"of a state"}

    def take(key, value):
        before = model.get(key)
        model[key] = value
        return model, key, before

    kept.serve(b"a", take)
    put(kept, {b"a1": b"old", b"b": b"old"})
    for number in range(3):
        mark = store.begin()
        inner = change(store, kept, {b"a1": b"%d" % number, b"a2": b"new", b"b": None})
        put(kept, {b"a3": b"new", b"a1": b"newer"})
        assert mark == 0 and inner == 1
        store.rollback(inner)
        held = dict(kept.values)
        held.pop(b"c", None)
        assert held == {b"a1": b"old", b"b": b"old"}
        assert model == {b"1": b"old", b"2": b"of a state"}
        put(kept, {b"c": b"%d" % number})
        if number == 1:
            store.rollback(mark)
        else:
            store.commit()
        wanted = {b"a1": b"old", b"b": b"old", b"c": b"2" if number == 2 else b"0"}
        assert kept.values == Settings(Store(store.path)).values == wanted, number
    put(kept, {b"c": b"later"})
    again, told = read(store)
    assert again.get(b"c") == b"later" and told == ""


def test_damage_of_the_number_that_counts():
    """project-choice: all settings count, the damage is told, and the next command repairs it."""
    store = Store(tmpdir() + "/s")
    kept = Settings(store)
    change(store, kept, {b"a": b"one"}, ["counter"])
    store.commit()
    with open(store.path + "/sealed", "rb") as file:
        whole = file.read()
    for at in range(len(whole)):
        with open(store.path + "/sealed", "wb") as file:
            file.write(whole[:at] + bytes((whole[at] ^ 4,)) + whole[at + 1 :])
        after = Store(store.path)
        assert Settings(after).values == {b"a": b"one"}, at
        after.check()
        assert after.faults == {"sealed": "damaged"}, at
    kept = Settings(after)
    change(after, kept, {b"a": b"two"}, ["other"])
    after.commit()
    after = Store(store.path)
    assert Settings(after).values == {b"a": b"two"} and after.sealed() == 2
    after.check()
    assert not after.faults
