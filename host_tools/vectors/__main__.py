"""`python -m host_tools.vectors [FOLDER]`: make the set again."""

from __future__ import annotations

import sys
from pathlib import Path

from host_tools.vectors import OWN
from host_tools.vectors.files import write


def main() -> None:
    """Write the set into the folder of the command line, or where the tests have it."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(OWN)
    changed = write(folder)
    print(f"{folder}: {changed} file{'' if changed == 1 else 's'} changed")


if __name__ == "__main__":
    main()
