"""Puts the firmware, the data of boards and the examples into a wheel (host_tools/places.py)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("firmware", "boards", "examples")


class WithFirmware(build_py):
    """Builds the package, and beside it what its tools run and flash."""

    def run(self):
        """Copy the sources, unless the package is used where it lies."""
        super().run()
        if self.editable_mode:
            return
        shipped = Path(self.build_lib) / "host_tools" / "shipped"
        shutil.rmtree(shipped, ignore_errors=True)  # of an earlier build
        for folder in FOLDERS:
            for source in sorted(Path(folder).rglob("*.py")):
                target = shipped / source
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": WithFirmware})
