"""Who may ask what: every use case, role, named party and protection against the published table.

The session is the device's own. MACs and signatures are made and checked by `cryptography` here,
since there are tens of thousands of them; the firmware's own have their tests elsewhere.
"""

import itertools
import json
from collections import Counter
from importlib import resources

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from outside import USE_CASES
from setting_pairs import OWN_CODES
from vectors import DEVICE, command, grouping, protect, secret

from smets.crypto import ecdsa, gcm
from smets.gbcs import table_asn1, table_chf, table_esme, table_gas, table_proxy
from smets.gbcs.keys import Keys, Party
from smets.gbcs.session import Refused, Session

TABLES = {
    "E": (table_esme.ROWS,),
    "G": (table_gas.ROWS, table_proxy.ROWS),
    "P": (table_proxy.ROWS,),
    "H": (table_chf.ROWS,),
}
DEVICES = {"E": "ESME", "G": "GSME", "P": "GPF", "H": "CHF"}
# Roles of KEYS.json to those of the published tables.
ROLES = {
    "supplier": "Supplier",
    "network_operator": "Network Operator",
    "access_control_broker": "Access Control Broker",
    "load_controller": "Load Controller",
    "transitional_cos": "Transitional CoS",
    "recovery": "Recovery",
    "wan_provider": "WAN Provider",
    "ppmid": "PPMID",
    "root": "",
    "issuing_authority": "",
    "other": "",
    "unknown": "",
}
BROKER = "access_control_broker"
# The tables of these name nobody, or "See GBCS": the supplier sends them (PCS: the PPMID).
NAMED_NOWHERE = {
    "CS01a": {"Supplier"},
    "CS01b": {"Supplier"},
    "GCS25": {"Supplier"},
    "PCS01": {"PPMID"},
    "PCS02": {"PPMID"},
}
# What the broker carries for a party that it names, though it has no right of its own: seen in
# messages of RTDS to these devices. All are without a signature.
CARRIED = {"CCS05CCS04", "ECS26i", "CS03B", "CS07"}
# Commands of which RTDS has no MAC, or whose protection may be either.
ONLY_SIGNED = {"CS02b-anyExceptAbnormalRootByRecovery"}
EITHER = {"CS02a", "CS02f"}
ONLY_MAC = {"CS02b-accessControlBrokerByACB"}

PARTIES = {role: bytes((2, 0x5E, 0xCA, 0, 0, 0, 0xA0, index)) for index, role in enumerate(ROLES)}
STRANGER = b"\x02\x5e\xca\x00\x00\x00\xff\xff"
NAMED = (None, STRANGER, *(PARTIES[role] for role in ROLES))
FORMS = ("mac", "mac+own", "mac+named", "own", "named", "nothing")


def published():
    text = resources.files("host_tools.data").joinpath("use_cases.json").read_text("utf-8")
    return {int(row["code"], 16): row for row in json.loads(text)["use_cases"] if row.get("code")}


class Accepted(Exception):
    """The session would carry the command out."""


class Judge(Session):
    """A session that stops where a command would be carried out."""

    def _check_replay(self, command, use_case):
        raise Accepted


class Gcm:
    """AES-GCM by `cryptography`, as far as a session needs it for a MAC."""

    def __init__(self, key, iv):
        self._aead = AESGCM(key)
        self._iv = iv
        self._aad = b""

    def update_aad(self, data):
        self._aad += bytes(data)

    def tag(self, length=12):
        return self._aead.encrypt(self._iv, b"", self._aad)[:length]


def signature_of(party: bytes) -> bytes:
    """What stands for a signature of a party: 64 octets that only it makes."""
    return party * 8


@pytest.fixture
def quick(monkeypatch):
    from smets.crypto import cipher

    for module in (gcm, cipher):  # a module that is first imported here would keep it
        monkeypatch.setattr(module, "Gcm", Gcm)

    def mac(key, iv, *parts):
        return AESGCM(key).encrypt(iv, b"", b"".join(parts))[:12]

    monkeypatch.setattr(gcm, "mac", mac)

    def verify_of(party, _digest, signature):
        return signature == signature_of(party.ds_public)

    monkeypatch.setattr(ecdsa, "verify_of", verify_of)


class Device:
    """What a session needs of a device before it carries a command out."""

    counters = store = None

    def __init__(self, letter):
        self.letter = letter
        self.tables = TABLES[letter]

    def feature(self, name):
        """None: it keeps no log of what it refuses."""


def ring():
    keys = Keys(DEVICE)
    for role, party in PARTIES.items():
        # The public signing key stands for the party: see `signature_of`.
        keys.add(Party(party, role, b"", party, secret(party)))
    return keys


def octets_of(code, originator, named, form):
    """A command: its protection is one of FORMS."""
    other = b"" if named is None else named + bytes(8)
    inner = grouping(code, b"\x00", originator=originator, other=other)
    signer = {"own": originator, "named": named}.get(form.rpartition("+")[2])
    inner += b"\x00" if signer is None else b"\x40" + signature_of(signer)
    if "mac" not in form:
        return inner
    vouches = originator if originator == PARTIES["ppmid"] else PARTIES[BROKER]
    return protect(inner, originator, 1, 1000, DEVICE, secret(vouches))


def allowed(row, role, named, form) -> bool:
    """What the published table gives: the model of this test."""
    roles = set(row["roles"]) & set(ROLES.values()) or NAMED_NOWHERE.get(row["id"], set())
    if named is None:
        right = role is not None and ROLES[role] in roles
    else:
        held = {party: name for name, party in PARTIES.items()}.get(named)
        by_itself = ROLES[BROKER] in roles
        carried = row["id"] in CARRIED and held is not None and ROLES[held] in roles
        right = role == BROKER and (by_itself or carried)
    forms = {"mac+own"} if row["critical"] else {"mac"}
    if row["id"] in ONLY_SIGNED:
        forms = {"own"}
    elif row["id"] in EITHER:
        forms = {"mac", "own"}
    elif row["id"] in ONLY_MAC:
        forms = {"mac"}
    # Named by itself the broker's signature is "named" as well.
    if named is not None and role is not None and PARTIES[role] == named:
        form = form.replace("named", "own")
    return right and form in forms


def rows_of(letter):
    for rows in (*TABLES[letter], table_asn1.ROWS):
        for row in rows:
            if row[0] < OWN_CODES and any(word[0] == letter for word in row[2].split()):
                yield row


# Others of so many for each row, beside all that the table allows.
SOME = 9


# The same few lines of a session some 300,000 times: being watched, they take four times as long.
@pytest.mark.no_cover
@pytest.mark.slow
@pytest.mark.parametrize("letter", DEVICES)
def test_nobody_gets_more_than_the_table_gives(letter, quick, capsys):
    """spec: GBCS 4.0 use case tables, RTDS for what they lack: 0 acceptances beyond them."""
    matrix(letter, 1, capsys)


@pytest.mark.no_cover
@pytest.mark.parametrize("letter", DEVICES)
def test_a_ninth_of_all_gets_no_more_than_the_table_gives(letter, quick, capsys):
    """spec: the same; neighbouring rows have others of the combinations."""
    matrix(letter, SOME, capsys)


def matrix(letter, some, capsys):
    """Each row by each originator, named party and protection; or one of `some` of them."""
    table = published()
    session = Judge(Device(letter), ring())
    counts, beyond, denied = Counter(), [], Counter()
    originators = [(None, STRANGER), *PARTIES.items()]
    tries = itertools.count()
    for row in rows_of(letter):
        host = table[row[0]]
        for (role, originator), named, form in itertools.product(originators, NAMED, FORMS):
            if named is None and "named" in form:
                continue
            expected = allowed(host, role, named, form)
            if next(tries) % some and not expected:
                continue
            data = octets_of(row[0], originator, named, form)
            counts["commands"] += 1
            try:
                session.handle(data)
            except Accepted:
                counts["accepted"] += 1
                if not expected:
                    beyond.append((row[1], role, named and named.hex(), form))
            except Refused:
                if expected:
                    denied[row[1]] += 1
            else:
                raise AssertionError("carried out")
    with capsys.disabled():
        print(f" {DEVICES[letter]}: {dict(counts)}, beyond the table: {len(beyond)}", end="")
    assert not beyond, beyond[:20]
    assert counts["accepted"] >= len(list(rows_of(letter)))
    assert counts["commands"] >= next(tries) / some
    # A GSME admits fewer roles than the shared rows of the gas tables name.
    assert letter in "GP" or not denied, denied


def test_no_published_use_case_is_taken_for_one_of_the_projects_own():
    """project: what the tables of this test pass over has a code that no specification has."""
    assert max(published()) < OWN_CODES


def test_the_quick_checks_are_those_of_the_session():
    """The same octets with the firmware's own MAC, and one of another party."""
    keys = ring()
    session = Judge(Device("E"), keys)
    code = 0x003A  # ECS24: supplier and broker
    with pytest.raises(Accepted):
        session.handle(
            command(
                code, b"\x00", originator=PARTIES["supplier"], key_secret=secret(PARTIES[BROKER])
            )
        )
    with pytest.raises(Refused, match="bad-mac"):
        session.handle(command(code, b"\x00", originator=PARTIES["supplier"]))


class Counted:
    """The last originator counter of everybody."""

    def __init__(self, last: int):
        self._last = last.to_bytes(8, "big")

    def get(self, party):
        return self._last


class ReplayJudge(Session):
    """A session that looks at replays, and stops where a command would be carried out."""

    def _prepare(self, command, use_case, exchange):
        raise Accepted


# Their counter is that of a token, which the meter's cache of tokens keeps from counting twice.
TOKENS = {"CS01a", "CS01b"}


def originator_of(host, letter):
    """(role, form) of a command that the table allows without naming anybody."""
    for role in PARTIES:
        for form in FORMS:
            if allowed(host, role, None, form):
                return role, form
    raise AssertionError(f"nobody may send {host['id']} to {letter}")


@pytest.mark.needs_facts
@pytest.mark.parametrize("letter", DEVICES)
def test_replays_by_the_table(letter, quick, capsys):
    """spec: a counter that has come is refused where the table protects, and nowhere else."""
    facts = json.loads(USE_CASES.read_text("utf-8"))
    protects = {
        int(row["message_code"], 16): row["replay_protection"]
        for row in facts
        if row["message_code"] and row["replay_protection"] is not None
    }
    table = published()
    counts = Counter()
    for row in rows_of(letter):
        code = row[0]
        if code not in protects:
            counts["the table is silent"] += 1
            continue
        role, form = originator_of(table[code], letter)
        kept = protects[code] and row[1] not in TOKENS
        # Commands here have the counter 1000.
        for last, refused in ((999, False), (1000, kept), (1001, kept), (1 << 63, kept)):
            device = Device(letter)
            device.counters = Counted(last)
            session = ReplayJudge(device, ring())
            data = octets_of(code, PARTIES[role], None, form)
            try:
                session.handle(data)
            except Accepted:
                assert not refused, (row[1], last)
            except Refused as error:
                assert refused and error.reason == "replay", (row[1], last, error.reason)
        counts["protected" if kept else "not protected"] += 1
    with capsys.disabled():
        print(f" {DEVICES[letter]}: {dict(counts)}", end="")
    assert counts["protected"] + counts["not protected"] >= 5
    assert letter not in "EG" or min(counts["protected"], counts["not protected"]) >= 5
