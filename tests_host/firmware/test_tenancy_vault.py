# engines: cpython unix
# The history of a display: series, entries, exported files; what may be stored and seen of it.
from testkit import raises, tmpdir

from smets.features.tenancy import cleared, policy
from smets.features.tenancy.cleared import (
    BALANCES,
    DAYS,
    ELECTRICITY,
    EXPORTS,
    GAS,
    MESSAGES,
    PROFILE,
    SHARED,
    TARIFF,
)
from smets.features.tenancy.vault import Vault, available, owner_of
from smets.ports.disk import Disk
from smets.ports.store import StoreError

DAY = 86400
NOW = 9000 * DAY


class Guard:
    """A guard that the test sets: the times from which records may be seen and stored."""

    def __init__(self):
        self.visible = 0
        self.keep = 0

    def visible_from(self, scope):
        return self.visible

    def keep_from(self, scope):
        return self.keep


def _vault(segment=64):
    vault = Vault(Disk(tmpdir() + "/v", False), segment)
    vault.guard = Guard()
    return vault


def _half_hours(count, start=NOW):
    return ((start + 1800 * i, 30, i, 2 * i) for i in range(count))


def _work(vault, date):
    for name in vault.work(ELECTRICITY, policy.ALWAYS_CLEARED):
        vault.expire(name, date, date)


def test_g49_not_available():
    """spec: all ones means that a meter has no value; it is shown as "no data"."""
    for octets in (3, 4, 6):
        ones = (1 << 8 * octets) - 1
        assert available(ones, octets) is None and available(ones - 1, octets) == ones - 1
    assert available(0, 3) == 0
    vault = _vault()
    value = available(0xFFFFFF, 3)
    assert vault.series.add(ELECTRICITY, DAYS, NOW, 1440, value)
    assert vault.series.bucket(ELECTRICITY, DAYS, NOW) == (None, None)
    assert vault.series.bucket(ELECTRICITY, DAYS, NOW + DAY) is None, (
        "an empty answer adds nothing"
    )


def test_series_in_order():
    """Buckets come back as they were appended, over several files and a restart."""
    vault = _vault()
    assert vault.series.extend(ELECTRICITY, PROFILE, _half_hours(150)) == 150
    assert vault.series.add(ELECTRICITY, PROFILE, NOW + 150 * 1800, 30, 150, None)
    vault = Vault(vault.disk, 64)
    assert vault.series.add(ELECTRICITY, PROFILE, NOW + 151 * 1800, 30, None, 302)
    assert list(vault.series.records(ELECTRICITY, PROFILE)) == [], "no guard: nothing is shown"
    vault.guard = Guard()
    rows = list(vault.series.records(ELECTRICITY, PROFILE))
    assert rows[:150] == [(NOW + 1800 * i, 30, i, 2 * i) for i in range(150)]
    assert rows[150:] == [(NOW + 270000, 30, 150, None), (NOW + 271800, 30, None, 302)]
    assert len(vault.disk.names()) == 3 and not list(vault.series.records(GAS, PROFILE))
    some = vault.series.records(ELECTRICITY, PROFILE, NOW + 1800, NOW + 3600)
    assert [row[2] for row in some] == [1, 2]


def test_series_takes_no_old_and_no_bad_rows():
    """Not newer than the last, older than what may be kept, or without a time: not taken."""
    vault = _vault()
    vault.guard.keep = NOW
    assert not vault.series.add(ELECTRICITY, DAYS, NOW - 1, 1440, 1), "it straddles the date"
    assert vault.series.add(ELECTRICITY, DAYS, NOW, 1440, 1)
    for start in (NOW, NOW - DAY, 0, 0xFFFFFFFF):
        assert not vault.series.add(ELECTRICITY, DAYS, start, 1440, 1), start
    for scope, item in ((SHARED, DAYS), (ELECTRICITY, MESSAGES), (ELECTRICITY, EXPORTS)):
        with raises(ValueError):
            vault.series.add(scope, item, NOW, 30, 1)


def test_series_keeps_its_capacity():
    """The oldest file goes when the others hold what the row of the table says."""
    vault = _vault()
    vault.series.extend(ELECTRICITY, DAYS, ((NOW + i * DAY, 1440, i, i) for i in range(1000)))
    rows = [row[2] for row in vault.series.records(ELECTRICITY, DAYS)]
    assert 731 <= len(rows) <= 731 + 128 and rows[-1] == 999, len(rows)
    vault.series.clear(ELECTRICITY, DAYS)
    assert vault.disk.names() == [] and vault.series.add(ELECTRICITY, DAYS, NOW, 1440, 1)


def test_series_survives_torn_files():
    """A record that does not check is not shown; appending goes on behind the last good one."""
    vault = _vault()
    vault.series.extend(ELECTRICITY, PROFILE, _half_hours(70))
    first, second = vault.disk.names()
    vault.disk.write(first, 16 * 3 + 7, [b"\xaa"])
    vault.disk.write(second, 16 * 5 + 1, [b"\xaa"])
    vault = Vault(vault.disk, 64)
    vault.guard = Guard()
    assert [row[2] for row in vault.series.records(ELECTRICITY, PROFILE)] == (
        [i for i in range(69) if i != 3]
    )
    assert vault.series.add(ELECTRICITY, PROFILE, NOW + 69 * 1800, 30, 69)
    assert [row[2] for row in vault.series.records(ELECTRICITY, PROFILE)][-2:] == [68, 69]
    # A file that a power cut left empty is used for what comes next.
    vault.disk.remove(second)
    vault.disk.write(second, 0, [b""])
    vault = Vault(vault.disk, 64)
    vault.guard = Guard()
    assert not vault.series.add(ELECTRICITY, PROFILE, NOW + 63 * 1800, 30, 63)
    assert vault.series.add(ELECTRICITY, PROFILE, NOW + 64 * 1800, 30, 64)
    assert vault.disk.names() == [first, second] and vault.disk.size(second) == 1024


def test_series_after_a_failed_write():
    """A bucket whose write failed is not there, and can be given again."""
    vault = _vault()
    vault.series.add(ELECTRICITY, DAYS, NOW, 1440, 1)
    write = vault.disk.write

    def fail(name, offset, parts):
        raise StoreError(28)

    vault.disk.write = fail
    with raises(StoreError):
        vault.series.add(ELECTRICITY, DAYS, NOW + DAY, 1440, 2)
    vault.disk.write = write
    assert vault.series.add(ELECTRICITY, DAYS, NOW + DAY, 1440, 2)
    assert [row[2] for row in vault.series.records(ELECTRICITY, DAYS)] == [1, 2]


def test_g29_utc_only():
    """spec: buckets are UTC; a bucket of 23 or 25 hours of a clock change is taken as it is."""
    vault = _vault()
    start = NOW
    for hours in (24, 23, 24, 25, 24):
        assert vault.series.add(ELECTRICITY, DAYS, start, 60 * hours, hours)
        start += 3600 * hours
    vault.guard.visible = NOW + 24 * 3600
    assert [row[2] for row in vault.series.records(ELECTRICITY, DAYS)] == [23, 24, 25, 24]
    vault.guard.visible += 1
    assert [row[2] for row in vault.series.records(ELECTRICITY, DAYS)] == [24, 25, 24]


def test_what_may_be_seen_changes_while_it_is_read():
    """project-choice: a bound that rises while a screen is drawn holds from the next row on."""
    vault = _vault()
    vault.series.extend(ELECTRICITY, DAYS, ((NOW + i * DAY, 1440, i, i) for i in range(10)))
    vault.exports.write(EXPORTS, NOW, [b"x" * 600])
    rows = vault.series.records(ELECTRICITY, DAYS)
    octets = vault.exports.read(vault.exports.names(EXPORTS)[0])
    assert next(rows)[2] == 0 and len(next(octets)) == 512
    vault.guard.visible = NOW + 5 * DAY
    assert next(rows)[2] == 5 and list(octets) == []
    vault.guard.visible = None
    assert list(rows) == [] and vault.exports.names(EXPORTS) == []


def test_entries():
    """A few dated entries of an item; the oldest give way, only what may be seen comes back."""
    vault = _vault()
    for index in range(10):
        assert vault.entries.put(SHARED, MESSAGES, NOW + index, b"m%d" % index * 20)
    assert [time - NOW for time, _ in vault.entries.get(SHARED, MESSAGES)] == list(range(2, 10))
    vault.guard.visible = NOW + 8
    assert [data for _, data in vault.entries.get(SHARED, MESSAGES)] == [b"m8" * 20, b"m9" * 20]
    vault.guard.visible = None
    assert vault.entries.get(SHARED, MESSAGES) == []
    vault.guard.visible = 0
    assert vault.entries.get(ELECTRICITY, BALANCES) == []
    for time in (0, 0xFFFFFFFF):
        assert not vault.entries.put(SHARED, MESSAGES, time, b""), "no valid time"
    vault.guard.keep = NOW + 9
    assert not vault.entries.put(SHARED, MESSAGES, NOW + 8, b"")
    assert vault.entries.put(SHARED, MESSAGES, NOW + 9, b"")
    vault.entries.clear(SHARED, MESSAGES)
    assert vault.entries.get(SHARED, MESSAGES) == [] == vault.disk.names()
    for scope, item in ((ELECTRICITY, MESSAGES), (SHARED, BALANCES), (ELECTRICITY, DAYS)):
        with raises(ValueError):
            vault.entries.put(scope, item, NOW, b"")


def test_torn_entries_are_none():
    """Of a file that does not check nothing is believed; it can be written again."""
    vault = _vault()
    for offset in (0, 4, 8, 20):
        vault.entries.put(SHARED, MESSAGES, NOW, b"message")
        name = vault.disk.names()[0]
        octets = bytearray(1)
        vault.disk.read(name, offset, octets)
        vault.disk.write(name, offset, [bytes((octets[0] ^ 0x55,))])
        assert vault.entries.get(SHARED, MESSAGES) == [], offset
    vault.entries.put(SHARED, MESSAGES, NOW, b"again")
    assert vault.entries.get(SHARED, MESSAGES) == [(NOW, b"again")]


def test_exports():
    """Whole files with the age of their oldest record; the oldest of them give way."""
    vault = _vault()
    names = [vault.exports.write(EXPORTS, NOW + i, [b"file", b" %d" % i * 500]) for i in range(6)]
    assert vault.exports.names(EXPORTS) == names[2:] == vault.disk.names()
    assert b"".join(vault.exports.read(names[3])) == b"file" + b" 3" * 500
    assert b"".join(vault.exports.read(vault.exports.write(EXPORTS, NOW, [b"x"]))) == b"x"
    vault.guard.visible = NOW + 5
    assert vault.exports.names(EXPORTS) == names[5:]
    assert list(vault.exports.read(names[4])) == [] and list(vault.exports.read("absent")) == []
    vault.exports.write(EXPORTS, 0, [b"of unknown age"])
    assert vault.exports.names(EXPORTS) == names[5:]
    vault.disk.write(names[5], vault.disk.size(names[5]) - 1, [b"\x00"])
    assert vault.exports.names(EXPORTS) == [], "a torn trailer says nothing"
    with raises(ValueError):
        vault.exports.write(MESSAGES, NOW, [])


def test_expire_keeps_what_is_newer():
    """Each kind of file keeps its newer part; files with nothing newer go."""
    vault = _vault()
    vault.series.extend(ELECTRICITY, PROFILE, _half_hours(200))
    vault.series.extend(GAS, PROFILE, _half_hours(200))
    for index in range(4):
        vault.entries.put(SHARED, MESSAGES, NOW + index, b"m%d" % index)
        vault.entries.put(ELECTRICITY, TARIFF, NOW + index, b"t%d" % index)
        vault.exports.write(EXPORTS, NOW + index, [b"e%d" % index])
    vault.disk.write("notes.txt", 0, [b"?"])
    before = len(vault.disk.names())
    _work(vault, NOW + 2)
    assert [row[2] for row in vault.series.records(ELECTRICITY, PROFILE)] == list(range(1, 200))
    assert vault.entries.get(SHARED, MESSAGES) == [(NOW + 2, b"m2"), (NOW + 3, b"m3")]
    assert vault.entries.get(ELECTRICITY, TARIFF) == [(NOW + 3, b"t3")], "the supplier's stays"
    assert len(vault.exports.names(EXPORTS)) == 2 and len(vault.disk.names()) == before - 3
    _work(vault, NOW + 100 * 1800)
    assert [row[2] for row in vault.series.records(ELECTRICITY, PROFILE)] == list(range(100, 200))
    assert len(list(vault.series.records(GAS, PROFILE))) == 200
    assert vault.series.add(ELECTRICITY, PROFILE, NOW + 200 * 1800, 30, 200)
    _work(vault, NOW + 100 * 1800)
    assert [row[2] for row in vault.series.records(ELECTRICITY, PROFILE)] == list(range(100, 201))
    _work(vault, NOW + 300 * 1800)
    assert all(name[0] in "g" or name[1:3] == "%02d" % TARIFF for name in vault.disk.names())


def test_expire_is_for_all_there_is():
    """Records that do not check are cleared, and so are files of another segment length."""
    vault = _vault()
    vault.series.extend(ELECTRICITY, PROFILE, _half_hours(10))
    name = vault.disk.names()[0]
    vault.disk.write(name, 16 * 2, [b"canary-in-a-torn"])
    _work(vault, NOW)
    octets = bytearray(1024)
    assert vault.disk.read(name, 0, octets) == 1024 and octets.find(b"canary") < 0
    assert len(list(vault.series.records(ELECTRICITY, PROFILE))) == 9
    vault.disk.write(name, 1024, [b"more"])
    _work(vault, NOW)
    assert vault.disk.names() == []
    vault.disk.write(name, 0, [b"canary"])
    _work(vault, 1)
    assert vault.disk.names() == []


def test_names_of_files():
    assert owner_of("e00-00001") == (ELECTRICITY, PROFILE) and owner_of("s15-00000") == (2, 15)
    for name in ("e00-0001", "x00-00001", "e99-00001", "e00_00001", "eab-00001", "e", "~fill"):
        assert owner_of(name) is None, name


def test_files_are_never_small():
    """Up to 1022 octets littlefs may keep a file in its metadata, out of a purge's reach."""
    vault = _vault(1)
    vault.series.add(ELECTRICITY, DAYS, NOW, 1440, 1)
    vault.entries.put(SHARED, MESSAGES, NOW, b"")
    vault.exports.write(EXPORTS, NOW, [])
    assert len(vault.disk.names()) == 3
    for name in vault.disk.names():
        assert vault.disk.size(name) >= 1024, name


def test_table_of_what_is_cleared():
    """project-choice: every row has a reason, a capacity, and is cleared by at least one bit."""
    names = [row[0] for row in cleared.ITEMS]
    assert len(names) == 16 and len(names) == len(set(names))
    for item, (name, kind, per_fuel, bits, capacity, reason) in enumerate(cleared.ITEMS):
        assert kind in (cleared.SERIES, cleared.ENTRIES, cleared.EXPORT), name
        assert bits and bits & ~0x600 == 0 and capacity > 0 and len(reason) > 10, name
        scope, other = (ELECTRICITY, SHARED) if per_fuel else (SHARED, ELECTRICITY)
        assert cleared.clears(item, scope, bits) and not cleared.clears(item, other, bits), name
        assert not cleared.clears(item, scope, 0x600 & ~bits) or bits == 0x600, name
    assert cleared.ITEMS[DAYS][4] == 731 and cleared.ITEMS[cleared.MONTHS][4] == 14
    assert cleared.ITEMS[PROFILE][4] == 19056, "the GPF's profile log"
