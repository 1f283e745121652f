"""The page of the gateway: devices, requests, responses, alerts, live; titles only (MP141)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from host_tools.dcc.gateway import Gateway
from host_tools.mmc.records import Record, RecordError, of_document
from host_tools.mmc.values import eui_text
from host_tools.srv.view import Row, View

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from host_tools.dcc.server import Answer

__all__ = ["Pages"]

_MOST = 300  # rows that one answer holds: the newest
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES: Final = {
    "/": ("dcc.html", "text/html; charset=utf-8"),
    "/dcc.css": ("dcc.css", "text/css; charset=utf-8"),
    "/dcc.js": ("dcc.js", "text/javascript; charset=utf-8"),
}
HEADERS: Final = (("Content-Security-Policy", _POLICY), ("Referrer-Policy", "no-referrer"))


class Pages:
    """Answers what a browser asks for. It reads; nothing can be changed from it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.paths = (*_FILES, "/live")

    def answer(self, path: str, environ: WSGIEnvironment) -> Answer:
        """The answer of a path; the host is checked, as a name may be made to mean loopback."""
        host = str(environ.get("HTTP_HOST", "")).partition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            return HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"this is another host\n"
        if path in _FILES:
            name, kind = _FILES[path]
            return HTTPStatus.OK, kind, files("host_tools.dcc").joinpath("page", name).read_bytes()
        asked = parse_qs(str(environ.get("QUERY_STRING", ""))).get("after", ["0"])[0]
        after = int(asked) if asked.isdecimal() and len(asked) < 16 else 0
        return HTTPStatus.OK, "application/json", json.dumps(self.live(after)).encode()

    def live(self, after: int = 0) -> dict[str, Any]:
        """What is new since message `after`, and how devices and listeners are now."""
        store = self._gateway.store
        found = store.rows(
            "SELECT id, document FROM messages WHERE id > ? ORDER BY id DESC LIMIT ?", after, _MOST
        )[::-1]
        rows = [row.cells() for row in View().rows(_records(found)) if isinstance(row, Row)]
        waiting = store.rows(
            "SELECT device, count(*) FROM requests WHERE state IN ('waiting', 'sending') "
            "GROUP BY device"
        )
        posts = store.row("SELECT count(*) FROM posts WHERE state = 'waiting'")[0]
        counts: dict[bytes, int] = dict(waiting)
        return {
            "last": found[-1][0] if found else after,
            "rows": rows,
            "devices": [
                self._device(device.eui, device.type, device.status, counts.get(device.eui, 0))
                for device in self._gateway.inventory.all()
            ],
            "posts": posts,
            "errors": sorted(self._gateway.poster.errors.values()),
            "refused": dict(sorted(self._gateway.refused.items())),
        }

    def _device(self, eui: bytes, kind: str, status: str, waiting: int) -> dict[str, Any]:
        line = self._gateway.lines.get(eui)
        link = "none" if line is None else "up" if line.up else "down"
        return {
            "device": eui_text(eui),
            "type": kind,
            "status": status,
            "link": link,
            "waiting": waiting,
            "error": line.error if line is not None else "",
        }


def _records(found: list[tuple[int, bytes]]) -> Iterator[Record | RecordError]:
    for number, document in found:
        yield from of_document(f"message {number}", document)
