"""How many files this process may have open at once: many devices need many."""

from __future__ import annotations

import resource

from host_tools.transports import BenchError

__all__ = ["allow"]


def allow(needed: int, what: str) -> None:
    """Let this process open so many; BenchError, which names `what`, where the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise BenchError(f"{what} need {needed} open files, {hard} are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
