# The loops of ghash.py as machine code; only MicroPython with a viper emitter can load it.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportInvalidTypeForm=false, reportIndexIssue=false
# pyright: reportOperatorIssue=false, reportCallIssue=false
# A block is four words of 32 bits, the first has the coefficients of x^0 to x^31, the lowest
# degree at its top. An integer has 32 bits on a board and 64 on a host: what is shifted down is
# masked, so that neither its sign nor what lies above 32 bits comes in.
import micropython

# Two tables of 16 entries: the hash key times each polynomial of 4 bits, four words each; then
# what the 4 bits that fall off at the end stand for, to be added at the top.
_WORDS = 80


def prepare(h):
    """As ghash.prepare_python."""
    table = bytearray(4 * _WORDS)
    _fill(table, h)
    return table


@micropython.viper  # pyright: ignore
def _fill(out, key):
    table = ptr32(out)
    h = ptr8(key)
    # Entry 8 is the key itself: the top bit of 4 is the lowest degree. Each half of that is it
    # times x.
    z0 = h[0] << 24 | h[1] << 16 | h[2] << 8 | h[3]
    z1 = h[4] << 24 | h[5] << 16 | h[6] << 8 | h[7]
    z2 = h[8] << 24 | h[9] << 16 | h[10] << 8 | h[11]
    z3 = h[12] << 24 | h[13] << 16 | h[14] << 8 | h[15]
    entry = 8
    while entry:
        table[4 * entry] = z0
        table[4 * entry + 1] = z1
        table[4 * entry + 2] = z2
        table[4 * entry + 3] = z3
        off = z3 & 1
        z3 = (z3 >> 1 & 0x3FFFFFFF) | (z3 >> 31 & 1) << 30 | (z2 & 1) << 31
        z2 = (z2 >> 1 & 0x3FFFFFFF) | (z2 >> 31 & 1) << 30 | (z1 & 1) << 31
        z1 = (z1 >> 1 & 0x3FFFFFFF) | (z1 >> 31 & 1) << 30 | (z0 & 1) << 31
        z0 = (z0 >> 1 & 0x3FFFFFFF) | (z0 >> 31 & 1) << 30
        z0 ^= (off * 0xE1) << 24
        entry >>= 1
    # The others are sums of those.
    entry = 2
    while entry < 16:
        i = 1
        while i < entry:
            word = 0
            while word < 4:
                table[4 * (entry + i) + word] = table[4 * entry + word] ^ table[4 * i + word]
                word += 1
            i += 1
        entry <<= 1
    # 0xE1 at the top is x^128; a bit that falls off one place later is that times x.
    i = 0
    while i < 16:
        bits = 0
        if i & 1:
            bits ^= 0x1C20
        if i & 2:
            bits ^= 0x3840
        if i & 4:
            bits ^= 0x7080
        if i & 8:
            bits ^= 0xE100
        table[64 + i] = bits << 16
        i += 1


@micropython.viper  # pyright: ignore
def absorb(y, table, data, count: int):
    """As ghash.absorb_python."""
    state = ptr8(y)
    key = ptr32(table)
    block = ptr8(data)
    at = 0
    end = count << 4
    while at < end:
        z0 = 0
        z1 = 0
        z2 = 0
        z3 = 0
        i = 15
        while i >= 0:
            octet = state[i] ^ block[at + i]
            half = 2
            while half:
                # Times x^4, and what falls off comes in at the top again.
                off = z3 & 15
                z3 = (z3 >> 4 & 0xFFFFFFF) | (z2 & 15) << 28
                z2 = (z2 >> 4 & 0xFFFFFFF) | (z1 & 15) << 28
                z1 = (z1 >> 4 & 0xFFFFFFF) | (z0 & 15) << 28
                z0 = (z0 >> 4 & 0xFFFFFFF) ^ key[64 + off]
                entry = (octet & 15) << 2
                z0 ^= key[entry]
                z1 ^= key[entry + 1]
                z2 ^= key[entry + 2]
                z3 ^= key[entry + 3]
                octet >>= 4
                half -= 1
            i -= 1
        i = 0
        shift = 24
        while i < 4:
            state[i] = z0 >> shift
            state[4 + i] = z1 >> shift
            state[8 + i] = z2 >> shift
            state[12 + i] = z3 >> shift
            shift -= 8
            i += 1
        at += 16


@micropython.viper  # pyright: ignore
def mix(data, stream, out, count: int):
    """As ghash.mix_python."""
    a = ptr8(data)
    b = ptr8(stream)
    c = ptr8(out)
    i = 0
    while i < count:
        c[i] = a[i] ^ b[i]
        i += 1
