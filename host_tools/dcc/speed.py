"""How many requests a second go through the gateway, with so many devices at once.

`python -m host_tools.dcc.speed --devices 20 --requests 400`: a gateway and its devices as
processes, users in threads here, who wait for the response of one request before the next.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from host_tools.dcc.server import ADDRESS
from host_tools.duis import new, pki, signature
from host_tools.duis.credentials import Credentials
from host_tools.mmc.duis import read
from host_tools.private import write_private
from host_tools.testkeys import PARTIES, make_home

__all__ = ["Result", "measure"]

_SUPPLIER = dict(PARTIES)["supplier"]
_FIRST = 0x02534D4554540000
_SERVICE = "4.1.1"  # GCS13a
_Work = list[tuple[int, bytes]]  # counters and documents


class Result:
    """What was measured. Seconds from a request to its posted response, in order of size."""

    def __init__(self, devices: int, seconds: float, each: list[float]) -> None:
        self.devices = devices
        self.each = sorted(each)
        self.rate = len(each) / seconds

    def __str__(self) -> str:
        middle, late = (self.each[int(len(self.each) * part)] for part in (0.5, 0.95))
        return (
            f"{self.devices} devices, {len(self.each)} requests: {self.rate:.1f} a second; "
            f"from request to response {1000 * middle:.0f} ms (median), "
            f"{1000 * late:.0f} ms (95 %)"
        )


class _Listener:
    """Takes answers, and tells who waits for one."""

    def __init__(self) -> None:
        self.got: dict[tuple[bytes, int], str] = {}
        self.news = Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                envelope = read(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.news:
                    outer.got[envelope.device, envelope.counter] = envelope.code or ""
                    outer.news.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, device: bytes, counter: int) -> str:
        """The code of a response; AssertionError where none comes."""
        with self.news:
            assert self.news.wait_for(lambda: (device, counter) in self.got, 120)
            return self.got[device, counter]


def _files(folder: Path, devices: list[bytes]) -> list[str]:
    """Keys of gas proxies, certificates; the arguments of `smets dcc` that name them."""
    home = make_home([("GPF", eui.hex().upper()) for eui in devices], "speed")
    documents = {"parties": home.parties_document}
    documents |= {eui: {"device": "GPF", **keys} for eui, keys in home.keys.items()}
    arguments: list[str] = []
    for name, document in documents.items():
        path = folder / f"{name}.json"
        write_private(path, json.dumps(document).encode())
        arguments += ["--keys", str(path)]
    pki.write(folder / "xml", [bytes.fromhex(_SUPPLIER)])
    return [*arguments, "--credentials", str(folder / "xml" / "credentials.json")]


def _requests(folder: Path, device: bytes, count: int) -> list[tuple[int, bytes]]:
    """Signed requests to one device, with their counters."""
    credentials = Credentials.load(folder / "xml" / "credentials.json")
    now = datetime.now(UTC)
    first = int(now.timestamp() * 1000)
    found: list[tuple[int, bytes]] = []
    for counter in range(first, first + count):
        wanted = new.Wanted(_SERVICE, _SUPPLIER, device.hex(), counter)
        text = new.request(wanted, {}, None)
        found.append((counter, signature.sign(text.encode(), credentials, now)))
    return found


def _user(port: int, listener: _Listener, device: bytes, work: _Work, each: list[float]) -> None:
    """Send the requests of one device, each after the response of the one before it."""
    connection = HTTPConnection(ADDRESS, port, timeout=60)
    for counter, document in work:
        begun = time.monotonic()
        connection.request("POST", "/api/v1/serviceS", document)
        answer = connection.getresponse()
        code = read(answer.read()).code
        if code != "I99":
            raise RuntimeError(f"{code} instead of I99")
        code = listener.wait(device, counter)
        if code != "I0":
            raise RuntimeError(f"{code} instead of I0")
        each.append(time.monotonic() - begun)
    connection.close()


def measure(devices: int, requests: int, engine: str = "unix") -> Result:
    """Start a gateway and devices as processes, and send `requests`, evenly to all devices."""
    listener = _Listener()
    euis = [(_FIRST + number).to_bytes(8, "big") for number in range(devices)]
    with tempfile.TemporaryDirectory(prefix="smets-speed-") as name:
        folder = Path(name)
        arguments = _files(folder, euis)
        for eui in euis:
            arguments += ["--device", f"{eui.hex()}={engine}"]
        arguments += ["--listener", listener.url, "--store", str(folder / "dcc.sqlite")]
        command = [sys.executable, "-m", "host_tools", "dcc", *arguments, "--port", "0"]
        gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert gateway.stdout is not None
            port = int(gateway.stdout.readline().split("/")[2].partition(":")[2])
            warm = {eui: _requests(folder, eui, 1) for eui in euis}
            _all(port, listener, warm)  # devices have started, and have their keys
            work = {eui: _requests(folder, eui, max(1, requests // devices)) for eui in euis}
            begun = time.monotonic()
            each = _all(port, listener, work)
            return Result(devices, time.monotonic() - begun, each)
        finally:
            gateway.terminate()
            gateway.wait(60)
            listener.server.shutdown()
            listener.server.server_close()


def _all(port: int, listener: _Listener, work: dict[bytes, _Work]) -> list[float]:
    """All users at once; RuntimeError where a request was not answered well."""
    each: list[float] = []
    threads = [
        Thread(target=_user, args=(port, listener, eui, requests, each))
        for eui, requests in work.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = sum(map(len, work.values()))
    if len(each) != wanted:
        raise RuntimeError(f"{len(each)} of {wanted} requests were answered")
    return each


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, action="append")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--engine", default="unix", choices=("unix", "cpython"))
    wanted = parser.parse_args()
    for devices in wanted.devices or [20, 100]:
        print(measure(devices, wanted.requests, wanted.engine), flush=True)


if __name__ == "__main__":
    main()
