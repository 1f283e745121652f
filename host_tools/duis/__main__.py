"""`make duis`: the requests of DUIS_DIR against the vectors of RTDS_DIR."""

from __future__ import annotations

from host_tools import rtds
from host_tools.console import complain, say
from host_tools.duis import check


def main() -> int:
    """Print what came out; 1 if something differs, 2 where the data are not here."""
    folder, vectors = check.directory(), rtds.directory()
    if folder is None or vectors is None:
        complain("make duis: no DUIS_DIR with templates, or no RTDS_DIR with vectors")
        return 2
    found = list(check.outcomes(folder / "templates", vectors))
    for line in check.report(found):
        say(line)
    return 1 if any(item.verdict == "differing" for item in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
