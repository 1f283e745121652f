"""`make bench`: one table of what all costs, and its JSON document."""

import json

import esme_heap
import jsonschema
import pytest

from host_tools import sampling_speed
from host_tools.bench import BenchError
from host_tools.emulators import count
from host_tools.emulators.board import EmulatorError
from host_tools.performance import cortex_m3, figures, programs, this_machine
from host_tools.performance.__main__ import main
from host_tools.performance.figures import Figure

ROLES = ("esme", "gsme", "gpf", "chf", "ihd", "ppmid", "sapc", "hcalcs")
# The rows that are asked for, with their units on this machine.
OPERATIONS = (
    "P-256 key agreement",
    "ECDSA signature",
    "ECDSA verification",
    "key derivation",
    "MAC of a GCS13a command, with its key",
    "AES-GCM, 1 KB sealed",
    "GCS13a command to response",
    "the same command again",
    "ECS23 of 49 entries",
    "ECS23 of 4,320 entries",
    "one ZCL read",
    "a voltage sample",
)
OF_ROLES = {
    "start-up": "us",
    "import": "us",
    "build": "us",
    "live heap": "octets",
    "code (.mpy)": "octets",
}
WANTED = {(what, ""): "us" for what in OPERATIONS} | {
    (what, role): unit for what, unit in OF_ROLES.items() for role in ROLES
}


@pytest.fixture(scope="module")
def measured():
    """The figures of this machine, each measured for a moment."""
    return this_machine.measure(0.001, 1)


def test_every_row_is_measured(measured):
    assert WANTED.keys() <= measured.keys()
    for subject, unit in WANTED.items():
        assert measured[subject].unit == unit and measured[subject].value > 0, subject
    for role in ROLES:
        parts = [measured[what, role].value for what in ("import", "build")]
        assert measured["start-up", role].value >= max(parts)
        # It lives in 384 KB, and its code is most of that.
        code = measured["code (.mpy)", role].value
        assert code / 2 < measured["live heap", role].value < 384 * 1024
    day, full = (measured[f"ECS23 of {entries} entries", ""].value for entries in ("49", "4,320"))
    assert full > day > measured["one ZCL read", ""].value


def test_what_the_cortex_m3_counts_are_rows_of_the_table(measured):
    committed = json.loads(count.COMMITTED.read_text("utf-8"))
    for label, instructions in committed.items():
        subject, figure = programs.subject(label, instructions, "instructions")
        assert subject in measured, label
        assert 0 < figure.value <= instructions


def test_one_table_and_its_document(capsys, monkeypatch, tmp_path, measured):
    emulated = {
        ("one ZCL read", ""): Figure(158_640, "instructions"),
        ("live heap", "esme"): Figure(63_472, "octets"),
        ("of the board alone", ""): Figure(1, "instructions"),
    }
    monkeypatch.setattr(cortex_m3, "measure", lambda: emulated)
    monkeypatch.setattr(this_machine, "measure", lambda: measured)
    monkeypatch.setenv("COLUMNS", "120")
    path = tmp_path / "made" / "bench.json"
    main(["--json", str(path)])
    said = capsys.readouterr().out
    document = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(figures.schema()).validate(document)
    rows = {(row["what"], row["role"] or ""): row for row in document["rows"]}
    assert rows.keys() == measured.keys() | emulated.keys()
    assert len(rows) == len(document["rows"])
    assert rows["one ZCL read", ""]["cortex_m3"] == {"value": 158_640, "unit": "instructions"}
    assert rows["of the board alone", ""]["this_machine"] is None
    assert rows["build", "gpf"]["cortex_m3"] is None
    assert rows["build", "gpf"]["this_machine"]["unit"] == "us"
    lines = said.splitlines()
    for what, role in rows:
        shown = [line for line in lines if f"│ {what} " in line and f"│ {role.upper()} " in line]
        assert len(shown) == 1, (what, role)
    (line,) = [line for line in lines if "│ one ZCL read " in line]
    assert "158.6 k instr." in line and " us │" in line
    (line,) = [line for line in lines if "live heap" in line and "ESME" in line]
    assert "63,472 octets" in line
    # All roles of one thing stand together.
    order = [what for what, role in rows if role]
    assert sum(one != other for one, other in zip(order, order[1:], strict=False)) == 4


def test_without_an_image_its_column_is_empty(capsys, monkeypatch, tmp_path, measured):
    def absent():
        raise EmulatorError("no firmware.elf: run make qemu-firmware")

    monkeypatch.setattr(cortex_m3, "measure", absent)
    monkeypatch.setattr(this_machine, "measure", lambda: measured)
    path = tmp_path / "bench.json"
    main(["--json", str(path)])
    assert "run make qemu-firmware" in capsys.readouterr().out
    rows = json.loads(path.read_text("utf-8"))["rows"]
    assert rows and all(row["cortex_m3"] is None for row in rows)


def test_without_a_unix_port(capsys, monkeypatch, tmp_path):
    def absent(*_):
        raise BenchError("no micropython")

    monkeypatch.setattr(cortex_m3, "measure", dict)
    monkeypatch.setattr(this_machine, "measure", absent)
    path = tmp_path / "bench.json"
    with pytest.raises(SystemExit) as caught:
        main(["--json", str(path)])
    assert caught.value.code == 2 and capsys.readouterr().err == "bench: no micropython\n"
    assert not path.exists()


def test_where_the_figures_cannot_be_written(capsys, monkeypatch, tmp_path, measured):
    monkeypatch.setattr(cortex_m3, "measure", dict)
    monkeypatch.setattr(this_machine, "measure", lambda: measured)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(SystemExit) as caught:
        main(["--json", str(tmp_path / "file" / "bench.json")])
    assert caught.value.code == 2 and str(tmp_path) in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_samples_a_second_suffice():
    """Four thousand samples a second of each phase have harmonics up to the fortieth."""
    rates = sampling_speed.measure(0.02)
    assert rates.pop("machine code") in (0, 1)
    assert len(rates) == 4 and min(rates.values()) > 4000, rates


def test_the_least_heap_of_an_esme(tmp_path):
    """`make esme-heap`: halves what is left, and a heap that is too small is none."""
    assert [esme_heap.least(lambda words, n=n: words >= n) for n in (64, 72, 73, 512)] == [
        64,
        72,
        80,
        512,
    ]
    assert not esme_heap.lives(64)
    assert esme_heap.reads(64, tmp_path, esme_heap.START) == 0
    assert esme_heap.reads(512, tmp_path, esme_heap.START) > 0
