"""`smets diff-versions`: what depends on the GBCS version, as devices that claim each answer."""

import pytest
from typer.testing import CliRunner, Result

from host_tools.cli import app
from host_tools.versions.octets import differences, encoded


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff-versions", *arguments])


def test_frame_counters_of_both_versions() -> None:
    """issue: GCS15c of GBCS 3.1 and 4.2; the counters and, with them, the MAC differ."""
    answers = list(encoded("3.1", "4.2", "GCS15c"))
    assert {answer.device for answer in answers} == {"GSME", "GPF"}
    gsme = answers[0]
    old, new = gsme.answers
    assert isinstance(old, bytes) and isinstance(new, bytes) and len(old) == len(new)
    places = [at for at in gsme.places if at < len(old) - 12]
    # Components of two kinds: one for each kind, then one for each component.
    assert [new[at] for at in places] == list(range(1, len(places) + 1))
    assert {old[at] for at in places} == {0, 1}


def test_versions_that_are_alike() -> None:
    """project-choice: GBCS 3.3 has what 4.0 has, which the text says is assumed."""
    assert [answer.places for answer in encoded("3.3", "4.2", "GCS15c")] == [[], []]
    (found,) = differences("3.3", "4.2", "GCS15c")
    assert "assumed" in found.values[0] and "assumed" not in found.values[1]


def test_a_failure_where_only_that_differs() -> None:
    """issue: GCS21k, where the Default Response has another frame control."""
    for answer in encoded("3.1", "4.0", "GCS21k"):
        old, new = answer.answers
        assert isinstance(old, bytes) and isinstance(new, bytes)
        assert (old[answer.places[0]], new[answer.places[0]]) == (0x09, 0x08)


def test_what_the_command_says() -> None:
    """issue: both encodings and the source; a version or use case that is none is refused."""
    done = run("3.1", "4.2", "GCS15c")
    assert done.exit_code == 0
    assert "GBCS 3.1: constant 0 or 1" in done.output and "source: " in done.output
    assert "GSME, GBCS 3.1" in done.output and "[01] 19" in done.output
    assert "no difference is known" in run("3.1", "4.2", "GCS13a").output
    assert run("3.1", "5.0").exit_code == 2
    assert run("3.1", "4.2", "XX").exit_code == 2
    assert run("3.1", "4.2").output.count("GBCS 3.1: ") == 7


@pytest.mark.parametrize("text", ["", "42"])
def test_only_known_versions(text: str) -> None:
    with pytest.raises(ValueError, match="is not one of"):
        list(differences(text, "4.2"))
