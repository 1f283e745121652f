# engines: cpython unix
# A NOR flash in memory that loses power at a chosen operation, for the tests on real littlefs.
import os

from testkit import Skip, raises


class PowerCut(BaseException):
    """The power is gone; no device code catches this."""


class Flash:
    """Block device of `count` blocks of `size` octets, as `vfs.VfsLfs2` wants it.

    Writes and erases are counted in `operations`. The one numbered `cut` (from 1) raises PowerCut
    after nothing (torn 0), half (1) or all (2) of it has happened. What the code still does while
    PowerCut passes through it (files are closed) goes to copies of the blocks. The memory is a
    list of blocks, so that a small heap has room for it wherever it is fragmented.
    """

    def __init__(self, size, count, memory=None):
        self.size = size
        self.memory = memory or [bytearray(b"\xff" * size) for _ in range(count)]
        self.copies = {}
        self.erased = b"\xff" * size
        self.operations = 0
        self.erases = 0
        self.cut = 0
        self.torn = 0
        self.dead = False

    def restarted(self):
        """Power off and on again: a new device with the same memory."""
        self.dead = True
        return Flash(self.size, 0, self.memory)

    def image(self):
        """A copy of the memory, for `load`."""
        return [bytes(block) for block in self.memory]

    def load(self, image):
        """Set the memory to what it was when `image` was taken."""
        for block, octets in zip(self.memory, image):
            block[:] = octets

    def holds(self, octets):
        """Whether the raw memory contains these octets, across the ends of blocks too."""
        if any(block.find(octets) >= 0 for block in self.memory):
            return True
        reach = len(octets) - 1
        for index in range(len(self.memory) - 1):
            seam = self.memory[index][-reach:] + self.memory[index + 1][:reach]
            if seam.find(octets) >= 0:
                return True
        return False

    def _block(self, number):
        return self.copies.get(number) or self.memory[number]

    def _change(self, number, offset, octets):
        self.operations += 1
        if self.dead and number not in self.copies:
            self.copies[number] = bytearray(self.memory[number])
        block = self._block(number)
        if self.operations != self.cut:
            block[offset : offset + len(octets)] = octets
            return
        length = (0, len(octets) // 2, len(octets))[self.torn]
        block[offset : offset + length] = octets[:length]
        self.dead = True
        raise PowerCut()

    def readblocks(self, number, buffer, offset=0):
        buffer[:] = memoryview(self._block(number))[offset : offset + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        area = memoryview(self._block(number))[offset : offset + len(buffer)]
        assert area == self.erased[: len(buffer)] or self.dead, "written twice without an erase"
        self._change(number, offset, memoryview(buffer))

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.memory)
        if operation == 5:
            return self.size
        if operation == 6:
            self.erases += 1
            self._change(argument, 0, self.erased)
        return 0


def mount(flash, path="/flash", fresh=False):
    """Mount littlefs on a flash; Skip where the engine has none."""
    try:
        import vfs
    except ImportError:
        raise Skip("littlefs is part of MicroPython only")
    unmount(path)
    if fresh:
        vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), path)
    return path


def unmount(path="/flash"):
    """Forget a mounted file system, as a reset does."""
    import vfs

    try:
        vfs.umount(path)
    except (OSError, PowerCut):
        pass


def cut_points(flash, image, run, check, every=1):
    """Cut the power of `run(path)` at each write and erase, torn in each of the three ways.

    `run` starts from `image` every time; after each cut `check(flash)` gets the flash as it is
    when the power is back. Returns how many cut points there were. With `every` it is each so
    many of them, others for each way.
    """
    tried = 0
    for torn in range(3):
        point = 1 + torn % every - every
        while True:
            point += every
            flash = flash.restarted()
            flash.load(image)
            flash.cut, flash.torn = point, torn
            try:
                run(mount(flash))
                break
            except PowerCut:
                tried += 1
                flash = flash.restarted()
                check(flash)
    unmount()
    assert every > 1 or tried == 3 * (point - 1), "every operation, three times"
    return tried


def test_flash_cuts_and_tears():
    """The power cut happens at the operation asked for, with the part asked for."""
    for torn, octets in ((0, 0), (1, 4), (2, 8)):
        flash = Flash(16, 4)
        flash.cut, flash.torn = 2, torn
        flash.writeblocks(1, b"\x00" * 8, 0)
        with raises(PowerCut):
            flash.writeblocks(2, b"\x00" * 8, 0)
        assert flash.memory[2] == b"\x00" * octets + b"\xff" * (16 - octets), torn
        flash.writeblocks(3, b"\x00" * 8, 0)
        flash.ioctl(6, 1)
        flash = flash.restarted()
        assert flash.memory[3] == b"\xff" * 16 and flash.memory[1][:8] == bytes(8), "dead"


def test_flash_writes_only_what_is_erased():
    """As NOR flash: an area is written once between two erases."""
    flash = Flash(16, 2)
    flash.writeblocks(0, b"ab", 4)
    with raises(AssertionError):
        flash.writeblocks(0, b"c", 5)
    flash.ioctl(6, 0)
    flash.writeblocks(0, b"c", 5)
    assert flash.memory[0][5] == ord("c") and flash.erases == 1, "written after the erase"


def test_flash_finds_what_it_holds():
    """Within a block, at its end, and across two blocks; not what a dead device wrote."""
    flash = Flash(16, 4)
    assert not flash.holds(b"canary")
    flash.writeblocks(0, b"canary", 10)
    flash.writeblocks(2, b"two", 13)
    flash.writeblocks(3, b"parts", 0)
    image = flash.image()
    assert flash.holds(b"canary") and flash.holds(b"twoparts") and not flash.holds(b"ytwo")
    flash.cut = flash.operations + 1
    with raises(PowerCut):
        flash.writeblocks(1, b"late", 0)
    flash.writeblocks(1, b"late", 0)
    buffer = bytearray(4)
    flash.readblocks(1, buffer, 0)
    assert buffer == b"late" and not flash.holds(b"late")
    flash = flash.restarted()
    flash.ioctl(6, 0)
    assert not flash.holds(b"canary")
    flash.load(image)
    assert flash.holds(b"canary")


def test_cut_points_reach_every_operation():
    """The loop of cuts ends only when a run was not cut."""
    flash = Flash(512, 16)
    mount(flash, fresh=True)
    unmount()
    image = flash.image()
    flash = flash.restarted()
    checked = []

    def run(path):
        os.mkdir(path + "/x")
        os.rename(path + "/x", path + "/y")

    run(mount(flash))
    count = flash.operations
    tried = cut_points(flash, image, run, lambda flash: checked.append(flash.operations))
    assert count > 3 and tried == 3 * count and checked == [0] * tried, "%d cuts" % tried
