"""Install what the emulator of the Pico needs into build/pico_emulator."""

import shutil

import debian

HERE = debian.ROOT / "boards" / "pico_emulator"
TARGET = debian.ROOT / "build" / "pico_emulator"


def main() -> None:
    """Node, and the packages of the lock file in the versions that it names."""
    debian.need("nodejs", "npm")
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, TARGET / name)
    debian.run("npm", "ci", "--no-audit", "--no-fund", cwd=TARGET)


if __name__ == "__main__":
    main()
