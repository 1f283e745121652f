"""What is no request, too much of one, or never ends: an answer in words, within seconds."""

from __future__ import annotations

import resource
import socket
import time

import pytest
from dcc_bench import bench, code

DEEP = 10_000
HEAD = b'<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway">'
BAD = {
    "empty": (b"", 400, b"the document is empty"),
    "blank": (b" \n", 400, b"the document is empty"),
    "no XML": (b"hello", 400, b"line 1"),
    "10 MB": (HEAD + b"<a>" + b"x" * 10_000_000, 413, b"longer than 4 MiB"),
    "20 MB": (HEAD + b"<a>" + b"x" * 20_000_000, 413, b""),
    "many elements": (HEAD + b"<a/>" * 100_000 + b"</sr:Request>", 400, b"elements"),
    "deep": (b"<a>" * DEEP + b"</a>" * DEEP, 400, b"nested more than 64 deep"),
    "open": (HEAD + b"<a>" * 60, 400, b"line 1"),
    "not its encoding": (b'<?xml version="1.0" encoding="UTF-8"?><a>\xff\xfe</a>', 400, b"line 1"),
    "no such encoding": (b'<?xml version="1.0" encoding="EBCDIC-X"?><a/>', 400, b"line 1"),
    "half of UTF-16": (b"\xff\xfe<\x00a", 400, b"UTF-16"),
    "entities": (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400, b"DOCTYPE"),
    "another document": (b"<a/>", 400, b"not a Request"),
    "no header": (HEAD + b"</sr:Request>", 400, b"no Header"),
    "octets": (bytes(range(256)) * 64, 400, b""),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with bench(tmp_path_factory.mktemp("hostile"), ("gpf",), patience=2) as found:
        yield found


@pytest.mark.parametrize("name", BAD)
def test_it_is_told_what_is_wrong(one, name):
    data, status, words = BAD[name]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        got, octets = one.post("S", data)
    except (BrokenPipeError, ConnectionResetError):
        assert name == "20 MB"  # it does not read so much
        return
    assert got == status and words in octets
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000  # KiB


def test_services_that_there_are_not(one):
    assert one.post("X", b"")[0] == 404
    with socket.create_connection(("127.0.0.1", one.server.ports[0]), timeout=60) as client:
        client.sendall(b"GET /api/v1/serviceS HTTP/1.0\r\n\r\n")
        assert b" 405 " in client.recv(4096)


def test_clients_that_hang_keep_nobody_waiting(one):
    """Fifty that stop in the middle of a request, and one that sends no more than its line."""
    port = one.server.ports[0]
    begin = b"POST /api/v1/serviceS HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n<sr:"
    stuck = []
    for number in range(50):
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(begin if number else begin[:20])
        stuck.append(client)
    seen = len(one.listener.got)
    begun = time.monotonic()
    assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "I99"
    one.listener.wait(seen + 1)
    assert time.monotonic() - begun < 30, "two seconds for each of the fifty"
    assert stuck[1].recv(100) == b""  # it is ended after two seconds without an octet
    for client in stuck:
        client.close()


def test_half_a_request_that_ends_is_none(one):
    before = one.gateway.store.row("SELECT count(*) FROM requests")[0]
    data = one.request("4.1.1", "gpf")
    with socket.create_connection(("127.0.0.1", one.server.ports[0]), timeout=60) as client:
        head = f"POST /api/v1/serviceS HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        client.sendall(head.encode() + data[:-100])
    time.sleep(0.1)
    assert one.gateway.store.row("SELECT count(*) FROM requests")[0] == before
