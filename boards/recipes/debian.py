"""Debian's sources of MicroPython and of what its rp2 port needs, kept under build/debian.

The machine may run an older Debian: a private list names suite trixie at the mirror that the
machine itself uses. Packages are only downloaded from it, nothing is installed or upgraded.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "debian"
SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Versions this was tested with; another upstream version stops the build.
SOURCES = {"micropython": "1.25.0", "mbedtls": "3.6."}
BINARIES = {"pico-sdk-source": "2.1.1", "tinyusb-source": "0.18.0"}


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a command; its output."""
    words = [str(word) for word in command]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(words, cwd=cwd, check=False, **output)
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        sys.exit(f"{tail}\n{' '.join(words)}: status {done.returncode}")
    return done.stdout


def need(*packages: str) -> None:
    """Install the packages that this machine lacks; where that is not allowed, say which."""
    if not shutil.which("dpkg-query"):
        sys.exit("this needs Debian, version 12 or later")
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n", *packages]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    here = {line.split()[1] for line in known.splitlines() if line.startswith("installed ")}
    # Tools that come from elsewhere (node with npm in one package, say) do as well.
    here |= {name for name in packages if name in ("nodejs", "npm", "cmake") and _tool(name)}
    missing = [name for name in packages if name not in here]
    if not missing:
        return
    if os.geteuid() != 0:
        sys.exit(f"packages are missing; as root: apt-get install {' '.join(missing)}")
    print("installing", *missing, flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    options = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run(["apt-get", *options, "update"], check=True)
    install = ["apt-get", *options, "install", "--no-install-recommends", *missing]
    subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)


def _tool(package: str) -> bool:
    return shutil.which({"nodejs": "node"}.get(package, package)) is not None


def _mirror() -> str:
    """Where this machine gets its own Debian from."""
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    codename = release.get("VERSION_CODENAME", "").strip('"')
    empty = HOME / "empty"
    (empty / "partial").mkdir(parents=True, exist_ok=True)
    uris = run("apt-get", "--print-uris", "update", "-o", f"Dir::State::Lists={empty}")
    match = re.search(rf"'(\S+)/dists/{codename}/InRelease'", uris)
    if not codename or not match:
        sys.exit(f"apt of this machine has no source of suite {codename or 'unknown'}")
    return match[1]


def _apt(*words: str, cwd: Path | None = None) -> str:
    """apt-get with the private list only."""
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": HOME / "parts",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": HOME / "lists",
        "Dir::Cache": HOME / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    flags = [flag for key, value in options.items() for flag in ("-o", f"{key}={value}")]
    return run("apt-get", "-qq", *flags, *words, cwd=cwd)


def _update() -> None:
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (HOME / name).mkdir(parents=True, exist_ok=True)
    (HOME / "parts" / "private.sources").write_text(
        f"Types: deb deb-src\nURIs: {_mirror()}\nSuites: {SUITE}\nComponents: main\n"
        f"Signed-By: {KEYRING}\n",
        encoding="utf-8",
    )
    _apt("update")


def _check(name: str, found: Path, wanted: str) -> None:
    version = found.name.split("_")[1]
    if not version.startswith(wanted):
        sys.exit(f"{name} is {version} in {SUITE} now; this build was made for {wanted}")
    print(name, version, flush=True)


def fetch(*names: str) -> dict[str, Path]:
    """Download and unpack what is not there yet; the folder of each."""
    folders = {name: HOME / name for name in names}
    missing = [name for name, folder in folders.items() if not folder.exists()]
    if missing:
        _update()
    for name in missing:
        work = HOME / f"{name}.part"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        if name in SOURCES:
            _apt("source", "--download-only", name, cwd=work)
            (description,) = work.glob("*.dsc")
            _check(name, description, SOURCES[name])
            # apt has checked the hashes against the signed list of the suite.
            run("dpkg-source", "--no-check", "--extract", description.name, "tree", cwd=work)
        else:
            _apt("download", name, cwd=work)
            (package,) = work.glob("*.deb")
            _check(name, package, BINARIES[name])
            run("dpkg-deb", "--extract", package, work / "tree")
        (work / "tree").rename(folders[name])
        shutil.rmtree(work)
    return folders
