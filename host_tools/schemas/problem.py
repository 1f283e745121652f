"""The error of a state or key file: which member, and what is wrong with it."""

from __future__ import annotations

Path = tuple["str | int", ...]


def path_text(path: Path) -> str:
    """A path as text, for example `parties[2].shared_secret`; the document itself is `$`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "$"


class SchemaProblem(Exception):
    """A document breaks its schema: `path` to the member, `what` is wrong there."""

    def __init__(self, path: Path, what: str, file: str = "") -> None:
        self.path = path
        self.what = what
        where = f"{file}: {path_text(path)}" if file else path_text(path)
        super().__init__(f"{where}: {what}")
