# engines: cpython unix
import gc
import os
from binascii import crc32

from testkit import Skip, raises, tmpdir

from smets import alive
from smets.features.ring import FileRegion, LogError, RamRegion, RingLog

ROWS = 20
SIZE = 512  # 32 slots of 16 octets


class Cut(Exception):
    """The power went away."""


class CutRegion(RamRegion):
    """Memory that outlives a power cut in the middle of a write; `tear` is what got through."""

    def __init__(self, data):
        super().__init__(len(data))
        super().write(0, data)
        self.left = -1  # writes until the cut, -1: none comes
        self.tear = None

    def write(self, offset, data):
        if self.left == 0:
            for index in self.tear:
                super().write(offset + index, data[index : index + 1])
            raise Cut()
        self.left -= 1
        super().write(offset, data)


def rows_of(log, start=0, end=0xFFFFFFFF):
    found = []
    for part in log.select(start, end).chunks(log.width):
        found.append(bytes(part))
    return found


def values(log, start=0, end=0xFFFFFFFF):
    return [
        (int.from_bytes(row[:4], "big"), int.from_bytes(row[4:8], "big"))
        for row in rows_of(log, start, end)
    ]


def put(log, seconds, value):
    """Add a row {time, value} of two 32-bit integers."""
    log.append(seconds.to_bytes(4, "big") + value.to_bytes(4, "big"))


def image(region):
    """All octets of a region."""
    octets = bytearray(region.size)
    region.read_into(0, octets)
    return octets


def filled(count, rows=ROWS, size=SIZE):
    region = RamRegion(size)
    log = RingLog(region, rows, 8)
    for index in range(count):
        put(log, 1000 + index, index)
    return region, log


def test_new_region_is_empty():
    for filler in (0, 0xFF):
        region = RamRegion(SIZE)
        region.write(0, bytes((filler,)) * SIZE)
        log = RingLog(region, ROWS, 8)
        assert len(log) == 0 and log.newest == 0 and values(log) == [], filler


def test_rows_come_back_after_a_restart():
    region, log = filled(5)
    for again in (log, RingLog(region, ROWS, 8)):
        assert values(again) == [(1000 + index, index) for index in range(5)]
        assert again.newest == 1004 and len(again) == 5 and again.head() == 5


def test_f47_ring_keeps_the_newest():
    """spec: 4,320 rows are kept, the oldest goes first."""
    for rows, count, size in ((ROWS, 21, SIZE), (31, 100, SIZE), (4320, 4321, 69632)):
        region, log = filled(count, rows, size)
        for again in (log, RingLog(region, rows, 8)):
            assert len(again) == rows, rows
            selection = again.select()
            first = bytearray(8)
            assert selection.readinto(first) == 8
            assert first == (1000 + count - rows).to_bytes(4, "big") + (count - rows).to_bytes(
                4, "big"
            ), rows
            assert again.newest == 1000 + count - 1, rows


def test_f48_both_ends_of_a_range_are_included():
    """spec: from and to are inclusive."""
    _region, log = filled(10)
    assert values(log, 1003, 1005) == [(1003, 3), (1004, 4), (1005, 5)]
    assert values(log, 1004, 1004) == [(1004, 4)]
    assert len(values(log, 0, 0xFFFFFFFF)) == 10, "from the oldest to the newest"


def test_f49_f50_nothing_in_the_range():
    """project-choice: from later than to selects nothing, as does a range without rows."""
    _region, log = filled(10)
    for start, end in ((1005, 1003), (0, 999), (1010, 0xFFFFFFFF)):
        selection = log.select(start, end)
        assert selection.count == 0 == selection.length, (start, end)
        assert selection.readinto(bytearray(64)) == 0
        assert values(log, start, end) == []


def test_f51_a_full_log_is_34560_octets():
    """spec: 4,320 rows of 8 octets, known before the first is read; read in bounded memory."""
    _region, log = filled(4400, 4320, 69632)
    selection = log.select()
    assert selection.count == 4320 and selection.length == 34560
    buffer = bytearray(1000)  # not a multiple of a row
    octets = 0
    expected = 1080
    while True:
        got = selection.readinto(buffer)
        if got == 0:
            break
        assert got % 8 == 0, "whole rows"
        for at in range(0, got, 8):
            assert int.from_bytes(buffer[at : at + 4], "big") == expected
            expected += 1
        octets += got
    assert octets == 34560


def test_event_rows_of_ten_octets():
    region = RamRegion(4096)
    log = RingLog(region, 100, 10)
    for index in range(250):
        # Times of events may go back with the clock.
        time = 5000 + index - (100 if index > 240 else 0)
        log.append(time.to_bytes(4, "big") + bytes((0x80, index, 0, 0, 0, 7)))
    again = RingLog(region, 100, 10)
    found = rows_of(again)
    assert len(found) == 100 and found == rows_of(log)
    assert [row[5] for row in found] == list(range(150, 250)), "in the order of arrival"
    assert again.newest == 5149


def test_selection_while_rows_are_appended():
    """A reader gets all rows that were counted, or an error."""
    _region, log = filled(20)
    selection = log.select()
    row = bytearray(8)
    for index in range(12):
        put(log, 2000 + index, 0)
    assert selection.readinto(row) == 8 and row[:4] == (1000).to_bytes(4, "big")
    selection = log.select()
    put(log, 3000, 0)
    assert selection.count == 20
    octets = selection.readinto(bytearray(400))
    assert octets == 160, "rows appended later are not part of it"
    selection = log.select()
    for index in range(13):
        put(log, 4000 + index, 0)
    with raises(LogError):
        selection.readinto(row)


def test_wrong_sizes():
    with raises(LogError):
        RingLog(RamRegion(SIZE), 32, 8)
    log = RingLog(RamRegion(SIZE), 31, 8)
    with raises(LogError):
        log.append(b"short")


def tears(length):
    """Which octets of a write get through: none to all, from either end, and every other one."""
    for count in range(length + 1):
        yield range(count)
        yield range(length - count, length)
    yield range(0, length, 2)
    yield range(1, length, 2)


def test_f38_no_cut_tears_an_entry():
    """spec: at whatever octet the power goes, the log is the old or the new one."""
    region, log = filled(0)
    for index in range(70):
        before = rows_of(log)
        after = (before + [(1000 + index).to_bytes(4, "big") + index.to_bytes(4, "big")])[-ROWS:]
        seen = set()
        for tear in tears(16):
            cut = CutRegion(image(region))
            torn = RingLog(cut, ROWS, 8)
            cut.left, cut.tear = 0, tear
            with raises(Cut):
                put(torn, 1000 + index, index)
            found = rows_of(RingLog(cut, ROWS, 8))
            assert found == before or found == after, (index, list(tear))
            seen.add(found == after)
            # The log goes on: a row once torn is written again.
            cut.left = -1
            again = RingLog(cut, ROWS, 8)
            put(again, 5000, 1)
            assert rows_of(again) == (found + [(5000).to_bytes(4, "big") + b"\0\0\0\1"])[-ROWS:]
        assert seen == {False, True}, "both happen"
        put(log, 1000 + index, index)


def test_damaged_slot_is_left_out():
    region, _log = filled(10)
    region.write(3 * 16 + 6, bytes([image(region)[3 * 16 + 6] ^ 1]))
    log = RingLog(region, ROWS, 8)
    assert [time for time, _value in values(log)] == [
        1000 + index for index in range(10) if index != 3
    ]
    assert log.select().count == 9 and log.newest == 1009


def test_slots_of_another_place_are_not_taken():
    region, log = filled(10)
    region.write(20 * 16, image(region)[9 * 16 : 10 * 16])
    assert RingLog(region, ROWS, 8).head() == 10
    assert len(values(log)) == 10


def test_memory_region_across_parts():
    """A board's heap seldom has a long log in one piece; rows may lie across two pieces."""
    region = RamRegion(2 * 4096 + 100)
    octets = bytes(index % 251 for index in range(4200))
    region.write(4000, octets)
    assert image(region) == bytes(4000) + octets + bytes(92)
    region.write(8191, b"\xaa\xbb")
    part = bytearray(4)
    region.read_into(8190, part)
    assert part == bytes([octets[4190], 0xAA, 0xBB, octets[4193]])
    for offset in (-1, region.size - 3, region.size):
        with raises(LogError):
            region.write(offset, b"four")
        with raises(LogError):
            region.read_into(offset, part)
    assert len(image(region)) == region.size


def test_files_hold_a_log():
    path = tmpdir() + "/log"
    log = RingLog(FileRegion(path, 1024, 256), ROWS, 8)
    for index in range(150):
        put(log, index, index * 3)
        if index in (0, 15, 16, 63, 64, 149):
            again = RingLog(FileRegion(path, 1024, 256), ROWS, 8)
            assert values(again) == values(log), index
            assert again.newest == index
    assert sorted(os.listdir(path[:-4])) == ["log.0", "log.1", "log.2", "log.3"]


def test_a_folder_in_the_place_of_a_file_is_damage():
    """issue: it is told of, the rows of other files are there, and nothing else is raised."""
    path = tmpdir() + "/log"
    log = RingLog(FileRegion(path, SIZE, 256), ROWS, 8)
    for n in range(24):
        put(log, n + 1, n)
    os.remove(path + ".0")
    os.mkdir(path + ".0")
    told = []
    log = RingLog(FileRegion(path, SIZE, 256), ROWS, 8, lambda: told.append(1))
    assert told and values(log) == [(n + 1, n) for n in range(16, 24)]
    with raises(OSError):
        for n in range(24, 40):
            put(log, n + 1, n)
    assert values(log)[-1] == (32, 31), "what fits into the other file"
    os.rmdir(path + ".0")


def test_file_region_across_segments():
    path = tmpdir() + "/region"
    region = FileRegion(path, 64, 16)
    buffer = bytearray(b"\xff" * 64)
    region.read_into(0, buffer)
    assert buffer == bytes(64), "never written"
    region.write(12, b"0123456789abcdefghij")
    region.read_into(0, buffer)
    assert buffer == bytes(12) + b"0123456789abcdefghij" + bytes(32)
    part = bytearray(7)
    region.read_into(13, part)
    assert part == b"1234567"


def test_failing_medium_is_an_error():
    path = tmpdir() + "/x"
    with open(path, "wb") as file:
        file.write(b"no folder")
    region = FileRegion(path + "/log", 64, 16)
    with raises(OSError):
        region.write(0, b"data")
    with raises(OSError):
        image(region)
    os.remove(path)


class Flash:
    """NOR flash in memory for littlefs: counts erases, and loses power at a chosen operation."""

    SIZE = 4096

    def __init__(self, blocks):
        self.blocks = blocks
        self.data = [bytearray(b"\xff" * self.SIZE) for _ in range(blocks)]
        self.erases = 0
        self.octets = 0
        self.left = -1  # operations until the power goes, -1: it stays
        self.cut = False

    def restore(self, left):
        self.left = left
        self.cut = False

    def _lost(self):
        # Once gone the power stays away, also for what littlefs tries when it closes a file.
        self.cut = self.cut or self.left == 0
        self.left -= 1
        return self.cut

    def readblocks(self, block, buffer, offset=0):
        buffer[:] = memoryview(self.data[block])[offset : offset + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        was_cut = self.cut
        if self._lost():
            if not was_cut:
                half = len(buffer) // 2
                self.data[block][offset : offset + half] = buffer[:half]
            return -5
        self.octets += len(buffer)
        self.data[block][offset : offset + len(buffer)] = buffer

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return self.SIZE
        if op == 6:
            if self._lost():
                return -5
            self.erases += 1
            self.data[arg][:] = b"\xff" * self.SIZE
        return 0


def littlefs():
    try:
        from vfs import VfsLfs2, mount, umount
    except ImportError:
        raise Skip("littlefs is part of MicroPython")
    return VfsLfs2, mount, umount


def test_wear_on_littlefs():
    """project-choice: an entry costs a write, and 1.1 erases of a 4 KiB block."""
    VfsLfs2, mount, umount = littlefs()
    flash = Flash(20)
    VfsLfs2.mkfs(flash, progsize=256)
    mount(VfsLfs2(flash, progsize=256), "/wear")
    try:
        log = RingLog(FileRegion("/wear/log", 8192), 480, 8)
        for index in range(512):
            put(log, index, 230)
        flash.erases = flash.octets = 0
        for index in range(512):
            put(log, 512 + index, 230)
        assert len(log) == 480
    finally:
        umount("/wear")
    print("erases an entry:", flash.erases / 512, "octets an entry:", flash.octets / 512)
    assert 512 <= flash.erases <= 512 * 11 // 10, flash.erases
    assert flash.octets <= 512 * 4608, flash.octets


def test_f38_cut_at_every_flash_operation():
    """spec: on littlefs the log is the old or the new one wherever the power goes."""
    VfsLfs2, mount, umount = littlefs()
    flash = Flash(10)
    VfsLfs2.mkfs(flash, progsize=256)

    def power_up():
        flash.restore(-1)
        mount(VfsLfs2(flash, progsize=256), "/cut")
        log = RingLog(FileRegion("/cut/log", 2048, 1024), 100, 8)
        return log, [time for time, _value in values(log)]

    log, _found = power_up()
    for index in range(150):
        put(log, index, index)
    umount("/cut")
    cuts = 0
    for index in range(150, 170):
        operation = 0
        while True:
            # Each try starts from the state that the one before left, whatever it is.
            log, found = power_up()
            if found == list(range(index - 99, index + 1)):
                umount("/cut")
                break
            assert found == list(range(index - 100, index)), (index, operation)
            flash.restore(operation)
            try:
                put(log, index, index)
            except OSError:
                cuts += 1
            umount("/cut")
            operation += 1
    print("cuts:", cuts)
    assert cuts > 40, cuts


class CountingRegion(RamRegion):
    """Memory that counts how often it is read."""

    reads = 0

    def read_into(self, offset, buffer):
        self.reads += 1
        super().read_into(offset, buffer)


def newest_by_looking_everywhere(region):
    """The row that a log ought to find: the valid one with the highest sequence number."""
    newest = -1
    slot = bytearray(16)
    for index in range(region.size // 16):
        RamRegion.read_into(region, index * 16, slot)
        sequence = int.from_bytes(slot[:4], "big")
        valid = crc32(slot[:12]) == int.from_bytes(slot[12:], "big")
        if valid and sequence % (region.size // 16) == index:
            newest = max(newest, sequence)
    return newest


def test_the_newest_row_is_found_without_looking_everywhere():
    """A Pico's watchdog does not wait until 20,000 slots were looked at."""
    rows, size = 700, 3 * 4096  # 768 slots in three parts
    number = 1
    for count in (0, 1, 2, 255, 256, 257, 511, 512, 513, 767, 768, 769, 1024, 1300, 2304):
        kept, _ = filled(count, rows, size)
        octets = image(kept)
        for damage in range(3):
            region = CountingRegion(size)
            region.write(0, octets)
            for _ in range(damage):  # of slots next to the newest, and anywhere
                number = (number * 75 + 74) % 65537
                slot = (count - 1 - number % 3) % 768 if number & 4 else number % 768
                region.write(slot * 16 + number % 15, b"\x5a\xa5")
            log = RingLog(region, rows, 8)
            assert region.reads <= 3 + 16 + 4, (count, region.reads)
            assert log.head() == newest_by_looking_everywhere(region) + 1, (count, damage)
    region = CountingRegion(4096)
    region.size = 75 * 4096
    region.read_into = lambda offset, buffer: CountingRegion.read_into(region, 0, buffer)
    RingLog(region, 18000, 8)
    assert region.reads == 75, "one look at each part of an empty log"


def test_work_on_a_long_log_is_told():
    """issue: a board's watchdog hears of it, whatever the length of the log."""
    region, log = filled(1024, 1024, 5 * 4096)
    told = []
    alive.listen(lambda: told.append(1))
    try:
        RingLog(region, 1024, 8)
        assert len(told) == 5, "each part of 4 KiB"
        del told[:]
        selection = log.select()
        assert len(told) == 4, "each 256 rows"
        for _ in selection.chunks():
            pass
        assert len(told) == 8
    finally:
        alive.listen(None)


def test_a_short_range_of_a_long_log_is_read_without_the_rest():
    """Counting looks at every row; reading at those of the range only."""
    data, _ = filled(1000, 1000, 5 * 4096)
    region = CountingRegion(5 * 4096)
    region.write(0, image(data))
    log = RingLog(region, 1000, 8)
    selection = log.select(1500, 1509)
    assert selection.count == 10
    region.reads = 0
    assert values(log, 1500, 1509) == [(1000 + index, index) for index in range(500, 510)]
    assert region.reads <= 63 + 2, "once for the count, then what the range lies in"
    nothing = log.select(1, 2)
    region.reads = 0
    assert nothing.count == 0 and nothing.readinto(bytearray(64)) == 0 and region.reads == 0


def test_rows_wider_than_a_batch():
    """issue: the registers of a day are one row of a log, after a restart too."""
    region = RamRegion(16384)
    log = RingLog(region, 31, 348)
    for number in range(40):
        log.append((1000 + number).to_bytes(4, "big") + bytes((number,)) * 344)
    for held in (log, RingLog(region, 31, 348)):
        assert [bytes(row[:5]) for row in held.select(1015, 0xFFFFFFFF).chunks(100)] == [
            (1000 + number).to_bytes(4, "big") + bytes((number,)) for number in range(15, 40)
        ]
        assert len(held) == 31 and held.newest == 1039


def test_selecting_collects_no_garbage_of_its_own():
    """The threshold is off while rows are looked through, and back afterwards, also on a fault."""
    if not hasattr(gc, "threshold") or not hasattr(gc, "mem_free"):
        raise Skip("this engine has no such threshold")
    seen = []

    def lost():
        seen.append(gc.threshold())
        raise ValueError("in the midst")

    region = RamRegion(SIZE)
    log = RingLog(region, ROWS, 8, lost)
    put(log, 1, 1)
    put(log, 2, 2)
    before = gc.threshold()
    try:
        gc.threshold(20480)
        assert log.select().count == 2 and gc.threshold() == 20480
        region.write(0, bytes(16))
        # The batch that the log holds has the row yet.
        put(log, 3, 3)
        with raises(ValueError):
            log.select()
        assert seen == [-1] and gc.threshold() == 20480
    finally:
        gc.threshold(before)
