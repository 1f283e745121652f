# Combs for verification keys that come again: a signature takes 52 doublings instead of 256.
# A table is made like that of the base point (p256_base.py). All of it is public.
from smets import alive
from smets.compat import const, uncollected
from smets.crypto import p256
from smets.crypto.p256 import MINUS, P, add, cached, digits_of, double, inverse
from smets.crypto.p256_base import POINTS

_ROWS = const(5)
_COLUMNS = const(52)
_ENTRIES = const(16)


def table(public: bytes) -> bytearray:
    """The comb of a public key (65 octets), 1,024 octets; CryptoError as p256.check_public.

    Entry e, x || y: (2^208 + sum of s_r * 2^(52 r), r = 0..3) * Q, s_r = 1 where bit r of e is
    set, else -1. It takes as long as half a verification.
    """
    x, y = p256.check_public(public)
    made = bytearray(_ENTRIES * 64)  # first: it lasts, what follows is garbage
    uncollected(_fill, made, x, y)
    return made


def _fill(made, x, y):
    teeth = []
    z = 1
    for _ in range(_ROWS - 1):
        teeth.append(cached(x, y, z))
        alive.tell()
        x, y, z = double(x, y, z, _COLUMNS)
    for tooth in teeth:
        x, y, z = add(x, y, z, tooth, MINUS)
    entries = [(x, y, z)]
    for row in range(_ROWS - 1):
        alive.tell()
        tooth = teeth[row]
        twice = cached(*double(tooth[0], tooth[1], tooth[2], 1))
        # No multiple of Q that is summed here is that of the group's order, so z is never 0.
        entries += [add(x, y, z, twice, 0) for x, y, z in entries]
    # One division for all: the products of the first z, then back.
    products = [1]
    for _, _, z in entries:
        products.append(products[-1] * z % P)
    rest = inverse(products[-1], P)
    for e in range(_ENTRIES - 1, -1, -1):
        x, y, z = entries[e]
        w = rest * products[e] % P
        rest = rest * z % P
        ww = w * w % P
        made[64 * e : 64 * e + 32] = (x * ww % P).to_bytes(32, "big")
        made[64 * e + 32 : 64 * e + 64] = (y * ww * w % P).to_bytes(32, "big")


def combine(points, k: int, g: int) -> tuple:
    """Return k * Q + g * G, Jacobian, with the comb `points` of Q and k, g in 0..n-1.

    The same as p256.combine: 52 doublings, and a point of each table after each.
    """
    tables = ((memoryview(points), digits_of(k)), (memoryview(POINTS), digits_of(g)))
    x, y, z = 1, 1, 0
    for i in range(_COLUMNS - 1, -1, -1):
        if not i & 15:
            alive.tell()
        x, y, z = double(x, y, z, 1)
        for entries, digits in tables:
            at = (digits[i] & 15) * 64
            point = (
                int.from_bytes(entries[at : at + 32], "big"),
                int.from_bytes(entries[at + 32 : at + 64], "big"),
            )
            x, y, z = add(x, y, z, point, digits[i] & MINUS)
    return x, y, z
