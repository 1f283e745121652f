"""DUIS requests become commands: against the use case tables, and decoded again."""

from __future__ import annotations

import base64
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from host_home import ESME, GPF, GSME, HOME, RING
from typer.testing import CliRunner

from host_tools import cli
from host_tools.duis import command, document, new
from host_tools.duis.convert import CONVERSIONS
from host_tools.duis.errors import DuisError
from host_tools.duis.notation import NotationError, Term, parse_line
from host_tools.duis.rows import all_rows, by_name
from host_tools.gbcs import use_cases
from host_tools.gbcs.message import decode
from host_tools.keys import load_parties
from host_tools.remote import build_command

PARTIES = HOME.parties()
USER = PARTIES.party("supplier").id
BROKER = PARTIES.party("access_control_broker").id
NOW = datetime(2026, 11, 6, 10, tzinfo=UTC)
WHEN = "2026-11-01T00:00:00Z"


def request(service, to, counter=7, element="", **values):
    """A request with values; two underscores stand for a slash."""
    paths = {name.replace("__", "/"): value for name, value in values.items()}
    wanted = new.Wanted(service, USER.hex(), to.hex(), counter, element)
    return document.request(new.request(wanted, paths, None).encode())


def made(asked, device="", **options):
    facts = command.Device(device, given=options.pop("given", {}))
    return command.plan(asked, facts, now=NOW, broker=BROKER, dcc_counter=99, **options)


def terms(term):
    yield term
    for part in (*term.parts, *(field.term for field in term.fields)):
        yield from terms(part)


def all_terms(row):
    for line in row.lines:
        for term in filter(None, (line.term, line.begin, *(f.term for f in line.fields))):
            yield from terms(term)


def test_the_rows_are_those_of_the_use_case_table():
    """GBCS use cases: message code, name, targets, and every object and command in its place."""
    for row in all_rows():
        known = use_cases.by_code(row.code)
        assert known is not None and known.id == row.use_case, row.name
        assert set(row.targets) <= set(known.targets), row.name
        protocol = {"ASN1": "asn1"}.get(known.table["protocol"], known.table["protocol"].lower())
        assert protocol == row.protocol
        # What an index of the request picks is one of the table's.
        patterns = [re.sub(r"\\\{.*?\\\}", r"\\d+", re.escape(place)) for place in places(row)]
        listed = listed_places(known.table)
        if "/" in row.name or any("{" in place for place in places(row)):
            assert all(any(re.fullmatch(p, one) for one in listed) for p in patterns), row.name
        else:
            assert places(row) == listed, row.name


def places(row):
    verbs = {"act": "action", "date": "set"}
    if row.protocol == "dlms":
        return [
            f"{verbs.get(line.verb, line.verb)} {word}".replace("{10 + $n}", str(10 + number))
            for line in row.lines
            for number in range(1, (line.count or 1) + 1)
            for word in line.words
        ]
    if row.protocol == "gbz":
        return [
            " ".join((line.words[0], "00", *line.words[1:]))
            if line.verb == "read"
            else f"{line.words[0]} {line.words[2]}"
            for line in row.lines
        ]
    return []


def listed_places(table):
    if "dlms" in table:
        return [f"{i['op']} {i['class']}/{i['obis']}/{i['attr']}" for i in table["dlms"]]
    cut = [
        (item["cluster"], item["command"], *item.get("attributes", []))
        for item in table.get("gbz", [])
    ]
    return [" ".join(word[2:] for word in words) for words in cut]


def test_every_service_reference_is_known():
    """DUIS 5.4 has 129 variants: those that become commands, and those to the DCC."""
    assert len({s for row in all_rows() for s in row.services} | set(new.TO_DCC)) == 129


def test_every_conversion_of_the_rows_is_there():
    own = {"dcc", "alerts", "marked"}
    used = {t.text for row in all_rows() for t in all_terms(row) if t.kind == "call"}
    assert used - own == set(CONVERSIONS) - {"activation"} | {"activation"} & used


@pytest.mark.parametrize(
    "text", ["set 1/0-0:1.0.0.255/2 {", "set x", "send 0700: A 5", "u8:int`A` B"]
)
def test_a_row_that_is_not_written_right_is_refused(text):
    with pytest.raises(NotationError):
        parse_line(text)


def test_a_row_is_read_as_written():
    line = parse_line("set 1/0-0:94.44.{9+@index}.1/2 u16:sum(int`@index`*256 17) for`A[B]`")
    assert line.words == ("1/0-0:94.44.{9+@index}.1/2",) and line.each == "A[B]"
    assert line.term is not None and line.term.parts[1] == Term("literal", text="17")
    assert line.term.parts[0].times == 256


# Two ways to one command: from a request, and from the parameters of the use case table.
SAME = {
    "GCS13a": ("4.1.1", GSME, "GSME", {}, {}),
    "ECS17b": ("4.1.1", ESME, "ESME", {}, {}),
    "ECS12": ("3.2", ESME, "ESME", {"RestrictionDateTime": WHEN}, {"#0": WHEN}),
    "GCS14": ("4.3", GPF, "GPF", {}, {}),
    "ECS05": ("1.7", ESME, "ESME", {}, {"#0": 99}),
    "GCS32": ("7.2", GSME, "GSME", {}, {}),
    "ECS43": ("7.2", ESME, "ESME", {}, {"#0": 52}),
    "ECS20d": (
        "4.4.5",
        ESME,
        "ESME",
        {"ReadLogPeriod__StartDateTime": WHEN, "ReadLogPeriod__EndDateTime": WHEN},
        {"from": WHEN, "to": WHEN},
    ),
    "GCS16a": (
        "4.6.1",
        GPF,
        "GPF",
        {"ReadLogPeriod__StartDateTime": WHEN, "ReadLogPeriod__EndDateTime": WHEN},
        {"from": WHEN, "to": WHEN},
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_a_request_and_parameters_make_the_same_command(name):
    """GBCS use cases: the payload, its header, and once signed and MACed the whole of it."""
    service, to, device, values, parameters = SAME[name]
    plan = made(request(service, to, **values), device)
    assert plan.row.name == name and plan.mode == "direct"
    other = build_command(
        name,
        parties=PARTIES,
        originator="supplier",
        target=to,
        counter=7,
        params=parameters,
        now=NOW,
    )
    content = plan.pre_command
    if plan.signer:
        content = command.sign(content, PARTIES)
    assert command.mac(content, RING, BROKER) == other
    assert not decode(other, RING).failed


def test_a_user_that_the_device_does_not_know_goes_through_the_broker():
    """duis.md 4.1: broker and its counter in the header, the user as supplementary party."""
    plan = made(request("7.4", ESME), "ESME")
    assert (plan.header.originator, plan.header.counter) == (USER, 7)
    plan = made(request("9.1", ESME), "ESME", given={"cin": "1234"})
    head = plan.header
    assert (head.originator, head.counter) == (BROKER, 99)
    assert (head.supplementary_party, head.supplementary_counter) == (USER, 7)
    sent = decode(command.mac(plan.pre_command, RING, BROKER), RING)
    assert not sent.failed and sent.dlms.data[0].octets == b"1234"
    # The low three octets of the header's own counter.
    assert plan.payload[1:5] == bytes((0x20, 0, 0, 99))


@pytest.mark.parametrize(("device", "kind"), [(ESME, "ESME"), (GSME, "GSME")])
def test_a_customer_s_number_keeps_its_zeros(device, kind):
    """9.1 (ECS50, GCS36): four characters, in an octet string of either kind."""
    plan = made(request("9.1", device), kind, given={"cin": "0042"})
    assert plan.payload.count(b"\x040042") == 1


REFUSED = {
    "which device": (lambda: made(request("4.1.1", GSME)), "several use cases fit: ECS17b"),
    "wrong device": (lambda: made(request("7.2", GPF), "GPF"), "is for ESME, GSME, not for GPF"),
    "what the DCC knows": (lambda: made(request("9.1", ESME), "ESME"), "--dcc"),
    "a customer's number": (
        lambda: made(request("9.1", ESME), "ESME", given={"cin": "12345"}),
        "cin '12345' is not four digits",
    ),
    "a value that is missing": (lambda: made(request("3.2", ESME), "ESME"), "RestrictionDateTime"),
    "a value that is no date": (
        lambda: made(request("3.2", ESME, RestrictionDateTime="soon"), "ESME"),
        "'soon' is not a date",
    ),
    "a value that does not fit": (
        lambda: made(request("7.12", ESME, RandomisedOffsetLimit="70000"), "ESME"),
        "70000 does not fit long-unsigned",
    ),
    "a request to the DCC": (lambda: made(request("8.2", ESME)), "for the DCC itself"),
    "no such service": (lambda: request("1.9", ESME), "'1.9'"),
    "a path that is none": (lambda: request("3.2", ESME, **{"A b": "1"}), "'A b'"),
    "a gap in a list": (lambda: request("3.2", ESME, **{"A[3]": "1"}), "no A[2]"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_named(what):
    wrong, words = REFUSED[what]
    with pytest.raises(DuisError, match=re.escape(words)):
        wrong()


def test_the_wrong_variant_is_refused():
    """duis.md 1.3: 4 for critical requests, 1 to 3 for others."""
    wanted = new.Wanted("7.2", USER.hex(), ESME.hex(), 7, variant=1)
    asked = document.request(new.request(wanted, {}, None).encode())
    with pytest.raises(DuisError, match="ECS43 has command variant 4, not 1"):
        made(asked, "ESME")


# --- the command line ---


def smets(*arguments):
    return CliRunner().invoke(cli.build(), arguments)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = smets("keygen", "--seed", "demo", "--out", "keys")
    assert result.exit_code == 0
    return tmp_path


def test_a_critical_request_goes_there_and_back(place):
    """The pre-command is signed by the user, and comes back in a request of variant 5."""
    by = smets_party(place)
    made_request = smets("duis", "new", "7.3", "--from", by, "--to", ESME.hex(), "--counter", "5")
    (place / "arm.xml").write_text(made_request.stdout)
    keys = ("--keys", "keys/parties.json")
    pre = smets("duis", "command", "arm.xml", *keys)
    assert pre.exit_code == 0 and "smets sign" in pre.stderr
    signed = smets("sign", pre.stdout.strip(), *keys)
    whole = smets("sign", pre.stdout.strip(), *keys, "--mac")
    assert whole.stdout == smets("command", "--from-duis", "arm.xml", *keys).stdout
    assert signed.stdout.strip().startswith(pre.stdout.strip() + "40")
    assert smets("parse", whole.stdout.strip(), *keys).exit_code == 0
    back = made_request.stdout.replace("Variant>4<", "Variant>5<").replace(
        "<sr:ArmSupply/>",
        "<sr:SignedPreCommand><sr:GBCSPayload>"
        + base64_of(signed.stdout)
        + "</sr:GBCSPayload></sr:SignedPreCommand>",
    )
    (place / "signed.xml").write_text(back)
    assert smets("duis", "command", "signed.xml", *keys).stdout == whole.stdout
    (place / "other.xml").write_text(back.replace(":5<", ":6<"))
    refused = smets("duis", "command", "other.xml", *keys)
    assert refused.exit_code == 2 and "counter 5, not 6" in refused.stderr


def test_a_command_tells_its_request(place):
    """`smets duis request` undoes `smets duis command`, which reads stdin, too."""
    keys = ("--keys", "keys/parties.json")
    asked = smets(
        "duis", "new", "4.1.1", "--from", smets_party(place), "--to", ESME.hex(), "--counter", "5"
    ).stdout
    (place / "read.xml").write_text(asked)
    octets = smets("duis", "command", "read.xml", *keys).stdout
    piped = CliRunner().invoke(cli.build(), ["duis", "command", "-", *keys], input=asked)
    assert piped.exit_code == 0 and piped.stdout == octets
    back = smets("duis", "request", octets.strip(), *keys)
    assert back.exit_code == 0 and "ReadInstantaneousImportRegisters" in back.stdout
    (place / "back.xml").write_text(back.stdout)
    assert smets("duis", "command", "back.xml", *keys).stdout == octets
    wrong = octets.strip()[:-2] + ("00" if octets.strip()[-2:] != "00" else "01")
    refused = smets("duis", "request", wrong, *keys)
    assert refused.exit_code == 2 and "damaged" in refused.stderr
    assert smets("duis", "request", f"{octets}\n{octets}", *keys).exit_code == 2


@pytest.mark.parametrize(
    ("service", "element"),
    [
        ("6.11", "SynchroniseClock"),
        ("6.15.1", "UpdateSecurityCredentialsKRP"),
        ("6.21", "RequestHandoverOfDCCControlledDevice"),
        ("8.1.1", "CommissionDeviceSynchroniseClock"),
        ("8.7.1", "JoinServiceCritical"),
        ("8.7.2", "JoinServiceNonCritical"),
    ],
)
def test_a_service_has_a_request_of_its_own(service, element):
    text = new.request(new.Wanted(service, "02-53-4D-45-54-53-01-00", ESME.hex()), {}, None)
    assert f"<sr:{element}/>" in text
    with pytest.raises(DuisError, match=f"is made by {element}"):
        new.request(
            new.Wanted(service, "02-53-4D-45-54-53-01-00", ESME.hex(), request="ArmSupply"),
            {},
            None,
        )


def base64_of(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def smets_party(place):
    return load_parties(Path("keys/parties.json")).party("supplier").id.hex()


def test_signing_says_what_is_wrong(place):
    keys = ("--keys", "keys/parties.json")
    pre = command_of(place)
    wrong = {
        ("sign", "00", *keys): "0x00 begins no message",
        ("sign", pre, *keys, "--as", "network_operator"): "its originator is",
        ("sign", pre + "40" + "00" * 64, *keys): "signed or has a MAC already",
    }
    for arguments, words in wrong.items():
        result = smets(*arguments)
        assert result.exit_code == 2 and words in result.stderr, result.stderr
        assert result.stdout == "" and result.stderr.count("\n") == 1


def command_of(place):
    by = smets_party(place)
    made_request = smets("duis", "new", "7.3", "--from", by, "--to", ESME.hex(), "--counter", "5")
    (place / "arm.xml").write_text(made_request.stdout)
    return smets("duis", "command", "arm.xml", "--keys", "keys/parties.json").stdout.strip()


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    """docs/duis.md: the lines of its blocks, in their order, with what they write."""
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "duis.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"^```\n(.*?)^```", page, re.M | re.S))
    lines = [re.sub(r"\s+#.*", "", line) for line in blocks.splitlines()]
    for line in lines:
        words, _, file = line.partition(" > ")
        result = smets(*shlex.split(words)[1:])
        assert result.exit_code == 0, (line, result.output)
        if file:
            Path(file.strip()).write_text(result.stdout)
    assert len(lines) > 12
    assert Path("arm-command.hex").read_text() == Path("arm-same.hex").read_text()


def test_rows_have_names():
    assert by_name("gcs13A").code == 0x74
    with pytest.raises(KeyError, match="GCS99"):
        by_name("GCS99")
