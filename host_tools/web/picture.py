"""The picture of the view in the README: a real home in a real Chromium, after three buttons."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from host_tools.han.hub import Hub
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.server import Server
from host_tools.web.world import World

__all__ = ["CHROMIUM_FLAGS", "picture"]

CHROMIUM_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WIDTH, _HEIGHT = 1320, 1480


def _press(tab: Page, name: str) -> None:
    """Press a button and wait until its effect is there."""
    ready = "[data-do=tenancy][aria-disabled=false]"
    tab.wait_for_selector(ready, timeout=120_000)
    with tab.expect_response("**/act"):
        tab.click(name)
    tab.wait_for_selector(ready, timeout=120_000)


def picture(chromium: str, path: Path, scheme: str = "light") -> None:
    """Write a PNG of the page after a sag, a lost clock and some of the displays' keys."""
    with tempfile.TemporaryDirectory(prefix="smets-") as folder, sync_playwright() as playwright:
        world = World(Path(folder), Feed(), Hub(1), past=9 * 86400)
        server = Server(world.feed, page(60), world.ask)
        try:
            world.start()
            launch = playwright.chromium.launch
            browser = launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
            tab = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            tab.goto(server.url)
            _press(tab, "[data-do=sag]")
            _press(tab, "[data-do=clock]")
            tab.click("[data-role=ihd] [data-key=next]")
            tab.click("[data-role=ihd] [data-key=ok]")
            tab.wait_for_timeout(1500)
            # A palette is enough, and a third of the size.
            with Image.open(io.BytesIO(tab.screenshot(full_page=True))) as image:
                image.quantize(128).save(path, optimize=True)
            browser.close()
        finally:
            world.close()
            server.close()


if __name__ == "__main__":
    found = shutil.which("chromium")
    if found is None:
        sys.exit("there is no chromium here (Debian's package chromium)")
    picture(found, Path(sys.argv[1]), *sys.argv[2:3])
