"""MP140: a transfer of hubs is checked, signed by both, applied once, rolled back; never half."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from host_tools.ch_transfer import credentials
from host_tools.ch_transfer.inventory import Inventory
from host_tools.ch_transfer.manifest import FORMAT, Hub, Manifest, dashed
from host_tools.ch_transfer.problems import TransferError
from host_tools.commands import ch_transfer

ROOT = Path(__file__).resolve().parents[2]
A, B, C = (bytes.fromhex(f"00AABB00000000{last}") for last in ("0A", "0B", "0C"))
NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)

APP = Typer()
APP.callback()(lambda: None)
ch_transfer.register(APP)
RUN = CliRunner()


def hub(number):
    """The hub of a number: function and proxy differ in their third octet."""
    return Hub(
        bytes.fromhex("00AA01") + number.to_bytes(5, "big"),
        bytes.fromhex("00AA02") + number.to_bytes(5, "big"),
    )


def table(count, owner=A, status="Pending", start=0):
    rows = [
        f"{dashed(hub(n).chf)},{hub(n).gpf.hex()},{dashed(owner)},{status}"
        for n in range(start, start + count)
    ]
    return "\n".join(["chf,gpf,owner,status", *rows, ""])


def transfer(count=3, id_="T1", giver=A, taker=B, start=0):
    hubs = tuple(hub(n) for n in range(start, start + count))
    return Manifest(id_, NOW, giver, taker, hubs, "stock transfer")


@pytest.fixture
def inventory(tmp_path):
    with Inventory(tmp_path / "hubs.sqlite", make=True) as opened:
        opened.add_csv(table(5), NOW)
        yield opened


def owners(opened):
    return [row.owner for row in opened.rows()]


def run(*arguments):
    return RUN.invoke(APP, ["ch-transfer", *map(str, arguments)])


# ---- The manifest


def document(**changes):
    return {**json.loads(transfer().octets()), **changes}


def test_a_manifest_is_read_as_it_was_written():
    first = transfer()
    assert Manifest.read(first.octets()) == first
    assert json.loads(first.octets())["hubs"][0] == {
        "chf": "00-AA-01-00-00-00-00-00",
        "gpf": "00-AA-02-00-00-00-00-00",
    }


CHF, GPF = dashed(hub(1).chf), dashed(hub(1).gpf)
WRONG = {
    "other": ({"format": "else"}, f"format: is not {FORMAT}"),
    "member": ({"colour": 1}, "colour: unknown"),
    "id": ({"id": "a b"}, "id: is not 1 to 64"),
    "no id": ({"id": None}, "id: is not text"),
    "date": ({"date": "29/11/2026"}, "date: is not a UTC time"),
    "from": ({"from": "12"}, "from: an EUI-64 is 16 hex digits"),
    "same": ({"to": dashed(A)}, "to: is who gives the hubs, too"),
    "reason": ({"reason": "a\nb"}, "reason: is not text"),
    "none": ({"hubs": []}, "hubs: is not a list of at least one hub"),
    "many": ({"hubs": [{}] * 100_001}, "hubs: 100001 are more than 100000"),
    "form": ({"hubs": [{"chf": CHF}]}, "hub 1: is not an object of chf and gpf"),
    "eui": ({"hubs": [{"chf": CHF, "gpf": 7}]}, "hub 1: gpf: an EUI-64 is"),
    "itself": ({"hubs": [{"chf": CHF, "gpf": CHF}]}, f"hub 1: gpf {CHF} is chf of hub 1, too"),
    "twice": (
        {"hubs": [{"chf": CHF, "gpf": GPF}, {"chf": CHF.lower(), "gpf": dashed(C)}]},
        f"hub 2: chf {CHF} is chf of hub 1, too",
    ),
    "side": ({"signatures": {"both": "00" * 64}}, "signatures: both: is neither from nor to"),
    "octets": ({"signatures": {"to": "00"}}, "signatures: to: is not 64 octets in hex"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_manifest_is_named(name):
    changes, words = WRONG[name]
    with pytest.raises(TransferError) as caught:
        Manifest.read(json.dumps(document(**changes)).encode())
    assert words in str(caught.value)


def test_all_that_is_wrong_is_told_at_once_and_no_document_is_too_wild():
    wild = document(id="", date=1, hubs=[{"chf": 1, "gpf": 2}] * 30)
    with pytest.raises(TransferError) as caught:
        Manifest.read(json.dumps(wild).encode())
    assert len(caught.value.problems) > 60 and str(caught.value).endswith("more")
    for data in (b"", b"[]", b"\xff\xfe", b"{" * 50_000, b'{"id":1,"id":2}'):
        with pytest.raises(TransferError):
            Manifest.read(data)


# ---- Signatures


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Key and certificate files of three parties."""
    folder = tmp_path_factory.mktemp("people")
    found = {}
    for name, eui in (("a", A), ("b", B), ("c", C)):
        key, certificate = credentials.make_party(eui, 0x02, NOW)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.pem").write_bytes(certificate)
        found[name] = (
            credentials.read_key(folder / f"{name}.key"),
            credentials.read_certificate(folder / f"{name}.pem"),
        )
    return folder, found


def signed(manifest, people):
    for side, name in (("from", "a"), ("to", "b")):
        manifest = credentials.sign(manifest, side, people[1][name][0])
    return manifest


def certificates(people, names="ab"):
    return [people[1][name][1] for name in names]


def test_both_parties_sign(people):
    credentials.verify(signed(transfer(), people), certificates(people))


def changed(manifest, **changes):
    return Manifest.read(json.dumps({**json.loads(manifest.octets()), **changes}).encode())


def test_what_both_parties_did_not_sign_is_refused(people):
    """One octet of anything that is signed, a signature in another place, another's signature."""
    good = signed(transfer(), people)
    for changes in (
        {"id": "T2"},
        {"date": "2026-11-29T10:00:01Z"},
        {"reason": ""},
        {"hubs": json.loads(good.octets())["hubs"][:2]},
        {"hubs": json.loads(good.octets())["hubs"][::-1]},
        {"signatures": {"from": good.signatures["to"], "to": good.signatures["from"]}},
        {"signatures": {**good.signatures, "to": good.signatures["from"]}},
        {"signatures": {**good.signatures, "to": "00" * 64}},
        {"signatures": {**good.signatures, "to": "FF" * 64}},
    ):
        with pytest.raises(TransferError, match="the signature is wrong"):
            credentials.verify(changed(good, **changes), certificates(people))
    for names, words in (("a", "to .*: no certificate"), ("b", "from .*: no certificate")):
        with pytest.raises(TransferError, match=words):
            credentials.verify(good, certificates(people, names))
    with pytest.raises(TransferError, match="from .*: has not signed; to .*: has not signed"):
        credentials.verify(transfer(), certificates(people))
    with pytest.raises(TransferError, match="signs first"):
        credentials.sign(transfer(), "to", people[1]["b"][0])
    stranger = credentials.sign(good, "to", people[1]["c"][0])
    with pytest.raises(TransferError, match="to .*: the signature is wrong"):
        credentials.verify(stranger, certificates(people, "abc"))
    # A new signature of the giver is another transfer for the taker.
    again = credentials.sign(good, "from", people[1]["a"][0])
    assert set(again.signatures) == {"from"}


def test_certificates_have_a_role_and_a_time(people, tmp_path):
    for role, when, words in (
        (0x04, NOW, "a party of role 04 owns no hubs"),
        (0x02, NOW - timedelta(days=4000), "not valid at the date"),
        (0x02, NOW + timedelta(days=2), "not valid at the date"),
    ):
        key, certificate = credentials.make_party(A, role, when)
        (tmp_path / "k").write_bytes(key)
        (tmp_path / "c").write_bytes(certificate)
        own = credentials.read_certificate(tmp_path / "c")
        half = credentials.sign(transfer(), "from", credentials.read_key(tmp_path / "k"))
        both = credentials.sign(half, "to", people[1]["b"][0])
        with pytest.raises(TransferError, match=words):
            credentials.verify(both, [own, people[1]["b"][1]])
    for octets in (b"", b"nonsense", (tmp_path / "k").read_bytes()):
        (tmp_path / "x").write_bytes(octets)
        with pytest.raises(TransferError, match="is no certificate"):
            credentials.read_certificate(tmp_path / "x")
    with pytest.raises(TransferError, match="is no private key"):
        credentials.read_key(tmp_path / "c")


# ---- The inventory


def test_a_transfer_is_applied_once(inventory):
    assert inventory.apply(transfer(), NOW) is True
    after = [*inventory.rows()]
    assert owners(inventory) == [B, B, B, A, A]
    assert inventory.apply(transfer(), NOW + timedelta(hours=1)) is False
    assert [*inventory.rows()] == after
    # Also when the hubs have gone on.
    assert inventory.apply(transfer(2, "T2", B, C), NOW) is True
    assert inventory.apply(transfer(), NOW) is False
    assert owners(inventory) == [C, C, B, A, A]
    with pytest.raises(TransferError, match="T1: another transfer of this id"):
        inventory.apply(transfer(2), NOW)


def test_what_cannot_be_applied_changes_nothing(inventory):
    inventory.set_status(hub(1).chf, "Commissioned")
    before = [*inventory.rows()]
    other = Hub(hub(0).chf, hub(4).gpf)
    for manifest, words in (
        (transfer(2), "is Commissioned, not in stock"),
        (transfer(1, giver=C), f"is owned by {dashed(A)}"),
        (transfer(1, start=9), "is not in the inventory"),
        (Manifest("T9", NOW, A, B, (hub(2), other)), "its gpf is"),
    ):
        with pytest.raises(TransferError, match=words):
            inventory.apply(manifest, NOW)
        assert [*inventory.rows()] == before and list(inventory.transfers()) == []


def test_rollback(inventory):
    before = owners(inventory)
    inventory.apply(transfer(), NOW)
    inventory.apply(transfer(1, "T2", B, C), NOW)
    with pytest.raises(TransferError, match="went on with T2: roll that back first"):
        inventory.roll_back("T1", "a mistake", NOW)
    assert owners(inventory) == [C, B, B, A, A]
    assert inventory.roll_back("T2", "a mistake", NOW) is True
    assert inventory.roll_back("T2", "a mistake", NOW) is False
    assert owners(inventory) == [B, B, B, A, A]
    assert inventory.roll_back("T1", "a mistake", NOW) is True
    assert owners(inventory) == before
    assert [row[0] for row in inventory.transfers() if row[2] and row[3] == "a mistake"] == [
        "T1",
        "T2",
    ]


def test_no_hub_that_was_installed_goes_back(inventory):
    inventory.apply(transfer(), NOW)
    inventory.set_status(hub(2).chf, "InstalledNotCommissioned")
    with pytest.raises(TransferError, match="is InstalledNotCommissioned, not in stock"):
        inventory.roll_back("T1", "late", NOW)
    assert owners(inventory) == [B, B, B, A, A]
    with pytest.raises(TransferError, match="T3: no such transfer"):
        inventory.roll_back("T3", "late", NOW)


def test_a_transfer_that_was_rolled_back_is_not_applied_again(inventory):
    inventory.apply(transfer(), NOW)
    inventory.roll_back("T1", "a mistake", NOW)
    with pytest.raises(TransferError, match="T1: was rolled back: make a new manifest"):
        inventory.apply(transfer(), NOW)
    assert inventory.apply(transfer(id_="T2"), NOW) is True


def test_a_table_is_taken_whole_or_not(inventory):
    assert inventory.add_csv(table(6), NOW) == 1
    assert inventory.add_csv(table(6), NOW) == 0
    for text, words in (
        (table(7, B), "line 2: .* is there with other values"),
        (table(8, status="Lost"), "line 2: status 'Lost' is none of Pending"),
        ("chf,gpf\n", "line 1: no column owner, status"),
        (table(1, start=9) + f"{dashed(hub(0).gpf)},{dashed(C)},{dashed(A)},Pending\n", "line 3"),
        (f"chf,gpf,owner,status\n{dashed(C)},{dashed(C)},{dashed(A)},Pending\n", "is chf and gpf"),
    ):
        with pytest.raises(TransferError, match=words):
            inventory.add_csv(text, NOW)
        assert len(owners(inventory)) == 6


def test_a_file_of_something_else_is_left_alone(tmp_path):
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    octets = other.read_bytes()
    with pytest.raises(TransferError, match="is a database of something else"):
        Inventory(other)
    text = tmp_path / "text"
    text.write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(TransferError, match="is no inventory"):
        Inventory(text)
    with pytest.raises(TransferError, match="there is no inventory"):
        Inventory(tmp_path / "absent")
    assert other.read_bytes() == octets and not (tmp_path / "absent").exists()


# ---- Killed between any two steps


@pytest.mark.parametrize("what", ["apply", "rollback"])
def test_interrupted_anywhere_nothing_has_changed(inventory, what):
    """As a full disk would: SQLite gives up after so many of its instructions."""
    manifest = transfer(4)
    if what == "rollback":
        inventory.apply(manifest, NOW)
    before = ([*inventory.rows()], [*inventory.transfers()])
    limit = cut = 0
    while True:
        limit += 1
        left = [limit]

        def give_up(left=left):
            left[0] -= 1
            return left[0] == 0  # once: the way back is SQLite's own

        inventory.connection.set_progress_handler(give_up, 5)
        try:
            if what == "apply":
                inventory.apply(manifest, NOW)
            else:
                inventory.roll_back(manifest.id, "", NOW)
            break
        except TransferError as error:
            assert "interrupted" in str(error)
            cut += 1
        finally:
            inventory.connection.set_progress_handler(None, 5)
        assert ([*inventory.rows()], [*inventory.transfers()]) == before
    assert cut > 20
    assert owners(inventory)[:4] == [B if what == "apply" else A] * 4


STEPS = """
import os, signal, sys
from datetime import UTC, datetime
sys.path.insert(0, {root!r})
from host_tools.ch_transfer.inventory import Inventory
from host_tools.ch_transfer.manifest import Manifest

what, path, manifest, limit = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
steps = 0


def step(_statement):
    global steps
    steps += 1
    if steps > limit:
        os.kill(os.getpid(), signal.SIGKILL)


from pathlib import Path

now = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
with Inventory(Path(path)) as inventory:
    inventory.connection.set_trace_callback(step)
    # And within a statement: every few instructions of SQLite's own machine.
    inventory.connection.set_progress_handler(lambda: step("") or 0, 7)
    read = Manifest.read(Path(manifest).read_bytes())
    if what == "apply":
        inventory.apply(read, now)
    else:
        inventory.roll_back(read.id, "a mistake", now)
print(steps)
"""


def killed_or_done(what, path, manifest, limit):
    script = STEPS.format(root=str(ROOT))
    arguments = [sys.executable, "-c", script, what, str(path), str(manifest), str(limit)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode == 0


def whole(path, manifest, count):
    """The one owner of the transfer's hubs, after looking at all that must hold."""
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.execute("SELECT count(*), count(DISTINCT chf) FROM hubs").fetchone() == (
        count,
        count,
    )
    database.close()
    with Inventory(path) as opened:
        found = {opened.find(item.chf).owner for item in manifest.hubs}
        state = opened.state(manifest)
    assert len(found) == 1, "some hubs moved and others did not"
    (owner,) = found
    assert owner == (manifest.taker if state == "applied" else manifest.giver)
    return owner


@pytest.mark.slow
@pytest.mark.parametrize("what", ["apply", "rollback"])
def test_killed_between_any_two_steps_all_hubs_or_none_have_moved(tmp_path, what):
    """Killed at each statement and inside statements; done again, it is done once."""
    base, manifest = tmp_path / "base.sqlite", transfer(4)
    (tmp_path / "m.json").write_bytes(manifest.octets())
    with Inventory(base, make=True) as opened:
        opened.add_csv(table(6), NOW)
        if what == "rollback":
            opened.apply(manifest, NOW)
    end = A if what == "rollback" else B
    cut = limit = 0
    while True:
        path = tmp_path / "cut.sqlite"
        for old in tmp_path.glob("cut.sqlite*"):
            old.unlink()
        shutil.copyfile(base, path)
        if killed_or_done(what, path, tmp_path / "m.json", limit):
            break
        cut += 1
        whole(path, manifest, 6)
        with Inventory(path) as opened:
            if what == "apply":
                opened.apply(manifest, NOW)
            else:
                opened.roll_back(manifest.id, "again", NOW)
        assert whole(path, manifest, 6) == end
        limit += 1
    assert cut > 20 and whole(path, manifest, 6) == end


@pytest.mark.slow
def test_killed_at_any_time_of_a_large_transfer(tmp_path):
    """By the clock, so that writing to the disk is cut, too."""
    chance, base, manifest = random.Random(140), tmp_path / "base.sqlite", transfer(4000)
    (tmp_path / "m.json").write_bytes(manifest.octets())
    with Inventory(base, make=True) as opened:
        opened.add_csv(table(4001), NOW)
    seen = set()
    for _ in range(12):
        path = tmp_path / "cut.sqlite"
        for old in tmp_path.glob("cut.sqlite*"):
            old.unlink()
        shutil.copyfile(base, path)
        script = STEPS.format(root=str(ROOT))
        arguments = [sys.executable, "-c", script, "apply", path, tmp_path / "m.json", 10**9]
        process = subprocess.Popen([str(part) for part in arguments], stdout=subprocess.DEVNULL)
        try:
            process.wait(0.2 + chance.random())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        seen.add(whole(path, manifest, 4001))
    assert seen <= {A, B}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 5), st.integers(1, 3), st.permutations([A, B, C])),
            st.integers(0, 12),  # roll back the transfer of this number
        ),
        max_size=14,
    )
)
def test_whatever_is_asked_each_hub_has_one_owner(plan):
    """A model of its own: for each hub its first owner and the transfers that stand."""
    stands = {hub(n).chf: [] for n in range(6)}
    made = []

    def owner(chf):
        return stands[chf][-1].taker if stands[chf] else A

    with Inventory(Path(":memory:"), make=True) as opened:
        opened.add_csv(table(6), NOW)
        for step in plan:
            if isinstance(step, int):
                manifest = transfer(1, f"T{step}") if step >= len(made) else made[step]
                chfs = [item.chf for item in manifest.hubs]
                known = any(manifest in several for several in stands.values())
                fits = known and all(stands[chf][-1:] == [manifest] for chf in chfs)
                try:
                    done = opened.roll_back(manifest.id, "", NOW)
                    assert done is fits  # False: it was rolled back before
                except TransferError:
                    assert not fits
                    done = False
                for chf in chfs if done else ():
                    stands[chf].pop()
            else:
                start, size, ends = step
                count = min(size, 6 - start)
                manifest = transfer(count, f"T{len(made)}", ends[0], ends[1], start)
                fits = all(owner(item.chf) == ends[0] for item in manifest.hubs)
                try:
                    assert opened.apply(manifest, NOW) is True
                    assert fits
                    made.append(manifest)
                    for item in manifest.hubs:
                        stands[item.chf].append(manifest)
                except TransferError:
                    assert not fits
            assert {row.hub.chf: row.owner for row in opened.rows()} == {
                chf: owner(chf) for chf in stands
            }


@pytest.mark.slow
def test_two_at_once_give_a_hub_to_one(tmp_path):
    path = tmp_path / "hubs.sqlite"
    with Inventory(path, make=True) as opened:
        opened.add_csv(table(500), NOW)
    processes = []
    for name, taker in (("B", B), ("C", C)):
        (tmp_path / name).write_bytes(transfer(500, name, A, taker).octets())
        script = STEPS.format(root=str(ROOT))
        arguments = [sys.executable, "-c", script, "apply", path, tmp_path / name, 10**9]
        processes.append(
            subprocess.Popen([str(part) for part in arguments], stderr=subprocess.PIPE, text=True)
        )
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    assert sum("is owned by" in text for text in said) == 1
    with Inventory(path) as opened:
        assert len(set(owners(opened))) == 1


# ---- The page, as it stands


def test_the_worked_example(tmp_path, monkeypatch):
    """Each command of docs/ch-transfer.md, and what it says that they print."""
    page = (ROOT / "docs" / "ch-transfer.md").read_text()
    monkeypatch.chdir(tmp_path)
    for name, text in [
        (part.split("\n", 1)[0], part.split("\n", 1)[1].split("```")[0])
        for part in page.split("```csv ")[1:]
    ]:
        Path(name).write_text(text)
    example = page.split("```sh example\n")[1].split("```")[0]
    lines = [line for line in example.splitlines() if line.startswith("smets ")]
    assert len(lines) >= 12
    for line in lines:
        command, _, comment = line.partition("  # ")
        words = command.replace("smets ch-transfer ", "").split()
        result = run(*[word.strip('"') for word in words])
        expected, _, status = comment.strip().partition(" (status ")
        assert result.exit_code == int(status.rstrip(")") or 0), (line, result.output)
        assert expected in result.output, (line, result.output)


def test_the_command_line_refuses_in_one_line_for_each_problem(tmp_path, people, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = people[0]
    Path("hubs.csv").write_text(table(2))
    Path("m.json").write_bytes(transfer().octets())
    assert run("load", "hubs.csv", "--inventory", "i").exit_code == 0
    done = run("check", "m.json", "--inventory", "i")
    assert done.exit_code == 2 and done.output.count("\n") == 1
    assert "smets ch-transfer check: hub 00-AA-01-00-00-00-00-02: is not in" in done.output
    done = run("apply", "m.json", "--inventory", "i", "--certificate", folder / "a.pem")
    assert done.exit_code == 2 and done.output.count("has not signed") == 2
    for arguments, words in (
        (("--as", "me", "--key", "a.key", "--certificate", "a.pem"), "neither from nor to"),
        (("--as", "from", "--key", "b.key", "--certificate", "a.pem"), "is not the key of"),
        (("--as", "to", "--key", "a.key", "--certificate", "a.pem"), "not of to"),
        (("--as", "to", "--key", "b.key", "--certificate", "b.pem"), "signs first"),
        (("--as", "from", "--key", "x.key", "--certificate", "a.pem"), "No such file"),
    ):
        given_files = [folder / word if word[1:2] == "." else word for word in arguments]
        done = run("sign", "m.json", *given_files)
        assert done.exit_code == 2 and words in done.output, done.output
    assert Path("m.json").read_bytes() == transfer().octets()
    Path("bad.json").write_text("{}")
    assert "bad.json: format" in run("check", "bad.json").output
    assert run("rollback", "T1", "--inventory", "i", "--why", "x").exit_code == 2
    assert run("party", "p", "--eui", "12").exit_code == 2
    bad = run("new", "--from", "1", "--to", "2", "--hubs", "bad.json", "--id", "T", "-o", "n")
    assert bad.exit_code == 2 and not Path("n").exists()
