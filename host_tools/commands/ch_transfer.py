"""`smets ch-transfer`: moves communications hubs in stock from one party to another (MP140)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.console import say
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.ch_transfer.credentials import Certificate
    from host_tools.ch_transfer.manifest import Manifest

_SIDES = ("from", "to")
_DEFAULT_REASON = "stock transfer"

File = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest.")]
Inventory = Annotated[
    Path, typer.Option("--inventory", metavar="FILE", help="The inventory, a SQLite file.")
]
Certificates = Annotated[
    list[Path],
    typer.Option("--certificate", metavar="FILE", help="Of a party, PEM or DER; repeatable."),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")]


@contextmanager
def _told(what: str) -> Generator[None]:
    """Errors as one line, each problem on its own where there are several."""
    from host_tools.ch_transfer.problems import MOST_TOLD, TransferError
    from host_tools.console import complain

    try:
        yield
    except TransferError as error:
        *first, last = error.problems[:MOST_TOLD]
        for problem in first:
            complain(f"smets ch-transfer {what}: {problem}")
        more = len(error.problems) - MOST_TOLD
        raise fail(
            f"ch-transfer {what}", f"{last}; and {more} more" if more > 0 else last
        ) from None
    except (OSError, ValueError) as error:
        raise fail(f"ch-transfer {what}", error) from None


def _read(path: Path) -> Manifest:
    from host_tools.ch_transfer.manifest import Manifest
    from host_tools.ch_transfer.problems import TransferError

    try:
        return Manifest.read(path.read_bytes())
    except TransferError as error:
        raise TransferError([f"{path}: {problem}" for problem in error.problems]) from None


def _certificates(paths: list[Path]) -> list[Certificate]:
    from host_tools.ch_transfer.credentials import read_certificate

    return [read_certificate(path) for path in paths]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def party(
    name: Annotated[str, typer.Argument(help="Of the files: NAME.key and NAME.pem.")],
    eui: Annotated[str, typer.Option("--eui", help="Its EUI-64.")],
    role: Annotated[
        str, typer.Option("--role", help="In hex: 02 supplier, 03 network operator, 7F other.")
    ] = "02",
) -> None:
    """Make a key and a self-signed certificate of a party, for tests."""
    from host_tools.ch_transfer.credentials import make_party
    from host_tools.console import distinct
    from host_tools.eui import parse_eui
    from host_tools.private import write_private

    with _told("party"):
        key_file, certificate_file = Path(f"{name}.key"), Path(f"{name}.pem")
        distinct((key_file, certificate_file), ())
        key, certificate = make_party(parse_eui(eui), int(role, 16))
        write_private(key_file, key)
        certificate_file.write_bytes(certificate)
    say(f"{key_file}, {certificate_file}: known to nobody's PKI, for tests only")


def new(
    giver: Annotated[str, typer.Option("--from", metavar="EUI", help="Who owns the hubs.")],
    taker: Annotated[str, typer.Option("--to", metavar="EUI", help="Who gets them.")],
    hubs: Annotated[
        Path, typer.Option("--hubs", metavar="CSV", help="A table with the columns chf, gpf.")
    ],
    name: Annotated[str, typer.Option("--id", metavar="ID", help="Of the transfer: each once.")],
    out: Out,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = _DEFAULT_REASON,
) -> None:
    """Write a manifest of hubs, to be signed by both parties."""
    from host_tools.ch_transfer.manifest import Manifest, hubs_of_csv
    from host_tools.console import distinct
    from host_tools.eui import parse_eui
    from host_tools.textfile import read_text

    with _told("new"):
        distinct((out,), (hubs,))
        found = tuple(hubs_of_csv(read_text(hubs)))
        euis = parse_eui(giver), parse_eui(taker)
        manifest = Manifest(name, _now(), *euis, found, reason).check()
        out.write_bytes(manifest.octets())
    say(f"{out}: {len(found)} hubs, not signed")


def sign(
    file: File,
    side: Annotated[str, typer.Option("--as", metavar="from|to", help="Who signs.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Private key, PEM or DER.")],
    certificate: Annotated[
        Path, typer.Option("--certificate", metavar="FILE", help="Of the same party.")
    ],
) -> None:
    """Sign a manifest, first who gives the hubs, then who gets them."""
    from host_tools.ch_transfer import credentials
    from host_tools.ch_transfer.problems import TransferError

    with _told("sign"):
        if side not in _SIDES:
            raise TransferError(f"--as {side}: is neither from nor to")
        manifest = _read(file)
        private, own = credentials.read_key(key), credentials.read_certificate(certificate)
        if private.public_key() != own.key:
            raise TransferError(f"{key}: is not the key of {certificate}")
        wanted = manifest.giver if side == "from" else manifest.taker
        if own.eui != wanted:
            raise TransferError(f"{certificate}: is of {own.eui.hex('-').upper()}, not of {side}")
        signed = credentials.sign(manifest, side, private)
        _replace(file, signed.octets())
    say(f"{file}: signed by {' and '.join(sorted(signed.signatures))}")


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(data)
    fresh.replace(path)


def check(
    file: File,
    inventory: Annotated[
        Path | None, typer.Option("--inventory", metavar="FILE", help="Also against this one.")
    ] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option("--certificate", metavar="FILE", help="Of a party; also the signatures."),
    ] = None,
) -> None:
    """Say what is wrong with a manifest, or what it would change.

    Exit status 0 where it can be applied, or was; 2 where not.
    """
    from host_tools.ch_transfer import credentials
    from host_tools.ch_transfer.inventory import Inventory as Opened
    from host_tools.ch_transfer.manifest import dashed
    from host_tools.ch_transfer.problems import TransferError

    with _told("check"):
        manifest = _read(file)
        if certificate:
            credentials.verify(manifest, _certificates(certificate))
        if inventory is not None:
            with Opened(inventory) as opened:
                state = opened.state(manifest)
                problems = opened.problems(manifest) if state == "new" else []
            if problems:
                raise TransferError(problems)
            say(f"{manifest.id}: {'can be applied' if state == 'new' else state}")
    for hub in manifest.hubs:
        ends = f"{dashed(manifest.giver)} -> {dashed(manifest.taker)}"
        say(f"{dashed(hub.chf)} with {dashed(hub.gpf)}: {ends}")


def apply(file: File, inventory: Inventory, certificate: Certificates) -> None:
    """Give the hubs their new owner, all or none; once, however often it is asked."""
    from host_tools.ch_transfer import credentials
    from host_tools.ch_transfer.inventory import Inventory as Opened

    with _told("apply"):
        manifest, known = _read(file), _certificates(certificate)
        with Opened(inventory) as opened:
            credentials.verify(manifest, known)
            done = opened.apply(manifest, _now())
    what = f"{len(manifest.hubs)} hubs have a new owner" if done else "was applied already"
    say(f"{manifest.id}: {what}")


def rollback(
    name: Annotated[str, typer.Argument(metavar="ID", help="Of a transfer that was applied.")],
    inventory: Inventory,
    why: Annotated[str, typer.Option("--why", help="Is kept with the transfer.")],
) -> None:
    """Give all hubs of a transfer back, if they are still in stock where it brought them."""
    from host_tools.ch_transfer.inventory import Inventory as Opened

    with _told("rollback"), Opened(inventory) as opened:
        done = opened.roll_back(name, why, _now())
    say(f"{name}: {'rolled back' if done else 'was rolled back already'}")


def diff(
    before: Annotated[Path, typer.Argument(help="An inventory.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Show what differs between two inventories. Exit status 0 where nothing does, else 1."""
    from host_tools.ch_transfer.differences import differences
    from host_tools.ch_transfer.inventory import Inventory as Opened

    with _told("diff"), Opened(before) as first, Opened(after) as second:
        found = list(differences(first, second))
    for hub, what, old, now in found:
        say(f"{hub}: {what}: {old or '(none)'} -> {now or '(none)'}")
    raise typer.Exit(1 if found else 0)


def load(
    table: Annotated[Path, typer.Argument(help="CSV with the columns chf, gpf, owner, status.")],
    inventory: Inventory,
) -> None:
    """Put hubs into an inventory, which is made where there is none; all or none."""
    from host_tools.ch_transfer.inventory import Inventory as Opened
    from host_tools.ch_transfer.problems import TransferError
    from host_tools.console import distinct
    from host_tools.textfile import read_text

    with _told("load"):
        distinct((inventory,), (table,))
        text = read_text(table)
        fresh = not inventory.exists()
        try:
            with Opened(inventory, make=True) as opened:
                new_ones = opened.add_csv(text, _now())
        except TransferError:
            if fresh:  # nothing is left of what was refused
                inventory.unlink(missing_ok=True)
            raise
    say(f"{inventory}: {new_ones} new hubs")


def stock(
    inventory: Inventory,
    owner: Annotated[str, typer.Option("--owner", metavar="EUI", help="Only of this one.")] = "",
    older: Annotated[
        int, typer.Option("--older", min=0, metavar="DAYS", help="Only owned for so many days.")
    ] = 0,
) -> None:
    """List hubs with owner, status and since when, and the transfers that there were."""
    from host_tools.ch_transfer.inventory import Inventory as Opened
    from host_tools.ch_transfer.manifest import dashed
    from host_tools.eui import parse_eui
    from host_tools.gbcs.times import parse_iso

    with _told("stock"), Opened(inventory) as opened:
        latest = _now() - timedelta(days=older)
        for row in opened.rows(parse_eui(owner) if owner else None):
            if parse_iso(row.since) <= latest:
                whose = f"{dashed(row.owner)}, {row.status} since {row.since}"
                say(f"{dashed(row.hub.chf)} with {dashed(row.hub.gpf)}: {whose}")
        for name, applied, back, why in opened.transfers():
            say(f"{name}: applied {applied}{f', rolled back {back}: {why}' if back else ''}")


def register(app: typer.Typer) -> None:
    """Add the commands to `smets`."""
    own = typer.Typer(
        no_args_is_help=True,
        help="Transfer communications hubs in stock between parties (own format).",
    )
    for command in (party, new, sign, check, apply, rollback, diff, load, stock):
        own.command()(command)
    app.add_typer(own, name="ch-transfer")
