# engines: cpython unix
# A NOR flash in memory that loses power at a chosen operation, for the tests on real littlefs.
from testkit import Skip, raises


class PowerCut(Exception):
    """The power is gone; no device code catches this."""


class Flash:
    """Block device of `count` blocks of `size` octets, as `vfs.VfsLfs2` wants it.

    Writes and erases are counted in `operations`. The one numbered `cut` (from 1) raises PowerCut
    after nothing (torn 0), half (1) or all (2) of it has happened. What the code still does while
    PowerCut passes through it (files are closed) goes to a copy of the memory.
    """

    def __init__(self, size, count, memory=None):
        self.size = size
        self.count = count
        self.memory = memory or bytearray(b"\xff" * (size * count))
        self.image = self.memory
        self.erased = b"\xff" * size
        self.operations = 0
        self.erases = 0
        self.cut = 0
        self.torn = 0
        self.dead = False

    def restarted(self):
        """Power off and on again: a new device with the same memory."""
        self._die()
        return Flash(self.size, self.count, self.memory)

    def _die(self):
        self.dead = True
        self.image = bytearray(self.memory)

    def _change(self, start, octets):
        self.operations += 1
        if self.operations != self.cut:
            self.image[start : start + len(octets)] = octets
            return
        length = (0, len(octets) // 2, len(octets))[self.torn]
        self.image[start : start + length] = octets[:length]
        self._die()
        raise PowerCut()

    def readblocks(self, block, buffer, offset=0):
        start = block * self.size + offset
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * self.size + offset
        area = memoryview(self.image)[start : start + len(buffer)]
        assert area == self.erased[: len(buffer)] or self.dead, "written twice without an erase"
        self._change(start, memoryview(buffer))

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.count
        if operation == 5:
            return self.size
        if operation == 6:
            self.erases += 1
            self._change(argument * self.size, self.erased)
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


def cut_points(flash, image, run, check):
    """Cut the power of `run(path)` at each write and erase, torn in each of the three ways.

    `run` starts from `image` every time; after each cut `check(path)` gets the file system
    mounted anew. Returns how many cut points there were.
    """
    tried = 0
    for torn in range(3):
        point = 0
        while True:
            point += 1
            flash = Flash(flash.size, flash.count, flash.memory)
            flash.image[:] = image
            flash.cut, flash.torn = point, torn
            try:
                run(mount(flash))
                break
            except PowerCut:
                tried += 1
                flash = flash.restarted()
                check(mount(flash))
    unmount()
    assert tried == 3 * (point - 1), "every operation, three times"
    return tried


def test_flash_cuts_and_tears():
    """The power cut happens at the operation asked for, with the part asked for."""
    for torn, octets in ((0, 0), (1, 4), (2, 8)):
        flash = Flash(16, 4)
        flash.cut, flash.torn = 2, torn
        flash.writeblocks(1, b"\x00" * 8, 0)
        with raises(PowerCut):
            flash.writeblocks(2, b"\x00" * 8, 0)
        assert flash.image[32:48] == b"\x00" * octets + b"\xff" * (16 - octets), torn
        flash.writeblocks(3, b"\x00" * 8, 0)
        flash.ioctl(6, 1)
        flash = flash.restarted()
        assert flash.image[48:] == b"\xff" * 16 and flash.image[16:24] == bytes(8), "dead"


def test_flash_writes_only_what_is_erased():
    """As NOR flash: an area is written once between two erases."""
    flash = Flash(16, 2)
    flash.writeblocks(0, b"ab", 4)
    with raises(AssertionError):
        flash.writeblocks(0, b"c", 5)
    flash.ioctl(6, 0)
    flash.writeblocks(0, b"c", 5)
    assert flash.image[5] == ord("c") and flash.erases == 1, "written after the erase"


def test_cut_points_reach_every_operation():
    """The loop of cuts ends only when a run was not cut any more."""
    flash = Flash(512, 16)
    mount(flash, fresh=True)
    unmount()
    image = bytes(flash.image)
    flash = flash.restarted()
    checked = []

    def run(path):
        with open(path + "/x", "wb") as file:
            file.write(b"y" * 700)

    run(mount(flash))
    count = flash.operations
    tried = cut_points(flash, image, run, lambda path: checked.append(path))
    assert count > 3 and tried == 3 * count == len(checked), "%d cuts" % tried
