"""What the view shows, for any number of readers: bounded whatever they do.

A reader asks for what is newer than the revision it has seen. Of a topic there is only the latest
document, of rows (frames, the log) only the newest ones, so a slow reader misses what was between
and nothing waits for it.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Condition
from typing import Any, Final

__all__ = ["KEPT", "Feed", "screen_topic"]

# Rows kept of each kind: what a page shows of them.
KEPT: Final[dict[str, int]] = {"frames": 60, "log": 40}


class Feed:
    """Latest documents by topic, and newest rows; `put` and `append` by one writer."""

    def __init__(self, kept: Mapping[str, int] | None = None) -> None:
        kept = KEPT if kept is None else kept
        self._changed = Condition()
        self._revision = 0
        self._topics: dict[str, tuple[int, str]] = {}
        self._rows: dict[str, deque[tuple[int, str]]] = {
            name: deque(maxlen=most) for name, most in kept.items()
        }
        self.closed = False

    def put(self, topic: str, document: Any) -> None:
        """Replace a topic's document; an equal one counts as no change."""
        text = json.dumps(document, separators=(",", ":"))
        with self._changed:
            if self._topics.get(topic, (0, ""))[1] != text:
                self._revision += 1
                self._topics[topic] = self._revision, text
                self._changed.notify_all()

    def append(self, name: str, rows: Sequence[Any]) -> None:
        """Add rows of a kind, oldest first; the oldest of those kept go."""
        if not rows:
            return
        texts = [json.dumps(row, separators=(",", ":")) for row in rows]
        with self._changed:
            self._revision += 1
            self._rows[name].extend((self._revision, text) for text in texts)
            self._changed.notify_all()

    def close(self) -> None:
        """End every reader."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def since(self, seen: int, timeout: float) -> tuple[int, str]:
        """(revision, JSON object) of what is newer than `seen`, waiting for it; "" if nothing is.

        The object has a member for each topic and kind of rows that changed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._revision > seen, timeout)
            parts = [
                f'"{topic}":{text}'
                for topic, (revision, text) in self._topics.items()
                if revision > seen
            ]
            for name, rows in self._rows.items():
                texts = [text for revision, text in rows if revision > seen]
                if texts:
                    parts.append(f'"{name}":[{",".join(texts)}]')
            return self._revision, "{" + ",".join(parts) + "}" if parts else ""


def screen_topic(role: str, answer: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Topic and document of a display's screen; `answer` of CTRL:SCREEN, with its pixels."""
    width, height = (int(part) for part in answer["panel"].split("x"))
    palette = str(answer.get("palette", ""))
    return f"screen_{role}", {
        "width": width,
        "height": height,
        "page": answer["page"],
        "part": answer["part"],
        "check": answer["check"],
        "palette": [f"#{palette[at : at + 6]}" for at in range(0, len(palette), 6)],
        "pixels": base64.b64encode(bytes.fromhex(answer["pixels"])).decode(),
    }
