"""The HTTP side of the view: a page, its stream of events, and what its buttons ask for.

On loopback only, and for the page's own origin only: a page of somewhere else can neither read
the stream nor press a button. Nothing here is kept longer than the feed keeps it.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import BoundedSemaphore, Thread
from typing import Any, Final, cast

from host_tools.screen_link import KEYS
from host_tools.web.feed import Feed

__all__ = [
    "ADDRESS",
    "MOST_STREAMS",
    "RATE",
    "Busy",
    "Server",
    "ServerError",
    "asked_key",
    "check_address",
]

ADDRESS: Final = "127.0.0.1"
# Updates that one page gets a second, at most.
RATE: Final = 5
# Pages that may look on at the same time.
MOST_STREAMS: Final = 8
# Octets of what a button sends, and seconds for which a client may keep a thread waiting.
_MOST_ASKED: Final = 1024
_TIMEOUT: Final = 10
# Seconds without news after which a stream says that it is still there.
_QUIET: Final = 5.0

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
_FILES: Final = {
    "/view.css": "text/css; charset=utf-8",
    "/view.js": "text/javascript; charset=utf-8",
}

Act = Callable[[Mapping[str, Any]], str]


class ServerError(Exception):
    """The view cannot be served there."""


class Busy(Exception):
    """Not now: something is under way. The text says what."""


def asked_key(what: Mapping[str, Any], roles: Collection[str]) -> tuple[str, str]:
    """Display and key that a page asks to press; ValueError for others."""
    role, key = what.get("role"), what.get("key")
    if role not in roles:
        raise ValueError(f"role: not one of {', '.join(roles)}")
    if key not in KEYS:
        raise ValueError(f"key: not one of {', '.join(KEYS)}")
    return str(role), str(key)


def check_address(address: str) -> str:
    """127.0.0.1 by its number or as localhost; ServerError for any other address."""
    if address not in (ADDRESS, "localhost"):
        raise ServerError(
            f"{address}: the view has no log-in and opens no port to a network; "
            f"it is served on {ADDRESS} only"
        )
    return ADDRESS


class Server:
    """Serves a feed at a port of loopback until `close`."""

    def __init__(
        self,
        feed: Feed,
        page: str,
        act: Act,
        port: int = 0,
        address: str = ADDRESS,
        option: str = "--port",
    ) -> None:
        """`act` does what a button asks and says what was done: ValueError, Busy where it is not.

        `port` 0 is any free one, `option` chooses it. ServerError where the port is taken or not
        allowed.
        """
        check_address(address)
        try:
            self._http = _Http((ADDRESS, port), _Handler)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno == errno.EADDRINUSE:
                reason = "taken, perhaps by another view"
            elif error.errno == errno.EACCES:
                reason = "not open to this user"
            raise ServerError(
                f"port {port} of {ADDRESS} is {reason}; {option} names another, 0 any free one"
            ) from error
        self._http.feed = feed
        self._http.page = page.encode()
        self._http.act = act
        self.port: int = self._http.server_address[1]
        self.url = f"http://{ADDRESS}:{self.port}/"
        self._http.hosts = frozenset(f"{name}:{self.port}" for name in (ADDRESS, "localhost"))
        self._thread = Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the streams, free the port."""
        self._http.feed.close()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # A second view at a port must fail, not share it.
    allow_reuse_port = False
    feed: Feed
    page: bytes
    act: Act
    hosts: frozenset[str]

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.streams = BoundedSemaphore(MOST_STREAMS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that went away in the middle."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _TIMEOUT
    server_version = "smets"
    sys_version = ""

    @property
    def _view(self) -> _Http:
        return cast(_Http, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        """Print no requests."""

    def do_GET(self) -> None:
        """The page, its two files, or the stream."""
        if not self._from_here():
            return
        if self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self._view.page)
        elif self.path == "/events":
            self._stream()
        elif self.path in _FILES:
            octets = files("host_tools.web").joinpath("page", self.path[1:]).read_bytes()
            self._answer(HTTPStatus.OK, _FILES[self.path], octets)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """Do what a button asks: a JSON object at /act."""
        if not self._from_here():
            return
        if self.path != "/act":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
            return
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        length = self.headers.get("Content-Length", "")
        if kind != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "this is not application/json")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "there is no Content-Length")
        elif int(length) > _MOST_ASKED:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"this is longer than {_MOST_ASKED} octets"
            )
        else:
            self._act(self.rfile.read(int(length)))

    def _act(self, octets: bytes) -> None:
        try:
            asked = json.loads(octets)
            if not isinstance(asked, dict):
                raise ValueError("this is no JSON object")
            said = self._view.act(cast("dict[str, Any]", asked))
        except (ValueError, RecursionError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except Busy as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))
        else:
            self._answer(HTTPStatus.OK, "application/json", json.dumps({"said": said}).encode())

    def _from_here(self) -> bool:
        """Whether the page itself is asking; else the refusal has been sent.

        The host is checked because a name of somewhere else may be made to mean loopback.
        """
        origin = self.headers.get("Origin")
        hosts = self._view.hosts
        if self.headers.get("Host") not in hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this host name is not the view's")
        elif origin is not None and origin.removeprefix("http://") not in hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "another page is asking")
        else:
            return True
        return False

    def _stream(self) -> None:
        """Server-Sent Events: all that there is, then what changes, `RATE` times a second."""
        view = self._view
        if not view.streams.acquire(blocking=False):
            self._refuse(
                HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_STREAMS} pages are looking on already"
            )
            return
        try:
            self.send_response(HTTPStatus.OK)
            self._headers("text/event-stream")
            self.end_headers()
            seen = 0
            while not view.feed.closed:
                seen, text = view.feed.since(seen, _QUIET)
                self.wfile.write(f"data: {text}\n\n".encode() if text else b": still here\n\n")
                time.sleep(1 / RATE)
        except OSError:
            pass  # the page was closed
        finally:
            view.streams.release()
            self.close_connection = True

    def _headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        for name, value in _HEADERS:
            self.send_header(name, value)

    def _answer(self, status: HTTPStatus, kind: str, octets: bytes) -> None:
        self.send_response(status)
        self._headers(kind)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._answer(status, "application/json", json.dumps({"error": text}).encode())
