"""`smets voltage`: the voltage log of a meter as a picture or a table."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from host_tools import options
from host_tools.console import complain, distinct
from host_tools.eui import parse_eui

if TYPE_CHECKING:
    from host_tools.voltage.series import Series


Source = Annotated[
    str,
    typer.Argument(
        metavar="[FILE|HEX|-]",
        help="STATE.json, a table of `smets voltage export`, or responses in hex, one a line.",
    ),
]
Device = Annotated[
    str,
    options.port(metavar="PORT|HOST:PORT", help="Ask a meter at this bench link; auto finds it."),
]
To = Annotated[str, typer.Option("--to", metavar="EUI", help="The meter, with --device.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--keys", metavar="FILE", help="parties.json; for responses KEYS.json, too."),
]
As = Annotated[str, typer.Option("--as", metavar="ROLE|EUI", help="Who asks.")]
Counter = Annotated[
    int | None,
    typer.Option("--counter", metavar="N", min=0, help="Originator counter; the time without."),
]
From = Annotated[str, typer.Option("--from", metavar="UTC", help="First time stamp.")]
Until = Annotated[str, typer.Option("--until", metavar="UTC", help="Last time stamp.")]


def plot(
    out: Annotated[
        list[Path], typer.Option("--out", "-o", metavar="FILE", help=".svg or .png; repeatable.")
    ],
    source: Source = "-",
    device: Device = "",
    to: To = "",
    keys: Keys = None,
    who: As = "network_operator",
    counter: Counter = None,
    begin: From = "",
    until: Until = "",
) -> None:
    """Draw averages with their thresholds on a grid of half hours, with events and gaps.

    The log comes from a meter (--device), a STATE.json, a table, or responses (ECS23, 23b, 26b,
    26k, 35e, 22b) that are given together.
    """
    from host_tools.voltage import plot as pictures
    from host_tools.voltage.series import SeriesError, is_time

    makers = {".svg": pictures.svg, ".png": pictures.png}
    wrong = [path for path in out if path.suffix.lower() not in makers]
    if wrong:
        raise _fail(f"{wrong[0]}: not .svg or .png")
    _keep_apart(out, source, keys)
    series = _series(source, device, to, keys or [], who, counter, begin, until)
    lost = sum(not is_time(stamp) for phase in series.phases for stamp in phase.entries)
    if lost:
        complain(f"smets voltage: {lost} entries without a time are not drawn")
    series = series.cut(None, None)
    try:
        for path in out:
            path.write_bytes(makers[path.suffix.lower()](series))
    except (OSError, SeriesError) as error:
        raise _fail(error) from None


def export(
    source: Source = "-",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Standard output without it."),
    ] = None,
    device: Device = "",
    to: To = "",
    keys: Keys = None,
    who: As = "network_operator",
    counter: Counter = None,
    begin: From = "",
    until: Until = "",
) -> None:
    """Write the log as CSV: a row for each time stamp, energy beside voltage where it is known."""
    from host_tools.voltage.table import write_table

    _keep_apart([out] if out else [], source, keys)
    series = _series(source, device, to, keys or [], who, counter, begin, until)
    text = write_table(series)
    try:
        if out is None:
            sys.stdout.write(text)
        else:
            out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _fail(error) from None


def _fail(what: Exception | str) -> typer.Exit:
    return options.fail("voltage", what)


def _keep_apart(out: list[Path], source: str, keys: list[Path] | None) -> None:
    try:
        distinct(out, (source, *(keys or [])))
    except (OSError, ValueError) as error:
        raise _fail(error) from None


def _series(
    source: str,
    device: str,
    to: str,
    keys: list[Path],
    who: str,
    counter: int | None,
    begin: str,
    until: str,
) -> Series:
    """The log that the arguments ask for; ends the command where there is none."""
    from host_tools.bench import BenchError
    from host_tools.gbcs.errors import DecodeError
    from host_tools.gbcs.times import UTC_INVALID, parse_iso, seconds_2000
    from host_tools.keys import SchemaProblem
    from host_tools.messages import InputError
    from host_tools.voltage.series import SeriesError

    try:
        start = seconds_2000(parse_iso(begin)) if begin else None
        end = seconds_2000(parse_iso(until)) if until else None
        if device:
            limits = (start or 0, UTC_INVALID if end is None else end)
            series = _ask(device, to, keys, who, counter, *limits)
        else:
            series = _read(source, keys)
        if start is not None or end is not None:
            series = series.cut(start, end)
        if not any(phase.entries for phase in series.phases):
            raise SeriesError("there is no entry in the log")
    except (
        OSError,
        KeyError,
        ValueError,
        BenchError,
        DecodeError,
        InputError,
        SchemaProblem,
        SeriesError,
    ) as error:
        raise _fail(error) from None
    return series


def _ask(
    device: str,
    to: str,
    keys: list[Path],
    who: str,
    counter: int | None,
    start: int,
    end: int,
) -> Series:
    from host_tools.bench import BenchClient, open_transport
    from host_tools.keys import load_parties
    from host_tools.remote import RemoteParty
    from host_tools.voltage.ask import ask_meter
    from host_tools.voltage.series import SeriesError

    if len(keys) != 1 or not to:
        raise SeriesError("--device needs --keys parties.json and --to EUI (16 hex digits)")
    meter = parse_eui(to)
    if device in options.OWN_ENGINES:
        raise SeriesError(f"--device {device}: a meter that is not running has no log")
    party = RemoteParty(load_parties(keys[0]), who)
    first = time.time_ns() // 1_000_000 if counter is None else counter
    with BenchClient(open_transport("esme", device)) as client:
        return ask_meter(client, party, meter, first, start, end)


def _read(source: str, keys: list[Path]) -> Series:
    from host_tools.gbcs.errors import DecodeError
    from host_tools.gbcs.message import decode
    from host_tools.keys import KeyRing
    from host_tools.messages import read_messages
    from host_tools.schemas import read_document
    from host_tools.textfile import read_text
    from host_tools.voltage.series import Series, SeriesError, from_state
    from host_tools.voltage.table import read_table

    path = Path(source)
    if source != "-" and path.suffix.lower() in (".json", ".csv"):
        if path.suffix.lower() == ".csv":
            return read_table(read_text(path))
        return from_state(cast("dict[str, Any]", read_document(path, "state")))
    ring = KeyRing.load(keys)
    series = Series()
    for item in read_messages(source):
        try:
            message = decode(item.octets, ring)
            why = "" if message.failed else series.add(message)
        except (DecodeError, SeriesError) as error:
            raise SeriesError(f"{item.where}: {error}") from None
        if why:
            complain(f"smets voltage: {item.where}: left out: {why}")
        if message.failed:
            check = message.failed[0]
            raise SeriesError(
                f"{item.where}: {check.name} of a response: {check.reason or 'wrong'}"
            )
    return series


def register(app: typer.Typer) -> None:
    """Add the commands to the CLI."""
    commands = typer.Typer(no_args_is_help=True, help="The voltage log as a picture or a table.")
    commands.command()(plot)
    commands.command()(export)
    app.add_typer(commands, name="voltage")
