"""Puts the parts of the dissector into one Lua file that needs nothing beside it."""

from __future__ import annotations

from importlib import resources

from host_tools import __version__

FILE = "smets_gbcs.lua"
# The first line tells a file of this program from any other one.
MARK = "-- GBCS dissector of smets"

# Each part may use those before it.
_PARTS = (
    "names",
    "fields",
    "reader",
    "times",
    "zcl",
    "gbz",
    "axdr",
    "dlms",
    "asn1",
    "message",
)
_HEAD = f"""\
{MARK} {__version__}, for Wireshark 4.0 and later. Made by `smets dissector`: do not edit.
if smets_gbcs then
  return -- loaded already, from another folder
end
smets_gbcs = true
local parts = {{}}
"""


def bundle() -> str:
    """The text of the dissector."""
    folder = resources.files("host_tools.dissector").joinpath("lua")
    texts = [
        f"\nparts.{name} = (function()\n"
        f"{folder.joinpath(f'{name}.lua').read_text(encoding='utf-8')}end)()\n"
        for name in _PARTS
    ]
    return _HEAD + "".join(texts)
