"""Files that hold keys: nobody but their owner reads them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["UMASK", "write_private"]

# For processes that keep keys in files of their own: a device's store, a board's flash.
UMASK = 0o077


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(data)
