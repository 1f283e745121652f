"""`python -m host_tools.switches`: the scan, and the manifest of what it passed."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from host_tools.places import ROOT
from host_tools.switches.manifest import manifest, octets
from host_tools.switches.scan import ALLOWED, Report, ScanError, scan


def show(report: Report) -> None:
    """Print what was found, what is allowed and why."""
    for finding, entry in report.allowed:
        print(f"allowed  {finding}: {entry.reason}")
    for entry in report.unused:
        print(f"UNUSED   {entry.where}: {entry.form} {entry.name!r} is allowed, and not there")
    for finding in report.forbidden:
        print(f"SWITCH   {finding}")
    looked_at = ", ".join(f"{count} {name}" for name, count in report.looked_at.items())
    print(f"looked at {looked_at}")
    print(
        f"{len(report.forbidden)} dormant switches, {len(report.allowed)} allowed with a reason, "
        f"{len(report.unused)} reasons without a switch"
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0; 1 where a switch was found or an allowance is of no use; 2 for bad files."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.switches", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="a tree of the project")
    parser.add_argument("--allowed", type=Path, default=ALLOWED, help="another allow-list")
    parser.add_argument("--manifest", type=Path, help="write the release manifest to this file")
    given = parser.parse_args(arguments)
    try:
        report = scan(given.root, given.allowed)
        show(report)
        if not report.clean:
            return 1
        if given.manifest is not None:
            written = octets(manifest(given.root))
            given.manifest.parent.mkdir(parents=True, exist_ok=True)
            given.manifest.write_bytes(written)
            print(f"{given.manifest}: SHA-256 {hashlib.sha256(written).hexdigest()}")
    except (OSError, ScanError) as error:
        print(f"no-switches: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
