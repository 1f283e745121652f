"""The message log of a gateway (`smets dcc`), as a source of documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["APPLICATION", "MAGIC", "LogError", "documents", "is_log", "owners"]

MAGIC = b"SQLite format 3\x00"
APPLICATION = 0x53444343  # of the gateway's file
_PATIENCE = 30  # seconds that the gateway may hold the file


class LogError(ValueError):
    """A file that is no gateway's; the text says why."""


def documents(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Number, time and DUIS document of each message, in order; the gateway may be running."""
    yield from _rows(path, "SELECT id, time, document FROM messages ORDER BY id")


def owners(path: Path) -> Iterator[tuple[bytes, bytes | None, bytes | None]]:
    """Each device of a gateway's inventory, its supplier and its network operator."""
    yield from _rows(path, "SELECT eui, supplier, network_operator FROM devices ORDER BY eui")


def is_log(path: Path) -> bool:
    """Whether a file may be a gateway's, by its first octets."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _rows(path: Path, statement: str) -> Iterator[Any]:
    try:
        connection = sqlite3.connect(path, timeout=_PATIENCE)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise LogError(f"{path}: is no file of smets dcc")
            yield from connection.execute(statement)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise LogError(f"{path}: {error}") from None
