"""Keys on the host: KEYS.json, the key ring, and `smets keygen`."""

import json
import os
import stat

import pytest
from host_home import ESME, GPF, GSME, HOME, edited
from typer import Typer
from typer.testing import CliRunner

from host_tools import fragments, keys
from host_tools.bench import BenchClient, ProcessTransport, Refusal
from host_tools.commands import keygen, parse
from host_tools.gbcs import crypto
from host_tools.remote import RemoteParty
from host_tools.schemas import SchemaProblem
from host_tools.testkeys import make_home

APP = Typer()
for module in (keygen, parse):
    module.register(APP)
RUN = CliRunner()

KEYS = HOME.keys[GPF.hex().upper()]


def test_a_shared_secret_stands_in_for_the_key_agreement():
    document = edited(KEYS, ["private_key"], ...)
    document["parties"][1] = {**document["parties"][1], "shared_secret": "AB" * 32}
    del document["parties"][1]["ka_public"]
    ring = keys.KeyRing()
    ring.add_device(keys.keys_from(document))
    supplier = bytes.fromhex(document["parties"][1]["id"])
    assert ring.secret(GPF, supplier) == b"\xab" * 32 == ring.secret(supplier, GPF)
    broker = bytes.fromhex(document["parties"][0]["id"])
    assert ring.secret(GPF, broker) is None, "neither private key nor shared secret"
    assert ring.brokers == (broker,) and ring.role(supplier) == "supplier"


def test_both_ends_agree_on_the_same_secrets():
    device_side, party_side = keys.KeyRing(), HOME.ring()
    device_side.add_device(HOME.device_keys(GPF.hex().upper()))
    for party in HOME.parties().parties:
        secret = device_side.secret(GPF, party.id)
        assert secret is not None and secret == party_side.secret(party.id, GPF)
    assert party_side.device_type(GPF) == "GPF" and party_side.device_type(b"12345678") is None
    assert party_side.is_device(GSME) and not party_side.is_device(HOME.parties().parties[0].id)


def test_a_ring_is_loaded_from_both_kinds_of_file(tmp_path):
    one, two = tmp_path / "gpf.json", tmp_path / "parties.json"
    one.write_text(json.dumps(KEYS))
    two.write_text(json.dumps(HOME.parties_document))
    ring = keys.KeyRing.load([one, two])
    assert ring.device_type(GPF) == "GPF" and len(ring.brokers) == 1
    two.write_text(json.dumps(edited(HOME.parties_document, ["devices", 1, "type"], "IHD2")))
    with pytest.raises(SchemaProblem) as caught:
        keys.KeyRing.load([two])
    assert str(caught.value).startswith(f"{two}: devices[1].type: ")
    with pytest.raises(SchemaProblem):
        keys.load_keys(two)
    assert keys.load_keys(one).device_id == GPF
    two.write_text(json.dumps(HOME.parties_document))
    assert keys.load_parties(two).party("supplier").role == "supplier"


def test_parties_are_found_by_role_and_by_id():
    parties = HOME.parties()
    supplier = parties.party("supplier")
    assert parties.party(supplier.id.hex()) is supplier
    with pytest.raises(KeyError, match="no party 'nobody'; there are: access_control_broker"):
        parties.party("nobody")
    with pytest.raises(KeyError, match="no device 0000000000000000; there are: 02534D45545300A0"):
        parties.device(bytes(8))


def test_keys_from_a_seed_are_reproducible_and_others_are_not():
    one, same = make_home(seed="1"), make_home(seed="1")
    assert (one.keys, one.parties_document) == (same.keys, same.parties_document)
    assert make_home(seed="1").keys != make_home(seed="2").keys
    assert make_home().keys != make_home().keys
    scalars = [KEYS["private_key"]]
    for party in HOME.parties_document["parties"]:
        scalars += [party[name] for name in party if name.endswith("_private")]
    assert len(set(scalars)) == len(scalars)


def test_keygen_writes_files_that_load(tmp_path):
    out = tmp_path / "home"
    arguments = ["keygen", "--out", str(out), "--seed", "9", "--device", "GPF"]
    arguments += ["--eui", "00000000000000ab"]
    result = RUN.invoke(APP, arguments)
    assert result.exit_code == 0 and "tests only" in result.stderr
    names = ["gpf-00000000000000AB.json", "parties.json"]
    assert sorted(os.listdir(out)) == names
    assert result.stdout.split() == [str(out / name) for name in names]
    loaded = keys.load_keys(out / names[0])
    scalar = int(json.loads((out / names[0]).read_text())["ds_private_key"], 16)
    signing = crypto.private_from_scalar(scalar)
    assert crypto.point_of(loaded.ds_public) == crypto.point_of(signing.public_key())
    assert json.loads((out / names[0]).read_text())["device"] == "GPF"
    parties = keys.load_parties(out / "parties.json")
    assert parties.device(loaded.device_id).type == "GPF"
    assert {party.role for party in parties.parties} == {
        "supplier",
        "network_operator",
        "access_control_broker",
    }
    assert all(stat.S_IMODE((out / name).stat().st_mode) == 0o600 for name in names)
    again = RUN.invoke(APP, arguments)
    assert again.exit_code == 2 and "exists: --force overwrites it" in again.stderr
    before = (out / "parties.json").read_bytes()
    assert RUN.invoke(APP, [*arguments, "--force"]).exit_code == 0
    assert (out / "parties.json").read_bytes() == before


def test_keygen_makes_a_home_of_four(tmp_path):
    result = RUN.invoke(APP, ["keygen", "--out", str(tmp_path)])
    assert result.exit_code == 0 and result.stderr == ""
    types = {device.type for device in keys.load_parties(tmp_path / "parties.json").devices}
    assert types == {"ESME", "GSME", "GPF", "PPMID"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--device", "GPF"], "1 --device, but 0 --eui"),
        (["--device", "XYZ", "--eui", "0" * 16], "not one of ESME"),
        (["--device", "GPF", "--eui", "0"], "--eui 0: an EUI-64 is 16 hex digits"),
        (
            ["--device", "GPF", "--eui", "0" * 16, "--device", "GSME", "--eui", "0" * 16],
            "two devices with the same EUI-64",
        ),
    ],
)
def test_keygen_says_what_is_wrong(tmp_path, arguments, text):
    result = RUN.invoke(APP, ["keygen", "--out", str(tmp_path), *arguments])
    assert result.exit_code == 2 and text in result.stderr


# What a device has cells for, by RemotePartyRole (GBCS 4.3.2.6, certificates of RTDS).
CELLS = {
    "recovery": {"ds"},
    "supplier": {"ds", "ka", "prepayment_ka"},
    "network_operator": {"ds", "ka"},
    "access_control_broker": {"ka"},
    "transitional_cos": {"ds"},
    "wan_provider": {"ds"},
    "load_controller": {"ds", "ka"},
}


def pairs(party, ending):
    """The key pairs of a party of a document."""
    return {name[: -len(ending)] for name in party if name.endswith(ending)}


def test_a_party_has_the_keys_of_its_cells_and_no_more(tmp_path):
    out = tmp_path / "home"
    assert RUN.invoke(APP, ["keygen", "--out", str(out), "--seed", "9"]).exit_code == 0
    document = json.loads((out / "parties.json").read_bytes())
    assert len(document["parties"]) == 3
    every = [(role, f"02534D45545309{index:02X}") for index, role in enumerate(CELLS)]
    whole = make_home(seed="all", parties=every)
    for party in document["parties"] + whole.parties_document["parties"]:
        assert pairs(party, "_private") == CELLS[party["role"]], party["role"]
        assert pairs(party, "_public") == CELLS[party["role"]], party["role"]
    documents = [json.loads(path.read_bytes()) for path in out.glob("*-02*.json")]
    for made in documents + list(whole.keys.values()):
        assert made["parties"]
        for party in made["parties"]:
            assert pairs(party, "_public") == CELLS[party["role"]], party["role"]
            assert not pairs(party, "_private")


def test_cells_are_those_of_the_firmware():
    """A device tells the same cells (CS02a), and has a place for each key that is made."""
    from smets.gbcs import credentials

    names = {credentials.DIGITAL_SIGNATURE: "ds", credentials.KEY_AGREEMENT: "ka"}
    for number, role in credentials._ROLES.items():
        held = {names[usage] for usage in credentials._CELLS[number]}
        assert held == CELLS[role] - {"prepayment_ka"}, role


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_device_refuses_more_roles_than_there_are_at_once(engine):
    """An answer of 1,300 roles (CS02a) would take its heap; nobody waits for that."""
    broker = RemoteParty(HOME.parties(), "access_control_broker")
    own = "300702010403020308"  # the cell of its key agreement
    state = {"clock": {"time": "2026-06-01T00:10:00Z", "status": "reliable"}}
    with BenchClient(ProcessTransport("esme", engine)) as client:
        fragments.load(client.control, state, HOME.keys[ESME.hex().upper()])
        for number, count in enumerate((1, 16, 17, 1300), 1):
            roles = bytes.fromhex("020102") * count
            roles = b"\x30\x82" + len(roles).to_bytes(2, "big") + roles
            inner = bytes.fromhex(own) + roles
            payload = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
            command = broker.command("CS02a", ESME, number, {"payload": payload.hex()})
            if count <= 16:
                assert len(client.respond(command)) > 100
                continue
            with pytest.raises(Refusal, match="malformed"):
                client.respond(command)


def test_a_party_without_a_key_says_so():
    parties = make_home(seed="1", parties=[("recovery", "02534D4554530900")]).parties()
    recovery = parties.party("recovery")
    with pytest.raises(KeyError, match="recovery 02534D4554530900 has no key agreement key"):
        _ = recovery.agreement_key
    broker = make_home(seed="1").parties().party("access_control_broker")
    with pytest.raises(KeyError, match="access_control_broker .* has no signing key"):
        _ = broker.signing_key
    assert recovery.signing_key and broker.agreement_key
