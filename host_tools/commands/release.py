"""`smets release`: what is due for the release, and what our evidence says of its criteria."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import say
from host_tools.options import fail

BROKEN = 1
OPEN = 4

Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today.")
]
Dates = Annotated[
    list[str] | None,
    typer.Option("--date", metavar="EVENT=DAY", help="Of an event with only a month; repeatable."),
]


def status(on: Day = None, dates: Dates = None) -> None:
    """Show events, who acts, days left, the next gate, and the rules of working days.

    Exit status 0; 1 if a date breaks a rule.
    """
    from host_tools.release import plan

    today = on.date() if on else date.today()
    try:
        known = plan.events(_days(dates or []))
        findings = plan.judge(known)
    except ValueError as error:
        raise fail("release status", error) from None
    say(f"{plan.facts()['release']} release: {plan.facts()['status']}")
    say(plan.facts()["note"])
    for event in known:
        gate = "gate " if event.gate else "     "
        say(f"{event.when:10} {gate} {event.what} ({event.who}): {event.state(today)}")
    coming = plan.next_gate(today, known)
    if coming is None:
        say("next gate: none, all are past")
    else:
        say(f"next gate: {coming.what} ({coming.who}), {coming.when}, {coming.state(today)}")
    words = {True: "kept", False: "BROKEN", None: "open"}
    for found in findings:
        due = f", due {found.due.isoformat()}" if found.due else ""
        say(f"rule: {found.text}{due}: {words[found.kept]}")
    raise typer.Exit(BROKEN if any(found.kept is False for found in findings) else 0)


def calendar(dates: Dates = None) -> None:
    """Print the events as iCalendar."""
    from host_tools.release import plan

    try:
        text = plan.calendar(plan.events(_days(dates or [])))
    except ValueError as error:
        raise fail("release calendar", error) from None
    typer.echo(text.decode(), nl=False)


def criteria(
    reports: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[REPORT.json]...", help="Of smets conform --json."),
    ] = None,
    before: Annotated[
        list[Path] | None,
        typer.Option("--before", metavar="FILE", help="Earlier reports, of each role one."),
    ] = None,
    said: Annotated[
        Path | None,
        typer.Option("--said", metavar="FILE", help="What people say (docs/release.md)."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="One page for the decision.")
    ] = None,
    on: Day = None,
) -> None:
    """Evaluate the 10 operational and 7 testing criteria as far as reports can.

    Exit status 0 go, 1 no go, 4 open: some need a person.
    """
    from host_tools.conform.report import read_report
    from host_tools.keys import SchemaProblem
    from host_tools.release import page
    from host_tools.release.criteria import NOT_MET, Said, decide, evaluate

    try:
        now = [read_report(path) for path in reports or []]
        then = [read_report(path) for path in before or []]
        words = Said.load(said) if said else Said()
        found = evaluate(now, then, words)
        if html is not None:
            names = [f"{path.name} (SHA-256 {_digest(path)})" for path in reports or []]
            today = on.date() if on else date.today()
            html.write_text(page.render(found, names, today), encoding="utf-8")
    except (OSError, ValueError, SchemaProblem) as error:
        raise fail("release criteria", error) from None
    for item in found:
        owner = f" [{item.owner}]" if item.owner else ""
        say(f"{item.id:4} {item.status:15} {item.what}: {item.why}{owner}")
    decision = decide(found)
    say(decision)
    failed = any(item.status == NOT_MET for item in found)
    raise typer.Exit(BROKEN if failed else 0 if decision == "go" else OPEN)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _days(texts: list[str]) -> dict[str, date]:
    out: dict[str, date] = {}
    for text in texts:
        name, _, day = text.partition("=")
        try:
            out[name] = date.fromisoformat(day)
        except ValueError:
            raise ValueError(f"--date {text}: expected EVENT=YYYY-MM-DD") from None
    return out


def release() -> None:
    """What is due for the release, and what our evidence says of its criteria."""


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    own = typer.Typer(
        no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
    )
    own.callback()(release)
    own.command()(status)
    own.command()(criteria)
    own.command()(calendar)
    app.add_typer(own, name="release")
