"""The example of docs/dcc.md, carried out as it stands there, but on a free port."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not os.access("/usr/bin/curl", os.X_OK), reason="no curl here")
def test_the_example(tmp_path):
    page = (ROOT / "docs" / "dcc.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ (.*)$", page, re.M)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    script = "\n".join(["set -e", "trap 'kill %1; wait' EXIT", *lines])
    assert script.count("8079") == 2
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script.replace("8079", str(port))],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "Response signed by 02-53-4D-45-54-53-00-02 (dSPXmlSign" in said
    assert ">I99<" in said and "ReadInstantaneousImportRegistersRsp" in said
    rows = [line.split() for line in said.splitlines() if "02-53-4D-45-54-53-00-A3" in line]
    kinds = [" ".join(row[2:4]) for row in rows if row[0].startswith("20")]
    assert [kind for kind in kinds if kind] == [
        "received service",
        "by the",
        "sent response",
    ]
