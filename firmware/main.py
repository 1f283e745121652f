# Starts a device: a role behind its bench link, on a board, the Unix port or CPython alike.
# The role comes from the command line; on a board from device.json of the install in use.
import sys

# An install is a folder with the firmware and its device.json. This file names the one in use.
# Without it, device.json and the firmware lie in the root and in /lib.
_IN_USE = "/slot"
# This file names a new install, which has not proved itself yet and is tried once.
_ON_TRIAL = "/slot.try"


def run(role: str, folder: str = ""):
    """Serve lines of standard input until it ends; `folder` is the flash of the device."""
    _collect_early()
    from smets import devices
    from smets.bench import BenchLink
    from smets.compat import BLANKS

    store = ring = None
    if folder:
        from smets.journal import Ring
        from smets.ports.store import Store

        store = Store(folder)
        ring = Ring(store)

    out = sys.stdout

    def write(text):
        out.write(text)
        if text[-1:] == "\n" and hasattr(out, "flush"):
            out.flush()

    bench = BenchLink(devices.build(role, store), write, ring)
    if store:
        store.check()
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:  # CPython reads ahead, and would lose what follows noise
        reconfigure(errors="replace")
    while True:
        try:
            line = sys.stdin.readline()
        except UnicodeError:  # noise on the line
            write("LOG:ERROR#0:8:not text\n")
            continue
        if not line:
            return
        line = line.strip(BLANKS)
        if line:
            bench.line(line)


def _collect_early():
    """Collect before the heap is full, so that lasting objects do not lie scattered over it."""
    import gc

    if hasattr(gc, "threshold") and hasattr(gc, "mem_free"):
        gc.threshold((gc.mem_free() + gc.mem_alloc()) // 16)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def run_board():
    """Play the role of device.json until Ctrl-C; an install on trial that fails is left again."""
    import os

    _collect_early()
    name = trial = _read(_ON_TRIAL)
    if trial:
        # From here on the next start is of the install that works, whatever happens.
        os.remove(_ON_TRIAL)
    else:
        name = _read(_IN_USE)

    def confirm():
        with open(_IN_USE + ".new", "w") as file:
            file.write(name)
        os.rename(_IN_USE + ".new", _IN_USE)

    folder = "/" + name if name else ""
    if name:
        sys.path.insert(0, folder)
    try:
        from smets import runtime

        runtime.main(folder, confirm if trial else None)
    except Exception as error:
        if not trial:
            raise
        sys.print_exception(error)
        import machine

        machine.soft_reset()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(*sys.argv[1:3])
    else:
        run_board()
