# ECDSA on P-256 with SHA-256 (FIPS 186-5 6.4), deterministic nonces (RFC 6979 3.2).
# Signing is not constant-time: see p256.
import gc
import hashlib

from smets.compat import const, uncollected
from smets.crypto import CryptoError, p256
from smets.crypto.p256 import N, P, check_public, combine, inverse, scalar

# project-choice: the table of a key, 1 KB, is made where so many octets of heap are free: twice
# what `smets flash` wants for a command beside a role. Alternatives: no table; one key at a time.
_ROOM = const(65536)


def sha256(*parts: bytes) -> bytes:
    """Return SHA-256 (32 octets) of the parts put together."""
    h = hashlib.sha256()
    for part in parts:
        h.update(part)
    return h.digest()


def verify_of(holder, digest: bytes, signature: bytes) -> bool:
    """As `verify`, with a key that comes again: `ds_public` of an object.

    What makes that quicker (comb.py) is its `ds_comb`, and goes when the object or the key goes.
    """
    return verify(holder.ds_public, digest, signature, holder)


def verify(public: bytes, digest: bytes, signature: bytes, holder=None) -> bool:
    """Say whether a signature r || s (64 octets) of a digest (32 octets) is the key's.

    False for a signature of any other length or range. CryptoError for a public key that
    check_public refuses and for a digest that is not 32 octets.
    """
    qx, qy = check_public(public)
    e = _number(digest)
    if len(signature) != 64:
        return False
    view = memoryview(signature)
    r = int.from_bytes(view[:32], "big")
    s = int.from_bytes(view[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    if p256.native:
        return p256.native.verify(memoryview(public)[1:], digest, signature)
    points = _points(holder, public) if holder else None
    return uncollected(_verify, qx, qy, points, e, r, s)


def _points(holder, public):
    # The comb of a key, made for its second signature; None before that, and without room.
    kept = getattr(holder, "ds_comb", None)
    if kept is None or kept[0] != public:
        kept = [public, False]
        holder.ds_comb = kept
    elif kept[1] is False:
        kept[1] = None
        if has_room():
            try:
                from smets.crypto import comb

                kept[1] = comb.table(public)
            except MemoryError:
                pass  # no piece is large enough
    return kept[1] or None


def has_room() -> bool:
    """Whether the heap has _ROOM, after a collection; CPython always has."""
    if not hasattr(gc, "mem_free"):
        return True
    gc.collect()
    return gc.mem_free() >= _ROOM


def _verify(qx, qy, points, e, r, s):
    w = inverse(s, N)
    if points:
        from smets.crypto import comb

        x, _, z = comb.combine(points, r * w % N, e * w % N)
    else:
        x, _, z = combine(r * w % N, qx, qy, e * w % N)
    if not z:
        return False
    # x / z^2 mod p, taken mod n, is r: tried without the division, for r and for r + n.
    zz = z * z % P
    return r * zz % P == x or (r + N < P and (r + N) * zz % P == x)


def sign(private: bytes, digest: bytes) -> bytes:
    """Return the signature r || s (64 octets) of a digest (32 octets).

    CryptoError for a private key out of range and for a digest that is not 32 octets.
    """
    return uncollected(_sign, private, digest)


def _sign(private, digest):
    d = scalar(private)
    e = _number(digest)
    for k in nonces(private, digest, N):
        if p256.native:
            signature = p256.native.sign(private, k.to_bytes(32, "big"), digest)
            if signature:
                return signature
            continue
        x, _, z = combine(0, 0, 0, k)
        r = x * inverse(z * z % P, P) % P % N
        s = inverse(k, N) * (e + r * d) % N
        if r and s:
            break
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def nonces(private: bytes, digest: bytes, order: int):
    """Yield the nonces of RFC 6979 3.2 for a 256-bit order; more than one is hardly ever used."""
    h1 = (_number(digest) % order).to_bytes(32, "big")
    v = b"\x01" * 32
    k = bytes(32)
    for step in (b"\x00", b"\x01"):
        k = _hmac(k, v, step, private, h1)
        v = _hmac(k, v)
    while True:
        v = _hmac(k, v)
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < order:
            yield candidate
        k = _hmac(k, v, b"\x00")
        v = _hmac(k, v)


def _number(digest):
    if len(digest) != 32:
        raise CryptoError("digest length")
    return int.from_bytes(digest, "big")


def _hmac(key, *parts):
    # HMAC-SHA-256 with a key of 32 octets.
    padded = int.from_bytes(key, "big") << 256
    inner = (padded ^ _IPAD).to_bytes(64, "big")
    outer = (padded ^ _OPAD).to_bytes(64, "big")
    return sha256(outer, sha256(inner, *parts))


_IPAD = int.from_bytes(b"\x36" * 64, "big")
_OPAD = int.from_bytes(b"\x5c" * 64, "big")
