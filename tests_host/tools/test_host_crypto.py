"""The host's cryptography against published vectors and against second paths to the result."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from host_tools.gbcs import crypto

# NIST CAVS KAS ECC CDH primitive, P-256, count 0.
CAVS_PRIVATE = 0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534
CAVS_PEER = bytes.fromhex(
    "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
    "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
)
CAVS_SECRET = bytes.fromhex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")

# RFC 6979 A.2.5: P-256, SHA-256, message "sample".
RFC6979_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC6979_SIGNATURE = bytes.fromhex(
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
)

ORIGINATOR, TARGET = bytes.fromhex("02534D4554530100"), bytes.fromhex("02534D45545300A3")
OCTETS16 = st.binary(min_size=16, max_size=16)


def test_key_agreement_matches_the_nist_vector():
    """spec: NIST CAVS, ECC CDH primitive on P-256."""
    private = crypto.private_from_scalar(CAVS_PRIVATE)
    peer = crypto.public_from_point(CAVS_PEER)
    assert crypto.shared_secret(private, peer) == CAVS_SECRET
    assert crypto.point_of(peer) == CAVS_PEER
    assert crypto.scalar_of(private) == CAVS_PRIVATE


def test_signature_of_rfc6979_is_accepted_and_no_other():
    """spec: RFC 6979 A.2.5."""
    public = crypto.private_from_scalar(RFC6979_KEY).public_key()
    assert crypto.signature_valid(public, b"sample", RFC6979_SIGNATURE)
    assert not crypto.signature_valid(public, b"sampled", RFC6979_SIGNATURE)
    for index in (0, 31, 32, 63):
        wrong = bytearray(RFC6979_SIGNATURE)
        wrong[index] ^= 1
        assert not crypto.signature_valid(public, b"sample", bytes(wrong)), index
    assert not crypto.signature_valid(public, b"sample", bytes(64))
    assert not crypto.signature_valid(public, b"sample", b"\xff" * 64)


def test_sign_makes_r_and_s_of_32_octets_each():
    key = ec.generate_private_key(ec.SECP256R1())
    for count in range(20):
        signature = crypto.sign(key, bytes([count]))
        assert len(signature) == 64
        assert crypto.signature_valid(key.public_key(), bytes([count]), signature)


@pytest.mark.parametrize(
    "point",
    [
        b"",
        CAVS_PEER[:-1],
        CAVS_PEER + b"\0",
        b"\x02" + CAVS_PEER[1:33],  # compressed
        b"\x05" + CAVS_PEER[1:],
        CAVS_PEER[:-1] + b"\x00",  # off the curve
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,  # out of range
    ],
)
def test_a_public_key_must_be_an_uncompressed_point_of_the_curve(point):
    with pytest.raises(ValueError):
        crypto.public_from_point(point)


@pytest.mark.parametrize("scalar", [0, -1, crypto.ORDER, crypto.ORDER + 1])
def test_a_private_key_must_be_in_range(scalar):
    with pytest.raises(ValueError):
        crypto.private_from_scalar(scalar)


@pytest.mark.parametrize(
    "kind", [crypto.COMMAND, crypto.RESPONSE, crypto.ALERT, crypto.ENCRYPTION]
)
def test_key_derivation_is_one_hash_of_the_documented_octets(kind):
    """spec: SP 800-56A single-step KDF with the OtherInfo of GBCS."""
    text = "00000001" + "11" * 32 + "60857406080300" + "02534d4554530100"
    text += f"09{kind:02x}00000000000003e8" + "02534d45545300a3"
    expected = hashlib.sha256(bytes.fromhex(text)).digest()[:16]
    assert crypto.derive_key(b"\x11" * 32, ORIGINATOR, kind, 1000, TARGET) == expected


def test_each_kind_of_message_has_its_own_key():
    keys = {
        crypto.derive_key(b"\x11" * 32, ORIGINATOR, kind, 1000, TARGET) for kind in (1, 2, 3, 4)
    }
    assert len(keys) == 4


@given(key=OCTETS16, protected=st.binary(max_size=200))
def test_mac_is_a_gcm_tag_of_12_octets_over_the_prefixed_text(key, protected):
    """spec: AES-128-GCM, empty plaintext, AAD 11 || 00*5 || text (the five zeros: rtds)."""
    nonce, aad = ORIGINATOR + bytes(4), b"\x11" + bytes(5) + protected
    expected = AESGCM(key).encrypt(nonce, b"", aad)[:12]
    assert crypto.mac_of(key, ORIGINATOR, protected) == expected
    assert crypto.mac_valid(key, ORIGINATOR, protected, expected)
    without = AESGCM(key).encrypt(nonce, b"", b"\x11" + protected)[:12]
    assert not crypto.mac_valid(key, ORIGINATOR, protected, without)


@given(key=OCTETS16, plaintext=st.binary(max_size=100))
def test_encryption_is_gcm_and_opens_again(key, plaintext):
    ciphered = crypto.encrypt(key, ORIGINATOR, plaintext)
    assert ciphered[:5] == b"\x31\0\0\0\0" and len(ciphered) == len(plaintext) + 17
    expected = AESGCM(key).encrypt(ORIGINATOR + bytes(4), plaintext, b"\x31")
    assert ciphered[5:] == expected[: len(plaintext) + 12]
    ciphertext, tag = ciphered[5:-12], ciphered[-12:]
    assert crypto.decrypt(key, ORIGINATOR, ciphertext, tag) == plaintext
    for index in (0, 11):
        wrong = bytearray(tag)
        wrong[index] ^= 0x80
        assert crypto.decrypt(key, ORIGINATOR, ciphertext, bytes(wrong)) is None
