"""`smets conform`: judge a device, requirement by requirement, and write the report."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

import typer

from host_tools import options
from host_tools.conform.capabilities import CAPABILITIES, CHECK_LIMIT
from host_tools.console import distinct
from host_tools.options import fail
from host_tools.roles import DISPLAYS, JUDGED

if TYPE_CHECKING:
    from host_tools.conform.judging import Plan
    from host_tools.rack import Rack

# Capabilities for a device that is not a process of ours: nobody here can cut its power.
_REMOTE = tuple(name for name in CAPABILITIES if name != "power")


def conform(
    device: Annotated[
        list[str],
        options.choice((*JUDGED, "all"), help=f"{', '.join(JUDGED)}, all; repeatable."),
    ],
    engine: Annotated[
        list[str] | None,
        options.link(
            help="unix (if none is given), cpython, host:port, or the path of a serial port; auto "
            "finds a board's. One for all devices, or one for each in their order."
        ),
    ] = None,
    places: Annotated[
        list[str] | None,
        typer.Option(
            "--place",
            help="In place of --engine, a place of labgrid, or a pattern of places: gpf-*; "
            "repeatable.",
        ),
    ] = None,
    coordinator: Annotated[
        str,
        typer.Option(envvar="LG_COORDINATOR", help="Places: host:port of labgrid's coordinator."),
    ] = "127.0.0.1:20408",
    resource: Annotated[
        str, typer.Option(help="Places: the serial port, where a place has several.")
    ] = "",
    jobs: Annotated[int, typer.Option(min=1, help="So many devices at once.")] = 1,
    rtds: Annotated[
        Path | None, typer.Option(help="Folder of RTDS: its vectors are checks, too.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A check's id or a row; repeatable.")
    ] = None,
    tolerate: Annotated[
        Path | None, typer.Option(help='JSON: {"check id": "reference why that is accepted"}.')
    ] = None,
    claims: Annotated[
        Path | None, typer.Option(help="JSON: what the device claims to be.")
    ] = None,
    without: Annotated[
        list[str] | None,
        options.choice(
            CAPABILITIES, help=f"What the device cannot do: {', '.join(CAPABILITIES)}; repeatable."
        ),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="The firmware image of the device, for its hash.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10,
    limit: Annotated[float, typer.Option(min=1, help="Seconds for one check.")] = CHECK_LIMIT,
    words: Annotated[
        list[str] | None,
        typer.Option("-k", help="A word of ids, titles or use cases; repeatable."),
    ] = None,
    last_failed: Annotated[
        Path | None, typer.Option(help="A report as JSON: only what failed in it.")
    ] = None,
    stop: Annotated[bool, typer.Option("-x", help="Stop at the first failure.")] = False,
    list_only: Annotated[
        bool, typer.Option("--list", help="List the checks of the device, and judge nothing.")
    ] = False,
    black_box: Annotated[
        bool, typer.Option("--black-box", help="The device keeps its keys, EUI-64 and clock.")
    ] = False,
    dut: Annotated[
        Path | None,
        typer.Option(
            help="Black box: DUT.json, what is known; of places, a folder with PLACE.json."
        ),
    ] = None,
    parties: Annotated[
        Path | None, typer.Option(help="Black box: folder of the parties' certificates and keys.")
    ] = None,
    counters: Annotated[
        Path | None, typer.Option(help="Black box: where counters are kept; beside DUT.json.")
    ] = None,
    real: Annotated[
        int, typer.Option(min=0, help="Black box: seconds for checks in real time.")
    ] = 0,
    power_command: Annotated[
        str, typer.Option(help='Black box: a command that takes "off" and "on".')
    ] = "",
    clock_command: Annotated[
        str, typer.Option(help='Black box: one that takes "set TIME" and "advance SECONDS".')
    ] = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write the report as JUnit XML.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write the report as a page.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for DEVICE.json, .xml, .html (DEVICE-PLACE.json of places); of all, "
            "index.html, too."
        ),
    ] = None,
    sign: Annotated[
        Path | None, typer.Option(help="PEM of a private key (P-256, Ed25519): signs the report.")
    ] = None,
) -> None:
    """Judge a device requirement by requirement and report with what evidence.

    Exit status: 0 all passed or tolerated, 1 a check failed, 4 checks were blocked, 2 usage.
    """
    from host_tools.conform import judging, signing
    from host_tools.conform.jobs import acquire_all, judge_all
    from host_tools.conform.report import EXIT_BLOCKED, EXIT_FAIL, EXIT_OK
    from host_tools.schemas import SchemaProblem
    from host_tools.terminal import Console

    files = {"json": json_file, "xml": junit_file, "html": html_file}
    console = Console(width=None if Console().is_terminal else 120)
    roles: list[str] = [*JUDGED] if "all" in device else device
    documents: list[dict[str, Any]] = []
    try:
        with ExitStack() as held:
            rack = _rack(held, coordinator, (places, engine, resource))
            devices = _devices(rack, places, roles, engine, any(files.values()), black_box)
            distinct(files.values(), (tolerate, claims, image, dut, sign))
            key = signing.private_key(sign) if sign else None
            _check_folder(out)
            again = judging.failed(last_failed) if last_failed is not None else None
            plans: list[tuple[str, Plan]] = []
            for role, where, name in devices:
                plan = _plan(where, rtds, only, tolerate, claims, without, image, timeout, limit)
                plan.words, plan.stop, plan.again = words or [], stop, again
                plan.rack_place = name
                plan.called = f"{role}-{quote(name, safe='')}" if name else role
                plans.append((role, plan))
            if list_only:
                judging.list_checks(plans[0][1], roles)
                return
            given = (parties, counters, real, power_command, clock_command)
            if black_box:
                _take_all_as_they_are(plans, dut, *given)
            elif dut or any(given):
                raise ValueError(
                    "--dut, --parties, --counters, --real, --...-command: with --black-box"
                )
            if rack is not None:
                acquire_all(rack, [plan for _, plan in plans], resource)
            for plan, document, results in judge_all(console, plans, jobs):
                document = signing.sign(document, key) if key else document
                judging.summary(console, document, results)
                documents.append(document)
                judging.write(document, _wanted(plan.called, files, out))
            judging.write_index(out, [plan.called for _, plan in plans])
    except (judging.UsageError, SchemaProblem, OSError, ValueError) as error:
        raise fail("conform", error) from error
    if len(documents) > 1:
        judging.figures_of_all(console, documents)
    statuses = {document["exit_status"] for document in documents}
    for status in (EXIT_FAIL, EXIT_BLOCKED):
        if status in statuses:
            raise typer.Exit(status)
    raise typer.Exit(EXIT_OK)


def _rack(
    held: ExitStack, coordinator: str, asked: tuple[list[str] | None, list[str] | None, str]
) -> Rack | None:
    """A client of the coordinator, where there are places; it frees them when `held` ends.

    `asked` are --place, --engine and --resource.
    """
    from host_tools.rack import Rack

    places, engine, resource = asked
    if not places:
        if resource:
            raise ValueError("--resource: with --place")
        return None
    if engine:
        raise ValueError("--engine: a place of --place has its own")
    # A job of CI that is cancelled gets SIGTERM: what runs ends as with Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    held.callback(signal.signal, signal.SIGTERM, before)
    return held.enter_context(Rack(coordinator))


def _devices(
    rack: Rack | None,
    places: list[str] | None,
    roles: list[str],
    engines: list[str] | None,
    one_file: bool,
    black_box: bool,
) -> list[tuple[str, str, str]]:
    """(role, engine, place or nothing) of each device; ValueError for what only one can have.

    The engine of a place is not known before it is acquired.
    """
    names = [""] * len(roles)
    if rack is not None:
        names = rack.find(places or ())
        roles = roles * len(names) if len(roles) == 1 else roles
        if len(roles) != len(names):
            said = f"{len(roles)} devices have {len(names)} places ({', '.join(names)})"
            raise ValueError(f"--place: {said}")
    if len(roles) > 1 and one_file:
        raise ValueError("--json, --junit, --html: are for one device; several write with --out")
    if rack is not None:
        return [(role, f"place {name}", name) for role, name in zip(roles, names, strict=True)]
    if len(roles) > 1 and black_box:
        raise ValueError("--black-box: judges one device in a run, or one for each --place")
    if len(set(roles)) < len(roles):
        raise ValueError("--device: a role is judged once in a run")
    return list(zip(roles, _engines(roles, engines or ["unix"]), names, strict=True))


def _engines(roles: list[str], engines: list[str]) -> list[str]:
    """The engine of each device; ValueError where they do not go together."""
    if len(engines) == 1 and (len(roles) == 1 or engines[0] in options.OWN_ENGINES):
        return engines * len(roles)
    if len(engines) != len(roles):
        raise ValueError(
            f"--engine: {len(roles)} devices have {len(engines)}; a board or socket is one device"
        )
    return engines


def _wanted(called: str, files: dict[str, Path | None], out: Path | None) -> dict[str, Path]:
    """Where each form of a report is written."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    wanted = {kind: out / f"{called}.{kind}" for kind in files} if out else {}
    return wanted | {kind: path for kind, path in files.items() if path}


def _check_folder(out: Path | None) -> None:
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"--out {out}: is no folder")


def _plan(
    engine: str,
    rtds: Path | None,
    only: list[str] | None,
    tolerate: Path | None,
    claims: Path | None,
    without: list[str] | None,
    image: Path | None,
    timeout: float,
    limit: float,
) -> Plan:
    from host_tools.conform.claims import Claims, read_claims
    from host_tools.conform.judging import Plan

    if rtds is not None and not (rtds / "index.csv").is_file():
        raise ValueError(f"--rtds {rtds}: there is no index.csv")
    able = CAPABILITIES if engine in options.OWN_ENGINES else _REMOTE
    return Plan(
        engine,
        rtds,
        only or [],
        _tolerances(tolerate) if tolerate else {},
        read_claims(claims) if claims else Claims(),
        frozenset(able) - frozenset(without or ()),
        image,
        timeout,
        limit,
    )


def _take_all_as_they_are(
    plans: Sequence[tuple[str, Plan]],
    dut: Path | None,
    parties: Path | None,
    counters: Path | None,
    *times_and_relays: Any,
) -> None:
    """Make the plans those of black boxes: of places, each has its own PLACE.json in a folder."""
    if counters is not None and len(plans) > 1:
        raise ValueError("--counters: several places keep theirs beside each PLACE.json")
    for role, plan in plans:
        file = dut
        if dut is not None and dut.is_dir() and plan.rack_place:
            file = dut / f"{plan.rack_place}.json"
        elif dut is not None and len(plans) > 1:
            raise ValueError(f"--dut {dut}: several places need a folder with PLACE.json of each")
        _take_as_it_is(plan, role, file, parties, counters, *times_and_relays)


def _take_as_it_is(  # noqa: PLR0913 - the options of a black box
    plan: Plan,
    role: str,
    dut: Path | None,
    parties: Path | None,
    counters: Path | None,
    real: int,
    power_command: str,
    clock_command: str,
) -> None:
    """Make the plan one of a black box."""
    from host_tools.conform.blackbox import Counters, Place
    from host_tools.conform.credentials import read_dut, read_parties
    from host_tools.keys import Parties

    if dut is None or (parties is None and role not in DISPLAYS):
        raise ValueError("--black-box: needs --dut DUT.json and --parties FOLDER")
    if parties is not None and role in DISPLAYS:
        raise ValueError(f"--parties: {role.upper()} answers no remote party")
    if plan.engine in options.OWN_ENGINES:
        raise ValueError("--black-box: needs --engine host:port, or a port")
    if plan.rtds is not None:
        raise ValueError("--rtds: its vectors need keys of their own, so not with --black-box")
    known = read_dut(dut)
    if known.role != role:
        raise ValueError(f"--device {role}: {dut} says that it is a {known.role.upper()}")
    file = counters or dut.with_suffix(".counters.json")
    plan.place = Place(
        known,
        read_parties(parties, known) if parties else Parties((), ()),
        Counters(file, known.id, known.counter),
        real,
        power_command,
        clock_command,
        frozenset(CAPABILITIES) - plan.capabilities,
        plan.claims.use_cases,
    )
    plan.place.patience = max(plan.place.patience, float(real))
    plan.key_set = f"public keys of {dut}, credentials of {parties or 'nobody'}"
    plan.limit = max(plan.limit, real + CHECK_LIMIT)


def _tolerances(path: Path) -> dict[str, str]:
    from host_tools.schemas import parse_document

    document = parse_document(path.read_bytes())
    if not isinstance(document, dict):
        raise ValueError(f"{path}: is not an object of check ids and references")
    members = cast("dict[str, object]", document)
    for name, reference in members.items():
        if not isinstance(reference, str) or not reference.strip():
            raise ValueError(f"{path}: {name} has no reference")
    return cast("dict[str, str]", members)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(conform)
