"""One printable page for the decision: go or no go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.release.criteria import MET, NOT_MET, PERSON, Criterion, decide
from host_tools.release.plan import events, facts, next_gate

__all__ = ["render"]

# A sign beside each word, so that nothing rests on colour.
_SIGNS = {MET: "✓", NOT_MET: "✗", PERSON: "?"}


def render(found: Sequence[Criterion], reports: Sequence[str], today: date) -> str:
    """The page; `reports` names the reports and their digests."""
    environment = Environment(
        loader=PackageLoader("host_tools.release", "page"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("go.html").render(
        release=facts()["release"],
        status=facts()["status"][:1].upper() + facts()["status"][1:],
        decision=decide(found),
        criteria=found,
        reports=reports,
        signs=_SIGNS,
        today=today,
        day=today.isoformat(),
        gate=next_gate(today, events()),
    )
