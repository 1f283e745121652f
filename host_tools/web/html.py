"""The pages: one document each, a style sheet and a script, all from this machine."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.screen_link import KEYS, PANELS
from host_tools.web.offer import Offer, devices_of
from host_tools.web.plugs import NAMES, ROLES

__all__ = ["page", "screen_page"]

_SPEEDS: Final = {0: "stopped", 1: "real", 60: "1 min/s", 600: "10 min/s", 3600: "1 h/s"}
_KEYS: Final = {
    "back": ("◀", "previous page"),
    "next": ("▶", "next page"),
    "ok": ("OK", "OK"),
}


def page(speed: int, offer: Offer | None = None) -> str:
    """The document of a home, with `speed` chosen, and the buttons of what it offers."""
    offer = offer or Offer()
    return _render(
        "view.html.j2",
        roles=ROLES,
        offer=offer,
        devices=devices_of(offer),
        boards=dict(offer.boards),
        mains=", ".join(role.upper() for role in offer.mains),
        speeds=[(one, _SPEEDS[one]) for one in offer.speeds],
        chosen=1 if offer.live else speed,
        panels=[(role, panel.split("x")) for role, panel in PANELS.items()],
    )


def screen_page(role: str, where: str) -> str:
    """The document of one display; `where` is its port."""
    return _render("screen.html.j2", role=role, panel=PANELS[role].split("x"), where=where)


def _render(template: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("host_tools.web", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    keys = [(key, *_KEYS[key]) for key in KEYS]
    return environment.get_template(template).render(names=NAMES, keys=keys, **values)
