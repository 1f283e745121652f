"""The command line `smets`, put together from the modules of `host_tools.commands`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from host_tools import __version__, commands
from host_tools.console import run


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"smets {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Open firmware of GB smart-metering devices: run it, talk to it, check it.

    Exit status of every command: 2 for bad arguments and files, 70 for an error of this program.
    """


def build() -> typer.Typer:
    """Return the application with the commands of every module of `host_tools.commands`."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in sorted(module.name for module in iter_modules(commands.__path__)):
        import_module(f"{commands.__name__}.{name}").register(app)
    return app


app = build()


def main() -> None:
    """Entry point of the installed command."""
    raise SystemExit(run(lambda: app(prog_name="smets")))
