# engines: cpython unix
# AES-128-GCM: published vectors, chunks of every length, order of calls, and forgeries.
from binascii import unhexlify

from testkit import raises

from smets.crypto import CryptoError, aes, gcm

# Key, IV, additional data, plaintext, ciphertext, tag of 16 octets.
VECTORS = (
    # McGrew and Viega (the GCM submission to NIST), test cases 1 to 4.
    (
        "00000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "",
        "",
        "58e2fccefa7e3061367f1d57a4e7455a",
    ),
    (
        "00000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "00000000000000000000000000000000",
        "0388dace60b6a392f328c2b971b2fe78",
        "ab6e47d42cec13bdf53a67b21257bddf",
    ),
    (
        "feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        "4d5c2af327cd64a62cf35abd2ba6fab4",
    ),
    (
        "feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47",
    ),
    # NIST CAVS, gcmEncryptExtIV128: lengths of plaintext and additional data 0 or 128 bits.
    (
        "11754cd72aec309bf52f7687212e8957",
        "3c819d9a9bed087615030b65",
        "",
        "",
        "",
        "250327c674aaf477aef2675748cf6971",
    ),
    (
        "77be63708971c4e240d1cb79e8d77feb",
        "e0e00f19fed7ba0136a797f3",
        "7a43ec1d9c0a5a78a0b16533a6213cab",
        "",
        "",
        "209fcc8d3675ed938e9c7166709dd946",
    ),
    (
        "7fddb57453c241d03efbed3ac44e371c",
        "ee283a3fc75575e33efd4887",
        "",
        "d5de42b461646c255c87bd2962d3b9a2",
        "2ccda4a5415cb91e135c2a0f78c9b2fd",
        "b36d1df9b9d5e596f83e8b7f52971cb3",
    ),
    (
        "c939cc13397c1d37de6ae0e1cb7c423c",
        "b3d8cc017cbb89b39e0f67e2",
        "24825602bd12a984e0092d3e448eda5f",
        "c3b3c41f113a31b73d9a5cd432103069",
        "93fe7d9e9bfd10348a5606e5cafa7354",
        "0032a1dc85f1c9786925a2e71d8272dd",
    ),
)

KEY = bytes(range(16))
IV = bytes(range(100, 112))
# Of 100 times data_of(3000, 6) as additional data, by another implementation.
LONG_TAG = unhexlify("c12911e8f54f9b59f618e4cb02d4d479")


def data_of(length, seed=1):
    out = bytearray(length)
    for i in range(length):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        out[i] = seed >> 16 & 255
    return bytes(out)


def reference_tag(key, iv, aad, ciphertext):
    # SP 800-38D algorithms 1 to 4 bit by bit: nothing shared with the firmware but AES.
    def block(value):
        out = bytearray(16)
        aes.PureAes(key).encrypt_into(value, out)
        return int.from_bytes(out, "big")

    h = block(bytes(16))
    octets = aad + bytes(-len(aad) % 16) + ciphertext + bytes(-len(ciphertext) % 16)
    octets += (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    y = 0
    for at in range(0, len(octets), 16):
        x = y ^ int.from_bytes(octets[at : at + 16], "big")
        y = 0
        v = h
        for i in range(127, -1, -1):
            if x >> i & 1:
                y ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return (y ^ block(iv + b"\x00\x00\x00\x01")).to_bytes(16, "big")


def test_published():
    for row in VECTORS:
        key, iv, aad, plaintext, ciphertext, tag = [unhexlify(text) for text in row]
        message = gcm.Gcm(key, iv)
        message.update_aad(aad)
        out = bytearray(len(plaintext))
        message.encrypt_into(plaintext, out)
        assert (out, message.tag(16)) == (ciphertext, tag), row[0]
        message = gcm.Gcm(key, iv)
        message.update_aad(aad)
        message.decrypt_into(ciphertext, out)
        assert (out, message.tag(16)) == (plaintext, tag), row[0]
        assert gcm.seal(key, iv, aad, plaintext) == (ciphertext, tag[:12]), row[0]
        assert gcm.open_sealed(key, iv, aad, ciphertext, tag[:12]) == plaintext, row[0]
        if not plaintext:
            assert gcm.mac(key, iv, aad) == tag[:12], row[0]


def test_every_length_around_the_batches():
    # 64 octets are worked on at a time: each length up to beyond two of them, and some longer,
    # as additional data and as data.
    octets = data_of(300)
    for length in list(range(0, 135)) + [191, 192, 193, 239, 240, 241, 255, 256, 257, 300]:
        part = octets[:length]
        expected = reference_tag(KEY, IV, part, b"")
        assert gcm.mac(KEY, IV, part) == expected[:12], length
        ciphertext, tag = gcm.seal(KEY, IV, b"", part)
        assert tag == reference_tag(KEY, IV, b"", ciphertext)[:12], length
        assert gcm.open_sealed(KEY, IV, b"", ciphertext, tag) == part, length


def test_additional_data_and_data_of_many_lengths():
    octets = data_of(300, 2)
    for a, n in (
        (1, 1),
        (15, 17),
        (16, 16),
        (17, 128),
        (127, 1),
        (128, 128),
        (129, 127),
        (300, 45),
    ):
        ciphertext, tag = gcm.seal(KEY, IV, octets[:a], octets[-n:])
        assert tag == reference_tag(KEY, IV, octets[:a], ciphertext)[:12], (a, n)
        assert gcm.open_sealed(KEY, IV, octets[:a], ciphertext, tag) == octets[-n:], (a, n)


def test_key_stream_is_the_counter_mode_of_aes():
    zeros = bytes(16 * 20)
    ciphertext, _ = gcm.seal(KEY, IV, b"", zeros)
    for i in range(20):
        out = bytearray(16)
        aes.PureAes(KEY).encrypt_into(IV + (i + 2).to_bytes(4, "big"), out)
        assert ciphertext[16 * i : 16 * i + 16] == out, i


def test_chunks_of_any_length_are_the_same_message():
    aad = data_of(290, 3)
    plaintext = data_of(333, 4)
    expected = gcm.seal(KEY, IV, aad, plaintext)
    for size in (1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 64, 100, 127, 128, 129, 200, 255, 400):
        message = gcm.Gcm(KEY, IV)
        for at in range(0, len(aad), size):
            message.update_aad(memoryview(aad)[at : at + size])
            message.update_aad(b"")
        out = bytearray(len(plaintext))
        for at in range(0, len(plaintext), size):
            room = memoryview(out)[at : at + size]
            message.encrypt_into(memoryview(plaintext)[at : at + size], room)
            message.encrypt_into(b"", room)
        assert (out, message.tag()) == expected, size
        back = gcm.Gcm(KEY, IV)
        back.update_aad(aad)
        for at in range(0, len(out), size):
            room = memoryview(out)[at : at + size]
            back.decrypt_into(room, room)
        assert (out, back.tag()) == (plaintext, expected[1]), size


def test_chunks_that_grow():
    aad = data_of(600, 5)
    expected = gcm.mac(KEY, IV, aad)
    for step in (1, 3, 8, 29):
        message = gcm.Gcm(KEY, IV)
        at = 0
        size = step
        while at < len(aad):
            message.update_aad(aad[at : at + size])
            at += size
            size += step
        assert message.tag() == expected, step
    assert gcm.mac(KEY, IV, aad[:1], b"", aad[1:200], memoryview(aad)[200:]) == expected, "parts"


def test_long_message_in_bounded_memory():
    # 300 KB, more than a Pico's heap; chunks that fit the batches and chunks that do not.
    chunk = data_of(3000, 6)
    tags = []
    for size in (3000, 1250):
        message = gcm.Gcm(KEY, IV)
        for _ in range(100):
            for at in range(0, 3000, size):
                message.update_aad(memoryview(chunk)[at : at + size])
        tags.append(message.tag(16))
    assert tags[0] == tags[1], "chunks"
    assert tags[0] == LONG_TAG, tags[0]


def test_octet_order_and_padding_matter():
    tags = {gcm.mac(KEY, IV, aad) for aad in (b"", b"\x00", b"\x00\x00", bytes(16), bytes(17))}
    assert len(tags) == 5, "zeros of five lengths"
    assert gcm.seal(KEY, IV, b"ab", b"")[1] != gcm.seal(KEY, IV, b"a", b"b")[1], "where it ends"
    assert gcm.seal(KEY, IV, b"", b"") == (b"", gcm.mac(KEY, IV)), "nothing at all"


def test_pure_aes_gives_the_same():
    octets = data_of(150, 7)
    usual = gcm.seal(KEY, IV, octets, octets)
    kept = gcm.Aes
    gcm.Aes = aes.PureAes
    try:
        assert gcm.seal(KEY, IV, octets, octets) == usual, "ciphertext or tag"
    finally:
        gcm.Aes = kept


def test_tag_lengths():
    full = gcm.Gcm(KEY, IV).tag(16)
    message = gcm.Gcm(KEY, IV)
    for length in range(12, 17):
        assert message.tag(length) == full[:length], length
        out = bytearray(length)
        message.tag_into(out)
        assert out == full[:length], length
        view = memoryview(bytearray(20))
        message.tag_into(view[2 : 2 + length])
        assert view[2 : 2 + length] == full[:length] and view[2 + length] == 0, length
    assert message.tag() == full[:12], "12 unless told"
    for length in (-1, 0, 1, 4, 8, 11, 17, 32):
        with raises(CryptoError):
            message.tag(length)
    for length in (0, 11, 17):
        with raises(CryptoError):
            message.tag_into(bytearray(length))


def test_order_of_calls():
    message = gcm.Gcm(KEY, IV)
    message.encrypt_into(b"", bytearray(0))
    with raises(CryptoError):
        message.update_aad(b"late")
    message.tag()
    out = bytearray(4)
    for call in (message.encrypt_into, message.decrypt_into):
        with raises(CryptoError):
            call(b"late", out)
    with raises(CryptoError):
        message.update_aad(b"late")
    assert out == bytes(4), "written all the same"


def test_room_is_checked_before_anything_happens():
    message = gcm.Gcm(KEY, IV)
    out = bytearray(15)
    for call in (message.encrypt_into, message.decrypt_into):
        with raises(CryptoError):
            call(bytes(16), out)
    assert out == bytes(15), "written all the same"
    out = bytearray(b"....." * 5)
    message.encrypt_into(bytes(16), out)
    assert out[16:] == b"." * 9 and len(out) == 25, "beyond the data"
    ciphertext, tag = gcm.seal(KEY, IV, b"", bytes(16))
    assert (out[:16], message.tag()) == (ciphertext, tag), "as if nothing had been tried"


def test_key_and_iv_lengths():
    for length in (0, 8, 15, 17, 24, 32):
        with raises(CryptoError):
            gcm.Gcm(bytes(length), IV)
    for length in (0, 1, 8, 11, 13, 16, 60):
        with raises(CryptoError):
            gcm.Gcm(KEY, bytes(length))


def test_open_refuses_every_forgery():
    aad = data_of(20, 8)
    plaintext = data_of(29, 9)
    ciphertext, tag = gcm.seal(KEY, IV, aad, plaintext)
    assert gcm.open_sealed(KEY, IV, aad, ciphertext, memoryview(tag)) == plaintext, "good"

    def refused(key, iv, aad, ciphertext, tag):
        with raises(CryptoError):
            gcm.open_sealed(key, iv, aad, ciphertext, tag)

    def flipped(octets, bit):
        out = bytearray(octets)
        out[bit >> 3] ^= 1 << (bit & 7)
        return out

    for bit in range(96):
        refused(KEY, IV, aad, ciphertext, flipped(tag, bit))
    for bit in range(0, 232, 5):
        refused(KEY, IV, aad, flipped(ciphertext, bit), tag)
    for bit in range(0, 160, 7):
        refused(KEY, IV, flipped(aad, bit), ciphertext, tag)
    for bit in range(0, 96, 5):
        refused(KEY, flipped(IV, bit), aad, ciphertext, tag)
        refused(flipped(KEY, bit), IV, aad, ciphertext, tag)
    refused(KEY, IV, aad, ciphertext[:-1], tag)
    refused(KEY, IV, aad, ciphertext + b"\x00", tag)
    refused(KEY, IV, aad + b"\x00", ciphertext, tag)
    refused(KEY, IV, aad[:-1], aad[-1:] + ciphertext, tag)
    refused(KEY, IV, b"", b"", bytes(12))


def test_open_takes_tags_of_12_octets_only():
    ciphertext, _ = gcm.seal(KEY, IV, b"aad", b"text")
    message = gcm.Gcm(KEY, IV)
    message.update_aad(b"aad")
    message.encrypt_into(b"text", bytearray(4))
    full = message.tag(16)
    assert gcm.open_sealed(KEY, IV, b"aad", ciphertext, full[:12]) == b"text", "12"
    for length in (0, 1, 4, 8, 11, 13, 16):
        with raises(CryptoError):
            gcm.open_sealed(KEY, IV, b"aad", ciphertext, full[:length])


def test_open_decrypts_nothing_before_the_tag_is_checked():
    ciphertext, tag = gcm.seal(KEY, IV, b"", bytes(40))
    kept = gcm.Gcm._crypt
    calls = []

    def watched(self, data, out):
        calls.append(len(data))
        return kept(self, data, out)

    gcm.Gcm._crypt = watched
    try:
        with raises(CryptoError):
            gcm.open_sealed(KEY, IV, b"", ciphertext, bytes(12))
        assert not calls, "decrypted"
        assert gcm.open_sealed(KEY, IV, b"", ciphertext, tag) == bytes(40), "good"
        assert calls == [40], "seen"
    finally:
        gcm.Gcm._crypt = kept
