"""ZDO requests of the HAN by name (ZigBee 2.4.3). RESPONSE is set in an answer."""

from __future__ import annotations

from typing import Final

SIMPLE_DESCRIPTOR: Final = 0x0004
ACTIVE_ENDPOINTS: Final = 0x0005
MATCH_DESCRIPTOR: Final = 0x0006
RESPONSE: Final = 0x8000

NAMES: Final = {
    SIMPLE_DESCRIPTOR: "Simple Descriptor Request",
    ACTIVE_ENDPOINTS: "Active Endpoints Request",
    MATCH_DESCRIPTOR: "Match Descriptor Request",
    SIMPLE_DESCRIPTOR | RESPONSE: "Simple Descriptor Response",
    ACTIVE_ENDPOINTS | RESPONSE: "Active Endpoints Response",
    MATCH_DESCRIPTOR | RESPONSE: "Match Descriptor Response",
}
