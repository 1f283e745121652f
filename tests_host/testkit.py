# Helpers of tests that run on CPython and on MicroPython, which have no pytest and no pathlib.
# Files that start with "# engines: cpython unix" are collected once for each engine.
import gc
import os
import sys


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class raises:
    """Context manager: the block must raise `kind`; the exception is kept in `.error`."""

    def __init__(self, kind):
        self.kind = kind
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, "no exception, expected " + self.kind.__name__
        self.error = error
        return issubclass(kind, self.kind)


def _remove(path):
    try:
        names = os.listdir(path)
    except OSError:
        os.remove(path)
        return
    for name in names:
        _remove(path + "/" + name)
    os.rmdir(path)


def tmpdir():
    """Return the path of an empty directory that this process alone uses.

    The harness names it in SMETS_TEST_TMP, one for each file and engine, and removes it later.
    """
    path = os.getenv("SMETS_TEST_TMP") + "/d"
    try:
        _remove(path)
    except OSError:
        pass
    os.mkdir(path)
    return path


def unload():
    """Make room for the code of another role, which no board holds beside this one."""
    if hasattr(gc, "mem_free"):
        for name in [name for name in sys.modules if name.startswith("smets.features.")]:
            package, _, stem = name.rpartition(".")
            if package in sys.modules:
                delattr(sys.modules[package], stem)
            del sys.modules[name]
        gc.collect()
