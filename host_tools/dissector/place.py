"""Where Wireshark looks for dissectors in Lua, and putting ours there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from host_tools.dissector.bundle import FILE, MARK, bundle

__all__ = ["ForeignFile", "install", "plugins_folder", "remove"]

_TSHARK_LINE = "Personal Lua Plugins:"
_PATIENCE = 20  # seconds that `tshark -G folders` may take


class ForeignFile(Exception):
    """A file of that name lies there that this program did not write."""


def plugins_folder() -> Path:
    """The user's folder of Lua plugins: as tshark says, else by Wireshark's own rule."""
    told = _told_by_tshark()
    return Path(told) if told else _by_rule()


def _told_by_tshark() -> str:
    tshark = shutil.which("tshark")
    if tshark is None:
        return ""
    try:
        done = subprocess.run(
            [tshark, "-G", "folders"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = [line for line in done.stdout.splitlines() if line.startswith(_TSHARK_LINE)]
    return found[0].removeprefix(_TSHARK_LINE).strip() if found else ""


def _by_rule() -> Path:
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA")
        return Path(roaming or Path.home() / "AppData" / "Roaming") / "Wireshark" / "plugins"
    return Path.home() / ".local" / "lib" / "wireshark" / "plugins"


def _ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()


def install(place: Path, force: bool = False) -> tuple[Path, str]:
    """Write the dissector to a folder or file; where it lies, and "new", "renewed" or "same".

    A folder that is not there is made. Raises ForeignFile for a file that this program did not
    write, unless `force`; OSError.
    """
    path = place if place.suffix == ".lua" else place / FILE
    text = bundle().encode()
    how = "new"
    if path.exists():
        how = "same" if path.read_bytes() == text else "renewed"
        if not _ours(path) and not force:
            raise ForeignFile(f"{path} is not of this program; --force overwrites it")
    if how != "same":
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")  # Wireshark never loads half a file
        fresh.write_bytes(text)
        fresh.replace(path)
    return path, how


def remove(place: Path) -> Path | None:
    """Remove the dissector again; where it was, or None. Raises ForeignFile and OSError."""
    path = place if place.suffix == ".lua" else place / FILE
    if not path.exists():
        return None
    if not _ours(path):
        raise ForeignFile(f"{path} is not of this program; it stays")
    path.unlink()
    return path
