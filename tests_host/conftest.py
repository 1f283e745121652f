"""What all tests of this folder share: two engines, and where the RTDS vectors may be."""

import os
from pathlib import Path

from engines import pytest_pycollect_makemodule  # noqa: F401

_RTDS = Path(__file__).resolve().parents[2] / "shared" / "rtds"
if _RTDS.is_dir():
    os.environ.setdefault("RTDS_DIR", str(_RTDS))
