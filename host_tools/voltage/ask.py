"""Asks a meter for its voltage log as a network operator does, every answer verified."""

from __future__ import annotations

from host_tools.bench import BenchClient, BenchError, Refusal
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message
from host_tools.remote import RemoteParty, ResponseError
from host_tools.voltage.series import Series, SeriesError, from_messages

__all__ = ["ask_meter"]

# A single-phase meter answers these for L1 only: they stop at the first error.
_USE_CASES = ("ECS23b", "ECS26k", "ECS35e", "ECS22b")
# Reads without voltage, which a meter may rightly refuse.
_OPTIONAL = ("ECS35e", "ECS22b")


def ask_meter(
    client: BenchClient, party: RemoteParty, device: bytes, counter: int, start: int, end: int
) -> Series:
    """The log of a meter from `start` to `end` (UTC seconds since 2000), with all it knows.

    Counters from `counter` on are used. Raises SeriesError where an answer is refused or is not
    genuine, BenchError where the link fails.
    """
    messages: list[Message] = []
    for offset, use_case in enumerate(_USE_CASES):
        # The limits of a protected read are dates, of which the last is a second earlier.
        last = min(end, 0xFFFFFFFE) if use_case == "ECS22b" else end
        ranged = {"from": start, "to": last} if use_case != "ECS26k" else None
        command = party.command(use_case, device, counter + offset, ranged)
        try:
            messages.append(party.verify(client.respond(command), command))
        except (Refusal, BenchError) as error:
            if use_case not in _OPTIONAL or isinstance(error, BenchError):
                raise SeriesError(f"{use_case}: {error}") from error
        except (DecodeError, ResponseError) as error:
            raise SeriesError(f"{use_case}: {error}") from error
    return from_messages(messages)
