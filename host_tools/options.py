"""What the commands have in common: options that check and complete values, and how they fail.

Each function here returns what goes into an `Annotated` in the place of `typer.Option(...)`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import typer

from host_tools import boards, ports
from host_tools.console import EXIT_USAGE, complain, reason

__all__ = [
    "OWN_ENGINES",
    "board",
    "choice",
    "engine",
    "fail",
    "link",
    "port",
    "port_argument",
    "use_cases",
]

OWN_ENGINES = ("unix", "cpython")


def fail(command: str, what: BaseException | str, status: int = EXIT_USAGE) -> typer.Exit:
    """Say on one line why a command ends, and make its exit; a closed pipe stays one."""
    if isinstance(what, OSError) and what.errno == errno.EPIPE:
        raise what
    complain(f"smets {command}: {what if isinstance(what, str) else reason(what)}")
    return typer.Exit(status)


def _checked(check: Callable[[str], str]) -> Callable[..., Any]:
    """A callback of an option: checks its value, or each one where it is repeatable."""

    def callback(value: Any) -> Any:
        if isinstance(value, list):
            return [check(word) for word in cast("list[str]", value)]
        return value and check(value)

    return callback


def _completed(known: Callable[[], Iterable[str]]) -> Callable[..., list[str]]:
    """A completion: the known words that begin as what was typed, in any case."""

    def complete(incomplete: str) -> list[str]:
        begun = [word for word in known() if word.lower().startswith(incomplete.lower())]
        return [_as_typed(word, incomplete) for word in begun]

    return complete


def _as_typed(word: str, incomplete: str) -> str:
    """The word in the case of its typed letters: a shell takes only what begins with them."""
    if word.startswith(incomplete):
        return word
    return word.upper() if incomplete.isupper() else incomplete + word[len(incomplete) :]


def _option(
    check: Callable[[str], str],
    known: Callable[[], Iterable[str]],
    names: tuple[str, ...],
    settings: dict[str, Any],
) -> Any:
    return typer.Option(
        *names, callback=_checked(check), autocompletion=_completed(known), **settings
    )


def _one_of(known: Sequence[str], text: str) -> str:
    """The word of `known` that a text is in any case of letters; BadParameter otherwise."""
    for word in known:
        if word.lower() == text.lower():
            return word
    raise typer.BadParameter(f"{text!r} is not one of {', '.join(known)}")


def choice(known: Sequence[str], *names: str, **settings: Any) -> Any:
    """An option that takes one of some words, such as roles, in any case of letters."""
    settings.setdefault("help", f"{', '.join(known)}.")
    return _option(lambda text: _one_of(known, text), lambda: known, names, settings)


def engine(**settings: Any) -> Any:
    """An option for the engine of devices that are processes of ours."""
    return choice(OWN_ENGINES, help="unix or cpython.", **settings)


def board(**settings: Any) -> Any:
    """An option for a board of `boards/`."""
    return choice(boards.names(), **settings)


def _port_names() -> list[str]:
    return [ports.AUTO, *(found.device for found in ports.connected())]


def _port(text: str) -> str:
    try:
        return ports.resolve(text)
    except ports.PortError as error:
        raise typer.BadParameter(str(error)) from error


def port(*names: str, **settings: Any) -> Any:
    """An option for the serial port of a board; `auto` finds it."""
    settings.setdefault("help", "The board's serial port: /dev/ttyACM0; auto finds it.")
    return _option(_port, _port_names, names, settings)


def port_argument(**settings: Any) -> Any:
    """The same as an argument."""
    settings.setdefault("help", "The board's serial port, or auto.")
    return typer.Argument(
        callback=_checked(_port), autocompletion=_completed(_port_names), **settings
    )


def link(*names: str, **settings: Any) -> Any:
    """An option for the engine of a device: a process of ours, or a port or socket of another."""
    text = "unix, cpython, host:port, or the path of a serial port; auto finds a board's."
    settings.setdefault("help", text)
    return _option(_port, lambda: [*OWN_ENGINES, *_port_names()], names, settings)


def use_cases() -> Callable[..., list[str]]:
    """A completion: the names of the use cases."""

    def names() -> list[str]:
        from host_tools.gbcs.use_cases import names

        return names()

    return _completed(names)
