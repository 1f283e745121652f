"""The screen of a display behind a bench link: its keys are pressed, its pixels looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

__all__ = ["KEYS", "PANELS", "ScreenLink"]

# The keys of a display (firmware/smets/screen/buttons.py).
KEYS: Final = ("back", "next", "ok")
# The panel of each display where nothing else is asked for.
PANELS: Final = {"ihd": "240x135", "ppmid": "128x64"}
# The most keys that one CTRL:SCREEN presses, and the most milliseconds that it lets pass.
_MOST_KEYS: Final = 32
_LONGEST_MS: Final = 3_600_000


class ScreenLink:
    """Looks at a screen by CTRL:SCREEN; `answer` has the members of the last look.

    The pixels stay in it while the screen shows the same.
    """

    def __init__(self, control: Callable[[str, Any], dict[str, Any]], panel: str) -> None:
        """`control` sends a CTRL event; `panel` is such as "240x135"."""
        self.panel = panel
        self.answer: dict[str, Any] = {}
        self._control = control
        self._looked = time.monotonic()

    def look(self, press: Sequence[str] = (), passed: int | None = None) -> bool:
        """Press keys (KEYS), let `passed` ms of a person's time go by; whether pixels changed.

        Without `passed`, as much time goes by as since the last look. BenchError as of any event.
        """
        now = time.monotonic()
        if passed is None:
            passed = min(int((now - self._looked) * 1000), _LONGEST_MS)
        self._looked = now
        keys = list(press)
        changed = False
        while True:
            keys, rest = keys[:_MOST_KEYS], keys[_MOST_KEYS:]
            asked: dict[str, Any] = {"panel": self.panel, "press": keys, "passed": passed}
            if "check" in self.answer:
                asked["seen"] = self.answer["check"]
            told = self._control("SCREEN", asked)
            changed = changed or "pixels" in told
            self.answer = {**self.answer, **told}
            if not rest:
                return changed
            keys, passed = rest, 0
