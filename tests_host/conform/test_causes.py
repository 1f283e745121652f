"""What did not pass, grouped by its common cause."""

from conform_results import document, entry, results

from host_tools.conform.groups import groups
from host_tools.conform.html import page
from host_tools.conform.model import Result, Severity, Verdict


def failed(number, text, verdict=Verdict.FAIL, severity=Severity.MAJOR):
    check = entry(f"GBCS-x{number}", where_to_look=f"place {number}")
    check.__dict__["severity"] = severity
    return Result(check, verdict, text)


def told(*chosen, link=()):
    return [(one.verdict, one.text, one.ids) for one in groups(document(list(chosen), link))]


def test_one_cause_is_told_once():
    """Whichever use case, time or number it was; a block for the same cause stands with it."""
    chosen = [
        failed(1, "no response to GCS13a: the device says bad-mac, 12 of 20"),
        failed(2, "no response to GCS14: the device says bad-mac, 3 of 40"),
        failed(3, "no response to ECS17b: the device says bad-mac, 5 of 6", Verdict.BLOCKED),
        failed(4, "stamp 2022-10-31T10:10:00Z instead of 07E60A1F0A0A0000"),
        failed(5, "stamp 2023-11-01T00:00:00Z instead of 07E70B0100000000"),
    ]
    assert told(*chosen) == [
        ("fail", chosen[0].text, ["GBCS-x1", "GBCS-x2", "GBCS-x3"]),
        ("fail", chosen[3].text, ["GBCS-x4", "GBCS-x5"]),
    ]


def test_failures_stand_first_then_the_severe_then_the_many():
    found = told(
        failed(1, "tolerated", Verdict.TOLERATED, Severity.CRITICAL),
        failed(2, "blocked", Verdict.BLOCKED, Severity.CRITICAL),
        failed(3, "many"),
        failed(4, "many"),
        failed(5, "one"),
        failed(6, "severe", severity=Severity.CRITICAL),
        failed(7, "good", Verdict.PASS),
        failed(8, "seen", Verdict.OBSERVED),
        failed(9, "would need a clock", Verdict.BLOCKED, Severity.CRITICAL),
        link=["each line has an octet more"],
    )
    order = "severe,many,one,blocked,tolerated,would need a clock"
    assert [text for _, text, _ in found[1:]] == order.split(",")
    assert found[0] == ("link", "the link: each line has an octet more", [])


def test_a_cause_has_the_most_severe_checks_place_and_one_short_line():
    chosen = [failed(1, "x"), failed(2, "x", severity=Severity.CRITICAL)]
    cause = groups(document(chosen))[0]
    assert (cause.severity, cause.where, cause.ids) == (
        "critical",
        "place 2",
        ["GBCS-x2", "GBCS-x1"],
    )
    long = groups(document([failed(1, "word " * 100 + "\nmore lines")]))[0].text
    assert len(long) == 160 and long.endswith("...")


def test_the_page_names_the_cause_before_everything_else():
    """41 checks that a damaged MAC fails are one cause, with all their names."""
    chosen = [failed(n, f"no response to GCS{n}: the device says bad-mac") for n in range(41)]
    text = page(document([*chosen, *results()], ["each line comes twice"]))
    first = text.index("the device says bad-mac")
    assert text.index("the link: each line comes twice") < first
    assert first < text.index("What was judged") < text.index("<article")
    head = text[: text.index("What was judged")]
    assert "41 fail" in head and all(f'href="#GBCS-x{n}"' in head for n in range(41))
