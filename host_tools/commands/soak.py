"""`smets soak`: very many commands into one device process, and its memory before and after."""

from __future__ import annotations

from typing import Annotated

import typer

from host_tools import options
from host_tools.options import fail

# Commands before the first measurement: caches, buffers and the logs of events (100 rows, and each
# tenth command is refused) have their size by then.
_WARM_UP = 1200
# Growth that counts as none: what a few retained counters and the interned strings of one
# answer may take, whatever the number of commands (measured: 3,360 after 4,000, and after 12,000).
_SLACK = 4096


def soak(
    commands: Annotated[int, typer.Option(min=1, help="How many commands.")] = 100_000,
    engine: Annotated[str, options.link()] = "unix",
) -> None:
    """Send GCS13a, GCS14 and damaged commands, each with a counter of its own.

    Prints the memory in use before and after; exit status 1 if it grew.
    """
    from rich.progress import Progress

    from host_tools.bench import BenchClient, BenchError, open_transport
    from host_tools.example import EUIS, GAS_STATE, START
    from host_tools.fragments import load
    from host_tools.show.stage import Stage
    from host_tools.terminal import Console

    console = Console()
    stage = Stage(console)
    supplier = stage.party("supplier")
    target = bytes.fromhex(EUIS["gpf"])
    state = {
        "device": "GPF",
        "clock": {"time": START.isoformat().replace("+00:00", "Z"), "status": "reliable"},
        "zcl": GAS_STATE,
    }
    try:
        with BenchClient(open_transport("gpf", engine)) as client:
            load(client.control, state, stage.device_keys("gpf"))
            counter = 0

            def damage_each_octet() -> None:
                # Some refusals load what only they need, like the table of ASN.1 use cases.
                message = supplier.command("GCS13a", target, counter + 1, now=START)
                for octet in range(len(message)):
                    damaged = bytearray(message)
                    damaged[octet] ^= 1 << (octet % 8)
                    client.try_respond(bytes(damaged))

            def send(number: int) -> None:
                nonlocal counter
                for _ in range(number):
                    counter += 1
                    use_case = ("GCS13a", "GCS14")[counter % 2]
                    message = supplier.command(use_case, target, counter, now=START)
                    if counter % 10 == 0:
                        damaged = bytearray(message)
                        damaged[counter % len(message)] ^= 1 << (counter % 8)
                        client.try_respond(bytes(damaged))
                    elif client.try_respond(message) is None:
                        raise BenchError(f"command {counter} got no response")

            damage_each_octet()
            send(_WARM_UP)
            before = client.control("QUERY")
            with Progress(console=console, disable=not console.is_terminal) as progress:
                task = progress.add_task("commands", total=commands)
                done = 0
                while done < commands:
                    part = min(500, commands - done)
                    send(part)
                    done += part
                    progress.update(task, completed=done)
            after = client.control("QUERY")
    except BenchError as error:
        raise fail("soak", error) from error
    growth = after["memory"] - before["memory"]
    console.print(
        f"{commands} commands, {after['answered'] - before['answered']} answered, "
        f"{sum(after['refusals'].values()) - sum(before['refusals'].values())} refused; "
        f"memory in use {before['memory']} octets before, {after['memory']} after "
        f"({growth:+d})",
        highlight=False,
    )
    if growth > _SLACK:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command()(soak)
