# Starts a device: a role behind its bench link, on a board, the Unix port or CPython alike.
# The role comes from the command line, or from device.json beside this file on a board.
import sys

from smets import devices
from smets.bench import Bench


def read_role() -> str:
    """The role to play: the first argument, else `role` of device.json."""
    arguments = getattr(sys, "argv", ())
    if len(arguments) > 1:
        return arguments[1]
    import json

    with open("device.json") as file:
        return json.load(file)["role"]


def read_store():
    """The store named by the second argument (a folder), or None."""
    arguments = getattr(sys, "argv", ())
    if len(arguments) < 3:
        return None
    from smets.ports.store import Store

    return Store(arguments[2])


def run(role: str, store=None):
    """Serve lines of standard input until it ends."""
    out = sys.stdout

    def write(text):
        out.write(text)
        if text[-1:] == "\n" and hasattr(out, "flush"):
            out.flush()

    bench = Bench(devices.build(role, store), write)
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        line = line.strip()
        if line:
            bench.line(line)


if __name__ == "__main__":
    run(read_role(), read_store())
