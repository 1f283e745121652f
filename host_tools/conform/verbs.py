"""Which checks each verb of the bench link, or relay of a bench, opens: the table of the manual.

`python -m host_tools.conform.verbs` prints it for docs/conformance.md.
"""

from __future__ import annotations

from host_tools.conform.model import Check, catalogue
from host_tools.roles import DISPLAYS, JUDGED

__all__ = ["STEPS", "opened", "table"]

# What a bench has, step by step, and the needs of checks that it meets from there on.
STEPS = (
    ("`GBCS:DATA`", ("update",)),
    ("and `ZCL:FRAME`", ("han",)),
    ("and `--real`", ("real",)),
    ("and `--clock-command` or `CTRL:ADVANCE`", ("clock",)),
    ("and `--power-command`", ("power",)),
    ("or `CTRL:FORGET`, `KEYS`, `STATE`, `SET`", ("state", "inputs")),
)


def opened(entries: list[Check], role: str) -> list[int]:
    """How many checks of a role can be carried out after each step.

    A display answers no `GBCS:DATA`. The last step is a device that is made new for each check.
    """
    own = [entry for entry in entries if role in entry.roles]
    met: set[str] = set()
    found: list[int] = []
    for index, (_, needs) in enumerate(STEPS):
        met |= set(needs)
        silent = index == 0 and role in DISPLAYS
        found.append(0 if silent else sum(set(entry.needs) <= met for entry in own))
    return found


def table() -> str:
    """The table in Markdown."""
    entries = catalogue()
    columns = {role: opened(entries, role) for role in JUDGED}
    head = ("what a bench has", *(role.upper() for role in JUDGED))
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for index, (name, _) in enumerate(STEPS):
        numbers = (str(columns[role][index]) for role in JUDGED)
        lines.append(f"| {name} | {' | '.join(numbers)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
