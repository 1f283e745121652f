"""`smets diff-versions`: what octets depend on the GBCS version that a device claims (MP143)."""

from __future__ import annotations

from typing import Annotated

import typer

from host_tools import options
from host_tools.console import say
from host_tools.options import fail
from host_tools.versions.octets import Encoded, differences, encoded

_WIDTH = 32


def diff_versions(
    one: Annotated[str, typer.Argument(help="3.1, 3.3, 4.0 or 4.2.")],
    other: Annotated[str, typer.Argument(help="3.1, 3.3, 4.0 or 4.2.")],
    use_case: Annotated[
        str, typer.Argument(metavar="[USE CASE]", autocompletion=options.use_cases())
    ] = "",
) -> None:
    """Show what differs between two GBCS versions: value, source, and the octets of an answer.

    A device of this firmware that claims each version answers the command of the project's own
    vector of the use case. Exit status: 0, also where nothing differs; 2 usage.
    """
    try:
        found = list(differences(one, other, use_case))
        answers = list(encoded(one, other, use_case)) if use_case else []
    except (KeyError, ValueError) as error:
        raise fail("diff-versions", str(error.args[0])) from error
    for item in found:
        say(f"{item.use_case}: {item.item}")
        for version, value in zip((one, other), item.values, strict=True):
            say(f"  GBCS {version}: {value}")
        say(f"  source: {item.source}")
    if not found:
        say(f"{use_case}: no difference is known")
    for answer in answers:
        _show(one, other, answer)


def _show(one: str, other: str, answer: Encoded) -> None:
    places = set(answer.places)
    for version, octets in zip((one, other), answer.answers, strict=True):
        if isinstance(octets, str):
            say(f"{answer.device}, GBCS {version}: no answer: {octets}")
            continue
        say(f"{answer.device}, GBCS {version}: {len(octets)} octets")
        for start in range(0, len(octets), _WIDTH):
            if places and places.isdisjoint(range(start, start + _WIDTH)):
                continue
            row = (
                f"[{octets[at]:02X}]" if at in places else f"{octets[at]:02X}"
                for at in range(start, min(start + _WIDTH, len(octets)))
            )
            say(f"  {start:04X}  {' '.join(row)}")
    if not places and not any(isinstance(octets, str) for octets in answer.answers):
        say("  the same octets")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(diff_versions)
