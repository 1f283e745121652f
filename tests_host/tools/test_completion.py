"""Completion in a real shell: `smets --install-completion` in a home of its own, then a Tab."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

# As bash fills in these variables and calls the function that `complete` has named.
TAB = """
source ~/.bashrc
tab() {
  COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
  _smets_completion smets
  echo "${COMPREPLY[*]}"
}
complete -p smets
"""
CASES = {
    "smets conf": "conform",
    "smets conform --device g": "gsme gpf",
    "smets conform --device GP": "GPF",
    "smets respond --device ''": "gpf gsme esme chf ppmid sapc hcalcs",
    "smets command GCS13": "GCS13a GCS13c GCS13b",
    "smets command gcs13a": "gcs13a",
    "smets flash --board virt": "virtual",
    "smets soak --engine u": "unix",
    "smets bench --port a": "auto",
    "smets voltage ex": "export",
    "smets capture out --log ./": "",  # so that the shell completes names of files
}


# The same in other shells, for one case of each kind.
FEWER = (
    "smets conf",
    "smets conform --device g",
    "smets conform --device GP",
    "smets bench --port a",
)
BASH = ("bash", "--norc", "--noprofile")
PROMPT = "READY> "


def environment(home: Path) -> dict[str, str]:
    """Of a shell that has no settings but those of this home."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "TERM": "dumb", "COLUMNS": "200"}


def shell(home: Path, script: str, program: tuple[str, ...] = BASH) -> list[str]:
    """The lines that a shell prints."""
    done = subprocess.run(
        [*program, "-c", script],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(tmp_path):
    """project: commands, roles in the case that was typed, use cases, boards, engines, ports."""
    (tmp_path / ".bashrc").write_text("# mine\n")
    shell(tmp_path, "smets --install-completion; true")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in written) == [".bashrc", "smets.sh"]
    assert (tmp_path / ".bashrc").read_text().startswith("# mine\n")
    script = TAB + "".join(f"tab {line}\n" for line in CASES)
    how, *found = shell(tmp_path, script)
    assert "-o default" in how  # where there is nothing to offer, names of files
    assert dict(zip(CASES, found, strict=True)) == CASES


class Zsh:
    """A zsh at a terminal, where one types."""

    def __init__(self, home: Path) -> None:
        self._screen, keyboard = pty.openpty()
        self._process = subprocess.Popen(
            ["zsh", "-i"],
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            cwd=home,
            env=environment(home),
            start_new_session=True,
        )
        os.close(keyboard)
        self.type("", PROMPT)

    def __enter__(self) -> "Zsh":
        return self

    def __exit__(self, *details: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)

    def type(self, keys: str, *wanted: str) -> None:
        """Press keys and wait until all of this is on the screen."""
        os.write(self._screen, keys.encode())
        said, deadline = "", time.monotonic() + 60
        while not all(word in said for word in wanted):
            assert time.monotonic() < deadline, (keys, said)
            if select.select([self._screen], [], [], 1)[0]:
                said += os.read(self._screen, 4096).decode("utf-8", "replace")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_completes_from_the_first_tab_on(tmp_path):
    """project: as bash does; names of files where there is nothing to offer."""
    (tmp_path / ".zshrc").write_text(f"PROMPT='{PROMPT}'\n")
    (tmp_path / "log").touch()
    shell(tmp_path, "smets --install-completion; true", ("zsh", "-f"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        *(".zfunc", ".zshrc", "_smets", "log")
    ]
    with Zsh(tmp_path) as zsh:
        for line in FEWER:
            found = CASES[line].split()
            whole = f"{line.rpartition(' ')[0]} {found[0]} "
            zsh.type(f"\x15{line}\t", *(found if len(found) > 1 else [whole]))
        zsh.type("\x15smets capture out --log ./\t", "./log ")


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes(tmp_path):
    """project: as bash does."""
    fish = ("fish",)
    shell(tmp_path, "smets --install-completion; true", fish)
    (written,) = tmp_path.rglob("*.fish")
    assert written == tmp_path / ".config" / "fish" / "completions" / "smets.fish"
    (tmp_path / "log").touch()
    tabs = "".join(f"complete -C '{line}'; echo ==; " for line in FEWER)
    said = shell(tmp_path, f"{tabs}complete -C 'smets capture out --log ./l'", fish)
    found = [part.splitlines() for part in "\n".join(said).split("==\n")]
    words = [{line.partition("\t")[0] for line in lines if line} for lines in found]
    assert words == [set(CASES[line].split()) for line in FEWER] + [{"./log"}]
