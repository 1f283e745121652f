"""The firmware's cryptography against the `cryptography` package, on random input."""

import hmac

import test_aes
import test_ecdsa
import test_gcm
import test_p256
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from smets.crypto import CryptoError, aes, ecdsa, gcm, kdf, p256

CURVE = ec.SECP256R1()
SHA256 = ec.ECDSA(Prehashed(hashes.SHA256()))
# Uniform ones, and ones with long runs of equal bits.
SCALARS = st.integers(1, p256.N - 1) | st.builds(
    lambda a, b: ((1 << a) - (1 << b)) % (p256.N - 1) + 1, st.integers(0, 256), st.integers(0, 256)
)
DIGESTS = st.binary(min_size=32, max_size=32)
KEYS = st.binary(min_size=16, max_size=16)
IVS = st.binary(min_size=12, max_size=12)


def octets(scalar: int) -> bytes:
    return scalar.to_bytes(32, "big")


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def accepts(public: bytes, digest: bytes, r: int, s: int) -> bool:
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
    try:
        key.verify(encode_dss_signature(r, s), digest, SHA256)
    except InvalidSignature:
        return False
    return True


@given(SCALARS)
def test_public_key(d):
    assert p256.public_key(octets(d)) == point_of(ec.derive_private_key(d, CURVE))


@given(SCALARS, SCALARS)
def test_shared_secret(a, b):
    ours = ec.derive_private_key(a, CURVE)
    theirs = ec.derive_private_key(b, CURVE)
    expected = ours.exchange(ec.ECDH(), theirs.public_key())
    assert p256.shared_secret(octets(a), point_of(theirs)) == expected


@given(SCALARS, SCALARS, SCALARS)
def test_combine_is_linear(q, k, g):
    x, y = p256.check_public(p256.public_key(octets(q)))
    total = (k * q + g) % p256.N
    x, y, z = p256.combine(k, x, y, g)
    if not total:
        assert not z
        return
    numbers = ec.derive_private_key(total, CURVE).public_key().public_numbers()
    w = pow(z, -1, p256.P)
    assert (x * w**2 % p256.P, y * w**3 % p256.P) == (numbers.x, numbers.y)


def changed(d: int, bits: list[int], length: int) -> bytes:
    """Return the public key of d with some bits flipped, cut or filled up to a length."""
    public = bytearray(point_of(ec.derive_private_key(d, CURVE)))
    for bit in bits:
        public[bit >> 3] ^= 1 << (bit & 7)
    return bytes(public[:length].ljust(length, b"\x00"))


@given(
    st.builds(changed, SCALARS, st.lists(st.integers(0, 519), max_size=2), st.just(65))
    | st.builds(changed, SCALARS, st.just([]), st.integers(0, 70))
    | st.binary(min_size=65, max_size=65)
)
@example(b"\x04" + bytes(64))
def test_check_public_accepts_what_the_other_accepts(public):
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
        expected = public[0] == 4
    except ValueError:
        expected = False
    try:
        p256.check_public(public)
        accepted = True
    except CryptoError:
        accepted = False
    assert accepted == expected


@given(SCALARS, DIGESTS)
def test_signatures_are_those_of_rfc_6979(d, digest):
    private = ec.derive_private_key(d, CURVE)
    deterministic = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, s = decode_dss_signature(private.sign(digest, deterministic))
    assert ecdsa.sign(octets(d), digest) == octets(r) + octets(s)


@given(SCALARS, DIGESTS, st.integers(0, 511))
def test_signatures_made_elsewhere_verify(d, digest, bit):
    private = ec.derive_private_key(d, CURVE)
    r, s = decode_dss_signature(private.sign(digest, SHA256))
    public = point_of(private)
    signature = bytearray(octets(r) + octets(s))
    assert ecdsa.verify(public, digest, signature)
    signature[bit >> 3] ^= 1 << (bit & 7)
    assert not ecdsa.verify(public, digest, signature)


@given(
    st.integers(0, 60) | st.integers(p256.N, p256.N + 60) | st.integers(0, p256.P - 1),
    SCALARS,
    DIGESTS,
)
def test_signatures_with_a_chosen_point(x, s, digest):
    """Small x, for which r + n is an x too, and x beyond n, where r is x - n."""
    while True:
        y = test_p256.root(x**3 - 3 * x + test_p256.B)
        r = x % p256.N
        if y is not None and r:
            break
        x = (x + 1) % p256.P
    w = pow(r, -1, p256.N)
    e = int.from_bytes(digest)
    key = p256.combine(s * w % p256.N, x, y, -e * w % p256.N)
    if not key[2]:
        return
    public = test_p256.encoded(*test_p256.affine(key))
    for t in (s, p256.N - s):
        assert accepts(public, digest, r, t)
        assert ecdsa.verify(public, digest, octets(r) + octets(t))
    other = s % (p256.N - 1) + 1
    got = ecdsa.verify(public, digest, octets(r) + octets(other))
    assert got == accepts(public, digest, r, other)


@given(SCALARS, DIGESTS, st.integers((1 << 255) + 1, p256.N))
def test_nonces(d, digest, order):
    def mac(key, *parts):
        return hmac.digest(key, b"".join(parts), "sha256")

    d %= order
    h1 = octets(int.from_bytes(digest) % order)
    v, k = b"\x01" * 32, bytes(32)
    for step in (b"\x00", b"\x01"):
        k = mac(k, v, step, octets(d), h1)
        v = mac(k, v)
    ours = ecdsa.nonces(octets(d), digest, order)
    for _ in range(4):
        v = mac(k, v)
        if 0 < int.from_bytes(v) < order:
            assert next(ours) == int.from_bytes(v)
        k = mac(k, v, b"\x00")
        v = mac(k, v)


@given(KEYS, st.binary(max_size=80))
def test_pure_aes(key, data):
    data = data[: len(data) & ~15]
    out = bytearray(len(data))
    aes.PureAes(key).encrypt_into(data, out)
    other = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    assert out == other.update(data) + other.finalize()


@given(KEYS, IVS, st.lists(st.binary(max_size=300)), st.lists(st.binary(max_size=300)))
def test_gcm_in_chunks(key, iv, aads, parts):
    message = gcm.Gcm(key, iv)
    for aad in aads:
        message.update_aad(aad)
    ciphertext = b""
    for part in parts:
        out = bytearray(part)
        message.encrypt_into(out, out)
        ciphertext += out
    expected = AESGCM(key).encrypt(iv, b"".join(parts), b"".join(aads))
    assert ciphertext + message.tag(16) == expected


@given(KEYS, IVS, st.binary(max_size=400), st.binary(max_size=400))
def test_gcm_opens_what_the_other_sealed(key, iv, aad, plaintext):
    sealed = AESGCM(key).encrypt(iv, plaintext, aad)
    ciphertext, tag = sealed[:-16], sealed[-16:-4]
    assert gcm.open_sealed(key, iv, aad, ciphertext, tag) == plaintext
    assert gcm.seal(key, iv, aad, plaintext) == (ciphertext, tag)


@given(
    DIGESTS, *[st.binary(min_size=8, max_size=8)] * 2, st.integers(0, 255), st.binary(min_size=8)
)
def test_kdf(z, originator, target, cra, counter):
    counter = counter[:8]
    info = bytes.fromhex("60857406080300") + originator + bytes([9, cra]) + counter + target
    expected = ConcatKDFHash(hashes.SHA256(), 16, info).derive(z)
    assert kdf.derive(z, originator, cra, counter, target) == expected


def test_published_vectors_of_p256():
    """The vectors that both engines test are what the other implementation gives, too."""
    for text in test_p256.AGREEMENTS:
        v = bytes.fromhex(text)
        private = ec.derive_private_key(int.from_bytes(v[:32]), CURVE)
        peer = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x04" + v[32:96])
        assert private.exchange(ec.ECDH(), peer) == v[96:]
    for text in test_p256.PAIRS:
        v = bytes.fromhex(text)
        assert point_of(ec.derive_private_key(int.from_bytes(v[:32]), CURVE))[1:] == v[32:]


def test_published_vectors_of_ecdsa():
    digest = ecdsa.sha256(test_ecdsa.FIPS_186_MESSAGE)
    r, s = (
        int.from_bytes(v)
        for v in (test_ecdsa.FIPS_186_SIGNATURE[:32], test_ecdsa.FIPS_186_SIGNATURE[32:])
    )
    assert accepts(test_ecdsa.FIPS_186_PUBLIC, digest, r, s)
    public = point_of(ec.derive_private_key(int.from_bytes(test_ecdsa.KEY), CURVE))
    for message, _, text in test_ecdsa.RFC_6979:
        r, s = int(text[:64], 16), int(text[64:], 16)
        assert accepts(public, ecdsa.sha256(message), r, s)


def test_published_vectors_of_aes_and_gcm():
    for text in test_aes.VECTORS:
        v = bytes.fromhex(text)
        other = Cipher(algorithms.AES(v[:16]), modes.ECB()).encryptor()
        assert other.update(v[16:32]) == v[32:]
    for row in test_gcm.VECTORS:
        key, iv, aad, plaintext, ciphertext, tag = map(bytes.fromhex, row)
        assert AESGCM(key).encrypt(iv, plaintext, aad) == ciphertext + tag
