"""What is measured on MicroPython, be it the Unix port or the emulated Cortex-M3.

The programs need a function `measure(function)`: what one call of it costs.
"""

from __future__ import annotations

from host_tools.board_costs import CASES
from host_tools.performance.figures import Figure, Subject
from host_tools.roles import ROLES

__all__ = ["FOLDER", "HEAP", "ROLES", "START", "figures_of_start", "subject"]

# The folder of costs.py and costs_esme.py.
FOLDER = CASES.parent
# Cases that do something so often: what is told is once of it.
_REPEATED = {"400 voltage samples": ("a voltage sample", 400)}
HEAP = "live heap"

# `flash` is a folder of the role's own. Prints what these cost a device, from nothing: to import
# and build it, to build another one, to answer its first line; and the octets of heap that it
# lives on.
START = """
import gc, main
main._collect_early()
answers = []
link = None

def begin():
    global link
    link = None
    from smets import devices
    from smets.bench import BenchLink
    from smets.ports.store import Store
    link = BenchLink(devices.build({role!r}, Store({flash!r})), answers.append)

def hello():
    link.line("CTRL:HELLO#1:0:")

gc.collect()
before = gc.mem_alloc()
first = measure(begin)
hello = measure(hello)
assert answers
answers.clear()
gc.collect()
live = gc.mem_alloc() - before
print(first, measure(begin), hello, live)
"""


def subject(label: str, value: float, unit: str) -> tuple[Subject, Figure]:
    """What the row of a case is called, with the figure of one of what it does."""
    what, times = _REPEATED.get(label, (label, 1))
    return (what, ""), Figure(value / times, unit)


def figures_of_start(role: str, printed: str, unit: str) -> dict[Subject, Figure]:
    """What START printed."""
    first, again, hello, live = map(int, printed.split())
    return {
        ("start-up", role): Figure(first + hello, unit),
        ("import", role): Figure(max(0, first - again), unit),
        ("build", role): Figure(again, unit),
        (HEAP, role): Figure(live, "octets"),
    }
