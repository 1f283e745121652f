"""A report with everything in it, made without a device."""

from datetime import UTC, datetime

from host_tools.conform.causes import causes
from host_tools.conform.model import (
    Check,
    Evidence,
    Exchange,
    Family,
    Finding,
    Result,
    Severity,
    Verdict,
)
from host_tools.conform.report import Identity, make_document

IDENTITY = Identity(
    role="gpf",
    device_id="02534D45545300A3",
    engine="unix",
    firmware='0.1 <script>alert("x")</script>',
    firmware_hash="ab" * 32,
    claims={"specification": "CHTS V1.6", "gbcs": "4.2"},
    key_set="test keys",
    seed=1,
    clock="2022-11-01T10:10:00Z",
    vector_set="none",
    capabilities=["state", "clock"],
)
START = 720_700_200  # a half hour, UTC seconds since 2000
DATA = {
    "voltage": {
        "period": 1800,
        "points": [[START + 1800 * n + (60 if n == 5 else 0), 230 + n % 4] for n in range(12)],
    },
    "stamps": [
        {"label": "GCS13a", "read": START + 600, "stamp": START, "status": "reliable"},
        {"label": "GCS14", "read": START + 700, "stamp": None, "status": "invalid"},
        {"label": "GCS13b", "read": START + 700, "stamp": START + 900, "source": "GSME"},
    ],
    "tenancy": {
        "start": START,
        "before": [[START - 86400 * n, f"day {n}"] for n in range(-2, 9)],
        "after": [[START + 86400, "new"], [START - 86400, "old"]],
    },
}

# A line in, one out that is too long to keep, and one that the device says by itself.
TRACE = {
    "left_out": 3,
    "lines": [
        {"at": 0.0, "way": "bench", "line": "power away and back"},
        {
            "at": 0.25,
            "way": "to device",
            "line": "GBCS:DATA#1:2:DF09",
            "tree": ["message", "  a <b>"],
        },
        {"at": 0.5, "way": "from device", "line": "GBCS:NONE#1:7:bad-mac", "characters": 9000},
    ],
}


def entry(name, row="GBCS", evidence=Evidence.SPEC, roles=("gpf",), **more):
    """A catalogue entry that nothing runs."""
    return Check(
        name,
        row,
        more.pop("title", f"What {name} says & <means>"),
        roles,
        more.pop("source", "GBCS 9.1.6"),
        evidence,
        Severity.MAJOR,
        Family.SRV,
        "a command",
        "an answer",
        more.pop("run", lambda dut: Finding(True, "ran")),
        **more,
    )


def results():
    """One result of each verdict and evidence label, in no order."""
    octets = "DF09" + "00112233445566778899AABBCCDDEEFF" * 3
    other = octets[:20] + "FF" + octets[22:-4]
    sent = Exchange("DD0000", octets, other)
    same = Exchange("DD0001", octets, octets)
    words = Exchange("a command", "an answer of 3 rows", "<b>2 rows</b> \x00\x1b[31m")
    return [
        Result(
            entry("GBCS-tolerated", srv="4.1.1"), Verdict.TOLERATED, "no", [words], None, "SMDA-1"
        ),
        Result(entry("GBCS-na"), Verdict.NOT_APPLICABLE, "not for a GPF"),
        Result(entry("GBCS-left"), Verdict.NOT_RUN, "left out by --only"),
        Result(
            entry("SECMP0015-fail", "SECMP0015", Evidence.RTDS, use_case="GCS13a"),
            Verdict.FAIL,
            "wrong octets",
            [sent, same, words],
            seconds=0.25,
            trace=TRACE,
        ),
        Result(
            entry("SECMP0015-pass", "SECMP0015"),
            Verdict.PASS,
            "good",
            [same],
            data={"stamps": DATA["stamps"]},
        ),
        Result(
            entry("MP085A-pass", "MP085A", since="ESMETS 5.2", needs=("clock",)),
            Verdict.PASS,
            "on the grid",
            data={"voltage": DATA["voltage"]},
        ),
        Result(
            entry(
                "SECMP0056-choice",
                "SECMP0056",
                Evidence.PROJECT_CHOICE,
                alternatives=("clear at once", "clear at midnight"),
            ),
            Verdict.OBSERVED,
            "clears (alternative seen: clear at once)",
            alternative="clear at once",
            data={"tenancy": DATA["tenancy"], "voltage": "not a series", "other": (1, 2)},
        ),
        Result(entry("MP099-blocked", "MP099"), Verdict.BLOCKED, "no power control"),
    ]


def document(chosen=None, link=()):
    """The report of these results; `link` has what is wrong with the link."""
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    found = results() if chosen is None else chosen
    return make_document(IDENTITY, found, when, 1.5, causes=causes(found, link))
