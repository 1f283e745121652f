"""The comparison of `make duis`, on templates and vectors that the project makes itself."""

from __future__ import annotations

import json

import pytest
from host_home import ESME, HOME

from host_tools.duis import __main__ as main
from host_tools.duis import check, new
from host_tools.remote import build_command

PARTIES = HOME.parties()
USER = PARTIES.party("supplier").id
NOW = check._NOW
HEAD = "folder,file,use_case,kind,target,originator,target_device_type\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two templates with vectors, one critical; one to the DCC; one whose vector is elsewhere."""
    (tmp_path / "duis" / "xsd").mkdir(parents=True)
    templates = tmp_path / "duis" / "templates"
    vectors = tmp_path / "rtds"
    for folder in (templates, vectors / "keys", vectors / "v"):
        folder.mkdir(parents=True)
    rows = HEAD
    for case, service, use_case in (("A_1", "7.3", "ECS44"), ("B_1", "7.4", "ECS45")):
        wanted = new.Wanted(service, USER.hex(), ESME.hex(), 7)
        text = new.request(wanted, {}, None)
        (templates / f"{case}_REQUEST_DUIS.XML").write_text(text)
        params = {"#0": 54} if use_case == "ECS44" else {}
        whole = build_command(
            use_case,
            parties=PARTIES,
            originator="supplier",
            target=ESME,
            counter=7,
            params=params,
            now=NOW,
        )
        (vectors / "v" / f"{case}_COMMAND_GBCS.HEX").write_text(whole.hex())
        target = ESME.hex().upper()
        rows += f"v,{case}_COMMAND_GBCS.HEX,{use_case},command,{target},{USER.hex()},ESME\n"
    for case, service in (("C_8", "8.2"), ("D_2", "7.4")):
        wanted = new.Wanted(service, USER.hex(), ESME.hex(), 7)
        (templates / f"{case}_REQUEST_DUIS.XML").write_text(new.request(wanted, {}, None))
    (vectors / "index.csv").write_text(rows)
    keys = HOME.keys[ESME.hex().upper()]
    (vectors / "keys" / f"{ESME.hex().upper()}.json").write_text(json.dumps(keys))
    return tmp_path


def outcomes(place):
    return {item.name: item for item in check.outcomes(place / "duis/templates", place / "rtds")}


def test_what_agrees_is_exact_and_what_has_no_vector_is_told(place):
    found = outcomes(place)
    assert {name: item.verdict for name, item in found.items()} == {
        "A_1": "exact",
        "B_1": "exact",
        "C_8": "skipped",
        "D_2": "skipped",
    }
    assert found["A_1"].signed and not found["B_1"].signed
    lines = check.report(list(found.values()))
    assert lines[0] == "4 templates, 2 commands exact" and lines[-1] == "0 differences"


DAMAGE = {
    "another payload": (-40, "octet"),
    "another MAC": (-1, "another MAC"),
    "another counter": (0x19, "octet"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_differs_is_found(what, place):
    at, words = DAMAGE[what]
    path = place / "rtds" / "v" / "B_1_COMMAND_GBCS.HEX"
    octets = bytearray.fromhex(path.read_text())
    octets[at] ^= 1
    path.write_text(octets.hex())
    item = outcomes(place)["B_1"]
    assert item.verdict == "differing" and words in item.detail
    assert "1 differences" in check.report([item])[-2]


def test_a_wrong_signature_is_found(place):
    """Also where the MAC is that of the wrong signature."""
    path = place / "rtds" / "v" / "A_1_COMMAND_GBCS.HEX"
    octets = bytearray.fromhex(path.read_text())
    octets[-20] ^= 1
    path.write_text(octets.hex())
    assert outcomes(place)["A_1"].verdict == "differing"


def test_the_step_ends_with_what_it_found(place, monkeypatch, capsys):
    monkeypatch.setenv("DUIS_DIR", str(place / "duis"))
    monkeypatch.setattr(main.rtds, "directory", lambda: place / "rtds")
    assert main.main() == 0
    assert "2 commands exact" in capsys.readouterr().out
    monkeypatch.setenv("DUIS_DIR", str(place / "nowhere"))
    assert main.main() == 2
