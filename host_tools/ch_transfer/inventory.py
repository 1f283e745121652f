"""The inventory: which party owns which hub, in SQLite, and the transfers that made it so.

A hub has one row and one owner in it, which may not be empty, so that there is no state in which
it has two or none. A transfer is one transaction, written before it is told.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from host_tools.ch_transfer.manifest import Hub, Manifest, dashed
from host_tools.ch_transfer.problems import TransferError
from host_tools.eui import parse_eui

__all__ = ["IN_STOCK", "STATUSES", "Inventory", "Row"]

# DeviceStatus of DUIS 5.4.
STATUSES = (
    "Pending",
    "Whitelisted",
    "InstalledNotCommissioned",
    "Commissioned",
    "Decommissioned",
    "Withdrawn",
    "Suspended",
    "Recovery",
    "Recovered",
)
# A hub in stock: notified and never installed. The rule of the DCC was not published;
# alternatives are to take whitelisted hubs, or decommissioned ones that came back.
IN_STOCK = ("Pending",)

_APPLICATION = 0x53434854
_VERSION = 1
_PATIENCE = 30  # seconds that another process may hold the file
_SCHEMA = """
CREATE TABLE hubs (
    chf BLOB PRIMARY KEY CHECK (length(chf) = 8),
    gpf BLOB NOT NULL UNIQUE CHECK (length(gpf) = 8 AND gpf != chf),
    owner BLOB NOT NULL CHECK (length(owner) = 8),
    status TEXT NOT NULL,
    since TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfers (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    manifest BLOB NOT NULL,
    applied TEXT NOT NULL,
    rolled_back TEXT,
    why TEXT
);
CREATE TABLE moves (
    number INTEGER PRIMARY KEY,
    chf BLOB NOT NULL REFERENCES hubs (chf),
    giver BLOB NOT NULL,
    taker BLOB NOT NULL,
    transfer TEXT NOT NULL REFERENCES transfers (id),
    back INTEGER NOT NULL
);
CREATE INDEX moves_of_hub ON moves (chf);
"""


@dataclass(frozen=True)
class Row:
    """A hub of the inventory; `since` is when its owner got it."""

    hub: Hub
    owner: bytes
    status: str
    since: str


class Inventory:
    """An open inventory. TransferError for what it refuses, which then has changed nothing."""

    def __init__(self, path: Path, make: bool = False) -> None:
        """Open the file; with `make`, a new one where there is none."""
        if not make and not path.exists():
            raise TransferError(f"{path}: there is no inventory")
        self.path = path
        try:
            self.connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.execute("PRAGMA synchronous = FULL")
            with self._change():
                self._prepare()
        except sqlite3.Error as error:
            raise TransferError(f"{path}: is no inventory: {error}") from None

    def __enter__(self) -> Inventory:
        return self

    def __exit__(self, *details: object) -> None:
        self.connection.close()

    def _prepare(self) -> None:
        application = self.connection.execute("PRAGMA application_id").fetchone()[0]
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        tables = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables and not application:
            for statement in _SCHEMA.split(";"):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self.connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif application != _APPLICATION:
            raise TransferError(f"{self.path}: is a database of something else")
        elif version != _VERSION:
            raise TransferError(f"{self.path}: is an inventory of version {version}")

    @contextmanager
    def _change(self) -> Generator[None]:
        """All of it or nothing, and nobody else in between."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):  # such as a full disk, or a file in use
                raise TransferError(f"{self.path}: {error}") from None
            raise

    # --- Hubs ------------------------------------------------------------------------------------

    def add_csv(self, text: str, now: datetime) -> int:
        """Take hubs of a table with the columns chf, gpf, owner, status; how many are new.

        A hub that is there already has to be there with the same values.
        """
        table = csv.DictReader(io.StringIO(text))
        missing = {"chf", "gpf", "owner", "status"} - set(table.fieldnames or ())
        if missing:
            raise TransferError(f"line 1: no column {', '.join(sorted(missing))}")
        problems: list[str] = []
        new = 0
        with self._change():
            for row in table:
                try:
                    new += self._add(row, now)
                except (ValueError, sqlite3.IntegrityError) as error:
                    problems.append(f"line {table.line_num}: {error}")
            if problems:
                raise TransferError(problems)
        return new

    def _add(self, row: dict[str, str], now: datetime) -> int:
        chf, gpf, owner = (parse_eui(row[name] or "") for name in ("chf", "gpf", "owner"))
        if row["status"] not in STATUSES:
            raise ValueError(f"status {row['status']!r} is none of {', '.join(STATUSES)}")
        if chf == gpf:
            raise ValueError(f"{dashed(chf)} is chf and gpf")
        known = self.find(chf)
        if known is not None:
            if (known.hub.gpf, known.owner, known.status) != (gpf, owner, row["status"]):
                raise ValueError(f"{dashed(chf)} is there with other values")
            return 0
        # The functions of all hubs are different devices.
        other = self.connection.execute(
            "SELECT chf FROM hubs WHERE gpf IN (?, ?) OR chf = ?", (gpf, chf, gpf)
        ).fetchone()
        if other is not None:
            raise ValueError(f"an EUI-64 of {dashed(chf)} is one of hub {dashed(other[0])}")
        values = (chf, gpf, owner, row["status"], _text(now))
        self.connection.execute("INSERT INTO hubs VALUES (?, ?, ?, ?, ?)", values)
        return 1

    def find(self, chf: bytes) -> Row | None:
        """A hub by its communications hub function."""
        found = self.connection.execute(
            "SELECT chf, gpf, owner, status, since FROM hubs WHERE chf = ?", (chf,)
        ).fetchone()
        return None if found is None else _row(found)

    def rows(self, owner: bytes | None = None) -> Iterator[Row]:
        """All hubs, or those of an owner, in order of their EUI-64."""
        for found in self.connection.execute(
            "SELECT chf, gpf, owner, status, since FROM hubs "
            "WHERE ?1 IS NULL OR owner = ?1 ORDER BY chf",
            (owner,),
        ):
            yield _row(found)

    def set_status(self, chf: bytes, status: str) -> None:
        """Say what has become of a hub, such as Commissioned."""
        if status not in STATUSES:
            raise TransferError(f"status {status!r} is none of {', '.join(STATUSES)}")
        with self._change():
            if self.find(chf) is None:
                raise TransferError(f"{dashed(chf)} is not in the inventory")
            self.connection.execute("UPDATE hubs SET status = ? WHERE chf = ?", (status, chf))

    # --- Transfers -------------------------------------------------------------------------------

    def problems(self, manifest: Manifest) -> list[str]:
        """Why a transfer cannot be applied; [] where it can be."""
        found: list[str] = []
        for hub in manifest.hubs:
            row = self.find(hub.chf)
            name = f"hub {dashed(hub.chf)}"
            if row is None:
                found.append(f"{name}: is not in the inventory")
            elif row.hub.gpf != hub.gpf:
                found.append(f"{name}: its gpf is {dashed(row.hub.gpf)}, not {dashed(hub.gpf)}")
            elif row.owner != manifest.giver:
                found.append(f"{name}: is owned by {dashed(row.owner)}")
            elif row.status not in IN_STOCK:
                found.append(f"{name}: is {row.status}, not in stock")
        return found

    def state(self, manifest: Manifest) -> str:
        """new, applied or rolled back; TransferError for another transfer of the same id."""
        found = self.connection.execute(
            "SELECT digest, rolled_back FROM transfers WHERE id = ?", (manifest.id,)
        ).fetchone()
        if found is None:
            return "new"
        if found[0] != manifest.digest():
            raise TransferError(f"{manifest.id}: another transfer of this id was applied")
        return "applied" if found[1] is None else "rolled back"

    def apply(self, manifest: Manifest, now: datetime) -> bool:
        """Give the hubs their new owner; False where that was done before.

        The signatures are the caller's to verify.
        """
        with self._change():
            state = self.state(manifest)
            if state == "applied":
                return False
            if state == "rolled back":
                raise TransferError(f"{manifest.id}: was rolled back: make a new manifest")
            problems = self.problems(manifest)
            if problems:
                raise TransferError(problems)
            values = (manifest.id, manifest.digest(), manifest.octets(), _text(now))
            self.connection.execute(
                "INSERT INTO transfers (id, digest, manifest, applied) VALUES (?, ?, ?, ?)", values
            )
            for hub in manifest.hubs:
                self._move(manifest, hub.chf, now, back=False)
        return True

    def _move(self, manifest: Manifest, chf: bytes, now: datetime, back: bool) -> None:
        ends = (manifest.giver, manifest.taker)
        giver, taker = ends[::-1] if back else ends
        done = self.connection.execute(
            "UPDATE hubs SET owner = ?, since = ? WHERE chf = ? AND owner = ?",
            (taker, _text(now), chf, giver),
        )
        if done.rowcount != 1:
            raise TransferError(f"hub {dashed(chf)}: is not owned by {dashed(giver)}")
        self.connection.execute(
            "INSERT INTO moves (chf, giver, taker, transfer, back) VALUES (?, ?, ?, ?, ?)",
            (chf, giver, taker, manifest.id, back),
        )

    def roll_back(self, id_: str, why: str, now: datetime) -> bool:
        """Give all hubs of a transfer back; False where that was done before."""
        with self._change():
            found = self.connection.execute(
                "SELECT manifest, rolled_back FROM transfers WHERE id = ?", (id_,)
            ).fetchone()
            if found is None:
                raise TransferError(f"{id_}: no such transfer was applied")
            if found[1] is not None:
                return False
            manifest = Manifest.read(found[0])
            problems = [text for hub in manifest.hubs for text in self._stuck(manifest, hub.chf)]
            if problems:
                raise TransferError(problems)
            self.connection.execute(
                "UPDATE transfers SET rolled_back = ?, why = ? WHERE id = ?",
                (_text(now), why, id_),
            )
            for hub in manifest.hubs:
                self._move(manifest, hub.chf, now, back=True)
        return True

    def _stuck(self, manifest: Manifest, chf: bytes) -> Iterator[str]:
        """Why a hub cannot go back."""
        row = self.find(chf)
        last = self.connection.execute(
            "SELECT transfer FROM moves JOIN transfers ON id = transfer "
            "WHERE chf = ? AND rolled_back IS NULL ORDER BY number DESC LIMIT 1",
            (chf,),
        ).fetchone()
        name = f"hub {dashed(chf)}"
        if row is None or last is None:
            yield f"{name}: is not in the inventory any more"
        elif last[0] != manifest.id:
            yield f"{name}: went on with {last[0]}: roll that back first"
        elif row.status not in IN_STOCK:
            yield f"{name}: is {row.status}, not in stock"

    def transfers(self) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Each transfer: id, when it was applied, when and why it was rolled back."""
        yield from self.connection.execute(
            "SELECT id, applied, rolled_back, why FROM transfers ORDER BY applied, id"
        )


def _row(found: tuple[bytes, bytes, bytes, str, str]) -> Row:
    chf, gpf, owner, status, since = found
    return Row(Hub(chf, gpf), owner, status, since)


def _text(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
