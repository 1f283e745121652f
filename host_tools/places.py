"""Where the firmware, the data of boards and what is built lie: in a clone, or in a wheel.

A wheel has copies of `firmware`, `boards` and `examples` in its folder `shipped` (setup.py). What
is made from them is kept in the user's cache there: an installed package may be nobody's to write.
"""

from __future__ import annotations

import os
from pathlib import Path

from host_tools import __version__

__all__ = ["BOARDS", "BUILD", "EXAMPLES", "FIRMWARE", "ROOT"]

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "shipped"


def _cache() -> Path:
    """The user's cache of this version of the package, not yet made."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of XDG: what is not absolute does not count.
    cache = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return cache / f"smets-{__version__}"


ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
FIRMWARE = ROOT / "firmware"
BOARDS = ROOT / "boards"
EXAMPLES = ROOT / "examples"
BUILD = _cache() if _SHIPPED.is_dir() else ROOT / "build"
