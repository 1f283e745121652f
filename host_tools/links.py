"""The HAN links of boards: what `smets flash --han` takes, and the key of a home."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any, cast

from host_tools.private import write_private
from host_tools.textfile import read_text

__all__ = ["KEYED", "LinkError", "check", "home_key", "read"]

# The links whose frames are sealed with the home's key, and what each can be told beside it.
KEYED: dict[str, dict[str, type]] = {
    "bus": {"baudrate": int, "echo": bool},
    "udp": {"group": str, "port": int, "interface": str, "ssid": str, "password": str},
    "espnow": {"channel": int},
}
_KEY = re.compile(r"[0-9A-Fa-f]{32}")


class LinkError(Exception):
    """The settings of a link make no sense; the text names the member."""


def home_key(path: Path) -> str:
    """The key that a file holds, 32 hexadecimal digits; a new one where there is no such file."""
    if not path.exists():
        write_private(path, (secrets.token_hex(16).upper() + "\n").encode())
    text = read_text(path).strip()
    if not _KEY.fullmatch(text):
        raise LinkError(f"{path}: a home's key is 32 hexadecimal digits")
    return text


def read(han: str, key: Path | None) -> dict[str, Any] | None:
    """`han` of an install from the name of a link or a JSON file; None for "none".

    `key` is the file of the home's key (see `home_key`). LinkError; OSError and ValueError where
    the file cannot be read.
    """
    if han == "none":
        return None
    if han == "xbee":
        raise LinkError("--han xbee: a module needs a JSON file, see boards/xbee3/README.md")
    if han in KEYED:
        settings: dict[str, Any] = {"link": han}
    elif not Path(han).exists():
        raise LinkError(f"--han {han}: not none, {', '.join(KEYED)}, and no such file")
    else:
        try:
            document: object = json.loads(read_text(Path(han)))
        except json.JSONDecodeError as error:
            raise LinkError(f"{han}: not JSON: {error}") from error
        if not isinstance(document, dict):
            raise LinkError(f"{han}: not a JSON object")
        settings = dict(cast("dict[str, Any]", document))
    if key is not None:
        settings["key"] = home_key(key)
    return settings


def check(link: str, settings: dict[str, Any]) -> None:
    """Refuse settings that a keyed link cannot use; LinkError names the member."""
    if link not in KEYED:
        return
    members = KEYED[link]
    if not _KEY.fullmatch(str(settings.get("key", ""))):
        raise LinkError(f"{link}: no key of 32 hexadecimal digits: give --home-key FILE")
    for name, value in settings.items():
        if name in ("key", "pins"):
            continue
        if name not in members:
            raise LinkError(f"{link}: no member {name}: it takes {', '.join(members)}")
        if type(value) is not members[name]:
            raise LinkError(f"{link}: {name} is {value!r}, not of type {members[name].__name__}")
    for name, least, most in (
        ("baudrate", 1200, 1_000_000),
        ("port", 1, 65535),
        ("channel", 1, 13),
    ):
        if not least <= settings.get(name, least) <= most:
            raise LinkError(f"{link}: {name} is {settings[name]}, not {least} to {most}")
