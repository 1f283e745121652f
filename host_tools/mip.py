"""The firmware as a package of mip: `firmware/package.json`, made from the files that are there.

`mpremote mip install firmware/package.json` puts all modules as sources into /lib of a board; from
a public repository a board with a network installs the same by `mip.install("github:...")`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from host_tools.install import FIRMWARE, firmware_version, modules

__all__ = ["PACKAGE", "differences", "package"]

PACKAGE = FIRMWARE / "package.json"


def package() -> str:
    """The right content of package.json: paths below /lib, and the same below this folder."""
    paths = sorted(path.relative_to(FIRMWARE).as_posix() for path in modules().values())
    document = {
        "urls": [[path, path] for path in paths],
        "deps": [],
        "version": firmware_version(),
    }
    lines = json.dumps(document, indent=1)
    # Each pair has a line, so that a new module is a new line.
    for path in paths:
        lines = lines.replace(f'[\n   "{path}",\n   "{path}"\n  ]', f'["{path}", "{path}"]')
    return lines + "\n"


def differences(file: Path = PACKAGE) -> list[str]:
    """Lines of the file that are wrong or missing; none when it is right."""
    found = file.read_text(encoding="utf-8") if file.exists() else ""
    if found == package():
        return []
    wanted = set(package().splitlines())
    differing = sorted(wanted ^ set(found.splitlines()))
    return differing or ["the order of the lines"]


def main() -> None:
    """Write package.json, or with --check say whether it is right."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    if parser.parse_args().check:
        differing = differences()
        print("\n".join(differing) or f"{PACKAGE.name} is up to date")
        sys.exit(bool(differing))
    PACKAGE.write_text(package(), encoding="utf-8")
    print(f"{PACKAGE}: {len(modules())} modules")


if __name__ == "__main__":
    main()
