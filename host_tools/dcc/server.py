"""The HTTP side: the DUIS services on loopback, by waitress.

waitress reads requests itself before a thread has them, so a client that sends slowly, or stops,
takes no thread; it ends a connection on which nothing moves, and refuses what is too long.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from waitress.server import create_server

from host_tools.dcc import smki
from host_tools.dcc.gateway import Gateway, Unreadable
from host_tools.dcc.pages import HEADERS, Pages
from host_tools.duis.document import MAX_OCTETS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["ADDRESS", "Server", "ServerError"]

ADDRESS: Final = "127.0.0.1"
SERVICES: Final = {f"/api/v1/service{letter}": letter for letter in "TSD"}
_XML, _TEXT = "application/xml", "text/plain; charset=utf-8"
# Octets of a request that are read at all; what is longer than a document may be is told so,
# which a client that is still sending would not read otherwise.
_MOST_READ = 4 * MAX_OCTETS
_THREADS = 8
_CONNECTIONS = 500

Answer = tuple[HTTPStatus, str, bytes]


class ServerError(Exception):
    """The gateway cannot be served there."""


class App:
    """The WSGI application: the services, and the page."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._pages = Pages(gateway)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        status, kind, octets = self._answer(environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(octets)))]
        headers += [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), *HEADERS]
        start(f"{status.value} {status.phrase}", headers)
        return [octets]

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path = str(environ.get("PATH_INFO", ""))
        if path in self._pages.paths:
            return self._pages.answer(path, environ)
        service = SERVICES.get(path)
        if service is None and path not in smki.PATHS:
            return _text(HTTPStatus.NOT_FOUND, "there is no such service")
        if environ.get("REQUEST_METHOD") != "POST":
            return _text(HTTPStatus.METHOD_NOT_ALLOWED, "a request is posted")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_OCTETS:
            why = f"the document is longer than {MAX_OCTETS >> 20} MiB"
            return _text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        data = environ["wsgi.input"].read(length)
        if service is None:
            status, octets = self._gateway.key_store.answer(path, data)
            return HTTPStatus(status), _XML, octets
        try:
            return HTTPStatus.OK, _XML, self._gateway.serve(service, data)
        except Unreadable as error:
            return _text(HTTPStatus.BAD_REQUEST, str(error))


def _text(status: HTTPStatus, why: str) -> Answer:
    return status, _TEXT, f"{why}\n".encode()


class Server:
    """Serves a gateway at ports of loopback until `close`."""

    def __init__(self, app: App, ports: Iterable[int] = (0,), patience: int = 30) -> None:
        """`patience` is for how many seconds a connection may stand still; ServerError."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that requests wait is usual
        listen = " ".join(f"{ADDRESS}:{port}" for port in ports)
        try:
            self._server: Any = create_server(
                app,
                listen=listen,
                threads=_THREADS,
                connection_limit=_CONNECTIONS,
                channel_timeout=patience,
                cleanup_interval=max(1, patience // 3),
                max_request_body_size=_MOST_READ,
                ident="smets",
                clear_untrusted_proxy_headers=True,
            )
        except (OSError, ValueError) as error:
            raise ServerError(f"{listen}: {error}") from None
        listening = getattr(self._server, "effective_listen", None)
        pairs = listening or [(ADDRESS, self._server.effective_port)]
        self.ports = [int(port) for _, port in pairs]
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Serve: until then a client that connects waits."""
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError):  # its sockets were closed
            self._server.run()

    def close(self) -> None:
        """Free the ports; requests that are in a thread are answered."""
        self._server.close()
        self._server.task_dispatcher.shutdown()
        if self._thread.is_alive():
            self._thread.join(5)
