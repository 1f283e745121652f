"""The examples of docs/mmc.md and docs/srv.md run, and print what they say."""

from pathlib import Path

import pytest
from doc_examples import ROOT, run


@pytest.mark.parametrize("name", ["docs/mmc.md", "docs/srv.md"])
def test_the_examples_print_what_the_page_says(name: str, tmp_path: Path):
    page = (ROOT / name).read_text(encoding="utf-8")
    assert run(page, tmp_path) == page
