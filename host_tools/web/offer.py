"""What the page offers of a home: with boards in it not everything can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from host_tools.example import EUIS
from host_tools.home import Home
from host_tools.web.plugs import ROLES

__all__ = ["ACTS", "MAINS", "SPEEDS", "Offer", "devices_of", "offer_of"]

# Virtual seconds a second, and the step with which they pass: short enough for a PPMID, which
# wakes once a minute, to have its answers and fall asleep between.
SPEEDS: Final = {0: 1, 1: 1, 60: 5, 600: 10, 3600: 30}
# The devices on the mains; a gas meter and a prepayment display have batteries.
MAINS: Final = ("esme", "gpf", "ihd")
ACTS: Final = ("tenancy", "clock", "sag", "pass", "cut")


@dataclass(frozen=True)
class Offer:
    """Acts and speeds to choose from, by role what may be cut or restarted, where boards are."""

    acts: tuple[str, ...] = ACTS
    speeds: tuple[int, ...] = tuple(SPEEDS)
    cuts: tuple[str, ...] = ROLES
    resets: tuple[str, ...] = ()
    boards: tuple[tuple[str, str], ...] = ()

    @property
    def mains(self) -> tuple[str, ...]:
        """The devices that a cut of the mains takes."""
        return tuple(role for role in MAINS if role in self.cuts)

    @property
    def live(self) -> bool:
        """Whether the home's time is that of the wall clock only."""
        return self.speeds == (1,)


def offer_of(home: Home) -> Offer:
    """What can be done in this home.

    The power of a board is cut where it is a virtual or emulated one. Time that a board lets pass
    by itself cannot be hurried. The test parties cannot talk to a board with keys of its own.
    """
    boards = home.boards
    acts = list(ACTS)
    speeds = tuple(SPEEDS)
    if any(board.ticks for board in boards.values()):
        acts.remove("pass")
        speeds = (1,)
    own = [role for role in boards if home.euis[role] != EUIS[role]]
    if "esme" in own or "gpf" in own:
        acts.remove("tenancy")
    if "esme" in own:
        acts.remove("sag")
    cuts = tuple(r for r in ROLES if r not in boards or boards[r].hands is not None)
    if not cuts:
        acts.remove("cut")
    return Offer(
        tuple(acts),
        speeds,
        cuts,
        tuple(role for role in ROLES if role in boards and boards[role].resets),
        tuple((role, board.where) for role, board in boards.items()),
    )


def devices_of(offer: Offer) -> str:
    """What the five devices are: processes, boards, and where these are."""
    boards = [f"{role.upper()} a board ({where})" for role, where in offer.boards]
    number = len(ROLES) - len(boards)
    if not boards:
        return "each a MicroPython process of its own"
    processes = f"{number} MicroPython process{'' if number == 1 else 'es'}, "
    return (processes if number else "") + ", ".join(boards)
