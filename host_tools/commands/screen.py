"""`smets screen`: a board's screen in the terminal or in the browser, with its keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools import options
from host_tools.console import reason
from host_tools.options import fail

if TYPE_CHECKING:
    from host_tools.bench import BenchClient

# The port of the view, beside that of `smets home`.
WEB_PORT = 8738
# Seconds that a display may take for an answer: a board draws a large screen slowly.
PATIENCE = 15.0


def screen(
    port: Annotated[
        str,
        options.port(help="A display's serial port or pty, or host:port; or auto."),
    ],
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser.")] = False,
    web_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of --web on 127.0.0.1; 0 for any free one.")
    ] = WEB_PORT,
) -> None:
    """Show the screen of an IHD or PPMID: the arrow keys turn pages, Enter is OK, q leaves.

    Without a terminal it prints one picture. With --web the screen is on a page of this machine.
    """
    from host_tools.bench import BenchClient, BenchError, open_port
    from host_tools.screen_link import PANELS
    from host_tools.web.server import ServerError

    try:
        with BenchClient(open_port(port), timeout=PATIENCE) as client:
            role = str(client.control("HELLO").get("device", "")).lower()
            if role not in PANELS:
                raise fail("screen", f"{port}: {role.upper() or 'what answers'} has no screen")
            status = (
                _in_browser(client, role, port, web_port) if web else _here(client, role, port)
            )
    except ServerError as error:
        raise fail("screen", error) from error
    except BrokenPipeError:
        raise  # of the output: `run` ends quietly
    except (BenchError, OSError) as error:
        words = reason(error)
        what = words if words.startswith(port) else f"{port}: {words}"
        raise fail("screen", what) from error
    raise typer.Exit(status)


def _in_browser(client: BenchClient, role: str, port: str, web_port: int) -> int:
    from host_tools.web.html import screen_page
    from host_tools.web.one_screen import OneScreen
    from host_tools.web.run import serve

    shown = OneScreen(client, role)
    name = f"smets screen: the {role.upper()}"
    return serve(shown, screen_page(role, port), web_port, typer.echo, name, "--web-port")


def _here(client: BenchClient, role: str, port: str) -> int:
    from host_tools.screen_link import ScreenLink
    from host_tools.show.watch_screen import PANEL, print_once, watch
    from host_tools.terminal import Console

    console = Console()
    screen = ScreenLink(client.control, PANEL)
    title = f"{role.upper()} at {port}"
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if terminal and not console.is_dumb_terminal:
        return watch(console, title, screen)
    print_once(console, title, screen)
    return 0


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(screen)
