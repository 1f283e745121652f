"""Octets of .mpy that a role brings to a board."""

from __future__ import annotations

from host_tools import install
from host_tools.performance.figures import Figure, Subject
from host_tools.performance.programs import ROLES

__all__ = ["octets"]


def octets(arch: str) -> dict[Subject, Figure]:
    """For each role, compiled for an architecture; without P-256 in C. InstallError."""
    found: dict[Subject, Figure] = {}
    for role in ROLES:
        files = install.compiled(install.role_modules(role), arch)
        found["code (.mpy)", role] = Figure(sum(map(len, files.values())), "octets")
    return found
