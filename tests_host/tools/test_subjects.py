"""`.ci/subjects` finds commit subjects of another form, and only after its base."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "subjects"


def git(folder: Path, *words: str) -> str:
    known = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *known, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(folder: Path, subject: str) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)


def checked(folder: Path, base: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([SCRIPT, base], cwd=folder, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("codec: Read " + "a" * 59 + ".", b""),
        ("codec: Read " + "a" * 60 + ".", b"longer than 72 characters"),
        ("codec: Read a number", b"full stop"),
        ("Read a number.", b"full stop"),
        (": Read a number.", b"full stop"),
    ],
)
def test_subjects_after_the_base(tmp_path: Path, subject: str, told: bytes) -> None:
    """project: one form for all commits; what came before it is left as it is."""
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "older")
    base = git(tmp_path, "rev-parse", "HEAD")
    commit(tmp_path, subject)
    done = checked(tmp_path, base)
    assert told in done.stdout and done.returncode == (1 if told else 0), done


def test_no_history_fails_nothing(tmp_path: Path) -> None:
    """project: a shallow clone, or an unpacked archive, has no base."""
    assert checked(tmp_path, "f" * 40).returncode == 0
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "no form")
    done = checked(tmp_path, "f" * 40)
    assert done.returncode == 0 and b"not checked" in done.stdout
