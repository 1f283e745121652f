"""Examples of a page: what its commands print is what stands below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def files(page: str) -> dict[str, str]:
    """The files that a page shows: a block after a line that begins with a name."""
    found = re.findall(r"^`([\w.-]+)`,.*?:\n\n```\w*\n(.*?)^```", page, re.M | re.S)
    return dict(found)


def run(page: str, folder: Path) -> str:
    """The page with what its commands print now, run one after the other in a folder."""
    for name, text in files(page).items():
        (folder / name).write_text(text, encoding="utf-8")

    def block(match: re.Match[str]) -> str:
        lines = [line for line in match[1].splitlines() if line.startswith("$ ")]
        said = [f"{line}\n{_output(line.removeprefix('$ '), folder)}" for line in lines]
        return f"```console\n{''.join(said)}```"

    return re.sub(r"```console\n(.*?)```", block, page, flags=re.S)


def _output(command: str, folder: Path) -> str:
    env = {key: value for key, value in os.environ.items() if key not in ("DUIS_DIR", "RTDS_DIR")}
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
    env |= {"DUIS_DIR": str(folder)}  # no schema
    done = subprocess.run(
        command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )
    memory = re.sub(r"at most \d+ MiB", "at most 56 MiB", done.stdout)
    return memory


if __name__ == "__main__":  # write a page anew: doc_examples.py docs/mmc.md FOLDER
    path = ROOT / sys.argv[1]
    path.write_text(run(path.read_text(encoding="utf-8"), Path(sys.argv[2])), encoding="utf-8")
