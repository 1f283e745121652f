"""`smets screens`: draw every golden screen, compare with the stored hashes, show what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import options
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.screens import Picture

# The pictures of the README: file name, screen.
_DOCS = (
    ("now", "240x135/normal/now.1"),
    ("today", "240x135/normal/electricity.1"),
    ("week", "240x135/normal/electricity.2"),
    ("month", "240x135/normal/electricity.3"),
    ("gas", "240x135/normal/gas.1"),
    ("gas-old", "240x135/gas-stale/gas.1"),
    ("gas-unreliable", "240x135/unreliable-stamp/gas.1"),
    ("price", "240x135/normal/price.1"),
    ("credit", "240x135/prepaid/credit.1"),
    ("emergency", "240x135/emergency-credit/credit.1"),
    ("top-up", "240x135/top-up-entry/top-up.1"),
    ("top-up-added", "240x135/top-up-armed/top-up.1"),
    ("supply-off", "240x135/supply-off/now.1"),
    ("message", "240x135/message-long/messages.1"),
    ("tenancy", "240x135/tenancy-cleared/notice.1"),
    ("tenancy-week", "240x135/tenancy-cleared/electricity.2"),
    ("status", "240x135/link-lost/status.1"),
    ("mono-now", "128x64/normal/now.1"),
    ("mono-month", "128x64/normal/electricity.3"),
    ("mono-gas", "128x64/normal/gas.1"),
    ("mono-credit", "128x64/low-credit/credit.1"),
)
_DOCS_SCALE = 2


def screens(
    engine: Annotated[str, options.engine()] = "unix",
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("build/screens"),
    docs: Annotated[Path | None, typer.Option(help="Also write the README's pictures.")] = None,
    accept: Annotated[bool, typer.Option(help="Store the hashes as they are now.")] = False,
    font: Annotated[bool, typer.Option(help="Pack the drawn glyphs first.")] = False,
) -> None:
    """Draw every page of every golden case on an engine, and report what is not as stored.

    Exit status 1 where a screen differs from its stored hash and `--accept` is not given.
    """
    from host_tools import glyphs
    from host_tools.bench import BenchError
    from host_tools.screens import (
        CASES,
        changes,
        load_golden,
        render,
        report,
        stored_pictures,
        write_golden,
    )

    if not CASES.exists():
        raise fail("screens", "its cases are in a clone of the project: make screens draws them")
    for folder in (out, docs):  # they take long to draw
        if folder is not None and folder.exists() and not folder.is_dir():
            raise fail("screens", f"{folder}: Not a directory")
    if font:
        glyphs.FONT_DATA.write_text(glyphs.font_data(), encoding="ascii")
    try:
        pictures = render(engine)
    except BenchError as error:
        raise fail("screens", error) from error
    golden = load_golden()
    found = changes(pictures, golden)
    if any(change.kind != "new" for change in found):
        stored = stored_pictures(golden)
        found = [replace(change, old=stored.get(change.name)) for change in found]
    try:
        path = report(pictures, found, out)
        if docs is not None:
            write_docs(pictures, docs)
    except OSError as error:
        raise fail("screens", error) from error
    if accept:
        write_golden(pictures)
    typer.echo(f"{len(pictures)} screens on {engine}, {len(found)} not as stored: {path}")
    for change in found[:20]:
        typer.echo(f"  {change.kind}: {change.name}")
    if found and not accept:
        raise typer.Exit(1)


def write_docs(pictures: list[Picture], folder: Path) -> None:
    """Write the pictures of the README, twice as large as on the panel."""
    from host_tools.screens import png

    folder.mkdir(parents=True, exist_ok=True)
    by_name = {picture.name: picture for picture in pictures}
    for file, name in _DOCS:
        (folder / f"{file}.png").write_bytes(png(by_name[name], _DOCS_SCALE))


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(screens)
