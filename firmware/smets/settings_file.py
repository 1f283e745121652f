# The file of what use cases set (settings.py): entries, each with the settings of one command.
import os
from binascii import crc32

from smets.compat import const
from smets.ports.disk import Disk
from smets.ports.store_error import StoreError

# project-choice: octets of keys and values, with 12 a setting, that a device keeps. The largest
# tariff of an ESME takes most of it; a Pico keeps logs, keys and a history beside it. Alternative:
# any number.
BOUND = const(16384)
# project-choice: octets of the file, from which on a new one is written without what has been
# replaced. Half as much again as BOUND: a full store is not written anew with each command.
# Alternative: twice BOUND, which takes more flash.
FILE_BOUND = 24576
VERSION = const(1)
# The version of an entry that is part of a change to the store: its body begins with a number (4).
_SEALED = const(2)

_FILE = "entries"
_NEW = "~entries"
# An entry: mark (2), version (1), octets of the body (2), CRC-32 of version to body's end (4),
# body. A body: settings, each the octets of its key (1) and of its value (2), then both. An entry
# with a number counts once the store says that the change of this number holds (Store.sealed).
_MARK = b"\xa5\x5e"
_HEAD = const(9)
_SETTING = const(3)
_REMOVED = const(0xFFFF)  # octets of a value that says: no longer set
_CHUNK = const(128)
_NUMBER = const(4)
_FULL = const(28)  # ENOSPC


def load(settings):
    """Take up what the store of the settings holds; nothing raises."""
    try:
        _open(settings).load(settings.values)
    except StoreError as error:
        settings.store.report(settings.folder, "error %d" % error.errno)


def keep(settings, put: dict):
    """Keep what a command has put; see Settings.commit."""
    values = settings.values
    changes = {key: put[key] for key in put if put[key] != values.get(key)}
    if changes:
        size = 0
        for source in (values, changes):
            for key in source:
                if source[key] is not None and (source is changes or key not in changes):
                    size += _HEAD + _SETTING + len(key) + len(source[key])
        if size > BOUND:
            raise StoreError(_FULL)
        if settings.store:
            _open(settings).write(values, changes)
    before = []  # (values or a model, place in it, what stood there)
    if settings.store:
        if settings.file:
            # The newest entry is left out when the file is written again.
            settings.store.undo("renew", True, settings.file)
        settings.store.undo(_take_back, before)
    for key in put:
        before.append((values, key, values.get(key)))
        if put[key] is None:
            values.pop(key, None)
            continue
        value = values[key] = changes.get(key, values.get(key))
        take = settings.takers.get(key[0])
        if take:
            before.append(take(key[1:], value))


def _take_back(before):
    """What was kept last is refused: all is as it was before."""
    while before:
        values, key, value = before.pop()
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value


def _open(settings):
    if settings.file is None:
        settings.file = File(settings.store, settings.folder)
    return settings.file


class File:
    """The entries of a store, one after the other; every method raises StoreError."""

    def __init__(self, store, folder: str):
        """`store` (ports.store.Store) has the folder, and is told what is damaged."""
        self._store = store
        self._folder = folder
        self._disk = None
        self._end = 0  # of the entries
        self._number = 0  # the highest of an entry
        self.renew = False  # there is something in the file that must not count

    def _open(self):
        if self._disk is None:
            self._disk = Disk(self._store.path + "/" + self._folder, False)
        return self._disk

    def load(self, values: dict):
        """Take what is kept into `values`. What is damaged is passed over and reported.

        project-choice: all count where the number that the store tells is damaged. Alternative:
        those of the last change are lost, or of all since the last renewal.
        """
        self.renew = True  # until all of it was read
        disk = self._open()
        disk.remove(_NEW)
        size = disk.size(_FILE)
        head = bytearray(_HEAD)
        sealed = self._store.sealed()
        doubtful = False
        at = damaged = 0
        while at < size:
            length = _whole(disk, at, size, head)
            if not length:
                following = _next(disk, at + 1, size, head)
                damaged += following - at
                at = following
                continue
            if head[2] == VERSION:
                _take(disk, at + _HEAD, at + length, values)
            elif head[2] == _SEALED:
                number = bytearray(_NUMBER)
                disk.read(_FILE, at + _HEAD, number)
                self._number = int.from_bytes(number, "big")
                if 0 <= sealed < self._number:
                    doubtful = True  # the power went before the change was whole
                else:
                    _take(disk, at + _HEAD + _NUMBER, at + length, values)
            else:
                self._store.report(self._folder, "version %d is unknown" % head[2])
            at += length
            self._end = at
        self._number = max(self._number, sealed)
        self.renew = doubtful or damaged > 0
        if damaged:
            self._store.report(self._folder, "%d of %d octets are damaged" % (damaged, size))

    def write(self, values: dict, changes: dict):
        """Keep the changes of a command to `values`; None as a value: no longer set."""
        disk = self._open()
        number = self._store.seal(self._number + 1)
        entry = _entry(changes, number)
        length = _octets(entry)
        if self.renew or self._end + length > FILE_BOUND:
            self._compact(disk, values, changes, number)
        else:
            try:
                disk.write(_FILE, self._end, entry)
            except StoreError:
                self._undo(disk)
                raise
            self._end += length
        self._number = max(self._number, number)

    def _undo(self, disk):
        """Let no entry stand that was refused: some file systems keep what failed half way."""
        try:
            if disk.size(_FILE) > self._end:
                disk.write(_FILE, self._end, [bytes(len(_MARK))])
        except StoreError:
            self.renew = True

    def _compact(self, disk, values, changes, number):
        """Write a new file of what is set, `changes` with it, and put it in place of the old.

        With a number, what the changes replace stays as well, until they hold.
        """
        entries = []
        for key in values:
            if number or key not in changes:
                entries.extend(_entry({key: values[key]}, 0))
        if number:
            entries.extend(_entry(changes, number))
        else:
            for key in changes:
                if changes[key] is not None:
                    entries.extend(_entry({key: changes[key]}, 0))
        disk.remove(_NEW)
        disk.write(_NEW, 0, entries)
        try:
            os.rename(disk.path + "/" + _NEW, disk.path + "/" + _FILE)
        except OSError as error:
            raise StoreError(error.errno)
        self._end = _octets(entries)
        self.renew = False


def _take(disk, at, end, values):
    head = bytearray(_SETTING)
    while at < end:
        disk.read(_FILE, at, head)
        key = bytearray(head[0])
        disk.read(_FILE, at + _SETTING, key)
        at += _SETTING + len(key)
        length = head[1] << 8 | head[2]
        if length == _REMOVED:
            values.pop(bytes(key), None)
            continue
        value = bytearray(length)
        disk.read(_FILE, at, value)
        values[bytes(key)] = bytes(value)
        at += length


def _octets(parts) -> int:
    return sum(len(part) for part in parts)


def _entry(settings, number: int) -> list:
    """The entry of some settings, as parts: a value is not copied; `number` of a change, or 0."""
    body = [number.to_bytes(_NUMBER, "big")] if number else []
    for key in settings:
        value = settings[key]
        length = _REMOVED if value is None else len(value)
        body.append(bytes((len(key), length >> 8, length & 0xFF)) + key)
        if value:
            body.append(value)
    length = _octets(body)
    covered = bytes((_SEALED if number else VERSION, length >> 8, length & 0xFF))
    check = crc32(covered)
    for part in body:
        check = crc32(part, check)
    return [_MARK + covered + check.to_bytes(4, "big")] + body


def _whole(disk, at, size, head) -> int:
    """Octets of the whole entry at an offset, its head in `head`; 0 where there is none."""
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
