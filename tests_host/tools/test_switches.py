"""CR4465: a planted dormant switch is found; the release manifest is reproducible."""

import json
import shutil
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from host_tools.switches import __main__ as command
from host_tools.switches import images
from host_tools.switches.finding import suspicious
from host_tools.switches.manifest import manifest, octets, row_table
from host_tools.switches.scan import ALLOWED, ScanError, scan

ROOT = Path(__file__).resolve().parents[2]

FIRMWARE = {
    "firmware/smets/__init__.py": 'VERSION = "1"\n',
    "firmware/smets/policy.py": "from smets.compat import const\n\n_SIZE = const(4)\nNEAR = 7\n",
    "firmware/smets/device.py": '''"""A device: no feature_switch but in words."""
from smets import policy

READY = False


class Device:
    live = False

    def __init__(self, name, loud=False):
        self.name = name
        self.loud = loud

    def step(self, seconds):
        global READY
        READY = seconds > policy.NEAR
        while True:
            if READY and self.live:
                return [item for item in self.name if item]
            break
        return None if self.loud else seconds


class Live(Device):
    live = True


def make():
    return Device("a", True)
''',
}
HOST = {
    "host_tools/__init__.py": "",
    "host_tools/rows.py": 'ROWS = {"SECMP0015": 1}\n\n\ndef show(everything=False):\n'
    "    return ROWS if everything else None\n",
    "host_tools/schemas/state.schema.json": json.dumps(
        {"properties": {"role": {"enum": ["GPF", "GSME"]}, "size": {"type": "integer"}}}
    ),
}


@pytest.fixture
def tree(tmp_path):
    """A small project without a switch, and an empty allow-list."""
    root = tmp_path / "tree"
    for name, text in {**FIRMWARE, **HOST}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "boards").mkdir()
    (tmp_path / "allowed.toml").write_text("allowed = []\n")
    return root


def found(tree):
    report = scan(tree, tree.parent / "allowed.toml")
    return [item.key for item in report.forbidden]


def plant(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


def test_a_tree_without_switches_is_clean(tree):
    assert found(tree) == []


# What is planted, and the findings that it must give: form and name.
PLANTED = {
    "a literal": ("if False:\n    OLD = 1\n", [("branch", "False")]),
    "a zero": ("def f():\n    return 1 if 0 else 2\n", [("branch", "0")]),
    "a loop": ("def f():\n    while 0:\n        pass\n", [("branch", "0")]),
    "a constant": (
        "_STAMP = True\n\n\ndef f():\n    if not _STAMP:\n        return 1\n",
        [("branch", "_STAMP")],
    ),
    "MicroPython's constant": (
        "from smets.compat import const\n_V = const(0)\n\n\ndef f():\n    return _V and 1\n",
        [("branch", "_V")],
    ),
    "a constant of another module": (
        "from smets import policy\n\n\ndef f():\n    if policy.NEAR == 7:\n        return 1\n",
        [("branch", "policy.NEAR == 7")],
    ),
    "an imported constant": (
        "from smets.policy import NEAR as N\n\n\ndef f(x):\n    return [y for y in x if N > 3]\n",
        [("branch", "N > 3")],
    ),
    "a part of a condition": (
        "_V = False\n\n\ndef f(x):\n    if x > 1 and (_V or x < 9):\n        return 1\n",
        [("branch", "_V")],
    ),
    "a member of a class": (
        "class A:\n    fast = True\n\n    def f(self):\n        return 1 if self.fast else 0\n",
        [("branch", "self.fast")],
    ),
    "a parameter that nobody gives": (
        "def f(x, stamped=True):\n    if stamped:\n        return x\n\n\nf(1)\n",
        [("parameter", "f(stamped)")],
    ),
    "a constructor's": (
        "class B:\n    def __init__(self, x, *, new=False):\n        self.y = x if new else 0\n"
        "\n\nB(1)\n",
        [("parameter", "B(new)")],
    ),
    "the environment": (
        "import os\n\n\ndef f():\n    return os.environ.get('STAMP'), os.getenv('B'), "
        "'C' in os.environ\n",
        [("environment", "STAMP"), ("environment", "B"), ("environment", "C")],
    ),
    "a name": (
        "def f(config):\n    return config.featureSwitches\n",
        [("name", "featureSwitches")],
    ),
    "a key": ("def f(config):\n    return config['enable_mp085a']\n", [("name", "enable_mp085a")]),
    "a row as a key": (
        "def f(config):\n    return config['SECMP0056']\n",
        [("name", "SECMP0056")],
    ),
    "a form": ("FORMS = {'SET': {'stamped?': BOOLEAN}}\n", [("schema", "stamped")]),
    "a form of words": ("FORMS = {'voltage': ('on', 'off')}\n", [("schema", "voltage")]),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_switch_is_found(tree, name):
    text, expected = PLANTED[name]
    plant(tree, "firmware/smets/planted.py", text)
    keys = [key for key in found(tree) if key[1] != "text"]  # that is what is compiled
    assert sorted(keys) == sorted(("firmware/smets/planted.py", *item) for item in expected)


def test_what_is_given_or_changes_is_no_switch(tree):
    plant(
        tree,
        "firmware/smets/alive.py",
        "def f(x, near=False, far=True):\n    return x if near or far else 0\n\n\n"
        "f(1, True)\nf(*[1, 2, 3])\n_SEEN = False\n\n\ndef g(_SEEN):\n    if _SEEN:\n"
        "        return 1\n\n\ndef h():\n    global _SEEN\n    _SEEN = True\n",
    )
    assert found(tree) == []


def test_host_tools_name_rows_and_have_options(tree):
    """But they have no switch and no variable of the environment that is not allowed."""
    plant(tree, "host_tools/tool.py", "import os\nif os.environ['X']:\n    legacy_mode = 1\n")
    assert found(tree) == [
        ("host_tools/tool.py", "environment", "X"),
        ("host_tools/tool.py", "name", "legacy_mode"),
    ]


def test_a_schema_that_takes_a_switch(tree):
    schema = {"properties": {"mp078_enabled": {"type": "string"}, "stamp": {"type": "boolean"},
              "deep": {"items": [{"enum": ["on", "off"]}]}}}  # fmt: skip
    plant(tree, "host_tools/schemas/device.schema.json", json.dumps(schema))
    where = "host_tools/schemas/device.schema.json"
    assert found(tree) == [
        (where, "schema", "/properties/deep/items/0"),
        (where, "schema", "/properties/stamp"),
        (where, "schema", "mp078_enabled"),
    ]


def test_what_is_compiled_has_what_the_syntax_hides(tree):
    plant(tree, "firmware/smets/hidden.py", "exec('enable_secmp0015 = 1')\n")
    assert found(tree) == [("firmware/smets/hidden.py", "text", "enable_secmp0015")]


def uf2(octets):
    """An image of blocks with 256 octets each, as `make uf2` writes it."""
    out = b""
    for start in range(0, len(octets), 256):
        part = octets[start : start + 256]
        head = (0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + start, len(part), 0, 1, 0xE48BFF56)
        out += struct.pack("<8I", *head) + part.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
    return out


def test_an_image_with_a_switch_or_a_module_of_no_source(tree):
    """Also where a text lies across two blocks."""
    content = bytes(250) + b"feature_flag\0" + b"smets/device.py\0smets/old/stamp.py\0"
    assert images.payload(uf2(content)) == content
    assert images.payload(content) == content
    path = tree / "build" / "rpi_pico" / "firmware.uf2"
    path.parent.mkdir(parents=True)
    path.write_bytes(uf2(bytes(250) + b"smets/device.py\0"))
    assert found(tree) == []
    path.write_bytes(uf2(content))
    where = "build/rpi_pico/firmware.uf2"
    assert found(tree) == [
        (where, "module", "smets/old/stamp.py"),
        (where, "text", "feature_flag"),
    ]


def entry(**changes):
    row = {
        "where": "firmware/smets/planted.py",
        "form": "branch",
        "name": "False",
        "reason": "a test that has to be there for long enough",
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in (row | changes).items())
    return f"[[allowed]]\n{lines}"


def test_the_allow_list_is_exact(tree, capsys):
    """A reason for each finding, a finding for each reason, no reason without words."""
    allowed = tree.parent / "allowed.toml"
    plant(tree, "firmware/smets/planted.py", "if False:\n    OLD = 1\n")
    arguments = ["--root", str(tree), "--allowed", str(allowed)]
    assert command.main(arguments) == 1
    assert "SWITCH   firmware/smets/planted.py:1: branch 'False'" in capsys.readouterr().out
    allowed.write_text(entry())
    assert command.main(arguments) == 0
    assert "a test that has to be there" in capsys.readouterr().out
    allowed.write_text(entry() + entry(name="True"))
    assert command.main(arguments) == 1
    assert "UNUSED   firmware/smets/planted.py: branch 'True'" in capsys.readouterr().out
    for text, words in (
        (entry(reason="because"), "says no why"),
        (entry() + entry(), "stands twice"),
        (entry(line=4), "needs where, form, name and reason"),
        ("allowed = [", "allowed.toml: "),
        ("", "allowed.toml: "),
    ):
        allowed.write_text(text)
        assert command.main(arguments) == 2
        assert words in capsys.readouterr().err
    plant(tree, "firmware/smets/broken.py", "if:\n")
    allowed.write_text(entry())
    assert command.main(arguments) == 2
    assert "broken.py: " in capsys.readouterr().err


def test_usual_spellings_of_switches():
    for name in ("featureFlag", "FEATURE_SWITCH", "kill-switch", "enable_MP085A", "legacy_stamp",
                 "useSECMP0015", "mp078_off", "CR4465"):  # fmt: skip
        assert suspicious(name), name
    for name in (
        "feature",
        "switches",
        "enabled",
        "old_date",
        "stamp",
        "mpy",
        "crc16",
        "MP3 player",
    ):
        assert not suspicious(name), name
    assert not suspicious("MP085A", on_device=False)


@pytest.mark.slow
def test_the_release_has_no_switch_and_its_manifest_is_the_same_twice(tmp_path):
    """Of this tree, and of a copy of it elsewhere, with other times."""
    report = scan(ROOT)
    assert report.clean, [str(item) for item in (*report.forbidden, *report.unused)]
    first = manifest(ROOT)
    copy = tmp_path / "elsewhere"
    for folder in ("firmware", "boards", "host_tools"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.py"):
        path.touch()
    assert octets(manifest(copy)) == octets(first)
    assert str(ROOT) not in octets(first).decode()
    # Another octet of a module is another manifest, in that module alone.
    changed = copy / "firmware" / "smets" / "features" / "stamp.py"
    changed.write_text(changed.read_text() + "\n_MORE = 1\n")
    second = manifest(copy)
    differing = [
        path for path in first["modules"] if first["modules"][path] != second["modules"][path]
    ]
    assert differing == ["firmware/smets/features/stamp.py"]


@pytest.mark.slow
def test_the_rows_of_the_manifest_are_those_of_the_release():
    from host_tools.conform.report import ROWS

    found = {row["id"]: row for row in manifest(ROOT)["rows"]}
    assert set(ROWS) - {"GBCS"} <= set(found)
    for name in set(ROWS) - {"GBCS"}:
        assert found[name]["modules"] and found[name]["checks"], name
        assert found[name]["status"] == "planned (RID v0.4)"
    roles = {
        role for entry in manifest(ROOT)["modules"].values() for role in entry.get("roles", ())
    }
    assert roles == {"chf", "esme", "gpf", "gsme", "hcalcs", "ihd", "ppmid", "sapc"}


def test_the_manifest_of_a_small_tree_is_the_same_elsewhere(tree, tmp_path):
    rows = tmp_path / "rows.toml"
    rows.write_text(
        '[[row]]\nid = "SECMP0015"\ntitle = "stamps"\nfirmware = ["device.py"]\n'
        'tools = ["rows.py"]\n'
    )
    first = manifest(tree, rows)
    copy = tmp_path / "elsewhere"
    shutil.copytree(tree, copy)
    assert octets(manifest(copy, rows)) == octets(first)
    (row,) = first["rows"]
    assert row["modules"] == ["firmware/smets/device.py"]
    assert row["tools"] == ["host_tools/rows.py"] and "SECMP0015-values" in row["checks"]
    text = (tree / "firmware" / "smets" / "device.py").read_bytes()
    entry = first["modules"]["firmware/smets/device.py"]
    assert entry["source"] == sha256(text).hexdigest() and len(entry["mpy"]) == 64
    (copy / "firmware" / "smets" / "device.py").write_bytes(text + b"\nMORE = 2\n")
    second = manifest(copy, rows)["modules"]["firmware/smets/device.py"]
    assert second["source"] != entry["source"] and second["mpy"] != entry["mpy"]
    for wrong in ("[[row]]", "row = ", "x = 1"):
        rows.write_text(wrong)
        with pytest.raises(ScanError, match="rows.toml"):
            manifest(tree, rows)


def test_a_row_that_names_what_is_not_there(tree):
    with pytest.raises(ScanError, match="there is no firmware/smets/features"):
        manifest(tree)
    assert {row["id"] for row in row_table()} >= {"SECMP0015", "CR4465"}
    assert ALLOWED.exists()
