"""The command line itself; each command has tests of its own."""

import re
import subprocess
import sys
from pkgutil import iter_modules

import pytest
from typer.testing import CliRunner

from host_tools import __version__, cli, commands

# What `smets --version`, and a list of all commands, has no use for.
COSTLY = {"cryptography", "jinja2", "jsonschema", "mpremote", "PIL", "serial"}


def smets(*arguments):
    """Run the command line in this process."""
    return CliRunner().invoke(cli.build(), arguments)


def imported(*arguments):
    """The modules of other projects and the commands that a command line imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "host_tools", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.M)
    assert "typer" in names
    return {name if name.startswith(commands.__name__) else name.split(".")[0] for name in names}


def test_version():
    result = smets("--version")
    assert (result.exit_code, result.output) == (0, f"smets {__version__}\n")


def test_unknown_command_is_a_usage_error():
    result = smets("no-such-command")
    assert result.exit_code == 2
    assert result.stderr.startswith("smets: No such command 'no-such-command'")
    assert "Did you mean 'conform'?" in smets("conferm").stderr


def test_the_version_imports_no_command():
    """project: it is printed in 0.3 s of processor time; see `make bench`."""
    names = imported("--version")
    assert names & (COSTLY | {"rich"}) == set()
    assert {name for name in names if name.startswith("host_tools.commands.")} == set()
    names = imported("--help")
    assert names & COSTLY == set()
    assert {name for name in names if name.startswith("host_tools.commands.")} == set()


@pytest.mark.parametrize("module", [module.name for module in iter_modules(commands.__path__)])
def test_each_module_adds_the_command_of_its_first_line(module):
    """project: what stands for a command in lists is the command."""
    name = f"{commands.__name__}.{module}"
    (title,) = (title for title in cli.titles().values() if title.module == name)
    assert title.load().name == title.name
    assert len(title.help) < 100 and title.help[0].isupper() and title.help.endswith(".")


def test_a_new_module_is_a_new_command(tmp_path, monkeypatch):
    for name in ("zulu", "alpha"):
        (tmp_path / f"{name}_x.py").write_text(
            f'"""`smets {name}`: says {name}."""\n'
            f'def register(app):\n    @app.command("{name}")\n    def command():\n'
            f'        print("{name}!")\n'
        )
    (tmp_path / "no_command.py").write_text('"""Helps others."""\n')
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert smets("alpha").output == "alpha!\n"
    shown = smets("--help").output
    assert 0 < shown.index("Says alpha.") < shown.index("Says zulu.")
    assert "no_command" not in shown and "no-command" not in shown
