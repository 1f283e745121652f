"""The wheel: all that the tools need is in it, and a new user gets to a report of his own device.

The slow test carries out the commands of docs/own-device.md as they stand there, in an empty
folder with an empty HOME, on a device of another maker (`foreign_gpf.py`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from host_tools import places

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "own-device.md"
BESIDE = ROOT / "tests_host" / "conform"
EUI = "00AABBCCDDEEFF10"
TEN_MINUTES = 600

DEVICE = """
import sys

sys.path.insert(0, {beside!r})
from pathlib import Path

import pki
from cryptography.hazmat.primitives.serialization import load_der_private_key
from foreign_gpf import ForeignGpf, Refused


def _key(name):
    return load_der_private_key(Path(name).read_bytes(), None)


_PARTIES = {{
    bytes.fromhex(eui): (
        "broker" if role == "access_control_broker" else role,
        _key(f"PARTIES/T1-{{role}}-ka.key").public_key(),
    )
    for role, (_, eui) in pki.PARTIES.items()
}}
_GPF = ForeignGpf(bytes.fromhex({eui!r}), _key("gpf.der"), _PARTIES)


def respond(command):
    try:
        return _GPF.respond(command)
    except (Refused, ValueError, LookupError):
        return None
"""


def tracked(*folders):
    done = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("not a clone: there is no git here that lists the files")
    return [Path(name) for name in done.stdout.decode().split("\0") if name]


def test_every_file_of_the_tools_is_data_of_the_wheel():
    """Each file beside the modules is named in pyproject.toml."""
    import tomllib

    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    wanted = setup["package-data"]
    left_out = []
    for path in tracked("host_tools"):
        if path.suffix in (".py", ".mk") or not (ROOT / path).exists():
            continue
        package = [part for part in path.parents if (ROOT / part / "__init__.py").exists()][0]
        name = path.relative_to(package).as_posix()
        patterns = wanted.get(".".join(package.parts), [])
        if not any(fnmatch(name, pattern) for pattern in patterns):
            left_out.append(path.as_posix())
    assert left_out == []


def test_in_a_clone_all_is_where_it_lies():
    assert places.ROOT == ROOT
    for folder in (places.FIRMWARE, places.BOARDS, places.EXAMPLES):
        assert folder.parent == ROOT and folder.is_dir()
    assert places.BUILD == ROOT / "build"


def steps():
    """The commands of the page, by the name of their block."""
    return dict(re.findall(r"^```sh (\w+)\n(.*?)^```", PAGE.read_text(), re.M | re.S))


def made_wheel(folder):
    """The wheel of the tracked files as they are, without what else lies in the clone."""
    clone = folder / "clone"
    for path in tracked():
        if (ROOT / path).is_file():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, clone / path)
    command = "-m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir".split()
    subprocess.run([sys.executable, *command, str(folder), str(clone)], check=True, timeout=120)
    shutil.rmtree(clone)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.slow
def test_from_the_wheel_to_the_first_report_in_ten_minutes(tmp_path):
    began = time.monotonic()
    user, home = tmp_path / "user", tmp_path / "home"
    user.mkdir()
    home.mkdir()
    wheel = made_wheel(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    for path in tracked("firmware", "boards", "examples"):
        if path.suffix == ".py" and (ROOT / path).exists():
            assert f"host_tools/shipped/{path.as_posix()}" in names
    shutil.move(wheel, user)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("S_DIR") and name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}

    def carry_out(script, status=0):
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=user,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TEN_MINUTES,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    commands = steps()
    assert list(commands) == ["install", "adapter", "judge"]
    carry_out(commands["install"].replace("python3 ", f"{sys.executable} ", 1))
    of_pip = set(home.iterdir())
    in_bench = ". bench/bin/activate\n"
    assert "site-packages" in carry_out(
        f"{in_bench}python -c 'import host_tools; print(host_tools.__file__)'"
    )
    # What the user has: a device, its DUT.json, and the credentials of the parties it trusts.
    sys.path.insert(0, str(BESIDE))
    import pki
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pki.make(user / "PARTIES")
    key = pki.new_key()
    (user / "gpf.der").write_bytes(pki.octets(key))
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    dut = {"device": "GPF", "id": EUI, "ka_public": public.hex().upper()}
    (user / "DUT.json").write_text(json.dumps(dut))
    (user / "my_device.py").write_text(DEVICE.format(beside=str(BESIDE), eui=EUI))
    try:
        started = f"{in_bench}{commands['adapter'].replace(' &', ' 2>errors & echo $! > pid;')}"
        carry_out(started.replace("\nuntil", "\n timeout 20 sh -c 'until").rstrip() + "'")
        said = carry_out(in_bench + commands["judge"], status=1)
    finally:
        if (user / "pid").exists():
            subprocess.run(["kill", (user / "pid").read_text().strip()], check=False)
    report = json.loads((user / "report.json").read_text())
    verdicts = {result["id"]: result["verdict"] for result in report["results"]}
    # The device has the stamped reads and no other use case; that, and no more, is found.
    assert list(verdicts.values()).count("pass") >= 15, said
    failed = [result for result in report["results"] if result["verdict"] == "fail"]
    assert failed and all(" no response to " in f" {item['text']}" for item in failed), failed
    for name in ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"):
        assert verdicts[f"GBCS-read-{name}"] == "pass"
    assert (user / "report.html").stat().st_size > 10_000
    assert {path.name for path in set(home.iterdir()) - of_pip} <= {".cache"}
    # And the firmware in the wheel runs from it.
    told = carry_out(f"{in_bench}smets conform --device gsme -k GCS13a", status=0)
    assert " 0 fail" in told and " 0 pass" not in told
    assert time.monotonic() - began < TEN_MINUTES
