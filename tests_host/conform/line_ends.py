"""The far end of a bench link: a device's talk, over TCP and over a serial port (pty).

`talk` is given a file of lines and one to write to, and returns when the lines end.
"""

import os
import socket
import threading
import tty
from contextlib import contextmanager, suppress

PATIENCE = 5  # seconds in which a talk ends after its line


@contextmanager
def tcp(talk):
    """`host:port`; one client after another."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, connection.makefile("rw", newline="\n") as file:
                    with suppress(OSError, ValueError):
                        talk(file, file)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)


@contextmanager
def pty(talk):
    """Path of a serial port."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    lines = open(ours, newline="\n")
    out = open(os.dup(ours), "w", newline="\n")

    def serve():
        with suppress(OSError, ValueError):
            talk(lines, out)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join(PATIENCE)
        for file in (out, lines):
            with suppress(OSError):  # what nobody read is lost
                file.close()
