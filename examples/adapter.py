"""A device under test behind the bench link, for `smets conform --black-box`.

    python examples/adapter.py call my_device:respond   # a function: octets in, octets or None out
    python examples/adapter.py tcp 192.0.2.1:9000       # octets of a message each way
    python examples/adapter.py serial /dev/ttyUSB0

It prints where it listens: `smets conform --black-box --engine 127.0.0.1:PORT ...`.
"""

import importlib
import socket
import socketserver
import sys

PATIENCE, QUIET = 10.0, 0.3  # seconds: for the first octet of a response; without one it is whole


def call(where):
    """A function `module:name`."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def tcp(where):
    """A TCP port `host:port` that takes and gives the octets of messages."""
    host, _, port = where.rpartition(":")
    link = socket.create_connection((host, int(port)))

    def read(seconds):
        link.settimeout(seconds)
        try:
            return link.recv(65536)
        except TimeoutError:
            return b""

    return lambda command: exchange(command, link.sendall, read)


def serial(where):
    """The same behind a serial port."""
    port = importlib.import_module("serial").Serial(where, 115200)

    def read(seconds):
        port.timeout = seconds
        return port.read(1) + port.read(port.in_waiting)

    return lambda command: exchange(command, port.write, read)


def exchange(command, write, read):
    """The response to a command, or None."""
    write(command)
    response = part = read(PATIENCE)
    while part:
        part = read(QUIET)
        response += part
    return response or None


def answer(line, respond):
    """The line that answers a line of the bench link."""
    head, _, rest = line.partition("#")
    number, _, rest = rest.partition(":")
    if head != "GBCS:DATA":
        return f"LOG:ERROR#{number}:9:not there"
    response = respond(bytes.fromhex(rest.partition(":")[2]))
    if response is None:
        return f"GBCS:NONE#{number}:11:no response"
    return f"GBCS:DATA#{number}:{len(response)}:{response.hex().upper()}"


class Link(socketserver.StreamRequestHandler):
    """One bench."""

    def handle(self):
        """Answer its lines until it goes."""
        for line in self.rfile:
            self.wfile.write(answer(line.decode().strip(), RESPOND).encode() + b"\n")


if __name__ == "__main__":
    RESPOND = {"call": call, "tcp": tcp, "serial": serial}[sys.argv[1]](sys.argv[2])
    with socketserver.TCPServer(("127.0.0.1", 0), Link) as server:
        print(f"127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
