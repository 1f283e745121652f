"""The page of the view: one document, a style sheet and a script, all from this machine."""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.web.plugs import NAMES, ROLES
from host_tools.web.world import KEYS, MAINS, PANELS, SPEEDS

__all__ = ["page"]

_SPEEDS: Final = {0: "stopped", 1: "real", 60: "1 min/s", 600: "10 min/s", 3600: "1 h/s"}
_KEYS: Final = {
    "back": ("◀", "previous page"),
    "next": ("▶", "next page"),
    "ok": ("OK", "OK"),
}


def page(speed: int) -> str:
    """The document, with `speed` chosen."""
    environment = Environment(
        loader=PackageLoader("host_tools.web", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("view.html.j2").render(
        roles=ROLES,
        names=NAMES,
        mains=", ".join(role.upper() for role in MAINS),
        speeds=[(one, _SPEEDS[one]) for one in SPEEDS],
        chosen=speed,
        panels=[(role, panel.split("x")) for role, panel in PANELS.items()],
        keys=[(key, *_KEYS[key]) for key in KEYS],
    )
