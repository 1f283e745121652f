# The history of a household on a display, in the files of one folder, and what may be seen of it.
# No file is small enough for littlefs to keep it in its metadata, where a purge does not reach.
from smets.features.tenancy.cleared import ENTRIES, EXPORT, ITEMS, SERIES, SHARED, clears
from smets.features.tenancy.entries import Entries, Exports
from smets.features.tenancy.series import Series

_SCOPES = "egs"


def available(value: int, octets: int) -> int | None:
    """A value read from a meter; None where all its bits are ones, which means "not available"."""
    return None if value == (1 << (8 * octets)) - 1 else value


def owner_of(name: str) -> tuple | None:
    """(scope, item) of a file; None for a file that is not the vault's."""
    digits = name[1:3] + name[4:]
    scope = _SCOPES.find(name[0])
    if len(name) != 9 or scope < 0 or name[3] != "-" or not digits.isdigit():
        return None
    item = int(name[1:3])
    return (scope, item) if item < len(ITEMS) else None


class Vault:
    """All that a display stores of a household: `series`, `entries` and `exports`.

    Times are UTC seconds since 2000; a scope is a fuel or SHARED, an item a row of
    `cleared.ITEMS`. `guard` answers `visible_from(scope)`, the time from which records may be
    shown (None: no record at all), and `keep_from(scope)`, from which they may be stored; without
    a guard nothing is shown. Every method raises StoreError when the file system fails.
    """

    def __init__(self, disk, segment: int = 256, on_damage=None):
        """`segment`: records a file of a series, at least 64; 256 fill a flash block of 4 KB.

        `on_damage(name, why)` is called with the name of a file of which not all can be read.
        """
        self.disk = disk
        self.guard = None
        self._on_damage = on_damage
        self.series = Series(self, segment)
        self.entries = Entries(self)
        self.exports = Exports(self)
        self._kinds = {SERIES: self.series, ENTRIES: self.entries, EXPORT: self.exports}

    def damaged(self, name: str, why: str):
        """A file does not say all that it said."""
        if self._on_damage:
            self._on_damage(name, why)

    def visible(self, scope: int) -> int | None:
        """The time from which records may be shown; None hides all."""
        return self.guard.visible_from(scope) if self.guard else None

    def keep(self, scope: int) -> int:
        """The time from which records may be stored."""
        return self.guard.keep_from(scope) if self.guard else 0

    def prefix(self, scope: int, item: int, kind: int) -> str:
        """How the names of an item's files begin; ValueError for the wrong scope or kind."""
        row = ITEMS[item]
        if row[1] != kind or row[2] == (scope == SHARED):
            raise ValueError("item %d of scope %d" % (item, scope))
        return "%s%02d-" % (_SCOPES[scope], item)

    def files(self, prefix: str) -> list:
        """Names of the files of an item, oldest first."""
        return [name for name in self.disk.names() if name.startswith(prefix)]

    def drop_oldest(self, prefix: str, room: int):
        """Remove the oldest files of an item until `room` are left."""
        files = self.files(prefix)
        for name in files[: max(0, len(files) - room)]:
            self.disk.remove(name)

    def work(self, fuel: int, classes: int) -> list:
        """Names of the files that a purge of a fuel has to look at, foreign ones included."""
        names = []
        for name in self.disk.names():
            owner = owner_of(name)
            if owner is None or (
                owner[0] in (fuel, SHARED) and clears(owner[1], owner[0], classes)
            ):
                names.append(name)
        return names

    def expire(self, name: str, date: int, shared_date: int):
        """Take what is older than the date of its scope out of a file, or remove the file.

        A file that is not the vault's goes, because its content is unknown.
        """
        owner = owner_of(name)
        if owner is None:
            self.disk.remove(name)
            return
        kind = self._kinds[ITEMS[owner[1]][1]]
        kind.expire(name, shared_date if owner[0] == SHARED else date)
