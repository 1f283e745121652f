# The hardware of the virtual board: flash in an image file, `machine` with reset and watchdog.
# The bridge (host_tools/virtual_board.py) does what the Unix port cannot; the control descriptor
# carries the requests.
import os
import sys
import time

import umachine
import vfs
from micropython import kbd_intr

BLOCK = 4096

_arguments = list(sys.argv)


class Flash:
    """Block device over a file: erased octets are ones; one operation is one write or erase."""

    def __init__(self, path):
        self._file = open(path, "r+b")
        self._count = os.stat(path)[6] // BLOCK
        self._erased = b"\xff" * BLOCK
        self.left = int(_arguments[6])  # operations until the power is cut; 0 for never

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._change(block * BLOCK + offset, memoryview(buffer))

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._count
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._change(argument * BLOCK, memoryview(self._erased))
        return 0

    def _change(self, offset, octets):
        self._file.seek(offset)
        if self.left:
            self.left -= 1
            _tell("left %d" % self.left)
            if self.left == 0:
                # Torn: half of it is done.
                self._file.write(octets[: len(octets) // 2])
                _ask("cut")
        self._file.write(octets)


class WDT:
    """Bites by way of the bridge, which kills the process."""

    def __init__(self, id=0, timeout=5000):
        self._apart = timeout // 8
        self._last = time.ticks_ms()
        _tell("arm %d" % timeout)

    def feed(self):
        now = time.ticks_ms()
        if time.ticks_diff(now, self._last) > self._apart:
            self._last = now
            _tell("feed")

    def deinit(self):
        _tell("disarm")


class Timer:
    """Its only use here is a guard: the bridge keeps the time, and resets as the callback would.

    In this process nothing runs while the REPL waits for input; in a chip the callback does.
    """

    ONE_SHOT = 0

    def __init__(self, id=-1):
        pass

    def init(self, mode=ONE_SHOT, period=1000, callback=None):
        _tell("timer %d" % period)

    def deinit(self):
        _tell("timer 0")


class Machine:
    """The module `machine`: that of the Unix port, and what chips have beyond it."""

    PWRON_RESET = 1
    HARD_RESET = 2
    WDT_RESET = 3
    SOFT_RESET = 4
    WDT = WDT
    Timer = Timer

    @staticmethod
    def UART(number, **options):
        """The UART that is on a wire (host_tools/bus_line.py); its line has the wire's speed."""
        if number or _uart < 0:
            raise ValueError("no wire is on UART %d" % number)
        return open(_uart, "r+b")

    def __init__(self):
        for name in dir(umachine):
            if name[0] != "_":
                setattr(self, name, getattr(umachine, name))

    def reset(self):
        """Restart as the reset pin does."""
        _ask("reset")

    def reset_cause(self):
        """Why the board started."""
        return int(_arguments[5])

    def unique_id(self):
        """Eight octets, others on each board."""
        return bytes.fromhex(_arguments[3])

    def cut_power(self, operations):
        """Cut the power in the middle of the n-th flash write or erase from now on; 0 for not.

        Soft resets do not end the count.
        """
        _flash.left = operations
        _tell("left %d" % operations)


def _tell(text):
    _control.write((text + "\n").encode())


def _ask(text):
    """Ask the bridge for the end of this process, and wait for it."""
    kbd_intr(-1)
    _tell(text)
    while True:
        time.sleep(1)


def soft_reset():
    """Start again with the memory cleared."""
    _ask("soft")


def runs_main():
    """Whether main.py runs: not where the bridge starts the raw REPL again."""
    runs = _arguments[4] == "main" and "main.py" in os.listdir()
    if runs:
        _tell("main")
    return runs


def source(name):
    """The text of a file of the board, compiled; nothing where it is absent."""
    try:
        with open(name) as file:
            text = file.read()
    except OSError:
        text = ""
    return compile(text, name, "exec")


def power_up():
    """Leave the host's file system for the board's own."""
    global _flash, _control, _uart
    _uart = int(_arguments[7])
    _control = open(int(_arguments[2]), "wb")
    _flash = Flash(_arguments[1])
    try:
        volume = vfs.VfsLfs2(_flash)
    except OSError:
        vfs.VfsLfs2.mkfs(_flash)
        volume = vfs.VfsLfs2(_flash)
    vfs.umount("/")
    vfs.mount(volume, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv[:] = []
    sys.modules["machine"] = Machine()
    del sys.modules["shim"]
