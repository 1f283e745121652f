"""`smets verify-report`: whether a signed report is as it was signed, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from host_tools.options import fail

_NOT_SIGNED = 4


def verify_report(
    report: Annotated[Path, typer.Argument(help="A.json of smets conform --sign.")],
    key: Annotated[
        Path | None,
        typer.Option(help="PEM of the key that has to have signed: public key or certificate."),
    ] = None,
) -> None:
    """Verify the signature of a report, and print its hash.

    Without --key the signature is held against the key in the report: that nothing was changed,
    not whose report it is.

    Exit status: 0 as it was signed, 1 changed or signed with another key, 4 not signed, 2 usage.
    """
    from host_tools.conform.signing import KeyProblem, check_file, public_key
    from host_tools.console import say
    from host_tools.schemas import SchemaProblem

    try:
        checked = check_file(report, public_key(key) if key else None)
    except (KeyProblem, SchemaProblem, OSError) as error:
        raise fail("verify-report", error) from error
    identity = checked.document["identity"]
    verdict = checked.document["verdict"]
    say(f"{report}: {identity['role'].upper()} {identity['device_id']}, {verdict}")
    say(f"SHA-256 of the file: {checked.hash}")
    if checked.wrong:
        say(f"NOT VALID: {checked.wrong}")
        raise typer.Exit(1)
    if not checked.signer:
        say("not signed")
        raise typer.Exit(_NOT_SIGNED)
    whose = "the key that was named" if key else "no --key was given: whose key that is, is open"
    say(f"signed by the key with SHA-256 {checked.signer}; {whose}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(verify_report)
