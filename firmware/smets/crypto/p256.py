# P-256 (secp256r1, SP 800-186 3.2.1.3): key agreement, and the point arithmetic under ECDSA.
# NOT constant-time: Python big integers are not, nor is the window method; timing leaks the key.
# Where a board has it, smets_p256 (firmware/native) does the arithmetic of points in machine code.
from smets import alive
from smets.compat import const, uncollected
from smets.crypto import CryptoError

try:
    import smets_p256 as native  # pyright: ignore[reportMissingImports]
except (ImportError, ValueError):  # none, or one for another MicroPython
    native = None

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# Points are Jacobian (x, y, z), standing for (x/z^2, y/z^3); z = 0 is the point at infinity.
# Plain % after a product: the division in C beats each reduction spelt out in Python.

_COLUMNS = const(52)  # of the comb for the base point: 5 rows, 260 digits
MINUS = const(16)  # in a digit of a scalar: subtract the entry


def scalar(private: bytes) -> int:
    """Return a private key as an integer; CryptoError unless 32 octets and in 1..n-1."""
    if len(private) != 32:
        raise CryptoError("private key length")
    k = int.from_bytes(private, "big")
    if not 0 < k < N:
        raise CryptoError("private key range")
    return k


def check_public(public: bytes) -> tuple:
    """Return (x, y) of a public key; CryptoError unless 04 || x || y, in range and on the curve.

    The cofactor is 1, so this is the full validation of SP 800-56A 5.6.2.3.3. The point at
    infinity has no such encoding.
    """
    if len(public) != 65 or public[0] != 4:
        raise CryptoError("public key form")
    view = memoryview(public)
    x = int.from_bytes(view[1:33], "big")
    y = int.from_bytes(view[33:], "big")
    if x >= P or y >= P:
        raise CryptoError("public key range")
    if ((x * x - 3) * x + _B - y * y) % P:
        raise CryptoError("public key off curve")
    return x, y


def public_key(private: bytes) -> bytes:
    """Return the public key, 04 || x || y (65 octets), of a private key (32 octets)."""
    k = scalar(private)
    if native:
        return b"\x04" + native.multiply(private, b"")
    return uncollected(_public_key, k)


def _public_key(k):
    x, y, z = combine(0, 0, 0, k)
    w = inverse(z, P)
    ww = w * w % P
    return b"\x04" + (x * ww % P).to_bytes(32, "big") + (y * ww * w % P).to_bytes(32, "big")


def shared_secret(private: bytes, public: bytes) -> bytes:
    """Return Z, the x-coordinate (32 octets) of private * public. SP 800-56A 5.7.1.2.

    CryptoError for a private key out of range or a public key that check_public refuses.
    """
    k = scalar(private)
    qx, qy = check_public(public)
    if native:
        return native.multiply(private, memoryview(public)[1:])[:32]
    return uncollected(_agree, k, qx, qy)


def _agree(k, qx, qy):
    x, _, z = combine(k, qx, qy, 0)  # z is not 0: the order is prime and k is in 1..n-1
    return (x * inverse(z * z % P, P) % P).to_bytes(32, "big")


def inverse(a: int, modulus: int) -> int:
    """Return 1/a modulo a prime, for a in 1..modulus-1; Euclid is seven times quicker than pow."""
    r0, r1, s0, s1 = modulus, a, 0, 1
    while r1:
        q, r = divmod(r0, r1)
        r0 = r1
        r1 = r
        s = s0 - q * s1
        s0 = s1
        s1 = s
    return s0 % modulus


def combine(k: int, qx: int, qy: int, g: int) -> tuple:
    """Return k * Q + g * G, Jacobian, with Q = (qx, qy) on the curve and k, g in 0..n-1.

    One chain of doublings for both: a width-5 NAF of k over odd multiples of Q, and a signed
    comb of g over a table for the base point.
    """
    naf = b""
    comb = b""
    if k:
        naf = _naf(k)
        odd = _odd_multiples(qx, qy)
    if g:
        from smets.crypto.p256_base import POINTS

        comb = digits_of(g)
        points = memoryview(POINTS)
    x, y, z = 1, 1, 0
    doublings = 0
    for i in range(max(len(naf), len(comb)) - 1, -1, -1):
        if not i & 15:
            alive.tell()
        doublings += 1
        digit = naf[i] if i < len(naf) else 0
        if digit:
            x, y, z = double(x, y, z, doublings)
            doublings = 0
            x, y, z = add(x, y, z, odd[(digit & 15) >> 1], digit & MINUS)
        if i < len(comb):
            x, y, z = double(x, y, z, doublings)
            doublings = 0
            at = (comb[i] & 15) * 64
            point = (
                int.from_bytes(points[at : at + 32], "big"),
                int.from_bytes(points[at + 32 : at + 64], "big"),
            )
            x, y, z = add(x, y, z, point, comb[i] & MINUS)
    return double(x, y, z, doublings)


def _naf(k):
    # Digits from the lowest: 0, or an odd number to 15, negative where MINUS is set.
    digits = bytearray(262)
    i = 0
    while k:
        if k & 1:
            low = k & 31
            k >>= 5
            if low & 16:
                low = MINUS | (32 - low)
                k += 1
            digits[i] = low
            i += 5
        else:
            k >>= 1
            i += 1
    return memoryview(digits)[: i - 4]  # the last digit is at i - 5


def digits_of(g: int) -> bytearray:
    """The digits of a scalar, 0..n-1, for a comb (see p256_base), from the lowest column.

    Each is the entry of the table to add, or with MINUS set to subtract.
    """
    # g is made odd, hence the sum of 260 digits of 1 or -1; the top row's is taken outside.
    flip = 0
    if not g & 1:
        g = N - g
        flip = MINUS
    bits = bin(g + (3 << 260) - 1 >> 1)[3:].encode()  # after "0b1": digit 1 as "1", -1 as "0"
    digits = bytearray(_COLUMNS)
    for i in range(_COLUMNS):
        at = _COLUMNS - 1 - i
        entry = 0
        for row in range(1, 5):
            entry = entry << 1 | bits[at + row * _COLUMNS] & 1
        digits[i] = flip ^ (entry if bits[at] & 1 else MINUS | entry ^ 15)
    return digits


def _odd_multiples(qx, qy):
    # 1, 3, .. 15 times Q, each (x, y, z, z^2, z^3).
    twice = cached(*double(qx, qy, 1, 1))
    table = [(qx, qy, 1, 1, 1)]
    for _ in range(7):
        last = table[-1]
        table.append(cached(*add(last[0], last[1], last[2], twice, 0)))
    return table


def cached(x: int, y: int, z: int) -> tuple:
    """A point as `add` takes it: (x, y, z, z^2, z^3)."""
    zz = z * z % P
    return x, y, z, zz, zz * z % P


def double(x: int, y: int, z: int, times: int) -> tuple:
    """Double a Jacobian point so often."""
    # "dbl-2001-b" for a = -3. Infinity, which is (1, 1, 0) here, stays as it is.
    while times:
        times -= 1
        yy = y * y % P
        b = x * yy % P
        zz = z * z % P
        a = 3 * (x - zz) * (x + zz) % P
        z = 2 * y * z % P
        x = (a * a - 8 * b) % P
        y = (a * (4 * b - x) - 8 * yy * yy) % P
    return x, y, z


def add(x1: int, y1: int, z1: int, point: tuple, minus: int) -> tuple:
    """Add a point that is not infinity, affine (x, y) or as `cached` has it; or subtract it."""
    y2 = P - point[1] if minus else point[1]
    if len(point) == 2:
        x2, _ = point
        if not z1:
            return x2, y2, 1
        u1, s1, z3 = x1, y1, z1
    else:
        x2, _, z2, zz2, zzz2 = point
        if not z1:
            return x2, y2, z2
        u1 = x1 * zz2 % P
        s1 = y1 * zzz2 % P
        z3 = z1 * z2 % P
    zz1 = z1 * z1 % P
    h = (x2 * zz1 - u1) % P
    r = (y2 * (zz1 * z1 % P) - s1) % P
    if not h:
        if r:
            return 1, 1, 0
        return double(x1, y1, z1, 1)
    hh = h * h % P
    hhh = hh * h % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z3 * h % P
