# Dated entries and exported files: data of a household that is not a series.
# Files are above 1022 octets, the most that littlefs puts into its metadata.
import struct
from binascii import crc32

from smets import record
from smets.compat import const
from smets.features.tenancy import policy
from smets.features.tenancy.cleared import ENTRIES, EXPORT, ITEMS, SHARED
from smets.features.tenancy.series import is_time

_CHUNK = const(512)
_LEAST = const(1024)
_TRAILER = const(16)

# What a file of entries holds behind its length and check value: time and data of each.
_BODY = record.Table(
    "entries",
    (("entries", record.rows(64, record.U32, record.up_to(0xFFFF)), ()),),
    "the entries of that file are lost",
)


class Entries:
    """A few dated entries of one item in one file, which is written whole."""

    def __init__(self, vault):
        self._vault = vault

    def put(self, scope: int, item: int, time: int, data: bytes) -> bool:
        """Add an entry of up to 65,535 octets, the oldest ones giving way; whether it was taken.

        An entry without a valid time, or older than what may be kept, is not taken.
        """
        vault = self._vault
        name = vault.prefix(scope, item, ENTRIES) + "00000"
        if not is_time(time) or not policy.kept(vault.keep(scope), time, time + 1):
            return False
        entries = self._load(name)
        entries.append((time, data))
        self._save(name, entries[-ITEMS[item][4] :])
        return True

    def get(self, scope: int, item: int) -> list:
        """[(time, data)] of the entries that may be shown, in the order they were put."""
        vault = self._vault
        name = vault.prefix(scope, item, ENTRIES) + "00000"
        bound = vault.visible(scope)
        if bound is None:
            return []
        return [entry for entry in self._load(name) if policy.kept(bound, entry[0], entry[0] + 1)]

    def clear(self, scope: int, item: int):
        """Remove all entries of an item."""
        self._vault.drop_oldest(self._vault.prefix(scope, item, ENTRIES), 0)

    def _load(self, name: str) -> list:
        size = self._vault.disk.size(name)
        if not size:
            return []
        octets = bytearray(size)
        try:
            if self._vault.disk.read(name, 0, octets) < 8:
                raise record.RecordError("short")
            length, check = struct.unpack_from(">II", octets, 0)
            body = memoryview(octets)[8 : 8 + length]
            if len(body) != length or crc32(body) != check:
                raise record.RecordError("damaged")
            return _BODY.unpack(body)[0]
        except record.RecordError as error:
            # Torn, on a file system that tears, or damaged: nothing of it can be believed.
            self._vault.damaged(name, error.reason)
            return []

    def _save(self, name: str, entries: list):
        body = _BODY.pack([entries])
        # Never shorter than before, so that on any file system the old octets are overwritten.
        size = max(self._vault.disk.size(name), -(-(8 + len(body)) // _LEAST) * _LEAST)
        head = struct.pack(">II", len(body), crc32(body))
        self._vault.disk.write(name, 0, (head, body, bytes(size - 8 - len(body))))

    def expire(self, name: str, date: int):
        """Take the entries from before `date` out of a file."""
        entries = self._load(name)
        kept = [entry for entry in entries if policy.kept(date, entry[0], entry[0] + 1)]
        if not kept:
            self._vault.disk.remove(name)
        elif len(kept) < len(entries):
            self._save(name, kept)


def _with_trailer(oldest: int, chunks):
    length = check = 0
    for chunk in chunks:
        length += len(chunk)
        check = crc32(chunk, check)
        yield chunk
    yield bytes(max(0, _LEAST - length))
    trailer = struct.pack(">III", oldest, length, check)
    yield trailer + crc32(trailer).to_bytes(4, "big")


class Exports:
    """Files for a reader outside; a trailer says how old their oldest record is."""

    def __init__(self, vault):
        self._vault = vault

    def write(self, item: int, oldest: int, chunks) -> str:
        """Write a file of `chunks` and return its name; `oldest` is its oldest record's start."""
        prefix = self._vault.prefix(SHARED, item, EXPORT)
        self._vault.drop_oldest(prefix, ITEMS[item][4] - 1)
        files = self._vault.files(prefix)
        name = prefix + "%05d" % (int(files[-1][len(prefix) :]) + 1 if files else 1)
        self._vault.disk.write(name, 0, _with_trailer(oldest, chunks))
        return name

    def _trailer(self, name: str) -> tuple:
        """(start of the oldest record, octets, their check value) of a file; zeros if unknown."""
        trailer = bytearray(_TRAILER)
        size = self._vault.disk.size(name)
        octets = self._vault.disk.read(name, max(0, size - _TRAILER), trailer)
        told = struct.unpack(">IIII", trailer)
        if octets != _TRAILER or crc32(memoryview(trailer)[:12]) != told[3]:
            self._vault.damaged(name, "damaged")
            return (0, 0, 0)
        return told[:3] if is_time(told[0]) else (0, 0, 0)

    def _chunks(self, name: str, length: int):
        buffer = bytearray(_CHUNK)
        for offset in range(0, length, _CHUNK):
            octets = self._vault.disk.read(name, offset, buffer)
            yield memoryview(buffer)[: min(octets, length - offset)]

    def _may_be_read(self, oldest: int) -> bool:
        bound = self._vault.visible(SHARED)
        return bound is not None and oldest >= max(bound, 1)

    def names(self, item: int) -> list:
        """Names of the files that may be read."""
        files = self._vault.files(self._vault.prefix(SHARED, item, EXPORT))
        return [name for name in files if self._may_be_read(self._trailer(name)[0])]

    def read(self, name: str):
        """Yield the octets of a file, as long as it may be read; none where it is damaged."""
        oldest, length, wanted = self._trailer(name)
        check = 0
        for chunk in self._chunks(name, length):
            check = crc32(chunk, check)
        if check != wanted:
            self._vault.damaged(name, "damaged")
            return
        for chunk in self._chunks(name, length):
            if not self._may_be_read(oldest):
                return
            yield bytes(chunk)

    def expire(self, name: str, date: int):
        """Remove a file with records from before `date`, or of unknown age."""
        if self._trailer(name)[0] < max(date, 1):
            self._vault.disk.remove(name)
