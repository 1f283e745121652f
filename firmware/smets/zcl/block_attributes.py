# Attributes of Metering that an electricity meter alone serves: what it counts by blocks. Not in
# attributes.py, which every device holds in its memory.
from smets.compat import const

CURRENT_BLOCK_PERIOD_CONSUMPTION_DELIVERED = const(0x000C)
CURRENT_BLOCK = const(0x000E)
CURRENT_TIER1_BLOCK1_SUMMATION_DELIVERED = const(0x0710)
