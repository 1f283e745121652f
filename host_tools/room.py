"""What fills the flash of a board, and what of it can go."""

from __future__ import annotations

__all__ = ["SIZES", "advice", "parse"]

# Octets of each entry of the root of a board's file system, in whole blocks, a line each.
SIZES = """
import os
def _fsize(p):
    n = os.stat(p)
    if not n[0] & 0x4000: return -(-n[6] // 4096) * 4096
    return 8192 + sum([_fsize(p + '/' + e) for e in os.listdir(p)])
def _fsizes(d):
    for e in os.listdir(d): print(_fsize(d + '/' + e), d + '/' + e)
_fsizes('')
try: print(_fsize('/lib/smets'), '/lib/smets')
except OSError: pass
"""

# What flashing needs, and what a device keeps.
_OURS = ("/a", "/b", "/slot", "/slot.try", "/main.py", "/state", "/lib", "/boot.py")


def parse(text: str) -> dict[str, int]:
    """Path -> octets, of what SIZES printed."""
    pairs = [line.strip().partition(" ") for line in text.splitlines() if line.strip()]
    return {path: int(size) for size, _, path in pairs}


def advice(sizes: dict[str, int], port: str = "PORT", slot: str = "") -> str:
    """What to remove, the largest first; the install in use, `slot`, where all else is needed."""
    removable = {path: size for path, size in sizes.items() if path not in _OURS}
    if not removable:
        last = (
            f"remove what runs now, with mpremote connect {port} fs rm -r :{slot}, and flash again"
        )
        return (
            "nothing is there but installs and what devices keep: "
            + (f"{last} (nothing runs until then); or " if slot else "")
            + "a role with fewer modules, a frozen build, or a board with more flash has room"
        )
    ordered = sorted(removable, key=lambda path: -removable[path])
    named = ", ".join(f"{path} ({-(-removable[path] // 1024)} KB)" for path in ordered[:4])
    command = f"mpremote connect {port} fs rm -r :{ordered[0]}"
    mip = " (from mip; the slots have the firmware)" if "/lib/smets" in ordered[:4] else ""
    return f"remove what you do not need: {named}{mip}, with {command}"
