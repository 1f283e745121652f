"""Answers to the listeners of users: in their order, until each was taken.

A post is marked when the listener has taken it (2xx), so a gateway that is killed in between posts
the same octets again: a response is never lost, and a repeat of it has the same ResponseID.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

from host_tools.dcc import choices
from host_tools.dcc.store import Store
from host_tools.eui import parse_eui
from host_tools.mmc.values import eui_text

__all__ = ["EVERYBODY", "Folder", "Listener", "ListenerError", "Poster", "listeners"]

EVERYBODY = b""
_TIMEOUT = 10  # seconds
_QUIET = 1.0


class ListenerError(ValueError):
    """An address that is none; the text says why."""


def listeners(texts: list[str]) -> dict[bytes, str]:
    """URL or folder, or EUI=URL for one user: the addresses by user; ListenerError."""
    found: dict[bytes, str] = {}
    for text in texts:
        eui, equals, url = text.partition("=")
        whose = EVERYBODY
        if equals and "://" not in eui:
            whose = parse_eui(eui)
        else:
            url = text
        parts = urlsplit(url)
        if (parts.scheme != "http" or not parts.hostname) and not Path(url).is_dir():
            raise ListenerError(f"{url}: a listener is http://host:port/path, or a folder")
        if whose in found:
            raise ListenerError(f"{text}: a second listener of the same user")
        found[whose] = url
    return found


class Listener:
    """One address, and the connection to it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path = parts.path or "/"
        if parts.query:
            self._path += f"?{parts.query}"
        self._connection: HTTPConnection | None = None

    def post(self, document: bytes) -> int:
        """Give it a document: its HTTP status; OSError, HTTPException where it gives none."""
        if self._connection is None:
            self._connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            headers = {"Content-Type": "application/xml"}
            self._connection.request("POST", self._path, document, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self.close()
            raise
        if answer.will_close:
            self.close()
        return answer.status

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Folder:
    """A folder in the place of a listener: a file for each answer, in the order of their names."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def post(self, document: bytes) -> int:
        """Write it: there it is whole, or not at all."""
        numbers = [int(file.stem) for file in self._path.glob("*.xml") if file.stem.isdecimal()]
        file = self._path / f"{max(numbers, default=0) + 1:06}.xml"
        part = file.with_suffix(".part")
        part.write_bytes(document)
        part.replace(file)
        return 204

    def close(self) -> None:
        """Nothing is open."""


class Poster:
    """Posts what waits, one thread for each user."""

    def __init__(self, store: Store, addresses: Mapping[bytes, str]) -> None:
        self._store = store
        self._addresses = addresses
        self._wakes: dict[bytes, Event] = {}
        self._threads: list[Thread] = []
        self._ended = Event()
        self.errors: dict[bytes, str] = {}

    def start(self, users: list[bytes]) -> None:
        """Begin with the users who have a listener."""
        for user in users:
            url = self._addresses.get(user, self._addresses.get(EVERYBODY))
            if url is not None and user not in self._wakes:
                self._wakes[user] = Event()
                to = Listener(url) if "://" in url else Folder(Path(url))
                thread = Thread(target=self._run, args=(user, to), daemon=True)
                self._threads.append(thread)
                thread.start()

    def wake(self, user: bytes) -> None:
        """There is something for a user."""
        if user in self._wakes:
            self._wakes[user].set()

    def close(self) -> None:
        """End after the post that is under way."""
        self._ended.set()
        for wake in self._wakes.values():
            wake.set()
        for thread in self._threads:
            thread.join(_TIMEOUT + 1)

    def _run(self, user: bytes, listener: Listener | Folder) -> None:
        pause = choices.FIRST_RETRY_S
        while not self._ended.is_set():
            try:
                more = self._one(user, listener)
            except (OSError, HTTPException, sqlite3.Error) as error:
                self.errors[user] = f"listener of {eui_text(user)}: {error}"
                self._ended.wait(pause)
                pause = min(2 * pause, choices.LAST_RETRY_S)
                continue
            pause = choices.FIRST_RETRY_S
            self.errors.pop(user, None)
            if not more:
                self._wakes[user].wait(_QUIET)
                self._wakes[user].clear()
        listener.close()

    def _one(self, user: bytes, listener: Listener | Folder) -> bool:
        row = self._store.row(
            "SELECT posts.id, document FROM posts JOIN messages ON messages.id = message "
            "WHERE user = ? AND state = 'waiting' ORDER BY posts.id LIMIT 1",
            user,
        )
        if row is None:
            return False
        status = listener.post(row[1])
        if status == 400:
            state = "refused"  # it will never take these octets
        elif 200 <= status < 300:
            state = "posted"
        else:
            raise OSError(f"HTTP status {status}")
        self._store.soon("UPDATE posts SET state = ? WHERE id = ?", state, row[0])
        return True
