# What an electricity meter counts, and the matrix of its registers by rate and block.
from smets.compat import const

# Quantities, Wh or varh, in the order of the record.
QUANTITIES = ("import", "secondary", "export", "reactive_export", "reactive_import")
IMPORT, SECONDARY, EXPORT, REACTIVE_EXPORT, REACTIVE_IMPORT = range(5)

# The matrix: 48 rates, four rates of a second element, then of each of four blocks eight registers
# and eight counters, four octets each.
RATES = const(48)
SECOND = const(48)
BLOCKS = const(52)
SIZE = const(116)
GROUP = const(8)  # registers, or counters, of a block


def reset_counters(matrix):
    """Let the block counters of every rate begin at zero; the registers stay."""
    for block in range(4):
        first = BLOCKS + (2 * block + 1) * GROUP
        matrix[4 * first : 4 * (first + GROUP)] = bytes(4 * GROUP)
