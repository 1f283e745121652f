"""The images of `make uf2`: what they hold, whether they start, whether they come out the same.

The Pico's starts in every test of test_emulated_pico.py. There is no emulator of a Pico 2 here: of
its image is tested what its boot ROM looks for.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import picos
import pytest
from device_files import PROBE
from uf2_reader import blocks, memory

from host_tools import boards, flash, install
from host_tools.raw_repl import RawRepl

REPO = Path(__file__).resolve().parents[2]
BUILD = REPO / "build"
FLASH = 0x10000000
RAM = range(0x20000000, 0x20082001)  # of an RP2350, and where a stack may begin
# Of an image that an RP2350 starts (its datasheet, 5.9): the words around a block, its items.
BLOCK_BEGINS = 0xFFFFDED3
BLOCK_ENDS = 0xAB123579
IMAGE_TYPE = 0x42
EXECUTABLE_SECURE_ARM_RP2350 = 0x1021
LAST_ITEM = 0xFF
SEARCHED = 4096  # octets from the beginning of the flash


def contents(name: str) -> bytes:
    """The flash that the UF2 of a board makes, from its beginning; octets left out are 0xFF."""
    found = [block for block in blocks(BUILD / name / "firmware.uf2") if not block[0] & 0x8000]
    octets = memory(found)
    return bytes(octets.get(at, 0xFF) for at in range(FLASH, max(octets) + 1))


def code(path: Path) -> list[str]:
    """The lines of a C file without those that are comments: they name folders."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("//")]


@pytest.mark.parametrize("name", list(picos.RP2))
def test_the_uf2_holds_the_firmware(name, tmp_path):
    """The octets that binutils find in the ELF, and those of the .bin; room is left for files."""
    elf = BUILD / name / "firmware.elf"
    flat = tmp_path / "flat.bin"
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, flat], check=True)
    expected = flat.read_bytes()
    found = contents(name)
    assert found[: len(expected)] == expected and not any(found[len(expected) :])
    assert (BUILD / name / "firmware.bin").read_bytes() == found
    data = picos.RP2[name]
    assert len(found) <= data.flash - data.files


@pytest.mark.parametrize("name", list(picos.RP2))
def test_an_image_names_no_folder_of_its_builder(name):
    """Nor does it have the commit of this project for a version of MicroPython."""
    found = contents(name)
    assert os.fsencode(REPO) not in found and os.fsencode(Path.home()) not in found
    assert b"MicroPython v1.25.0 on 2025-" in found


def test_a_pico_w_starts(board_of):
    """Its image under emulation: MicroPython, its file system, an ESME of its frozen modules."""
    data = boards.load("rpi_pico_w")
    board = board_of("rpi_pico", firmware=BUILD / "rpi_pico_w" / "firmware.uf2", pace="busy")
    with RawRepl(board.port) as repl:
        said = json.loads(repl.exec(PROBE))
        files = json.loads(repl.exec("import os\ns = os.statvfs('/')\nprint([s[1], s[2]])"))
        lacks = repl.exec("import sys\ntry:\n import network\nexcept ImportError: print('lacks')")
    assert "Pico W" in said["machine"] and said["version"] == [1, 25, 0] and not said["lacks"]
    assert files[0] * files[1] == picos.RP2["rpi_pico_w"].files
    assert said["heap"] >= data.heap and lacks.strip() == "lacks", "no radio, more heap"
    made = install.build("esme", data, {"tick": False, "label": "frozen"}, installed=True)
    report = flash.flash(board.port, made, data)
    assert report.hello is not None and report.hello["build"] == made.build
    assert report.hello["device"] == "ESME"


def test_a_pico_2_finds_an_image_to_start():
    """A block that says: executable, for the secure state of the Arm cores of an RP2350."""
    found = contents("rpi_pico2")
    words = struct.unpack_from(f"<{SEARCHED // 4}I", found)
    begin = words.index(BLOCK_BEGINS)
    end = words.index(BLOCK_ENDS, begin)
    items = []
    at = begin + 1
    while words[at] & 0xFF != LAST_ITEM:
        kind, length, value = words[at] & 0xFF, words[at] >> 8 & 0xFF, words[at] >> 16
        items.append((kind, value))
        at += length
    assert (IMAGE_TYPE, EXECUTABLE_SECURE_ARM_RP2350) in items
    assert words[at] >> 8 & 0xFFFF == at - begin - 1, "the last item has the length of the others"
    assert end == at + 2, "a link to the next block lies between"
    stack, entry = words[:2]
    assert stack in RAM and entry & 1 and FLASH < entry < FLASH + len(found)


def test_modules_are_frozen_alike_in_whatever_folder(tmp_path):
    """Compiled and frozen from a copy whose folders list their files in another order."""
    for path in sorted((REPO / "firmware").rglob("*.py"), reverse=True):
        copy = tmp_path / "other" / path.relative_to(REPO)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for name in ("rpi_pico", "rpi_pico2"):
        shutil.copytree(REPO / "boards" / name, tmp_path / "other" / "boards" / name)
    top = BUILD / "debian" / "micropython"
    built = BUILD / "rpi_pico2" / "micropython"
    work = tmp_path / "work"
    (work / "genhdr").mkdir(parents=True)
    qstrs = "genhdr/qstrdefs.preprocessed.h"
    shutil.copyfile(built / qstrs, work / qstrs)
    command = [sys.executable, top / "tools" / "makemanifest.py", "-o", work / "frozen_content.c"]
    for name, folder in (("MPY", top), ("MPY_LIB", top / "lib"), ("PORT", top / "ports" / "rp2")):
        command += ["-v", f"{name}_DIR={folder}"]
    command += ["-b", work]
    command += ["-f-march=armv6m", tmp_path / "other" / "boards" / "rpi_pico2" / "manifest.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    frozen = code(work / "frozen_content.c")
    assert sum("fun_data_smets_" in line for line in frozen) > 1000
    assert frozen == code(built / "frozen_content.c")
