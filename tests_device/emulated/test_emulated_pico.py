"""The Pico's real firmware under emulation: started, flashed, cut off, measured, drawn on.

Times on an idle two-core machine are printed by `make test-pico`. Of the screens every case of
both panels is drawn; of flash cuts a few drawn moments, as each costs a start (CUTS).
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import modules
import pytest
from device_files import PROBE

from host_tools import boards, emulators, flash, install
from host_tools.emulators import EmulatedPico
from host_tools.emulators.pico import PLAIN
from host_tools.raw_repl import RawRepl

NAME = "rpi_pico"
DATA = boards.load(NAME)
BIN = Path(sys.executable).parent
REPO = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((modules.TESTS / "golden" / "screens.json").read_text(encoding="utf-8"))
CUTS = 6
PEAKS = (1000, 800, 600)  # of each phase, codes


@pytest.fixture(scope="module")
def frozen(boards_of) -> EmulatedPico:
    """A Pico with our modules frozen into its firmware."""
    return boards_of(NAME)


@pytest.fixture(scope="module")
def plain(boards_of) -> EmulatedPico:
    """A Pico without them."""
    return boards_of(NAME, firmware=PLAIN)


def run(*words: object, cwd: Path | None = None, timeout: float = 240) -> str:
    """The output of a program of the virtual environment, which has to succeed."""
    command = [str(BIN / str(words[0])), *map(str, words[1:])]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def mpremote(board: EmulatedPico, *words: object, cwd: Path | None = None) -> str:
    """The output of mpremote."""
    return run("mpremote", "connect", board.port, *words, cwd=cwd).replace("\r\n", "\n")


def off(board: EmulatedPico) -> None:
    """Wait until the power failed, between two flash operations and for no other reason."""
    deadline = time.monotonic() + 20
    while board.powered and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not board.powered and "power cut after flash operation" in board.messages


def build(label: str, role: str = "gpf", installed: bool = True) -> install.Install:
    """An install that no other test sends."""
    return install.build(role, DATA, {"tick": False, "label": label}, installed=installed)


@pytest.mark.parametrize("kind", ["frozen", "plain"])
def test_what_the_firmware_is(kind, request):
    """Both builds: MicroPython 1.25.0 for the RP2040, and a heap as board.py says."""
    with RawRepl(request.getfixturevalue(kind).port) as repl:
        said = json.loads(repl.exec(PROBE))
        assert (
            repl.exec(
                "import micropython\n@micropython.native\ndef f(x): return x * 7\nprint(f(6))"
            ).strip()
            == "42"
        )
        assert (
            repl.exec(
                "@micropython.viper\ndef g(x: int) -> int: return x << 2\nprint(g(5))"
            ).strip()
            == "20"
        )
        first = repl.exec("import os; print(os.urandom(16))")
        assert first != repl.exec("print(os.urandom(16))"), "random, not constant"
    assert said["version"] == [1, 25, 0] and "RP2040" in said["machine"]
    assert said["lacks"] == ([] if kind == "frozen" else ["smets"])
    assert boards.ARCHITECTURES.index(DATA.arch) <= said["arch"]
    assert said["single"] and 0.95 < said["heap"] / DATA.heap <= 1.02


def test_mpremote(plain, tmp_path):
    """exec, run, fs, mount and soft-reset, as with a Pico."""
    (tmp_path / "script.py").write_text("print('ran', 6 * 7)\n", encoding="utf-8")
    (tmp_path / "mounted.py").write_text("WORD = 'of the host'\n", encoding="utf-8")
    assert mpremote(plain, "exec", "print(2 ** 40)").strip() == str(2**40)
    assert mpremote(plain, "run", tmp_path / "script.py").strip() == "ran 42"
    data = random.Random(1).randbytes(20_000)
    (tmp_path / "data.bin").write_bytes(data)
    mpremote(plain, "fs", "cp", tmp_path / "data.bin", ":data.bin")
    mpremote(plain, "fs", "cp", ":data.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    assert re.search(r"20000 data\.bin", mpremote(plain, "fs", "ls"))
    mpremote(plain, "fs", "rm", ":data.bin")
    said = mpremote(
        plain, "mount", ".", "exec", "import mounted; print(mounted.WORD)", cwd=tmp_path
    )
    assert "of the host" in said
    assert mpremote(
        plain, "exec", "x = 1", "soft-reset", "exec", "print('x' in globals())"
    ).endswith("False\n")


def test_smets_flash(board_of, tmp_path):
    """On a Pico without our modules, over the line; it answers with the version just sent."""
    board = board_of(NAME, tmp_path / "board", firmware=PLAIN)
    began = time.monotonic()
    said = run("smets", "flash", "--board", NAME, "--role", "gpf", "--port", board.port)
    first = time.monotonic() - began
    hello = flash.hello(board.port, restart=False)
    assert (hello["device"], hello["board"]) == ("GPF", NAME)
    assert hello["firmware"] == install.firmware_version() and hello["firmware"] in said
    board.close()
    with emulators.start(NAME, tmp_path / "board", firmware=PLAIN) as again:
        assert flash.hello(again.port, restart=False) == hello, "and so after a power cut"
        began = time.monotonic()
        run("smets", "flash", "--board", NAME, "--role", "gpf", "--port", again.port)
        print(f"\nflashed in {first:.0f} s, again in {time.monotonic() - began:.0f} s")
        assert flash.hello(again.port, restart=False)["build"] == hello["build"]


def test_files_survive_power_cuts(board_of, tmp_path):
    """littlefs lies in the image file of the flash; what was written is there."""
    data = random.Random(2).randbytes(10_000)
    with emulators.start(NAME, tmp_path) as board, RawRepl(board.port) as repl:
        repl.exec(f"import os\nwith open('kept', 'wb') as f: f.write({data[:5000]!r})")
        repl.exec(f"with open('kept', 'ab') as f: f.write({data[5000:]!r})")
        board.kill()
    assert (tmp_path / "flash.img").stat().st_size == 2 << 20
    with emulators.start(NAME, tmp_path) as board, RawRepl(board.port) as repl:
        digest = "import hashlib\nprint(hashlib.sha256(open('kept', 'rb').read()).digest().hex())"
        assert repl.exec(digest).strip() == hashlib.sha256(data).hexdigest()


def test_an_install_that_is_cut_leaves_the_old_or_the_new(frozen):
    """The process is killed between two flash operations of `smets flash`, at drawn moments."""
    seed = int(os.environ.get("SMETS_TEST_SEED", "0")) or random.SystemRandom().randrange(
        1, 1 << 32
    )
    draw = random.Random(seed)
    old = build("old")
    flash.flash(frozen.port, old, DATA)
    cuts = completed = 0
    for number in range(CUTS):
        new = build(f"new {number}")
        frozen.cut_power(draw.randrange(1, 16 if number % 2 else 5))
        try:
            flash.flash(frozen.port, new, DATA)
            completed += 1
        except (flash.FlashError, OSError):
            cuts += 1
        frozen.no_cut()
        frozen.power_on()
        hello = flash.hello(frozen.port, restart=False)
        assert hello["build"] in (old.build, new.build), f"seed {seed}, cut {number}"
        assert hello["firmware"] == install.firmware_version()
        old = new if hello["build"] == new.build else old
    print(f"\n{cuts} installs cut, {completed} came through, seed {seed}")
    assert cuts, "none was cut"
    final = build("final")
    report = flash.flash(frozen.port, final, DATA)
    assert report.hello is not None and report.hello["build"] == final.build


def test_every_flash_cut_of_a_file_leaves_one_of_both(tmp_path):
    """A file replaced by a rename, the power cut at each flash operation until none is left."""
    code = (
        "import os\nwith open('f.new', 'w') as f: f.write('new' * 400)\nos.rename('f.new', 'f')\n"
    )
    found: list[str] = []
    with emulators.start(NAME, tmp_path) as board:
        for cut in range(1, 100):
            with RawRepl(board.port) as repl:
                repl.exec("with open('f', 'w') as f: f.write('old' * 400)")
                board.cut_power(cut)
                try:
                    repl.exec(code, timeout=20)
                    done = True
                except Exception:
                    done = False
            if done:
                break
            off(board)
            board.power_on()
            with RawRepl(board.port) as repl:
                text = repl.exec("print(open('f').read(3), len(open('f').read()))").split()
            assert text[0] in ("old", "new") and text[1] == "1200", f"cut {cut}: {text}"
            found.append(text[0])
    print(f"\n{len(found)} cuts: {' '.join(found)}")
    assert done and found and "old" in found


SAMPLE = """
import time
from smets.ports.open_sampler import open_sampler
s = open_sampler({{"sampler": "rp2", "phases": {phases}}})
sums = [[0, 0, 0] for _ in range({phases})]
got = []
def sink(length, codes, start, count):
    got.append((length, count))
    for phase in range({phases}):
        total = sums[phase]
        for i in range(count):
            if total[0] < 800:
                code = codes[start + i * s.stride + phase]
                total[0] += 1
                total[1] += code - 2048
                total[2] += (code - 2048) ** 2
last = time.ticks_ms()
s.poll(0, lambda *_: None)
for _ in range(3):
    time.sleep_ms(80)
    now = time.ticks_ms()
    s.poll(time.ticks_diff(now, last), sink)
    last = now
s.close()
print(sums)
print(got)
"""


# Volts as the firmware's own sums give them: microvolts a code of 250 mV.
VOLTS = """
import time
from array import array
from smets.features.voltage import rms
from smets.ports.open_sampler import open_sampler
s = open_sampler({"sampler": "rp2"})
out = array("i", (0, 0))
def volts():
    sums = [0, 0, 0]
    def sink(length, codes, start, count):
        for first in range(0, count, 50):
            size = min(50, count - first)
            rms.fold(codes, start + first, 1, size, out)
            sums[0] += size
            sums[1] += out[0]
            sums[2] += out[1]
    s.poll(0, lambda *_: None)
    time.sleep_ms(200)
    s.poll(200, sink)
    mean = sums[1] / sums[0]
    return (sums[2] / sums[0] - mean * mean) ** 0.5 * s.uv / 1e6
said = [volts()]
while time.ticks_ms() < 6100:
    time.sleep_ms(100)
said.append(volts())
print(said)
"""


@pytest.mark.parametrize("phases", [1, 3])
def test_the_sampler_reads_a_wave(board_of, tmp_path, phases):
    """ADC, FIFO, DMA and ring by the registers of the RP2040; each phase gets its own wave.

    What that shows and what not is in boards/pico_emulator/README.md.
    """
    path = tmp_path / "wave.json"
    sections = [
        [{"from": 0, "mean": 2048, "amplitude": peak, "hertz": 50, "degrees": 120 * phase}]
        for phase, peak in enumerate(PEAKS)
    ]
    path.write_text(json.dumps({"channels": sections}), encoding="utf-8")
    board = board_of(NAME, adc=path, pace="none")
    with RawRepl(board.port, guard=False) as repl:
        sums, got = (
            ast.literal_eval(line) for line in repl.exec(SAMPLE.format(phases=phases)).splitlines()
        )
    print(f"\n{sums}; ms and samples a poll: {got}")
    for (count, total, squares), peak in zip(sums, PEAKS, strict=False):
        # 800 samples at 4,000 a second are ten whole periods, less what the divider rounds.
        assert count == 800 and abs(total / count) < 5
        assert abs((squares / count) ** 0.5 - peak / 2**0.5) < 0.01 * peak
    ms, samples = (sum(column) for column in zip(*got, strict=True))
    assert abs(samples - 4 * ms) < 0.03 * samples, "none lost, none twice"


def test_a_sag_of_the_wave_is_a_sag_of_the_meter(board_of, tmp_path):
    """From the input to the volts of the RMS sums: 230 V, then 184 V."""
    path = tmp_path / "wave.json"
    sections = [
        {"from": start, "mean": 2048, "amplitude": volts * 4 * 2**0.5, "hertz": 50}
        for start, volts in ((0, 230), (6, 184))
    ]
    path.write_text(json.dumps({"channels": [sections]}), encoding="utf-8")
    board = board_of(NAME, adc=path, pace="none")
    with RawRepl(board.port, guard=False) as repl:
        said = repl.exec(VOLTS, timeout=120)
    volts = ast.literal_eval(said)
    print(f"\nvolts of each 200 ms: {volts}")
    assert abs(volts[0] - 230) < 1.5 and abs(volts[-1] - 184) < 1.5


def test_the_emulated_core_is_that_of_the_package(tmp_path):
    """Random instructions leave the same state in core.js and in rp2040js, where that is right."""
    done = subprocess.run(
        ["node", str(REPO / "boards/pico_emulator/check_core.js"), "100000"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


SCREENS = """
import gc, sys
sys.path.insert(0, "/t")
import screen_cases
from smets.screen import canvas, layout, pages
place = layout.LAYOUTS[{name!r}]
target = canvas.Canvas(place.width, place.height, place.mono)
for name, shown, page, part in screen_cases.screens(place, {case!r}):
    pages.draw(target, place, shown, page, part)
    print(place.name + "/" + name, screen_cases.digest(target))
"""


def test_screens_are_those_of_the_unix_port_pixel_for_pixel(frozen):
    """Each golden screen of both panels, drawn by the Pico, has the hash that is stored."""
    wanted = {"screen_cases.mpy": modules.compiled("screen_cases", DATA.arch)}
    with RawRepl(frozen.port) as repl:
        flash.Files(repl, flash.Report()).fill("/t", wanted, alone=False)
    got: dict[str, str] = {}
    began = time.monotonic()
    layouts = sorted({key.split("/")[0] for key in GOLDEN})
    cases = sorted({key.split("/")[1] for key in GOLDEN})
    for place in layouts:
        for start in range(0, len(cases), 8):
            case = ",".join(cases[start : start + 8])
            with RawRepl(frozen.port) as repl:
                text = repl.exec(SCREENS.format(name=place, case=case), timeout=240)
            got.update(line.split() for line in text.splitlines())
    print(f"\n{len(got)} screens in {time.monotonic() - began:.0f} s")
    assert len(got) == len(GOLDEN)
    differing = [key for key, value in GOLDEN.items() if got.get(key) != value]
    assert not differing, f"{len(differing)} differ: {differing[:5]}"


def test_a_home_with_a_pico_ends_as_one_without() -> None:
    """spec: the GPF of a home on a Pico: what the displays hold, and every frame of the air."""
    options = ("--duration", 2400, "--step", 120)
    expected = run("smets", "home", *options).splitlines()
    began = time.monotonic()
    told = run("smets", "home", "--board", "gpf=emulated", *options).splitlines()
    print(f"\na home with a Pico: {time.monotonic() - began:.1f} s")
    assert told[0] == "GPF (emulated) starts"
    assert told[1:] == expected
    assert re.search("[1-9][0-9]+ HAN frames; seed 1", "\n".join(expected))
