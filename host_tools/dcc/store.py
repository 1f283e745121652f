"""What the gateway keeps, in one SQLite file: devices, requests, messages, posts, schedules.

Each step of a request is one transaction, on the disk before anything is told of it: accepted
(then I99), sending (then the device gets the command), answered (with what is to be posted),
posted. So a gateway that is killed at any moment has lost nothing that it acknowledged, and knows
which commands a device may have had: those are not sent again.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import IO, Any

from host_tools.mmc.gateway_log import APPLICATION
from host_tools.private import write_private

__all__ = ["Store", "StoreError", "milliseconds", "moment_of", "text_of"]

_VERSION = 1
_PATIENCE = 30  # seconds that a reader may hold the file
_SCHEMA = """
CREATE TABLE devices (
    eui BLOB PRIMARY KEY CHECK (length(eui) = 8),
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    since TEXT NOT NULL,
    supplier BLOB,
    network_operator BLOB,
    details TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE joins (
    device BLOB NOT NULL REFERENCES devices (eui) ON DELETE CASCADE,
    other BLOB NOT NULL,
    PRIMARY KEY (device, other)
) WITHOUT ROWID;
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    user BLOB NOT NULL,
    device BLOB NOT NULL,
    counter BLOB NOT NULL,
    stage TEXT NOT NULL,
    service TEXT NOT NULL,
    digest BLOB NOT NULL,
    answer BLOB NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    due INTEGER NOT NULL,
    command BLOB,
    cin TEXT,
    schedule INTEGER,
    other BLOB,
    instructions INTEGER NOT NULL DEFAULT 0,
    executed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (user, device, counter, stage)
);
CREATE INDEX open_requests ON requests (device, id) WHERE state IN ('waiting', 'sending');
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    document BLOB NOT NULL
);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user BLOB NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (id),
    state TEXT NOT NULL
);
CREATE INDEX open_posts ON posts (user, id) WHERE state = 'waiting';
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY,
    user BLOB NOT NULL,
    device BLOB NOT NULL,
    service TEXT NOT NULL,
    details BLOB NOT NULL,
    next INTEGER
);
CREATE TABLE counters (party BLOB PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE certificates (
    serial TEXT PRIMARY KEY,
    eui BLOB NOT NULL,
    usage TEXT NOT NULL,
    role INTEGER,
    octets BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE authority (certificate BLOB NOT NULL, key BLOB NOT NULL)
"""


class StoreError(ValueError):
    """A file that is no gateway's, or that another gateway has open."""


def text_of(now: datetime) -> str:
    """A time as the messages have it."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """A time as the tables have it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def moment_of(milliseconds: int) -> datetime:
    """The time of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class Store:
    """An open file. Threads share its one connection: each holds it for a step."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; StoreError."""
        self.path = path
        self._lock = RLock()
        if not path.exists():
            write_private(path, b"")
        self._guard = self._alone(path)
        try:
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self.run("PRAGMA foreign_keys = ON")
            with self.change():
                self._prepare()
            self.run("PRAGMA journal_mode = WAL")  # readers (smets srv) and the gateway at once
            self.run("PRAGMA synchronous = FULL")
        except (sqlite3.Error, StoreError) as error:
            self._guard.close()
            raise StoreError(f"{path}: is no file of smets dcc: {error}") from None

    @staticmethod
    def _alone(path: Path) -> IO[bytes]:
        """A lock that ends with the process: two gateways would send a command twice."""
        guard = path.with_name(f"{path.name}.lock").open("ab")
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            guard.close()
            raise StoreError(f"{path}: another gateway has it open") from None
        return guard

    def _prepare(self) -> None:
        application = self.row("PRAGMA application_id")[0]
        version = self.row("PRAGMA user_version")[0]
        if not self.row("SELECT count(*) FROM sqlite_master")[0] and not application:
            for statement in _SCHEMA.split(";"):
                self.run(statement)
            self.run(f"PRAGMA application_id = {APPLICATION}")
            self.run(f"PRAGMA user_version = {_VERSION}")
        elif application != APPLICATION:
            raise StoreError("it is another program's")
        elif version != _VERSION:
            raise StoreError(f"it is of version {version}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            self._guard.close()

    @contextmanager
    def change(self) -> Generator[None]:
        """All of it or nothing, kept when the block is left, and nobody else in between."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def run(self, statement: str, *values: Any) -> int:
        """Carry out a statement; the id of a new row."""
        with self._lock:
            return self._connection.execute(statement, values).lastrowid or 0

    def soon(self, statement: str, *values: Any) -> None:
        """Carry out a statement that may be lost where the power goes within the next second.

        A kill of the process does not lose it.
        """
        with self._lock:
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                self._connection.execute(statement, values)
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    def changed(self, statement: str, *values: Any) -> int:
        """Carry out a statement; how many rows it has changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def row(self, statement: str, *values: Any) -> Any:
        """The first row, None where there is none."""
        with self._lock:
            return self._connection.execute(statement, values).fetchone()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """All rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    # --- Steps that several modules share --------------------------------------------------------

    def log(self, document: bytes, now: datetime) -> int:
        """Keep a message; its id."""
        return self.run(
            "INSERT INTO messages (time, document) VALUES (?, ?)", text_of(now), document
        )

    def post(self, user: bytes, document: bytes, now: datetime) -> None:
        """Keep a message that a user is to get."""
        message = self.log(document, now)
        self.run(
            "INSERT INTO posts (user, message, state) VALUES (?, ?, 'waiting')", user, message
        )

    def counter(self, party: bytes, least: int) -> int:
        """The next counter of a party of the DCC: it rises, and is at least `least`."""
        with self.change():
            found = self.row("SELECT last FROM counters WHERE party = ?", party)
            number = max(least, found[0] + 1 if found else 0)
            self.run("INSERT OR REPLACE INTO counters VALUES (?, ?)", party, number)
        return number
