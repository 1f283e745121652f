# GHASH (SP 800-38D 6.4) a block at a time, in place: machine code where the port can have it.
# A block is the integer of its octets: bit 127 is the coefficient of x^0. Products without carry
# have that of x^0 at bit 254. Look-ups by secret digits: NOT constant-time.

_LOW_127 = (1 << 127) - 1
_LOW_128 = (1 << 128) - 1


def prepare_python(h: bytes | bytearray | memoryview):
    """What `absorb_python` needs of the hash key, 16 octets: its multiples by 0 to 15."""
    h = int.from_bytes(h, "big")
    table = [0, h]
    for i in range(1, 8):
        twice = table[i] << 1
        table.append(twice)
        table.append(twice ^ h)
    return table


def absorb_python(y: bytearray, table, data: bytes | bytearray | memoryview, count: int) -> None:
    """For each of the first `count` blocks of 16 octets of data: y = (y + block) * hash key."""
    value = int.from_bytes(y, "big")
    for at in range(0, count << 4, 16):
        value ^= int.from_bytes(data[at : at + 16], "big")
        product = 0
        for octet in value.to_bytes(16, "big"):
            product = (product << 4 ^ table[octet >> 4]) << 4 ^ table[octet & 15]
        # Modulo x^128 + x^7 + x^2 + x + 1: degrees 128 and up are the low 127 bits.
        low = product & _LOW_127
        low ^= (low ^ low << 5) << 121 & _LOW_127  # what the next line would carry to them again
        product ^= (low ^ (low ^ low << 1 ^ low << 2) << 5) << 121
        value = product >> 127 & _LOW_128
    y[:] = value.to_bytes(16, "big")


def mix_python(
    data: bytes | bytearray | memoryview,
    stream: bytes | bytearray | memoryview,
    out: bytearray | memoryview,
    count: int,
) -> None:
    """The first `count` octets of out become those of data XOR stream; out may be data."""
    mixed = int.from_bytes(data[:count], "big") ^ int.from_bytes(stream[:count], "big")
    out[:count] = mixed.to_bytes(count, "big")


try:
    # The tests hold the two equal.
    from smets.crypto.ghash_viper import absorb, mix, prepare
except (ImportError, SyntaxError):
    prepare = prepare_python
    absorb = absorb_python
    mix = mix_python
