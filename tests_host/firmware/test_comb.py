# engines: cpython unix
# Combs of verification keys (smets/crypto/comb.py): the same answers as without them, at the same
# vectors and edges as test_p256.py and test_ecdsa.py have.
import gc

import test_ecdsa
from test_p256 import (
    GX,
    GY,
    N,
    P,
    affine,
    base_multiple,
    encoded,
    reference_add,
    reference_multiple,
)
from testkit import raises

from smets.crypto import CryptoError, comb, ecdsa, p256
from smets.crypto.p256_base import POINTS


class Holder:
    """What a key belongs to."""

    def __init__(self, public):
        self.ds_public = public
        self.ds_comb = None


def in_python(call, *args):
    kept = p256.native
    p256.native = None
    try:
        return call(*args)
    finally:
        p256.native = kept


def seen(public):
    """A holder whose key has its table."""
    holder = Holder(public)
    for _ in range(2):
        in_python(ecdsa.verify_of, holder, bytes(32), b"\1" * 64)
    return holder


def test_the_table_is_what_its_comment_says():
    assert comb.table(encoded(GX, GY)) == POINTS, "of the base point"
    for q in (2, N - 1, 0x5EED << 200 | 77):
        point = base_multiple(q)
        made = comb.table(encoded(*point))
        assert len(made) == 16 * 64
        teeth = [reference_multiple(1 << (52 * row), point) for row in range(5)]
        for entry in (0, 5, 10, 15):
            expected = teeth[4]
            for row in range(4):
                x, y = teeth[row]
                expected = reference_add(expected, (x, y if entry >> row & 1 else P - y))
            got = made[64 * entry : 64 * entry + 64]
            assert got == encoded(*expected)[1:], (q, entry)
    with raises(CryptoError):
        comb.table(encoded(GX, GX))


def test_sums_at_every_meeting_of_the_two():
    g = 0x4B1D_0123_4567_89AB_CDEF_0011_2233_4455_6677_8899_AABB_CCDD_EEFF_0102_0304_0506
    for q in (1, 2, N - 1):
        public = base_multiple(q)
        points = comb.table(encoded(*public))
        inverse = pow(q, N - 2, N)
        for k in (1, 2, N - 1, g, N - g, g * inverse % N, 1 << 255):
            for other in (g, 1, N - 1, 0):
                total = (k * q + other) % N
                got = comb.combine(points, k, other)
                if total:
                    assert affine(got) == base_multiple(total), (q, k, other)
                else:
                    assert got[2] == 0, (q, k, other)
        assert comb.combine(points, 0, 0)[2] == 0, "nothing is infinity"
        assert affine(comb.combine(points, 0, 5)) == base_multiple(5)
        # The two sums cancel out with the last column.
        assert comb.combine(points, g, (N - g * q) % N)[2] == 0


def test_scalars_of_all_sizes():
    points = comb.table(encoded(*base_multiple(3)))
    k = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95
    x, y = base_multiple(3)
    for shift in range(0, 256, 17):
        k = k * k % N
        g = k >> shift
        assert affine(comb.combine(points, k, g)) == affine(p256.combine(k, x, y, g)), shift


def test_every_case_of_ecdsa():
    """Vectors and awkward signatures of test_ecdsa.py, each key seen before."""
    plain, combine = ecdsa.verify, comb.combine
    holders = {}
    used = []

    def verify(public, digest, signature, holder=None):
        if holder is None:
            holder = holders.get(bytes(public))
        if holder is None:
            holder = Holder(public)
            # With the table from the first signature on; what is no key is refused as ever.
            try:
                holder.ds_comb = [public, comb.table(public)]
                holders[bytes(public)] = holder
            except CryptoError:
                pass
        return plain(public, digest, signature, holder)

    def counted(*args):
        used.append(1)
        return combine(*args)

    cases = [name for name in dir(test_ecdsa) if name.startswith("test_")]
    ecdsa.verify, comb.combine = verify, counted
    try:
        for name in cases:
            in_python(getattr(test_ecdsa, name))
    finally:
        ecdsa.verify, comb.combine = plain, combine
    assert len(cases) >= 19 and len(used) > 50, (len(cases), len(used))


def test_a_table_comes_with_the_second_signature():
    private = b"\7" * 32
    digest = ecdsa.sha256(b"message")
    signature = ecdsa.sign(private, digest)
    holder = Holder(p256.public_key(private))
    wrong = signature[:-1] + bytes([signature[-1] ^ 1])
    for had in (False, True, True):
        assert in_python(ecdsa.verify_of, holder, digest, signature)
        assert not in_python(ecdsa.verify_of, Holder(holder.ds_public), digest, wrong)
        assert bool(holder.ds_comb[1]) is had
    assert not in_python(ecdsa.verify_of, holder, digest, wrong)


def test_another_key_of_the_same_holder_has_no_table():
    """Credentials change: what was made of the old key is gone, and of no effect."""
    digest = ecdsa.sha256(b"message")
    holder = seen(p256.public_key(b"\7" * 32))
    assert holder.ds_comb[1]
    holder.ds_public = p256.public_key(b"\x09" * 32)
    old, new = (ecdsa.sign(bytes([d]) * 32, digest) for d in (7, 9))
    assert not in_python(ecdsa.verify_of, holder, digest, old)
    assert not holder.ds_comb[1]
    assert in_python(ecdsa.verify_of, holder, digest, new)
    assert in_python(ecdsa.verify_of, holder, digest, new)
    assert not in_python(ecdsa.verify_of, holder, digest, old)


def test_without_room_there_is_no_table():
    kept = ecdsa.has_room
    ecdsa.has_room = lambda: False
    try:
        holder = seen(p256.public_key(b"\7" * 32))
    finally:
        ecdsa.has_room = kept
    assert holder.ds_comb == [holder.ds_public, None], "and it is not asked again"
    digest = ecdsa.sha256(b"message")
    assert in_python(ecdsa.verify_of, holder, digest, ecdsa.sign(b"\7" * 32, digest))
    if hasattr(gc, "mem_free"):
        gc.collect()
        assert ecdsa.has_room() == (gc.mem_free() >= 65536)


def test_a_heap_in_pieces_is_no_failure():
    def fails(public):
        raise MemoryError

    kept, comb.table = comb.table, fails
    try:
        holder = seen(p256.public_key(b"\7" * 32))
    finally:
        comb.table = kept
    assert holder.ds_comb == [holder.ds_public, None]
    digest = ecdsa.sha256(b"message")
    assert in_python(ecdsa.verify_of, holder, digest, ecdsa.sign(b"\7" * 32, digest))


def test_a_table_takes_little_more_than_a_kilobyte():
    if not hasattr(gc, "mem_alloc"):
        return
    public = p256.public_key(b"\7" * 32)
    seen(public)
    holders = [Holder(public) for _ in range(4)]
    gc.collect()
    before = gc.mem_alloc()
    for holder in holders:
        for _ in range(2):
            in_python(ecdsa.verify_of, holder, bytes(32), b"\1" * 64)
    gc.collect()
    each = (gc.mem_alloc() - before) / len(holders)
    assert 1024 <= each < 1200, each
