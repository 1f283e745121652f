"""Rights that root has and a user lacks, taken away for a while."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# linux/capability.h: the version of the call, and to read and write what a file's mode forbids.
VERSION, OVERRIDE = 0x20080522, 1 << 1 | 1 << 2


@contextmanager
def as_owner() -> Iterator[None]:
    """Let the mode of a file bind root too, in this thread: it owns its files and no more.

    Another user would do as well, but may not read a clone that lies in a folder for root alone.
    """
    if os.geteuid() != 0:
        yield
        return
    calls = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(VERSION, 0)
    # Effective, permitted and inheritable rights 0 to 31, then 32 to 63.
    rights = (ctypes.c_uint32 * 6)()
    assert calls.capget(header, rights) == 0
    before = rights[0]
    rights[0] = before & ~OVERRIDE
    assert calls.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = before
        assert calls.capset(header, rights) == 0
