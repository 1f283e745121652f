# engines: cpython unix
# ECDSA on P-256 with SHA-256: published vectors, and signatures made to be awkward.
from binascii import unhexlify

from testkit import raises

from smets.crypto import CryptoError, ecdsa, p256

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# RFC 6979 A.2.5, SHA-256: private key; message, k, r || s.
KEY = unhexlify("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
RFC_6979 = (
    (
        b"sample",
        "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        b"test",
        "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
)

# NIST CAVS, FIPS 186-4 SigGen, P-256 with SHA-256, the first: message; x || y; r || s.
FIPS_186_MESSAGE = unhexlify(
    "5905238877c77421f73e43ee3da6f2d9e2ccad5fc942dcec0cbd25482935faaf"
    "416983fe165b1a045ee2bcd2e6dca3bdf46c4310a7461f9a37960ca672d3feb5"
    "473e253605fb1ddfd28065b53cb5858a8ad28175bf9bd386a5e471ea7a65c17c"
    "c934a9d791e91491eb3754d03799790fe2d308d16146d5c9b0d0debd97d79ce8"
)
FIPS_186_PUBLIC = b"\x04" + unhexlify(
    "1ccbe91c075fc7f4f033bfa248db8fccd3565de94bbfb12f3c59ff46c271bf83"
    "ce4014c68811f9a21a1fdb2c0e6113e06db7ca93b7404e78dc7ccd5ca89a4ca9"
)
FIPS_186_SIGNATURE = unhexlify(
    "f3ac8061b514795b8843e3d6629527ed2afd6b1f6a555a7acabb5e6f79c8c2ac"
    "8bf77819ca05a6b2786c76262bf7371cef97b218e96f175a3ccdda2acc058903"
)

# The nonces for the key 3, the digest EE EE .. EE and the order 2^255 + 95, by Python's hmac.
RETRIED = [
    unhexlify("1396846990af84e8010704b8acd401e59279e8cb7ca96947f0710b9b06cbeb0b"),
    unhexlify("5a20e377b0c990a2b2e044f8b01bbebcef8ea5237003b39e4dd1a7d951d9e5bb"),
    unhexlify("23d007f1e99e6e7b7288eef94e7a185cb1b269d4a8052bab0db1d45bc40de449"),
]


def octets(value):
    return value.to_bytes(32, "big")


def number(value):
    return int.from_bytes(value, "big")


def inverse(a, modulus=N):
    return pow(a % modulus, modulus - 2, modulus)


def base_x(k):
    # x of k * G.
    return number(p256.public_key(octets(k))[1:33])


def test_sha256_of_parts():
    # FIPS 180-4, "abc".
    expected = unhexlify("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert ecdsa.sha256(b"abc") == expected, "one part"
    assert ecdsa.sha256(b"a", b"", memoryview(b"abc")[1:]) == expected, "three parts"


def test_rfc_6979():
    for message, nonce, signature in RFC_6979:
        digest = ecdsa.sha256(message)
        k = next(iter(ecdsa.nonces(KEY, digest, N)))
        assert octets(k) == unhexlify(nonce), message
        assert ecdsa.sign(KEY, digest) == unhexlify(signature), message
        assert ecdsa.verify(p256.public_key(KEY), digest, unhexlify(signature)), message


def test_fips_186():
    digest = ecdsa.sha256(FIPS_186_MESSAGE)
    assert ecdsa.verify(FIPS_186_PUBLIC, digest, FIPS_186_SIGNATURE), "good"
    bad = ecdsa.sha256(FIPS_186_MESSAGE[:-1])
    assert not ecdsa.verify(FIPS_186_PUBLIC, bad, FIPS_186_SIGNATURE), "other message"


def test_signatures_verify_and_only_so():
    public = p256.public_key(KEY)
    other = p256.public_key(octets(2))
    for digest in (bytes(32), octets(N), octets(N - 1), b"\xff" * 32, octets(1), octets(1 << 255)):
        signature = ecdsa.sign(KEY, digest)
        assert signature == ecdsa.sign(KEY, digest), "deterministic"
        assert ecdsa.verify(public, memoryview(digest), memoryview(signature)), digest
        assert not ecdsa.verify(other, digest, signature), "other key"
        changed = bytearray(digest)
        changed[31] ^= 1
        assert not ecdsa.verify(public, changed, signature), "other digest"


def test_smallest_and_largest_private_keys():
    digest = ecdsa.sha256(b"edge")
    for d in (1, 2, N - 2, N - 1):
        signature = ecdsa.sign(octets(d), digest)
        assert ecdsa.verify(p256.public_key(octets(d)), digest, signature), d


def test_any_bit_changed_fails():
    public = p256.public_key(KEY)
    digest = ecdsa.sha256(b"bits")
    good = ecdsa.sign(KEY, digest)
    for bit in range(0, 512, 7):
        bad = bytearray(good)
        bad[bit >> 3] ^= 1 << (bit & 7)
        assert not ecdsa.verify(public, digest, bad), bit


def test_signatures_out_of_range():
    public = p256.public_key(KEY)
    digest = ecdsa.sha256(b"range")
    good = ecdsa.sign(KEY, digest)
    r = number(good[:32])
    s = number(good[32:])
    assert ecdsa.verify(public, digest, good), "good"
    top = (1 << 256) - 1
    for a in (0, 1, N - 1, N, N + 1, P, P + 1, top, r):
        for b in (0, 1, N - 1, N, N + 1, P, top, s):
            if (a, b) != (r, s):
                assert not ecdsa.verify(public, digest, octets(a) + octets(b)), (a, b)


def test_signatures_of_other_forms():
    public = p256.public_key(KEY)
    digest = ecdsa.sha256(b"form")
    good = ecdsa.sign(KEY, digest)
    for bad in (
        b"",
        good[:63],
        good + b"\x00",
        good[:32] + b"\x00" + good[32:],
        b"\x00" + good,
        good[:32],
        good[32:] + good[:32],  # s || r
        bytes(reversed(good[:32])) + bytes(reversed(good[32:])),  # little-endian
        b"\x30\x44\x02\x20" + good[:32] + b"\x02\x20" + good[32:],  # DER
        bytes(64),
    ):
        assert not ecdsa.verify(public, digest, bad), bad


def test_high_s_is_a_signature_too():
    public = p256.public_key(KEY)
    digest = ecdsa.sha256(b"high s")
    good = ecdsa.sign(KEY, digest)
    other = good[:32] + octets(N - number(good[32:]))
    assert ecdsa.verify(public, digest, other), "n - s"


def key_for(x, r, s, e):
    # The public key for which r || s of the digest e leads to a point R with this x: without any
    # discrete logarithm it is Q = (s * R - e * G) / r. None where the curve has no such x.
    square = (x * x * x - 3 * x + B) % P
    y = pow(square, (P + 1) >> 2, P)
    if y * y % P != square:
        return None
    w = inverse(r)
    qx, qy, qz = p256.combine(s * w % N, x, y, (N - e) * w % N)
    w = inverse(qz, P)
    return b"\x04" + octets(qx * w * w % P) + octets(qy * w * w * w % P)


def test_equivalent_values_beyond_the_range_fail():
    # A small r, for which r + n still has 32 octets.
    e = 0x1234567890
    s = 0xABCDEF
    public = key_for(5, 5, s, e)
    assert ecdsa.verify(public, octets(e), octets(5) + octets(s)), "r itself"
    assert not ecdsa.verify(public, octets(e), octets(5 + N) + octets(s)), "r + n"
    assert not ecdsa.verify(public, octets(e), octets(5) + octets(s + N)), "s + n"


def test_x_that_is_r_modulo_p_only_fails():
    # x is r + n modulo p, but r + n is beyond p: a verifier that does not look accepts.
    e = 0x1234567890
    s = 0xABCDEF
    found = 0
    for x in range(4, 12):
        r = x + P - N
        public = key_for(x, r, s, e)
        if public is not None:
            found += 1
            assert not ecdsa.verify(public, octets(e), octets(r) + octets(s)), x
    assert found, "no such point"


def test_x_of_the_point_between_n_and_p():
    # Then r is x - n, and a verifier that compares x with r alone refuses.
    e = 0x2468ACE0
    s = 0x13579BDF
    found = 0
    for r in range(1, 12):
        public = key_for(N + r, r, s, e)
        if public is not None:
            found += 1
            assert ecdsa.verify(public, octets(e), octets(r) + octets(s)), r
            assert not ecdsa.verify(public, octets(e), octets(r + 1) + octets(s)), r
            assert not ecdsa.verify(public, octets(e), octets(r + N) + octets(s)), r
    assert found, "no such point"


def test_sum_at_infinity_is_no_signature():
    # e = -r * d makes u1 * G = -u2 * Q, whatever r and s.
    d = number(KEY)
    public = p256.public_key(KEY)
    for r in (1, 2, base_x(3) % N, N - 1):
        for s in (1, 7, N - 1):
            digest = octets(-r * d % N)
            assert not ecdsa.verify(public, digest, octets(r) + octets(s)), (r, s)


def test_sum_of_two_equal_points():
    # e = r * d makes u1 * G = u2 * Q: the last addition is a doubling. R = 2 * u1 * G.
    d = number(KEY)
    public = p256.public_key(KEY)
    for u in (1, 3, 0x1234567890ABCDEF, N - 5):
        r = base_x(2 * u % N) % N
        e = r * d % N
        s = e * inverse(u) % N
        assert ecdsa.verify(public, octets(e), octets(r) + octets(s)), u
        assert not ecdsa.verify(public, octets(e), octets(r) + octets(s ^ 1)), u


def test_digest_that_is_zero_modulo_n():
    # No part of the base point: R = u2 * Q.
    public = p256.public_key(KEY)
    for digest in (bytes(32), octets(N)):
        k = 0x77
        r = base_x(k) % N
        s = r * number(KEY) * inverse(k) % N
        assert ecdsa.verify(public, digest, octets(r) + octets(s)), digest


def test_point_of_small_scalars():
    # Signatures with chosen nonces 1, 2, n - 1: R is near the base point.
    digest = ecdsa.sha256(b"nonce")
    public = p256.public_key(KEY)
    for k in (1, 2, 3, N - 1, N - 2):
        r = base_x(k) % N
        s = inverse(k) * (number(digest) + r * number(KEY)) % N
        assert ecdsa.verify(public, digest, octets(r) + octets(s)), k


def test_keys_that_are_the_base_point():
    # Q = G and Q = -G: the table of odd multiples and that of the base point meet.
    digest = ecdsa.sha256(b"G")
    for d in (1, N - 1):
        public = p256.public_key(octets(d))
        for k in (5, N - 9, 1 << 200):
            r = base_x(k) % N
            s = inverse(k) * (number(digest) + r * d) % N
            assert ecdsa.verify(public, digest, octets(r) + octets(s)), (d, k)
            assert not ecdsa.verify(public, digest, octets(r) + octets(s - 1)), (d, k)


def test_bad_keys_and_digests_raise():
    digest = ecdsa.sha256(b"keys")
    good = ecdsa.sign(KEY, digest)
    public = p256.public_key(KEY)
    for bad in (b"", b"\x00", b"\x02" + public[1:33], public[:64], public[:64] + b"\x00"):
        with raises(CryptoError):
            ecdsa.verify(bad, digest, good)
    for bad in (b"", digest[:31], digest + b"\x00", bytes(20), bytes(64)):
        with raises(CryptoError):
            ecdsa.verify(public, bad, good)
        with raises(CryptoError):
            ecdsa.sign(KEY, bad)
    for bad in (bytes(32), octets(N), b"\xff" * 32, KEY[:31], b""):
        with raises(CryptoError):
            ecdsa.sign(bad, digest)


def test_nonces_are_retried_in_range():
    # With an order just above 2^255 every second candidate is too large: RFC 6979 3.2 h 3.
    order = (1 << 255) + 95
    digest = b"\xee" * 32
    some = []
    for k in ecdsa.nonces(octets(3), digest, order):
        some.append(k)
        if len(some) == 12:
            break
    assert all(0 < k < order for k in some), "range"
    assert [octets(k) for k in some[:3]] == RETRIED, [hex(k) for k in some[:3]]
    assert len(set(some)) == 12, "all different"
