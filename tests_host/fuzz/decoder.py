"""Messages changed anywhere, to the host's decoder and its printed form."""

from __future__ import annotations

import json

from fuzz.commands import genuine, responses
from fuzz.devices_under import RING
from fuzz.source import Source
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import examine


class Decoder:
    """Commands and answers changed anywhere, or octets of nobody: read, or refused as told."""

    def __init__(self) -> None:
        self._seeds = [command.octets for command in genuine()] + list(responses())

    def __call__(self, data: bytes) -> None:
        """One input: one message."""
        source = Source(data)
        octets = bytearray(source.pick(self._seeds))
        if source.chance(6):
            octets = bytearray(source.octets(source.number(0, 300)))
        for _ in range(source.number(0, 8)):
            at = source.number(0, max(len(octets) - 1, 0))
            if source.chance(4):
                del octets[at : at + source.number(0, 16)]
            elif octets and at < len(octets):
                octets[at] = source.number(0, 255)
        try:
            message = examine(bytes(octets), RING if source.chance(3) else None)
        except DecodeError:
            return
        json.dumps(message.to_json())
        for node in message.tree.walk():
            str(node.text)
