# Settings of use cases, kept through a power cut: one bounded file, with an entry a command.
# A command's settings are written as one entry before its answer leaves: all of them or none.
import os
from binascii import crc32

from smets.compat import const
from smets.ports.disk import Disk
from smets.ports.store import StoreError

# project-choice: octets of keys and values, with 12 a setting, that a device keeps. The largest
# tariff of an ESME takes most of it; a Pico keeps logs, keys and a history beside it. Alternative:
# any number.
BOUND = const(16384)
# Octets of the file, from which on what was replaced is left out by writing a new one.
FILE_BOUND = 24576
VERSION = const(1)

_FOLDER = "settings"
_FILE = "entries"
_NEW = "~entries"
# An entry: mark (2), version (1), octets of the body (2), CRC-32 of version to body's end (4),
# body. A body: settings, each the octets of its key (1) and of its value (2), then both.
_MARK = b"\xa5\x5e"
_HEAD = const(9)
_SETTING = const(3)
_REMOVED = const(0xFFFF)  # the length that stands for a removed value
_CHUNK = const(128)
_FULL = const(28)  # ENOSPC


def _size(key, value) -> int:
    return _HEAD + _SETTING + len(key) + len(value)


class Settings:
    """Settings by key, both octets; without a store they last as long as the power.

    `put` and `remove`, then `commit` or `rollback`: `get` sees at once what a command sets, others
    and the file only after `commit`. What is damaged is reported to the store.
    """

    def __init__(self, store=None):
        """Read what is kept in a folder of `store` (ports.store.Store); nothing raises."""
        self.values = {}
        self.commands = 0  # how many are over
        self._staged = {}
        self._path = store.path + "/" + _FOLDER if store else ""
        self._disk = None
        self._end = 0  # of the entries in the file
        self._size = 0  # what `values` take of BOUND
        self._renew = False  # something in the file is damaged
        self._takers = {}  # first octet of a key -> function(key, value)
        if store and self._present():
            try:
                self._load(self._open(), store)
            except StoreError as error:
                self._renew = True
                store.report(_FOLDER, "error %d" % error.errno)

    def serve(self, kind: bytes, take):
        """Tell `take(key, value)` what is set under keys that begin with the octet `kind`.

        The key is without that octet. It is told what is kept, and later what is set or changed.
        """
        self._takers[kind[0]] = take
        for key in self.values:
            if key[0] == kind[0]:
                take(key[1:], self.values[key])

    def get(self, key):
        """The octets that are set for a key, or None."""
        if key in self._staged:
            return self._staged[key]
        return self.values.get(key)

    def put(self, key, value):
        """Set a key within a command: at most 255 octets of key, 65534 of value."""
        self._staged[bytes(key)] = bytes(value)

    def remove(self, key):
        """Remove a key, within a command."""
        self._staged[bytes(key)] = None

    def mark(self) -> dict:
        """What was put since the last commit, for `back_to`."""
        return dict(self._staged)

    def back_to(self, mark: dict):
        """Forget what was put since a `mark`."""
        self._staged = mark

    def rollback(self):
        """Forget what was put since the last commit; the command is over."""
        self._staged = {}
        self.commands += 1

    @property
    def waiting(self) -> bool:
        """Whether something was put that is not kept yet."""
        return bool(self._staged)

    def commit(self):
        """Keep what was put: all of it, or nothing and StoreError (28, ENOSPC, where it is full).

        Values that are kept already cost no write.
        """
        put = self._staged
        self._staged = {}
        changes = {key: put[key] for key in put if put[key] != self.values.get(key)}
        if changes:
            size = self._size
            for key in changes:
                size -= _size(key, self.values[key]) if key in self.values else 0
                size += 0 if changes[key] is None else _size(key, changes[key])
            if size > BOUND:
                raise StoreError(_FULL)
            if self._path:
                self._write(changes)
            self._size = size
        for key in put:
            if put[key] is None:
                self.values.pop(key, None)
                continue
            value = self.values[key] = changes.get(key, self.values.get(key))
            take = self._takers.get(key[0])
            if take:
                take(key[1:], value)

    def loadable(self, key, replaying: bool) -> bool:
        """Whether a value of a state is taken at a place: it stands there instead of what was set.

        One that is loaded again after a power cut (`replaying`) is older than what was set.
        ValueError where what was set cannot be removed.
        """
        if key not in self.values:
            return True
        if replaying:
            return False
        self.remove(key)
        try:
            self.commit()
        except StoreError as error:
            raise ValueError("what was set cannot be removed: error %d" % error.errno)
        return True

    # --- The file ------------------------------------------------------------------------------

    def _present(self) -> bool:
        try:
            os.stat(self._path)
        except OSError:
            return False
        return True

    def _open(self):
        if self._disk is None:
            self._disk = Disk(self._path, False)
        return self._disk

    def _write(self, changes):
        disk = self._open()
        entry = _entry(changes)
        length = _octets(entry)
        if self._renew or self._end + length > FILE_BOUND:
            self._compact(disk, changes)
            return
        try:
            disk.write(_FILE, self._end, entry)
        except StoreError:
            self._undo(disk)
            raise
        self._end += length

    def _undo(self, disk):
        """Let no entry stand that was refused: some file systems keep what failed half way."""
        try:
            if disk.size(_FILE) > self._end:
                disk.write(_FILE, self._end, [bytes(len(_MARK))])
        except StoreError:
            self._renew = True

    def _compact(self, disk, changes):
        """Write a new file of what is set, `changes` with it, and put it in place of the old."""
        entries = []
        for source in (self.values, changes):
            for key in source:
                if source[key] is None or (source is self.values and key in changes):
                    continue
                entries.extend(_entry({key: source[key]}))
        disk.remove(_NEW)
        disk.write(_NEW, 0, entries)
        try:
            os.rename(self._path + "/" + _NEW, self._path + "/" + _FILE)
        except OSError as error:
            raise StoreError(error.errno)
        self._end = _octets(entries)
        self._renew = False

    def _load(self, disk, store):
        disk.remove(_NEW)
        size = disk.size(_FILE)
        head = bytearray(_HEAD)
        at = damaged = 0
        while at < size:
            length = _whole(disk, at, size, head)
            if not length:
                following = _next(disk, at + 1, size, head)
                damaged += following - at
                at = following
                continue
            if head[2] == VERSION:
                self._take(disk, at + _HEAD, at + length)
            else:
                store.report(_FOLDER, "version %d is unknown" % head[2])
            at += length
            self._end = at
        if damaged:
            self._renew = True
            store.report(_FOLDER, "%d of %d octets are damaged" % (damaged, size))
        for key in self.values:
            self._size += _size(key, self.values[key])

    def _take(self, disk, at, end):
        head = bytearray(_SETTING)
        while at < end:
            disk.read(_FILE, at, head)
            key = bytearray(head[0])
            disk.read(_FILE, at + _SETTING, key)
            at += _SETTING + len(key)
            length = head[1] << 8 | head[2]
            if length == _REMOVED:
                self.values.pop(bytes(key), None)
                continue
            value = bytearray(length)
            disk.read(_FILE, at, value)
            self.values[bytes(key)] = bytes(value)
            at += length


def _octets(parts) -> int:
    return sum(len(part) for part in parts)


def _entry(settings) -> list:
    """The entry of some settings, as parts: a value is not copied."""
    body = []
    for key in settings:
        value = settings[key]
        length = _REMOVED if value is None else len(value)
        body.append(bytes((len(key), length >> 8, length & 0xFF)) + key)
        if value:
            body.append(value)
    length = _octets(body)
    covered = bytes((VERSION, length >> 8, length & 0xFF))
    check = crc32(covered)
    for part in body:
        check = crc32(part, check)
    return [_MARK + covered + check.to_bytes(4, "big")] + body


def _whole(disk, at, size, head) -> int:
    """Octets of the whole entry at an offset, its head in `head`; 0 without one."""
    if disk.read(_FILE, at, head) != _HEAD or head[:2] != _MARK:
        return 0
    length = head[3] << 8 | head[4]
    end = at + _HEAD + length
    if end > size:
        return 0
    check = crc32(head[2:5])
    for offset in range(at + _HEAD, end, _CHUNK):
        chunk = bytearray(min(_CHUNK, end - offset))
        disk.read(_FILE, offset, chunk)
        check = crc32(chunk, check)
    if check.to_bytes(4, "big") != head[5:9]:
        return 0
    return _HEAD + length


def _next(disk, at, size, head) -> int:
    """The offset of the next whole entry from `at` on, or `size`."""
    chunk = bytearray(_CHUNK)
    while at < size:
        got = disk.read(_FILE, at, chunk)
        found = bytes(chunk[:got]).find(_MARK)
        if found < 0:
            at += max(got - 1, 1)  # the mark may lie across two chunks
            continue
        at += found
        if _whole(disk, at, size, head):
            return at
        at += 1
    return size
