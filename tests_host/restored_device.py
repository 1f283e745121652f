# A device as a board runs it: what was loaded is loaded again when the process restarts. Run with
# a role and the folder of its flash; serves lines of standard input until they end.
import sys


def serve(role: str, folder: str):
    import main as firmware

    firmware._collect_early()
    from smets.ports.store import Store
    from smets.runtime import Runtime

    def write(text):
        sys.stdout.write(text)
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()

    device = Runtime({"role": role}, write, Store(folder))
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            device.line(line.strip())


serve(sys.argv[1], sys.argv[2])
