"""What a device under test may be able to do, and how long one check may take."""

from typing import Final

__all__ = ["CAPABILITIES", "CHECK_LIMIT"]

# What a check may need: FORGET and STATE, CLOCK and ADVANCE, HAN frames, simulation inputs,
# taking power away and giving it back with what the flash holds, and changing the device.
CAPABILITIES: Final = ("state", "clock", "han", "inputs", "power", "update")
# One check may take this many seconds; then its link is cut and the next one begins on a new one.
CHECK_LIMIT: Final = 120.0
