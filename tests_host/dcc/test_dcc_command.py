"""`smets dcc`: what it refuses at its start, whose hubs are, a folder as listener, its file."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import pytest
from dcc_bench import DEVICES, HOME, OPERATOR, OTHER, SUPPLIER, bench, code, dashed
from typer.testing import CliRunner

from host_tools.ch_transfer.inventory import Inventory as Hubs
from host_tools.cli import build
from host_tools.dcc import bench as dcc_bench
from host_tools.dcc.inventory import Device, Inventory
from host_tools.dcc.post import Folder, ListenerError, listeners
from host_tools.dcc.store import Store, StoreError
from host_tools.duis import pki
from host_tools.mmc import records

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    pki.write(folder / "xml", [bytes.fromhex(SUPPLIER)])
    (folder / "parties.json").write_text(json.dumps(HOME.parties_document))
    (folder / "not.sqlite").write_bytes(b"something else" * 100)
    other = sqlite3.connect(folder / "other.sqlite")
    other.execute("CREATE TABLE a (b)")
    other.execute("PRAGMA application_id = 7")
    other.commit()
    other.close()
    return folder


WRONG = {
    "no link": (["--device", "esme"], "expected ROLE=LINK"),
    "no device": (["--device", "chf=unix"], "no devices in the keys"),
    "no role": (["--device", "tv=unix"], "an EUI-64 is 16 hex digits"),
    "twice": (["--device", "gpf=a:1", "--device", f"{DEVICES['gpf']}=b:2"], "two links"),
    "no keys of it": (["--device", "gpf=unix"], "no KEYS.json of it"),
    "listener": (["--listener", "ftp://x"], "a listener is http"),
    "listeners": (["--listener", "http://a/", "--listener", "http://b/"], "a second listener"),
    "state": (["--state", "esme"], "expected NAME=VALUE"),
    "hubs": (["--hubs", "none.sqlite"], "none.sqlite: No such file"),
    "store": (["--store", "{}/not.sqlite"], "is no file of smets dcc"),
    "another's store": (["--store", "{}/other.sqlite"], "another program's"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_says_what_is_wrong_and_ends(files, tmp_path, name):
    arguments, words = WRONG[name]
    common = ["--keys", str(files / "parties.json"), "--port", "0"]
    common += ["--credentials", str(files / "xml" / "credentials.json")]
    if name not in ("store", "another's store"):
        common += ["--store", str(tmp_path / "dcc.sqlite")]
    filled = [text.format(files) for text in arguments]
    done = CliRunner().invoke(build(), ["dcc", *common, *filled])
    assert done.exit_code == 2, done.output
    assert words in " ".join(done.output.split()) and "Traceback" not in done.output


def test_a_bridge_says_what_is_missing(tmp_path):
    arguments = ["duis", "bridge", "--gateway", "http://127.0.0.1:1/"]
    done = CliRunner().invoke(build(), [*arguments, "--credentials", str(tmp_path / "none.json")])
    assert done.exit_code == 2 and "none.json" in done.output


def test_one_gateway_at_a_time(tmp_path):
    first = Store(tmp_path / "dcc.sqlite")
    with pytest.raises(StoreError, match="another gateway"):
        Store(tmp_path / "dcc.sqlite")
    first.close()
    Store(tmp_path / "dcc.sqlite").close()


def test_counters_of_the_dcc_rise(tmp_path):
    store = Store(tmp_path / "dcc.sqlite")
    assert [store.counter(b"a", least) for least in (100, 50, 50, 200)] == [100, 101, 102, 200]
    store.close()
    again = Store(tmp_path / "dcc.sqlite")
    assert again.counter(b"a", 0) == 201
    again.close()


def test_a_change_is_made_as_a_whole(tmp_path):
    store = Store(tmp_path / "dcc.sqlite")
    with pytest.raises(ZeroDivisionError), store.change():
        store.log(b"<a/>", NOW)
        with store.change():
            store.log(b"<b/>", NOW)
        raise ZeroDivisionError
    assert store.row("SELECT count(*) FROM messages")[0] == 0
    store.close()


def test_listeners():
    found = listeners(["http://127.0.0.1:1880/smartdcc/duis", f"{SUPPLIER}=http://a:1/x"])
    assert found == {
        b"": "http://127.0.0.1:1880/smartdcc/duis",
        bytes.fromhex(SUPPLIER): "http://a:1/x",
    }
    for wrong in ("http://", "nowhere", "https://a/"):
        with pytest.raises(ListenerError):
            listeners([wrong])


def test_a_folder_as_listener(tmp_path):
    folder = Folder(tmp_path)
    for text in (b"<a/>", b"<b/>"):
        assert folder.post(text) == 204
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "000001.xml": b"<a/>",
        "000002.xml": b"<b/>",
    }


def test_whose_a_hub_is_follows_its_transfers(tmp_path):
    """An inventory of smets ch-transfer says who owns CHF and GPF, of the others nothing."""
    chf = bytes.fromhex("02534D45545300C0")
    gpf, esme = (bytes.fromhex(DEVICES[role]) for role in ("gpf", "esme"))
    table = f"chf,gpf,owner,status\n{chf.hex()},{gpf.hex()},{OPERATOR},Commissioned\n"
    with Hubs(tmp_path / "hubs.sqlite", make=True) as hubs:
        hubs.add_csv(table, NOW)
    store = Store(tmp_path / "dcc.sqlite")
    inventory = Inventory(store, tmp_path / "hubs.sqlite")
    for eui, kind in ((chf, "CHF"), (gpf, "GPF"), (esme, "ESME")):
        inventory.add(Device(eui, kind, "Commissioned", bytes.fromhex(SUPPLIER)), NOW)
    owners = {device.type: device.owner("supplier").hex().upper() for device in inventory.all()}
    assert owners == {"CHF": OPERATOR, "GPF": OPERATOR, "ESME": SUPPLIER}
    store.close()


def test_whose_a_device_is_comes_of_its_keys(tmp_path):
    """Where the inventory does not know better; `smets srv` reads them from the gateway's file."""
    keys = [HOME.keys[DEVICES[role]] for role in ("esme", "gpf")]
    for number, document in enumerate(keys):
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    owners = dcc_bench.owners(dcc_bench.documents(sorted(tmp_path.glob("*.json"))))
    assert owners[bytes.fromhex(DEVICES["esme"])] == {
        "supplier": bytes.fromhex(SUPPLIER),
        "network_operator": bytes.fromhex(OPERATOR),
    }
    with bench(tmp_path, ("gpf",)) as one:
        inventory = one.gateway.inventory
        esme, gpf = (bytes.fromhex(DEVICES[role]) for role in ("esme", "gpf"))
        inventory.set_supplier(gpf, bytes.fromhex(SUPPLIER[:-2] + "01"))
        for eui in (esme, gpf):
            inventory.fill_owners(eui, owners[eui])
        assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "E4"
        assert code(one.ask("S", one.request("4.1.1", "esme"))) == "I99"
    file = str(tmp_path / "dcc.sqlite")
    for words in (["--as", SUPPLIER], ["--as", SUPPLIER, "--inventory", file]):
        done = CliRunner().invoke(build(), ["srv", file, *words])
        assert done.exit_code == 0 and dashed(DEVICES["esme"]) in done.output
        assert dashed(DEVICES["gpf"]) not in done.output
    done = CliRunner().invoke(build(), ["srv", file, "--as", OTHER])
    assert done.exit_code == 2 and "of no device here" in done.output


def test_devices_by_role_or_eui():
    found = dcc_bench.places(["esme=unix", f"{dashed(DEVICES['gpf'])}=host:7"], HOME.parties())
    assert [(place.role, place.link, place.own) for place in found] == [
        ("esme", "unix", True),
        ("gpf", "host:7", False),
    ]


def test_its_file_is_a_source_of_messages(tmp_path):
    """What smets srv and smets pc read, while the gateway runs."""
    with bench(tmp_path, ("gpf",)) as one:
        assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "I99"
        one.listener.wait(1)
        found = list(records.read([tmp_path / "dcc.sqlite"]))
    assert [record.kind for record in found] == ["request", "acknowledgement", "response"]
    assert {record.srv for record in found} == {"4.1.1"}
    assert found[2].message_code == 0x0074
    (tmp_path / "no.sqlite").write_bytes(b"SQLite format 3\x00" + bytes(100))
    (error,) = records.read([tmp_path / "no.sqlite"])
    assert isinstance(error, records.RecordError)
