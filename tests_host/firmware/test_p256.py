# engines: cpython unix
# P-256: published vectors, key validation, and the corners of the point arithmetic.
from binascii import hexlify, unhexlify

from testkit import raises

from smets.crypto import CryptoError, equal, p256
from smets.crypto.p256_base import POINTS

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5

# Private key, peer's x, peer's y, shared secret.
AGREEMENTS = (
    # NIST CAVS 14.1, KAS ECC CDH primitive, P-256, counts 0 to 2.
    "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534"
    "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
    "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
    "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
    "38f65d6dce47676044d58ce5139582d568f64bb16098d179dbab07741dd5caf5"
    "809f04289c64348c01515eb03d5ce7ac1a8cb9498f5caa50197e58d43a86a7ae"
    "b29d84e811197f25eba8f5194092cb6ff440e26d4421011372461f579271cda3"
    "057d636096cb80b67a8c038c890e887d1adfa4195e9b3ce241c8a778c59cda67",
    "1accfaf1b97712b85a6f54b148985a1bdc4c9bec0bd258cad4b3d603f49f32c8"
    "a2339c12d4a03c33546de533268b4ad667debf458b464d77443636440ee7fec3"
    "ef48a3ab26e20220bcda2c1851076839dae88eae962869a497bf73cb66faf536"
    "2d457b78b4614132477618a5b077965ec90730a8c81a1c75d6d4ec68005d67ec",
    # RFC 5903 8.1: i with g^r, then r with g^i.
    "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
    "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
)

# RFC 5903 8.1 and RFC 6979 A.2.5: private key, x, y.
PAIRS = (
    "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
)


def octets(value):
    return value.to_bytes(32, "big")


def encoded(x, y):
    return b"\x04" + octets(x) + octets(y)


def reference_add(a, b):
    # The textbook chord and tangent, None for infinity: nothing shared with the firmware.
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], P - 2, P) % P
    else:
        slope = (b[1] - a[1]) * pow((b[0] - a[0]) % P, P - 2, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def reference_multiple(k, point):
    total = None
    while k:
        if k & 1:
            total = reference_add(total, point)
        point = reference_add(point, point)
        k >>= 1
    return total


def affine(point):
    x, y, z = point
    if not z:
        return None
    w = pow(z, P - 2, P)
    return x * w * w % P, y * w * w * w % P


def root(square):
    # A square root modulo P (P is 3 modulo 4), or None.
    y = pow(square % P, (P + 1) >> 2, P)
    return y if y * y % P == square % P else None


def base_multiple(k):
    # By the window alone, which the reference above has vouched for.
    return affine(p256.combine(k % N, GX, GY, 0))


def point_at(x):
    # Of the two points with this x, one; or None.
    y = root(x * x * x - 3 * x + B)
    return None if y is None else (x, y)


def test_shared_secret_published():
    for text in AGREEMENTS:
        v = unhexlify(text)
        got = p256.shared_secret(v[:32], b"\x04" + v[32:96])
        assert got == v[96:], text[:64]


def test_public_key_published():
    for text in PAIRS:
        v = unhexlify(text)
        assert p256.public_key(v[:32]) == b"\x04" + v[32:], text[:64]


def test_public_key_of_small_and_large_scalars():
    point = None
    for k in range(1, 41):
        point = reference_add(point, (GX, GY))
        assert p256.public_key(octets(k)) == encoded(*point), k
        assert p256.public_key(octets(N - k)) == encoded(point[0], P - point[1]), -k
        assert affine(p256.combine(k, GX, GY, 0)) == point, k
        assert affine(p256.combine(N - k, GX, GY, 0)) == (point[0], P - point[1]), -k


def test_multiples_of_striking_scalars():
    # Long runs of ones and zeros, single bits, digits of the window at their limits.
    point = reference_multiple(7, (GX, GY))
    for k in (1 << 255, (1 << 256) // 3, (1 << 224) - 1, 0x1F << 250, 0x10 << 128 | 0x11, N >> 1):
        expected = reference_multiple(k, point)
        assert affine(p256.combine(k, point[0], point[1], 0)) == expected, k
        assert affine(p256.combine(0, 0, 0, 7 * k % N)) == expected, k


def test_comb_agrees_with_the_window():
    k = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95
    for _ in range(30):
        k = k * k % N
        assert affine(p256.combine(0, 0, 0, k)) == affine(p256.combine(k, GX, GY, 0)), k


def test_base_table_is_what_its_comment_says():
    teeth = [reference_multiple(1 << (52 * row), (GX, GY)) for row in range(5)]
    for entry in range(16):
        point = teeth[4]
        for row in range(4):
            x, y = teeth[row]
            point = reference_add(point, (x, y if entry >> row & 1 else P - y))
        expected = octets(point[0]) + octets(point[1])
        assert POINTS[64 * entry : 64 * entry + 64] == expected, entry
    assert len(POINTS) == 16 * 64, "entries"


def test_combine_at_every_meeting_of_the_two_sums():
    # k * Q + g * G with Q = q * G: among others, two equal sums and two that cancel out.
    g = 0x4B1D_0123_4567_89AB_CDEF_0011_2233_4455_6677_8899_AABB_CCDD_EEFF_0102_0304_0506
    for q in (1, 2, N - 1, 3):
        qx, qy = base_multiple(q)
        for k in (1, 5, g, N - g, g * pow(q, N - 2, N) % N, (N - g) * pow(q, N - 2, N) % N):
            expected = base_multiple(k * q + g)
            assert affine(p256.combine(k, qx, qy, g)) == expected, (q, k)
    assert p256.combine(0, 0, 0, 0)[2] == 0, "nothing is infinity"


def test_combine_through_infinity_and_through_a_doubling():
    # Q is what the first column of the comb adds, or its negative, and k = 2^51: the running sum
    # is Q, meets the column's point at bit 51, and goes on from infinity or from twice Q.
    for g in (N - 2, 0x8000 << 240 | 0x1235, 77):
        digit = p256.digits_of(g)[51]
        entry = digit & 15
        scalar = (1 << 208) + sum([(1 if entry >> r & 1 else -1) << (52 * r) for r in range(4)])
        scalar = (-scalar if digit & 16 else scalar) % N
        for q in (N - scalar, scalar):
            qx, qy = base_multiple(q)
            expected = base_multiple((1 << 51) * q + g)
            assert affine(p256.combine(1 << 51, qx, qy, g)) == expected, (g, q)


def test_combine_goes_on_from_infinity_with_a_negative_digit():
    # After columns 51 to 46 the comb has added c * G, the window 32 * Q for its digit at bit 51;
    # Q = -c / 32 * G makes that infinity, and the digit at bit 45 is -3.
    g = 0x6F << 240 | 0x3F57
    columns = p256.digits_of(g)
    c = 0
    for i in range(51, 45, -1):
        entry = columns[i] & 15
        scalar = (1 << 208) + sum([(1 if entry >> r & 1 else -1) << (52 * r) for r in range(4)])
        c = 2 * c + (-scalar if columns[i] & 16 else scalar)
    q = -c * pow(32, N - 2, N) % N
    qx, qy = base_multiple(q)
    k = (1 << 51) - (3 << 45)
    assert affine(p256.combine(k, qx, qy, g)) == base_multiple(k * q + g), "sum"


def test_shared_secret_keeps_leading_zero_octets():
    # Wanted: private * Q = (x, y) with a tiny x, so Q = (1 / private) * (x, y).
    private = 0x1234567890ABCDEF << 190 | 3
    found = 0
    for x in (0, 1, 2, 5, 6, 8, 9, 1 << 200):
        point = point_at(x)
        if point is None:
            continue
        found += 1
        q = affine(p256.combine(pow(private, N - 2, N), point[0], point[1], 0))
        assert p256.shared_secret(octets(private), encoded(*q)) == octets(x), x
    assert found >= 3, "too few such points: %d" % found


def test_agreement_is_mutual():
    a = octets(N - 12345)
    for i in range(1, 6):
        b = octets((i << 251) + i * 1234567891011121314)
        ab = p256.shared_secret(a, p256.public_key(b))
        assert ab == p256.shared_secret(b, p256.public_key(a)), i


def test_private_keys_out_of_range():
    public = encoded(GX, GY)
    for bad in (
        b"",
        bytes(32),
        octets(N),
        octets(N + 1),
        b"\xff" * 32,
        b"\x01" * 31,
        b"\x01" * 33,
    ):
        with raises(CryptoError):
            p256.public_key(bad)
        with raises(CryptoError):
            p256.shared_secret(bad, public)
    assert p256.public_key(octets(N - 1)) == encoded(GX, P - GY), "n - 1 is in range"


def refused(public):
    with raises(CryptoError):
        p256.check_public(public)
    with raises(CryptoError):
        p256.shared_secret(octets(5), public)


def test_public_keys_of_other_forms():
    good = encoded(GX, GY)
    assert p256.check_public(good) == (GX, GY), "bytes"
    assert p256.check_public(memoryview(b"." + good)[1:]) == (GX, GY), "memoryview"
    refused(b"")
    refused(b"\x00")  # the point at infinity
    refused(bytes(65))
    refused(b"\x04" + bytes(64))
    refused(b"\x03" + octets(GX))  # compressed
    refused(b"\x02" + octets(GX))
    refused(b"\x03" + good[1:])
    refused(good[1:])  # raw
    refused(good[:-1])
    refused(good + b"\x00")
    for form in (0, 1, 2, 5, 6, 7, 0x84, 255):  # 6 and 7 are the hybrid forms
        refused(bytes([form]) + good[1:])


def test_public_keys_out_of_range():
    # x = 5 and y of such a point stay on the curve when p is added to x: only the range says no.
    point = point_at(5)
    assert p256.check_public(encoded(*point)) == point, "the point itself"
    refused(encoded(point[0] + P, point[1]))
    refused(encoded(P, root(B)))
    assert p256.check_public(encoded(0, root(B)))[0] == 0, "x = 0 is on the curve"
    x = 0x9B21C2DE1DA31D68731DBDAF97D7AB3F979131E28E3DC5B2077D5A7187914A78  # where y is 6
    assert p256.check_public(encoded(x, 6)) == (x, 6), "the point itself"
    refused(encoded(x, 6 + P))
    refused(encoded(GX, P))
    refused(encoded(P, P))
    refused(b"\x04" + b"\xff" * 64)


def test_public_keys_off_the_curve():
    for bit in range(0, 256, 15):
        refused(encoded(GX ^ 1 << bit, GY))
        refused(encoded(GX, GY ^ 1 << bit))
    refused(encoded(GY, GX))
    refused(encoded(GX, 0))
    refused(encoded(1, 1))


def test_public_keys_on_the_twist_and_on_other_curves():
    twists = 0
    for x in range(1, 12):
        right = (x * x * x - 3 * x + B) % P
        if root(right) is None:  # -1 is no square: -right is one, and (x, y) is on the twist
            refused(encoded(x, root(-right)))
            twists += 1
    assert twists, "no x of the twist"
    # y^2 = x^3 - 3x + b' with another b': the invalid curve attack.
    others = 0
    for b in range(8):
        y = root(GX * GX * GX - 3 * GX + b)
        if y is not None:
            refused(encoded(GX, y))
            others += 1
    assert others, "no other curve"


def test_inverse():
    for modulus in (P, N):
        for a in (1, 2, 3, modulus - 1, modulus >> 1, GX, (1 << 128) - 1):
            assert p256.inverse(a, modulus) * a % modulus == 1, a


def test_equal():
    assert equal(b"", b""), "empty"
    assert equal(b"abc", memoryview(bytearray(b"xabc"))[1:]), "kinds of buffers"
    assert not equal(b"abc", b"abcd"), "longer"
    assert not equal(b"abc", b""), "empty and not"
    tag = bytes(range(12))
    for bit in range(96):
        other = bytearray(tag)
        other[bit >> 3] ^= 1 << (bit & 7)
        assert not equal(tag, other), bit


def test_errors_carry_no_key():
    secret = octets(N + 0x1234)
    with raises(CryptoError) as caught:
        p256.public_key(secret)
    assert hexlify(secret)[-8:].decode() not in str(caught.error), "key in the text"
