"""The command line itself; each command has tests of its own."""

from pkgutil import iter_modules

from typer.testing import CliRunner

from host_tools import __version__, cli, commands


def smets(*arguments):
    """Run the command line in this process."""
    return CliRunner().invoke(cli.build(), arguments)


def test_version():
    result = smets("--version")
    assert (result.exit_code, result.output) == (0, f"smets {__version__}\n")


def test_unknown_command_is_a_usage_error():
    result = smets("no-such-command")
    assert result.exit_code == 2
    assert "no-such-command" in result.output


def test_each_command_module_adds_to_the_help(tmp_path, monkeypatch):
    for name in ("zulu", "alpha"):
        (tmp_path / f"{name}_x.py").write_text(
            f'def register(app):\n    @app.command("{name}")\n    def command():\n'
            f'        """Say {name}."""\n        print("{name}!")\n'
        )
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    own = [module.name for module in iter_modules(commands.__path__)]
    assert {"alpha_x", "zulu_x"} <= set(own)
    assert smets("alpha").output == "alpha!\n"
    shown = smets("--help").output
    assert 0 < shown.index("Say alpha.") < shown.index("Say zulu.")
