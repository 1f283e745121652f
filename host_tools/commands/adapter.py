"""`smets adapter`: prints adapter.py, which puts a device of your own behind the bench link."""

from __future__ import annotations

import typer

from host_tools.options import fail


def adapter() -> None:
    """Print examples/adapter.py, to be kept and changed: a device of your own for the bench.

    smets adapter > adapter.py; then python adapter.py call my_device:respond, or tcp HOST:PORT, or
    serial PORT. It prints where it listens, for smets conform --black-box --engine.
    """
    from host_tools.places import EXAMPLES

    try:
        text = (EXAMPLES / "adapter.py").read_text(encoding="utf-8")
    except OSError as error:
        raise fail("adapter", error) from None
    typer.echo(text, nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to `smets`."""
    app.command()(adapter)
