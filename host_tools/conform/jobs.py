"""Several devices in one run, some of them at once; those of a rack are acquired first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

from host_tools.conform import judging
from host_tools.conform.judging import Plan
from host_tools.conform.model import Result
from host_tools.rack import Rack
from host_tools.terminal import Console

__all__ = ["acquire_all", "judge_all"]


def acquire_all(rack: Rack, plans: Sequence[Plan], resource: str) -> None:
    """Acquire the places of all plans for their links, or none where one is somebody else's.

    Commands of a black box are told the place as labgrid's own client is. Raises PlaceError.
    """
    for plan in plans:
        rack.check(plan.rack_place, resource)
    for plan in plans:
        plan.engine = rack.acquire(plan.rack_place, resource)
        if plan.place is not None:
            named = {"LG_COORDINATOR": rack.address, "LG_PLACE": plan.rack_place}
            plan.place.environment = named


def judge_all(
    console: Console, plans: Sequence[tuple[str, Plan]], jobs: int
) -> Iterator[tuple[Plan, dict[str, Any], list[Result]]]:
    """Yield (plan, report, results) of each device in the order given, `jobs` of them at once.

    Ctrl-C ends all of them: each still has its report, as it has alone.
    """
    ending = Event()
    if jobs == 1 or len(plans) == 1:
        for role, plan in plans:
            plan.ending = ending
            document, results = judging.judge(console, plan, role)
            if any(result.text == judging.INTERRUPTED for result in results):
                ending.set()
            yield plan, document, results
        return
    with ThreadPoolExecutor(jobs) as pool:
        # A terminal has place for one bar.
        futures = [
            (
                plan,
                pool.submit(
                    judging.judge, console, replace(plan, quiet=True, ending=ending), role
                ),
            )
            for role, plan in plans
        ]
        for plan, future in futures:
            try:
                document, results = future.result()
            except KeyboardInterrupt:
                ending.set()
                document, results = future.result()
            except BaseException:
                ending.set()  # the others need not go on for a run that is refused
                raise
            yield plan, document, results
