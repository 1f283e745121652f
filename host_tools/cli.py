"""The command line `smets`, put together from the modules of `host_tools.commands`.

A new command is a new module there. Its first line, a docstring of the form that `_TITLE` matches,
has the command's name and what `smets --help` says of it; its function `register(app)` adds the
command of that name. The module is imported only when its command runs, is asked for help or
completed, so it imports at its top what its parameters need, and what else is costly (rich,
cryptography, jsonschema, devices) in the function that uses it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from host_tools import __version__, commands
from host_tools.console import complain, run

_TITLE = re.compile(r'"""`smets ([a-z-]+)`: (.+\.)(?:""")?')
_NAME = "smets"  # however it was started
_INSTALLS = (
    "Install completion for this shell: ~/.bash_completions/smets.sh and a line in ~/.bashrc;"
    " or ~/.zfunc/_smets and lines in ~/.zshrc; or ~/.config/fish/completions/smets.fish."
)
# zsh loads what typer writes for it at the first Tab, which would complete nothing by itself.
_FIRST_TAB = '[[ "$funcstack[1]" = _smets ]] && _smets_completion "$@"\n'
_SETTINGS: dict[str, Any] = {"context_settings": {"help_option_names": ["-h", "--help"]}}


class _Title(TyperCommand):
    """Stands for a command whose module was not imported: its name, and its line of help."""

    def __init__(self, name: str, module: str, text: str) -> None:
        super().__init__(name, help=text[0].upper() + text[1:])
        self.module = module

    def load(self) -> Any:
        """The command itself."""
        own = typer.Typer(**_SETTINGS)
        own.callback()(lambda: None)  # a group, also of one command
        import_module(self.module).register(own)
        return get_group(own).commands[str(self.name)]


class _Smets(TyperGroup):
    """All commands, of which only the one that is named is imported."""

    def __init__(self, **attributes: Any) -> None:
        attributes["commands"] = titles()
        super().__init__(**attributes)

    def get_params(self, ctx: Any) -> list[Any]:
        """The options; what `--install-completion` writes is told where it is offered."""
        found: list[Any] = super().get_params(ctx)
        for option in found:
            if option.name == "install_completion":
                option.help = _INSTALLS
                scripts = vars(import_module("typer._completion_shared"))["_completion_scripts"]
                if not scripts["zsh"].endswith(_FIRST_TAB):
                    scripts["zsh"] += _FIRST_TAB
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the arguments name, which is now needed."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _loaded(command), rest

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; wrong arguments are one line, with the prefix of all errors."""
        try:
            status = super().main(args, _NAME, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            said = error.format_message().rstrip(".")
            where = getattr(getattr(error, "ctx", None), "command_path", _NAME)
            if said:  # nothing where help was shown, for want of arguments
                complain(f"{where}: {said} ({where} --help says more)")
            status = error.exit_code
        sys.exit(status or 0)


def _loaded(command: Any) -> Any:
    return _load(command) if isinstance(command, _Title) else command


@cache
def _load(title: _Title) -> Any:
    return title.load()


def titles() -> dict[str, _Title]:
    """Every command by its name, as the first lines of the modules tell it, sorted."""
    found: dict[str, _Title] = {}
    for folder in commands.__path__:
        for module in iter_modules([folder]):
            with (Path(folder) / f"{module.name}.py").open(encoding="utf-8") as source:
                title = _TITLE.match(source.readline())
            if title is not None:
                path = f"{commands.__name__}.{module.name}"
                found[title[1]] = _Title(title[1], path, title[2])
    return dict(sorted(found.items()))


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
    """Return the application with the command of every module of `host_tools.commands`."""
    app = typer.Typer(
        cls=_Smets,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        **_SETTINGS,
    )
    app.callback()(_options)
    return app


app = build()


def main() -> None:
    """Entry point of the installed command."""
    raise SystemExit(run(app))
